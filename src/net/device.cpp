#include "net/device.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/version.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::net {

int gpu_count() {
  return at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
}

c10::Device parse_device(const std::string& name) {
  if (name == "auto") return gpu_count() > 0 ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  try {
    const c10::Device device(name);
    if (device.is_cpu()) return device;
    if (device.is_cuda() && device.index() < gpu_count()) return device;
  } catch (const c10::Error&) {
    throw base::Error("'" + name + "' is no device; expected auto, cpu, cuda or cuda:N");
  }
  throw base::Error("the device '" + name + "' is not here; libtorch sees " + std::to_string(gpu_count()) + " GPUs");
}

void synchronize(const c10::Device& device) {
  if (!device.is_cpu()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

std::vector<std::string> describe_devices() {
  std::vector<std::string> lines{"CPU, " + std::to_string(at::get_num_threads()) + " threads, " +
                                 at::get_cpu_capability()};
  for (int i = 0; i < gpu_count(); ++i) lines.push_back("cuda:" + std::to_string(i));
  return lines;
}

std::string torch_version() {
  return TORCH_VERSION;
}

void set_threads(int threads) {
  at::set_num_threads(threads);
  // One evaluation a worker at a time: a second pool would only stand in the first one's way.
  if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);  // may be set but once a process
}

}  // namespace weft::net
