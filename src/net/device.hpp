// Devices by name, and what is known of them without running anything on them.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace weft::net {

/// "auto" is the first GPU, or the CPU where there is none. Throws base::Error for a device that is not here.
c10::Device parse_device(const std::string& name);

/// GPUs that libtorch can use here.
int gpu_count();

/// Waits until the device has done all that was asked of it: what is timed ends there. A CPU has nothing to wait for.
void synchronize(const c10::Device& device);

/// "CPU, 2 threads, AVX512" and one line a GPU.
std::vector<std::string> describe_devices();

/// "2.13.0", the version of libtorch.
std::string torch_version();

/// Threads that one operation may use; set once, before the first tensor.
void set_threads(int threads);

}  // namespace weft::net
