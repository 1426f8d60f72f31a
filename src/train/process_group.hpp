// The processes that train together, one rank each, as torchrun starts them: their gradients are added up by c10d.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

namespace weft::train {

class ProcessGroup {
 public:
  /// The group that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT name; of this process alone where they are not set.
  /// Throws base::Error where one of them is wrong or the others do not come within WEFT_PATIENCE seconds (300), which
  /// is also how long a rank waits for the others later on. GLOO_SOCKET_IFNAME names the network interface to use.
  static std::unique_ptr<ProcessGroup> from_environment();
  /// The rank that the environment gives this process, without asking the others; 0 where it gives none.
  static int rank_from_environment();
  static int size_from_environment();
  /// Which of its machine's ranks this process is, by LOCAL_RANK; 0 where that is not set.
  static int local_rank_from_environment();

  virtual ~ProcessGroup() = default;
  virtual int rank() const { return 0; }
  virtual int size() const { return 1; }
  /// Adds the tensor up over all ranks, in place. Throws base::Error where a rank is lost.
  virtual void add_up(at::Tensor&) {}
  /// Whether it is so for any rank.
  bool any(bool here);
  /// Whether all ranks gave the same number.
  bool same(std::uint64_t here);
  /// What rank 0 gave, to all of them.
  std::string of_first(const std::string& here);
  /// Returns when every rank has called it.
  virtual void wait_for_all() {}
};

}  // namespace weft::train
