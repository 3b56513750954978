#include "flow/generators/integrate.h"

#include <ATen/ATen.h>

#include <atomic>

#include "base/error.h"
#include "base/threads.h"
#include "flow/loading.h"

namespace couplet {

namespace {

/// The times between which a field is guided.
std::pair<double, double> guided_between(const SamplingOptions& o) {
  const auto& given = o.guidance_interval;
  if (given.empty()) return {0, 1};
  require_option(o.guidance != 0,
                 "option 'guidance_interval' has no effect on a field without guidance");
  require_option(given.size() == 2 && given[0] >= 0 && given[0] < given[1] && given[1] <= 1,
                 "option 'guidance_interval' must be two times that rise in 0 .. 1, found ",
                 json(given).dump());
  return {given[0], given[1]};
}

}  // namespace

Generator integrating(const Checkpoint& model, const SamplingOptions& o, c10::Device device,
                      const Random& noise) {
  refuse_changed(o.flow, "a velocity-field");
  require_option(o.guidance == 0 || model.space.classes > 0,
                 "option 'guidance' has no effect on a model without classes");
  require_null_branch(o.guidance != 0, model);
  require_whole(model);
  const Chain fields = load_chain(model, device, o.raw);
  const auto blocks = static_cast<int64_t>(fields.size());
  if (blocks > 1) {
    require_option(
        o.guidance_interval.empty(),
        "option 'guidance_interval' has no effect on a chain, whose blocks have own clocks");
    require_option(o.path.solver != "euler-maruyama",
                   "option 'solver': euler-maruyama needs noise drawn independently of the data, "
                   "which the blocks of a chain have not");
  }
  const auto [from, to] = guided_between(o);
  const auto guided = [w = o.guidance, from = from, to = to,
                       bf16 = o.precision == "bf16"](LabelledVelocity v) {
    return guide(bf16 ? in_bf16(std::move(v)) : std::move(v), w, from, to);
  };
  const Integrator along = make_integrator(
      o.path, o.grid, interpolant(model.facts.value("interpolant", "linear")), noise);
  require_option(o.path.solver != "euler-maruyama" ||
                     model.facts.value("pairs", "independent") == "independent",
                 "option 'solver': euler-maruyama needs noise drawn independently of the data, but "
                 "this field's pairs are coupled");
  require_option(o.path.solver != "euler-maruyama" || !model.facts.contains("sigma"),
                 "option 'solver': euler-maruyama supposes points on the path itself, but this "
                 "field was trained with sigma ",
                 model.facts.value("sigma", 0.));
  Chain chain;
  for (const LabelledVelocity& v : fields) chain.push_back(guided(v));
  Generator generator;
  generator.velocity = concatenated(chain);
  generator.protocol = along.protocol;
  if (blocks > 1) generator.protocol["blocks"] = blocks;
  if (!o.guidance_interval.empty()) generator.protocol["guidance_interval"] = o.guidance_interval;
  const auto through = [along](const Chain& chain, const Tensor& x0, const Tensor& label,
                               const Tensor& rows, const Visit& visit = {}) {
    const auto carry = [&](const Velocity& v, const Tensor& x) { return along(v, x, rows, visit); };
    return couplet::generate(chain, carry, x0, label);
  };
  if (along.solver.adaptive == nullptr) {
    generator.protocol["nfe"] = blocks * evaluations(along, guided);
    generator.generate = [chain, through](const Tensor& x0, const Tensor& label,
                                          const Tensor& rows) {
      return by_shares(x0, [&](const Share& share) {
        return through(chain, share.of(x0), share.of(label), share.of(rows));
      });
    };
    generator.path_times = times_of_chain(along.times, chain.size());
    generator.path = [chain, through, steps = std::ssize(generator.path_times) - 1](
                         const Tensor& x0, const Tensor& label, const Tensor& rows) {
      return points_on_the_way(x0, steps, [&](const Share& share, const Visit& visit) {
        through(chain, share.of(x0), share.of(label), share.of(rows), visit);
      });
    };
    if (!along.sde) {
      generator.encode = [chain, along](const Tensor& x1, const Tensor& label) {
        return by_shares(x1, [&](const Share& share) {
          return push(chain, along.solver, share.of(x1), share.of(label), along.times);
        });
      };
    }
    return generator;
  }
  // One step for the batch, whatever the threads: they share each evaluation, not the rows' paths.
  const auto count = std::make_shared<std::atomic<int64_t>>(0);
  Chain shared;
  for (const LabelledVelocity& field : fields) {
    const LabelledVelocity v =
        guided([field, count](const Tensor& x, const Tensor& t, const Tensor& label) {
          *count += x.size(0);
          return field(x, t, label);
        });
    shared.push_back([v](const Tensor& x, const Tensor& t, const Tensor& label) {
      return by_shares(
          x, [&](const Share& share) { return v(share.of(x), share.of(t), share.of(label)); });
    });
  }
  generator.evaluated = [count] { return count->load(); };
  generator.generate = [shared, through](const Tensor& x0, const Tensor& label,
                                         const Tensor& rows) {
    return through(shared, x0, label, rows);
  };
  return generator;
}

}  // namespace couplet
