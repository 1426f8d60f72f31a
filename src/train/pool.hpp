// Threads in the background that do numbered jobs ahead of who waits for them. The pool is any thread's; a piece of
// work is waited for by one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace weft::train {

class Pool {
 public:
  /// Jobs 0 .. count-1, begun in this order. It does not outlive its pool; dropped, it waits for the jobs that are
  /// under way and leaves out the others.
  class Work {
   public:
    Work(Pool& pool, std::int64_t count, std::function<void(std::int64_t)> job);
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    ~Work();
    /// Helps until all jobs are done. Throws what the job with the lowest number threw, whichever threw first.
    void wait();

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

  explicit Pool(int threads);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

 private:
  struct Arena;
  std::unique_ptr<Arena> arena_;
};

}  // namespace weft::train
