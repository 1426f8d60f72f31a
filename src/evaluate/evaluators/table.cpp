#include "bench/table.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "evaluate/evaluators/all.hpp"
#include "space/genome_text.hpp"

namespace weft::evaluate::evaluators {
namespace {

constexpr double kNear = 1.5;  // factor between a share of the budget and the fidelity that is taken for it

// Looks up what a benchmark table says. Nothing is trained: what an evaluation would have cost is its simulated_s.
class TableEvaluator : public Evaluator {
 public:
  explicit TableEvaluator(const Setup& setup)
      : path_(setup.options().at("path")), table_(bench::Table::load(path_, {.metrics = wanted(setup)})) {
    const base::Json &genes = setup.space.at("yaml").at("genes"),
                     &own = table_.space().snapshot().at("yaml").at("genes");
    if (genes != own)
      throw base::Error(
          "is a table of the space " + base::quote(table_.space().name) + "; the experiment's space has other genes",
          path_);
    const base::Json& options = setup.options();
    const bench::Manifest& manifest = table_.manifest();
    const auto cell = table_.cell(options.value("task", manifest.tasks.front()),
                                  options.value("fidelity", manifest.fidelities.back()),
                                  options.value("seed", manifest.seeds.front()));
    if (!cell) throw base::Error(cell.error(), path_);
    cell_ = *cell;
    any_seed_ = options.value("any_seed", false);
  }

  journal::Outcome evaluate(const Evaluation& evaluation) override {
    if (evaluation.packed != nullptr) return look_up(*evaluation.packed, evaluation);
    const auto genome = space::from_text(table_.space(), evaluation.genome);
    if (!genome) return journal::Outcome::failed("refused", genome.error());
    return look_up(*genome, evaluation);
  }

 private:
  // Those that the experiment names, or all that are numbers.
  static std::vector<std::string> wanted(const Setup& setup) {
    const bench::Manifest manifest = bench::Manifest::load(setup.options().at("path").get<std::string>());
    const auto named = setup.options().value("metrics", std::vector<std::string>{});
    std::vector<std::string> names;
    for (const bench::Metric& metric : manifest.metrics) {
      const bool asked =
          named.empty() || metric.cost || std::find(named.begin(), named.end(), metric.name) != named.end();
      if (!metric.curve && asked) names.push_back(metric.name);
    }
    for (const std::string& name : named) static_cast<void>(manifest.metric(name));
    return names;
  }

  // The fidelity nearest to a share of the full one; -1 where none is near.
  int nearest_fidelity(double share) const {
    const std::vector<double>& all = table_.manifest().fidelities;
    const double wanted = share * all[static_cast<std::size_t>(cell_.fidelity)];
    const auto distance = [&](double fidelity) { return std::abs(std::log(fidelity / wanted)); };
    const auto best =
        std::min_element(all.begin(), all.end(), [&](double a, double b) { return distance(a) < distance(b); });
    return distance(*best) <= std::log(kNear) ? static_cast<int>(best - all.begin()) : -1;
  }

  // One of the seeds that the genome has there.
  std::int64_t row_of_any_seed(std::int64_t genome, const bench::Cell& wanted, std::uint64_t draw) const {
    if (genome < 0) return -1;
    std::vector<std::int64_t> rows;
    std::int64_t row = table_.first_row(genome);
    for (const bench::Cell& cell : table_.cells(genome)) {
      if (cell.task == wanted.task && cell.fidelity == wanted.fidelity) rows.push_back(row);
      ++row;
    }
    return rows.empty() ? -1 : rows[base::mix64(draw) % rows.size()];
  }

  journal::Outcome look_up(const space::Genome& genome, const Evaluation& evaluation) const {
    bench::Cell cell = cell_;
    if (evaluation.fidelity.budget != 1) {
      cell.fidelity = nearest_fidelity(evaluation.fidelity.budget);
      if (cell.fidelity < 0)
        return journal::Outcome::failed(
            "refused", "the table has no fidelity near " + base::number_text(evaluation.fidelity.budget) +
                           " of the full one; the method's min_budget says which is the least that it asks for");
    }
    const std::int64_t number = table_.find(genome);
    const std::int64_t row = any_seed_ ? row_of_any_seed(number, cell, evaluation.seed) : table_.row(number, cell);
    if (row < 0) return journal::Outcome::failed("refused", "the table does not have this genome");
    journal::Outcome outcome;
    const bool open = table_.manifest().only_test;
    for (std::size_t column = 0; column < table_.columns(); ++column) {
      const bench::Metric& metric = table_.metric(column);
      const double value = table_.value(row, column);
      if (std::isnan(value)) continue;
      if (metric.cost) outcome.metrics["simulated_s"] += value;
      if (metric.test && !open) {
        if (evaluation.fidelity.test) outcome.test[metric.name] = value;
      } else {
        outcome.metrics[metric.name] = value;
      }
    }
    return outcome;
  }

  std::string path_;
  bench::Table table_;
  bench::Cell cell_;
  bool any_seed_ = false;
};

}  // namespace

std::unique_ptr<Evaluator> table(const Setup& setup) {
  return std::make_unique<TableEvaluator>(setup);
}

std::vector<space::Genome> rows_to_search(const Setup& setup) {
  const std::string path = setup.options().at("path");
  if (!bench::Manifest::load(path).by_row()) return {};
  return bench::Table::load(path, {.metrics = std::vector<std::string>{}}).searched();
}

}  // namespace weft::evaluate::evaluators
