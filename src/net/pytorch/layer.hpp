// One layer as Python, before its numbers are known to be its own or its class's: the order of its ops, the names of
// its modules, and its forward() as statements.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/pytorch/op.hpp"

namespace weft::net::pytorch {

/// A node of the graph in the order in which a person would write it.
struct Step {
  std::size_t node = 0;
  Applied applied;
  std::string attribute;  ///< "query"; empty where there is no module
  bool used = true;       ///< false: it has weights and takes no part in the result
};

struct Layer {
  const block::Graph* graph = nullptr;
  std::vector<Step> steps;
  std::vector<block::Value> alias;  ///< of each node: what stands for it, where it does nothing (a sum with zeros)

  /// What a value really is: the node itself, or what an idle sum passes on.
  block::Value resolve(block::Value value) const;
  /// What a node's text reads.
  std::vector<block::Value> inputs(std::size_t node) const;
  /// What forward() returns: of a cell its last node, the new states.
  block::Value result() const;
  bool is_cell() const { return !graph->states.empty(); }
  /// What forward() takes: x, and the states of a cell.
  std::vector<std::string> parameters() const;
  /// Position in `steps` of a node.
  std::vector<int> place;
};

/// `graph` must outlive it.
Layer plan_layer(const block::Graph& graph, const block::Place& where, std::int64_t columns, bool class_token);

/// Where its weights lie, in the order of the graph: "query.weight".
std::vector<std::string> weight_names(const Layer& layer);

/// Attention, linear attention and the gated recurrence: what takes queries, keys and values.
bool is_mixer(const block::Op* op);
bool is_activation(const block::Op* op);

/// Names by role: query, key and value of attention, up, gate and down of a feed-forward network, norms by what they
/// stand before.
void name_modules(Layer& layer);

/// The lines of forward(): `number` writes the number `index` of a step's call.
using NumberText = std::function<std::string(std::size_t step, std::size_t index)>;
std::vector<std::string> statements(const Layer& layer, const NumberText& number);

/// The text of a piece with its numbers, inputs and module filled in.
std::string fill(const std::string& text, const std::function<std::string(char kind, std::size_t index)>& hole);

}  // namespace weft::net::pytorch
