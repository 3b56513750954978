#include "flow/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "flow/generator.h"
#include "formats/npz.h"
#include "formats/safetensors.h"
#include "formats/torch_file.h"
#include "io/scaling.h"

namespace couplet {

namespace {

const std::string mark = "blocks.0.attn_blocks.0.attention.qkv.weight";  // of a TarFlow
const std::string metadata_key = "couplet";
const std::vector<std::string> our_kinds = {"normalizing-flow", "velocity-field", "flow-map",
                                            "classifier"};

/// The tensors whose names begin so, without that beginning.
Tensors below(const Tensors& all, const std::string& prefix) {
  Tensors chosen;
  for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix); ++at) {
    chosen[at->first.substr(prefix.size())] = at->second;
  }
  return chosen;
}

/// What stands before the names of each TarFlow in a file: "", "module.", "ema_model/", …
std::vector<std::string> prefixes_of_flows(const Tensors& all) {
  std::vector<std::string> prefixes;
  for (const auto& [name, tensor] : all) {
    if (name.ends_with(mark)) prefixes.push_back(name.substr(0, name.size() - mark.size()));
  }
  return prefixes;
}

/// Whether a prefix lies in the group: "ema_model" holds "ema_model/" and "ema_model/module.".
bool lies_in(const std::string& group, const std::string& prefix) {
  return prefix.starts_with(group) && prefix.size() > group.size() &&
         (prefix[group.size()] == '/' || prefix[group.size()] == '.');
}

NamedTensors read_weights(const std::string& path) {
  NamedTensors file;
  if (is_safetensors(path)) {
    file = read_safetensors(path);
  } else {
    file.tensors = read_torch_file(path);
  }
  // Names may share a storage, which they will not when they are written.
  size_t bytes = 0;
  for (const auto& [name, tensor] : file.tensors) bytes += tensor.nbytes();
  require(bytes / 16 <= std::filesystem::file_size(path), path, ": its ", file.tensors.size(),
          " tensors share their numbers; written out they would take ", bytes, " bytes");
  return file;
}

/// How many of "prefix0.", "prefix1.", … begin a name.
int64_t count_of(const Tensors& weights, const std::string& prefix) {
  for (int64_t count = 0;; ++count) {
    const std::string next = text(prefix, count, ".");
    const auto found = weights.lower_bound(next);
    if (found == weights.end() || !found->first.starts_with(next)) return count;
  }
}

std::string listed(const std::vector<std::string>& prefixes) {
  std::string list;
  for (std::string name : prefixes) {
    if (!name.empty()) name.pop_back();
    list += (list.empty() ? "" : ", ") + (name.empty() ? "the file itself" : name);
  }
  return list.size() > 300 ? list.substr(0, 300) + " …" : list;
}

/// The one TarFlow in a file, or the one that is asked for.
Tensors flow_in(const Tensors& all, const std::string& group, const std::string& path) {
  const auto prefixes = prefixes_of_flows(all);
  require(!prefixes.empty(), path, ": holds no TarFlow (no tensor '", mark, "')");
  std::vector<std::string> chosen;
  for (const auto& prefix : prefixes) {
    if (group.empty() || lies_in(group, prefix)) chosen.push_back(prefix);
  }
  require_option(!chosen.empty(), "option 'weights.group' = '", group, "': ", path, " has ",
                 listed(prefixes));
  require_option(chosen.size() == 1, path, ": holds several models; choose one with ",
                 "-s weights.group=NAME out of ", listed(chosen));
  return below(all, chosen[0]);
}

// What no tensor tells: asked for, never guessed.
void ask(const std::string& path, const WeightOptions& o) {
  const auto need = [&](bool given, const char* what, const char* how) {
    require_option(given, path, ": does not tell ", what, "; give it: -s ", how);
  };
  for (const int64_t size : o.shape) {
    require_option(size > 0 && size <= 1 << 20, "option 'weights.shape': ", size, " is no size");
  }
  need(!o.shape.empty(), "the shape of an example", "'weights.shape=[3,64,64]'");
  need(o.head > 0, "the width of its attention heads", "weights.head=64 (apple/ml-tarflow's)");
  need(o.eta >= 0, "the noise that it was trained with", "weights.eta=0.05 (0: none)");
}

/// The options of the TarFlow that has these weights, read off their shapes.
json tarflow_options(const Tensors& weights, const Space& space, int64_t head) {
  const auto expect = [&](const std::string& name, at::IntArrayRef sizes) {
    const auto found = weights.find(name);
    require(found != weights.end(), "has no '", name, "', which a TarFlow needs");
    bool fits = found->second.dim() == static_cast<int64_t>(sizes.size());
    for (size_t i = 0; fits && i < sizes.size(); ++i) {
      fits = sizes[i] < 0 || found->second.size(i) == sizes[i];
    }
    require(fits, "'", name, "' has sizes ", found->second.sizes(), ", expected ", sizes,
            " (-1: any)");
    return found->second.sizes().vec();
  };
  const auto in = expect("blocks.0.proj_in.weight", {-1, -1});
  const int64_t channels = in[0], width = in[1];
  const int64_t tokens = expect("blocks.0.pos_embed", {-1, channels})[0];
  const int64_t outputs = expect("blocks.0.proj_out.weight", {-1, channels})[0];
  const int64_t blocks = count_of(weights, "blocks."),
                layers = count_of(weights, "blocks.0.attn_blocks.");
  // Before a network of these sizes is made
  for (int64_t i = 0; i < blocks; ++i) {
    expect(text("blocks.", i, ".attn_mask"), {tokens, tokens});
    for (int64_t k = 0; k < layers; ++k) {
      const std::string layer = text("blocks.", i, ".attn_blocks.", k);
      expect(layer + ".attention.qkv.weight", {3 * channels, channels});
      expect(layer + ".mlp.main.0.weight", {4 * channels, channels});
    }
  }

  const auto& shape = space.shape;
  const bool image = shape.size() == 3;
  const double area = static_cast<double>(width) / static_cast<double>(shape[0]);
  const int64_t patch = image ? std::llround(std::sqrt(area)) : width;
  require_option(shape.size() == 1 || (image && shape[0] * patch * patch == width),
                 "option 'weights.shape' = ", at::IntArrayRef(shape), ": tokens of ", width,
                 " numbers are no square patches of such images");
  require_option(space.dims() == tokens * width,
                 "option 'weights.shape' = ", at::IntArrayRef(shape), " has ", space.dims(),
                 " numbers, the ", tokens, " tokens of ", width, " have ", tokens * width);
  return {{"type", "tarflow"}, {"patch", patch}, {"channels", channels},       {"blocks", blocks},
          {"layers", layers},  {"head", head},   {"nvp", outputs == 2 * width}};
}

/// How far decode and encode are from each other on a few draws, printed and kept.
json self_check(const Checkpoint& model, const Run& run) {
  const at::NoGradGuard no_grad;
  const auto flow = load_flow(model, run.device);
  const Tensor rows = row_range(0, 16, run.device);
  const Tensor z = run.random.stream("check").normal(rows, model.space.shape);
  const Tensor label =
      model.space.classes > 0 ? rows.remainder(model.space.classes) : at::full_like(rows, -1);
  const Tensor x = flow->decode(z, label);
  const Tensor error = (flow->encode(x, label).z - z).abs();
  if (!(error.max().item<double>() < 0.1)) {
    run.log->warn(
        "encoding does not undo decoding: are weights.head, shape and group the right "
        "ones?");
  }
  return {{"decoded_std", x.std().item<double>()},
          {"error_max", error.max().item<double>()},
          {"error_mean", error.mean().item<double>()}};
}

// What this program wrote says what it is.
WeightOptions completed(WeightOptions options, const NamedTensors& file) {
  const auto note = file.metadata.find(metadata_key);
  if (note == file.metadata.end()) return options;
  const auto told = read_options<WeightOptions>(json::parse(note->second), "");
  if (options.shape.empty()) options.shape = told.shape;
  if (options.head == 0) options.head = told.head;
  if (options.eta < 0) options.eta = told.eta;
  if (options.range == 0) options.range = told.range;
  return options;
}

void import(const std::string& path, const WeightOptions& given, const Run& run) {
  const NamedTensors file = read_weights(path);
  const Tensors weights = flow_in(file.tensors, given.group, path);
  const WeightOptions options = within(path, [&] { return completed(given, file); });
  ask(path, options);
  Checkpoint model{.kind = "normalizing-flow"};
  model.space.shape = options.shape;
  const auto classes = weights.find("blocks.0.class_embed");
  if (classes != weights.end()) {
    require(classes->second.dim() == 3, path, ": 'blocks.0.class_embed' has sizes ",
            classes->second.sizes(), ", expected three dimensions");
    model.space.classes = classes->second.size(0);
  }
  Block block;
  block.net = within(path, [&] { return tarflow_options(weights, model.space, options.head); });
  for (const auto& [name, tensor] : weights) block.weights[name] = tensor.to(at::kFloat);
  model.blocks = {block};
  const bool bytes = options.range > 0;
  model.facts = {{"eta", options.eta},
                 {"data", ""},
                 {"storage", bytes ? "u8" : "f32"},
                 {"scale", bytes ? 2 / options.range : 1},
                 {"shift", bytes ? -1 : 0},
                 {"source", std::filesystem::path(path).filename().string()},
                 {"source_hash", hash_file(path)},
                 {"numbers", json::object()}};
  model.facts["check"] = within(path, [&] { return self_check(model, run); });
  run.log->say("decode, then encode of 16 draws: " + model.facts["check"].dump());
  write_checkpoint(run, model, {});
}

NamedTensors of_checkpoint(const std::string& path, const std::string& group, const Run& run) {
  const Checkpoint model = read_checkpoint(path, our_kinds);
  require(model.blocks.size() == 1, path, ": a chain of ", model.blocks.size(), " networks");
  require_option(group.empty() || group == "weights" || group == "average",
                 "option 'weights.group' of a checkpoint is weights or average, found '", group,
                 "'");
  require_option(group != "average" || !model.blocks[0].average.empty(), path, ": has no average");
  NamedTensors contents{weights_of(model.blocks[0], group == "weights"), {}};
  if (model.kind != "normalizing-flow") return contents;
  WeightOptions told;
  told.shape = model.space.shape;
  told.head = model.blocks[0].net.value("head", int64_t{0});
  told.eta = model.facts.at("eta").get<double>();
  if (model.facts.at("storage") == "u8")
    told.range = std::round(2 / Scaling::from_json(model.facts).scale[0]);
  if (Scaling::from_json(model.facts).scale.size() > 1) {
    run.log->warn("the scaling of the columns is left behind: these files have no place for it");
  }
  contents.metadata = {{"format", "pt"}, {metadata_key, write_options(told).dump()}};
  return contents;
}

}  // namespace

bool holds_weights(const std::string& path) {
  if (is_artifact(path)) {
    const std::string kind = read_label(path).kind;
    return std::find(our_kinds.begin(), our_kinds.end(), kind) != our_kinds.end();
  }
  return is_safetensors(path) || is_torch_file(path);
}

void convert_weights(const std::string& input, const WeightOptions& options, const Run& run) {
  const std::string kind = std::filesystem::path(run.output).extension();
  const bool ours = is_artifact(input);
  require_option(kind == ".safetensors" || kind == ".npz" || (kind == ".h5" && !ours), run.output,
                 ": weights become .safetensors or .npz", ours ? "" : ", or a checkpoint (.h5)");
  if (kind == ".h5") return import(input, options, run);

  WeightOptions rest = options;
  rest.group = "";
  require_option(unchanged(rest), "of the options 'weights', only group has an effect on ", kind);
  NamedTensors contents = ours ? of_checkpoint(input, options.group, run) : read_weights(input);
  if (!ours && !options.group.empty())
    contents.tensors = below(contents.tensors, options.group + "/");
  require_option(!contents.tensors.empty(), "option 'weights.group' = '", options.group,
                 "': ", input, " has no tensors there");
  if (kind == ".npz") return write_npz(run.output, contents.tensors);
  write_safetensors(run.output, contents);
}

}  // namespace couplet
