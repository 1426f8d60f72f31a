// Conventional operators on programs: the twins of what a language model does to their text. They work on the typed
// graph, so that what they make passes check() wherever the parent did. Called by space, for open genes.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "block/graph.hpp"

namespace weft::block {

/// One layer in which a program stands: what its names are worth there, and what flows into it.
struct Layer {
  Binding binding;
  Type input;
  bool operator==(const Layer&) const = default;
};

/// Where a program stands, and must hold after every operator.
struct Setting {
  std::vector<Layer> layers;  ///< the distinct ones; one at least
  Place place = {};
  int statements = 60;              ///< of the canonical text, at most
  std::vector<const Op*> ops = {};  ///< that programs may use; empty: all
};

/// Kinds of edit. What they leave or make fits the types around it: a `linear`, a `conv2d` or a `merge` mends a width
/// or a kind.
enum class Edit {
  insert,     ///< one op, or a chain of a few, on an edge or behind a value
  remove,     ///< an op; its input takes its place
  replace,    ///< an op by another that takes its inputs
  rewire,     ///< an input of an op to another value
  attribute,  ///< an attribute that is not a width, within its domain
  dimension,  ///< a width, at one op or at all of that width
  duplicate,  ///< a sub-graph, applied once more to its own result
  swap        ///< two sub-graphs, or two ops, exchange their places
};

/// Every kind.
std::span<const Edit> all_edits();
/// Primer's five mutations (So et al. 2021): delete, insert, swap an operation for another, change an argument, change
/// a dimension. An argument is an input or an attribute.
std::span<const Edit> primer_edits();

/// How much an op is wanted where several fit, given what uses its value first (null: the block's result).
using Preference = std::function<double(const Op& op, const Op* user)>;

/// One edit tried once: nothing where there was no place for it. The product is canonical; mutate() checks it.
std::optional<Program> try_edit(const Program& program, Edit edit, const Setting& setting, base::Random& random,
                                const Preference& preference = {});

/// One random edit of those kinds, drawn again (at most 50 times) until it makes another program that holds. Nothing
/// where the parent does not hold itself.
std::optional<Program> mutate(const Program& program, const Setting& setting, base::Random& random,
                              std::span<const Edit> edits = all_edits(), const Preference& preference = {});

/// `a` with a sub-graph of `b` in the place of one of its own: both of the same type, the inputs of what is taken
/// joined to values of `a`. Nothing where no try in 50 makes another program than both that holds.
std::optional<Program> cross_over(const Program& a, const Program& b, const Setting& setting, base::Random& random);

/// A program grown from the input alone by edits, most of them insertions, to between one and `ops` ops or a few more.
Program random_program(const Setting& setting, base::Random& random, int ops = 16);

/// Whether it passes check() in every layer and keeps the number of ops and statements.
bool holds(const Program& program, const Setting& setting);

/// For each site the op that uses its value first; null where that is the result.
std::vector<const Op*> first_users(const Program& program);

}  // namespace weft::block
