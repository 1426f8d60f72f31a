#include "view/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "block/difference.hpp"
#include "evolve/objective.hpp"
#include "llm/chat.hpp"
#include "search/experiment.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"

namespace weft::view {
namespace {

using base::Json;
using evolve::Objective;
using journal::Trial;
using journal::TrialId;

constexpr std::size_t kMostChanges = 6;  // of a program, in a cell of a table

class Summarizer {
 public:
  explicit Summarizer(const journal::Journal& journal)
      : journal_(journal),
        experiment_(search::Experiment::from_header(journal.header())),
        objective_(Objective::from_json(experiment_.checked.at("objective"))),
        trials_(journal.trials()),
        calls_(journal.calls()),
        events_(journal.events()) {
    for (const journal::Call& call : calls_) call_of_[{call.trial, call.attempt}] = &call;
  }

  Json run() {
    const Json& header = journal_.header();
    Json summary = {{"name", experiment_.name},
                    {"method", experiment_.method()},
                    {"space", experiment_.space.name},
                    {"description", experiment_.space.description},
                    {"evaluator", experiment_.evaluator()},
                    {"objective", goals()},
                    {"seed", experiment_.checked.at("seed")},
                    {"seconds", std::max(last_event().at_s, trials_.empty() ? 0 : trials_.back().closed_s)},
                    {"environment", header.at("environment")},
                    {"data", header.at("data")},
                    {"experiment", experiment_.checked},
                    {"counts", counts()},
                    {"cost", cost()}};
    summary["trials"] = trial_rows();
    summary["pareto"] = pareto();
    summary["problems"] = problems();
    summary["ended"] = last_event().kind == "end"     ? last_event().text
                       : last_event().kind == "error" ? "an error: " + last_event().text
                                                      : "running, or killed";
    summary["front"] = front(summary.at("pareto"));
    if (const Trial* best = objective_.best_trial(trials_)) summary["best"] = winner(*best);
    return summary;
  }

  Json describe(TrialId trial) const { return winner(trials_.at(static_cast<std::size_t>(trial))); }

 private:
  journal::Event last_event() const { return events_.empty() ? journal::Event{} : events_.back(); }

  Json goals() const {
    Json list = Json::array();
    for (const Objective::Goal& goal : objective_.goals)
      list.push_back({{"metric", goal.metric}, {"minimize", goal.minimize}});
    return list;
  }

  Json counts() const {
    std::int64_t invalid = 0, repeated = 0, failed = 0, evaluated = 0, repaired = 0;
    for (const Trial& trial : trials_) {
      invalid += !trial.proposal.invalid.empty();
      repeated += trial.duplicate_of >= 0;
      failed += trial.fresh() && !trial.outcome->ok();
      evaluated += trial.fresh() && trial.outcome->ok();
      repaired += trial.proposal.repairs > 0 && trial.proposal.invalid.empty();
    }
    return {{"trials", trials_.size()}, {"evaluated", evaluated}, {"invalid", invalid},
            {"repaired", repaired},     {"repeated", repeated},   {"failed", failed}};
  }

  Json cost() const {
    std::int64_t requests = 0;
    llm::Usage usage;
    double usd = 0, seconds = 0, training = 0;
    bool known = true;
    for (const journal::Call& call : calls_) {
      usage += llm::Usage::from_json(call.usage);
      requests += call.requests;
      usd += call.usd.value_or(0);
      known = known && call.usd.has_value();
      seconds += call.seconds;
    }
    for (const Trial& trial : trials_) {
      if (trial.fresh()) training += Objective::value(*trial.outcome, "train_s").value_or(0);
    }
    return {{"calls", calls_.size()},
            {"requests", requests},
            {"prompt_tokens", usage.prompt_tokens},
            {"cached_tokens", usage.cached_tokens},
            {"completion_tokens", usage.completion_tokens},
            {"usd", known ? Json(usd) : Json(nullptr)},
            {"model_s", seconds},
            {"evaluation_s", training}};
  }

  std::optional<double> score(const Trial& trial) const {
    return trial.outcome ? Objective::value(*trial.outcome, objective_.first().metric) : std::nullopt;
  }

  Json trial_rows() const {
    Json rows = Json::array();
    for (const Trial& trial : trials_) {
      Json row = {{"trial", trial.id},
                  {"op", trial.proposal.lineage.op},
                  {"parents", trial.proposal.lineage.parents},
                  {"closed_s", trial.closed_s}};
      if (!trial.proposal.invalid.empty()) row["invalid"] = trial.proposal.invalid;
      if (!trial.proposal.text.empty()) row["genome"] = trial.proposal.text;
      if (trial.duplicate_of >= 0) row["duplicate_of"] = trial.duplicate_of;
      if (trial.outcome && !trial.outcome->ok()) row["failure"] = trial.outcome->failure;
      if (const auto value = score(trial)) row["score"] = *value;
      if (trial.outcome) {
        if (const auto params = Objective::value(*trial.outcome, "params")) row["params"] = *params;
        if (trial.fresh()) row["curve"] = trial.outcome->curve;
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }

  // Trials that no other beats in both score and parameters (or in all goals, where the objective has several).
  Json pareto() const {
    Objective objective = objective_;
    if (objective.goals.size() == 1 && objective.goals[0].metric != "params")
      objective.goals.push_back({"params", true});
    std::vector<std::pair<TrialId, std::vector<double>>> points;
    for (const Trial& trial : trials_) {
      if (!trial.fresh()) continue;
      if (auto costs = objective.costs(*trial.outcome)) points.emplace_back(trial.id, std::move(*costs));
    }
    Json front = Json::array();
    for (const auto& [id, costs] : points) {
      const bool beaten = std::any_of(points.begin(), points.end(), [&, &mine = costs](const auto& other) {
        return evolve::dominates(other.second, mine);
      });
      if (!beaten) front.push_back(id);
    }
    return front;
  }

  // The trials of the Pareto front with the values of its goals, where the objective has several.
  Json front(const Json& pareto) const {
    Json rows = Json::array();
    if (objective_.goals.size() < 2) return rows;
    for (const Json& id : pareto) {
      const Trial& trial = trials_.at(id.get<std::size_t>());
      Json values = Json::array();
      for (const Objective::Goal& goal : objective_.goals)
        values.push_back(*Objective::value(*trial.outcome, goal.metric));
      rows.push_back({{"trial", trial.id}, {"values", values}, {"genome", trial.proposal.text}});
    }
    std::sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) { return a.at("values") < b.at("values"); });
    return rows;
  }

  // A failure in words that are the same for all that failed so: without the value that did not keep a threshold.
  static std::string reason_of(const journal::Outcome& outcome) {
    const std::size_t from = outcome.detail.find(" is "), to = outcome.detail.find(", ");
    if (outcome.failure != "threshold" || from == std::string::npos || to == std::string::npos) return outcome.detail;
    return outcome.detail.substr(0, from) + outcome.detail.substr(to + 1);
  }

  // Invalid proposals and failed evaluations by reason, the most frequent first.
  Json problems() const {
    std::map<std::pair<std::string, std::string>, int> counts;
    for (const Trial& trial : trials_) {
      if (!trial.proposal.invalid.empty()) ++counts[{"invalid", trial.proposal.invalid}];
      if (trial.fresh() && !trial.outcome->ok()) ++counts[{trial.outcome->failure, reason_of(*trial.outcome)}];
    }
    std::vector<std::pair<int, std::pair<std::string, std::string>>> order;
    for (const auto& [reason, count] : counts) order.emplace_back(count, reason);
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    Json list = Json::array();
    for (const auto& [count, reason] : order)
      list.push_back({{"count", count}, {"kind", reason.first}, {"reason", reason.second}});
    return list;
  }

  // From the winner back to a trial without parents, each time through the parent with the better score.
  std::vector<const Trial*> line_of(const Trial& winner) const {
    std::vector<const Trial*> line{&winner};
    while (!line.back()->proposal.lineage.parents.empty() && line.size() < 1000) {
      const Trial* best = nullptr;
      for (const TrialId parent : line.back()->proposal.lineage.parents) {
        const Trial& trial = trials_.at(static_cast<std::size_t>(parent));
        if (best == nullptr ||
            (score(trial) && (!score(*best) || objective_.first().better(*score(trial), *score(*best)))))
          best = &trial;
      }
      line.push_back(best);
    }
    std::reverse(line.begin(), line.end());
    return line;
  }

  static std::string shown(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

  // What a program has and the one before had not, in a few lines; nothing where they are no programs.
  static std::vector<std::string> program_changes(const Json& before, const Json& after) {
    if (!before.is_string() || !after.is_string()) return {};
    const auto old_program = block::parse(before.get<std::string>(), "before"),
               new_program = block::parse(after.get<std::string>(), "after");
    if (!old_program || !new_program) return {};
    std::vector<std::string> lines = block::describe(block::compare(*old_program, *new_program));
    if (lines.size() > kMostChanges) {
      lines[kMostChanges] = fmt::format("and {} changes more", lines.size() - kMostChanges);
      lines.resize(kMostChanges + 1);
    }
    return lines;
  }

  // Genes in which a child differs from a parent, in words.
  static Json changes(const std::string& parent, const std::string& child) {
    Json list = Json::array();
    const Json before = Json::parse(parent), after = Json::parse(child);
    for (const auto& [gene, value] : after.items()) {
      if (!before.contains(gene)) {
        list.push_back(gene + " " + shown(value));
      } else if (before.at(gene) != value) {
        const std::vector<std::string> lines = program_changes(before.at(gene), value);
        for (const std::string& line : lines) list.push_back(gene + ": " + line);
        if (lines.empty()) list.push_back(gene + " " + shown(before.at(gene)) + " → " + shown(value));
      }
    }
    return list;
  }

  Json lineage(const Trial& winner) const {
    Json steps = Json::array();
    const Trial* before = nullptr;
    for (const Trial* trial : line_of(winner)) {
      Json step = {{"trial", trial->id},
                   {"op", trial->proposal.lineage.op},
                   {"parents", trial->proposal.lineage.parents},
                   {"score", score(*trial) ? Json(*score(*trial)) : Json(nullptr)}};
      if (before != nullptr && !before->proposal.text.empty() && !trial->proposal.text.empty()) {
        step["changes"] = changes(before->proposal.text, trial->proposal.text);
        step["from"] = before->id;
      }
      steps.push_back(std::move(step));
      before = trial;
    }
    return steps;
  }

  // Prompt and reply of every model call on the winner's line.
  Json conversations(const Trial& winner) const {
    Json list = Json::array();
    for (const Trial* trial : line_of(winner)) {
      const journal::Lineage& from = trial->proposal.lineage;
      if (from.call < 0) continue;
      const bool repaired = trial->proposal.repairs > 0;
      const auto found = call_of_.find({repaired ? trial->id : from.call, trial->proposal.repairs});
      if (found == call_of_.end()) continue;
      const auto index = static_cast<std::size_t>(repaired ? 0 : from.index);
      const journal::Call& call = *found->second;
      list.push_back({{"trial", trial->id},
                      {"model", call.model},
                      {"temperature", call.request.at("temperature")},
                      {"messages", call.request.at("messages")},
                      {"reply", index < call.replies.size() ? call.replies[index] : ""}});
    }
    return list;
  }

  Json winner(const Trial& best) const {
    Json value = {{"trial", best.id},
                  {"id", best.proposal.id},
                  {"genome", Json::parse(best.proposal.text)},
                  {"outcome", best.outcome->to_json()},
                  {"lineage", lineage(best)},
                  {"conversations", conversations(best)}};
    if (const Json final = journal_.get("final"); !final.is_null() && final.at("trial") == best.id)
      value["final"] = final.at("outcome");
    const auto genome = space::from_json(experiment_.space, value["genome"]);
    value["form"] = genome ? space::genome_form(experiment_.space, *genome) : value["genome"].dump();
    if (!genome) return value;
    value["program"] = main_program(*genome);
    if (const auto made = space::decode(experiment_.space, *genome, experiment_.space.input)) {
      value["params"] = made->counts.params;  // where no evaluator said so
      value["flops"] = made->flops();
    }
    return value;
  }

  // The program that most layers have.
  std::string main_program(const space::Genome& genome) const {
    std::map<std::string, int> layers;
    std::string most;
    for (int layer = 0; layer < experiment_.space.depth(genome); ++layer) {
      const std::string text = block::print(space::program_of(experiment_.space, genome, layer));
      if (++layers[text] > layers[most]) most = text;
    }
    return most;
  }

  const journal::Journal& journal_;
  search::Experiment experiment_;
  Objective objective_;
  std::vector<Trial> trials_;
  std::vector<journal::Call> calls_;
  std::vector<journal::Event> events_;
  std::map<std::pair<TrialId, int>, const journal::Call*> call_of_;
};

std::string problem_line(const Json& problem) {
  return fmt::format("{} × {}: {}", problem.at("count").get<int>(), problem.at("kind").get<std::string>(),
                     base::one_line(problem.at("reason").get<std::string>()));
}

}  // namespace

base::Json summarize(const journal::Journal& journal) {
  return Summarizer(journal).run();
}

base::Json describe_trial(const journal::Journal& journal, TrialId trial) {
  return Summarizer(journal).describe(trial);
}

std::string why_unscored(const Json& summary) {
  if (summary.contains("best") || summary.at("trials").empty()) return "";
  if (!summary.at("problems").empty()) return problem_line(summary.at("problems")[0]);
  return "no evaluation gave " + summary.at("objective")[0].at("metric").get<std::string>();
}

std::string closing_words(const Json& summary, const std::string& ended, const base::fs::path& folder,
                          const std::string& again) {
  static const std::map<std::string, std::string> kEndings{{"stopped", "stopped"},
                                                           {"method", "the method has nothing more to propose"}};
  static const std::map<std::string, std::string> kLimits{{"trials", "search.trials"},
                                                          {"evaluations", "search.evaluations"},
                                                          {"time", "budget.minutes"},
                                                          {"money", "budget.usd"},
                                                          {"tokens", "budget.tokens"},
                                                          {"calls", "budget.calls"},
                                                          {"simulated time", "budget.simulated_hours"}};
  const Json& counts = summary.at("counts");
  const auto found = kEndings.find(ended);
  std::string text =
      fmt::format("{} trials in {}: {} evaluated, {} invalid, {} repeated, {} failed ({})\n",
                  counts.at("trials").get<int>(), base::short_duration(summary.at("seconds").get<double>()),
                  counts.at("evaluated").get<int>(), counts.at("invalid").get<int>(), counts.at("repeated").get<int>(),
                  counts.at("failed").get<int>(), found == kEndings.end() ? "limit reached: " + ended : found->second);
  if (summary.contains("best")) {
    const Json& best = summary.at("best");
    const auto metric = summary.at("objective")[0].at("metric").get<std::string>();
    const journal::Outcome outcome = journal::Outcome::from_json(best.at("outcome"));
    text += fmt::format("best: trial {}, {} {:.4f}", best.at("trial").get<std::int64_t>(), metric,
                        *Objective::value(outcome, metric));
    if (best.contains("final")) {
      for (const auto& [name, value] : journal::Outcome::from_json(best.at("final")).test)
        text += fmt::format(", {} {:.4f}", name, value);
    }
    if (const auto params = Objective::value(outcome, "params"))
      text += fmt::format(", {} parameters", base::short_count(*params));
    text += "\n";
    for (const std::string& line : base::split_lines(best.at("form").get<std::string>())) text += "  " + line + "\n";
  }
  const Json& problems = summary.at("problems");
  const auto failure = std::find_if(problems.begin(), problems.end(),
                                    [](const Json& problem) { return problem.at("kind") != "invalid"; });
  if (failure != problems.end()) text += "failed most often: " + problem_line(*failure) + "\n";
  text += fmt::format("report: {}\n", (folder / "report.html").string());
  if (const auto limit = kLimits.find(ended); limit != kLimits.end())
    text += fmt::format("go on:  weft resume {} --set {}=N\n", folder.string(), limit->second);
  if (ended == "stopped") text += fmt::format("go on:  {}\n", again);
  return text;
}

}  // namespace weft::view
