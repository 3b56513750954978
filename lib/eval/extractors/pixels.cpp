#include "eval/extractors/pixels.h"

namespace couplet {

namespace {

struct Pixels : FeatureExtractor {
  c10::Device device;
  explicit Pixels(c10::Device device) : device(device) {}
  Extracted operator()(const Tensor& x) const override { return {x.to(device).flatten(1), {}}; }
  json protocol() const override { return {{"extractor", "pixels"}}; }
};

}  // namespace

std::shared_ptr<FeatureExtractor> make_pixels(c10::Device device) {
  return std::make_shared<Pixels>(device);
}

}  // namespace couplet
