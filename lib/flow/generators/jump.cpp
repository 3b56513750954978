#include "flow/generators/jump.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "base/threads.h"
#include "flow/flow_map.h"
#include "flow/loading.h"
#include "nn/autocast.h"

namespace couplet {

Generator jumping(const Checkpoint& model, const SamplingOptions& o, c10::Device device) {
  refuse_changed(o.flow, "a flow-map");
  refuse_changed(o.path, "a flow-map");
  require_option(o.guidance == 0, "option 'guidance' has no effect on a flow-map");
  require_option(o.guidance_interval.empty(),
                 "option 'guidance_interval' has no effect on a flow-map");
  const auto times = chosen_times(o.grid, 1);
  const size_t steps = times.size() - 1, blocks = model.blocks.size();
  require_option(steps == 1 || !model.facts.value("whole", false),
                 "option 'steps': these maps were fitted to whole jumps alone, found ", steps);
  std::vector<FlowMap> maps;  // numbered from data to noise
  for (size_t n = 0; n < blocks; ++n) maps.push_back({load_backbone(model, 2, device, o.raw, n)});
  Generator generator;
  generator.generate = [maps, times, bf16 = o.precision == "bf16"](
                           const Tensor& x0, const Tensor& label, const Tensor&) {
    return by_shares(x0, [&](const Share& share) {
      const Autocast autocast(bf16, x0.device().type());
      Tensor x = share.of(x0);
      for (size_t n = maps.size(); n-- > 0;) x = jump(maps[n], x, share.of(label), times);
      return x;
    });
  };
  generator.protocol = {{"solver", "jump"}, {"steps", steps}, {"nfe", blocks * steps}};
  if (blocks > 1) generator.protocol["blocks"] = blocks;
  return generator;
}

}  // namespace couplet
