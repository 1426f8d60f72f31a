#include "train/pool.hpp"

#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <exception>
#include <mutex>

namespace weft::train {

// One place more than threads is for who waits.
struct Pool::Arena {
  explicit Arena(int threads) : arena(threads + 1, 1) {}
  tbb::task_arena arena;
};

Pool::Pool(int threads) : arena_(std::make_unique<Arena>(threads)) {}

Pool::~Pool() = default;

struct Pool::Work::State {
  void run(std::int64_t number) {
    try {
      job(number);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (error && failed < number) return;
      failed = number;
      error = std::current_exception();
    }
  }

  tbb::task_arena& arena;
  std::function<void(std::int64_t)> job;
  tbb::task_group group;
  std::mutex mutex;
  std::int64_t failed = 0;
  std::exception_ptr error;
};

Pool::Work::Work(Pool& pool, std::int64_t count, std::function<void(std::int64_t)> job)
    : state_(new State{pool.arena_->arena, std::move(job), {}, {}, 0, nullptr}) {
  for (std::int64_t i = 0; i < count; ++i)
    state_->arena.enqueue(state_->group.defer([state = state_.get(), i] { state->run(i); }));
}

Pool::Work::~Work() {
  state_->group.cancel();
  state_->arena.execute([this] { state_->group.wait(); });
}

void Pool::Work::wait() {
  state_->arena.execute([this] { state_->group.wait(); });
  if (state_->error) std::rethrow_exception(std::exchange(state_->error, nullptr));
}

}  // namespace weft::train
