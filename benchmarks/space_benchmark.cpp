// How many genomes and programs a second: what a search spends outside models and training.
#include <benchmark/benchmark.h>

#include "block/graph.hpp"
#include "block/operators.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft {
namespace {

const space::Space& nano() {
  static const space::Space kSpace = space::Space::load("gpt_nano");
  return kSpace;
}

void sample_genomes(benchmark::State& state) {
  base::Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(space::sample(nano(), random));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sample_genomes);

void mutate_genomes(benchmark::State& state) {
  base::Random random(1);
  space::Genome genome = space::sample(nano(), random);
  for (auto _ : state) genome = space::mutate(nano(), genome, random).value_or(genome);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(mutate_genomes);

void cross_over_genomes(benchmark::State& state) {
  base::Random random(1);
  const space::Genome a = space::sample(nano(), random), b = space::sample(nano(), random);
  for (auto _ : state) benchmark::DoNotOptimize(space::cross_over(nano(), a, b, random));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(cross_over_genomes);

void identify_genomes(benchmark::State& state) {
  base::Random random(1);
  const space::Genome genome = space::sample(nano(), random);
  for (auto _ : state) benchmark::DoNotOptimize(space::id(nano(), genome));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(identify_genomes);

void decode_and_count_genomes(benchmark::State& state) {
  base::Random random(1);
  std::vector<space::Genome> genomes;
  for (int i = 0; i < 256; ++i) genomes.push_back(space::sample(nano(), random));
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(space::decode(nano(), genomes[next++ % genomes.size()], {}));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_and_count_genomes);

// The whole of what a conventional search does with a genome before it is trained. GPT S is to do 100,000 a second.
void sample_mutate_identify_and_count(benchmark::State& state, const std::string& name) {
  const space::Space space = space::Space::load(name);
  space::Counter counter(space, space.input);
  base::Random random(1);
  for (auto _ : state) {
    const space::Genome parent = space::sample(space, random);
    const space::Genome child = space::mutate(space, parent, random).value_or(parent);
    benchmark::DoNotOptimize(space::id(space, child));
    benchmark::DoNotOptimize(counter.count(child));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(sample_mutate_identify_and_count, gpt_s, "gpt_s");
BENCHMARK_CAPTURE(sample_mutate_identify_and_count, gpt_nano, "gpt_nano");

void sample_open_genomes(benchmark::State& state) {
  static const space::Space kOpen = space::Space::load("gpt_nano_open");
  base::Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(space::sample(kOpen, random));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sample_open_genomes);

// The same for programs of 10 to 25 ops, on random walks from the blocks of gpt_nano: 20,000 a second.
void mutate_check_count_and_identify_programs(benchmark::State& state) {
  const block::Setting setting{.layers = {{{{"D", 64}, {"H", 4}, {"R", 2}}, {64, false}}}, .place = {.causal = true}};
  std::vector<block::Program> parents;
  for (const auto& [name, program] : nano().blocks) parents.push_back(program);
  base::Random random(1);
  std::size_t sites = 0;
  for (auto _ : state) {
    block::Program& parent = parents[random.below(parents.size())];
    block::Program child = block::mutate(parent, setting, random).value();
    const auto graph = block::check(child, setting.layers[0].binding, setting.layers[0].input, setting.place);
    benchmark::DoNotOptimize(block::count(*graph, 128, setting.place));
    benchmark::DoNotOptimize(block::id(child));
    sites += child.sites.size();
    if (child.sites.size() >= 10 && child.sites.size() <= 25) parent = std::move(child);
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["ops"] = benchmark::Counter(static_cast<double>(sites), benchmark::Counter::kAvgIterations);
}
BENCHMARK(mutate_check_count_and_identify_programs);

void cross_over_programs(benchmark::State& state) {
  const block::Setting setting{.layers = {{{{"D", 64}, {"H", 4}, {"R", 2}}, {64, false}}}, .place = {.causal = true}};
  const block::Program a = nano().blocks.at("gpt2"), b = nano().blocks.at("primer");
  base::Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(block::cross_over(a, b, setting, random));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(cross_over_programs);

void parse_programs(benchmark::State& state) {
  const std::string text = block::print(nano().blocks.at("primer"));
  for (auto _ : state) benchmark::DoNotOptimize(block::parse(text, "benchmark"));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse_programs);

void count_space(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(space::count(nano()));
}
BENCHMARK(count_space);

// All 15,625 genomes of NAS-Bench-201, and which of them are one network.
void enumerate_nasbench201(benchmark::State& state) {
  const space::Space cells = space::Space::load("nasbench201");
  for (auto _ : state) benchmark::DoNotOptimize(space::count_networks(cells));
}
BENCHMARK(enumerate_nasbench201)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft
