#include "data/origin.h"

#include <filesystem>

#include "base/error.h"

namespace couplet {

Origin origin_of(const std::string& path, const std::string& moved) {
  if (read_label(path, {"normalizing-flow", "dataset"}).kind == "dataset") {
    require_option(moved.empty(), "--data has no effect: ", path, " is a dataset itself");
    return {std::nullopt, open_dataset(path)};
  }
  Origin origin{.model = read_checkpoint(path, {"normalizing-flow"})};
  const std::string content = origin.model->facts.at("data").get<std::string>();
  std::string found = moved;
  for (const json& record : origin.model->label.provenance) {
    if (found.empty() && record.value("content", "") == content) found = record.value("path", "");
  }
  require(!found.empty() && std::filesystem::exists(found), path, ": its dataset ",
          found.empty() ? "is not known" : found + " is not there", "; say where with --data");
  origin.data = open_dataset(found);
  const Dataset& data = origin.data;
  if (content.empty()) {  // weights from elsewhere do not know their data
    require(data.space.shape == origin.model->space.shape &&
                data.space.classes == origin.model->space.classes,
            path, ": is for examples of shape ", at::IntArrayRef(origin.model->space.shape), " in ",
            origin.model->space.classes, " classes, ", found, " holds ",
            at::IntArrayRef(data.space.shape), " in ", data.space.classes);
    return origin;
  }
  require(data.label.content == content, path, ": was trained on other data than ", found,
          " (content ", content, ", found ", data.label.content, ")");
  return origin;
}

}  // namespace couplet
