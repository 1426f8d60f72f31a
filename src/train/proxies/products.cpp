#include "train/proxies/products.hpp"

#include <algorithm>
#include <set>

#include "block/ops/rows.hpp"

namespace weft::train::proxies {
namespace {

namespace rows = block::rows;
using Ops = std::set<const block::Op*>;

const Ops& products() {
  static const Ops kOps{&rows::linear(), &rows::conv(), &rows::conv2d(), &rows::experts(), &rows::scan()};
  return kOps;
}

// Which nodes are linears of an attention. What takes its inputs may be attention itself or a split into heads, what
// gives its result attention or the heads put side by side.
std::vector<bool> of_attention(const block::Graph& graph) {
  static const Ops kTakes{&rows::attention(), &rows::linear_attention(), &rows::recurrence(), &rows::heads()};
  static const Ops kGives{&rows::attention(), &rows::linear_attention(), &rows::recurrence(), &rows::merge()};
  static const Ops kSums{&rows::add(), &rows::subtract()};
  static const Ops kNorms{&rows::layernorm(), &rows::rmsnorm(), &rows::batchnorm()};
  const std::size_t count = graph.nodes.size();
  std::vector<bool> feeds(count, false), carries(count, false), found(count, false);
  for (std::size_t i = count; i-- > 0;) {
    const block::Op* op = graph.nodes[i].op;
    const bool passes = feeds[i] && !products().contains(op) && !kNorms.contains(op) && !kGives.contains(op);
    if (!passes && !kTakes.contains(op)) continue;
    for (const block::Value& input : graph.nodes[i].inputs) {
      if (input.site >= 0) feeds[static_cast<std::size_t>(input.site)] = true;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    const block::Node& node = graph.nodes[i];
    const bool reads = std::any_of(node.inputs.begin(), node.inputs.end(), [&](const block::Value& input) {
      return input.site >= 0 && carries[static_cast<std::size_t>(input.site)];
    });
    carries[i] = kGives.contains(node.op) || (reads && !products().contains(node.op) && !kSums.contains(node.op));
    found[i] = node.op == &rows::linear() && (feeds[i] || reads);
  }
  return found;
}

// Whether this parameter is multiplied with what comes in, rather than added to it or compared with it.
bool is_factor(const block::Node& node, const block::Parameter& parameter) {
  return node.op != &rows::attention() && parameter.shape.size() > 1;
}

}  // namespace

std::vector<Product> products_of(const net::Network& network) {
  const auto& specs = network.weights;
  std::vector<Product> list;
  std::size_t next = 0;
  for (; next < specs.size() && specs[next].name.starts_with("stem."); ++next) {
    if (specs[next].name == "stem.weight") list.push_back({next, Product::Part::stem});
    if (specs[next].name == "stem.embedding" && network.architecture.ends.tied) list.push_back({next});
  }
  for (const block::Graph& graph : network.architecture.layers) {
    const std::vector<bool> attention = of_attention(graph);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const block::Parameter& parameter : graph.nodes[i].parameters) {
        const auto part = attention[i] ? Product::Part::attention : Product::Part::other;
        if (is_factor(graph.nodes[i], parameter)) list.push_back({next, part});
        ++next;
      }
    }
  }
  for (; next < specs.size(); ++next) {
    if (specs[next].name == "head.weight") list.push_back({next});
  }
  std::erase_if(list, [&](const Product& product) { return !specs[product.weight].learns(); });
  return list;
}

}  // namespace weft::train::proxies
