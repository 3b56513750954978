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
  CHECK(data.x.sizes() == std::vector<int64_t>{2, 1, 2, 2});
  to_range(data, 16);
  CHECK(data.x.is_bytes());
  const Tensor scaled = data.scaling.apply(data.x.all())[0].flatten();
  CHECK(testing::distance(scaled, at::tensor({-1., 1., 0., -.5})) == 0);
  CHECK(data.facts["steps"].size() == 3);
  CHECK_THROWS_WITH(reshape(data, {3}), Contains("[3] has 3 numbers, an example has 4"));
  to_range(data, 4);
  CHECK_THROWS_WITH(data.x.all(), Contains("not all whole numbers 0 .. 4"));
}

TEST_CASE("padding is even and of zeros, pooling is the rounded mean", "[data]") {
  DatasetContents data;
  const Tensor images = at::full({2, 1, 2, 2}, 100, at::kByte);
  images[1][0][0][0] = 1;
  images[1][0][0][1] = 2;
  data.x = images;
  pad_images(data, 4);
  CHECK(data.x.sizes() == std::vector<int64_t>{2, 1, 4, 4});
  CHECK(data.x.all()[0].sum().item<int64_t>() == 400);
  CHECK(data.x.all()[0][0][1][1].item<int>() == 100);
  pool_images(data, 2);
  const Tensor means = data.x.all();
  CHECK(at::equal(means[0].flatten(), at::full({4}, 25, at::kByte)));
  // 1/4 and 2/4 become 0, half to even.
  CHECK(at::equal(means[1].flatten(), at::tensor({0, 0, 25, 25}, at::kByte)));
  CHECK_THROWS_WITH(pool_images(data, 3), Contains("does not divide"));
  CHECK_THROWS_WITH(pad_images(data, 1), Contains("is less than"));
  data.x = at::zeros({3, 2});
  CHECK_THROWS_AS(pad_images(data, 8), BadOption);
}

TEST_CASE("columns are standardised over the rows for training, and stored as they came",
          "[data]") {
  DatasetContents data;
  const Tensor numbers = (Random(1).normal(row_range(0, 500), {3}) * at::tensor({1., 20., .1}) +
                          at::tensor({0., -7., 3.}, at::kFloat))
                             .to(at::kFloat);
  numbers[450] = 1e4;  // of the test split
  data.x = numbers;
  data.train = 400;
  const Tensor before = numbers.clone();
  standardise(data);
  CHECK(at::equal(data.x.all(), before));
  const Tensor x = data.scaling.apply(data.x.slice(0, 400));
  CHECK(x.mean(0).abs().max().item<double>() < 1e-5);
  CHECK((x.std(0, false) - 1).abs().max().item<double>() < 1e-5);
  CHECK(testing::distance(data.scaling.to_stored(x), before.narrow(0, 0, 400)) < 1e-4);
  const Scaling back = Scaling::from_json(json::parse(data.scaling.to_json().dump()));
  CHECK(back.scale == data.scaling.scale);
  CHECK(back.shift == data.scaling.shift);
  CHECK(back.log_scale() == Approx(-std::log(2.) / 3).margin(0.1));  // deviations 1, 20, 0.1
  numbers.select(1, 1).fill_(4);
  CHECK_THROWS_WITH(standardise(data), Contains("column 1 has the same number"));
  data.x = at::zeros({4, 1, 2, 2});
  CHECK_THROWS_AS(standardise(data), BadOption);
}

TEST_CASE("a test split is a permutation that the file remembers", "[data]") {
  DatasetContents data;
  data.x = at::arange(1797).to(at::kFloat).unsqueeze(1);
  data.labels = at::arange(1797);
  split_off_test(data, 0.2, Random(3));
  CHECK(data.train == 1437);
  const Tensor source = data.columns.at("source_row");
  CHECK(at::equal(data.x.all().squeeze(1), source.to(at::kFloat)));
  CHECK(at::equal(data.labels, source));
  CHECK(at::equal(std::get<0>(source.sort()), at::arange(1797)));
  DatasetContents again;
  again.x = at::arange(1797).to(at::kFloat).unsqueeze(1);
  split_off_test(again, 0.2, Random(3));
  CHECK(at::equal(again.x.all(), data.x.all()));
  again.x = at::zeros({1000, 1});
  split_off_test(again, 0.1, Random(3));
  CHECK(again.train == 900);
  CHECK_THROWS_AS(split_off_test(again, 1, Random(3)), BadOption);
}
