// Cross entropy, for the classifiers that give features.
#pragma once
#include "base/options.h"
#include "base/random.h"
#include "nn/classifier.h"

namespace couplet {

struct ClassificationOptions {
  int64_t shift = 0;
  double smoothing = 0.05;
  void describe(auto&& option) {
    option("shift", shift, "images: moved by up to so many pixels each way, the border repeated");
    option("smoothing", smoothing, "share of the target that is spread over all classes");
  }
};

class Classification {
 public:
  /// Errors: BadOption.
  Classification(const ClassificationOptions& options, const Space& space, const Random& random);
  /// Mean cross entropy in nats of examples x (N, *shape), moved by row, with label (N).
  Tensor operator()(const Classifier& net, const Tensor& x, const Tensor& label,
                    const Tensor& rows) const;

 private:
  ClassificationOptions options_;
  Random shift_;
};

/// images (N, C, H, W), each moved by its own (dy, dx), (N, 2) int64.
Tensor moved(const Tensor& images, const Tensor& offsets);

}  // namespace couplet
