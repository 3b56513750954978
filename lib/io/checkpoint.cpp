#include "io/checkpoint.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace couplet {

namespace {

Tensors read_group(const h5::File& file, const std::string& group) {
  Tensors all;
  for (const auto& name : file.datasets(group)) all[name] = file.read(group + "/" + name);
  return all;
}

void write_group(h5::File& file, const std::string& group, const Tensors& tensors) {
  for (const auto& [name, value] : tensors) file.write(group + "/" + name, value);
}

}  // namespace

Checkpoint read_checkpoint(const std::string& path, const std::vector<std::string>& kinds) {
  const Artifact artifact = open_artifact(path, kinds);
  Checkpoint model;
  model.kind = artifact.label.kind;
  model.label = artifact.label;
  model.facts = artifact.label.facts;
  model.space = space_of(artifact);
  for (int64_t n = 0; artifact.file.has(text("blocks/", n)); ++n) {
    const std::string group = text("blocks/", n);
    Block block;
    block.net = artifact.file.attribute(group, "net");
    block.weights = read_group(artifact.file, group + "/weights");
    block.average = read_group(artifact.file, group + "/average");
    const json attributes = artifact.file.attributes(group);
    // Files of before there were several averages tell the decay of the one in their config alone.
    const json& config = artifact.label.config;
    const json decay = attributes.value("decay", config.value("/train/ema"_json_pointer, json()));
    if (decay.is_number() && !block.average.empty()) block.decay = decay_name(decay.get<double>());
    for (const json& other : attributes.value("others", json::array())) {
      const std::string name = decay_name(other.get<double>());
      block.others[name] = read_group(artifact.file, group + "/average-" + name);
    }
    model.blocks.push_back(std::move(block));
  }
  require(!model.blocks.empty(), path, ": holds no network");
  return model;
}

void write_checkpoint(const Run& run, const Checkpoint& model, const std::vector<Label>& parents) {
  if (!run.leads()) return;
  json facts = model.facts;
  facts["shape"] = model.space.shape;
  facts["classes"] = model.space.classes;
  write_artifact(run.output, run.label(model.kind, facts, parents), [&](h5::File& file) {
    for (size_t n = 0; n < model.blocks.size(); ++n) {
      const std::string group = text("blocks/", n);
      write_group(file, group + "/weights", model.blocks[n].weights);
      write_group(file, group + "/average", model.blocks[n].average);
      file.set_attribute(group, "net", model.blocks[n].net);
      if (model.blocks[n].decay.empty()) continue;
      file.set_attribute(group, "decay", json::parse(model.blocks[n].decay));
      json others = json::array();
      for (const auto& [decay, tensors] : model.blocks[n].others) {
        write_group(file, group + "/average-" + decay, tensors);
        others.push_back(json::parse(decay));
      }
      if (!others.empty()) file.set_attribute(group, "others", others);
    }
  });
}

Tensors named_tensors(const torch::nn::Module& net) {
  Tensors all;
  for (const auto& item : net.named_parameters()) all[item.key()] = item.value();
  for (const auto& item : net.named_buffers()) all[item.key()] = item.value();
  return all;
}

int64_t bytes_of(const Tensors& all) {
  int64_t sum = 0;
  for (const auto& [name, tensor] : all) sum += static_cast<int64_t>(tensor.nbytes());
  return sum;
}

void load_tensors(torch::nn::Module& net, const Tensors& weights, bool partial) {
  const at::NoGradGuard no_grad;
  Tensors own = named_tensors(net);
  for (auto& [name, tensor] : own) {
    const auto found = weights.find(name);
    if (found == weights.end() && partial) continue;
    require(found != weights.end(), "the weights have no '", name, "', which the network needs");
    require(found->second.sizes() == tensor.sizes(), "weight '", name, "' has shape ",
            found->second.sizes(), ", the network's has ", tensor.sizes());
    tensor.copy_(found->second);
  }
  for (const auto& [name, tensor] : weights) {
    require(own.contains(name), "the network has no weight '", name, "'");
  }
}

json carried_on(const Label& source) {
  require(source.kind == "dataset" || source.facts.contains("data"), "a file of kind ", source.kind,
          " tells of no data");
  json facts = {
      {"data", source.kind == "dataset" ? json(source.content) : source.facts.at("data")}};
  for (const char* name : {"scale", "shift", "storage"}) facts[name] = source.facts.at(name);
  return facts;
}

const Tensors& weights_of(const Block& block, bool raw) {
  return raw || block.average.empty() ? block.weights : block.average;
}

Checkpoint chosen_average(const Checkpoint& model, bool raw, double ema) {
  require_option(!raw || ema == 0, "options 'raw' and 'ema': give one of them");
  return ema == 0 ? model : with_average(model, ema);
}

std::string decay_name(double decay) { return json(decay).dump(); }

Checkpoint with_average(Checkpoint model, double decay) {
  const std::string wanted = decay_name(decay);
  for (Block& block : model.blocks) {
    if (!block.average.empty() && block.decay == wanted) continue;
    std::string there = block.average.empty() ? "none" : block.decay;
    for (const auto& [name, tensors] : block.others) there += ", " + name;
    const auto found = block.others.find(wanted);
    require_option(found != block.others.end(), "there is no moving average of decay ", wanted,
                   " in the ", model.kind, " (there are: ", there.empty() ? "one unnamed" : there,
                   ")");
    std::swap(block.average, found->second);
    block.others[block.decay] = std::move(found->second);
    block.others.erase(found);
    block.decay = wanted;
  }
  return model;
}

}  // namespace couplet
