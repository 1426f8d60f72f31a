#include "evaluate/engine.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "evaluate/engines/local.hpp"
#include "net/device.hpp"

namespace weft::evaluate {

Plan make_plan(const Plan& wanted, const Traits& traits, bool local_model) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int gpus = traits.trains || traits.computes ? net::gpu_count() : 0;
  Plan plan = wanted;
  if (gpus > 0) {
    plan.devices.clear();
    for (int i = 0; i < gpus; ++i) plan.devices.push_back("cuda:" + std::to_string(i));
  }
  if (plan.workers == 0)
    plan.workers = traits.instant       ? 1
                   : gpus > 0           ? gpus
                   : wanted.threads > 0 ? std::max(1, cores / wanted.threads)
                                        : cores;
  if (plan.threads == 0) plan.threads = std::max(1, cores / plan.workers);
  // Threads of one product wait for each other at every layer: beside busy workers a second one slows the model down
  // tenfold.
  if (local_model && plan.model_threads == 0)
    plan.model_threads = traits.instant ? cores : std::clamp(cores - plan.workers * plan.threads, 1, cores);
  if (plan.memory_limit == 0) {
    const double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    plan.memory_limit = 0.9 * memory / plan.workers;
  }
  return plan;
}

std::unique_ptr<Engine> make_local_engine(const Setup& setup, const Plan& plan) {
  if (traits_of(setup.evaluate).instant) return make_in_process_engine(setup, plan.workers);
  return make_worker_engine(setup, plan);
}

}  // namespace weft::evaluate
