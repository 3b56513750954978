// TarFlow against the numbers of apple/ml-tarflow.
#include <torch/csrc/autograd/autograd.h>

#include "flow/flows/tarflow.h"
#include "flow/flows/tarflow_block.h"
#include "io/checkpoint.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

/// The network of one file, and its images as the reference cuts them into tokens.
struct Published {
  explicit Published(const std::string& path)
      : file(h5::File::open(path)), config(file.attribute("/", "config")) {
    const int64_t side = config["img_size"];
    const Space space{{config["in_channels"], side, side}, config["num_classes"]};
    const TarFlowOptions options{.patch = patch = config["patch_size"],
                                 .channels = config["channels"],
                                 .blocks = config["num_blocks"],
                                 .layers = config["layers_per_block"],
                                 .head = config["head_dim"],
                                 .nvp = config["nvp"]};
    size = {patch, patch};
    flow = make_tarflow(options, space);
    load_tensors(*flow, golden_weights(file));
    x = file.read("inputs/x");
    none = at::full({x.size(0)}, -1, at::kLong);
    label = space.classes ? file.read("inputs/y") : none;
    valid = space.classes ? file.read("inputs/y_valid") : none;
  }
  Tensor tokens(const Tensor& image) const {
    return at::im2col(image, size, one, zero, size).transpose(1, 2);
  }
  Tensor image(const Tensor& tokens) const {
    return at::col2im(tokens.transpose(1, 2).contiguous(), x.sizes().slice(2), size, one, zero,
                      size);
  }
  std::shared_ptr<TarFlowBlock> block(int64_t i) const {
    return std::dynamic_pointer_cast<TarFlowBlock>(
        flow->named_modules()["blocks." + std::to_string(i)]);
  }
  void check(const std::string& name, const Tensor& result) const {
    check_golden(file, name, result);
  }

  const std::vector<int64_t> one{1, 1}, zero{0, 0};
  h5::File file;
  json config;
  int64_t patch;
  std::vector<int64_t> size;
  std::shared_ptr<NormalizingFlow> flow;
  Tensor x, label, valid, none;
};

void each_file(const std::function<void(const Published&)>& test) {
  const auto files = golden_files("networks", "tarflow");
  REQUIRE(!files.empty());
  for (const auto& path : files) {
    INFO(path);
    test(Published(path));
  }
}

}  // namespace

TEST_CASE("TarFlow encodes as published", "[parity]") {
  each_file([](const Published& net) {
    const double dims = net.x[0].numel();
    const auto [z, logdet] = net.flow->encode(net.x, net.label);
    net.check("patchify", net.tokens(net.x));
    net.check("forward/z", net.tokens(z));
    net.check("forward/logdet_total", logdet);
    net.check("forward/logdet", logdet / dims);
    net.check("forward/nll_per_dim", 0.5 * z.square().flatten(1).mean(1) - logdet / dims);

    if (net.file.has("outputs/forward_y_none/z")) {
      const auto plain = net.flow->encode(net.x, net.none);
      net.check("forward_y_none/z", net.tokens(plain.z));
      net.check("forward_y_none/logdet", plain.logdet / dims);
    }

    Tensor token = net.tokens(net.x);
    std::vector<Tensor> logdets;
    for (int64_t i = 0; i < net.config["num_blocks"].get<int64_t>(); ++i) {
      const auto out = net.block(i)->encode(token, net.label);
      token = out.z;
      logdets.push_back(out.logdet / dims);
      net.check("forward/block" + std::to_string(i), token);
    }
    net.check("forward/block_logdet", at::stack(logdets));
  });
}

TEST_CASE("TarFlow's layers are as published", "[parity]") {
  each_file([](const Published& net) {
    for (int64_t i = 0; i < 2; ++i) {
      const auto block = net.block(i);
      const auto check = [&](const std::string& layer, const Tensor& h) {
        net.check(text("trace/blocks.", i, ".", layer), h);
      };
      Tensor x = net.tokens(net.x), places = block->pos_embed;
      for (int64_t k = 0; k < i; ++k) x = net.block(k)->encode(x, net.label).z;
      if (block->backwards) x = x.flip(1), places = places.flip(0);
      const Tensor in = block->proj_in(x);
      check("proj_in", in);
      Tensor h = in + places + block->embed(net.label).unsqueeze(1);
      check("attn_blocks.0.attention", block->layers[0]->attention->forward(h) - h);
      for (size_t k = 0; k < block->layers.size(); ++k) {
        h = block->layers[k]->mlp->forward(block->layers[k]->attention->forward(h));
        if (k == 0) check("attn_blocks.0", h);
      }
      check("proj_out", block->proj_out(h));
    }
  });
}

TEST_CASE("TarFlow's likelihood of pixels is as published", "[parity]") {
  each_file([](const Published& net) {
    const Tensor pixels = net.file.read("inputs/pixels").to(at::kFloat);
    const Tensor x = (pixels + net.file.read("inputs/dequantisation_noise")) / 128 - 1;
    net.check("bpd/x", x);
    const double dims = x[0].numel(), channels = x.size(1);
    const auto [z, logdet] = net.flow->encode(x, net.none);
    net.check("bpd/z", net.tokens(z));
    net.check("bpd/logdet", logdet / dims);
    const Tensor log_p = log_prob(*net.flow, x, net.none);
    const Tensor prior = log_p - logdet - dims * std::log(128);
    net.check("bpd/prior_log_p", prior);
    net.check("bpd/bpd", -(prior + logdet) / dims / std::log(2));
    // The script takes three channels for granted.
    net.check("bpd/bpd_script", -(prior * (channels / 3) + logdet) / dims / std::log(2));
  });
}

TEST_CASE("TarFlow's learned prior moves as published", "[parity]") {
  each_file([](const Published& net) {
    if (!net.file.has("outputs/prior/var_after_update")) return;
    Tensor var = net.flow->named_buffers()["var"];
    const Tensor before = var.clone();
    net.flow->update_prior(net.flow->encode(net.x, net.valid).z, 0.1);
    net.check("prior/var_after_update", var);
    var.copy_(before);
    const Tensor z = net.flow->encode(net.x, net.valid).z;
    net.flow->eval();  // where encode undoes the prior's scale
    net.check("roundtrip/x_var_undone",
              net.flow->decode(net.flow->encode(net.x, net.valid).z, net.valid));
    CHECK(distance(net.flow->encode(net.x, net.valid).z, z) > 1e-3);
  });
}

TEST_CASE("TarFlow's gradients are as published", "[parity]") {
  each_file([](const Published& net) {
    const Tensor x = net.x.clone().requires_grad_();
    const auto [z, logdet] = net.flow->encode(x, net.label);
    const Tensor loss = 0.5 * z.square().mean() - logdet.mean() / x[0].numel();
    net.check("forward/loss", loss);
    loss.backward();
    const auto parameters = net.flow->named_parameters();
    for (const auto& name : net.file.datasets("outputs/gradient")) {
      net.check("gradient/" + name, name == "x" ? x.grad() : parameters[name].grad());
    }
    std::vector<Tensor> norms;
    for (const std::string name : net.file.attribute("outputs/gradient_norms", "names")) {
      const Tensor gradient = parameters[name].grad();
      norms.push_back(gradient.defined() ? gradient.norm() : at::zeros({}));
    }
    net.check("gradient_norms", at::stack(norms));
  });
}

TEST_CASE("TarFlow decodes as published", "[parity]") {
  each_file([](const Published& net) {
    const Tensor z = net.image(net.file.read("inputs/z_prior"));
    const json variants = net.file.attribute("/", "variants");
    for (const auto& [name, variant] : variants.items()) {
      if (!net.file.has("outputs/reverse/" + name)) continue;
      const Decoding how{.guidance = variant.value("guidance", 0.),
                         .what = variant.value("guide_what", "ab"),
                         .annealed = variant.value("annealed_guidance", false),
                         .temperature = variant.value("attn_temp", 1.)};
      net.check("reverse/" + name, net.flow->decode(z, net.valid, how));
    }
    const Tensor round = net.flow->encode(net.x, net.valid).z;
    net.check("roundtrip/z", net.tokens(round));
    net.check("roundtrip/x", net.flow->decode(round, net.valid));
    if (!net.file.has("outputs/reverse/y_none")) return;

    // Label -1: the reference's reverse takes the last class there, ours what no label means.
    net.check("reverse/y_none", net.flow->decode(z, net.none));
    const Tensor last =
        at::where(net.label < 0, net.config["num_classes"].get<int64_t>() - 1, net.label);
    net.check("reverse/y_minus1", net.flow->decode(z, last));
    const Tensor missing = (net.label < 0).nonzero().squeeze(1);
    REQUIRE(missing.numel() > 0);
    CHECK(distance(net.flow->decode(z, net.label).index_select(0, missing),
                   net.file.read("outputs/reverse/y_none").index_select(0, missing)) < 1e-4);
  });
}

TEST_CASE("TarFlow's blocks decode as published", "[parity]") {
  each_file([](const Published& net) {
    const Tensor prior = net.file.read("inputs/z_prior");
    for (int64_t i = 0; i < 2; ++i) {
      const std::string at = text("metablock/", i);
      const Tensor argument = prior.clone(),
                   x = net.block(i)->decode(argument, net.valid, {}, 1, {});
      net.check(at + "/reverse", x);
      CHECK(at::equal(argument, prior));  // the reference's blocks that do not flip overwrite it
      if (i == 0) net.check(at + "/argument_after", x);
      if (i == 1) net.check(at + "/argument_after", prior);
    }
    std::vector<Tensor> sequence{net.image(prior)};
    Tensor x = prior * net.flow->named_buffers()["var"].sqrt();
    for (int64_t i = net.config["num_blocks"]; i-- > 0;) {
      x = net.block(i)->decode(x, net.valid, {}, 1, {});
      sequence.push_back(net.image(x));
    }
    net.check("reverse/plain_sequence", at::stack(sequence));
  });
}

TEST_CASE("TarFlow denoises as published", "[parity]") {
  each_file([](const Published& net) {
    const double eta = net.config["noise_std"], numbers = net.x.numel();
    const Tensor x = denoise(*net.flow, net.x, net.valid, eta);
    net.check("denoise/x", x);
    net.check("denoise/lr", at::scalar_tensor(numbers * eta * eta, at::kDouble));
    net.check("denoise/gradient", (net.x - x) / (numbers * eta * eta));
    const Tensor nll = -log_prob(*net.flow, net.x, net.valid).mean() / net.x[0].numel();
    net.check("denoise/loss", nll - 0.5 * std::log(2 * M_PI));
    const bool guided = net.file.has("outputs/reverse/guided_ab_annealed");
    const Decoding how{.guidance = guided && net.config["num_classes"] > 0 ? 1.5 : 0.};
    const Tensor samples =
        net.flow->decode(net.image(net.file.read("inputs/z_prior")), net.valid, how);
    net.check("denoise/of_samples", denoise(*net.flow, samples, net.valid, eta));
  });
}
