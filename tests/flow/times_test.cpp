#include "flow/times.h"

#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

TEST_CASE("Every time law is decided by rows and lies in [0, 1]", "[flow]") {
  const Random random(5);
  for (const auto& name : time_laws().names()) {
    INFO(name);
    const auto law = time_laws().make({{"type", name}});
    const Tensor t = law->draw(random, row_range(0, 10000));
    CHECK(t.sizes() == at::IntArrayRef({10000}));
    CHECK(t.min().item<float>() >= 0);
    CHECK(t.max().item<float>() <= 1);
    CHECK(at::equal(law->draw(random, row_range(700, 731)), t.slice(0, 700, 731)));
    CHECK_FALSE(at::equal(law->draw(random.stream("other"), row_range(0, 10000)), t));
  }
}

TEST_CASE("The logit-normal law has the density's moments", "[flow]") {
  for (const auto& [mean, std] : {std::pair{0.2, 1.0}, {-1.0, 0.5}, {0.0, 2.0}}) {
    const auto law = time_laws().make({{"type", "logit-normal"}, {"mean", mean}, {"std", std}});
    const Tensor t = law->draw(Random(6), row_range(0, 200000)).to(at::kDouble);
    const Tensor n = at::linspace(-8, 8, 4001, at::kDouble);
    const Tensor weight = (-0.5 * n.square()).softmax(0), at_n = (std * n + mean).sigmoid();
    const double exact = (weight * at_n).sum().item<double>();
    INFO("mean " << mean << ", std " << std);
    CHECK(t.mean().item<double>() == Approx(exact).margin(0.003));
    CHECK(t.square().mean().item<double>() ==
          Approx((weight * at_n.square()).sum().item<double>()).margin(0.003));
    CHECK((mean > 0) == (exact > 0.5 + 1e-9));  // above 0: towards the data
  }
}

TEST_CASE("The logit-normal law follows the reference's distribution", "[parity]") {
  // Theirs runs from data to noise: mean and clock change sign together.
  for (const auto& golden : golden_files("numerics", "flow")) {
    const h5::File file = h5::File::open(golden);
    const std::string group = "time_density/logit_normal_mean-0.2_std1.0/";
    const auto law = time_laws().make({{"type", "logit-normal"}});
    const Tensor t = 1 - law->draw(Random(7), row_range(0, 100000)).to(at::kDouble);
    const Tensor at_t = file.read("time_density/t"), cdf = file.read(group + "cdf");
    const Tensor below = at::searchsorted(std::get<0>(t.sort()), at_t).to(at::kDouble) / 1e5;
    CHECK(distance(below, cdf) < 1.63 / std::sqrt(1e5));  // Kolmogorov and Smirnov, at 1 %
    CHECK(t.mean().item<double>() ==
          Approx(file.read(group + "mean").item<double>()).margin(0.003));
    CHECK(t.var().item<double>() ==
          Approx(file.read(group + "variance").item<double>()).margin(0.001));
  }
}
