#include "bench/table.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/hash.hpp"
#include "bench/query.hpp"
#include "bench/table_writer.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/spaces.hpp"

namespace weft::bench {
namespace {

using test::error_of;
using test::Folder;
using test::refusal;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// A space whose file lies beside the table.
space::Space space_in(const Folder& folder, const std::string& genes) {
  return space::Space::load(folder.write("t.yaml", test::space_yaml(genes)));
}

Manifest manifest_of(const std::string& space) {
  Manifest manifest;
  manifest.name = "small";
  manifest.space = space;
  manifest.sample = true;
  manifest.fidelity_unit = "epochs";
  manifest.metrics = {{.name = "val_accuracy", .unit = "fraction", .description = "of it", .maximize = true},
                      {.name = "test_accuracy", .unit = "fraction", .description = {}, .maximize = true, .test = true},
                      {.name = "val_loss", .unit = "nat", .description = {}, .curve = true},
                      {.name = "train_s", .unit = "s", .description = {}, .cost = true}};
  manifest.about = {{"recipe", "steps: \"many\" and\nmore"},
                    {"hardware", ""},
                    {"software", ""},
                    {"notes", ""},
                    {"licence", "CC0"},
                    {"citation", ""},
                    {"source", "a test"}};
  return manifest;
}

// Scores that tell every cell apart.
TableWriter::Row row_of(std::int64_t genome, const std::string& task, double fidelity, std::int64_t seed) {
  const double score =
      static_cast<double>(genome) * 1e-3 + (task == "b" ? 0.5 : 0) + fidelity * 1e-6 + static_cast<double>(seed) * 1e-9;
  return {.task = task,
          .fidelity = fidelity,
          .seed = seed,
          .values = {score, seed == 7 ? kNone : score / 2, score * 10},
          .steps = {10, 20},
          .curves = {{static_cast<float>(score), static_cast<float>(score) + 1}}};
}

// Behind the first `whole` genomes every second lacks a seed.
bool lacks_seed(std::int64_t number, std::int64_t whole) {
  return number >= whole && number % 2 == 1;
}

std::vector<space::Genome> fill(TableWriter& writer, const space::Space& space, std::int64_t most, std::int64_t whole) {
  std::vector<space::Genome> genomes;
  space::enumerate(space, [&](const space::Genome& genome) {
    const auto number = static_cast<std::int64_t>(genomes.size());
    for (const std::string task : {"a", "b"}) {
      for (const double fidelity : {4.0, 1.0}) {
        for (const std::int64_t seed : {3, 7}) {
          if (seed == 7 && lacks_seed(number, whole)) continue;
          EXPECT_EQ(writer.add(genome, row_of(number, task, fidelity, seed)), "");
        }
      }
    }
    genomes.push_back(genome);
    return static_cast<std::int64_t>(genomes.size()) < most;
  });
  return genomes;
}

void expect_cell(const Table& table, const space::Genome& genome, std::int64_t number, const TableWriter::Row& wanted) {
  const std::int64_t found = table.find(genome);
  ASSERT_EQ(found, number);
  ASSERT_EQ(space::to_text(table.space(), table.genome(found)), space::to_text(table.space(), genome));
  const std::int64_t row = table.row(found, table.cell(wanted.task, wanted.fidelity, wanted.seed).value());
  ASSERT_GE(row, 0);
  ASSERT_EQ(table.value(row, table.column("val_accuracy")), wanted.values[0]);
  ASSERT_EQ(std::isnan(table.value(row, table.column("test_accuracy"))), std::isnan(wanted.values[1]));
  ASSERT_EQ(table.value(row, table.column("train_s")), wanted.values[2]);
  const auto curve = table.curve(row, table.column("val_loss"));
  ASSERT_EQ(std::vector<float>(curve.begin(), curve.end()), wanted.curves[0]);
  const auto steps = table.curve_steps(row);
  ASSERT_EQ(std::vector<float>(steps.begin(), steps.end()), wanted.steps);
}

void write_and_read(const std::string& yaml, std::int64_t whole) {
  const Folder folder;
  const space::Space space = space_in(folder, yaml);
  TableWriter writer(manifest_of("t.yaml"), space);
  const auto genomes = fill(writer, space, 1000, whole);
  const Manifest written = writer.write(folder.path());
  const Table table = Table::load(folder.path());
  EXPECT_EQ(table.manifest().tasks, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(table.manifest().fidelities, (std::vector<double>{1, 4}));
  EXPECT_EQ(table.manifest().seeds, (std::vector<std::int64_t>{3, 7}));
  EXPECT_EQ(table.manifest().about, written.about);
  EXPECT_EQ(table.rows(), writer.rows());
  ASSERT_EQ(table.genomes(), static_cast<std::int64_t>(genomes.size()));
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i);
    expect_cell(table, genomes[i], number, row_of(number, "b", 4, 3));
    expect_cell(table, genomes[i], number, row_of(number, "a", 1, 3));
    if (lacks_seed(number, whole)) {
      ASSERT_EQ(table.row(number, table.cell("a", 1, 7).value()), -1);
      ASSERT_EQ(table.cells(number).size(), 4U);
    } else {
      expect_cell(table, genomes[i], number, row_of(number, "b", 1, 7));
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(Table, GivesBackWhatWasWritten) {
  for (const test::SmallSpace& small : test::small_spaces()) {
    for (const int whole : {0, 3, 1000}) {
      SCOPED_TRACE(small.yaml + ", the first " + std::to_string(whole) + " genomes are whole");
      write_and_read(small.yaml, whole);
    }
  }
}

TEST(Table, HoldsProgramsAsText) {
  const Folder folder;
  const space::Space space = space::Space::load("gpt_nano_open");
  TableWriter writer(manifest_of("gpt_nano_open"), space);
  std::vector<space::Genome> genomes;
  for (std::uint64_t i = 0; i < 40; ++i) {
    base::Random random(i, "programs");
    const space::Genome genome = space::sample(space, random);
    if (writer.add(genome, row_of(static_cast<std::int64_t>(genomes.size()), "a", 1, 3)).empty())
      genomes.push_back(genome);
  }
  writer.write(folder.path());
  const Table table = Table::load(folder.path());
  for (std::size_t i = 0; i < genomes.size(); ++i)
    expect_cell(table, genomes[i], static_cast<std::int64_t>(i), row_of(static_cast<std::int64_t>(i), "a", 1, 3));
}

// A table of four genomes, and what is wrong with it after `spoil`.
class Spoiled : public ::testing::Test {
 protected:
  Spoiled() : space_(space_in(folder_, "genes:\n  width: {range: [4, 7]}\n")) {
    TableWriter writer(manifest_of("t.yaml"), space_);
    fill(writer, space_, 4, 0);
    writer.write(folder_.path());
  }
  std::string manifest() const { return base::read_file(folder_ / "table.yaml"); }
  void replace(const std::string& from, const std::string& to) const {
    std::string text = manifest();
    const auto at = text.find(from);
    ASSERT_NE(at, text.npos) << from << " in\n" << text;
    folder_.write("table.yaml", text.replace(at, from.size(), to));
  }
  std::string error(bool verify = true) const {
    return error_of([&] { Table::load(folder_.path(), {.metrics = std::nullopt, .verify = verify}); });
  }
  std::string parquet() const { return (folder_ / "table.parquet").string(); }

  Folder folder_;
  space::Space space_;
};

TEST_F(Spoiled, ByAnotherFileIsRefused) {
  std::string text = base::read_file(parquet());
  text[text.size() / 2] ^= 1;
  folder_.write("table.parquet", text);
  EXPECT_TRUE(error().starts_with(parquet() + ": is not the file that " + (folder_ / "table.yaml").string()));
}

TEST_F(Spoiled, ByACutIsRefused) {
  const std::string text = base::read_file(parquet());
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, text.size() / 2, text.size() - 1}) {
    folder_.write("table.parquet", text.substr(0, size));
    EXPECT_TRUE(error(false).starts_with(parquet() + ": is no Parquet file, or is damaged")) << error(false);
  }
}

TEST_F(Spoiled, ByItsManifestIsRefused) {
  replace("rows: 24", "rows: 25");
  EXPECT_EQ(error(), parquet() + ": has 24 rows, but its manifest says 25");
  replace("rows: 25", "rows: 24");
  replace("genomes: 4", "genomes: 5");
  EXPECT_EQ(error(), parquet() + ": has 4 genomes, but its manifest says 5");
  replace("genomes: 5", "genomes: 4");
  replace("tasks: [\"a\",\"b\"]", "tasks: [\"a\",\"c\"]");
  EXPECT_EQ(error(), parquet() + ": row 4, column 'task': the manifest has no task \"b\"");
  replace("tasks: [\"a\",\"c\"]", "tasks: [\"a\",\"b\"]");
  replace("train_s: {\"unit\":\"s\"", "train_s: {\"unit\":\"ms\"");
  EXPECT_TRUE(error().ends_with("a table holds 'ms' as s")) << error();
  replace("train_s: {\"unit\":\"ms\"", "train_s: {\"unit\":\"J\"");
  EXPECT_TRUE(error().ends_with("a metric with this name is held in s, not in J")) << error();
  replace("train_s: {\"unit\":\"J\"", "train_h: {\"unit\":\"s\"");
  EXPECT_EQ(error(), parquet() + ": has no column 'train_h'");
}

TEST_F(Spoiled, ByAnotherSpaceIsRefused) {
  folder_.write("t.yaml", test::space_yaml("genes:\n  width: {range: [4, 6]}\n"));
  EXPECT_EQ(error(), parquet() + ": row 20, column 'gene_width': the gene 'width' has no value 7");
  folder_.write("t.yaml", test::space_yaml("genes:\n  width: {range: [4, 7]}\nrequire: [\"width != 6\"]\n"));
  EXPECT_EQ(error(), parquet() + ": row 12, column 'gene_*': the genome violates the constraint width != 6");
  folder_.write("t.yaml", test::space_yaml("genes:\n  height: {range: [4, 7]}\n"));
  EXPECT_EQ(error(), parquet() + ": has no column 'gene_height'");
}

// Its file lies elsewhere, and may change or be lost.
TEST(TableWriter, TakesASpaceOfOnesOwnAlong) {
  const Folder spaces, folder;
  const std::string file = spaces.write("own.yaml", test::space_yaml("genes:\n  width: {range: [4, 7]}\n"));
  for (const std::string& name : {file, std::string("own.yaml")}) {
    const space::Space space = space::Space::load(file);
    TableWriter writer(manifest_of(name), space);
    fill(writer, space, 4, 4);
    EXPECT_EQ(writer.write(folder.path()).space, "space.json");
  }
  base::fs::remove(file);
  EXPECT_EQ(Table::load(folder.path()).genomes(), 4);
}

TEST(TableWriter, RefusesASecondRowOfACell) {
  const Folder folder;
  const space::Space space = space_in(folder, "genes:\n  width: {range: [4, 7]}\n");
  TableWriter writer(manifest_of("t.yaml"), space);
  const space::Genome genome = space::from_text(space, R"({"width": 5})").value();
  EXPECT_EQ(writer.add(genome, row_of(0, "a", 1, 3)), "");
  EXPECT_EQ(writer.add(genome, row_of(0, "a", 1, 3)), "a second row of one genome, task, fidelity and seed");
  EXPECT_EQ(writer.add(space::Genome{{-1}, {}}, row_of(0, "a", 1, 4)), "the gene 'width' has no value");
}

TEST_F(Spoiled, IsNotAndAnswersQuestions) {
  const Table table = Table::load(folder_.path());
  base::Json question = {
      {"genome", {{"width", 6}}}, {"task", "b"}, {"fidelity", 4}, {"seed", 3}, {"metric", "train_s"}};
  EXPECT_EQ(answer(table, question)->at("value"), row_of(2, "b", 4, 3).values[2]);
  question["unit"] = "ms";
  EXPECT_DOUBLE_EQ(answer(table, question)->at("value").get<double>(), row_of(2, "b", 4, 3).values[2] * 1000);
  question["metric"] = "val_loss";
  question.erase("unit");
  EXPECT_EQ(answer(table, question)->at("steps"), base::Json({10.0, 20.0}));
  question["metric"] = "test_accuracy";
  question["seed"] = 7;
  EXPECT_EQ(refusal(answer(table, question)), "the table small has no test_accuracy in this row");
  question["genome"]["width"] = 5;
  EXPECT_EQ(refusal(answer(table, question)),
            "the table small has no row of this genome for that task, fidelity and seed");
  question["seed"] = 8;
  EXPECT_EQ(refusal(answer(table, question)), "the table small has no seed 8; it has 3, 7");
  question["fidelity"] = 2;
  EXPECT_EQ(refusal(answer(table, question)), "the table small has no fidelity 2; it has 1, 4 epochs");
  question.erase("task");
  EXPECT_EQ(refusal(answer(table, question)), "the question lacks 'task'");
}

}  // namespace
}  // namespace weft::bench
