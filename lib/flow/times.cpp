#include "flow/times.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "flow/beta_quantile.h"

namespace couplet {

namespace {

struct Uniform : TimeLaw {
  Tensor quantile(const Tensor& u) const override { return u; }
};

struct LogitNormalOptions {
  double mean = 0.2, std = 1;
  void describe(auto&& option) {
    option("mean", mean,
           "above 0: more often near the data (the papers' mean with the sign turned)");
    option("std", std, "spread before the sigmoid");
  }
};

// t = sigmoid(n), n ~ N(mean, std^2).
struct LogitNormal : TimeLaw {
  LogitNormalOptions options;
  explicit LogitNormal(const LogitNormalOptions& options) : options(options) {}
  Tensor of(const Tensor& n) const { return (n * options.std + options.mean).sigmoid(); }
  Tensor quantile(const Tensor& u) const override { return of(at::special_ndtri(u)); }
  Tensor draw(const Random& random, const Tensor& rows) const override {
    return of(random.normal(rows, {}).to(at::kDouble)).to(at::kFloat);
  }
};

struct BetaOptions {
  double alpha = 0.5, beta = 1;
  void describe(auto&& option) {
    option("alpha", alpha, "below 1: more often near the noise");
    option("beta", beta, "below 1: more often near the data");
  }
};

struct Beta : TimeLaw {
  BetaQuantile of;
  explicit Beta(const BetaOptions& options) : of(options.alpha, options.beta) {}
  Tensor quantile(const Tensor& u) const override { return of(u); }
};

struct ShiftedOptions {
  double shift = 3;
  void describe(auto&& option) {
    option("shift", shift, "above 1: more often near the noise; 1: uniform");
  }
};

// The uniform law shifted towards the noise as for larger images: eq. 23 of 2403.03206, on whose
// clock 1 - t is shift (1 - u) / (1 + (shift - 1) (1 - u)).
struct Shifted : TimeLaw {
  ShiftedOptions options;
  explicit Shifted(const ShiftedOptions& options) : options(options) {}
  Tensor quantile(const Tensor& u) const override { return u / (u + options.shift * (1 - u)); }
};

struct ModeOptions {
  double scale = 1.29;
  void describe(auto&& option) {
    option("scale", scale, "above 0: more often in the middle, below: at the ends; -1 .. 1.75");
  }
};

// Eq. 20 of 2403.03206. It is the same on both clocks.
struct Mode : TimeLaw {
  ModeOptions options;
  explicit Mode(const ModeOptions& options) : options(options) {}
  Tensor quantile(const Tensor& u) const override {
    return u + options.scale * ((M_PI / 2 * u).cos().square() - 1 + u);
  }
};

std::shared_ptr<TimeLaw> make_uniform(const NoOptions&) { return std::make_shared<Uniform>(); }
std::shared_ptr<TimeLaw> make_logit_normal(const LogitNormalOptions& options) {
  require_option(options.std > 0, "option 'std' of the time law must be positive, found ",
                 options.std);
  return std::make_shared<LogitNormal>(options);
}
std::shared_ptr<TimeLaw> make_beta(const BetaOptions& options) {
  const auto known = [](double a) {
    return a >= 0.01 && a <= 1e4;
  };  // else all at the ends, or one
  require_option(
      known(options.alpha) && known(options.beta),
      "options 'alpha' and 'beta' of the time law must be positive, 0.01 to 10000, found ",
      options.alpha, " and ", options.beta);
  return std::make_shared<Beta>(options);
}
std::shared_ptr<TimeLaw> make_shifted(const ShiftedOptions& options) {
  require_option(options.shift > 0, "option 'shift' of the time law must be positive, found ",
                 options.shift);
  return std::make_shared<Shifted>(options);
}
std::shared_ptr<TimeLaw> make_mode(const ModeOptions& options) {
  require_option(options.scale >= -1 && options.scale <= 2 / (M_PI - 2),
                 "option 'scale' of the time law must lie in -1 .. 1.75, found ", options.scale);
  return std::make_shared<Mode>(options);
}

}  // namespace

// In double, so that a row's place in the batch (vectorised or not) does not show in its float.
Tensor TimeLaw::draw(const Random& random, const Tensor& rows) const {
  return quantile(random.uniform(rows, {}).to(at::kDouble)).to(at::kFloat);
}

const Registry<TimeLaw>& time_laws() {
  static const Registry<TimeLaw> table(
      "time law",
      {
          {"uniform", "t ~ U(0, 1)", make_uniform},
          {"logit-normal", "t = sigmoid(n), n normal", make_logit_normal},
          {"beta", "t ~ Beta(alpha, beta); Beta(1, 0.5) of data at 0 is Beta(0.5, 1)", make_beta},
          {"shifted", "the uniform law shifted towards the noise (2403.03206)", make_shifted},
          {"mode", "more often in the middle, with heavy tails (2403.03206)", make_mode},
      });
  return table;
}

}  // namespace couplet
