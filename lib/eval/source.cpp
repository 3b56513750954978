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

Array scaled(const Array& stored, const Scaling& scaling, c10::Device device) {
  return stored.mapped(stored.shape(), at::kFloat, [scaling, device](const Tensor& rows) {
    return scaling.apply(rows.to(device));
  });
}

Source open_split(const std::string& path, const std::string& split, c10::Device device) {
  const Dataset data = open_dataset(path);
  const auto [begin, end] = split_rows(data, split);
  Source source;
  source.about = about_file(path, data.label);
  source.about["split"] = split;
  source.x = scaled(data.x.slice(0, begin, end), data.scaling, device);
  source.label = data.labels.slice(0, begin, end);
  return source;
}

Source open_samples(const std::string& path, c10::Device device) {
  const Samples samples = read_samples(path);
  const auto scaling =
      within(path, [&] { return Scaling::from_json(samples.artifact.label.facts); });
  Source source;
  source.about = about_file(path, samples.artifact.label);
  source.x = scaled(samples.x, scaling, device);
  source.label = samples.label;
  source.noise_row = samples.row;
  source.columns = samples.columns;
  const auto& made = samples.artifact.label.provenance;
  if (!made.empty() && made.back().contains("seed")) source.about["seed"] = made.back()["seed"];
  return source;
}

Source open_foreign(const std::string& path, const std::string& split, c10::Device device) {
  const Examples examples = read_examples(path);
  const int64_t rows = examples.x.rows();
  Source source;
  source.about = {{"path", path}, {"kind", "foreign"}, {"content", hash_of(examples.files)}};
  if (examples.scaling) source.about.update(examples.scaling->to_json());
  if (examples.train >= 0) source.about["split"] = split;
  const auto [begin, end] = examples.train < 0 ? std::pair{int64_t{0}, rows}
                                               : split_rows(path, examples.train, rows, split);
  source.x = scaled(examples.x.slice(begin, end), examples.scaled_by(), device);
  source.label = examples.labels.defined() ? examples.labels.slice(0, begin, end)
                                           : at::full({end - begin}, -1, at::kLong);
  return source;
}

}  // namespace

Source open_source(const std::string& path, const std::string& split, c10::Device device) {
  split_rows(path, 1, 2, split);  // no such split, whether or not the file has any
  if (!is_artifact(path)) return open_foreign(path, split, device);
  const std::string kind = read_label(path, {"dataset", "samples"}).kind;
  return kind == "dataset" ? open_split(path, split, device) : open_samples(path, device);
}

}  // namespace couplet
