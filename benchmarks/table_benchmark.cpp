// How fast a table is read and asked, and how many trials a second a search on it makes. Reads NAS-Bench-201's table at
// $WEFT_TABLE (weft table import nasbench201_12epoch ... -o tables/nasbench201_12epoch); makes a table of ten million
// rows in a temporary folder.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>

#include "base/schema.hpp"
#include "bench/table.hpp"
#include "bench/table_writer.hpp"
#include "search/simulation.hpp"
#include "space/vary.hpp"

namespace weft {
namespace {

std::string table_path() {
  const char* given = std::getenv("WEFT_TABLE");
  return given != nullptr ? given : "tables/nasbench201_12epoch";
}

const bench::Table& nasbench201() {
  static const bench::Table kTable = bench::Table::load(table_path());
  return kTable;
}

void load_nasbench201(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(bench::Table::load(table_path()).rows());
}
BENCHMARK(load_nasbench201)->Unit(benchmark::kMillisecond);

// A million genomes of GPT S with ten seeds each.
const base::fs::path& large_folder() {
  static const base::fs::path kFolder = [] {
    const base::fs::path folder = base::fs::temp_directory_path() / "weft-large-table";
    if (base::fs::exists(folder / "table.yaml")) return folder;
    const space::Space space = space::Space::load("gpt_s");
    bench::Manifest manifest;
    manifest.name = "large";
    manifest.space = "gpt_s";
    manifest.sample = true;
    manifest.fidelity_unit = "budget";
    manifest.metrics = {{.name = "val_loss", .unit = "nat", .description = {}}};
    manifest.about = {{"licence", "CC0"}, {"source", "a benchmark"}};
    bench::TableWriter writer(manifest, space);
    base::Random random(1);
    while (writer.genomes() < 1'000'000) {
      const space::Genome genome = space::sample(space, random);
      for (int seed = 0; seed < 10; ++seed)
        static_cast<void>(writer.add(genome, {.task = "t", .fidelity = 1, .seed = seed, .values = {random.uniform()}}));
    }
    writer.write(folder);
    return folder;
  }();
  return kFolder;
}

const bench::Table& large() {
  static const bench::Table kTable = bench::Table::load(large_folder());
  return kTable;
}

void load_ten_million_rows(benchmark::State& state) {
  large_folder();
  for (auto _ : state) benchmark::DoNotOptimize(bench::Table::load(large_folder()).rows());
}
BENCHMARK(load_ten_million_rows)->Unit(benchmark::kMillisecond)->Iterations(1);

// Genomes in random order, so that nothing of the table is in a cache.
void look_up(benchmark::State& state, const bench::Table& (*table)()) {
  std::vector<space::Genome> genomes;
  base::Random random(2);
  for (int i = 0; i < 100'000; ++i)
    genomes.push_back(
        table().genome(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(table().genomes())))));
  const auto seeds = table().manifest().seeds.size();
  std::size_t next = 0;
  for (auto _ : state) {
    const space::Genome& genome = genomes[next++ % genomes.size()];
    const bench::Cell cell{.task = 0, .fidelity = 0, .seed = static_cast<int>(next % seeds)};
    benchmark::DoNotOptimize(table().value(table().row(table().find(genome), cell), 0));
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_a_row"] = static_cast<double>(table().bytes()) / static_cast<double>(table().rows());
}
BENCHMARK_CAPTURE(look_up, nasbench201, nasbench201);
BENCHMARK_CAPTURE(look_up, ten_million_rows, large);

// Trials a second of a method on one core, through the interfaces of any run.
void search(benchmark::State& state, const char* method, const char* options) {
  const space::Space& space = nasbench201().space();
  const base::Document document{.value = {{"space", "s"},
                                          {"evaluate", {{"count", base::Json::object()}}},
                                          {"objective", {{"minimize", "m"}}},
                                          {"search", {{"method", {{method, base::Json::parse(options)}}}}}},
                                .file = "benchmark",
                                .marks = {}};
  const base::Json checked = base::check(base::load_schema("experiment"), document);
  const evolve::Method made{.name = method,
                            .options = checked.at("search").at("method").at(method),
                            .space = &space,
                            .input = space.input,
                            .objective = {{{"val_accuracy", false}}},
                            .prompts = {}};
  const auto evaluator = evaluate::make_evaluator(
      {.space = space.snapshot(),
       .task = base::Json::object(),
       .evaluate = {{"table", {{"path", table_path()}, {"task", "cifar10"}, {"metrics", {"val_accuracy"}}}}}});
  const std::int64_t trials = state.range(0);
  const search::Simulation simulation{.method = &made, .evaluator = evaluator.get(), .budgets = {trials}};
  std::uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(search::simulate(simulation, ++seed).trials);
  state.SetItemsProcessed(state.iterations() * trials);
}
BENCHMARK_CAPTURE(search, regularized_evolution, "regularized_evolution", R"({"population": 10, "sample": 3})")
    ->Arg(100'000);
BENCHMARK_CAPTURE(search, random, "random", "{}")->Arg(100'000);
BENCHMARK_CAPTURE(search, local_search, "local_search", "{}")->Arg(500);
BENCHMARK_CAPTURE(search, reinforce, "reinforce", "{}")->Arg(10'000);
BENCHMARK_CAPTURE(search, tpe, "tpe", "{}")->Arg(100)->Arg(500);
BENCHMARK_CAPTURE(search, nsga2, "nsga2", R"({"population": 50})")->Arg(10'000);

}  // namespace
}  // namespace weft
