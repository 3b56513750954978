// Sums and broadcasts of tensors that lie on GPUs.
#pragma once
#include "parallel/group.h"

namespace couplet {

/// The GPUs of a group, one a process: linked by NCCL, or without it by way of the hosts.
struct Devices {
  virtual ~Devices() = default;
  virtual void sum(const Tensor& x) const = 0;
  virtual void broadcast(const Tensor& x, int64_t root) const = 0;
};

/// All processes call it together; device: this one's, of the tensors to come. Errors: two
/// processes with one GPU.
std::unique_ptr<const Devices> link_devices(const Group& group, c10::Device device);

}  // namespace couplet
