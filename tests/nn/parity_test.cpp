// The published U-Net, DiT and SiT: outputs and gradients of the Python originals.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "io/checkpoint.h"
#include "nn/backbone.h"
#include "nn/backbones/dit.h"
#include "nn/embedding.h"
#include "testing.h"

using namespace couplet;
using testing::check_golden;

namespace {

using Settings = std::map<std::string, json>;

// Every key of a file's config is either known here or has the one value that is built.
void require_built(const h5::File& file, const json& config, const std::vector<std::string>& known,
                   const Settings& fixed) {
  for (const auto& [key, value] : config.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    INFO(file.path() << ": the network for '" << key << "': " << value << " is not built");
    REQUIRE(fixed.contains(key));
    REQUIRE(value == fixed.at(key));
  }
}

using Function = std::function<Tensor(const Tensor& x, const Tensor& t, const Tensor& label)>;

// Output, loss, and gradients of everything, as the file asks for them.
void check_network(const h5::File& file, Backbone& net, const Function& f, const Tensor& label) {
  const Tensor x = file.read("inputs/x").requires_grad_(), t = file.read("inputs/t");
  const Tensor out = f(x, t, label);
  check_golden(file, "output", out);
  const Tensor loss = (out - file.read("inputs/target")).square().mean();
  check_golden(file, "loss", loss);

  auto wanted = net.named_parameters();
  std::vector<Tensor> leaves = wanted.values();
  leaves.push_back(x);
  const auto gradients = torch::autograd::grad({loss}, leaves);
  Tensors by_name{{"x", gradients.back()}};
  for (size_t i = 0; i < wanted.size(); ++i) by_name[wanted[i].key()] = gradients[i];

  for (const std::string& name : file.datasets("outputs/gradient")) {
    REQUIRE(by_name.contains(name));
    check_golden(file, "gradient/" + name, by_name[name]);
  }
  std::vector<Tensor> norms;
  for (const json& name : file.attribute("outputs/gradient_norms", "names")) {
    REQUIRE(by_name.contains(name));
    norms.push_back(by_name[name].norm());
  }
  check_golden(file, "gradient_norms", at::stack(norms));
}

void check_unet(const std::string& path) {
  const auto file = h5::File::open(path);
  const json config = file.attribute("/", "config");
  require_built(
      file, config,
      {"arch", "class_cond", "num_classes", "dim", "num_channels", "num_res_blocks", "channel_mult",
       "attention_resolutions", "num_heads", "num_head_channels", "num_heads_upsample",
       "use_scale_shift_norm", "resblock_updown", "use_new_attention_order", "conv_resample"},
      {{"learn_sigma", false}, {"dropout", 0}});
  json options{{"type", "unet"}, {"time_scale", 1.}, {"attention_resolutions", json::array()}};
  options["channels"] = config["num_channels"];
  options["res_blocks"] = config["num_res_blocks"];
  options["channel_mult"] = config["channel_mult"];
  const int64_t channels_a_head = config["num_head_channels"];
  if (channels_a_head > 0)
    options["head_channels"] = channels_a_head;
  else
    options["heads"] = config["num_heads"];
  options["heads_upsample"] = std::max<int64_t>(0, config["num_heads_upsample"]);
  options["scale_shift_norm"] = config["use_scale_shift_norm"];
  options["resblock_updown"] = config["resblock_updown"];
  options["new_attention_order"] = config["use_new_attention_order"];
  options["conv_resample"] = config.value("conv_resample", true);
  std::istringstream list(config["attention_resolutions"].get<std::string>());
  for (std::string item; std::getline(list, item, ',');) {
    options["attention_resolutions"].push_back(std::stoll(item));
  }
  const bool classes = config["class_cond"];
  const Space space{config["dim"], classes ? config["num_classes"].get<int64_t>() : 0};
  const auto net = backbones().make(options, space, 1);
  load_tensors(*net, testing::golden_weights(file));

  const Function f = [&](const Tensor& x, const Tensor& t, const Tensor& label) {
    return net->forward(x, t.unsqueeze(1), label);
  };
  const Tensor x = file.read("inputs/x"), t = file.read("inputs/t");
  const Tensor label = classes ? file.read("inputs/y") : at::full({x.size(0)}, -1, at::kLong);
  check_network(file, *net, f, label);
  check_golden(file, "timestep_embedding", timestep_embedding(t, options["channels"]));
  check_golden(file, "output_t_scalar",
               f(x, file.read("inputs/t_scalar").expand({x.size(0)}), label));
}

void check_dit(const std::string& path) {
  const auto file = h5::File::open(path);
  const json config = file.attribute("/", "config");
  require_built(
      file, config,
      {"arch", "input_size", "patch_size", "in_channels", "hidden_size", "depth", "num_heads",
       "mlp_ratio", "num_classes", "learn_sigma", "pos_embed", "cfg_scale", "class_dropout_prob"},
      {});
  const json options{{"type", "dit"},
                     {"time_scale", 1.},
                     {"patch", config["patch_size"]},
                     {"hidden", config["hidden_size"]},
                     {"depth", config["depth"]},
                     {"heads", config["num_heads"]},
                     {"mlp_ratio", config["mlp_ratio"]},
                     {"learn_sigma", config["learn_sigma"]}};
  const int64_t side = config["input_size"], classes = config["num_classes"];
  const auto net = backbones().make(options, {{config["in_channels"], side, side}, classes}, 1);
  check_golden(file, "sincos_pos_embed", net->named_buffers()["pos_embed"].squeeze(0));
  Tensors weights = testing::golden_weights(file);
  const bool dropped = config["class_dropout_prob"].get<double>() > 0;
  if (!dropped) {  // no row for a missing label
    Tensor& table = weights.at("y_embedder.embedding_table.weight");
    table = at::cat({table, at::zeros_like(table.slice(0, 0, 1))});
  }
  load_tensors(*net, weights);

  // DiT returns the second half of learn_sigma, SiT drops it. Their missing label is `classes`,
  // ours -1.
  const bool all = config["arch"] == "dit";
  const auto dit = std::dynamic_pointer_cast<Dit>(net);
  const Function f = [&](const Tensor& x, const Tensor& t, const Tensor& theirs) {
    const Tensor label = at::where(theirs == classes, -1, theirs), times = t.unsqueeze(1);
    return all ? dit->all_channels(x, times, label) : net->forward(x, times, label);
  };
  check_network(file, *net, f, file.read("inputs/y"));
  check_golden(file, "timestep_embedding", timestep_embedding(file.read("inputs/t"), 256));
  if (!dropped) return;
  check_golden(file, "forward_cfg_inputs_plain",
               f(file.read("inputs/cfg_x"), file.read("inputs/cfg_t"), file.read("inputs/cfg_y")));
}

}  // namespace

TEST_CASE("U-Net equals torchcfm's", "[parity]") {
  for (const std::string& path : testing::golden_files("networks", "unet")) check_unet(path);
}

TEST_CASE("DiT equals facebookresearch/DiT and SiT", "[parity]") {
  for (const std::string prefix : {"dit", "sit"}) {
    for (const std::string& path : testing::golden_files("networks", prefix)) check_dit(path);
  }
}
