#include "eval/accuracy.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace couplet {

double accuracy(const Classifier& net, const Dataset& data, const std::string& split,
                c10::Device device) {
  constexpr int64_t batch = 500;
  const at::NoGradGuard no_grad;
  const auto [begin, end] = split_rows(data, split);
  const auto labels = data.labels.slice(0, begin, end);
  Tensor right = at::zeros({}, at::TensorOptions(device).dtype(at::kLong));
  for (int64_t row = begin; row < end; row += batch) {
    const int64_t stop = std::min(row + batch, end);
    const Tensor x = data.examples(row_range(row, stop), device);
    right +=
        (net.logits(net.features(x)).argmax(1) == data.labels.slice(0, row, stop).to(device)).sum();
  }
  const int64_t labelled = (labels >= 0).sum().item<int64_t>();
  require(labelled > 0, data.path, ": its ", split, " split has no labels");
  return static_cast<double>(right.item<int64_t>()) / static_cast<double>(labelled);
}

}  // namespace couplet
