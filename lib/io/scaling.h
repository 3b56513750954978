// Between the numbers that files store and those that models see.
#pragma once
#include "base/types.h"

namespace couplet {

/// Stored numbers u become x = scale u + shift, by one number, or by one for each column of
/// vectors.
struct Scaling {
  std::vector<double> scale{1}, shift{0};
  Tensor apply(const Tensor& stored) const;  ///< u -> x, float
  Tensor to_stored(const Tensor& x) const;   ///< x -> u, float
  Tensor to_bytes(const Tensor& x) const;    ///< x -> u, uint8, rounded, cut at 0 and 255
  double log_scale() const;                  ///< mean of log scale over the dimensions, nats
  json to_json() const;                      ///< "scale" and "shift": numbers or lists
  static Scaling from_json(const json& given);
};

/// Bytes 0 .. 255 as -1 .. 1.
inline const Scaling byte_scaling{{2.0 / 255}, {-1}};

}  // namespace couplet
