#include "data/origin.h"

#include <filesystem>

#include "base/error.h"

namespace couplet {

namespace {

/// The dataset of that content (empty: of any) which the file of that path and label was made from.
Dataset dataset_behind(const std::string& path, const Label& label, const std::string& content,
                       const std::string& moved) {
  std::string found = moved;
  for (const json& record : label.provenance) {
    if (found.empty() && record.value("content", "") == content) found = record.value("path", "");
  }
  require(!found.empty() && std::filesystem::exists(found), path, ": its dataset ",
          found.empty() ? "is not known" : found + " is not there", "; say where with --data");
  Dataset data = open_dataset(found);
  require(content.empty() || data.label.content == content, path,
          ": was made from other data than ", found, " (content ", content, ", found ",
          data.label.content, ")");
  return data;
}

}  // namespace

const Label& Origin::label() const {
  return model ? model->label : pairs ? pairs->label : data.label;
}

Origin origin_of(const std::string& path, const std::string& moved) {
  const std::string kind =
      read_label(path, {"normalizing-flow", "velocity-field", "flow-map", "dataset", "couplings"})
          .kind;
  Origin origin;
  if (kind == "dataset") {
    require_option(moved.empty(), "--data has no effect: ", path, " is a dataset itself");
    origin.data = open_dataset(path);
  } else if (kind == "couplings") {
    origin.pairs = open_artifact(path);
    require(
        origin.pairs->file.has("potentials"), path,
        ": holds no potentials, which are all that pairs are good for here; give the dataset or "
        "the flow that it was made from");
    const std::string content = origin.pairs->fact("data").get<std::string>();
    origin.data = dataset_behind(path, origin.pairs->label, content, moved);
  } else {
    origin.model = read_checkpoint(path, {"normalizing-flow", "velocity-field", "flow-map"});
    const std::string content = origin.model->facts.at("data").get<std::string>();
    origin.data = dataset_behind(path, origin.model->label, content, moved);
    const Space &own = origin.model->space, &found = origin.data.space;
    // Weights from elsewhere do not know their data.
    require(!content.empty() || (found.shape == own.shape && found.classes == own.classes), path,
            ": is for examples of shape ", at::IntArrayRef(own.shape), " in ", own.classes,
            " classes, ", origin.data.path, " holds ", at::IntArrayRef(found.shape), " in ",
            found.classes);
  }
  return origin;
}

}  // namespace couplet
