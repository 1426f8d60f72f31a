// A program on an operator's bench: its graph with the type of every value in every layer. New sites stand behind the
// old ones until finish() puts all in order. Called by the operators alone.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "block/operators.hpp"

namespace weft::block::operators {

/// A value's type in each layer; empty where it is not known in all (what no pick picks). Copies share the types.
class Types {
 public:
  Types() = default;
  Types(std::vector<Type> types);
  /// Those from `first` on in a table that stays as it is.
  Types(const std::shared_ptr<const std::vector<Type>>& table, std::size_t first, std::size_t size)
      : types_(table, table->data() + first), size_(size) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Type& front() const { return (*this)[0]; }
  const Type& operator[](std::size_t layer) const { return std::span(types_.get(), size_)[layer]; }
  const Type* begin() const { return types_.get(); }
  const Type* end() const { return types_.get() + size_; }
  bool operator==(const Types& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  std::shared_ptr<const Type> types_;
  std::size_t size_ = 0;
};

/// Where a value is used: an input of a site, or the block's result (`site` -1).
struct Use {
  int site = -1;
  std::size_t input = 0;
};

class Workpiece {
 public:
  /// Nothing where the program does not hold in some layer. The program outlives the piece and its copies.
  static std::optional<Workpiece> make(const Program& program, const Setting& setting, base::Random& random,
                                       const Preference& preference);

  // Reading. Sites from old_size() on are new.
  int size() const { return static_cast<int>(sites_.size()); }
  int old_size() const { return old_size_; }
  const Site& site(int index) const { return *sites_[static_cast<std::size_t>(index)]; }
  const Types& types(const Value& value) const;
  /// Whether operators may change the site itself: its types are known and it is no choice and has no program of its
  /// own.
  bool is_free(int index) const;
  Value value_at(const Use& use) const;
  /// The uses of old sites; `with_result`: and of the block.
  std::vector<Use> uses(bool with_result) const;
  /// The old sites whose value depends on the site; itself among them. Of -1 (the input): all.
  std::vector<bool> below(int index) const;
  /// The old sites that the site depends on; itself among them.
  std::vector<bool> above(int index) const;
  /// The input and the outputs of old sites of known types that are not in `excluded`.
  std::vector<Value> values(const std::vector<bool>& excluded) const;
  const Op* first_user(const Value& value) const;

  // Drawing. An attribute's value from its domain, widths and heads as arithmetic on genes.
  Expression draw_attribute(const Op& op, std::size_t index, const Expression* now);
  /// The attributes of an op: what `like` has under the same names, defaults, or drawn.
  std::vector<Expression> draw_attributes(const Op& op, const Site* like);
  /// Ops of the table that take these inputs and perhaps more; the more wanted, the more often first.
  std::vector<const Op*> draw_ops(std::span<const Value> inputs, const Op* user);

  // Making. A new site where its types fit in every layer: its first output.
  std::optional<Value> apply(const Op& op, std::vector<Value> inputs, std::vector<Expression> attributes);
  /// The same; where it does not fit, with one input after the first projected to another width.
  std::optional<Value> apply_projected(const Op& op, const std::vector<Value>& inputs,
                                       const std::vector<Expression>& attributes);
  /// Some op that fits, on the value and, where it takes more, others of `partners`.
  std::optional<Value> grow(const Value& from, const std::vector<Value>& partners, const Op* user);
  /// The value turned into one of these types; `companion` is of these types and may take part.
  std::optional<Value> adapt(const Value& value, const Types& wanted, const Value* companion = nullptr);
  /// A copy of a site with other inputs of the same types.
  int copy(Site site, const std::vector<Types>& types);

  // Changing.
  void set(const Use& use, const Value& value);
  /// Every use of a value by old sites and the block.
  void replace_uses(const Value& from, const Value& to);
  void exchange_uses(const Value& a, const Value& b);
  /// The site, to be changed: a copy of its own, since pieces share the sites that they leave alone.
  Site& change(int index);
  std::span<const Types> outputs(int index) const;

  /// The canonical program, without what its result does not need. Nothing where a change made a cycle or too many ops.
  std::optional<Program> finish() const;

  const Setting& setting;
  base::Random& random;

 private:
  Workpiece(const Program& program, const Setting& where, base::Random& stream, const Preference& preference);
  bool type_sites(const Program& program);
  Types types_of_pick(const Site& site) const;
  std::optional<std::vector<Types>> infer(const Op& op, std::span<const Value> inputs,
                                          std::span<const Expression> attributes) const;
  std::optional<Expression> width_of(const Types& wanted, std::int64_t Type::*size);
  const std::vector<Expression>& widths();
  std::vector<Expression> heads() const;
  std::vector<Value> draw_inputs(const Op& op, const Value& from, const std::vector<Value>& partners);
  Value partner(const Op& op, const Value& from, const std::vector<Value>& partners);
  std::optional<Value> project(const Op& op, const Value& value, const Types& wanted);
  std::optional<Value> adapt_sequence(const Value& value, const Types& wanted, const Value* companion);
  std::optional<Value> adapt_matrix(const Value& value, const Types& wanted, const Value* companion);
  std::optional<Value> with_positions(const Value& value, const Value& sequence);
  std::optional<Value> split_heads(const Value& value, const Types& wanted);

  const Preference& preference_;
  std::vector<std::shared_ptr<const Site>> sites_;
  Value result_;
  int old_size_ = 0;
  std::vector<Types> types_;        // of all outputs of all sites
  std::vector<std::size_t> first_;  // of each site: where its outputs stand among them
  Types input_;
  std::vector<Expression> widths_;  // once asked for
};

/// Whether a call is all that there is to the op: it is no choice by a gene and has no program of its own.
bool has_plain_call(const Op& op);
/// Whether the attribute is how many channels come out or lie inside: it must be given and may be as wide as a tensor.
bool is_width(const Attribute& attribute);
/// The ops that an operator may put into a program: those that programs may call, and the infix ones.
const std::vector<const Op*>& insertable_ops(const Place& place, bool images);

// One function a kind of edit: nothing where it found no place.
std::optional<Program> insert(Workpiece& piece);
std::optional<Program> remove(Workpiece& piece);
std::optional<Program> replace(Workpiece& piece);
std::optional<Program> rewire(Workpiece& piece);
std::optional<Program> change_attribute(Workpiece& piece);
std::optional<Program> change_dimension(Workpiece& piece);
std::optional<Program> duplicate(Workpiece& piece);
std::optional<Program> swap(Workpiece& piece);
/// A sub-graph of `other` in the place of one of `piece`, which it may not differ from in its setting.
std::optional<Program> cross(Workpiece& piece, const Workpiece& other);

}  // namespace weft::block::operators
