// The trained networks of checkpoints.
#pragma once
#include "flow/chain.h"
#include "flow/normalizing_flow.h"
#include "nn/backbone.h"

namespace couplet {

/// In evaluation mode on a device; raw: not the moving average.
std::shared_ptr<NormalizingFlow> load_flow(const Checkpoint& model, c10::Device device,
                                           bool raw = false);
/// One block's network. 2 or 3 clocks make a flow map out of a velocity field's weights too: those
/// after the first start at zero.
std::shared_ptr<Backbone> load_backbone(const Checkpoint& model, int64_t clocks, c10::Device device,
                                        bool raw = false, size_t block = 0);
/// One block of a velocity field, whose weights keep no gradient.
VelocityField load_field(const Checkpoint& model, c10::Device device, bool raw = false,
                         size_t block = 0);
/// Throws BadOption where guidance is asked of a field that was trained without dropping labels, so
/// that it knows nothing of no label.
void require_null_branch(bool asked, const Checkpoint& model);
/// All blocks of a velocity field.
Chain load_chain(const Checkpoint& model, c10::Device device, bool raw = false);

}  // namespace couplet
