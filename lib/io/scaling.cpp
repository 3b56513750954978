#include "io/scaling.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"

namespace couplet {

namespace {

// One number a column, as x is.
Tensor like(const std::vector<double>& columns, const Tensor& x) {
  return at::tensor(columns, at::kFloat).to(x.device());
}

}  // namespace

Tensor Scaling::apply(const Tensor& stored) const {
  const Tensor x = stored.to(at::kFloat);
  if (scale.size() > 1) return x * like(scale, x) + like(shift, x);
  return scale[0] == 1 && shift[0] == 0 ? x : x.mul(scale[0]).add_(shift[0]);
}

Tensor Scaling::to_stored(const Tensor& x) const {
  if (scale.size() > 1) return (x - like(shift, x)) / like(scale, x);
  return scale[0] == 1 && shift[0] == 0 ? x : x.sub(shift[0]).div_(scale[0]);
}

Tensor Scaling::to_bytes(const Tensor& x) const {
  return x.sub(shift[0]).div_(scale[0]).round_().clamp_(0, 255).to(at::kByte);
}

double Scaling::log_scale() const {
  double sum = 0;
  for (const double s : scale) sum += std::log(s);
  return sum / static_cast<double>(scale.size());
}

json Scaling::to_json() const {
  if (scale.size() > 1) return {{"scale", scale}, {"shift", shift}};
  return {{"scale", scale[0]}, {"shift", shift[0]}};
}

Scaling Scaling::from_json(const json& given) {
  const auto numbers = [&](const char* name) {
    const json& value = given.at(name);
    return value.is_array() ? value.get<std::vector<double>>() : std::vector{value.get<double>()};
  };
  const Scaling scaling{numbers("scale"), numbers("shift")};
  require(!scaling.scale.empty() && scaling.scale.size() == scaling.shift.size(), "has ",
          scaling.scale.size(), " scales and ", scaling.shift.size(), " shifts");
  return scaling;
}

}  // namespace couplet
