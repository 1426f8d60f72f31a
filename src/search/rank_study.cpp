#include "search/rank_study.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/error.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"

namespace weft::search {
namespace {

using base::Json;

constexpr std::array<const char*, 3> kBaselines{"params", "flops", "random"};

std::string place_of(const std::string& where, std::size_t genome, const std::string& id) {
  return where + ": genome " + std::to_string(genome + 1) + (id.empty() ? "" : " (" + base::quote(id, 60) + ")");
}

std::vector<std::string> names_of(const std::vector<RankStudy::Predictor>& predictors) {
  std::vector<std::string> names;
  for (const RankStudy::Predictor& predictor : predictors) names.push_back(predictor.name);
  return names;
}

void check_names(const std::vector<RankStudy::Predictor>& predictors, const std::string& where) {
  std::vector<std::string> names = names_of(predictors);
  for (const char* baseline : kBaselines) {
    if (std::find(names.begin(), names.end(), baseline) != names.end())
      throw base::Error(
          std::string("a predictor is called '") + baseline + "', as a baseline is; expected another name", where);
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) throw base::Error("two predictors are called " + base::quote(*twice), where);
}

void check_ids(const std::vector<RankStudy::Genome>& genomes, const std::string& where) {
  std::map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    const auto [known, added] = first.try_emplace(genomes[i].id, i);
    if (!added)
      throw base::Error("has the id of genome " + std::to_string(known->second + 1) + "; expected one of its own",
                        place_of(where, i, genomes[i].id));
  }
}

void check_length(std::size_t length, std::size_t genomes, const std::string& what, const std::string& where) {
  if (length == genomes) return;
  throw base::Error(what + " has " + std::to_string(length) + " values for " + std::to_string(genomes) + " genomes",
                    where);
}

void check_finite(double value, const std::string& what, const std::string& where) {
  if (std::isfinite(value)) return;
  throw base::Error(what + " is " + base::number_text(value) + "; expected a finite number", where);
}

// The document as the schema has it, with every genome checked under a name that says which it is.
Json checked(const Json& document, const std::string& file) {
  const Json schema = base::load_schema("rank");
  const Json& of_genome = schema.at("properties").at("genomes").at("items");
  Json outer = schema;
  outer["properties"]["genomes"].erase("items");
  Json whole = base::check(outer, {.value = document, .file = file, .marks = {}});
  Json genomes = Json::array();
  for (const Json& genome : whole.at("genomes")) {
    const bool named = genome.is_object() && genome.contains("id") && genome.at("id").is_string();
    const std::string where = place_of(file, genomes.size(), named ? genome.at("id").get<std::string>() : "");
    if (!genome.is_object()) throw base::Error("is no JSON object", where);
    genomes.push_back(base::check(of_genome, {.value = genome, .file = where, .marks = {}}));
  }
  whole["genomes"] = std::move(genomes);
  return whole;
}

void add_scores(RankStudy& study, const Json& scores, const std::string& where) {
  for (const auto& [name, score] : scores.items()) {
    const std::vector<std::string> known = names_of(study.predictors);
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw base::Error("has a score of " + base::quote(name) + ", which is not among the predictors: " +
                            base::join(known, ", ") + base::did_you_mean(name, known),
                        where);
  }
  for (RankStudy::Predictor& predictor : study.predictors) {
    if (!scores.contains(predictor.name)) throw base::Error("has no score of " + base::quote(predictor.name), where);
    predictor.scores.push_back(scores.at(predictor.name).get<double>());
  }
}

}  // namespace

RankStudy RankStudy::read(const base::fs::path& file) {
  RankStudy study = parse(base::read_file(file), file.string());
  if (study.name.empty()) study.name = file.stem().string();
  return study;
}

RankStudy RankStudy::parse(const std::string& text, const std::string& file) {
  const auto document = base::parse_json(text);
  if (!document) {
    const bool unknown = text.find("NaN") != std::string::npos || text.find("Infinity") != std::string::npos;
    throw base::Error(document.error() + (unknown ? " (JSON has no NaN and no Infinity: leave such a genome out)" : ""),
                      file);
  }
  const Json whole = checked(*document, file);
  const auto objective = whole.at("objective").begin();
  RankStudy study{.name = whole.at("name"), .metric = *objective, .minimize = objective.key() == "minimize"};
  for (const auto& [name, way] : whole.at("predictors").items())
    study.predictors.push_back({.name = name, .minimize = way == "minimize", .scores = {}});
  check_names(study.predictors, file);
  for (const Json& row : whole.at("genomes")) {
    const Json& genome = row.at("genome");
    study.genomes.push_back({.id = row.at("id"),
                             .text = genome.is_string() ? genome.get<std::string>() : genome.dump(),
                             .params = row.at("params")});
    if (row.contains("flops")) study.genomes.back().flops = row.at("flops").get<std::int64_t>();
    study.truth.push_back(row.at("truth").get<std::vector<double>>());
    add_scores(study, row.at("scores"), place_of(file, study.genomes.size() - 1, study.genomes.back().id));
  }
  study.check(file);
  return study;
}

Json RankStudy::to_json() const {
  Json ways = Json::object(), rows = Json::array();
  for (const Predictor& predictor : predictors) ways[predictor.name] = predictor.minimize ? "minimize" : "maximize";
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    Json row = {{"id", genomes[i].id}, {"genome", genomes[i].text}, {"params", genomes[i].params}};
    if (const auto object = base::parse_json(genomes[i].text); object && object->is_object()) row["genome"] = *object;
    if (genomes[i].flops) row["flops"] = *genomes[i].flops;
    row["scores"] = Json::object();
    for (const Predictor& predictor : predictors) row["scores"][predictor.name] = predictor.scores[i];
    row["truth"] = truth[i];
    rows.push_back(std::move(row));
  }
  return {{"name", name},
          {"objective", {{minimize ? "minimize" : "maximize", metric}}},
          {"predictors", ways},
          {"genomes", rows}};
}

void RankStudy::check(const std::string& where) const {
  if (genomes.size() < 2)
    throw base::Error("has " + std::to_string(genomes.size()) + " genomes; expected at least 2", where);
  check_names(predictors, where);
  check_ids(genomes, where);
  check_length(truth.size(), genomes.size(), "the truth", where);
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    const std::string place = place_of(where, i, genomes[i].id);
    if (truth[i].empty()) throw base::Error("has no truth; expected a value for each seed", place);
    for (const double value : truth[i]) check_finite(value, "its truth", place);
  }
  for (const Predictor& predictor : predictors) {
    check_length(predictor.scores.size(), genomes.size(), "predictor " + base::quote(predictor.name), where);
    for (std::size_t i = 0; i < genomes.size(); ++i)
      check_finite(predictor.scores[i], "its score of " + base::quote(predictor.name),
                   place_of(where, i, genomes[i].id));
  }
}

}  // namespace weft::search
