#include "flow/loading.h"

#include "base/error.h"

namespace couplet {

namespace {

template <class Net>
std::shared_ptr<Net> loaded(std::shared_ptr<Net> net, const Block& block, c10::Device device,
                            bool raw, bool partial) {
  load_tensors(*net, weights_of(block, raw), partial);
  net->to(device);
  net->eval();
  return net;
}

}  // namespace

std::shared_ptr<NormalizingFlow> load_flow(const Checkpoint& model, c10::Device device, bool raw) {
  const Block& block = model.blocks.back();
  return loaded(normalizing_flows().make(block.net, model.space), block, device, raw,
                /*partial=*/false);
}

std::shared_ptr<Backbone> load_backbone(const Checkpoint& model, int64_t clocks, c10::Device device,
                                        bool raw, size_t block) {
  const bool new_clock = clocks > 1 && model.kind == "velocity-field";
  const Block& from = model.blocks.at(block);
  return loaded(backbones().make(from.net, model.space, clocks), from, device, raw, new_clock);
}

VelocityField load_field(const Checkpoint& model, c10::Device device, bool raw, size_t block) {
  const VelocityField v{load_backbone(model, 1, device, raw, block)};
  for (const Tensor& weight : v.net->parameters()) weight.set_requires_grad(false);
  return v;
}

void require_null_branch(bool asked, const Checkpoint& model) {
  require_option(!asked || model.facts.value("label_drop", 1.) > 0,
                 "guidance, or no label at all, needs a model that was trained with a share of its "
                 "labels dropped (option label_drop), this one with none");
}

Chain load_chain(const Checkpoint& model, c10::Device device, bool raw) {
  Chain chain;
  for (size_t n = 0; n < model.blocks.size(); ++n) {
    chain.push_back(load_field(model, device, raw, n));
  }
  return chain;
}

}  // namespace couplet
