// Neural spline flows: coupling layers for vectors.
#pragma once
#include "flow/normalizing_flow.h"

namespace couplet {

struct SplineOptions {
  int64_t blocks = 8;
  int64_t bins = 16;
  int64_t hidden = 128;
  int64_t depth = 2;
  double bound = 5;

  void describe(auto&& option) {
    option("blocks", blocks, "coupling layers; each moves half of the numbers, given the others");
    option("bins", bins, "pieces of each spline");
    option("hidden", hidden, "width of the networks that give the splines");
    option("depth", depth, "residual blocks in each of them");
    option("bound", bound, "splines reach from -bound to bound; beyond, nothing is moved");
  }
};

/// A monotone rational-quadratic spline on [-bound, bound], the identity beyond it (Durkan et al.
/// 1906.04032, eq. 4-8 and 29). x: (...); shape: (..., 3 bins - 1): widths and heights of the
/// pieces before a softmax, slopes at the knots between them before a softplus; zeros: the
/// identity. Returns what x becomes, or inverse: what became x, and log of the derivative there.
std::pair<Tensor, Tensor> rational_quadratic(const Tensor& x, const Tensor& shape, double bound,
                                             bool inverse);

/// Coupling layers of such splines over alternating halves of a vector (D), D >= 2, with labels. A
/// new flow is the identity. Throws BadOption for other spaces.
std::shared_ptr<NormalizingFlow> make_spline(const SplineOptions& options, const Space& space);

}  // namespace couplet
