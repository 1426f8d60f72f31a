#include <fmt/format.h>

#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/statistics.hpp"
#include "net/device.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "train/latency_table.hpp"

namespace weft::train {
namespace {

using base::Json;

constexpr std::size_t kMostCells = 5'000;
constexpr int kQuiet = 1'000;  // samples in a row without a new cell
constexpr int kStack = 4;      // layers of a kind that are measured together
constexpr int kDraws = 100;    // of held-out genomes, for each that is wanted

// A layer's program and all that its names are worth.
std::pair<std::string, std::string> layer_cell(const space::Space& space, const space::Genome& genome, int layer) {
  const block::Program& program = space::program_of(space, genome, layer);
  Json bound = Json::object();
  for (const auto& [name, value] : space::bind_layer(space, genome, layer)) bound[name] = value;
  const std::string text = base::canonical_text(bound);
  return {base::short_hash(block::print(program) + text), program.name + " " + text};
}

// What stands before and after the layers: it depends on the width and on whether positions are learned.
std::pair<std::string, std::string> ends_cell(const space::Space& space, const space::Genome& genome) {
  const std::int64_t width = space::width_of(space::bind_layer(space, genome, 0));
  const bool position = space.position_gene >= 0 && genome.codes[space.slot(space.position_gene, 0)] == 1;
  const std::string what = fmt::format("stem and head of width {}{}", width, position ? " with positions" : "");
  return {base::short_hash(what), what};
}

class Builder {
 public:
  explicit Builder(const TableRequest& request) : request_(request), space_(*request.space) {
    for (const space::Gene& gene : space_.genes) {
      if (gene.open)
        throw base::Error("the gene '" + gene.name + "' is open: its programs cannot be measured beforehand",
                          space_.name);
    }
    table_.space = space_.name;
    table_.input = space::input_for(space_, request.input);
    table_.recipe = request.recipe;
    const c10::Device device = net::parse_device(request.recipe.device);
    table_.hardware = device.is_cpu() ? net::describe_devices().front() : device.str();
  }

  LatencyTable run() {
    find_cells();
    measure_cells();
    check();
    return std::move(table_);
  }

 private:
  // What is measured for a cell: the ends alone, or some layers between them.
  struct Probe {
    std::string key, what, ends;
    space::Architecture architecture;
    bool layer = false;
  };

  void find_cells() {
    base::Random random(request_.seed, "cells");
    for (int quiet = 0; quiet < kQuiet; ++quiet) {
      const space::Genome genome = space::sample(space_, random);
      const auto keys = cells_of(space_, genome);
      bool known = true;
      for (const auto& [key, what] : keys) known = known && known_.contains(key);
      if (known) continue;
      const auto architecture = space::decode(space_, genome, request_.input);
      if (!architecture) continue;
      add_probes(*architecture, keys);
      quiet = 0;
      if (known_.size() > kMostCells)
        throw base::Error(fmt::format("has more than {} distinct layers: too many to measure each", kMostCells),
                          space_.name);
    }
    if (probes_.empty()) throw base::Error("no random genome keeps its limits", space_.name);
  }

  void add_probes(const space::Architecture& whole, const std::vector<std::pair<std::string, std::string>>& keys) {
    if (whole.stem().kind != block::Type::Kind::sequence || whole.out_width() != whole.width)
      throw base::Error("its layers change the width or the size of images: they cannot be measured one by one",
                        space_.name);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!known_.insert(keys[i].first).second) continue;
      Probe probe{keys[i].first, keys[i].second, keys[0].first, whole, i > 0};
      probe.architecture.layers.clear();
      if (probe.layer) probe.architecture.layers.assign(kStack, whole.layers[i - 1]);
      probes_.push_back(std::move(probe));
    }
  }

  double measure(const space::Architecture& architecture, const std::string& what) const {
    const journal::Outcome outcome = measure_latency(architecture, request_.recipe);
    if (!outcome.ok()) throw base::Error(outcome.failure + ": " + outcome.detail, what);
    return outcome.measured.at("latency_s");
  }

  // The ends first: a layer is what a stack of it takes beyond them.
  void measure_cells() {
    int done = 0;
    for (const bool layers : {false, true}) {
      for (const Probe& probe : probes_) {
        if (probe.layer != layers) continue;
        double seconds = measure(probe.architecture, probe.what);
        if (layers) seconds = std::max(0.0, seconds - table_.cells.at(probe.ends).seconds) / kStack;
        table_.cells[probe.key] = {seconds, probe.what};
        request_.progress("cell", ++done, static_cast<int>(probes_.size()));
      }
    }
  }

  // Other genomes, measured whole.
  void check() {
    base::Random random(request_.seed, "held out");
    std::set<std::string> seen;
    std::vector<double> measured, summed;
    double error = 0;
    for (int draw = 0; draw < kDraws * request_.held_out && ssize(measured) < request_.held_out; ++draw) {
      const space::Genome genome = space::sample(space_, random);
      const auto architecture = space::decode(space_, genome, request_.input);
      const auto sum = table_.seconds(space_, genome);
      if (!architecture || !sum || !seen.insert(space::id(space_, genome)).second) continue;
      measured.push_back(measure(*architecture, space::to_text(space_, genome)));
      summed.push_back(*sum);
      error += std::abs(summed.back() - measured.back()) / measured.back();
      request_.progress("held-out genome", static_cast<int>(measured.size()), request_.held_out);
    }
    table_.check = {static_cast<int>(measured.size()), error / static_cast<double>(measured.size()),
                    base::kendall_tau(summed, measured).value_or(std::nan(""))};
  }

  const TableRequest& request_;
  const space::Space& space_;
  LatencyTable table_;
  std::set<std::string> known_;
  std::vector<Probe> probes_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> cells_of(const space::Space& space, const space::Genome& genome) {
  std::vector<std::pair<std::string, std::string>> list{ends_cell(space, genome)};
  for (int layer = 0, depth = space.depth(genome); layer < depth; ++layer)
    list.push_back(layer_cell(space, genome, layer));
  return list;
}

LatencyTable build_latency_table(const TableRequest& request) {
  return Builder(request).run();
}

}  // namespace weft::train
