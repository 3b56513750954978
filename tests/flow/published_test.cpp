// Velocity fields of published code, by way of their files of weights.
#include "flow/published.h"

#include <filesystem>

#include "base/error.h"
#include "flow/generator.h"
#include "flow/loading.h"
#include "folder.h"
#include "formats/safetensors.h"
#include "nn/backbones/dit.h"
#include "nn/diffusion.h"
#include "testing.h"

using namespace couplet;
using namespace couplet::testing;

namespace {

Checkpoint imported_published(const std::string& file, const std::string& to,
                              const WeightOptions& options) {
  convert_weights(file, options, run_to(to));
  return read_checkpoint(to, {"velocity-field"});
}

Tensors named(const std::string& prefix, const Tensors& weights, double more = 0) {
  Tensors all;
  for (const auto& [name, tensor] : weights) all[prefix + name] = tensor + more;
  return all;
}

bool same_tensors(const Tensors& a, const Tensors& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& item) {
           return b.contains(item.first) && at::equal(item.second, b.at(item.first));
         });
}

const Space images{{2, 8, 8}, 3};

/// Small fields in which nothing is left at zero, and how they are imported.
struct Field {
  json net;
  WeightOptions options;
  Tensors weights;
};
Field field(const std::string& type) {
  Field f;
  f.options.shape = images.shape;
  f.options.heads = 2;
  if (type == "sized") {
    f.net = {{"type", "dit"}, {"patch", 4}, {"size", "S"}, {"depth", 1}};
    f.options.heads = 6, f.options.predicts = "velocity";
  } else if (type == "dit" || type == "noise") {
    f.net = {{"type", "dit"}, {"patch", 4}, {"hidden", 16}, {"depth", 2}, {"heads", 2}};
    f.options.predicts = type == "dit" ? "velocity" : "noise";
  } else {
    f.net = {{"type", "unet"}, {"channels", 32}, {"res_blocks", 2}, {"heads", 2}};
    f.net.update({{"channel_mult", {1, 2}}, {"attention_resolutions", {4}}});
  }
  at::manual_seed(3);
  const auto net = backbones().make(f.net, images, 1);
  const at::NoGradGuard no_grad;
  for (Tensor& p : net->parameters()) p += 0.1 * at::randn_like(p);
  f.weights = named_tensors(*net);
  return f;
}

}  // namespace

TEST_CASE("Fields of torchcfm and SiT give their published outputs after import", "[parity]") {
  const Folder folder;
  const at::NoGradGuard no_grad;
  int read = 0;
  for (const std::string arch : {"unet", "sit"}) {
    for (const std::string& path : golden_files("networks", arch)) {
      INFO(path);
      const h5::File file = h5::File::open(path);
      const json config = file.attribute("/", "config");
      // As torchcfm and SiT write them: what is trained, its average, and more beside them.
      const Tensors weights = golden_weights(file);
      Tensors all = named("net_model/", weights, 1);
      all.merge(named("ema_model/", weights));
      all["optim/state/0/step"] = at::ones({});
      write_safetensors(folder / "a.safetensors", {all, {}});

      const Tensor x = file.read("inputs/x"), t = file.read("inputs/t");
      WeightOptions options;
      options.group = "ema_model";
      options.shape = x.sizes().slice(1).vec();
      options.heads = config["num_heads"];
      Tensor label = at::full({x.size(0)}, -1, at::kLong);
      if (arch == "sit") {
        options.predicts = "velocity";
        const Tensor theirs = file.read("inputs/y");
        label = at::where(theirs == config["num_classes"].get<int64_t>(), -1, theirs);
      } else {
        if (config["num_head_channels"].get<int64_t>() > 0) {
          options.heads = 0, options.head = config["num_head_channels"];
        }
        options.new_attention_order = config["use_new_attention_order"];
        options.heads_upsample = std::max<int64_t>(0, config.value("num_heads_upsample", -1));
        if (config["class_cond"]) label = file.read("inputs/y");
      }
      const Checkpoint model =
          imported_published(folder / "a.safetensors", folder / "a.h5", options);
      std::filesystem::remove(folder / "a.h5");
      CHECK(same_tensors(model.blocks[0].weights, weights));
      const VelocityField v{load_backbone(model, 1, c10::kCPU)};
      check_golden(file, "output", v(x, t, label));
      ++read;
    }
  }
  CHECK(read >= 4);
}

TEST_CASE("The noise that DiT predicts is the published one after import", "[parity]") {
  const Folder folder;
  const at::NoGradGuard no_grad;
  int read = 0;
  for (const std::string& path : golden_files("networks", "dit")) {
    INFO(path);
    const h5::File file = h5::File::open(path);
    const json config = file.attribute("/", "config");
    if (config["pos_embed"] != "sincos") continue;
    write_safetensors(folder / "a.safetensors", {golden_weights(file), {}});
    const Tensor x = file.read("inputs/x"), step = file.read("inputs/t");
    const Tensor theirs = file.read("inputs/y");
    WeightOptions options;
    options.shape = x.sizes().slice(1).vec();
    options.heads = config["num_heads"];
    options.predicts = "noise";
    const Checkpoint model = imported_published(folder / "a.safetensors", folder / "a.h5", options);
    std::filesystem::remove(folder / "a.h5");
    CHECK(model.facts.at("interpolant") == "vp");

    const auto net = load_backbone(model, 1, c10::kCPU);
    const Tensor t = ((999 - step.to(at::kDouble)) / 1000).to(at::kFloat);
    const Tensor label = at::where(theirs == config["num_classes"].get<int64_t>(), -1, theirs);
    const Tensor said = dynamic_cast<Dit&>(*net).all_channels(x, t.unsqueeze(1), label);
    check_golden(file, "output", said);
    const Tensor noise = said.slice(1, 0, x.size(1));
    CHECK(at::equal(VelocityField{net}(x, t, label), velocity_of_noise(x, noise, t)));
    ++read;
  }
  CHECK(read >= 2);
}

TEST_CASE("A field whose noise is at 1 is turned to our clock", "[flow]") {
  const Folder folder;
  const at::NoGradGuard no_grad;
  for (const std::string type : {"unet", "dit"}) {
    INFO(type);
    Field f = field(type);
    write_safetensors(folder / "a.safetensors", {f.weights, {}});
    const auto as_it_is =
        imported_published(folder / "a.safetensors", folder / (type + "0.h5"), f.options);
    CHECK(as_it_is.facts.at("interpolant") == "linear");
    CHECK_FALSE(as_it_is.facts.at("check").contains("turning_error"));
    f.options.noise_at = 1;
    const auto turned =
        imported_published(folder / "a.safetensors", folder / (type + "1.h5"), f.options);
    CHECK(turned.facts.at("check").at("turning_error").get<double>() < 1e-4);

    const VelocityField theirs{load_backbone(as_it_is, 1, c10::kCPU)},
        ours{load_backbone(turned, 1, c10::kCPU)};
    const Tensor x = at::randn({5, 2, 8, 8}), label = at::arange(5) % 4 - 1;
    const Tensor t = at::tensor({0.f, 0.2f, 0.5f, 0.9f, 1.f});
    CHECK(distance(ours(x, t, label), -theirs(x, 1 - t, label)) < 1e-4);
    CHECK(distance(ours(x, t, label), theirs(x, t, label)) > 1e-2);
  }
}

TEST_CASE("Fields go out and come back bit for bit, and say what they are", "[flow]") {
  const Folder folder;
  for (const std::string type : {"unet", "dit", "sized", "noise"}) {
    INFO(type);
    Field f = field(type);
    f.options.range = 255;
    if (type != "noise") f.options.interpolant = "trigonometric";
    const std::string at = folder / type;
    write_safetensors(at + ".safetensors", {f.weights, {}});
    const Checkpoint model = imported_published(at + ".safetensors", at + ".h5", f.options);
    convert_weights(at + ".h5", {}, run_to(at + "2.safetensors"));
    const Checkpoint back = imported_published(at + "2.safetensors", at + "2.h5", {});
    CHECK(same_tensors(back.blocks[0].weights, model.blocks[0].weights));
    CHECK(same_tensors(back.blocks[0].weights, f.weights) ==
          (type != "noise"));  // its clock is turned
    CHECK(back.blocks[0].net == model.blocks[0].net);
    CHECK(back.space == images);
    for (const char* fact : {"interpolant", "scale", "shift", "storage"}) {
      CHECK(back.facts.at(fact) == model.facts.at(fact));
    }
    CHECK(make_generator(back, {}, c10::kCPU).protocol.at("model") == "velocity-field");
  }
}

TEST_CASE("What the weights of a field do not tell is asked for by its option", "[flow]") {
  const Folder folder;
  const std::string path = folder / "a.safetensors", out = folder / "a.h5";
  const auto refused = [&](const WeightOptions& options, const std::string& words) {
    INFO(words);
    CHECK_THROWS_WITH(convert_weights(path, options, run_to(out)), contains(words));
    CHECK_FALSE(std::filesystem::exists(out));
  };
  const auto with = [](WeightOptions options, auto change) {
    change(options);
    return options;
  };
  const Field dit = field("dit"), unet = field("unet");
  write_safetensors(path, {dit.weights, {}});
  refused({}, "weights.predicts=velocity");
  refused(with(dit.options, [](auto& o) { o.predicts = "score"; }), "must be velocity or noise");
  refused(with(dit.options, [](auto& o) { o.predicts = "noise", o.interpolant = "linear"; }),
          "whose path is vp");
  refused(with(dit.options, [](auto& o) { o.heads = 0; }), "weights.heads=4");
  refused(with(dit.options, [](auto& o) { o.head = 8; }), "give one of them");
  refused(with(dit.options, [](auto& o) { o.shape = {2, 8, 16}; }), "has 8 patches of 4");
  refused(with(dit.options, [](auto& o) { o.shape = {3, 8, 8}; }), "'x_embedder.proj.weight'");
  refused(with(dit.options, [](auto& o) { o.eta = 0.1; }), "'weights.eta' has no effect");
  refused(with(dit.options, [](auto& o) { o.noise_at = 2; }), "'weights.noise_at'");
  refused(with(dit.options, [](auto& o) { o.classes = 5; }), "'weights.classes' = 5");
  refused(with(dit.options, [](auto& o) { o.classes = 4, o.label_drop = 0.1; }),
          "no row for no label");
  refused(with(dit.options, [](auto& o) { o.interpolant = "linaer"; }), "did you mean 'linear'");

  Tensors bare = dit.weights;  // trained without dropping labels
  Tensor& table = bare["y_embedder.embedding_table.weight"];
  table = table.slice(0, 0, 3).clone();
  write_safetensors(path, {bare, {}});
  const auto three = with(dit.options, [](auto& o) { o.classes = 3; });
  const Checkpoint undropped = imported_published(path, out, three);
  CHECK(undropped.space.classes == 3);
  CHECK(undropped.facts.at("label_drop") == 0);
  std::filesystem::remove(out);

  write_safetensors(path, {unet.weights, {}});
  refused(with(unet.options, [](auto& o) { o.predicts = "velocity"; }), "'weights.predicts'");
  refused(with(unet.options, [](auto& o) { o.shape = {2, 64}; }), "network for images");
  refused(with(unet.options, [](auto& o) { o.heads = 3; }), "cannot be split by 'heads' 3");
  Tensors two = unet.weights;  // as with learn_sigma
  two["out.2.weight"] = at::cat({two["out.2.weight"], two["out.2.weight"]});
  write_safetensors(path, {two, {}});
  refused(unet.options, "'out.2.weight' has sizes [4, 32, 3, 3]");

  Tensors both = named("net_model/", unet.weights);
  both.merge(named("ema_model/", unet.weights));
  write_safetensors(path, {both, {}});
  refused(unet.options, "out of ema_model, net_model");
}
