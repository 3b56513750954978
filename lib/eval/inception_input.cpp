#include "eval/inception_input.h"

#include <ATen/ATen.h>

#include "base/named.h"

namespace couplet {

namespace {

constexpr int64_t kSide = 299;
constexpr int64_t kSides[] = {kSide, kSide};

/// Between pixel i in/out, rounded down, and the next one, along one dimension.
Tensor between_neighbours(const Tensor& x, int64_t dim) {
  const int64_t in = x.size(dim);
  const float scale = static_cast<float>(in) / kSide;
  const Tensor place = at::arange(kSide, x.options().dtype(at::kFloat)) * scale;
  const Tensor below = place.to(at::kLong), above = (below + 1).clamp_max(in - 1);
  std::vector<int64_t> along(x.dim(), 1);
  along[dim] = kSide;
  return at::lerp(x.index_select(dim, below), x.index_select(dim, above),
                  (place - below).to(x.scalar_type()).view(along));
}

Tensor centred(const Tensor& levels) { return (levels - 128) / 128; }

Tensor tensorflow(const Tensor& x) { return centred(resize_as_tensorflow(x)); }

Tensor pytorch_fid(const Tensor& x) {
  return 2 * at::upsample_bilinear2d(x / 255, kSides, /*align_corners=*/false) - 1;
}

Tensor torchmetrics(const Tensor& x) {
  return centred(at::_upsample_bilinear2d_aa(x, kSides, /*align_corners=*/false));
}

Tensor clean_fid(const Tensor& x) {
  return centred(at::_upsample_bicubic2d_aa(x, kSides, /*align_corners=*/false).clamp(0, 255));
}

}  // namespace

Tensor resize_as_tensorflow(const Tensor& x) {
  return between_neighbours(between_neighbours(x, 3), 2);
}

const std::vector<InceptionInput>& inception_inputs() {
  static const std::vector<InceptionInput> table = {
      {"tensorflow", tensorflow},
      {"pytorch-fid", pytorch_fid},
      {"torchmetrics", torchmetrics},
      {"clean-fid", clean_fid},
  };
  return table;
}

const InceptionInput& inception_input(const std::string& name) {
  std::vector<std::string> names;
  for (const InceptionInput& input : inception_inputs()) {
    if (input.name == name) return input;
    names.push_back(input.name);
  }
  unknown("resizing", name, names);
}

}  // namespace couplet
