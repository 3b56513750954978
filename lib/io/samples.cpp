#include "io/samples.h"

#include "base/error.h"

namespace couplet {

Samples read_samples(const std::string& path) {
  Samples samples{.artifact = open_artifact(path, {"samples"})};
  const h5::File& file = samples.artifact.file;
  samples.space = space_of(samples.artifact);
  samples.x = file.map("x");
  samples.label = file.read("label");
  samples.row = file.read("row");
  for (const auto& name : file.datasets()) {
    const bool other = name != "x" && name != "label" && name != "row";
    if (other && file.sizes(name).size() == 1) samples.columns[name] = file.read(name);
  }
  require(batch_of(samples.x.dim() > 0 ? samples.x.size(0) : 0, samples.space.shape) ==
              samples.x.sizes(),
          path, ": x has sizes ", samples.x.sizes(), ", its label says shape ",
          at::IntArrayRef(samples.space.shape));
  for (const Tensor& column : {samples.label, samples.row}) {
    require(column.dim() == 1 && column.size(0) == samples.x.size(0) &&
                column.scalar_type() == at::kLong,
            path, ": its columns differ in length or type");
  }
  return samples;
}

}  // namespace couplet
