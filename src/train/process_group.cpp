#include "train/process_group.hpp"

#include <ATen/ops/full.h>
#include <c10/util/Logging.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "net/device.hpp"

namespace weft::train {
namespace {

constexpr int kMostRanks = 1 << 20;
constexpr int kPatience = 300;  // seconds without a word from another rank

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int number(const char* name, int least, int most) {
  const std::string text = variable(name);
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < least || value > most)
    throw base::Error("the variable must be a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most) + ", not " + base::quote(text),
                      name);
  return value;
}

std::chrono::seconds patience() {
  return std::chrono::seconds(variable("WEFT_PATIENCE").empty() ? kPatience : number("WEFT_PATIENCE", 1, 1 << 20));
}

std::string address() {
  const std::string address = variable("MASTER_ADDR");
  if (address.empty()) throw base::Error("the variable must name the machine of rank 0", "MASTER_ADDR");
  return address;
}

// Where this rank listens: at the interface that is named as PyTorch's users do, or where the host's name leads.
auto listener() {
  using c10d::ProcessGroupGloo;
  const std::string interface = variable("GLOO_SOCKET_IFNAME");
  return interface.empty() ? ProcessGroupGloo::createDefaultDevice()
                           : ProcessGroupGloo::createDeviceForInterface(interface);
}

// What Gloo and the store say, without the places in their sources and their advice.
std::string reason(std::string_view what) {
  what = what.substr(0, what.find('\n'));
  if (const auto end = what.find("] "); what.starts_with("[/") && end != what.npos) what.remove_prefix(end + 2);
  return std::string(what.substr(0, what.find(". This is typically")));
}

base::Error lost(const std::exception& error) {
  return base::Error("a rank was lost or does not answer (" + reason(error.what()) +
                     "); the last checkpoint stays: start the training again with the same command");
}

base::Error not_met(int size, const std::exception& error) {
  return base::Error("the " + std::to_string(size) + " ranks did not meet at " + variable("MASTER_ADDR") + ":" +
                     variable("MASTER_PORT") + " within " + std::to_string(patience().count()) + " s (" +
                     reason(error.what()) + ")");
}

// Its log would print each failed try to connect with its stack; PyTorch's own variable brings it back.
void be_quiet() {
  if (variable("TORCH_CPP_LOG_LEVEL").empty()) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
}

// Over TCP by Gloo. Tensors of GPUs go by NCCL where every rank has a GPU to itself, else by way of main memory.
class Ranks : public ProcessGroup {
 public:
  Ranks(int rank, int size) : rank_(rank), size_(size) {
    be_quiet();
    try {
      c10d::TCPStoreOptions options;
      options.port = static_cast<std::uint16_t>(number("MASTER_PORT", 1, 65535));
      options.isServer = rank == 0 && variable("TORCHELASTIC_USE_AGENT_STORE") != "True";
      options.numWorkers = size;
      options.timeout = patience();
      const auto store = c10::make_intrusive<c10d::TCPStore>(address(), options);
      store_ = c10::make_intrusive<c10d::PrefixStore>("weft/" + variable("TORCHELASTIC_RESTART_COUNT"),
                                                      store);  // a restarted group has keys of its own
      const auto gloo = c10d::ProcessGroupGloo::Options::create(patience());
      gloo->devices.push_back(listener());
      gloo_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store_, rank, size, gloo);
    } catch (const base::Error&) {
      throw;
    } catch (const std::exception& error) {
      throw not_met(size, error);
    }
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void add_up(at::Tensor& tensor) override {
    try {
      if (tensor.is_cuda() && between_gpus()) return reduce(*nccl_, tensor);
      at::Tensor here = tensor.cpu().contiguous();
      reduce(*gloo_, here);
      if (!here.is_same(tensor)) tensor.copy_(here);
    } catch (const base::Error&) {
      throw;
    } catch (const std::exception& error) {
      throw lost(error);
    }
  }

  void wait_for_all() override {
    try {
      gloo_->barrier()->wait();
    } catch (const std::exception& error) {
      throw lost(error);
    }
  }

 private:
  static void reduce(c10d::Backend& backend, at::Tensor& tensor) {
    std::vector<at::Tensor> list{tensor};
    backend.allreduce(list)->wait();
  }

  // Whether there is NCCL and no two ranks share a GPU, which it refuses. Found out with the first tensor of a GPU.
  bool between_gpus() {
#ifdef USE_C10D_NCCL
    if (asked_) return nccl_ != nullptr;
    asked_ = true;
    const int here = variable("LOCAL_WORLD_SIZE").empty() ? size_ : number("LOCAL_WORLD_SIZE", 1, kMostRanks);
    if (any(here > net::gpu_count())) return false;
    ::setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 0);  // a lost rank is an error here, not the end of the process
    const auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = patience();
    const auto keys = c10::make_intrusive<c10d::PrefixStore>("nccl", store_);
    nccl_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(keys, rank_, size_, options);
    return true;
#else
    return false;
#endif
  }

  int rank_, size_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::Backend> gloo_, nccl_;
  bool asked_ = false;
};

}  // namespace

int ProcessGroup::size_from_environment() {
  return variable("WORLD_SIZE").empty() ? 1 : number("WORLD_SIZE", 1, kMostRanks);
}

int ProcessGroup::rank_from_environment() {
  const int size = size_from_environment();
  return size == 1 ? 0 : number("RANK", 0, size - 1);
}

int ProcessGroup::local_rank_from_environment() {
  return variable("LOCAL_RANK").empty() ? 0 : number("LOCAL_RANK", 0, kMostRanks);
}

bool ProcessGroup::any(bool here) {
  at::Tensor count = at::full({1}, here ? 1.0 : 0.0, at::kFloat);
  add_up(count);
  return count.item<float>() > 0;
}

bool ProcessGroup::same(std::uint64_t here) {
  const auto own = static_cast<std::int64_t>(here);
  at::Tensor first = at::full({1}, rank() == 0 ? own : 0, at::kLong);
  add_up(first);
  return !any(first.item<std::int64_t>() != own);
}

std::string ProcessGroup::of_first(const std::string& here) {
  at::Tensor size = at::full({1}, rank() == 0 ? static_cast<std::int64_t>(here.size()) : 0, at::kLong);
  add_up(size);
  at::Tensor bytes = at::full({size.item<std::int64_t>()}, 0, at::kByte);
  if (rank() == 0) std::memcpy(bytes.mutable_data_ptr(), here.data(), here.size());
  add_up(bytes);
  return {static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes()};
}

std::unique_ptr<ProcessGroup> ProcessGroup::from_environment() {
  const int size = size_from_environment();
  if (size == 1) return std::make_unique<ProcessGroup>();
  return std::make_unique<Ranks>(rank_from_environment(), size);
}

}  // namespace weft::train
