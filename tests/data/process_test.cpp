#include "data/process.h"

#include "base/error.h"
#include "testing.h"

using namespace couplet;
using Catch::Matchers::Contains;

TEST_CASE("a row of one number more than its shape ends in its label", "[data]") {
  DatasetContents data;
  data.x = at::tensor({0., 16., 8., 4., 2., 0., 1., 2., 3., 0.}, at::kFloat).view({2, 5});
  reshape(data, {1, 2, 2});
  CHECK(at::equal(data.labels, at::tensor({2, 0}, at::kLong)));
  CHECK(data.classes == 3);
  CHECK(data.x.sizes() == at::IntArrayRef({2, 1, 2, 2}));
  to_range(data, 16);
  CHECK(data.x.scalar_type() == at::kByte);
  const Tensor scaled = data.scaling.apply(data.x)[0].flatten();
  CHECK(testing::distance(scaled, at::tensor({-1., 1., 0., -.5})) == 0);
  CHECK(data.facts["steps"].size() == 3);
  CHECK_THROWS_WITH(reshape(data, {3}), Contains("[3] has 3 numbers, an example has 4"));
  CHECK_THROWS_WITH(to_range(data, 4), Contains("not all whole numbers 0 .. 4"));
}

TEST_CASE("padding is even and of zeros, pooling is the rounded mean", "[data]") {
  DatasetContents data;
  data.x = at::full({2, 1, 2, 2}, 100, at::kByte);
  data.x[1][0][0][0] = 1;
  data.x[1][0][0][1] = 2;
  pad_images(data, 4);
  CHECK(data.x.sizes() == at::IntArrayRef({2, 1, 4, 4}));
  CHECK(data.x[0].sum().item<int64_t>() == 400);
  CHECK(data.x[0][0][1][1].item<int>() == 100);
  pool_images(data, 2);
  CHECK(at::equal(data.x[0].flatten(), at::full({4}, 25, at::kByte)));
  // 1/4 and 2/4 become 0, half to even.
  CHECK(at::equal(data.x[1].flatten(), at::tensor({0, 0, 25, 25}, at::kByte)));
  CHECK_THROWS_WITH(pool_images(data, 3), Contains("does not divide"));
  CHECK_THROWS_WITH(pad_images(data, 1), Contains("is less than"));
  data.x = at::zeros({3, 2});
  CHECK_THROWS_AS(pad_images(data, 8), BadOption);
}

TEST_CASE("a test split is a permutation that the file remembers", "[data]") {
  DatasetContents data;
  data.x = at::arange(1797).to(at::kFloat).unsqueeze(1);
  data.labels = at::arange(1797);
  split_off_test(data, 0.2, Random(3));
  CHECK(data.train == 1437);
  const Tensor source = data.columns.at("source_row");
  CHECK(at::equal(data.x.squeeze(1), source.to(at::kFloat)));
  CHECK(at::equal(data.labels, source));
  CHECK(at::equal(std::get<0>(source.sort()), at::arange(1797)));
  DatasetContents again;
  again.x = at::arange(1797).to(at::kFloat).unsqueeze(1);
  split_off_test(again, 0.2, Random(3));
  CHECK(at::equal(again.x, data.x));
  again.x = at::zeros({1000, 1});
  split_off_test(again, 0.1, Random(3));
  CHECK(again.train == 900);
  CHECK_THROWS_AS(split_off_test(again, 1, Random(3)), BadOption);
}
