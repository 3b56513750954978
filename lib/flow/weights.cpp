#include "flow/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "flow/published.h"
#include "formats/npz.h"
#include "formats/safetensors.h"
#include "formats/torch_file.h"
#include "formats/weight_file.h"
#include "io/scaling.h"
#include "nn/backbones/dit.h"

namespace couplet {

namespace {

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

/// A published network in a file, and what stands before the names of its tensors: "", "module.",
/// "ema_model/", …
struct Found {
  const Published* network;
  std::string prefix;
};

std::vector<Found> networks_in(const Tensors& all) {
  std::vector<Found> found;
  for (const Published& network : published_networks()) {
    const std::string mark = network.mark;
    for (const auto& [name, tensor] : all) {
      const size_t size = name.size() - std::min(mark.size(), name.size());
      const bool whole = size == 0 || name[size - 1] == '/' || name[size - 1] == '.';
      if (name.ends_with(mark) && whole) found.push_back({&network, name.substr(0, size)});
    }
  }
  return found;
}

/// Whether a prefix lies in the group: "ema_model" holds "ema_model/" and "ema_model/module.".
bool lies_in(const std::string& group, const std::string& prefix) {
  return prefix.starts_with(group) && prefix.size() > group.size() &&
         (prefix[group.size()] == '/' || prefix[group.size()] == '.');
}

NamedTensors read_weights(const std::string& path) {
  NamedTensors file = read_weight_file(path);
  // Names may share a storage, which they will not when they are written.
  size_t bytes = 0;
  for (const auto& [name, tensor] : file.tensors) bytes += tensor.nbytes();
  require(bytes / 16 <= std::filesystem::file_size(path), path, ": its ", file.tensors.size(),
          " tensors share their numbers; written out they would take ", bytes, " bytes");
  return file;
}

std::string listed(const std::vector<Found>& networks) {
  std::string list;
  for (const Found& found : networks) {
    std::string name = found.prefix;
    if (!name.empty()) name.pop_back();
    list += (list.empty() ? "" : ", ") + (name.empty() ? "the file itself" : name);
  }
  return list.size() > 300 ? list.substr(0, 300) + " …" : list;
}

/// The one network in a file, or the one that is asked for.
Found network_in(const Tensors& all, const std::string& group, const std::string& path) {
  const auto networks = networks_in(all);
  std::string names;
  for (const Published& network : published_networks()) {
    names += text(names.empty() ? "" : ", ", network.name, " ('", network.mark, "')");
  }
  require(!networks.empty(), path, ": holds no network that is known by its tensors: ", names);
  std::vector<Found> chosen;
  for (const Found& found : networks) {
    if (group.empty() || lies_in(group, found.prefix)) chosen.push_back(found);
  }
  require_option(!chosen.empty(), "option 'weights.group' = '", group, "': ", path, " has ",
                 listed(networks));
  require_option(chosen.size() == 1, path, ": holds several models; choose one with ",
                 "-s weights.group=NAME out of ", listed(chosen));
  return chosen[0];
}

// What this program wrote says what it is; what is given goes over it.
WeightOptions completed(const WeightOptions& given, const NamedTensors& file) {
  const auto note = file.metadata.find(metadata_key);
  if (note == file.metadata.end()) return given;
  json told = json::parse(note->second);
  const json over = write_options(given), fallback = write_options(WeightOptions());
  for (const auto& [key, value] : over.items()) {
    if (value != fallback.at(key)) told[key] = value;
  }
  return read_options<WeightOptions>(told, "");
}

// What is left open is as in the published code.
WeightOptions as_published(WeightOptions o) {
  const bool noise = o.predicts == "noise";
  if (o.interpolant.empty()) o.interpolant = noise ? "vp" : "linear";
  if (o.noise_at < 0) o.noise_at = noise ? 1 : 0;
  if (o.time_scale == 0) o.time_scale = noise ? 1000 : 1;
  return o;
}

void import(const std::string& path, const WeightOptions& given, const Run& run) {
  const NamedTensors file = read_weights(path);
  const auto [network, prefix] = network_in(file.tensors, given.group, path);
  WeightOptions options = within(path, [&] { return completed(given, file); });
  network->ask(options, path);
  options = as_published(options);
  for (const int64_t size : options.shape) {
    require_option(size > 0 && size <= 1 << 20, "option 'weights.shape': ", size, " is no size");
  }
  Checkpoint model{.kind = network->kind};
  model.space.shape = options.shape;
  Block& block = model.blocks.emplace_back();
  for (const auto& [name, tensor] : below(file.tensors, prefix)) {
    block.weights[name] = tensor.to(at::kFloat);
  }
  const bool bytes = options.range > 0;
  model.facts = {{"data", ""},
                 {"storage", bytes ? "u8" : "f32"},
                 {"scale", bytes ? 2 / options.range : 1},
                 {"shift", bytes ? -1 : 0},
                 {"source", std::filesystem::path(path).filename().string()},
                 {"source_hash", hash_file(path)},
                 {"numbers", json::object()}};
  const bool field = model.kind == std::string("velocity-field");
  if (field) model.facts["interpolant"] = options.interpolant;
  if (field) model.facts["label_drop"] = std::max(options.label_drop, 0.);
  model.facts["check"] = within(path, [&] {
    network->read(model, options);
    const Checkpoint before = model;
    const bool turned = field && options.noise_at == 1;
    if (turned) turn_clock(model, *network);
    json numbers = network->check(model, run);
    if (turned) numbers["turning_error"] = turning_error(model, before, run);
    return numbers;
  });
  run.log->say(text(network->name, ": ", model.facts["check"].dump()));
  write_checkpoint(run, model, {});
}

/// What an import asks for, of one of our checkpoints; null where there is no way back.
json told_of(const Checkpoint& model) {
  const json& net = model.blocks[0].net;
  WeightOptions told;
  told.shape = model.space.shape;
  told.head = net.value("head", net.value("head_channels", int64_t{0}));
  if (model.kind == "normalizing-flow") {
    told.eta = model.facts.at("eta").get<double>();
  } else if (model.kind == "velocity-field" && (net["type"] == "unet" || net["type"] == "dit")) {
    if (net["type"] == "dit") {
      told.heads = sized(read_options<DitOptions>(without_type(net))).heads;
    } else if (told.head == 0) {
      told.heads = net.at("heads"), told.heads_upsample = net.value("heads_upsample", int64_t{0});
    }
    told.new_attention_order = net.value("new_attention_order", false);
    if (net["type"] == "dit") told.predicts = net.value("predicts", "velocity");
    told.noise_at = 0;
    told.interpolant = model.facts.value("interpolant", told.interpolant);
    told.time_scale = net.value("time_scale", 1.);
    told.label_drop = model.facts.value("label_drop", told.label_drop);
  } else {
    return nullptr;
  }
  if (model.facts.at("storage") == "u8") {
    told.range = std::round(2 / Scaling::from_json(model.facts).scale[0]);
  }
  return write_options(told);
}

NamedTensors of_checkpoint(const std::string& path, const std::string& group, const Run& run) {
  Checkpoint model = read_checkpoint(path, our_kinds);
  require(model.blocks.size() == 1, path, ": a chain of ", model.blocks.size(), " networks");
  if (group.starts_with("0.") && json::accept(group)) {
    model = with_average(std::move(model), json::parse(group).get<double>());
  } else {
    require_option(group.empty() || group == "weights" || group == "average",
                   "option 'weights.group' of a checkpoint is weights, average or the decay of an "
                   "average, found '",
                   group, "'");
  }
  require_option(group != "average" || !model.blocks[0].average.empty(), path, ": has no average");
  NamedTensors contents{weights_of(model.blocks[0], group == "weights"), {}};
  const json told = told_of(model);
  if (told.is_null()) return contents;
  if (Scaling::from_json(model.facts).scale.size() > 1) {
    run.log->warn("the scaling of the columns is left behind: these files have no place for it");
  }
  contents.metadata = {{"format", "pt"}, {metadata_key, told.dump()}};
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
