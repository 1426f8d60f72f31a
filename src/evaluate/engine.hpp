// Where evaluations run. The rest of the system does not know which engine is there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "evaluate/evaluator.hpp"

namespace weft::evaluate {

class Engine {
 public:
  using Done = std::function<void(journal::Outcome)>;
  virtual ~Engine() = default;

  /// Starts an evaluation. `done` is called once, from any thread, perhaps before submit() returns; after stop() it is
  /// not called any more.
  virtual void submit(const Evaluation& evaluation, Done done) = 0;
  /// Evaluations that run at a time.
  virtual int workers() const = 0;
  /// Ends what is running and returns when nothing runs any more.
  virtual void stop() = 0;
};

/// Workers and the threads of each, chosen for throughput or given by the user.
struct Plan {
  int workers = 1;
  int threads = 1;                          ///< of one worker
  int model_threads = 0;                    ///< of a language model in this process; 0: there is none
  std::vector<std::string> devices{"cpu"};  ///< worker i uses devices[i % size]
  double memory_limit = 0;                  ///< resident bytes of a worker; 0: an equal share of the machine's memory
};

/// One worker a GPU; else one single-threaded worker a core (two of them beat one of two threads here by 5 to 10 %),
/// with an instant evaluator inline. A local model gets the cores that the workers leave, at least one. Zero in
/// `wanted` means: choose.
Plan make_plan(const Plan& wanted, const Traits& traits, bool local_model);

/// Runs instant evaluators in this process (on TBB where the plan has more than one worker), the others in persistent
/// worker processes `weft worker`. Throws Error where a worker cannot start.
std::unique_ptr<Engine> make_local_engine(const Setup& setup, const Plan& plan);

}  // namespace weft::evaluate
