#include <cmath>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "evaluate/evaluators/all.hpp"

namespace weft::evaluate::evaluators {
namespace {

using base::Json;
using journal::Outcome;

// What a metric may be at most and at least.
struct Threshold {
  std::string metric;
  std::optional<double> most, least;

  // A number is the most that is kept, of what ends in "accuracy" the least.
  static Threshold from_json(const std::string& metric, const Json& limit) {
    Threshold threshold{.metric = metric, .most = {}, .least = {}};
    if (limit.is_number()) {
      (metric.ends_with("accuracy") ? threshold.least : threshold.most) = limit.get<double>();
      return threshold;
    }
    if (limit.contains("at_most")) threshold.most = limit.at("at_most").get<double>();
    if (limit.contains("at_least")) threshold.least = limit.at("at_least").get<double>();
    return threshold;
  }

  // What is wrong with the outcome, or nothing.
  std::string broken(const Outcome& outcome) const {
    for (const auto* values : {&outcome.metrics, &outcome.measured}) {
      const auto found = values->find(metric);
      if (found == values->end()) continue;
      const std::string is = metric + " is " + base::number_text(found->second);
      // Written so that no number keeps no limit.
      if (most && !(found->second <= *most)) return is + ", more than " + base::number_text(*most);
      if (least && !(found->second >= *least)) return is + ", less than " + base::number_text(*least);
      return "";
    }
    return "there is no " + metric + " to compare with its threshold";
  }
};

// Adds what a later stage says: of equal names its own stands.
void merge(Outcome& all, Outcome stage) {
  for (const auto& [name, value] : stage.metrics) {
    all.measured.erase(name);
    all.metrics[name] = value;
  }
  for (const auto& [name, value] : stage.measured) {
    all.metrics.erase(name);
    all.measured[name] = value;
  }
  for (const auto& [name, value] : stage.test) all.test[name] = value;
  if (!stage.curve.empty()) all.curve = std::move(stage.curve);
  all.failure = std::move(stage.failure);
  all.detail = std::move(stage.detail);
  all.transient = stage.transient;
}

class CascadeEvaluator : public Evaluator {
 public:
  explicit CascadeEvaluator(const Setup& setup) {
    for (const evaluate::Stage& stage : stages_of(setup.evaluate)) {
      if (stage.name() == "cascade") throw base::Error("a cascade has no cascades as its stages");
      Setup own = setup;
      own.evaluate = stage.evaluate;
      own.whole = setup.evaluate;
      Step& step = steps_.emplace_back(Step{stage.name(), make_evaluator(own), {}});
      for (const auto& [metric, limit] : stage.keep.items())
        step.thresholds.push_back(Threshold::from_json(metric, limit));
    }
  }

  Outcome evaluate(const Evaluation& evaluation) override {
    Outcome all;
    for (const Step& step : steps_) {
      merge(all, step.evaluator->evaluate(evaluation));
      if (!all.ok()) return all;
      if (evaluation.fidelity.test) continue;  // the winner kept them once; what is measured varies
      for (const Threshold& threshold : step.thresholds) {
        const std::string broken = threshold.broken(all);
        if (broken.empty()) continue;
        all.failure = "threshold";
        all.detail = step.name + ": " + broken;
        return all;
      }
    }
    return all;
  }

 private:
  struct Step {
    std::string name;
    std::unique_ptr<Evaluator> evaluator;
    std::vector<Threshold> thresholds;
  };
  std::vector<Step> steps_;
};

}  // namespace

std::unique_ptr<Evaluator> cascade(const Setup& setup) {
  return std::make_unique<CascadeEvaluator>(setup);
}

}  // namespace weft::evaluate::evaluators
