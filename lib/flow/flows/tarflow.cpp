#include "flow/flows/tarflow.h"

#include <ATen/ATen.h>

#include "flow/flows/tarflow_block.h"

namespace couplet {

namespace {

using Module = torch::nn::Module;

/// An image (C, H, W) as a grid of square patches; a vector (D) as a row of short vectors.
struct Patches {
  int64_t channels, rows, columns, height, width;

  Patches(const Space& space, int64_t patch) {
    const auto& shape = space.shape;
    require(shape.size() == 1 || shape.size() == 3,
            "tarflow needs images (C, H, W) or vectors (D), found ", at::IntArrayRef(shape));
    const bool image = shape.size() == 3;
    channels = image ? shape[0] : 1, height = image ? patch : 1, width = patch;
    const int64_t H = image ? shape[1] : 1, W = shape.back();
    require_option(patch > 0 && H % height == 0 && W % width == 0, "option 'patch' = ", patch,
                   " does not divide the shape ", at::IntArrayRef(shape));
    rows = H / height, columns = W / width;
    require_option(
        tokens() >= 2, "option 'patch' = ", patch,
        " leaves one token, and a flow of one token is the identity: take a smaller one");
  }
  int64_t tokens() const { return rows * columns; }
  int64_t numbers() const { return channels * height * width; }  // in one token, channel-major

  /// (N, *shape) -> (N, T, D) and back; tokens row by row.
  Tensor split(const Tensor& x) const {
    return x.reshape({-1, channels, rows, height, columns, width})
        .permute({0, 2, 4, 1, 3, 5})
        .reshape({-1, tokens(), numbers()});
  }
  Tensor join(const Tensor& tokens, at::IntArrayRef sizes) const {
    return tokens.reshape({-1, rows, columns, channels, height, width})
        .permute({0, 3, 1, 4, 2, 5})
        .reshape(sizes);
  }
};

struct TarFlow : NormalizingFlow {
  TarFlow(const TarFlowOptions& options, const Space& space)
      : patches(space, options.patch), shape(space.shape), volume_preserving(!options.nvp) {
    const int64_t T = patches.tokens(), D = patches.numbers();
    const auto list = register_module("blocks", std::make_shared<Module>());
    for (int64_t i = 0; i < options.blocks; ++i) {
      chain.push_back(std::make_shared<TarFlowBlock>(options, T, D, space.classes, i % 2 == 1));
      list->register_module(std::to_string(i), chain.back());
    }
    var = register_buffer("var", at::ones({T, D}));
  }

  Encoded encode(const Tensor& x, const Tensor& label) override {
    check(x);
    Tensor z = patches.split(x), logdet = at::zeros({x.size(0)}, x.options());
    for (const auto& block : chain) {
      const Encoded next = block->encode(z, label);
      z = next.z;
      logdet = logdet + next.logdet;
    }
    if (!is_training()) {
      z = z / var.sqrt();
      logdet = logdet - 0.5 * var.log().sum();
    }
    return {patches.join(z, x.sizes()), logdet};
  }

  Tensor decode(const Tensor& z, const Tensor& label, const Decoding& how) override {
    check(z);
    require_option(how.what == "a" || how.what == "b" || how.what == "ab",
                   "guided quantities must be 'a', 'b' or 'ab', found '", how.what, "'");
    const at::NoGradGuard without_grad;
    Tensor x = arranged_noise(z);
    for (size_t i = chain.size(); i-- > 0;) {
      x = chain[i]->decode(x, label, how, how.windows.empty() ? 1 : how.windows.at(i));
    }
    return patches.join(x, z.sizes());
  }

  std::vector<std::shared_ptr<FlowBlock>> blocks() const override { return chain; }
  Tensor arranged(const Tensor& x) const override { return patches.split(x); }
  Tensor arranged_noise(const Tensor& z) const override { return patches.split(z) * var.sqrt(); }
  bool learns_prior() const override { return volume_preserving; }
  void update_prior(const Tensor& z, double rate) override {
    const at::NoGradGuard without_grad;
    var.lerp_(patches.split(z).square().mean(0), rate).clamp_min_(1e-12);
  }

  void check(const Tensor& x) const {
    require(x.dim() > 0 && x.sizes().slice(1) == at::IntArrayRef(shape), "tarflow takes (N, *",
            at::IntArrayRef(shape), "), found ", x.sizes());
  }

  Patches patches;
  std::vector<int64_t> shape;
  bool volume_preserving;
  std::vector<std::shared_ptr<FlowBlock>> chain;
  Tensor var;  // of the prior, by token and component; ones where nvp
};

}  // namespace

std::shared_ptr<NormalizingFlow> make_tarflow(const TarFlowOptions& options, const Space& space) {
  require_option(options.blocks > 0 && options.layers > 0,
                 "options 'blocks' and 'layers' must be positive");
  require_option(options.head > 0 && options.channels > 0 && options.channels % options.head == 0,
                 "option 'channels' = ", options.channels,
                 " is no multiple of 'head' = ", options.head);
  return std::make_shared<TarFlow>(options, space);
}

}  // namespace couplet
