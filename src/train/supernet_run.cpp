#include "train/supernet_run.hpp"

#include "base/error.hpp"
#include "net/device.hpp"
#include "train/budget.hpp"
#include "train/supernet_checkpoint.hpp"
#include "train/supernet_trainer.hpp"

namespace weft::train {
namespace {

// What rank 0 was told to train, whatever the others were: it alone reads the run's journal.
SupernetJob agreed(SupernetJob job, ProcessGroup& group) {
  if (group.size() == 1) return job;
  const base::Json own = {{"task", job.task}, {"supernet", job.supernet}, {"seed", job.seed}};
  const base::Json first = base::Json::parse(group.of_first(own.dump()));
  job.task = first.at("task");
  job.supernet = first.at("supernet");
  job.seed = first.at("seed");
  return job;
}

// Where a machine has several GPUs, each of its ranks has its own.
SupernetRecipe recipe_of(const SupernetJob& job) {
  SupernetRecipe recipe = SupernetRecipe::from_json(job.supernet);
  const int gpus = net::gpu_count();
  if (recipe.recipe.device == "auto" && gpus > 1 && ProcessGroup::size_from_environment() > 1)
    recipe.recipe.device = "cuda:" + std::to_string(ProcessGroup::local_rank_from_environment() % gpus);
  return recipe;
}

// The steps of one session: it measures, saves, and says how far it is.
class SupernetSession {
 public:
  SupernetSession(const SupernetJob& job, const std::function<void(const SupernetStatus&)>& tell)
      : tell_(tell),
        group_(ProcessGroup::from_environment()),
        job_(agreed(job, *group_)),
        recipe_(recipe_of(job_)),
        data_(open_dataset(TaskConfig::from_json(job_.task))),
        trainer_(*job_.space, *data_, recipe_, job_.seed, *group_) {
    if (base::fs::exists(job.file)) trainer_.resume(job.file);
    if (!alike())
      throw base::Error(
          "the ranks would not train the same: each needs the same space and data, and the checkpoint at this path, in "
          "a folder that all machines share",
          job.file.string());
  }

  bool run(const std::stop_token& stop) {
    if (trainer_.done()) return true;
    if (trainer_.curve().empty()) measure();
    auto saved = Clock::now();
    while (!trainer_.done() && !stopped(stop)) {
      const double loss = trainer_.step();
      const bool due = trainer_.used() * recipe_.recipe.curve >= static_cast<double>(trainer_.curve().size());
      if (due || trainer_.done()) {
        measure();
      } else {
        say(loss, nullptr);
      }
      if (trainer_.done() || seconds_since(saved) < recipe_.checkpoint_s) continue;
      save();
      saved = Clock::now();
    }
    save();
    if (!alike())
      throw base::Error(
          "the ranks' weights drifted apart, as they may on machines of different kinds; the checkpoint holds those of "
          "rank 0",
          job_.file.string());
    group_->wait_for_all();
    return trainer_.done();
  }

 private:
  bool alike() const { return group_->size() == 1 || group_->same(trainer_.fingerprint()); }

  // Every rank stops where one is told to.
  bool stopped(const std::stop_token& stop) {
    if (group_->size() == 1) return stop.stop_requested();
    return group_->any(stop.stop_requested());
  }

  void measure() {
    const SupernetPoint point = trainer_.measure();
    say(point.train_loss, point.to_json());
  }

  void say(double loss, base::Json point) {
    if (group_->rank() != 0) return;
    tell_({.step = trainer_.steps(),
           .used = std::min(1.0, trainer_.used()),
           .seconds = trainer_.seconds(),
           .loss = loss,
           .measured = std::move(point)});
  }

  void save() {
    if (group_->rank() == 0) trainer_.save(job_.file);
  }

  const std::function<void(const SupernetStatus&)>& tell_;
  std::unique_ptr<ProcessGroup> group_;
  SupernetJob job_;
  SupernetRecipe recipe_;
  std::unique_ptr<Dataset> data_;
  SupernetTrainer trainer_;
};

}  // namespace

bool train_supernet(const SupernetJob& job, const std::function<void(const SupernetStatus&)>& tell,
                    const std::stop_token& stop) {
  return SupernetSession(job, tell).run(stop);
}

base::Json supernet_state(const base::fs::path& file) {
  return read_state(file);
}

int rank_of_process() {
  return ProcessGroup::rank_from_environment();
}

int ranks_of_process() {
  return ProcessGroup::size_from_environment();
}

}  // namespace weft::train
