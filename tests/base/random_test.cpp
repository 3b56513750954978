#include "base/random.h"

#include <cmath>

#include "cuda/philox.h"
#include "cuda/random.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

std::vector<uint32_t> words(const cuda::Four& four) { return {four.word, four.word + 4}; }

/// Largest gap between the draws' distribution and a law with this cumulative distribution, times
/// the root of their number: below 1.95 in 999 of 1000 cases (Kolmogorov and Smirnov).
double gap(const Tensor& draws, const std::function<Tensor(const Tensor&)>& cumulative) {
  const Tensor x = std::get<0>(draws.flatten().to(at::kDouble).sort());
  const Tensor rank = (at::arange(x.size(0), at::kDouble) + 0.5) / x.size(0);
  return distance(cumulative(x), rank) * std::sqrt(static_cast<double>(x.size(0)));
}

double correlation(const Tensor& a, const Tensor& b) {
  const Tensor both = at::stack({a.flatten(), b.flatten()}).to(at::kDouble);
  return at::corrcoef(both)[0][1].item<double>();
}

}  // namespace

TEST_CASE("Philox gives the words its authors published", "[base]") {
  const uint64_t ones = ~uint64_t{0};
  CHECK(words(cuda::philox(0, 0, 0)) ==
        std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(words(cuda::philox(ones, ones, ones)) ==
        std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(words(cuda::philox(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e)) ==
        std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  CHECK(cuda::unit(0) > 0);
  CHECK(cuda::unit(0xffffffff) == 1);
}

TEST_CASE("Rows decide draws, whatever the batch and its order", "[base]") {
  const Random random = Random(11).stream("a");
  const Tensor rows = row_range(0, 300), mixed = at::randperm(300);
  for (const auto& shape : std::vector<std::vector<int64_t>>{{}, {1}, {3}, {2, 5}, {3, 8, 8}}) {
    const Tensor u = random.uniform(rows, shape), n = random.normal(rows, shape);
    CHECK(n.dim() == static_cast<int64_t>(shape.size()) + 1);
    CHECK(at::equal(random.uniform(mixed, shape), u.index_select(0, mixed)));
    CHECK(at::equal(random.normal(mixed, shape), n.index_select(0, mixed)));
    CHECK(at::equal(random.normal(rows.slice(0, 17, 18), shape), n.slice(0, 17, 18)));
    CHECK(at::equal(random.normal(rows.slice(0, 0, 300, 7), shape), n.slice(0, 0, 300, 7)));
  }
  CHECK(at::equal(random.permute(mixed, 100), random.permute(rows, 100).index_select(0, mixed)));
  CHECK(random.normal(row_range(0, 0), {4}).sizes() == at::IntArrayRef({0, 4}));
  // Rows beyond 32 bits are rows of their own.
  const int64_t far = int64_t{1} << 32;
  CHECK_FALSE(at::equal(random.uniform(row_range(far, far + 9), {4}),
                        random.uniform(row_range(0, 9), {4})));
}

TEST_CASE("Draws follow their laws", "[base]") {
  const Random random(12);
  const Tensor u = random.uniform(row_range(0, 100000), {5});
  CHECK(u.min().item<float>() > 0);
  CHECK(u.max().item<float>() <= 1);
  CHECK(gap(u, [](const Tensor& x) { return x; }) < 1.95);

  const Tensor n = random.normal(row_range(0, 100000), {5}).to(at::kDouble);  // 5: an odd number
  CHECK(gap(n, [](const Tensor& x) { return at::special_ndtr(x); }) < 1.95);
  const double size = static_cast<double>(n.numel());
  const auto moment = [&](int k) { return n.pow(k).mean().item<double>(); };
  CHECK(moment(1) == Approx(0).margin(4 / std::sqrt(size)));
  CHECK(moment(2) == Approx(1).margin(4 * std::sqrt(2 / size)));
  CHECK(moment(3) == Approx(0).margin(4 * std::sqrt(15 / size)));
  CHECK(moment(4) == Approx(3).margin(4 * std::sqrt(96 / size)));
  // The two halves of a row share their uniforms: no correlation, of squares neither.
  for (int64_t i = 0; i < 5; ++i) {
    const Tensor a = n.select(1, i);
    CHECK(std::abs(correlation(a.slice(0, 1), a.slice(0, 0, -1))) < 0.013);
    for (int64_t j = 0; j < i; ++j) {
      CHECK(std::abs(correlation(a, n.select(1, j))) < 0.013);
      CHECK(std::abs(correlation(a.square(), n.select(1, j).square())) < 0.013);
    }
  }
}

TEST_CASE("Streams are independent, and equal where their names are", "[base]") {
  const Random random(13);
  const Tensor rows = row_range(0, 100000);
  const auto draw = [&](const Random& r) { return r.normal(rows, {}); };
  CHECK(at::equal(draw(random.stream("a")), draw(Random(13).stream("a"))));
  const std::vector<Random> others = {random,
                                      Random(14),
                                      random.stream("b"),
                                      random.stream("aa"),
                                      random.stream(""),
                                      random.stream("a").stream("a"),
                                      Random(14).stream("a")};
  for (const Random& other : others) {
    CHECK(std::abs(correlation(draw(random.stream("a")), draw(other))) < 0.013);
  }
}

TEST_CASE("A permutation takes every place once, anew each epoch", "[base]") {
  const Random random = Random(15).stream("shuffle");
  for (const int64_t size : {1, 2, 3, 7, 64, 1000}) {
    INFO("size " << size);
    const Tensor places = random.permute(row_range(0, 50 * size), size).view({50, size});
    CHECK(at::equal(std::get<0>(places.sort(1)), row_range(0, size).expand({50, size})));
    if (size >= 7) {
      CHECK_FALSE(at::equal(places[0], places[1]));
      CHECK_FALSE(at::equal(Random(16).permute(row_range(0, size), size), places[0]));
    }
    // The first place is not always the same one.
    if (size > 1) CHECK(std::get<0>(at::_unique(places.select(1, 0))).size(0) > 1);
  }
  const Tensor first = random.permute(row_range(0, 7 * 70000), 7).view({70000, 7}).select(1, 0);
  CHECK(distance(at::bincount(first) / 1e4, at::ones({7})) < 0.05);
}

TEST_CASE("Draws on the GPU are the CPU's", "[base][cuda]") {
  const Random random(17);
  for (const auto& device : devices()) {
    const Tensor rows = row_range(5, 5000), there = rows.to(device);
    CHECK(random.uniform(there, {7}).device().type() == device.type());
    CHECK(at::equal(random.uniform(there, {7}).cpu(), random.uniform(rows, {7})));
    CHECK(at::equal(random.permute(there, 999).cpu(), random.permute(rows, 999)));
    CHECK(distance(random.normal(there, {7}).cpu(), random.normal(rows, {7})) < 1e-5);
  }
}
