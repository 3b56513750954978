#include "flow/generators/jump.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "base/threads.h"
#include "flow/flow_map.h"
#include "flow/integrator.h"
#include "flow/loading.h"
#include "nn/autocast.h"

namespace couplet {

namespace {

/// The scale that a map was guided by, and if it knows a range of them, which part it is; (1).
struct Guidance {
  double scale = 0;
  Tensor w;
};
Guidance guidance_of(const Checkpoint& model, double asked) {
  const auto known = model.facts.value("guidance", std::vector<double>());
  if (known.size() < 2) {
    const double own = known.empty() ? 0 : known[0];
    require_option(asked == 0 || asked == own, "option 'guidance' has no effect on a flow-map ",
                   known.empty() ? "that knows none" : text("that knows ", own, " alone"));
    return {own, {}};
  }
  require_option(asked >= known[0] && asked <= known[1], "option 'guidance': this map knows ",
                 known[0], " to ", known[1], ", found ", asked);
  return {asked, at::full({1}, (asked - known[0]) / (known[1] - known[0]))};
}

// Whether each jump has a length 1/2^k, at least the shortest, and begins at a multiple of it.
bool dyadic(const std::vector<double>& times, double shortest) {
  const auto whole = [](double a) { return std::abs(a - std::round(a)) < 1e-6; };
  bool all = true;
  for (size_t k = 1; k < times.size(); ++k) {
    const double length = times[k] - times[k - 1];
    all = all && whole(std::log2(length)) && whole(times[k] / length) && length > 0.99 * shortest;
  }
  return all;
}

}  // namespace

Generator jumping(const Checkpoint& model, const SamplingOptions& o, c10::Device device,
                  const Random& noise) {
  refuse_changed(o.flow, "a flow-map");
  refuse_changed(o.path, "a flow-map");
  const Guidance guidance = guidance_of(model, o.guidance);
  require_option(o.guidance_interval.empty(),
                 "option 'guidance_interval' has no effect on a flow-map");
  const auto times = chosen_times(o.grid, 1);
  const size_t steps = times.size() - 1, blocks = model.blocks.size();
  const std::string known = model.facts.value("jumps", "any");
  require_option(steps == 1 || known != "whole",
                 "option 'steps': these maps were fitted to whole jumps alone, found ", steps);
  const double shortest = model.facts.value("shortest_jump", 0.);
  require_option(known != "dyadic" || dyadic(times, shortest),
                 "options 'steps', 'grid', 'times': this map was fitted to jumps of 1, 1/2, 1/4, … "
                 "to ",
                 shortest, ", from multiples of their length, found ", json(times).dump());
  const bool to_end = known == "to-end" && steps > 1;
  require_option(!to_end || blocks == 1, "option 'steps': these maps of a chain were fitted to ",
                 "jumps to the end of a block alone, found ", steps);
  require_option(!to_end || model.facts.value("pairs", "independent") == "independent",
                 "option 'steps': between jumps to the end noise is drawn independently of the "
                 "data, but this map's pairs are coupled, found ",
                 steps);
  require_option(!to_end || !model.facts.contains("sigma"),
                 "option 'steps': between jumps to the end points are drawn on the path itself, "
                 "but this map's teacher was trained with sigma ",
                 model.facts.value("sigma", 0.), ", found ", steps);
  const auto& path = interpolant(model.facts.value("interpolant", "linear"));
  check_path(o.grid, path);
  std::vector<FlowMap> maps;  // numbered from data to noise
  for (size_t n = 0; n < blocks; ++n) {
    maps.push_back({load_backbone(model, guidance.w.defined() ? 3 : 2, device, o.raw, n),
                    guidance.w.defined() ? guidance.w.to(device) : Tensor()});
  }
  Generator generator;
  const bool bf16 = o.precision == "bf16";
  // Through all maps: noise through those of a chain from the last on, data from the first.
  const auto along = [maps, bf16](Tensor x, const Tensor& label, const std::vector<double>& times,
                                  const Visit& visit = {}) {
    const Autocast autocast(bf16, x.device().type());
    const bool back = times.front() > times.back();
    for (size_t k = 0; k < maps.size(); ++k) {
      x = jump(maps[back ? k : maps.size() - 1 - k], x, label, times, visit);
    }
    return x;
  };
  if (to_end) {
    generator.generate = [phi = maps[0], times, noise, path = &path, bf16](
                             const Tensor& x0, const Tensor& label, const Tensor& rows) {
      return by_shares(x0, [&](const Share& share) {
        const Autocast autocast(bf16, x0.device().type());
        return jump_to_end(phi, share.of(x0), share.of(label), times,
                           {path, noise, share.of(rows)});
      });
    };
  } else {
    generator.generate = [along, times](const Tensor& x0, const Tensor& label, const Tensor&) {
      return by_shares(
          x0, [&](const Share& share) { return along(share.of(x0), share.of(label), times); });
    };
    generator.path_times = times_of_chain(times, blocks);
    generator.path = [along, times, jumps = static_cast<int64_t>(blocks * steps)](
                         const Tensor& x0, const Tensor& label, const Tensor&) {
      return points_on_the_way(x0, jumps, [&](const Share& share, const Visit& visit) {
        along(share.of(x0), share.of(label), times, visit);
      });
    };
  }
  if (model.facts.value("encodes", false)) {
    generator.encode = [along, times = backwards(times)](const Tensor& x1, const Tensor& label) {
      return by_shares(
          x1, [&](const Share& share) { return along(share.of(x1), share.of(label), times); });
    };
  }
  if ((known == "any" || (known == "dyadic" && shortest <= 0.5)) && blocks == 1) {
    generator.phi = [along](const Tensor& x, double s, double t, const Tensor& label) {
      return along(x, label, {s, t});
    };
  }
  generator.protocol = {
      {"solver", to_end ? "jump-to-end" : "jump"}, {"steps", steps}, {"nfe", blocks * steps}};
  generator.protocol["guidance"] = guidance.scale;
  if (blocks > 1) generator.protocol["blocks"] = blocks;
  return generator;
}

}  // namespace couplet
