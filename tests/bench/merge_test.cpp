#include "bench/merge.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bench/table.hpp"
#include "bench/table_writer.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"

namespace weft::bench {
namespace {

using test::error_of;

constexpr const char* kGenes = "genes:\n  width: {range: [1, 6]}\n";

// Tables of six genomes in one folder, whose scores say genome and seed.
class Merging : public ::testing::Test {
 protected:
  Merging() : space_(space::Space::load(folder_.write("t.yaml", test::space_yaml(kGenes)))) {
    space::enumerate(space_, [&](const space::Genome& genome) {
      genomes_.push_back(genome);
      return true;
    });
  }

  static Manifest manifest(const std::vector<Metric>& metrics) {
    Manifest made;
    made.name = "part";
    made.space = "t.yaml";
    made.sample = true;
    made.fidelity_unit = "steps";
    made.metrics = metrics;
    made.about = {{"recipe", "one"}, {"licence", "CC0"}, {"source", "a test"}, {"hardware", "a clock"}};
    return made;
  }
  static std::vector<Metric> losses() {
    return {{.name = "val_loss", .unit = "nat", .description = {}},
            {.name = "train_s", .unit = "s", .description = {}, .cost = true},
            {.name = "val_loss_curve", .unit = "nat", .description = {}, .curve = true}};
  }

  base::fs::path write(const std::string& name, TableWriter& writer) const {
    writer.write(folder_ / name);
    return folder_ / name;
  }
  // Seeds 0 and 1 of the genomes [first, last); `off` is added to their losses.
  base::fs::path part(const std::string& name, std::size_t first, std::size_t last, double off = 0,
                      double seconds = 1) const {
    TableWriter writer(manifest(losses()), space_);
    for (std::size_t i = first; i < last; ++i) {
      for (int seed = 0; seed < 2; ++seed) {
        const double loss = static_cast<double>(i) + 0.1 * seed + off;
        EXPECT_EQ(writer.add(genomes_[i], {.task = "text",
                                           .fidelity = 10,
                                           .seed = seed,
                                           .values = {loss, seconds},
                                           .steps = {5, 10},
                                           .curves = {{9, static_cast<float>(loss)}}}),
                  "");
      }
    }
    return write(name, writer);
  }
  base::fs::path latencies(std::size_t count, int rows = 1) const {
    TableWriter writer(manifest({{.name = "latency_s", .unit = "s", .description = {}}}), space_);
    for (std::size_t i = 0; i < count; ++i) {
      for (int seed = 0; seed < rows; ++seed)
        EXPECT_EQ(writer.add(genomes_[i],
                             {.task = "text", .fidelity = 1, .seed = seed, .values = {static_cast<double>(i) * 1e-3}}),
                  "");
    }
    return write("latencies", writer);
  }

  const test::Folder folder_;
  const space::Space space_;
  std::vector<space::Genome> genomes_;
};

TEST_F(Merging, JoinsParts) {
  const Manifest joint = merge_tables({part("a", 0, 4), part("b", 3, 6, 0, 2)}, folder_ / "joint");
  EXPECT_EQ(joint.genomes, 6);
  EXPECT_EQ(joint.rows, 12);  // what both have stands once: seconds may differ
  const Table table = Table::load(folder_ / "joint");
  for (std::size_t i = 0; i < genomes_.size(); ++i) {
    const std::int64_t row = table.row(table.find(genomes_[i]), table.cell("text", 10, 1).value());
    const double loss = static_cast<double>(i) + 0.1;
    EXPECT_EQ(table.value(row, table.column("val_loss")), loss);
    EXPECT_EQ(table.value(row, table.column("train_s")), i < 4 ? 1 : 2);
    EXPECT_EQ(table.curve(row, table.column("val_loss_curve"))[1], static_cast<float>(loss));
    EXPECT_EQ(table.curve_steps(row)[0], 5);
  }
}

TEST_F(Merging, RefusesWhatContradicts) {
  const std::string error = error_of([&] { merge_tables({part("a", 0, 4), part("b", 3, 6, 0.5)}, folder_ / "joint"); });
  EXPECT_EQ(error, (folder_ / "b").string() +
                       ": says another val_loss of {\"width\":4} (text, fidelity 10, seed 0) than a table before it");
  EXPECT_FALSE(base::fs::exists(folder_ / "joint"));
  const std::string other = error_of([&] { merge_tables({part("a", 0, 4), latencies(6)}, folder_ / "joint"); });
  EXPECT_NE(other.find("cannot be joined with the table 'part': "), std::string::npos) << other;
}

TEST_F(Merging, AddsMetricsOfAGenomeToEachOfItsRows) {
  const Manifest joint = add_metrics({part("a", 0, 6), latencies(5)}, folder_ / "joint");
  EXPECT_EQ(joint.metrics.size(), 4U);
  EXPECT_EQ(joint.metrics.back().description, "measured on a clock");
  const Table table = Table::load(folder_ / "joint");
  EXPECT_EQ(table.rows(), 12);
  for (std::size_t i = 0; i < genomes_.size(); ++i) {
    for (const std::int64_t seed : {0, 1}) {
      const std::int64_t row = table.row(table.find(genomes_[i]), table.cell("text", 10, seed).value());
      const double latency = table.value(row, table.column("latency_s"));
      EXPECT_TRUE(i < 5 ? latency == static_cast<double>(i) * 1e-3 : std::isnan(latency));
      EXPECT_EQ(table.value(row, table.column("val_loss")), static_cast<double>(i) + 0.1 * static_cast<double>(seed));
    }
  }
  EXPECT_NE(error_of([&] {
              add_metrics({folder_ / "joint", folder_ / "latencies"}, folder_ / "again");
            }).find("has a metric that a table before it has: 'latency_s'"),
            std::string::npos);
}

TEST_F(Merging, AddsNothingThatItWouldHaveToChooseFrom) {
  const std::string error = error_of([&] { add_metrics({part("a", 0, 6), latencies(2, 2)}, folder_ / "joint"); });
  EXPECT_NE(error.find("has several rows of one genome, and none can be preferred: {\"width\":1}"), std::string::npos)
      << error;
}

TEST_F(Merging, TakesASpaceOfOnesOwnAlong) {
  const Manifest joint = merge_tables({part("a", 0, 4), part("b", 3, 6)}, folder_ / "elsewhere/joint");
  EXPECT_EQ(joint.space, "space.json");
  base::fs::remove(folder_ / "t.yaml");
  EXPECT_EQ(Table::load(folder_ / "elsewhere/joint").genomes(), 6);
  const std::string kept = base::read_file(folder_ / "elsewhere/joint/space.json");
  EXPECT_EQ(kept.find(folder_.path().string()), std::string::npos);  // nothing of this machine
}

}  // namespace
}  // namespace weft::bench
