#include "nn/dropout.h"

#include <ATen/ATen.h>

namespace couplet {

thread_local const DropoutRows::Draws* DropoutRows::current = nullptr;

DropoutRows::DropoutRows(const Random& random, const Tensor& rows)
    : draws_{random, rows}, before_(current) {
  current = &draws_;
}

DropoutRows::~DropoutRows() { current = before_; }

Tensor dropout_by_row(const Tensor& h, double share, std::string_view layer) {
  const auto* draws = DropoutRows::current;
  if (share == 0 || draws == nullptr) return h;
  const int64_t times = h.size(0) / draws->rows.size(0);
  TORCH_INTERNAL_ASSERT(h.size(0) == times * draws->rows.size(0), "dropout of another batch");
  const Tensor rows = draws->rows.repeat({times});
  const Tensor u = draws->random.stream(layer).uniform(rows, h.sizes().slice(1));
  return h * (u > share).to(h.scalar_type()).div_(1 - share);
}

}  // namespace couplet
