// Products in bfloat16, weights and sums in float32, while it lives.
#pragma once

#include <ATen/autocast_mode.h>

namespace weft::train {

class Autocast {
 public:
  Autocast(bool enabled, at::DeviceType device) : device_(device) {
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_enabled(device_, enabled);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;
  ~Autocast() {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, false);
  }

 private:
  at::DeviceType device_;
};

}  // namespace weft::train
