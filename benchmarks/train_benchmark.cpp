// Trains one gpt_nano genome and prints the outcome as JSON: the weft side of train_benchmark.py.
// Usage: train_benchmark GENOME STEPS BATCH THREADS PRECISION DEVICE
#include <fmt/format.h>

#include <cstdlib>

#include "net/device.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "train/trainer.hpp"

int main(int argc, char** argv) {
  using namespace weft;
  if (argc != 7) return 2;
  net::set_threads(std::atoi(argv[4]));
  const space::Space space = space::Space::load("gpt_nano");
  train::TaskConfig task;
  task.data = "wordnet_glosses";
  const auto data = train::open_dataset(task);
  const auto genome = space::from_text(space, argv[1]);
  if (!genome) throw std::runtime_error(genome.error());
  const auto architecture = space::decode(space, *genome, data->input());
  if (!architecture) throw std::runtime_error(architecture.error());
  train::Recipe recipe;
  recipe.steps = std::atoi(argv[2]);
  recipe.batch = std::atoi(argv[3]);
  recipe.precision = argv[5];
  recipe.device = argv[6];
  recipe.curve = 1;
  recipe.validation = 1;  // the other side does not validate
  fmt::print("{}\n", train::train(*architecture, *data, recipe, {}, 1).to_json().dump());
}
