#include "flow/times.h"

#include <ATen/ATen.h>

namespace couplet {

namespace {

struct Uniform : TimeLaw {
  Tensor draw(const Random& random, const Tensor& rows) const override {
    return random.uniform(rows, {});
  }
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
  Tensor draw(const Random& random, const Tensor& rows) const override {
    // In double, so that a row's place in the batch (vectorised or not) does not show in its float.
    const Tensor n = random.normal(rows, {}).to(at::kDouble);
    return (n * options.std + options.mean).sigmoid().to(at::kFloat);
  }
};

std::shared_ptr<TimeLaw> make_uniform(const NoOptions&) { return std::make_shared<Uniform>(); }
std::shared_ptr<TimeLaw> make_logit_normal(const LogitNormalOptions& options) {
  return std::make_shared<LogitNormal>(options);
}

}  // namespace

const Registry<TimeLaw>& time_laws() {
  static const Registry<TimeLaw> table(
      "time law", {
                      {"uniform", "t ~ U(0, 1)", make_uniform},
                      {"logit-normal", "t = sigmoid(n), n normal", make_logit_normal},
                  });
  return table;
}

}  // namespace couplet
