#include "io/samples.h"

#include "base/error.h"

namespace couplet {

Samples read_samples(const std::string& path) {
  Samples samples{.artifact = open_artifact(path, {"samples"})};
  const h5::File& file = samples.artifact.file;
  samples.space.shape = samples.artifact.fact("shape").get<std::vector<int64_t>>();
  samples.space.classes = samples.artifact.fact("classes").get<int64_t>();
  samples.x = file.map("x");
  samples.label = file.read("label");
  samples.row = file.read("row");
  for (const auto& name : file.datasets()) {
    const bool other = name != "x" && name != "label" && name != "row";
    if (other && file.sizes(name).size() == 1) samples.columns[name] = file.read(name);
  }
  for (const Tensor& column : {samples.label, samples.row}) {
    require(column.size(0) == samples.x.size(0), path, ": its columns differ in length");
  }
  return samples;
}

}  // namespace couplet
