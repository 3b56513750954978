#include "eval/source.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "data/dataset.h"
#include "formats/examples.h"
#include "io/samples.h"

namespace couplet {

json about_file(const std::string& path, const Label& label) {
  json about = label.facts;
  for (const char* other : {"shape", "classes"}) about.erase(other);
  about.update({{"path", path}, {"kind", label.kind}, {"content", label.content}});
  return about;
}

namespace {

Source open_split(const std::string& path, const std::string& split, c10::Device device) {
  const auto data = std::make_shared<Dataset>(open_dataset(path));
  const auto [begin, end] = split_rows(*data, split);
  Source source;
  source.about = about_file(path, data->label);
  source.about["split"] = split;
  source.shape = data->space.shape;
  source.rows = end - begin;
  source.label = data->labels.slice(0, begin, end);
  source.x = [data, device, first = begin](int64_t from, int64_t to) {
    return data->examples(row_range(first + from, first + to), device);
  };
  return source;
}

Source open_samples(const std::string& path, c10::Device device) {
  const auto samples = std::make_shared<Samples>(read_samples(path));
  const auto scaling =
      within(path, [&] { return Scaling::from_json(samples->artifact.label.facts); });
  Source source;
  source.about = about_file(path, samples->artifact.label);
  source.shape = samples->space.shape;
  source.rows = samples->x.size(0);
  source.label = samples->label;
  source.noise_row = samples->row;
  source.columns = samples->columns;
  const auto& made = samples->artifact.label.provenance;
  if (!made.empty() && made.back().contains("seed")) source.about["seed"] = made.back()["seed"];
  source.x = [samples, scaling, device](int64_t from, int64_t to) {
    return scaling.apply(samples->x.slice(0, from, to).to(device));
  };
  return source;
}

Source open_foreign(const std::string& path, c10::Device device) {
  const auto examples = std::make_shared<Examples>(read_examples(path));
  const bool bytes = examples->x.scalar_type() == at::kByte;
  Source source;
  source.about = {{"path", path}, {"kind", "foreign"}, {"content", hash_of(examples->files)}};
  source.shape = examples->x.sizes().slice(1).vec();
  source.rows = examples->x.size(0);
  source.label =
      examples->labels.defined() ? examples->labels : at::full({source.rows}, -1, at::kLong);
  source.x = [examples, device, scaling = bytes ? byte_scaling : Scaling()](int64_t from,
                                                                            int64_t to) {
    return scaling.apply(examples->x.slice(0, from, to).to(device));
  };
  return source;
}

}  // namespace

Source open_source(const std::string& path, const std::string& split, c10::Device device) {
  if (!is_artifact(path)) return open_foreign(path, device);
  const std::string kind = read_label(path, {"dataset", "samples"}).kind;
  return kind == "dataset" ? open_split(path, split, device) : open_samples(path, device);
}

}  // namespace couplet
