// Weights of published code, by way of the files in which they come.
#include "flow/weights.h"

#include <filesystem>

#include "base/error.h"
#include "flow/generator.h"
#include "flow/loading.h"
#include "folder.h"
#include "formats/npz.h"
#include "formats/safetensors.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

WeightOptions given(std::vector<int64_t> shape, int64_t head, double eta) {
  WeightOptions options;
  options.shape = shape, options.head = head, options.eta = eta;
  return options;
}

Checkpoint imported(const std::string& file, const std::string& to, const WeightOptions& options) {
  convert_weights(file, options, run_to(to));
  return read_checkpoint(to, {"normalizing-flow"});
}

bool same(const Tensors& a, const Tensors& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& item) {
           return b.contains(item.first) && at::equal(item.second, b.at(item.first));
         });
}

/// Weights of a small random TarFlow without classes.
Tensors random_flow() {
  const auto flow = normalizing_flows().make({{"type", "tarflow"},
                                              {"patch", 2},
                                              {"channels", 16},
                                              {"blocks", 2},
                                              {"layers", 1},
                                              {"head", 8}},
                                             Space{{1, 4, 6}, 0});
  const at::NoGradGuard no_grad;
  for (Tensor& weight : flow->parameters()) weight.add_(at::randn_like(weight), 0.03);
  return named_tensors(*flow);
}

}  // namespace

TEST_CASE("A trained TarFlow gives its published outputs after import", "[parity]") {
  const Folder folder;
  const at::NoGradGuard no_grad;
  for (const auto& path : golden_files("networks/trained", "tarflow")) {
    INFO(path);
    const h5::File file = h5::File::open(path);
    const json config = file.attribute("/", "config");
    const int64_t side = config["img_size"], patch = config["patch_size"];
    const double eta = config["noise_std"];
    const auto options = given({config["in_channels"], side, side}, config["head_dim"], eta);
    const std::string stem = path.substr(0, path.size() - 3);
    const Checkpoint model = imported(stem + ".pth", folder / "a.h5", options);
    const Checkpoint second = imported(stem + ".safetensors", folder / "b.h5", options);
    CHECK(same(model.blocks[0].weights, second.blocks[0].weights));
    CHECK(model.facts.at("check").at("error_max").get<double>() < 1e-4);

    const auto flow = load_flow(model, c10::kCPU);
    const auto check = [&](const std::string& name, const Tensor& result) {
      check_golden(file, name, result);
    };
    const std::vector<int64_t> size{patch, patch}, one{1, 1}, zero{0, 0};
    const auto tokens = [&](const Tensor& x) {
      return at::im2col(x, size, one, zero, size).transpose(1, 2);
    };
    const auto image = [&](const Tensor& t) {
      return at::col2im(t.transpose(1, 2).contiguous(), std::vector{side, side}, size, one, zero,
                        size);
    };
    const Tensor x = file.read("inputs/x"), y = file.read("inputs/y");
    const double dims = x[0].numel();
    const Tensor none = at::full_like(y, -1);
    const auto nll = [&](const Tensor& label) {
      const auto [z, logdet] = flow->encode(x, label);
      return 0.5 * z.square().flatten(1).mean(1) - logdet / dims;
    };
    const auto [z, logdet] = flow->encode(x, y);
    check("forward/z", tokens(z));
    check("forward/logdet_total", logdet);
    check("forward/logdet", logdet / dims);
    check("forward/nll_per_dim", nll(y));
    check("forward/loss", nll(y).mean());
    const auto plain = flow->encode(x, none);
    check("forward_y_none/z", tokens(plain.z));
    check("forward_y_none/logdet", plain.logdet / dims);
    std::vector<Tensor> squares, classes;
    Tensor link = flow->arranged(x);
    for (const auto& block : flow->blocks()) {
      link = block->encode(link, y).z;
      squares.push_back(link.square().mean());
    }
    check("forward/block_mean_square", at::stack(squares));
    for (int64_t c = 0; c < model.space.classes; ++c) classes.push_back(nll(at::full_like(y, c)));
    check("classify/nll_per_dim", at::stack(classes));
    check("denoise_x", denoise(*flow, x, y, eta));
    check("roundtrip/x", flow->decode(z, y));

    const Tensor noise = image(file.read("inputs/z_given")), label = file.read("inputs/y_given");
    SamplingOptions how;
    for (const std::string name : {"sample/plain", "sample/guided"}) {
      how.guidance = name == "sample/guided" ? 1.5 : 0;
      how.flow.denoise = false;
      check(name, make_generator(model, how, c10::kCPU)
                      .generate(noise, label, row_range(0, noise.size(0))));
      how.flow.denoise = true;
      check(name + "_denoised", make_generator(model, how, c10::kCPU)
                                    .generate(noise, label, row_range(0, noise.size(0))));
    }
  }
}

TEST_CASE("Weights go out and come back bit for bit, and say what they are", "[flow]") {
  const Folder folder;
  write_safetensors(folder / "a.safetensors", {random_flow(), {}});
  WeightOptions options = given({1, 4, 6}, 8, 0.25);
  options.range = 16;
  const Checkpoint model = imported(folder / "a.safetensors", folder / "a.h5", options);
  CHECK(model.facts.at("storage") == "u8");
  CHECK(model.facts.at("scale").get<double>() == 2. / 16);
  convert_weights(folder / "a.h5", {}, run_to(folder / "b.safetensors"));
  const Checkpoint back = imported(folder / "b.safetensors", folder / "b.h5", {});
  CHECK(same(back.blocks[0].weights, model.blocks[0].weights));
  CHECK(back.blocks[0].net == model.blocks[0].net);
  CHECK(back.space == model.space);
  for (const char* fact : {"eta", "scale", "shift", "storage"}) {
    CHECK(back.facts.at(fact) == model.facts.at(fact));
  }
  convert_weights(folder / "a.h5", {}, run_to(folder / "a.npz"));
  CHECK(same(read_npz(folder / "a.npz"), model.blocks[0].weights));
}

TEST_CASE("What weights do not tell is asked for by its option", "[flow]") {
  const Folder folder;
  const std::string path = folder / "a.safetensors", out = folder / "a.h5";
  Tensors weights = random_flow();
  const auto refused = [&](const WeightOptions& options, const std::string& words) {
    INFO(words);
    CHECK_THROWS_WITH(convert_weights(path, options, run_to(out)), contains(words));
    CHECK_FALSE(std::filesystem::exists(out));
  };
  write_safetensors(path, {weights, {}});
  refused({}, "weights.shape=");
  refused(given({1, 4, 6}, 0, 0.1), "weights.head=64");
  refused(given({1, 4, 6}, 8, -1), "weights.eta=");
  refused(given({1, 4, 8}, 8, 0.1), "has 32 numbers");
  refused(given({1, 4, 6}, 5, 0.1), "no multiple of 'head' = 5");
  refused(given({2, 2, 6}, 8, 0.1), "no square patches");

  // Two models in one file, with what parallel training put before the names
  Tensors two;
  for (const auto& [name, tensor] : weights) {
    two["net/module." + name] = tensor, two["ema/module." + name] = tensor + 1;
  }
  two["optim/state/0/step"] = at::ones({});
  write_safetensors(path, {two, {}});
  WeightOptions options = given({1, 4, 6}, 8, 0.1);
  refused(options, "out of ema/module, net/module");
  options.group = "both";
  refused(options, "has ema/module, net/module");
  options.group = "net";
  CHECK(same(imported(path, folder / "net.h5", options).blocks[0].weights, weights));

  write_safetensors(path, {{{"fc.weight", at::ones({2, 2})}}, {}});
  refused(given({1, 4, 6}, 8, 0.1), "holds no network");
  weights.erase("blocks.1.pos_embed");
  write_safetensors(path, {weights, {}});
  refused(given({1, 4, 6}, 8, 0.1), "blocks.1.pos_embed");
}
