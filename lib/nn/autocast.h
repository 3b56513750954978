// Networks in bf16 with weights in fp32.
#pragma once
#include <ATen/autocast_mode.h>

namespace couplet {

/// bf16 autocast on this thread while it lives if on, none if not.
class Autocast {
 public:
  Autocast(bool on, c10::DeviceType device) : device_(device) {
    before_ = at::autocast::is_autocast_enabled(device_);
    at::autocast::set_autocast_enabled(device_, on);
    if (on) at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  }
  ~Autocast() {
    at::autocast::set_autocast_enabled(device_, before_);
    if (!before_) at::autocast::clear_cache();
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType device_;
  bool before_ = false;
};

}  // namespace couplet
