#include "bench/import.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <map>

#include "bench/table.hpp"
#include "space/genome_text.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/shared.hpp"

namespace weft::bench {
namespace {

using test::error_of;
using test::Folder;

void silent(std::int64_t /*records*/) {}

Table imported(const Folder& folder, const std::string& mapping, const std::string& file) {
  import_table(mapping, {test::shared("data/" + file)}, folder.path(), silent);
  return Table::load(folder.path());
}

double score(const Table& table, const std::string& genome, const std::string& task, double fidelity, std::int64_t seed,
             const std::string& metric) {
  const auto read = space::from_text(table.space(), genome);
  if (!read) throw base::Error(read.error());
  return table.value(table.row(table.find(*read), table.cell(task, fidelity, seed).value()), table.column(metric));
}

// What a metric has in the whole table.
struct Sum {
  std::int64_t rows = 0;
  double least = 1e300, most = -1e300;
};
Sum sum_of(const Table& table, const std::string& metric) {
  Sum sum;
  const std::size_t column = table.column(metric);
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    const double value = table.value(row, column);
    if (std::isnan(value)) continue;
    ++sum.rows;
    sum.least = std::min(sum.least, value);
    sum.most = std::max(sum.most, value);
  }
  return sum;
}

TEST(Import, ReadsNasBench201) {
  const std::string file = "nasbench201/nasbench201_12epoch.csv.gz";
  WEFT_NEEDS_SHARED("data/" + file);
  const Folder folder;
  const Table table = imported(folder, "nasbench201_12epoch", file);
  EXPECT_EQ(table.genomes(), 15625);
  EXPECT_EQ(table.rows(), 46875);
  EXPECT_FALSE(table.manifest().sample);
  EXPECT_DOUBLE_EQ(
      score(table, "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
            "cifar100", 12, 0, "val_accuracy"),
      57.79999996948242 * 0.01);
  // Of published.md: the best in the table, validation and test, on each data set.
  const std::map<std::string, std::pair<double, double>> best = {
      {"cifar10", {84.89, 89.16}}, {"cifar100", {61.32, 61.18}}, {"imagenet16_120", {38.67, 38.27}}};
  for (const auto& [task, wanted] : best) {
    double val = 0, test = 0;
    for (std::int64_t genome = 0; genome < table.genomes(); ++genome) {
      const std::int64_t row = table.row(genome, table.cell(task, 12, 0).value());
      val = std::max(val, table.value(row, table.column("val_accuracy")));
      test = std::max(test, table.value(row, table.column("test_accuracy")));
    }
    EXPECT_NEAR(100 * val, wanted.first, 0.005) << task;
    EXPECT_NEAR(100 * test, wanted.second, 0.005) << task;
  }
}

TEST(Import, ReadsLatenciesInSeconds) {
  const std::string file = "nasbench201/nasbench201_latency.csv.gz";
  WEFT_NEEDS_SHARED("data/" + file);
  const Folder folder;
  const Table table = imported(folder, "nasbench201_latency", file);
  EXPECT_EQ(table.genomes(), 15625);
  EXPECT_EQ(table.columns(), 27U);
  const char* first = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|";
  EXPECT_DOUBLE_EQ(score(table, first, "inference", 1, 0, "latency_1080ti_1_s"), 0.0107544);
  EXPECT_DOUBLE_EQ(score(table, first, "inference", 1, 0, "latency_titanxp_32_s"), 0.00738505);
}

TEST(Import, ReadsNasBenchMacro) {
  const std::string file = "macro/nasbench_macro_cifar10.json";
  WEFT_NEEDS_SHARED("data/" + file);
  const Folder folder;
  const Table table = imported(folder, "nasbench_macro", file);
  EXPECT_EQ(table.genomes(), 6561);
  EXPECT_EQ(table.rows(), 3 * 6561);
  EXPECT_TRUE(table.manifest().only_test);
  EXPECT_NEAR(score(table, "02012100", "cifar10", 1, 1, "test_accuracy"), 0.8894999694824219, 1e-12);
  EXPECT_EQ(score(table, "02012100", "cifar10", 1, 2, "params"), 890666);
  EXPECT_EQ(score(table, "02012100", "cifar10", 1, 2, "flops"), 2 * 47327744.0);
}

TEST(Import, ReadsNasBenchNlp) {
  const std::string file = "nasbench_nlp/nasbench_nlp_wikitext2.csv";
  WEFT_NEEDS_SHARED("data/" + file);
  const Folder folder;
  const Imported done = import_table("nasbench_nlp", {test::shared("data/" + file)}, folder.path(), silent);
  EXPECT_EQ(done.records, 345);
  EXPECT_EQ(done.skipped, 4);
  EXPECT_EQ(done.manifest.rows, 341);
  const Table table = Table::load(folder.path());
  EXPECT_EQ(sum_of(table, "val_loss").rows, 341);
}

TEST(Import, ReadsHwGptBench) {
  WEFT_NEEDS_SHARED("data/hwgpt/hwgpt_s_hw.csv.gz");
  const std::pair<const char*, std::int64_t> sizes[] = {{"s", 10000}, {"m", 5245}};
  for (const auto& [size, known] : sizes) {
    const Folder folder, other;
    const std::string name = std::string("hwgpt_") + size;
    const Table table = imported(folder, name, "hwgpt/" + name + "_hw.csv.gz");
    EXPECT_EQ(table.genomes(), 10000);
    EXPECT_EQ(sum_of(table, "val_perplexity").rows, known);
    EXPECT_EQ(sum_of(table, "latency_h100_s").rows, 10000);
    const Table perplexity = imported(other, name + "_perplexity", std::string("hwgpt/ppl_") + size + ".csv");
    EXPECT_EQ(perplexity.genomes(), known);
    // Heads that the source lists beyond a network's depth are no part of it: both files have the same networks.
    std::int64_t shared = 0;
    const Cell cell{};
    for (std::int64_t genome = 0; genome < perplexity.genomes(); ++genome) {
      const std::int64_t row = table.row(table.find(perplexity.genome(genome)), cell);
      if (row < 0) continue;
      ++shared;
      ASSERT_NEAR(table.value(row, table.column("val_perplexity")),
                  perplexity.value(perplexity.row(genome, cell), perplexity.column("val_perplexity")), 1e-4);
    }
    EXPECT_EQ(shared, known) << name;
  }
}

TEST(Import, ReadsWhatItsConverterMakesOfNatsBench) {
  WEFT_NEEDS_SHARED("data/nasbench201/nats_tss_000000.pickle.pbz2");
  for (const std::string kind : {"tss", "sss"}) {
    const Folder folder;
    std::string command =
        "python3 " + std::string(WEFT_SOURCE_DIR) + "/scripts/convert_nats.py -o " + (folder / "lines.jsonl").string();
    for (const char* number : {"000000", "000011", "000284"})
      command += " " + test::shared("data/nasbench201/nats_" + kind + "_" + number + ".pickle.pbz2").string();
    ASSERT_EQ(std::system((command + " > /dev/null").c_str()), 0);
    import_table("nats_" + kind, {folder / "lines.jsonl"}, folder / "table", silent);
    const Table table = Table::load(folder / "table");
    EXPECT_EQ(table.genomes(), 3);
    if (kind == "sss") {
      EXPECT_EQ(table.rows(), 60);
      EXPECT_NEAR(score(table, "8:8:8:8:8", "cifar100", 90, 777, "val_accuracy"), 0.3223999996, 1e-9);
      continue;
    }
    EXPECT_EQ(table.rows(), 51);
    // The 12-epoch table has the mean of both seeds on CIFAR-10, and the one seed of the others.
    const char* first =
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|";
    const double one = score(table, first, "cifar10_valid", 12, 777, "val_accuracy"),
                 other = score(table, first, "cifar10_valid", 12, 111, "val_accuracy");
    EXPECT_NEAR((one + other) / 2, 0.6336399998, 1e-9);
    EXPECT_NEAR(score(table, first, "imagenet16_120", 12, 111, "test_accuracy"), 0.1699999996, 1e-9);
    const std::int64_t row = table.row(table.find(space::from_text(table.space(), first).value()),
                                       table.cell("cifar10_valid", 200, 888).value());
    const auto curve = table.curve(row, table.column("val_accuracy_curve"));
    EXPECT_EQ(curve.size(), 200U);
    EXPECT_NEAR(curve.back(), table.value(row, table.column("val_accuracy")), 1e-7);
    EXPECT_EQ(table.curve_steps(row)[199], 200);
  }
}

TEST(Import, ReadsWhatItsConverterMakesOfNasBench101) {
  const Folder folder;
  const std::string source = WEFT_SOURCE_DIR, record = (folder / "a.tfrecord").string(),
                    lines = (folder / "lines.jsonl").string();
  ASSERT_EQ(std::system(("python3 " + source + "/tests/support/nasbench101_record.py " + record).c_str()), 0);
  const std::string convert = "python3 " + source + "/scripts/convert_nasbench101.py " + record + " -o " + lines;
  ASSERT_EQ(std::system((convert + " > /dev/null").c_str()), 0);
  import_table("nasbench101", {lines}, folder / "table", silent);
  const Table table = Table::load(folder / "table");
  EXPECT_EQ(table.rows(), 2);
  const char* cell =
      "100001 11000 0001 001 00 0 conv3x3-bn-relu maxpool3x3 conv1x1-bn-relu conv1x1-bn-relu conv1x1-bn-relu";
  EXPECT_EQ(score(table, cell, "cifar10", 108, 1, "test_accuracy"), 0.9276);
  EXPECT_EQ(score(table, cell, "cifar10", 108, 0, "train_s"), 1000.5);
  EXPECT_EQ(score(table, cell, "cifar10", 108, 0, "params"), 8555530);
  base::write_file(record, base::read_file(record).substr(0, 400));  // cut short
  EXPECT_NE(std::system((convert + " 2> /dev/null").c_str()), 0);
}

// A script of the checkout with its arguments; what it says goes into a file.
bool run_script(const std::string& words, const base::fs::path& said) {
  const std::string command = "python3 " + std::string(WEFT_SOURCE_DIR) + "/" + words;
  return std::system((command + " > " + said.string() + " 2>&1").c_str()) == 0;
}

// The table of what a script in tests/support/ writes and a converter makes of it.
Table converted(const Folder& folder, const std::string& support, const std::string& converter,
                const std::string& mapping) {
  const std::string lines = (folder / "lines").string();
  for (const std::string& words : {"tests/support/" + support, "scripts/" + converter + " -o " + lines}) {
    if (!run_script(words, folder / "said")) throw base::Error(base::read_file(folder / "said"));
  }
  import_table(mapping, {lines}, folder / "table", silent);
  return Table::load(folder / "table");
}

TEST(Import, ReadsWhatItsConverterMakesOfHwGptBench) {
  const Folder folder;
  const std::string file = (folder / "stats.pkl").string();
  const Table table = converted(folder, "hwgpt_pickle.py " + file, "convert_hwgpt.py " + file, "hwgpt_s");
  EXPECT_EQ(table.rows(), 2);
  const char* genome =
      R"({"embed_dim":768,"n_layer":10,"n_head":[4,8,12,4,8,12,4,8,12,4],"mlp_ratio":[2,3,4,2,3,4,2,3,4,2],"bias":true})";
  const auto value = [&](const std::string& metric) { return score(table, genome, "openwebtext", 1, 0, metric); };
  EXPECT_EQ(value("val_perplexity"), 25.5);
  EXPECT_EQ(value("val_accuracy"), 0.40625);
  EXPECT_EQ(value("params"), 2e8);
  EXPECT_NEAR(value("latency_h100_s"), 0.0105, 1e-12);  // the median of three
  EXPECT_NEAR(value("energy_h100_j"), 9, 1e-9);
  EXPECT_NEAR(value("memory_a100_bytes"), 837.25e6, 1e-3);
  EXPECT_NEAR(value("latency_cpu_a6000_s"), 1.01, 1e-9);  // of 998.5 ms, 1.01 s and 1.02 s
  EXPECT_NEAR(value("energy_cpu_a6000_j"), 900, 1e-9);
  EXPECT_EQ(sum_of(table, "energy_cpu_a6000_j").rows, 1);  // a zero is no measurement
  EXPECT_EQ(sum_of(table, "latency_cpu_p100_s").rows, 0);  // not in the pickles
}

TEST(Import, ReadsWhatItsConverterMakesOfTransNasBench101) {
  for (const std::string packed : {"", " zip"}) {
    const Folder folder;
    const std::string file = (folder / "a.pth").string();
    const Table table = converted(folder, "transnasbench_file.py " + file + packed, "convert_transnasbench.py " + file,
                                  "transnasbench_micro");
    EXPECT_EQ(table.rows(), 7);
    const char* cell = "64-41414-1_02_333";
    EXPECT_NEAR(score(table, cell, "class_object", 2, 0, "val_accuracy"), 0.225, 1e-12);
    EXPECT_NEAR(score(table, cell, "jigsaw", 3, 0, "test_top5_accuracy"), 0.3, 1e-12);
    EXPECT_NEAR(score(table, cell, "segmentsemantic", 2, 0, "val_miou"), 0.18, 1e-12);
    EXPECT_EQ(score(table, cell, "normal", 2, 0, "val_ssim"), 0.5625);
    EXPECT_EQ(score(table, cell, "autoencoder", 2, 0, "train_l1_loss"), 1.625);
    EXPECT_EQ(score(table, cell, "room_layout", 2, 0, "val_layout_loss"), 4.5);
    EXPECT_TRUE(std::isnan(score(table, cell, "room_layout", 2, 0, "val_loss")));
    EXPECT_EQ(score(table, cell, "class_scene", 2, 0, "train_s"), 50 * 3600 + 30);
    EXPECT_EQ(score(table, cell, "class_scene", 2, 0, "params"), 22520608);
    EXPECT_EQ(score(table, cell, "class_scene", 2, 0, "flops"), 2 * 3511115776.0);
    const std::int64_t row =
        table.row(table.find(space::from_text(table.space(), cell).value()), table.cell("jigsaw", 3, 0).value());
    const auto curve = table.curve(row, table.column("val_accuracy_curve"));
    ASSERT_EQ(curve.size(), 3U);
    EXPECT_NEAR(curve[0], 0.2, 1e-7);
    EXPECT_NEAR(curve[2], 0.25, 1e-7);
    EXPECT_EQ(table.curve_steps(row)[2], 3);
    import_table("transnasbench_macro", {folder / "lines"}, folder / "macro", silent);
    const Table macro = Table::load(folder / "macro");
    EXPECT_EQ(macro.rows(), 7);
    EXPECT_EQ(score(macro, "64-123400-basic", "class_scene", 2, 0, "params"), 3400224);
  }
}

TEST(Import, ReadsWhatItsConverterMakesOfJahsBench201) {
  const Folder folder;
  const std::string task = (folder / "cifar10").string();
  const Table table = converted(folder, "jahs_pickle.py " + task, "convert_jahs.py " + task, "jahs");
  EXPECT_EQ(table.rows(), 13);
  EXPECT_EQ(table.genomes(), 3);
  const std::string cell = R"({"op_10":"nor_conv_3x3","op_20":"none","op_21":"avg_pool_3x3","op_30":"skip_connect",)"
                           R"("op_31":"none","op_32":"nor_conv_1x1",)",
                    hyper = R"("trivial_augment":false,"learning_rate":0.1,"weight_decay":0.0005})",
                    large = cell + R"("cells":5,"width":16,"resolution":1.0,"activation":"relu",)" + hyper,
                    small = cell + R"("cells":1,"width":4,"resolution":0.25,"activation":"mish",)" + hyper;
  EXPECT_EQ(score(table, large, "cifar10", 200, 0, "val_accuracy"), 0.5);
  EXPECT_EQ(score(table, large, "cifar10", 200, 1, "test_accuracy"), 0.25);  // its learning rate is rounded to the same
  EXPECT_EQ(score(table, large, "cifar10", 100, 0, "train_s"), 1000);
  EXPECT_NEAR(score(table, large, "cifar10", 200, 0, "params"), 344346, 1e-6);
  EXPECT_NEAR(score(table, large, "cifar10", 200, 0, "flops"), 94.2e6, 1e-3);
  EXPECT_EQ(score(table, small, "cifar10", 25, 0, "val_accuracy"), 0.0625);
  const std::int64_t genome = table.find(space::from_text(table.space(), small).value());
  EXPECT_EQ(table.row(genome, table.cell("cifar10", 50, 0).value()), -1);  // it came to 30 epochs
  const std::int64_t row =
      table.row(table.find(space::from_text(table.space(), large).value()), table.cell("cifar10", 200, 0).value());
  const auto curve = table.curve(row, table.column("val_accuracy_curve"));
  ASSERT_EQ(curve.size(), 200U);
  EXPECT_EQ(curve[99], 0.25F);
  EXPECT_EQ(table.curve_steps(row)[99], 100);
}

TEST(Import, ConvertersRunNothingThatAPickleAsksFor) {
  const std::pair<const char*, const char*> converters[] = {
      {"convert_nats.py", "a.pickle.pbz2"},       {"convert_hwgpt.py", "a.pkl"},
      {"convert_transnasbench.py", "a.pth"},      {"convert_transnasbench.py", "a.pkl"},
      {"convert_jahs.py --task cifar10", "a.gz"}, {"convert_hwgpt_surrogate.py --scale s", "a.pth"}};
  for (const auto& [converter, name] : converters) {
    const Folder folder;
    const std::string file = (folder / name).string(), mark = (folder / "ran").string(),
                      out = (folder / "out").string();
    ASSERT_TRUE(run_script("tests/support/hostile_pickle.py " + file + " " + mark, folder / "said"));
    EXPECT_FALSE(run_script("scripts/" + std::string(converter) + " " + file + " -o " + out, folder / "said"));
    EXPECT_FALSE(base::fs::exists(mark)) << converter;
    EXPECT_FALSE(base::fs::exists(out)) << converter;
    EXPECT_FALSE(base::fs::exists(out + ".partial")) << converter;
    EXPECT_NE(base::read_file(folder / "said").find("the pickle asks for posix.system"), std::string::npos)
        << converter;
  }
}

TEST(Import, ConvertersWriteNothingOfAFileThatIsCutShort) {
  const std::array<const char*, 3> converters[] = {{"hwgpt_pickle.py", "convert_hwgpt.py", "stats.pkl"},
                                                   {"transnasbench_file.py", "convert_transnasbench.py", "a.pth"},
                                                   {"jahs_pickle.py", "convert_jahs.py", "cifar10"}};
  for (const auto& [support, converter, name] : converters) {
    const Folder folder;
    const std::string made = (folder / name).string(), out = (folder / "out").string();
    ASSERT_TRUE(run_script("tests/support/" + std::string(support) + " " + made, folder / "said"));
    // The last of a folder's files: those before it are whole.
    const std::string file = base::fs::is_directory(made) ? made + "/test_set.pkl.gz" : made;
    const std::string whole = base::read_file(file);
    for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{0}}) {
      base::write_file(file, whole.substr(0, size));
      EXPECT_FALSE(run_script("scripts/" + std::string(converter) + " " + made + " -o " + out, folder / "said"))
          << converter << " " << size;
      EXPECT_FALSE(base::fs::exists(out)) << converter;
      EXPECT_FALSE(base::fs::exists(out + ".partial")) << converter;
      EXPECT_NE(base::read_file(folder / "said").find("nothing was written"), std::string::npos) << converter;
    }
  }
}

TEST(Import, ReadsZeroCostScores) {
  const std::string file = "zerocost/zc_nasbench201.json";
  WEFT_NEEDS_SHARED("data/" + file);
  const Folder folder;
  const Table table = imported(folder, "nasbench201_zerocost", file);
  EXPECT_EQ(table.rows(), 725 + 725 + 724);
  // (0, 2, 3, 2, 3, 1): edges 1-2, 1-3, 1-4, 2-3, 2-4, 3-4.
  const char* first = "|skip_connect~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_1x1~0|nor_conv_1x1~1|none~2|";
  EXPECT_DOUBLE_EQ(score(table, first, "cifar10", 1, 0, "val_accuracy"), 86.06 * 0.01);
  EXPECT_DOUBLE_EQ(score(table, first, "cifar10", 1, 0, "params"), 615386);
}

// A small file with a fault, read by a mapping of NAS-Bench-201.
std::string fault(const std::string& rows) {
  const Folder folder;
  const std::string file = folder.write(
      "source.csv", "cellstr,cifar10-val,cifar10-test,cifar100-val,cifar100-test,imagenet-val,imagenet-test\n" + rows);
  const std::string error = error_of([&] { import_table("nasbench201_12epoch", {file}, folder / "table", silent); });
  EXPECT_FALSE(base::fs::exists(folder / "table" / "table.yaml"));
  EXPECT_TRUE(error.starts_with(file)) << error;
  return error.substr(std::min(error.size(), file.size()));
}

TEST(Import, NamesFileAndRowOfWhatIsWrong) {
  const std::string cell = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", good = cell + ",1,2,3,4,5,6\n";
  EXPECT_TRUE(fault(good + good).starts_with(": row 2: a second row of one genome, task, fidelity and seed"));
  EXPECT_TRUE(fault(good + "|nine~0|+|none~0|none~1|+|none~0|none~1|none~2|,1,2,3,4,5,6\n").starts_with(": row 2: "));
  EXPECT_EQ(fault(cell + ",1,2,3,many,5,6\n"),
            ": row 1: column 'cifar100-test' has 'many' where a number was expected");
  EXPECT_EQ(fault(cell + ",1,2,300,4,5,6\n"),
            ": row 1: column 'cifar100-val' has '300', which is 3 as a fraction; from 0 to 1 was expected (does the "
            "mapping name its unit?)");
  EXPECT_TRUE(fault(cell + ",1,2,3\n").starts_with(": is not CSV as expected: CSV parse error: "));
  EXPECT_EQ(fault(""), ": gave no row");
}

// The mapping says that the file holds the whole space.
TEST(Import, OfSomeGenomesIsASample) {
  const Folder folder;
  const std::string file =
      folder.write("source.csv",
                   "cellstr,cifar10-val,cifar10-test,cifar100-val,cifar100-test,imagenet-val,imagenet-test\n"
                   "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|,1,2,3,4,5,6\n");
  const Imported done = import_table("nasbench201_12epoch", {file}, folder / "table", silent);
  EXPECT_EQ(done.of, "15,625");
  EXPECT_TRUE(Manifest::load(folder / "table").by_row());
}

TEST(Import, RefusesAFileOfOtherColumns) {
  const Folder folder;
  const std::string file = folder.write("source.csv", "a,b\n1,2\n");
  EXPECT_TRUE(error_of([&] {
                import_table("nasbench201_12epoch", {file}, folder / "table", silent);
              }).starts_with(file + ": has no column 'cifar10-val'; is it the file that "));
}

TEST(Import, RefusesAHugeCell) {
  const std::string big(10'000'000, '7');
  EXPECT_TRUE(fault("|none~0|,1,2," + big + ",4,5,6\n").find(": row 1: ") != std::string::npos ||
              fault("|none~0|,1,2," + big + ",4,5,6\n").find("CSV") != std::string::npos);
}

}  // namespace
}  // namespace weft::bench
