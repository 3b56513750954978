#include "eval/inception_score.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"

namespace couplet {

Spread inception_score(const Tensor& logits, int64_t parts) {
  const int64_t n = logits.size(0);
  require(parts > 0 && n >= parts, "an Inception score of ", parts,
          " parts needs as many rows, found ", n);
  require(logits.isfinite().all().item<bool>(), "logits of the network are not finite");
  std::vector<double> scores;
  for (int64_t i = 0; i < parts; ++i) {
    const Tensor log_p =
        logits.slice(0, i * n / parts, (i + 1) * n / parts).to(at::kDouble).log_softmax(1);
    const Tensor p = log_p.exp();
    const Tensor kl = (p * (log_p - p.mean(0).log())).nan_to_num(0).sum(1);  // 0 log 0 = 0
    scores.push_back(std::exp(kl.mean().item<double>()));
  }
  return spread_of(scores);
}

}  // namespace couplet
