#include "flow/data_behind.h"

#include <ATen/core/Tensor.h>

#include "base/error.h"
#include "io/pairs.h"

namespace couplet {

Origin data_behind(const std::string& path, const std::string& moved, bool pushed) {
  if (read_label(path).kind != "couplings" || h5::File::open(path).has("potentials")) {
    return origin_of(path, moved);
  }
  require_option(moved.empty(), "--data has no effect: ", path, " holds its data");
  const Pairs pairs = read_pairs(path);
  Dataset data;
  data.path = path, data.label = pairs.artifact.label, data.space = pairs.space;
  data.labels = pairs.label, data.train = pairs.size();
  data.x = pushed ? pairs.x0.select(1, 0) : pairs.x1;
  if (pushed) {  // x0 are numbers of their own, not stored ones of the data
    data.label.facts["storage"] = "f32", data.label.facts.update(Scaling{}.to_json());
  } else {
    data.scaling = pairs.scaling;
  }
  return {.data = data};
}

}  // namespace couplet
