// Which spaces can be superposed, and what is said of the others.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "block/ops/rows.hpp"
#include "net/superposition.hpp"

namespace weft::net {
namespace {

constexpr std::size_t kMostCombinations = 4096;

// Whether the attribute only says how large something is of which a smaller genome has the leading part, so that
// multiplying the rest with zeros comes to the same.
bool is_size(const block::Op& op, const block::Attribute& attribute) {
  namespace rows = block::rows;
  if (attribute.name == "heads" || attribute.name == "kv_heads" || attribute.name == "bias") return true;
  const bool product = &op == &rows::linear() || &op == &rows::conv() || &op == &rows::conv2d();
  return attribute.name == "width" && (product || &op == &rows::dwconv());
}

// What differs between two layers beyond sizes; empty where nothing does.
std::string other_program(const block::Graph& a, const block::Graph& b) {
  if (a.nodes.size() != b.nodes.size() || a.result != b.result) return "decides the program";
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    const block::Node &x = a.nodes[i], &y = b.nodes[i];
    if (x.op != y.op || x.inputs != y.inputs) return "decides the program";
    for (std::size_t k = 0; k < x.attributes.size(); ++k) {
      const block::Attribute& attribute = x.op->attributes[k];
      if (x.attributes[k] == y.attributes[k] || is_size(*x.op, attribute)) continue;
      return fmt::format("decides {} of {}, which is no size that a mixture can have", attribute.name, x.op->name);
    }
  }
  return "";
}

}  // namespace

void Superposition::refuse(const std::string& why) const {
  throw base::Error(fmt::format("the space '{}' cannot be superposed: {}", space_.name, why));
}

void Superposition::find_places() {
  if (space_.depth(largest_) != space_.max_depth)
    refuse("its largest genome has fewer layers than others; raise its limits");
  std::size_t count = 1;
  for (int gene = 0; gene < static_cast<int>(space_.genes.size()); ++gene) {
    const space::Gene& row = space_.genes[static_cast<std::size_t>(gene)];
    if (row.open) refuse(fmt::format("the gene '{}' is open: its programs have no probabilities", row.name));
    if (row.values.size() < 2) continue;
    if (row.when) refuse(fmt::format("the gene '{}' is only there under a condition", row.name));
    const auto values = static_cast<std::int64_t>(row.values.size());
    for (int layer = 0; layer < space_.most_copies(gene); ++layer) places_.push_back({gene, layer, values});
    if (gene == space_.depth_gene) {
      if (!space_.groups.back().counted) refuse("the layers that its depth counts are not the last ones");
      if (supernet_.options().depth != SupernetOptions::Depth::first)
        refuse("genomes of fewer layers must have the first ones; set subnets.depth to first");
      continue;
    }
    mixed_.push_back(gene);
    count *= row.values.size();
    if (count > kMostCombinations)
      refuse(fmt::format("its genes have more than {} combinations of values, with '{}'", kMostCombinations, row.name));
  }
}

std::string Superposition::genes_that_differ(const space::Genome& genome) const {
  std::vector<std::string> names;
  for (const int gene : mixed_) {
    const std::size_t slot = space_.slot(gene, 0);
    if (genome.codes[slot] != largest_.codes[slot])
      names.push_back(base::quote(space_.genes[static_cast<std::size_t>(gene)].name));
  }
  return base::join(names, ", ");
}

// Of several combinations that are wrong, the one that differs in the fewest genes says it best.
void Superposition::check_programs(const std::vector<SubNetwork>& networks) const {
  std::vector<const block::Graph*> graphs;
  network_.each_layer([&](const BoundParts& layer) { graphs.push_back(&layer.graph); });
  std::string genes, wrong;
  for (std::size_t c = 0; c < all_.size(); ++c) {
    std::size_t next = 0;
    networks[c].each_layer([&](const BoundParts& layer) {
      const std::string other = other_program(*graphs[next++], layer.graph);
      const std::string names = genes_that_differ(all_[c]);
      if (other.empty() || (!genes.empty() && genes.size() <= names.size())) return;
      genes = names;
      wrong = other;
    });
  }
  if (!wrong.empty()) refuse(fmt::format("the gene {} {}", genes, wrong));
}

// The largest genome's parts are the shared weights, all of them and each as a whole.
void Superposition::check_whole(const std::vector<SubNetwork>& networks) const {
  const std::vector<SharedWeight>& weights = supernet_.weights();
  std::vector<bool> whole(weights.size(), false);
  network_.each_part([&](const Part& part) {
    whole[part.weight] = part.axes == weights[part.weight].axes;
    if (!weights[part.weight].spec.trained)
      refuse(fmt::format("'{}' is a running statistic, which is of one network alone", weights[part.weight].name));
  });
  const auto found = std::find(whole.begin(), whole.end(), false);
  if (found == whole.end()) return;
  const auto index = static_cast<std::size_t>(found - whole.begin());
  const auto beyond = [&](const SubNetwork& network) {  // the largest genome's part
    bool any = false;
    network.each_part([&](const Part& part) {
      if (part.weight != index) return;
      bool inside = false;
      network_.each_part([&](const Part& own) {
        if (own.weight != index) return;
        inside = true;
        for (std::size_t i = 0; i < own.axes.size(); ++i) inside = inside && block::fits(part.axes[i], own.axes[i]);
      });
      any = any || !inside;
    });
    return any;
  };
  std::string genes;
  for (std::size_t c = 0; c < all_.size(); ++c) {
    const std::string names = genes_that_differ(all_[c]);
    if (beyond(networks[c]) && (genes.empty() || names.size() < genes.size())) genes = names;
  }
  refuse(
      fmt::format("its largest genome does not have all of the weight '{}', of which other values of {} have "
                  "more; fix the size of heads, or let one program be",
                  weights[index].name, genes.empty() ? "its genes" : genes));
}

}  // namespace weft::net
