#include "nn/backbone.h"

#include "nn/backbones/dit.h"
#include "nn/backbones/mlp.h"
#include "nn/backbones/perceptron.h"
#include "nn/backbones/unet.h"

namespace couplet {

const Registry<Backbone, const Space&, int64_t>& backbones() {
  static const Registry<Backbone, const Space&, int64_t> table(
      "backbone",
      {
          {"mlp", "residual perceptron, for vectors and small images", make_mlp},
          {"perceptron", "plain perceptron of t and a vector, as of LFM (2410.02548)",
           make_perceptron},
          {"dit", "transformer over patches, adaLN-zero (2212.09748)", make_dit},
          {"unet", "convolutions with skips and attention (2105.05233, as in torchcfm)", make_unet},
      });
  return table;
}

}  // namespace couplet
