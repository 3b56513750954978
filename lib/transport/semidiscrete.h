// Semidiscrete optimal transport: from the normal law to points, by one number a point.
#pragma once
#include "base/random.h"
#include "parallel/group.h"

namespace couplet {

/// (N) int64: argmax_j g_j + <z_i, y_j>, the point to which noise z_i is carried (Genevay et al.
/// 2016, epsilon = 0). z (N, d), y (m, d), g (m). Scores exist a tile at a time.
Tensor assign_noise(const Tensor& z, const Tensor& y, const Tensor& g);

/// The soft twin at epsilon > 0, with weights b (m): (N) -epsilon log sum_j b_j exp((g_j + <z,
/// y_j>) / epsilon), and (N, m) the probabilities of the points in that sum.
Tensor soft_values(const Tensor& z, const Tensor& y, const Tensor& g, const Tensor& b,
                   double epsilon);
Tensor soft_weights(const Tensor& z, const Tensor& y, const Tensor& g, const Tensor& b,
                    double epsilon);

/// chi^2 distance between the law of the points hit and b, without bias, from the counts (m) of B
/// draws: sum_j (c_j^2 - c_j) / (b_j B (B - 1)) - 1. May be negative.
double chi2(const Tensor& counts, const Tensor& b);

struct Semidiscrete {
  int64_t steps = 0, batch = 512;
  double lr = 0.05;       ///< first step size, relative to the points' spread (see ascend)
  double lr_end = 0.002;  ///< last one; the way down is geometric
  double epsilon = 0;     ///< softness, relative to the points' spread; 0: one point for each noise

  void describe(auto&& option) {
    option("steps", steps, "steps of the ascent; 0: until each point was hit 60 times");
    option("batch", batch, "noises a step");
    option("lr", lr, "first step size, relative to the points' spread");
    option("lr_end", lr_end, "last step size, relative to the points' spread");
    option("epsilon", epsilon,
           "softness, relative to the points' spread; 0: one point for each noise");
  }
};

/// How many steps the options mean for so many points: chi^2 is then about 0.05.
int64_t steps_for(const Semidiscrete& options, int64_t points);

/// An ascent under way: the potential g, its average (the result), both (m) double with sum_j b_j
/// g_j = 0, and the steps behind it.
struct Ascent {
  Tensor g, average;
  int64_t step = 0;
  std::shared_ptr<const Group> group = std::make_shared<Group>();  ///< who share a step's noises
};

/// Where an ascent begins: g_j = -|y_j|^2 / 2 about the points' centre, which gives each noise its
/// nearest point. b (m): weights, undefined: uniform. Throws Error for points or weights that
/// cannot be.
Ascent begin_ascent(const Tensor& y, const Tensor& b = {});

/// Goes on to step `until` (at most steps_for(options, m)) of the averaged stochastic ascent of the
/// semi-dual E f(z) + <b, g>: g_j += lr_k s min(m, 12 B) (b_j - share of the noises that j got),
/// s^2 the points' mean squared distance from their centre (Genevay et al. 2016; Mousavi-Hosseini
/// et al. 2025, 2509.25519). Noise of step k: rows k B ... of the stream "ascent". Leaving and
/// coming back changes no bit.
void ascend(Ascent& ascent, const Tensor& y, const Semidiscrete& options, const Random& random,
            int64_t until, const Tensor& b = {});

/// How often each point is hit by `samples` noises of the stream "check", which the processes of a
/// group share: (m) double.
Tensor hits(const Tensor& y, const Tensor& g, const Random& random, int64_t samples,
            const Group& group = Group());

}  // namespace couplet
