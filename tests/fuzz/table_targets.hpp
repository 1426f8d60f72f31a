// The same for the readers of tables: manifests, Parquet, foreign records, surrogates. Files are written where TMPDIR
// says; scripts/fuzz.sh has them in memory.
#pragma once

#include <fstream>

#include "bench/parquet_file.hpp"
#include "bench/records.hpp"
#include "bench/surrogate.hpp"
#include "bench/table.hpp"
#include "bench/table_writer.hpp"
#include "space/vary.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"

namespace weft::test {

/// A table of a space with one gene of each kind, with a curve, in a folder of its own.
class SmallTable {
 public:
  SmallTable() {
    const space::Space space = space_of(
        "genes:\n  a: {choice: [16, x]}\n  d: {range: [1, 2]}\n  r: {choice: [1, 2.5], per_layer: true}\n"
        "layers: {count: d, block: gpt2.block, bind: {D: 16, H: 2, R: r}}\n");
    bench::Manifest manifest;
    manifest.name = "small";
    manifest.space = "none";
    manifest.fidelity_unit = "epochs";
    manifest.metrics = {{.name = "val_accuracy", .unit = "fraction", .description = {}, .maximize = true},
                        {.name = "train_s", .unit = "s", .description = {}, .cost = true},
                        {.name = "loss_curve", .unit = "nat", .description = {}, .curve = true}};
    manifest.about = {{"licence", "CC0"}, {"source", "a test"}};
    bench::TableWriter writer(manifest, space);
    space::enumerate(space, [&](const space::Genome& genome) {
      for (int seed = 0; seed < 2; ++seed) {
        const std::string wrong = writer.add(genome, {.task = "t",
                                                      .fidelity = 3,
                                                      .seed = seed,
                                                      .values = {0.5, 10.0 * seed},
                                                      .steps = {1, 2},
                                                      .curves = {{2, 1}}});
        demand(wrong.empty(), wrong);
      }
      return true;
    });
    writer.write(folder_.path());
  }

  const base::fs::path& folder() const { return folder_.path(); }
  void write(const std::string& name, std::string_view bytes) const {
    std::ofstream(folder_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  Folder folder_;
};

/// A manifest: what is read is the same after it was written.
inline void fuzz_manifest(std::string_view text) {
  static const SmallTable kTable;
  try {
    kTable.write("table.yaml", text);
    const bench::Manifest manifest = bench::Manifest::load(kTable.folder());
    manifest.save(kTable.folder());
    const bench::Manifest again = bench::Manifest::load(kTable.folder());
    demand(again.metrics.size() == manifest.metrics.size() && again.fidelities == manifest.fidelities &&
               again.seeds == manifest.seeds && again.tasks == manifest.tasks && again.about == manifest.about,
           "a manifest that is read as another");
  } catch (const base::Error& error) {
    demand_clear(error.what());
  }
}

/// A table's rows: what is read can be found.
inline void fuzz_parquet(std::string_view bytes) {
  static const SmallTable kTable;
  try {
    kTable.write("table.parquet", bytes);
    (void)bench::ParquetReader(kTable.folder() /
                               "table.parquet");  // most inputs end here, without the space being read
    const bench::Table table = bench::Table::load(kTable.folder(), {.metrics = std::nullopt, .verify = false});
    for (std::int64_t genome = 0; genome < table.genomes(); ++genome) {
      demand(table.find(table.genome(genome)) == genome, "a genome that is not found");
      for (const bench::Cell& cell : table.cells(genome)) {
        const std::int64_t row = table.row(genome, cell);
        demand(row >= 0 && row < table.rows(), "a cell that is not found");
        demand(table.curve(row, table.column("loss_curve")).size() < 1U << 20U, "an endless curve");
      }
    }
  } catch (const base::Error& error) {
    demand_clear(base::one_line(error.what()));
  }
}

/// A foreign file: its first character chooses how it is read.
inline void fuzz_records(std::string_view text) {
  static const SmallTable kTable;
  if (text.empty()) return;
  static const std::array kFormats{bench::Format{"csv", ""}, bench::Format{"jsonl", ""},
                                   bench::Format{"json", "/{task}/{arch}"}, bench::Format{"parquet", ""}};
  const bench::Format& format = kFormats[static_cast<unsigned char>(text.front()) % kFormats.size()];
  try {
    kTable.write("records", text.substr(1));
    const auto records = bench::Records::open(kTable.folder() / "records", format);
    while (records->next()) {
      for (const char* name : {"a", "arch", "task", "a/0", "scores/x", ""}) {
        if (records->has(name)) (void)records->field(name);
      }
      demand_clear(records->where());
    }
  } catch (const base::Error& error) {
    demand_clear(base::one_line(error.what()));
  }
}

/// A surrogate of linear layers: its first character says whether the rest is its manifest or its weights.
inline void fuzz_surrogate(std::string_view text) {
  static const SmallTable kTable;
  static const std::string kManifest =
      "space: space.json\nmetric: m\nkind: mlp\nweights: w.json\n"
      "features:\n  - {gene: a, values: [16, x]}\n  - {gene: r, values: [1, 2.5]}\n";
  static const std::string kWeights = R"({"layers": [{"weight": [[1, 2, 0, 0.5, 1, 1]], "bias": [0.25]}]})";
  if (text.empty()) return;
  const bool manifest = text.front() == 'm';
  text.remove_prefix(1);
  try {
    kTable.write("surrogate.yaml", manifest ? text : kManifest);
    kTable.write("w.json", manifest ? kWeights : text);
    const auto surrogate = bench::Surrogate::load(kTable.folder());
    base::Random random(1);
    (void)surrogate.predict(space::sample(surrogate.space(), random));
  } catch (const base::Error& error) {
    demand_clear(base::one_line(error.what()));
  }
}

}  // namespace weft::test
