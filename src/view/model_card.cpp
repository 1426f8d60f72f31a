#include "view/model_card.hpp"

#include <fmt/format.h>

#include <array>

#include "base/secret.hpp"
#include "base/template.hpp"
#include "base/text.hpp"
#include "net/device.hpp"
#include "search/experiment.hpp"
#include "space/genome_text.hpp"
#include "train/data.hpp"
#include "view/summary.hpp"

namespace weft::view {
namespace {

using base::Json;

std::string unit_of(const std::string& metric, bool tokens) {
  using Row = std::pair<std::string_view, std::string_view>;
  static constexpr std::array kUnits{Row{"params", "parameters"},
                                     Row{"trainable_params", "parameters"},
                                     Row{"flops", "FLOPs for one example"},
                                     Row{"train_s", "seconds"},
                                     Row{"memory_bytes", "bytes, at its peak"},
                                     Row{"steps", "steps"},
                                     Row{"tokens", "positions seen in training"},
                                     Row{"tokens_per_s", "positions a second"}};
  for (const auto& [name, unit] : kUnits) {
    if (metric == name) return std::string(unit);
  }
  if (metric.ends_with("_loss")) return tokens ? "nats a token" : "nats an image";
  return metric.ends_with("_accuracy") ? "share of the images" : "";
}

std::string value_text(double value) {
  const bool whole = value == static_cast<double>(static_cast<std::int64_t>(value));
  return whole ? base::grouped(fmt::format("{}", static_cast<std::int64_t>(value))) : fmt::format("{:.4g}", value);
}

// A text in a cell of a table.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char c : base::one_line(text)) safe += c == '|' ? std::string("\\|") : std::string(1, c);
  return safe;
}

Json metric_rows(const Json& described, bool tokens) {
  Json rows = Json::array();
  const auto add = [&](const std::map<std::string, double>& metrics) {
    for (const auto& [name, value] : metrics)
      rows.push_back({{"name", name}, {"value", value_text(value)}, {"unit", unit_of(name, tokens)}});
  };
  const journal::Outcome outcome = journal::Outcome::from_json(described.at("outcome"));
  if (described.contains("final")) add(journal::Outcome::from_json(described.at("final")).test);
  add(outcome.metrics);
  add(outcome.measured);
  return rows;
}

Json lineage_rows(const Json& described) {
  Json rows = Json::array();
  for (const Json& step : described.at("lineage")) {
    std::vector<std::string> parents, changes;
    for (const Json& parent : step.at("parents")) parents.push_back(parent.dump());
    for (const Json& change : step.value("changes", Json::array())) changes.push_back(change.get<std::string>());
    rows.push_back({{"trial", step.at("trial").dump()},
                    {"op", step.at("op")},
                    {"parents", base::join(parents, ", ")},
                    {"score", step.at("score").is_null() ? "" : fmt::format("{:.4f}", step.at("score").get<double>())},
                    {"changes", cell(base::join(changes, "; "))}});
  }
  return rows;
}

// The training recipe, or whatever else gave the score; a command's line is its user's affair.
Json recipe_rows(const Json& evaluate) {
  Json rows = Json::array();
  for (const evaluate::Stage& stage : evaluate::stages_of(evaluate)) {
    rows.push_back({{"key", "evaluate"}, {"value", stage.name()}});
    if (stage.name() == "command") continue;
    for (const auto& [key, value] : stage.options().items())
      rows.push_back({{"key", key}, {"value", cell(value.is_string() ? value.get<std::string>() : value.dump())}});
    for (const auto& [metric, limit] : stage.keep.items())
      rows.push_back({{"key", "keep"}, {"value", cell(metric + " " + limit.dump())}});
  }
  return rows;
}

Json run_words(const CardFacts& facts, bool tokens) {
  const search::Experiment experiment = search::Experiment::from_header(facts.journal->header());
  const Json described = describe_trial(*facts.journal, facts.trial);
  const Json& header = facts.journal->header();
  Json words = {
      {"trial", std::to_string(facts.trial)},
      {"experiment", experiment.name},
      {"method", experiment.method()},
      {"metric", experiment.checked.at("objective").dump()},
      {"metrics", metric_rows(described, tokens)},
      {"lineage", lineage_rows(described)},
      {"recipe", recipe_rows(experiment.checked.at("evaluate"))},
      {"seed", std::to_string(experiment.seed())},
      {"data", header.at("data").at("description")},
      {"data_hash", header.at("data").at("hash")},
      {"trained_with", fmt::format("weft {}, libtorch {}", header.at("environment").at("weft").get<std::string>(),
                                   header.at("environment").at("libtorch").get<std::string>())}};
  words["has_data"] = !header.at("data").at("hash").get<std::string>().empty();
  words["licence"] = train::dataset_licence(experiment.checked.at("task").value("data", ""));
  for (const Json& call : described.at("conversations")) words["model"] = call.at("model");
  return words;
}

}  // namespace

std::string model_card(const CardFacts& facts) {
  const bool tokens = facts.space.task == space::Task::language_model;
  const space::Architecture& a = facts.architecture;
  Json words = {{"id", space::id(facts.space, facts.genome)},
                {"space", facts.space.name},
                {"description", base::one_line(facts.space.description)},
                {"genome", space::to_json(facts.space, facts.genome).dump(2)},
                {"layers", std::to_string(a.layers.size())},
                {"params", base::grouped(std::to_string(a.counts.params))},
                {"flops", base::grouped(std::to_string(a.flops()))},
                {"weights", facts.weights},
                {"tokens", tokens},
                {"vocabulary", std::to_string(a.input.vocabulary)},
                {"context", std::to_string(a.input.context)},
                {"channels", std::to_string(a.input.channels)},
                {"height", std::to_string(a.input.height)},
                {"width", std::to_string(a.input.width)},
                {"classes", std::to_string(a.input.classes)},
                {"weft", WEFT_VERSION},
                {"torch", net::torch_version()}};
  if (facts.journal != nullptr) words["run"] = run_words(facts, tokens);
  const auto path = base::home() / "templates/model_card.md.mustache";
  return base::redact(base::render(base::read_file(path), path.string(), words, base::Escape::none));
}

}  // namespace weft::view
