#include <sys/wait.h>

#include <chrono>

#include "base/process.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "evaluate/evaluators/all.hpp"

namespace weft::evaluate::evaluators {
namespace {

using base::Json;

constexpr std::size_t kMaxCurve = 10'000;
constexpr std::size_t kMaxOutput = 16U << 20U;

// One line of the program's output. False, with the reason, where it says it is JSON and is not an object of numbers.
bool read_line(const std::string& line, journal::Outcome& outcome, std::string& reason) {
  const auto value = base::parse_json(line, 4);
  bool good = value && value->is_object();
  if (good) {
    for (const auto& [name, number] : value->items()) good = good && number.is_number();
  }
  if (!good) {
    reason = "printed a line that is no JSON object of numbers: " + base::quote(line);
    return false;
  }
  if (value->contains("step")) {
    if (outcome.curve.size() < kMaxCurve) outcome.curve.push_back(*value);
    return true;
  }
  for (const auto& [name, number] : value->items()) {
    const bool test = name.starts_with("test_"),
               measured = name.ends_with("_s") || name == "memory_bytes" || name == "energy_j";
    (test ? outcome.test : measured ? outcome.measured : outcome.metrics)[name] = number.get<double>();
  }
  return true;
}

class CommandEvaluator : public Evaluator {
 public:
  explicit CommandEvaluator(const Setup& setup) : task_(setup.task), threads_(setup.threads), device_(setup.device) {
    const Json& config = setup.evaluate.at("command");
    argv_ = config.at("run").get<std::vector<std::string>>();
    time_limit_ = std::chrono::milliseconds(static_cast<std::int64_t>(1000 * config.at("time_limit").get<double>()));
  }

  // The program reads one JSON object: genome, fidelity, seed, task, threads, device. It prints JSON objects of
  // numbers, a line each: with "step" a point of the learning curve, without it metrics (test_* are sealed, *_s are
  // times). Other lines are its own affair.
  journal::Outcome evaluate(const Evaluation& evaluation) override {
    const auto genome = base::parse_json(evaluation.genome);
    const Json request = {{"genome", genome ? *genome : Json(nullptr)},
                          {"budget", evaluation.fidelity.budget},
                          {"test", evaluation.fidelity.test},
                          {"seed", evaluation.seed},
                          {"task", task_},
                          {"threads", threads_},
                          {"device", device_}};
    base::Command command{.argv = argv_, .environment = base::environment_without_secrets()};
    command.err_with_out = true;
    command.own_group = false;  // ends with the worker's group
    const auto start = std::chrono::steady_clock::now();
    const base::Finished finished = base::run(command, request.dump() + "\n", time_limit_, kMaxOutput);
    if (finished.timed_out)
      return journal::Outcome::failed("time_limit", "the command took longer than its time_limit", true);
    if (finished.output.size() == kMaxOutput)
      return journal::Outcome::failed("crashed", "the command printed more than 16 MiB");
    journal::Outcome outcome = read(finished);
    if (!evaluation.fidelity.test) outcome.test.clear();  // sealed until they are asked for
    if (outcome.ok())
      outcome.measured["train_s"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return outcome;
  }

 private:
  static journal::Outcome read(const base::Finished& finished) {
    journal::Outcome outcome;
    std::string last, reason;
    for (const std::string& line : base::split_lines(base::to_utf8(finished.output))) {
      if (line.starts_with("{") && !read_line(line, outcome, reason))
        return journal::Outcome::failed("crashed", reason);
      if (!line.starts_with("{") && !line.empty()) last = line;
    }
    if (finished.status != 0)
      return journal::Outcome::failed("crashed", "the command ended with " + base::exit_text(finished.status) +
                                                     (last.empty() ? "" : ": " + base::quote(last)));
    if (outcome.metrics.empty() && outcome.measured.empty())
      return journal::Outcome::failed("crashed",
                                      "the command printed no metrics: no line with a JSON object of numbers");
    return outcome;
  }

  Json task_;
  int threads_;
  std::string device_;
  std::vector<std::string> argv_;
  std::chrono::milliseconds time_limit_{};
};

}  // namespace

std::unique_ptr<Evaluator> command(const Setup& setup) {
  return std::make_unique<CommandEvaluator>(setup);
}

}  // namespace weft::evaluate::evaluators
