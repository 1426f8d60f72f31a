#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/secret.hpp"
#include "evaluate/engines/local.hpp"
#include "evaluate/line_channel.hpp"

namespace weft::evaluate {
namespace {

using base::Json;
using journal::Outcome;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kStart{120};
constexpr int kTries = 2;  // a lost worker may have been bad luck; twice is the genome's doing

// Of the process and of all that it started.
double resident_bytes(const std::string& pid) {
  const std::string folder = "/proc/" + pid;
  std::ifstream file(folder + "/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  resident *= static_cast<double>(::sysconf(_SC_PAGESIZE));
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator(folder + "/task", gone)) {
    std::ifstream children(thread.path() / "children");
    for (std::string child; children >> child;) resident += resident_bytes(child);
  }
  return resident;
}

// One worker process, replaced after a failure. Used by one thread.
class WorkerProcess {
 public:
  WorkerProcess(Setup setup, double memory_limit) : setup_(std::move(setup)), memory_limit_(memory_limit) {
    // The evaluator keeps its own time limit; this one is for a worker that is stuck.
    const double limit = time_limit(setup_.evaluate);
    hard_limit_ = limit > 0 ? 1.5 * limit + 30 : 0;
  }
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess() { end(); }

  // Starts the process where there is none. Returns why it could not, or nothing.
  std::string start(const std::atomic<bool>& stopped) {
    if (pid_ > 0) return "";
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return "no socket for a worker";
    base::Command command{.argv = {base::own_path(), "worker"}, .environment = base::environment_without_secrets()};
    command.channel = ends[1];
    try {
      pid_ = base::spawn(command);
    } catch (const base::Error& error) {
      ::close(ends[0]);
      ::close(ends[1]);
      return error.what();
    }
    ::close(ends[1]);
    fd_ = ends[0];
    channel_.emplace(fd_);
    channel_->write(setup_.to_json().dump());
    return greeting(stopped);
  }

  // The outcome, or nothing after stop().
  std::optional<Outcome> evaluate(const Evaluation& evaluation, const std::atomic<bool>& stopped) {
    if (!channel_->write(evaluation.to_json().dump())) return lost();
    const auto start = std::chrono::steady_clock::now();
    std::string line;
    while (true) {
      const auto status = channel_->read(line, kTick);
      if (stopped) return std::nullopt;
      if (status == LineChannel::Status::closed) return lost();
      if (status == LineChannel::Status::line) return received(line);
      if (memory_limit_ > 0 && resident_bytes(std::to_string(pid_)) > memory_limit_) {
        end();
        return Outcome::failed("out_of_memory", "the worker held more than its share of memory, " +
                                                    std::to_string(static_cast<long long>(memory_limit_ / 1e6)) +
                                                    " MB");
      }
      if (hard_limit_ > 0 &&
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > hard_limit_) {
        end();
        return Outcome::failed("time_limit", "the worker did not come back and was ended", true);
      }
    }
  }

  // Kills the process and whatever it started.
  void end() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    ::close(fd_);
    channel_.reset();
    pid_ = -1;
  }

 private:
  std::string greeting(const std::atomic<bool>& stopped) {
    const auto deadline = std::chrono::steady_clock::now() + kStart;
    std::string line;
    auto status = LineChannel::Status::waiting;
    while (status == LineChannel::Status::waiting && !stopped && std::chrono::steady_clock::now() < deadline)
      status = channel_->read(line, kTick);
    if (status == LineChannel::Status::line) {
      const Json hello = Json::parse(line);
      if (hello.contains("ready")) return "";
      end();
      return hello.value("error", "a worker did not start");
    }
    end();
    return "a worker ended before it was ready (" + base::exit_text(status_) + ")";
  }

  // What failed may have left memory or children behind: the next evaluation gets a fresh process.
  Outcome received(const std::string& line) {
    const auto answer = base::parse_json(line);
    if (!answer || !answer->is_object() || !answer->contains("metrics")) {
      end();
      return Outcome::failed("crashed", "the worker's answer was no outcome", true);
    }
    Outcome outcome = Outcome::from_json(*answer);
    if (outcome.failure == "crashed" || outcome.failure == "time_limit" || outcome.failure == "out_of_memory") end();
    return outcome;
  }

  Outcome lost() {
    end();
    return Outcome::failed("crashed", "the worker was lost: " + base::exit_text(status_), true);
  }

  Setup setup_;
  double memory_limit_, hard_limit_ = 0;
  pid_t pid_ = -1;
  int fd_ = -1, status_ = 0;
  std::optional<LineChannel> channel_;
};

class WorkerEngine : public Engine {
 public:
  WorkerEngine(const Setup& setup, const Plan& plan) : plan_(plan) {
    for (int i = 0; i < plan.workers; ++i) {
      Setup own = setup;
      own.threads = plan.threads;
      own.device = plan.devices[static_cast<std::size_t>(i) % plan.devices.size()];
      threads_.emplace_back([this, own = std::move(own)] { serve(own); });
    }
  }
  WorkerEngine(const WorkerEngine&) = delete;
  WorkerEngine& operator=(const WorkerEngine&) = delete;
  ~WorkerEngine() override { WorkerEngine::stop(); }

  void submit(const Evaluation& evaluation, Done done) override {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({evaluation, std::move(done)});
    wake_.notify_one();
  }

  int workers() const override { return plan_.workers; }

  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      wake_.notify_all();
    }
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  struct Job {
    Evaluation evaluation;
    Done done;
  };

  void serve(const Setup& setup) {
    WorkerProcess worker(setup, plan_.memory_limit);
    while (auto job = next()) {
      const auto outcome = evaluate(worker, job->evaluation);
      if (!outcome || stopped_) return;
      job->done(*outcome);
    }
  }

  std::optional<Job> next() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
    if (stopped_) return std::nullopt;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  std::optional<Outcome> evaluate(WorkerProcess& worker, const Evaluation& evaluation) {
    std::optional<Outcome> outcome;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      if (const std::string failure = worker.start(stopped_); !failure.empty())
        return Outcome::failed("crashed", failure, true);
      outcome = worker.evaluate(evaluation, stopped_);
      if (!outcome || outcome->failure != "crashed" || !outcome->transient) break;
    }
    return outcome;
  }

  Plan plan_;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Engine> make_worker_engine(const Setup& setup, const Plan& plan) {
  return std::make_unique<WorkerEngine>(setup, plan);
}

}  // namespace weft::evaluate
