#include "bench/table_writer.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace weft::bench {
namespace {

using base::Json;

constexpr std::size_t kGroup = 1U << 15U;  // rows that are written at a time

// Distinct values get numbers as they come.
class Coder {
 public:
  explicit Coder(Coded& coded) : coded_(coded) {}
  void add(const Json& value) {
    const auto [found, fresh] = known_.try_emplace(value.dump(), static_cast<std::int32_t>(coded_.values.size()));
    if (fresh) coded_.values.push_back(value);
    coded_.index.push_back(found->second);
  }

 private:
  Coded& coded_;
  std::unordered_map<std::string, std::int32_t> known_;
};

void append(const std::vector<float>& points, Lists& lists) {
  lists.values.insert(lists.values.end(), points.begin(), points.end());
  lists.ends.push_back(lists.values.size());
}

bool whole(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return value == static_cast<double>(static_cast<std::int64_t>(value)); });
}

bool all(const std::vector<Json>& values, bool (Json::*is)() const noexcept) {
  return std::all_of(values.begin(), values.end(), [&](const Json& one) { return (one.*is)(); });
}

// Values of several types are written as JSON.
ColumnKind kind_of(const space::Gene& gene) {
  if (gene.open) return ColumnKind::text;
  if (all(gene.values, &Json::is_boolean)) return ColumnKind::flag;
  if (all(gene.values, &Json::is_number_integer)) return ColumnKind::whole;
  return all(gene.values, &Json::is_number) ? ColumnKind::number : ColumnKind::text;
}

std::vector<Json> column_values(const space::Gene& gene) {
  if (kind_of(gene) != ColumnKind::text || all(gene.values, &Json::is_string)) return gene.values;
  return {gene.texts.begin(), gene.texts.end()};
}

}  // namespace

TableWriter::TableWriter(Manifest manifest, const space::Space& space)
    : manifest_(std::move(manifest)), space_(space), index_(space) {
  manifest_.tasks.clear();
  manifest_.fidelities.clear();
  manifest_.seeds.clear();
}

std::string TableWriter::add(const space::Genome& genome, Row row) {
  std::int64_t number = index_.find(genome);
  if (number < 0) {
    if (std::string wrong = what_is_wrong(space_, genome); !wrong.empty()) return wrong;
    std::vector<std::int32_t> codes = genome.codes;
    for (const Slot& slot : slots_of(space_)) {
      std::int32_t& code = codes[space_.slot(slot.index, slot.layer)];
      if (slot.gene->open && code >= 0) code = index_.program(genome.programs[static_cast<std::size_t>(code)]->text);
    }
    number = index_.add(codes);
  }
  if (!cells_
           .insert(row.task + "\n" + base::number_text(row.fidelity) + " " + std::to_string(row.seed) + " " +
                   std::to_string(number))
           .second)
    return "a second row of one genome, task, fidelity and seed";
  auto task = std::find(manifest_.tasks.begin(), manifest_.tasks.end(), row.task);
  if (task == manifest_.tasks.end()) task = manifest_.tasks.insert(task, row.task);
  rows_.push_back({number, static_cast<int>(task - manifest_.tasks.begin()), std::move(row)});
  return "";
}

Manifest TableWriter::write(const base::fs::path& folder) {
  if (rows_.empty()) throw base::Error("a table needs a row", folder.string());
  std::stable_sort(rows_.begin(), rows_.end(), [](const Stored& a, const Stored& b) {
    return std::tie(a.genome, a.task, a.row.fidelity, a.row.seed) <
           std::tie(b.genome, b.task, b.row.fidelity, b.row.seed);
  });
  std::set<double> fidelities;
  std::set<std::int64_t> seeds;
  for (const Stored& one : rows_) {
    fidelities.insert(one.row.fidelity);
    seeds.insert(one.row.seed);
  }
  manifest_.fidelities.assign(fidelities.begin(), fidelities.end());
  manifest_.seeds.assign(seeds.begin(), seeds.end());
  manifest_.rows = rows();
  manifest_.genomes = genomes();
  std::error_code code;
  base::fs::create_directories(folder, code);
  if (code) throw base::Error("cannot be made: " + code.message(), folder.string());
  manifest_.space = name_space(space_, manifest_.space, folder);
  const base::fs::path path = folder / manifest_.file, partial = folder / (manifest_.file + ".partial");
  write_rows(partial);
  manifest_.sha256 = base::sha256_file(partial.string());
  base::fs::rename(partial, path);
  manifest_.save(folder);
  return manifest_;
}

std::vector<ParquetWriter::Column> TableWriter::columns() const {
  std::vector<ParquetWriter::Column> columns;
  for (const Slot& slot : slots_of(space_)) columns.push_back({slot.column, kind_of(*slot.gene)});
  columns.push_back({"task", ColumnKind::text});
  columns.push_back({"fidelity", whole(manifest_.fidelities) ? ColumnKind::whole : ColumnKind::number});
  columns.push_back({"seed", ColumnKind::whole});
  for (const Metric& metric : manifest_.metrics)
    columns.push_back({metric.name, metric.curve ? ColumnKind::list : ColumnKind::number});
  if (has_curves()) columns.push_back({kCurveSteps, ColumnKind::list});
  return columns;
}

bool TableWriter::has_curves() const {
  return std::any_of(manifest_.metrics.begin(), manifest_.metrics.end(), [](const Metric& one) { return one.curve; });
}

void TableWriter::write_rows(const base::fs::path& path) const {
  ParquetWriter writer(path, columns());
  for (std::size_t first = 0; first < rows_.size(); first += kGroup)
    writer.write(values_of(std::span(rows_).subspan(first, std::min(kGroup, rows_.size() - first))));
  writer.close();
}

// What the columns have in some rows.
std::vector<ParquetWriter::Values> TableWriter::values_of(std::span<const Stored> rows) const {
  std::vector<ParquetWriter::Values> columns;
  for (const Slot& slot : slots_of(space_))
    columns.push_back({.coded = values_of(slot, rows), .numbers = {}, .lists = {}});
  const bool integers = whole(manifest_.fidelities);
  ParquetWriter::Values tasks, fidelities, seeds, steps;
  Coder task_coder(tasks.coded), fidelity_coder(fidelities.coded), seed_coder(seeds.coded);
  for (const Stored& one : rows) {
    task_coder.add(one.row.task);
    fidelity_coder.add(integers ? Json(static_cast<std::int64_t>(one.row.fidelity)) : Json(one.row.fidelity));
    seed_coder.add(one.row.seed);
    append(one.row.steps, steps.lists);
  }
  columns.insert(columns.end(), {std::move(tasks), std::move(fidelities), std::move(seeds)});
  std::size_t scalars = 0, curves = 0;
  for (const Metric& metric : manifest_.metrics) {
    ParquetWriter::Values& values = columns.emplace_back();
    for (const Stored& one : rows) {
      if (metric.curve) {
        append(one.row.curves.at(curves), values.lists);
      } else {
        values.numbers.push_back(one.row.values.at(scalars));
      }
    }
    ++(metric.curve ? curves : scalars);
  }
  if (curves > 0) columns.push_back(std::move(steps));
  return columns;
}

Coded TableWriter::values_of(const Slot& slot, std::span<const Stored> rows) const {
  Coded coded{.values = slot.gene->open ? index_.programs() : column_values(*slot.gene), .index = {}};
  for (const Stored& one : rows) coded.index.push_back(index_.code(one.genome, space_.slot(slot.index, slot.layer)));
  return coded;
}

}  // namespace weft::bench
