// From genome to architecture: genes bound, programs checked for every layer, limits kept.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "space/layer_key.hpp"
#include "space/space.hpp"

namespace weft::space {

/// The architecture, or one line for people and language models saying what is wrong: a shape, a domain, a limit.
base::Result<Architecture> decode(const Space& space, const Genome& genome, const Input& input);

/// Counts genomes of one space without building their architectures: a layer of a program, binding and input seen
/// before is looked up. Refuses what decode() refuses, in the same words. For one thread.
class Counter {
 public:
  Counter(const Space& space, const Input& input);
  base::Result<block::Counts> count(const Genome& genome);

 private:
  using Key = LayerKey::Key;
  struct Layer {
    block::Counts counts;
    block::Type out;
    std::string wrong;  ///< empty where it is right
  };
  const Layer& layer(const Genome& genome, int index, const block::Type& input);
  Layer count_layer(const Genome& genome, int index, const block::Type& input) const;

  const Space& space_;
  base::Result<Architecture> base_;  // without layers
  LayerKey keys_;
  Key key_, open_key_;  // of the layer at hand; of the last with an open program
  std::unordered_map<Key, Layer, LayerKey::Hash> seen_;
  Layer open_;
};

/// What the names in capitals are worth in a layer, without those of inactive genes. A gene of names counts them.
block::Binding bind_layer(const Space& space, const Genome& genome, int layer);

/// D of a binding, or 0 where there is none that can be a width.
std::int64_t width_of(const block::Binding& binding);

/// The program of a layer.
const block::Program& program_of(const Space& space, const Genome& genome, int layer);

/// The task's sizes; of the space's vocabulary, where it sets one, and the task's the larger.
Input input_for(const Space& space, Input input);

}  // namespace weft::space
