#include <ATen/core/Tensor.h>

#include "parallel/devices.h"

namespace couplet {

namespace {

struct ByHost : Devices {
  const Group& group;
  explicit ByHost(const Group& group) : group(group) {}

  void sum(const Tensor& x) const override {
    const Tensor host = x.cpu();
    group.sum(host);
    x.copy_(host);
  }
  void broadcast(const Tensor& x, int64_t root) const override {
    const Tensor host = x.cpu();
    group.broadcast(host, root);
    x.copy_(host);
  }
};

}  // namespace

std::unique_ptr<const Devices> link_devices(const Group& group, c10::Device) {
  return std::make_unique<ByHost>(group);
}

}  // namespace couplet
