#include "flow/chain.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

Tensor generate(const Chain& chain, const Carry& carry, Tensor x0, const Tensor& label) {
  for (size_t n = chain.size(); n-- > 0;) x0 = carry(bind(chain[n], label), x0);
  return x0;
}

Tensor push(const Chain& chain, const Solver& solver, Tensor x1, const Tensor& label,
            const std::vector<double>& times) {
  for (const auto& v : chain) x1 = integrate(solver, bind(v, label), x1, backwards(times));
  return x1;
}

Encoded encode(const Chain& chain, const Solver& solver, const Divergence& divergence,
               const Tensor& x1, const Tensor& label, const std::vector<double>& times) {
  Encoded all{x1, at::zeros({x1.size(0)}, x1.options())};
  for (const auto& v : chain) {
    const Encoded one = encode(solver, bind(v, label), divergence, all.z, backwards(times));
    all = {one.z, all.logdet + one.logdet};
  }
  return all;
}

LabelledVelocity concatenated(const Chain& chain) {
  if (chain.size() == 1) return chain[0];
  return [chain](const Tensor& x, const Tensor& t, const Tensor& label) {
    const auto N = static_cast<double>(chain.size());
    Tensor v;
    for (size_t n = 0; n < chain.size(); ++n) {
      const Tensor own = t * N - static_cast<double>(chain.size() - 1 - n);
      const Tensor v_n = N * chain[n](x, own.clamp(0, 1), label);
      // A block has its noise side's end, and the first its data side's too.
      v = n == 0 ? v_n : at::where(expand_to(own, x) < 1, v_n, v);
    }
    return v;
  };
}

void require_whole(const Checkpoint& model) {
  const size_t all = model.facts.value("schedule", json::array()).size();
  require(all <= model.blocks.size(), "the model has ", model.blocks.size(), " of the ", all,
          " blocks of its chain; train the others by fm-train-student --from");
}

}  // namespace couplet
