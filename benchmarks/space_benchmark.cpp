// How many genomes and programs a second: what a search spends outside models and training.
#include <benchmark/benchmark.h>

#include "block/graph.hpp"
#include "block/mutate.hpp"
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

// The whole of what a conventional search does with a genome before it is trained.
void sample_mutate_identify_and_count(benchmark::State& state) {
  base::Random random(1);
  for (auto _ : state) {
    const space::Genome parent = space::sample(nano(), random);
    const space::Genome child = space::mutate(nano(), parent, random).value_or(parent);
    benchmark::DoNotOptimize(space::id(nano(), child));
    benchmark::DoNotOptimize(space::decode(nano(), child, {}));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sample_mutate_identify_and_count);

void sample_open_genomes(benchmark::State& state) {
  static const space::Space kOpen = space::Space::load("gpt_nano_open");
  base::Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(space::sample(kOpen, random));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sample_open_genomes);

void mutate_check_and_identify_programs(benchmark::State& state) {
  const block::Program seed = nano().blocks.at("gpt2");
  const block::Binding binding{{"D", 64}, {"H", 4}, {"R", 2}};
  base::Random random(1);
  for (auto _ : state) {
    const block::Program child = block::mutate(seed, random, {"D", "H", "R"});
    benchmark::DoNotOptimize(block::check(child, binding, {64, false}, {.causal = true}));
    benchmark::DoNotOptimize(block::id(child));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(mutate_check_and_identify_programs);

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
