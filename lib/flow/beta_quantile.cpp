#include "flow/beta_quantile.h"

#include <ATen/ATen.h>

#include <cmath>

namespace couplet {

namespace {

constexpr int64_t cells = 1024;

// Legendre's eight nodes about the middle of -1 .. 1, and their weights.
constexpr double nodes[] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                            0.9602898564975363};
constexpr double weights[] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                              0.1012285362903763};

// Where the log density has fallen by so much that the rest is below rounding.
double far_side(const std::function<double(double)>& log_f, double top, double side) {
  double away = 0.1;
  while (log_f(top) - log_f(top + side * away) < 75) away *= 1.25;
  return top + side * away;
}

}  // namespace

// All is done in y = logit t, where log f = alpha log t + beta log (1 - t) is concave and f falls
// exponentially on both sides: it has no poles at the ends.
BetaQuantile::BetaQuantile(double alpha, double beta) : alpha_(alpha), beta_(beta) {
  const auto log_f = [=](double y) {
    const double rest = std::log1p(std::exp(-std::abs(y)));
    return -alpha * (std::max(-y, 0.0) + rest) - beta * (std::max(y, 0.0) + rest);
  };
  const double top = std::log(alpha / beta);
  top_ = log_f(top);
  low_ = far_side(log_f, top, -1);
  high_ = far_side(log_f, top, 1);
}

Tensor BetaQuantile::operator()(const Tensor& u) const {
  const double width = (high_ - low_) / cells;
  const auto f = [&](const Tensor& y) {  // 1 at its top
    return (alpha_ * at::log_sigmoid(y) + beta_ * at::log_sigmoid(-y) - top_).exp();
  };
  // The integral of f from the beginning of a cell over a part of it.
  const auto mass = [&](const Tensor& begin, const Tensor& length) {
    const Tensor half = length / 2, middle = begin + half;
    Tensor sum = at::zeros_like(length);
    for (int i = 0; i < 4; ++i) {
      sum = sum + weights[i] * (f(middle - nodes[i] * half) + f(middle + nodes[i] * half));
    }
    return sum * half;
  };

  // The cells' masses say in which one u lies; Newton's steps find the place in it.
  const Tensor begins = low_ + width * at::arange(cells, u.options());
  const Tensor below = mass(begins, at::full_like(begins, width)).cumsum(0);
  const Tensor target = u * below[-1];
  const Tensor cell = at::searchsorted(below, target).clamp_max(cells - 1);
  const Tensor upper = below.index_select(0, cell.flatten()).view_as(u);
  const Tensor lower =
      at::where(cell > 0, below.index_select(0, (cell - 1).clamp_min(0).flatten()).view_as(u), 0.0);
  const Tensor begin = low_ + width * cell.to(u.dtype());
  Tensor length = width * (target - lower) / (upper - lower);
  for (int step = 0; step < 6; ++step) {
    length = length - (mass(begin, length) - (target - lower)) / f(begin + length);
    length = length.clamp(0, width);
  }
  return (begin + length).sigmoid();
}

}  // namespace couplet
