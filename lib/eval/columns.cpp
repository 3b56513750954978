#include "eval/columns.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "eval/curvature.h"

namespace couplet {

std::map<std::string, ColumnOf> columns(const ColumnOptions& options, const Generator& generator,
                                        const Requests& requests, const Checkpoint& model) {
  std::map<std::string, ColumnOf> out;
  for (const auto& [name, asked, measure] :
       {std::tuple{"curvature", options.curvature, &curvature},
        {"straightness", options.straightness, &straightness}}) {
    if (!asked) continue;
    require_option(generator.velocity != nullptr, "option '", name, "' needs a velocity field");
    out[name] = {[&generator, measure = measure](const Made& made) {
      return measure(bind(generator.velocity, made.label), made.x0, 128);
    }};
  }
  if (options.pair_distance) {
    require_option(requests.paired(), "option 'pair_distance' needs a couplings file as --noise");
    const std::string own = model.facts.value("data", "");  // an imported model does not know
    require(own.empty() || requests.data() == own,
            "option 'pair_distance': the pairs of --noise are "
            "of other data than those that the model was trained on");
    out["pair_distance"] = {[&requests](const Made& made) {
      return (made.x - requests.x1(made.row)).square().flatten(1).mean(1).sqrt();
    }};
  }
  if (options.semigroup) {
    require_option(generator.phi != nullptr,
                   "option 'semigroup' needs one flow map, not a chain, that knows jumps to other "
                   "times than the end");
    out["semigroup"] = {[&generator](const Made& made) {
      const auto phi = [&](const Tensor& x, double s, double t) {
        return generator.phi(x, s, t, made.label);
      };
      const Tensor gap = phi(made.x0, 0, 1) - phi(phi(made.x0, 0, 0.5), 0.5, 1);
      return gap.square().flatten(1).mean(1).sqrt();
    }};
  }
  if (options.round_trip) {
    require_option(
        generator.encode != nullptr,
        "option 'round_trip' needs a velocity field with fixed steps, or a flow map that "
        "was distilled to encode (-s distil.encode=0.5)");
    out["round_trip"] = {[&generator](const Made& made) {
      const Tensor gap = generator.encode(made.x, made.label) - made.x0;
      return gap.square().flatten(1).mean(1).sqrt();
    }};
  }
  if (options.path) {
    require_option(generator.path != nullptr,
                   "option 'path' needs a velocity field with fixed steps, or a flow map without "
                   "noise between its jumps");
    std::vector<int64_t> shape = model.space.shape;
    shape.insert(shape.begin(), std::ssize(generator.path_times));
    out["path"] = {
        [&generator](const Made& made) { return generator.path(made.x0, made.label, made.row); },
        shape};
  }
  return out;
}

bool holds_rms(const std::string& column) {
  return column == "pair_distance" || column == "semigroup" || column == "round_trip";
}

double mean_of(const h5::File& samples, const std::string& column) {
  return samples.read(column).to(at::kDouble).mean().item<double>();
}

}  // namespace couplet
