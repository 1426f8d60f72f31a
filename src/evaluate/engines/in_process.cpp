#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <atomic>

#include "evaluate/engines/local.hpp"

namespace weft::evaluate {
namespace {

// Evaluations of microseconds: at once in the caller's thread, or on TBB's.
class InProcessEngine : public Engine {
 public:
  InProcessEngine(const Setup& setup, int workers)
      : evaluator_(make_evaluator(setup)), workers_(workers), arena_(workers) {}
  InProcessEngine(const InProcessEngine&) = delete;
  InProcessEngine& operator=(const InProcessEngine&) = delete;
  ~InProcessEngine() noexcept override { InProcessEngine::stop(); }

  void submit(const Evaluation& evaluation, Done done) override {
    if (stopped_) return;
    if (workers_ == 1) {
      done(evaluator_->evaluate(evaluation));
      return;
    }
    arena_.execute([&] {
      tasks_.run([this, evaluation, done = std::move(done)] {
        journal::Outcome outcome = evaluator_->evaluate(evaluation);
        if (!stopped_) done(std::move(outcome));
      });
    });
  }

  int workers() const override { return workers_; }

  void stop() override {
    stopped_ = true;
    arena_.execute([this] { tasks_.wait(); });
  }

 private:
  std::unique_ptr<Evaluator> evaluator_;
  int workers_;
  std::atomic<bool> stopped_ = false;
  tbb::task_arena arena_;
  tbb::task_group tasks_;
};

}  // namespace

std::unique_ptr<Engine> make_in_process_engine(const Setup& setup, int workers) {
  return std::make_unique<InProcessEngine>(setup, workers);
}

}  // namespace weft::evaluate
