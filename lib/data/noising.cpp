#include "data/noising.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"

namespace couplet {

Noising::Noising(const std::string& law, double eta, const Dataset& data)
    : uniform_(law == "uniform"), eta_(eta) {
  require_option(uniform_ || law == "gaussian",
                 "option 'noise' must be gaussian or uniform, found '", law, "'");
  require_option(eta >= 0, "option 'eta' must be 0 or more, found ", eta);
  if (data.is_bytes()) shift_ = data.scaling.shift[0], level_ = data.scaling.scale[0];
  if (!uniform_) return;
  require_option(data.is_bytes(), "option 'noise' = uniform needs data stored as bytes (see ",
                 "couplet-convert's option 'range'), ", data.path, " holds other numbers");
  const double range = std::round(2 / level_);
  squeeze_ = range / (range + 1);
}

Tensor Noising::operator()(const Tensor& x, const Tensor& rows, const Random& random) const {
  const auto shape = x.sizes().slice(1);
  if (!uniform_) return x + eta_ * random.normal(rows, shape);
  return (x - shift_ + level_ * (1 - random.uniform(rows, shape))) * squeeze_ + shift_;
}

}  // namespace couplet
