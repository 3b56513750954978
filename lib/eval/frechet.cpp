#include "eval/frechet.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace couplet {

Moments Moments::of(const Tensor& mean, const Tensor& covariance, int64_t count) {
  require(mean.dim() == 1 && covariance.sizes() == at::IntArrayRef({mean.size(0), mean.size(0)}),
          "a mean of size ", mean.sizes(), " does not go with a covariance of size ",
          covariance.sizes());
  require(mean.isfinite().all().item<bool>() && covariance.isfinite().all().item<bool>() &&
              covariance.diagonal().ge(0).all().item<bool>(),
          "the moments hold numbers that are not finite, or negative variances");
  Moments m;
  m.count_ = count;
  m.shift_ = mean.to(at::kDouble);
  m.sum_ = at::zeros_like(m.shift_);
  m.products_ = covariance.to(at::kDouble) * static_cast<double>(count - 1);
  return m;
}

void Moments::add(const Tensor& features) {
  require(features.dim() == 2, "features must be (rows, size), found ", features.sizes());
  if (features.size(0) == 0) return;
  const Tensor f = features.detach().to(at::kDouble);
  if (count_ == 0) {
    shift_ = f.mean(0);
    sum_ = at::zeros_like(shift_);
    products_ = at::zeros({f.size(1), f.size(1)}, f.options());
  }
  require(f.size(1) == shift_.size(0), "features of size ", f.size(1), " among features of size ",
          shift_.size(0));
  const Tensor y = f - shift_;
  count_ += y.size(0);
  sum_ += y.sum(0);
  products_.addmm_(y.t(), y);
}

void Moments::merge(const Moments& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    sum_ = other.sum_.clone();  // sums are added to in place: no tensor may have two owners
    products_ = other.products_.clone();
    return;
  }
  require(shift_.size(0) == other.shift_.size(0), "features of size ", other.shift_.size(0),
          " among features of size ", shift_.size(0));
  // y = y' + d: the other's sums about our shift.
  const Tensor d = (other.shift_ - shift_).to(shift_.device());
  const Tensor sum = other.sum_.to(shift_.device());
  const double n = static_cast<double>(other.count_);
  count_ += other.count_;
  sum_ += sum + n * d;
  products_ += other.products_.to(shift_.device()) + sum.outer(d) + d.outer(sum) + n * d.outer(d);
}

Moments Moments::at_all(const Group& group, int64_t root) const {
  Moments m;
  m.count_ = told(group, count_, root);
  m.shift_ = tensor_of(group, shift_, root);
  m.sum_ = tensor_of(group, sum_, root);
  m.products_ = tensor_of(group, products_, root);
  return m;
}

Tensor Moments::mean() const {
  require(count_ > 0, "no features to take the mean of");
  return shift_ + sum_ / static_cast<double>(count_);
}

Tensor Moments::covariance() const {
  require(count_ > 1, "a covariance needs two rows of features, found ", count_);
  const double n = static_cast<double>(count_);
  return (products_ - sum_.outer(sum_) / n) / (n - 1);
}

namespace {

/// The lower triangle of L^T S L, L lower triangular, S symmetric: by blocks, without the products
/// with zeros, which leaves a third of the work.
Tensor lower_of_congruent(const Tensor& L, const Tensor& S) {
  const int64_t n = S.size(0), width = std::max<int64_t>(256, (n + 7) / 8);
  Tensor M = at::zeros_like(S);
  for (int64_t k = 0; k < n; k += width) {
    const Tensor SL = S.slice(0, k).slice(1, k).mm(L.slice(0, k).slice(1, k, k + width));
    for (int64_t i = k; i < n; i += width) {
      const Tensor rows = L.slice(0, i).slice(1, i, i + width).t();
      M.slice(0, i, i + width).slice(1, k, k + width).copy_(rows.mm(SL.slice(0, i - k)));
    }
  }
  return M;
}

/// tr (S1 S2)^(1/2): the roots of the eigenvalues of R^T S2 R with S1 = R R^T, which is symmetric.
Tensor trace_of_root(const Tensor& S1, const Tensor& S2, bool full_rank) {
  Tensor M;
  if (full_rank) {
    const auto [L, info] = at::linalg_cholesky_ex(S1);
    if (info.item<int64_t>() == 0) M = lower_of_congruent(L, S2);
  }
  if (!M.defined()) {
    const auto [w, V] = at::linalg_eigh(S1);
    const Tensor R = V * w.clamp_min(0).sqrt();
    M = R.t().mm(S2).mm(R);
  }
  return at::linalg_eigvalsh(M, "L").clamp_min(0).sqrt().sum();
}

}  // namespace

double frechet_distance(const Moments& a, const Moments& b) {
  const Tensor m1 = a.mean(), S1 = a.covariance();
  const Tensor m2 = b.mean().to(m1.device()), S2 = b.covariance().to(m1.device());
  require(m1.sizes() == m2.sizes(), "features of size ", m1.size(0), " against features of size ",
          m2.size(0), ": not the same extractor");
  const int64_t d = m1.size(0);
  // The root of a singular product is the less exact one: factorise the side that has full rank.
  const Tensor root =
      a.count() > d ? trace_of_root(S1, S2, true) : trace_of_root(S2, S1, b.count() > d);
  return ((m1 - m2).square().sum() + S1.trace() + S2.trace() - 2 * root).item<double>();
}

}  // namespace couplet
