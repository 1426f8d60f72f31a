#include "bench/merge.hpp"

#include <cmath>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "bench/table.hpp"
#include "bench/table_writer.hpp"
#include "space/genome_text.hpp"

namespace weft::bench {
namespace {

const std::set<std::string> kMeasured{"s", "byte", "J", "per_s"};  // units of what differs from one run to the next

bool of_one_space(const Table& table, const space::Space& space) {
  return table.space().snapshot().at("yaml") == space.snapshot().at("yaml");
}

TableWriter::Row row_of(const Table& table, std::int64_t row, const Cell& cell) {
  const Manifest& m = table.manifest();
  TableWriter::Row made{.task = m.tasks[static_cast<std::size_t>(cell.task)],
                        .fidelity = m.fidelities[static_cast<std::size_t>(cell.fidelity)],
                        .seed = m.seeds[static_cast<std::size_t>(cell.seed)],
                        .values = {}};
  for (std::size_t column = 0; column < table.columns(); ++column) {
    if (table.metric(column).curve) {
      const auto curve = table.curve(row, column);
      made.curves.emplace_back(curve.begin(), curve.end());
    } else {
      made.values.push_back(table.value(row, column));
    }
  }
  const auto steps = table.curve_steps(row);
  made.steps.assign(steps.begin(), steps.end());
  return made;
}

// Whether two rows of one cell say the same of what repeats; the metric in which they do not.
std::string disagreement(const Table& table, std::int64_t row, const std::vector<double>& first) {
  std::size_t scalar = 0;
  for (std::size_t column = 0; column < table.columns(); ++column) {
    const Metric& metric = table.metric(column);
    if (metric.curve) continue;
    const double a = first[scalar++], b = table.value(row, column);
    const bool equal = a == b || (std::isnan(a) && std::isnan(b));
    if (!equal && !kMeasured.contains(metric.unit)) return metric.name;
  }
  return "";
}

class Merger {
 public:
  Merger(const Manifest& manifest, const space::Space& space)
      : manifest_(manifest), space_(space), writer_(manifest, space) {}

  void add(const Table& table, const std::string& where) {
    check(table, where);
    for (std::int64_t genome = 0; genome < table.genomes(); ++genome) {
      const space::Genome packed = table.genome(genome);
      std::int64_t row = table.first_row(genome);
      for (const Cell& cell : table.cells(genome)) add_row(table, packed, cell, row++, where);
    }
  }
  Manifest write(const base::fs::path& folder) { return writer_.write(folder); }

 private:
  void check(const Table& table, const std::string& where) const {
    const Manifest& other = table.manifest();
    const auto refuse = [&](const std::string& what) {
      return base::Error("cannot be joined with the table " + base::quote(manifest_.name) + ": " + what, where);
    };
    if (!of_one_space(table, space_)) throw refuse("it is of another space");
    if (other.fidelity_unit != manifest_.fidelity_unit) throw refuse("its fidelities are " + other.fidelity_unit);
    if (other.about.at("recipe") != manifest_.about.at("recipe")) throw refuse("it has another recipe");
    const auto names = [](const Manifest& one) {
      std::vector<std::string> list;
      for (const Metric& metric : one.metrics) list.push_back(metric.name + " in " + metric.unit);
      return list;
    };
    if (names(other) != names(manifest_)) throw refuse("it has other metrics: " + base::join(names(other), ", "));
  }

  void add_row(const Table& table, const space::Genome& genome, const Cell& cell, std::int64_t row,
               const std::string& where) {
    TableWriter::Row made = row_of(table, row, cell);
    const std::string key = space::id(space_, genome) + " " + made.task + " " + base::number_text(made.fidelity) + " " +
                            std::to_string(made.seed);
    const auto [known, fresh] = cells_.try_emplace(key, made.values);
    if (!fresh) {
      if (const std::string metric = disagreement(table, row, known->second); !metric.empty())
        throw base::Error("says another " + metric + " of " + space::to_text(space_, genome) + " (" + made.task +
                              ", fidelity " + base::number_text(made.fidelity) + ", seed " + std::to_string(made.seed) +
                              ") than a table before it",
                          where);
      return;
    }
    if (const std::string wrong = writer_.add(genome, std::move(made)); !wrong.empty()) throw base::Error(wrong, where);
  }

  const Manifest& manifest_;
  const space::Space& space_;
  TableWriter writer_;
  std::map<std::string, std::vector<double>> cells_;
};

// The metrics of a table that is added to another.
void announce_metrics(const Table& other, const std::string& where, Manifest& manifest) {
  for (Metric metric : other.manifest().metrics) {
    if (metric.curve) throw base::Error("has curves, which are of one training each: " + metric.name, where);
    for (const Metric& known : manifest.metrics) {
      if (known.name == metric.name)
        throw base::Error("has a metric that a table before it has: " + base::quote(metric.name), where);
    }
    metric.cost = false;
    if (metric.description.empty()) metric.description = "measured on " + other.manifest().about.value("hardware", "");
    manifest.metrics.push_back(std::move(metric));
  }
  const std::string notes = other.manifest().about.value("notes", "");
  if (!notes.empty()) manifest.about["notes"] = base::trim(manifest.about.value("notes", "") + " " + notes);
}

std::vector<double> values_of(const Table& other, const space::Genome& genome, const std::string& where) {
  const std::int64_t number = other.find(genome);
  if (number < 0) return std::vector<double>(other.columns(), std::nan(""));
  if (other.cells(number).size() != 1)
    throw base::Error("has several rows of one genome, and none can be preferred: " + to_text(other.space(), genome),
                      where);
  std::vector<double> values;
  for (std::size_t column = 0; column < other.columns(); ++column)
    values.push_back(other.value(other.first_row(number), column));
  return values;
}

}  // namespace

Manifest merge_tables(const std::vector<base::fs::path>& tables, const base::fs::path& folder) {
  const Table first = Table::load(tables.at(0));
  Merger merger(first.manifest(), first.space());
  merger.add(first, tables[0].string());
  for (std::size_t i = 1; i < tables.size(); ++i) merger.add(Table::load(tables[i]), tables[i].string());
  return merger.write(folder);
}

Manifest add_metrics(const std::vector<base::fs::path>& tables, const base::fs::path& folder) {
  const Table first = Table::load(tables.at(0));
  std::vector<Table> others;
  Manifest manifest = first.manifest();
  for (std::size_t i = 1; i < tables.size(); ++i) {
    const Table& other = others.emplace_back(Table::load(tables[i]));
    if (!of_one_space(other, first.space()))
      throw base::Error("is of another space than " + tables[0].string(), tables[i].string());
    announce_metrics(other, tables[i].string(), manifest);
  }
  TableWriter writer(manifest, first.space());
  for (std::int64_t genome = 0; genome < first.genomes(); ++genome) {
    const space::Genome packed = first.genome(genome);
    std::vector<double> more;
    for (std::size_t i = 0; i < others.size(); ++i) {
      const std::vector<double> values = values_of(others[i], packed, tables[i + 1].string());
      more.insert(more.end(), values.begin(), values.end());
    }
    std::int64_t row = first.first_row(genome);
    for (const Cell& cell : first.cells(genome)) {
      TableWriter::Row made = row_of(first, row++, cell);
      made.values.insert(made.values.end(), more.begin(), more.end());
      if (const std::string wrong = writer.add(packed, std::move(made)); !wrong.empty())
        throw base::Error(wrong, tables[0].string());
    }
  }
  return writer.write(folder);
}

}  // namespace weft::bench
