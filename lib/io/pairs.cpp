#include "io/pairs.h"

#include "base/error.h"

namespace couplet {

Pairs read_pairs(const std::string& path) {
  Pairs pairs{.artifact = open_artifact(path, {"couplings"})};
  const h5::File& file = pairs.artifact.file;
  pairs.space = space_of(pairs.artifact);
  pairs.scaling = within(path, [&] { return Scaling::from_json(pairs.artifact.label.facts); });
  pairs.x1 = file.map("x1");
  pairs.x0 = file.map("x0");
  pairs.label = file.read("label");
  if (file.has("flip")) pairs.flip = file.read("flip");
  require(pairs.x1.dim() > 0 && pairs.label.dim() == 1 && pairs.x0.dim() == pairs.x1.dim() + 1 &&
              pairs.x0.size(0) == pairs.x1.size(0) && pairs.label.size(0) == pairs.x1.size(0),
          path, ": x0 ", pairs.x0.sizes(), ", x1 ", pairs.x1.sizes(), " and label ",
          pairs.label.sizes(), " do not fit together");
  return pairs;
}

}  // namespace couplet
