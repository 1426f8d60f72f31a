// The experiment file: read, checked against its schema, and resolved into what a run's journal keeps.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "evaluate/engine.hpp"
#include "evolve/proposer.hpp"
#include "llm/config.hpp"

namespace weft::search {

struct Budget {
  std::optional<std::int64_t> trials;
  std::optional<double> evaluations, tokens, calls, minutes, usd, simulated_hours;
  int repairs = 0;  ///< calls that a reply may cost beyond its own
  static Budget from_json(const base::Json& checked);
};

/// A checked experiment with everything that it names: the space, the prompts. `header()` is what a journal keeps of
/// it, and from_header() makes the same experiment without any file.
struct Experiment {
  std::string file, name;
  base::Json checked;  ///< the file with its defaults filled in and every auto resolved
  space::Space space;
  evolve::Prompts prompts;

  /// Reads experiments/<name>.yaml or a path, with `key=value` settings put over it. Throws Error with the line.
  static Experiment load(const std::string& name, const std::vector<std::string>& settings);
  static Experiment from_header(const base::Json& header);

  std::string method() const { return checked.at("search").at("method").begin().key(); }
  std::string evaluator() const { return checked.at("evaluate").begin().key(); }
  evaluate::Traits traits() const { return evaluate::traits_of(checked.at("evaluate")); }
  bool uses_model() const { return evolve::traits_of(method()).uses_model; }
  std::optional<llm::ProviderConfig> provider() const;
  Budget budget() const { return Budget::from_json(checked); }
  evaluate::Setup setup() const;
  evaluate::Plan plan() const;  ///< as wished for; 0 where the experiment does not say
  std::uint64_t seed() const { return checked.at("seed"); }

  /// Settles what `auto` and absent keys mean on this machine (precision, workers, threads, window), once.
  void resolve();
  /// Throws Error where a file that a resolved `evaluate` names has changed.
  void check_files() const;
  base::Json header() const;
};

/// The identity of an evaluation: genome, task, recipe, fidelity, seed.
std::string evaluation_key(const Experiment& experiment, const std::string& genome_id,
                           const journal::Fidelity& fidelity);
/// The seed of a genome's training: of the search's own evaluation, so that the same weights come again.
std::uint64_t evaluation_seed(const Experiment& experiment, const std::string& genome_id);

}  // namespace weft::search
