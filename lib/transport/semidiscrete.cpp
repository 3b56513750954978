#include "transport/semidiscrete.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/threads.h"
#include "transport/best_score.h"
#include "transport/centred.h"
#include "transport/half_steps.h"

namespace couplet {

namespace {

// A tile of scores stays in a core's cache until its maxima are taken.
constexpr int64_t tile_rows = 256, tile_columns = 1024;

// Points that a step hits less than once in so many: their steps shrink with their number, lest one
// hit throw a point out of all reach.
constexpr int64_t often = 12;

/// Noises of one thread, tile by tile.
void assign_run(const Tensor& z, const Tensor& y, const Tensor& g, const Tensor& index) {
  const int64_t rows = std::min(tile_rows, z.size(0)), m = y.size(0);
  const int64_t columns = z.is_cpu() ? std::min(tile_columns, m) : m;
  const Tensor room = at::empty({rows * columns}, z.options());
  for (int64_t row = 0; row < z.size(0); row += rows) {
    const int64_t n = std::min(rows, z.size(0) - row);
    const Tensor some = z.narrow(0, row, n), found = index.narrow(0, row, n);
    const Tensor best = at::full({n}, -std::numeric_limits<double>::infinity(), z.options());
    for (int64_t column = 0; column < m; column += columns) {
      const int64_t count = std::min(columns, m - column);
      Tensor scores = room.narrow(0, 0, n * count).view({n, count});
      at::mm_out(scores, some, y.narrow(0, column, count).t());
      take_best(scores, g.narrow(0, column, count), column, best, found);
    }
  }
}

/// (g_j + <z_i, y_j>) / epsilon + log b_j
Tensor soft_scores(const Tensor& z, const Tensor& y, const Tensor& g, const Tensor& b,
                   double epsilon) {
  require(epsilon > 0, "soft values take an epsilon above 0, found ", epsilon);
  const Tensor v = (g.to(at::kDouble) / epsilon + b.to(at::kDouble).log()).to(z.scalar_type());
  return at::addmm(v, z, y.to(z.scalar_type()).t(), 1, 1 / epsilon);
}

void check(const Ascent& ascent, const Tensor& y, const Semidiscrete& o) {
  require_option(o.steps >= 0 && o.batch > 0,
                 "steps cannot be negative and batch has to be at least 1, found ", o.steps,
                 " and ", o.batch);
  require_option(o.lr > 0 && o.lr_end > 0, "lr and lr_end have to be above 0, found ", o.lr,
                 " and ", o.lr_end);
  require_option(o.epsilon >= 0, "epsilon cannot be below 0, found ", o.epsilon);
  require(ascent.g.sizes() == at::IntArrayRef({y.size(0)}), "an ascent over ", y.size(0),
          " points goes on from a potential of shape ", ascent.g.sizes());
}

/// sum_j b_j g_j = 0
Tensor in_gauge(const Tensor& g, const Tensor& b) { return g - b.dot(g); }

}  // namespace

Tensor assign_noise(const Tensor& z, const Tensor& y, const Tensor& g) {
  require(z.dim() == 2 && y.dim() == 2 && z.size(1) == y.size(1) && y.size(0) > 0 &&
              g.sizes() == at::IntArrayRef({y.size(0)}),
          "noise of shape ", z.sizes(), " goes to points of shape ", y.sizes(),
          " by a potential of shape ", g.sizes());
  const auto type = z.scalar_type();
  const Tensor to = y.to(type), potential = g.to(z.options()).contiguous();
  const Tensor index = at::zeros({z.size(0)}, z.options().dtype(at::kLong));
  over_shares(z.size(0), z.device(), [&](int64_t begin, int64_t count) {
    assign_run(z.narrow(0, begin, count), to, potential, index.narrow(0, begin, count));
  });
  return index;
}

Tensor soft_values(const Tensor& z, const Tensor& y, const Tensor& g, const Tensor& b,
                   double epsilon) {
  return soft_scores(z, y, g, b, epsilon).logsumexp(1) * -epsilon;
}

Tensor soft_weights(const Tensor& z, const Tensor& y, const Tensor& g, const Tensor& b,
                    double epsilon) {
  return soft_scores(z, y, g, b, epsilon).softmax(1);
}

double chi2(const Tensor& counts, const Tensor& b) {
  const Tensor c = counts.to(at::kDouble);
  const double B = c.sum().item<double>();
  require(B > 1, "chi^2 without bias takes two draws, found ", B);
  return ((c.square() - c) / b).sum().item<double>() / (B * (B - 1)) - 1;
}

int64_t steps_for(const Semidiscrete& options, int64_t points) {
  constexpr int64_t hits_a_point = 60, least = 200;
  const int64_t batch = std::max<int64_t>(1, options.batch);
  return options.steps > 0 ? options.steps
                           : std::max(least, (hits_a_point * points + batch - 1) / batch);
}

Ascent begin_ascent(const Tensor& y, const Tensor& b) {
  const Centred points = centred(y, y);
  const Tensor g = in_gauge(-points.beta / 2, weights_of(b, y, "y"));
  return {g, g.clone(), 0};
}

void ascend(Ascent& ascent, const Tensor& y, const Semidiscrete& options, const Random& random,
            int64_t until, const Tensor& b) {
  check(ascent, y, options);
  const Centred points = centred(y, y);
  const Tensor weights = weights_of(b, y, "y"), ones = at::ones({options.batch}, weights.options());
  const int64_t m = y.size(0), d = y.size(1), B = options.batch, steps = steps_for(options, m);
  const double spread = std::sqrt(points.beta.mean().item<double>());
  const double size = spread * static_cast<double>(std::min(m, often * B));
  const double epsilon = options.epsilon * spread;
  const Random noise = random.stream("ascent");

  for (int64_t& k = ascent.step; k < std::min(until, steps);) {
    // Whom do this step's noises go to? About the centre: it only turns the gauge.
    const Group& group = *ascent.group;
    const Tensor all = row_range(k * B, (k + 1) * B, y.device());
    const Tensor rows = all.tensor_split(group.size())[group.rank()];
    const int64_t own = rows.size(0), n = y.is_cpu() ? shares(own) : 1;
    const Tensor index = at::empty({own}, rows.options());
    const Tensor shared = at::zeros({n, m}, weights.options());
    const Tensor v = epsilon > 0 ? ascent.g / epsilon + weights.log() : Tensor();
    const SideBySide threads(n);
    threads([&](int64_t share) {
      const int64_t begin = share * own / n, count = (share + 1) * own / n - begin;
      if (count == 0) return;
      const Tensor z = noise.normal(rows.narrow(0, begin, count), {d}).to(points.x.scalar_type());
      if (epsilon == 0) {
        index.narrow(0, begin, count).copy_(assign_noise(z, points.y, ascent.g));
      } else {
        half_steps(at::mm(z, points.y.t()), v, 1 / epsilon, ones.narrow(0, begin, count),
                   at::zeros({count}, ones.options()), shared[share]);
      }
    });
    const Tensor got =
        epsilon == 0 ? shared[0].scatter_add(0, index, ones.narrow(0, 0, own)) : shared.sum(0);
    group.sum(got);

    // A step up, geometric in its size.
    const double done = static_cast<double>(k) / static_cast<double>(steps);
    const double lr = options.lr * std::pow(options.lr_end / options.lr, done);
    ascent.g = in_gauge(ascent.g + lr * size * (weights - got / B), weights);

    // The average weighs later steps more (Shamir and Zhang 2013).
    constexpr double favour = 4;
    ++k;
    ascent.average =
        at::lerp(ascent.average, ascent.g, (1 + favour) / (static_cast<double>(k) + favour));
  }
}

Tensor hits(const Tensor& y, const Tensor& g, const Random& random, int64_t samples,
            const Group& group) {
  constexpr int64_t at_once = 8192;
  const Random noise = random.stream("check");
  const Tensor counts = at::zeros({y.size(0)}, y.options().dtype(at::kDouble));
  for (int64_t begin = group.rank() * at_once; begin < samples; begin += group.size() * at_once) {
    const Tensor rows = row_range(begin, std::min(begin + at_once, samples), y.device());
    const Tensor z = noise.normal(rows, {y.size(1)}).to(y.scalar_type());
    counts.scatter_add_(0, assign_noise(z, y, g), at::ones({rows.size(0)}, counts.options()));
  }
  group.sum(counts);
  return counts;
}

}  // namespace couplet
