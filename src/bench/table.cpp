#include "bench/table.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "bench/parquet_file.hpp"

namespace weft::bench {
namespace {

using base::Json;

constexpr std::int64_t kMostReserved = 1 << 26;  // genomes that room is made for before they are seen

std::size_t place(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

// "a, b, c" of numbers, the first of them.
template <class T>
std::string some(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < values.size() && i < 12; ++i)
    texts.push_back(base::number_text(static_cast<double>(values[i])));
  return base::join(texts, ", ") + (values.size() > 12 ? ", ..." : "");
}

template <class T>
int position(const std::vector<T>& values, const T& wanted) {
  const auto found = std::find(values.begin(), values.end(), wanted);
  return found == values.end() ? -1 : static_cast<int>(found - values.begin());
}

}  // namespace

std::vector<Slot> slots_of(const space::Space& space) {
  std::vector<Slot> slots(space.slots());
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const space::Gene& row = space.genes[static_cast<std::size_t>(gene)];
    for (int layer = 0; layer < space.most_copies(gene); ++layer) {
      slots[space.slot(gene, layer)] = {&row, gene, layer,
                                        "gene_" + row.name + (row.per_layer ? "_" + std::to_string(layer) : "")};
    }
  }
  return slots;
}

std::string what_is_wrong(const space::Space& space, const space::Genome& genome) {
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    const space::Gene& row = space.genes[static_cast<std::size_t>(gene)];
    const int copies = space.copies(gene, genome);
    for (int layer = 0; layer < space.most_copies(gene); ++layer) {
      const bool there = genome.codes[space.slot(gene, layer)] != space::Genome::kInactive;
      if (there == (layer < copies && space.active(gene, genome, layer))) continue;
      return "the gene '" + row.name + "'" + (row.per_layer ? " of layer " + std::to_string(layer) : "") +
             (there ? " has a value, but is inactive" : " has no value");
    }
  }
  for (const space::Condition& condition : space.require) {
    if (!space.holds(condition, genome)) return "the genome violates the constraint " + condition.text();
  }
  return "";
}

space::Space load_space(const std::string& name, const base::fs::path& folder) {
  if (!name.ends_with(".json")) return space::Space::load(name, name.ends_with(".yaml") ? folder : base::fs::path{});
  if (base::fs::path(name).filename() != name)
    throw base::Error("a space's snapshot lies beside its table; not " + base::quote(name), folder.string());
  const base::fs::path file = folder / name;
  const auto snapshot = base::parse_json(base::read_file(file));
  const bool whole = snapshot && snapshot->is_object() && snapshot->contains("file") && snapshot->contains("yaml") &&
                     snapshot->contains("blocks");
  if (!whole) throw base::Error("holds no space", file.string());
  return space::Space::from_snapshot(*snapshot);
}

std::string name_space(const space::Space& space, const std::string& name, const base::fs::path& folder) {
  const bool here = base::fs::path(name).filename() == name && base::fs::exists(folder / name);
  try {
    const bool reachable = here || !name.ends_with(".yaml");  // a file elsewhere does not move with the table
    if (reachable && load_space(name, folder).snapshot().at("yaml") == space.snapshot().at("yaml")) return name;
  } catch (const base::Error&) {  // it is nothing that can be read from there
  }
  base::Json snapshot = space.snapshot();
  snapshot["file"] = base::fs::path(snapshot.at("file").get<std::string>()).filename().string();
  std::string file = "space.json";
  base::write_file(folder / file, snapshot.dump(1) + "\n");
  return file;
}

// Reads a table's file into memory, a group of rows after another.
class TableReader {
 public:
  TableReader(const base::fs::path& path, const Table::Options& options)
      : file_(manifest_file(path)),
        manifest_(Manifest::load(file_)),
        parquet_path_(file_.parent_path() / manifest_.file) {
    if (options.verify) verify();
    parquet_ = std::make_unique<ParquetReader>(parquet_path_);
    if (parquet_->rows() != manifest_.rows)
      throw base::Error(
          "has " + std::to_string(parquet_->rows()) + " rows, but its manifest says " + std::to_string(manifest_.rows),
          parquet_path_.string());
    table_.manifest_ = manifest_;
    table_.space_ = std::make_shared<const space::Space>(load_space(manifest_.space, file_.parent_path()));
    table_.index_ = std::make_unique<GenomeIndex>(*table_.space_);
    table_.index_->reserve(std::min({manifest_.genomes, manifest_.rows, kMostReserved}));
    choose_columns(options);
    slots_ = slots_of(*table_.space_);
  }

  Table read() {
    for (int group = 0; group < parquet_->groups(); ++group) read_group(group);
    if (table_.index_->size() != manifest_.genomes)
      throw base::Error("has " + std::to_string(table_.index_->size()) + " genomes, but its manifest says " +
                            std::to_string(manifest_.genomes),
                        parquet_path_.string());
    for (Table::Column& column : table_.columns_) column.values.shrink_to_fit();
    if (!current_.empty()) close_genome();
    return std::move(table_);
  }

 private:
  void verify() const {
    const std::string found = base::sha256_file(parquet_path_.string());
    if (found == manifest_.sha256) return;
    throw base::Error("is not the file that " + file_.string() + " describes (SHA-256 " + found.substr(0, 16) +
                          "... was found, expected " + base::one_line(manifest_.sha256).substr(0, 16) +
                          "): it was changed or cut short; get both again",
                      parquet_path_.string());
  }

  void choose_columns(const Table::Options& options) {
    std::vector<std::string> names;
    if (options.metrics) {
      names = *options.metrics;
    } else {
      for (const Metric& metric : manifest_.metrics) names.push_back(metric.name);
    }
    bool curves = false;
    for (const std::string& name : names) {
      Table::Column column{.metric = manifest_.metric(name), .values = {}, .points = {}, .ends = {}};
      const bool curve = manifest_.metrics[column.metric].curve;
      if (!curve) column.values.reserve(place(std::min(manifest_.rows, kMostReserved)));
      curves = curves || curve;
      table_.columns_.push_back(std::move(column));
    }
    if (curves) table_.steps_ = Table::Column();
  }

  void read_group(int group) {
    const auto rows = place(parquet_->rows(group));
    read_genes(group, rows);
    read_places(group, rows);
    for (Table::Column& column : table_.columns_) {
      const Metric& metric = manifest_.metrics[column.metric];
      if (metric.curve) {
        read_lists(group, metric.name, column);
      } else {
        parquet_->numbers(group, metric.name, column.values);
      }
    }
    if (table_.steps_) read_lists(group, kCurveSteps, *table_.steps_);
    add_rows(rows);
    table_.rows_ += static_cast<std::int64_t>(rows);
  }

  void read_lists(int group, const std::string& name, Table::Column& column) {
    Lists lists{std::move(column.points), std::move(column.ends)};
    parquet_->lists(group, name, lists);
    column.points = std::move(lists.values);
    column.ends = std::move(lists.ends);
  }

  base::Error wrong(std::size_t row, const std::string& column, const std::string& what) const {
    return base::Error(what, parquet_path_.string() + ": row " +
                                 std::to_string(table_.rows_ + static_cast<std::int64_t>(row)) + ", column " +
                                 base::quote(column));
  }

  // The codes of a coded column: what `code` makes of each of its values. Of nulls `null`, or an error where it is -2.
  template <class Code>
  void codes(const Coded& coded, const std::string& column, std::int32_t null, const Code& code,
             std::vector<std::int32_t>& out) {
    std::vector<std::int32_t> known(coded.values.size(), -2);
    out.resize(coded.index.size());
    for (std::size_t row = 0; row < coded.index.size(); ++row) {
      const std::int32_t index = coded.index[row];
      if (index < 0) {
        if (null == -2) throw wrong(row, column, "is empty");
        out[row] = null;
        continue;
      }
      std::int32_t& mapped = known[static_cast<std::size_t>(index)];
      if (mapped == -2) {
        const Json& value = coded.values[static_cast<std::size_t>(index)];
        const auto found = code(value);
        if (!found) throw wrong(row, column, found.error());
        mapped = *found;
      }
      out[row] = mapped;
    }
  }

  void read_genes(int group, std::size_t rows) {
    codes_.resize(slots_.size());
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
      const Slot& one = slots_[slot];
      codes(
          parquet_->coded(group, one.column), one.column, space::Genome::kInactive,
          [&](const Json& value) { return code_of(*one.gene, value); }, codes_[slot]);
      if (codes_[slot].size() != rows) throw wrong(0, one.column, "has another number of rows");
    }
  }

  base::Result<std::int32_t> code_of(const space::Gene& gene, const Json& value) const {
    if (gene.open) {
      if (!value.is_string()) return base::failure("a program was expected");
      try {
        return table_.index_->program(value.get<std::string>());
      } catch (const base::Error& error) {
        return base::failure(error.what());
      }
    }
    for (std::size_t i = 0; i < gene.values.size(); ++i) {
      if (gene.values[i] == value) return static_cast<std::int32_t>(i);
    }
    for (std::size_t i = 0; value.is_string() && i < gene.texts.size(); ++i) {  // of a column of several types
      if (gene.texts[i] == value.get_ref<const std::string&>()) return static_cast<std::int32_t>(i);
    }
    return base::failure("the gene '" + gene.name + "' has no value " +
                         base::shorten(base::one_line(value.dump()), 80));
  }

  // Which of the manifest's values each row has.
  template <class T>
  void read_place(int group, const std::string& column, const std::vector<T>& values, bool (Json::*is)() const noexcept,
                  std::vector<std::int32_t>& out) {
    const auto code = [&](const Json& value) -> base::Result<std::int32_t> {
      const int found = (value.*is)() ? position(values, value.get<T>()) : -1;
      if (found < 0)
        return base::failure("the manifest has no " + column + " " + base::shorten(base::one_line(value.dump()), 80));
      return found;
    };
    codes(parquet_->coded(group, column), column, -2, code, out);
  }

  void read_places(int group, std::size_t rows) {
    read_place(group, "task", manifest_.tasks, &Json::is_string, tasks_);
    read_place(group, "fidelity", manifest_.fidelities, &Json::is_number, fidelities_);
    read_place(group, "seed", manifest_.seeds, &Json::is_number_integer, seeds_);
    if (tasks_.size() != rows || fidelities_.size() != rows || seeds_.size() != rows)
      throw wrong(0, "task", "has another number of rows");
  }

  // Rows of one genome stand together.
  void add_rows(std::size_t rows) {
    std::vector<std::int32_t> own(slots_.size());
    for (std::size_t row = 0; row < rows; ++row) {
      bool same = !current_.empty();
      for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
        own[slot] = codes_[slot][row];
        same = same && own[slot] == current_[slot];
      }
      if (!same) begin_genome(own, row);
      current_places_.push_back({static_cast<std::uint8_t>(tasks_[row]), static_cast<std::uint8_t>(fidelities_[row]),
                                 static_cast<std::uint16_t>(seeds_[row])});
    }
  }

  void begin_genome(const std::vector<std::int32_t>& own, std::size_t row) {
    if (!current_.empty()) close_genome();
    current_ = own;
    if (table_.index_->add(own) >= 0) {
      const space::Genome genome = table_.index_->genome(table_.index_->size() - 1);
      if (const std::string broken = what_is_wrong(*table_.space_, genome); !broken.empty())
        throw wrong(row, "gene_*", broken);
      return;
    }
    throw wrong(row, "gene_*", "a genome that stood further up: rows of one genome must stand together");
  }

  // A table whose genomes all have the same cells in the same order needs no list of each one's.
  void close_genome() {
    for (auto one = current_places_.begin(); one != current_places_.end(); ++one) {
      if (std::find(current_places_.begin(), one, *one) != one)
        throw base::Error("has two rows of one genome, task, fidelity and seed: row " +
                              std::to_string(closed_rows_ + place(one - current_places_.begin())),
                          parquet_path_.string());
    }
    if (closed_rows_ == 0) {
      table_.regular_ = true;
      table_.places_ = current_places_;
    } else {
      if (table_.regular_ && table_.places_ != current_places_) list_places();
      if (!table_.regular_) add_places();
    }
    closed_rows_ += current_places_.size();
    current_places_.clear();
  }

  void add_places() {
    table_.places_.insert(table_.places_.end(), current_places_.begin(), current_places_.end());
    table_.first_.push_back(static_cast<std::uint32_t>(table_.places_.size()));
  }

  // From here on each genome's cells are listed; those so far had all the same.
  void list_places() {
    const std::vector<Table::Place> each = std::exchange(table_.places_, {});
    table_.regular_ = false;
    table_.places_.reserve(place(std::min(manifest_.rows, kMostReserved)));
    table_.first_.reserve(place(std::min(manifest_.genomes, kMostReserved)) + 1);
    for (std::size_t row = 0; row <= closed_rows_; row += each.size()) {
      table_.first_.push_back(static_cast<std::uint32_t>(row));
      if (row < closed_rows_) table_.places_.insert(table_.places_.end(), each.begin(), each.end());
    }
  }

  base::fs::path file_;
  Manifest manifest_;
  base::fs::path parquet_path_;
  std::unique_ptr<ParquetReader> parquet_;
  Table table_;
  std::vector<Slot> slots_;
  std::vector<std::vector<std::int32_t>> codes_;  // of this group, for each slot
  std::vector<std::int32_t> tasks_, fidelities_, seeds_;
  std::vector<std::int32_t> current_;         // the genome whose rows are being read
  std::vector<Table::Place> current_places_;  // its rows so far
  std::size_t closed_rows_ = 0;               // of the genomes before it
};

Table Table::load(const base::fs::path& path, const Options& options) {
  return TableReader(path, options).read();
}

std::vector<space::Genome> Table::searched() const {
  std::vector<space::Genome> list;
  if (!manifest_.by_row()) return list;
  for (std::int64_t number = 0; number < genomes(); ++number) list.push_back(genome(number));
  return list;
}

base::Result<Cell> Table::cell(const std::string& task, double fidelity, std::int64_t seed) const {
  const Cell found{position(manifest_.tasks, task), position(manifest_.fidelities, fidelity),
                   position(manifest_.seeds, seed)};
  if (found.task < 0)
    return base::failure("the table " + manifest_.name + " has no task " + base::quote(task) + "; it has " +
                         base::join(manifest_.tasks, ", "));
  if (found.fidelity < 0)
    return base::failure("the table " + manifest_.name + " has no fidelity " + base::number_text(fidelity) +
                         "; it has " + some(manifest_.fidelities) + " " + manifest_.fidelity_unit);
  if (found.seed < 0)
    return base::failure("the table " + manifest_.name + " has no seed " + std::to_string(seed) + "; it has " +
                         some(manifest_.seeds));
  return found;
}

std::span<const Table::Place> Table::places(std::int64_t genome) const {
  if (regular_) return places_;
  const std::size_t first = first_[place(genome)], end = first_[place(genome) + 1];
  return std::span(places_).subspan(first, end - first);
}

std::int64_t Table::first_row(std::int64_t genome) const {
  return regular_ ? genome * static_cast<std::int64_t>(places_.size())
                  : static_cast<std::int64_t>(first_[place(genome)]);
}

std::int64_t Table::row(std::int64_t genome, Cell cell) const {
  if (genome < 0) return -1;
  const Place wanted{static_cast<std::uint8_t>(cell.task), static_cast<std::uint8_t>(cell.fidelity),
                     static_cast<std::uint16_t>(cell.seed)};
  const std::span<const Place> own = places(genome);
  const auto found = std::find(own.begin(), own.end(), wanted);
  return found == own.end() ? -1 : first_row(genome) + (found - own.begin());
}

std::vector<Cell> Table::cells(std::int64_t genome) const {
  std::vector<Cell> list;
  for (const Place& one : places(genome)) list.push_back({one.task, one.fidelity, one.seed});
  return list;
}

std::size_t Table::column(const std::string& metric) const {
  const std::size_t wanted = manifest_.metric(metric);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].metric == wanted) return i;
  }
  throw base::Error("the metric " + base::quote(metric) + " was not read", "table " + manifest_.name);
}

std::span<const float> Table::points(const Column& column, std::int64_t row) {
  const std::uint64_t start = row == 0 ? 0 : column.ends[place(row) - 1];
  return std::span(column.points).subspan(start, column.ends[place(row)] - start);
}

std::span<const float> Table::curve(std::int64_t row, std::size_t column) const {
  return points(columns_[column], row);
}

std::span<const float> Table::curve_steps(std::int64_t row) const {
  return steps_ ? points(*steps_, row) : std::span<const float>{};
}

std::size_t Table::bytes() const {
  std::size_t bytes = index_->bytes() + places_.capacity() * sizeof(Place) + first_.capacity() * sizeof(std::uint32_t);
  for (const Column& column : columns_)
    bytes += column.values.capacity() * sizeof(double) + column.points.capacity() * sizeof(float) +
             column.ends.capacity() * sizeof(std::uint64_t);
  return bytes;
}

}  // namespace weft::bench
