#include "eval/pairs.h"

#include <ATen/ATen.h>

#include "base/threads.h"
#include "data/augment.h"
#include "eval/frechet.h"
#include "eval/gaussianity.h"
#include "eval/linear_field.h"
#include "eval/summary.h"

namespace couplet {

namespace {

constexpr int64_t rows_at_once = 2048, linear_dims = 1024, linear_pairs = 20000;

/// The pairs of a file, in the order of its rows and draws: (n K, D) float each.
struct Reader {
  Tensor x1, x0, flip;
  Scaling scaling;

  Reader(const h5::File& file, const Scaling& scaling)
      : x1(file.map("x1")), x0(file.map("x0")), scaling(scaling) {
    if (file.has("flip")) flip = file.map("flip");
  }
  int64_t rows() const { return x1.size(0); }
  int64_t draws() const { return x0.size(1); }

  std::pair<Tensor, Tensor> read(int64_t begin, int64_t count) const {
    const auto part = [&](const Tensor& t) { return t.narrow(0, begin, count); };
    Tensor data = scaling.apply(part(x1)).repeat_interleave(draws(), 0);
    if (flip.defined()) data = mirrored(data, part(flip).flatten().to(at::kBool));
    const Tensor noise = part(x0).flatten(0, 1).flatten(1).to(at::kFloat, false, /*copy=*/true);
    h5::release_pages(part(x1)), h5::release_pages(part(x0));
    return {noise, data.flatten(1)};
  }
};

json costs(const Reader& pairs) {
  double across = 0, squares = 0;
  Tensor sum0, sum1;
  for (int64_t begin = 0; begin < pairs.rows(); begin += rows_at_once) {
    const auto [x0, x1] = pairs.read(begin, std::min(rows_at_once, pairs.rows() - begin));
    if (begin == 0) sum0 = at::zeros({x0.size(1)}, at::kDouble), sum1 = at::zeros_like(sum0);
    across += (x1 - x0).square().sum(at::kDouble).item<double>();
    squares += (x0.square().sum(at::kDouble) + x1.square().sum(at::kDouble)).item<double>();
    sum0 += x0.sum(0, false, at::kDouble), sum1 += x1.sum(0, false, at::kDouble);
  }
  const double pairs_in_all = static_cast<double>(pairs.rows() * pairs.draws());
  const double D = static_cast<double>(sum0.numel());
  const double cost = across / (pairs_in_all * D);
  const double independent =
      (squares / pairs_in_all - 2 * (sum0 / pairs_in_all).dot(sum1 / pairs_in_all).item<double>()) /
      D;
  return {{"transport_cost", cost},
          {"independent_cost", independent},
          {"transport_share", cost / independent}};
}

json straightness(const Reader& pairs) {
  const int64_t D = pairs.x1[0].numel(), rows = pairs.rows() * pairs.draws();
  if (D > linear_dims || rows < 4 * D + 2) return json::object();
  // Whole blocks of rows, evenly spaced, some 20,000 pairs in all.
  const int64_t block = std::max<int64_t>(1, 256 / pairs.draws());
  const int64_t step = std::max(block, pairs.rows() * block * pairs.draws() / linear_pairs);
  Moments joint;
  for (int64_t begin = 0; begin < pairs.rows(); begin += step) {
    const auto [x0, x1] = pairs.read(begin, std::min(block, pairs.rows() - begin));
    joint.add(at::cat({x0, x1}, 1));
  }
  const Tensor all = joint.covariance();
  const Tensor S0 = all.slice(0, 0, D).slice(1, 0, D), S1 = all.slice(0, D).slice(1, D);
  const Tensor C = all.slice(0, D).slice(1, 0, D);
  // A fit to n pairs looks better than it is by its D degrees of freedom.
  const double n = static_cast<double>(joint.count()), freedom = n / (n - static_cast<double>(D));
  const double loss = freedom * linear_loss(S0, S1, C);
  return {{"linear_loss", loss}, {"linear_share", loss / linear_loss(S0, S1, at::zeros_like(C))}};
}

json coverage(const h5::File& file, int64_t examples) {
  const Tensor source = file.read("source");
  const Tensor often = source.bincount({}, examples).to(at::kDouble);
  const double rows = static_cast<double>(source.numel());
  return {{"examples", examples},
          {"used", often.gt(0).sum().item<double>() / static_cast<double>(examples)},
          {"most_used", often.max().item<double>()},
          {"data_error",
           (often / rows - 1.0 / static_cast<double>(examples)).abs().sum().item<double>() / 2}};
}

}  // namespace

json pair_quality(const h5::File& file, const Scaling& scaling, int64_t examples) {
  const Reader pairs(file, scaling);
  json quality = costs(pairs);
  quality.update(straightness(pairs));
  quality.update(coverage(file, examples));
  return quality;
}

json assessed(const h5::File& file, json facts, int64_t examples) {
  constexpr int64_t most_numbers = int64_t{1} << 24;
  const OneThread same_sums;
  const Tensor x0 = file.map("x0"), label = file.read("label");
  const int64_t most = std::max<int64_t>(2, most_numbers / x0[0][0].numel());
  const Tensor rows = spaced_rows(row_range(0, x0.size(0)), most);
  std::vector<Tensor> codes;
  for (const Tensor& some : rows.split(256)) {
    codes.push_back(x0.select(1, 0).index_select(0, some).flatten(1).to(at::kFloat));
    h5::release_pages(x0);
  }
  facts["quality"] = pair_quality(file, Scaling::from_json(facts), examples);
  facts["gaussianity"] = gaussianity(at::cat(codes), label.index_select(0, rows),
                                     facts.at("classes").get<int64_t>(), Random(0));
  return facts;
}

}  // namespace couplet
