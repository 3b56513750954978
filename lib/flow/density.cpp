#include "flow/density.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

namespace couplet {

namespace {

/// v at x as a function of x, for a caller that keeps no gradient.
struct Differentiated {
  Tensor x, v;
  Differentiated(const Velocity& field, const Tensor& at, const Tensor& t) {
    const at::AutoGradMode with_gradient(true);
    x = at.detach().requires_grad_();
    v = field(x, t);
  }

  /// e^T dv/dx, each row for itself.
  Tensor product(const Tensor& e, bool again) const {
    if (!v.requires_grad()) return at::zeros_like(x);
    const auto found = torch::autograd::grad({v}, {x}, {e}, /*retain_graph=*/again,
                                             /*create_graph=*/false, /*allow_unused=*/true);
    return found[0].defined() ? found[0] : at::zeros_like(x);
  }
};

}  // namespace

Divergent exact_divergence(const Velocity& v, const Tensor& x, const Tensor& t) {
  const Differentiated at_x(v, x, t);
  const int64_t D = x[0].numel();
  Tensor trace = at::zeros({x.size(0)}, x.options());
  for (int64_t i = 0; i < D; ++i) {
    Tensor e = at::zeros_like(x);
    e.flatten(1).select(1, i).fill_(1);
    trace += at_x.product(e, i + 1 < D).flatten(1).select(1, i);
  }
  return {at_x.v.detach(), trace};
}

Divergence hutchinson(const Tensor& probes) {
  return [probes](const Velocity& v, const Tensor& x, const Tensor& t) {
    const Differentiated at_x(v, x, t);
    Tensor trace = at::zeros({x.size(0)}, x.options());
    const int64_t K = probes.size(0);
    for (int64_t k = 0; k < K; ++k) {
      const Tensor e = probes[k].to(x.scalar_type());
      trace += (at_x.product(e, k + 1 < K) * e).flatten(1).sum(1);
    }
    return Divergent{at_x.v.detach(), trace / K};
  };
}

Tensor draw_probes(const Random& random, const Tensor& rows, int64_t K, at::IntArrayRef shape) {
  std::vector<Tensor> probes;
  for (int64_t k = 0; k < K; ++k) {
    const Tensor u = random.stream("probe " + std::to_string(k)).uniform(rows, shape);
    probes.push_back((u > 0.5).to(u.scalar_type()) * 2 - 1);
  }
  return at::stack(probes);
}

Encoded encode(const Solver& solver, const Velocity& v, const Divergence& divergence,
               const Tensor& x, const std::vector<double>& times) {
  const at::NoGradGuard no_grad;
  const int64_t D = x[0].numel();
  // The state is (x, l) in one tensor, so that one solver carries both.
  const Velocity joint = [&](const Tensor& state, const Tensor& t) {
    const auto [v_t, trace] = divergence(v, state.narrow(1, 0, D).reshape(x.sizes()), t);
    return at::cat({v_t.flatten(1), trace.unsqueeze(1)}, 1);
  };
  const Tensor begin = at::cat({x.flatten(1), at::zeros({x.size(0), 1}, x.options())}, 1);
  const Tensor end = integrate(solver, joint, begin, times);
  return {end.narrow(1, 0, D).reshape(x.sizes()), end.select(1, D).clone()};
}

}  // namespace couplet
