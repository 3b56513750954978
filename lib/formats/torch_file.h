// Weights as torch.save writes them.
#pragma once
#include "base/types.h"

namespace couplet {

/// True for a zip archive or stream of torch.save (which then is to be read as one).
bool is_torch_file(const std::string& path);

/// True for an archive of torch.jit.save, which holds code beside its tensors.
bool is_torchscript(const std::string& path);

/// The tensors of a .pth or .pt file by their way through its containers ("net_model/0.weight"),
/// each of its own type: state dicts, nested checkpoints, 16 bit; both the zip archive and the
/// stream of before PyTorch 1.6. Nothing in the file is run. Errors: whatever is no tensor and no
/// plain container, by name; damage (an archive's members have checksums).
Tensors read_torch_file(const std::string& path);

}  // namespace couplet
