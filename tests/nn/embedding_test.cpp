#include "nn/embedding.h"

#include <cmath>

#include "testing.h"

using namespace couplet;

TEST_CASE("a missing label is the last row, or zero", "[nn]") {
  const Tensor table = at::arange(1, 7, at::kFloat).view({3, 2});
  const Tensor label = at::tensor({1, -1, 0}, at::kLong);
  CHECK(at::equal(label_or_null_row(table, label),
                  at::tensor({3.f, 4.f, 5.f, 6.f, 1.f, 2.f}).view({3, 2})));
  CHECK(at::equal(label_or_zero(table, label),
                  at::tensor({3.f, 4.f, 0.f, 0.f, 1.f, 2.f}).view({3, 2})));
}

TEST_CASE("embeddings of clocks", "[nn]") {
  const Tensor t = at::tensor({0.25, 0.5}, at::kDouble);
  const Tensor geometric = timestep_embedding(t, 4);  // frequencies 1 and 1/100
  CHECK(geometric[0][0].item<double>() == Approx(std::cos(0.25)));
  CHECK(geometric[1][3].item<double>() == Approx(std::sin(0.005)));
  const Tensor harmonic = harmonic_embedding(t, 2);
  CHECK(harmonic[1][0].item<double>() == Approx(1));
  CHECK(harmonic[0][3].item<double>() == Approx(0).margin(1e-12));
}
