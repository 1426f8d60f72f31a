#include <algorithm>
#include <bit>
#include <string>

#include "base/hash.hpp"
#include "block/program.hpp"

namespace weft::block {
namespace {

using Hash = std::uint64_t;

constexpr Hash kInput = 0x1234567;

Hash label(const Expression& expression) {
  Hash hash = base::mix64(static_cast<Hash>(expression.kind), std::bit_cast<Hash>(expression.number));
  static const Hash kNoGene = base::hash64("");
  if (!expression.parts) return base::mix64(hash, kNoGene);
  hash = base::mix64(hash, base::hash64(expression.parts->gene));
  for (const Expression& operand : expression.parts->operands) hash = base::mix64(hash, label(operand));
  return hash;
}

bool equal_calls(const Site& a, const Site& b) {
  if (a.op != b.op || a.attributes != b.attributes) return false;
  return a.inputs == b.inputs ||
         (a.op->commutative && std::is_permutation(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end()));
}

// The sites that the result needs, equal pure calls once.
class Merger {
 public:
  explicit Merger(std::vector<Site> sites) : old_(std::move(sites)), place_(old_.size(), -1) {}

  std::vector<Site> run(Value& result) {
    mark(result);
    for (std::size_t i = old_.size(); i-- > 0;) {
      if (place_[i] >= 0) {
        for (const Value& input : old_[i].inputs) mark(input);
      }
    }
    for (std::size_t i = 0; i < old_.size(); ++i) {
      if (place_[i] >= 0) place_[i] = keep(std::move(old_[i]));
    }
    move(result);
    return std::move(kept_);
  }

 private:
  void mark(const Value& value) {
    if (value.site >= 0) place_[static_cast<std::size_t>(value.site)] = 0;
  }
  void move(Value& value) const {
    if (value.site >= 0) value.site = place_[static_cast<std::size_t>(value.site)];
  }
  int keep(Site site) {
    for (Value& input : site.inputs) move(input);
    if (site.op->pure(site.attributes)) {
      for (std::size_t i = 0; i < kept_.size(); ++i) {
        if (equal_calls(kept_[i], site)) return static_cast<int>(i);
      }
    }
    kept_.push_back(std::move(site));
    return static_cast<int>(kept_.size()) - 1;
  }

  std::vector<Site> old_, kept_;
  std::vector<int> place_;
};

// Structure alone decides the order of sites and of commuting inputs: every site gets a label from what it is, what
// flows into it and who uses it (colour refinement; Weisfeiler, Leman 1968), and the result's depth-first order follows
// labels. Where the two inputs of a commuting op look alike, each is singled out in turn, and the one is taken that
// gives the whole graph the smaller labels (individualisation; McKay 1981, looking one step ahead).
class Sorter {
 public:
  Sorter(std::vector<Site> sites, const Value& result) : old_(std::move(sites)), result_(result) {
    place_.assign(old_.size(), -1);
    depth_.assign(old_.size(), 0);
    for (std::size_t i = 0; i < old_.size(); ++i) {
      own_.push_back(base::hash64(old_[i].op->name));
      for (const Expression& attribute : old_[i].attributes) own_[i] = base::mix64(own_[i], label(attribute));
      if (old_[i].body != nullptr) own_[i] = base::mix64(own_[i], base::hash64(print(*old_[i].body)));
      for (const Value& input : old_[i].inputs) depth_[i] = std::max(depth_[i], depth_of(input) + 1);
    }
    refine();
  }

  std::vector<Site> run(Value& result) {
    visit(result);
    std::vector<Site> sorted;
    sorted.reserve(order_.size());
    for (const std::size_t index : order_) {
      for (Value& input : old_[index].inputs) input = placed(input);
      sorted.push_back(std::move(old_[index]));
    }
    result = placed(result);
    return sorted;
  }

 private:
  int depth_of(const Value& value) const { return value.site < 0 ? 0 : depth_[static_cast<std::size_t>(value.site)]; }
  Hash label_of(const Value& value) const {
    return value.site < 0 ? kInput + static_cast<Hash>(value.output)
                          : base::mix64(label_[static_cast<std::size_t>(value.site)], static_cast<Hash>(value.output));
  }

  // Until no round tells more sites apart than the last. Returns a hash of the labelled graph.
  Hash refine() {
    label_ = own_;
    for (std::size_t known = 0, classes = 1; classes > known;) {
      flow_down();
      flow_up();
      known = std::exchange(classes, count_labels());
      if (classes == label_.size()) break;
    }
    Hash sum = 0;  // a sum does not depend on the order of the sites
    for (const Hash one : label_) sum += base::mix64(one);
    return sum;
  }

  std::size_t count_labels() const {
    std::vector<Hash> sorted = label_;
    std::sort(sorted.begin(), sorted.end());
    return static_cast<std::size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
  }

  void flow_down() {
    for (std::size_t i = 0; i < old_.size(); ++i) {
      Hash commuting = 0;
      for (const Value& input : old_[i].inputs) {
        if (old_[i].op->commutative) {
          commuting += base::mix64(label_of(input));
        } else {
          label_[i] = base::mix64(label_[i], label_of(input));
        }
      }
      label_[i] = base::mix64(label_[i], commuting);
    }
  }

  void flow_up() {
    std::vector<Hash> used(old_.size(), 0);
    if (result_.site >= 0)
      used[static_cast<std::size_t>(result_.site)] = base::mix64(77, static_cast<Hash>(result_.output));
    for (std::size_t i = old_.size(); i-- > 0;) {
      label_[i] = base::mix64(label_[i], used[i]);
      const Site& site = old_[i];
      for (std::size_t k = 0; k < site.inputs.size(); ++k) {
        if (site.inputs[k].site < 0) continue;
        const Hash place = base::mix64(site.op->commutative ? 99 : k, static_cast<Hash>(site.inputs[k].output));
        used[static_cast<std::size_t>(site.inputs[k].site)] += base::mix64(label_[i], place);
      }
    }
  }

  bool alike(const Value& a, const Value& b) const {
    return a != b && depth_of(a) == depth_of(b) && label_of(a) == label_of(b);
  }
  bool before(const Value& a, const Value& b) const {
    return depth_of(a) != depth_of(b) ? depth_of(a) < depth_of(b) : label_of(a) < label_of(b);
  }

  Hash single_out(const Value& value) {
    own_[static_cast<std::size_t>(value.site)] = base::mix64(own_[static_cast<std::size_t>(value.site)], ++singled_);
    return refine();
  }

  void break_tie(const Value& a, const Value& b) {
    const std::vector<Hash> own = own_;
    const Hash with_a = single_out(a);
    --singled_;
    std::vector<Hash> own_a = std::exchange(own_, own), label_a = label_;
    if (with_a <= single_out(b)) {
      own_ = std::move(own_a);
      label_ = std::move(label_a);
    }
  }

  void visit(const Value& value) {
    if (value.site < 0) return;
    const auto index = static_cast<std::size_t>(value.site);
    if (place_[index] >= 0) return;
    std::vector<Value>& inputs = old_[index].inputs;
    if (old_[index].op->commutative) {
      if (alike(inputs[0], inputs[1])) break_tie(inputs[0], inputs[1]);
      if (before(inputs[1], inputs[0])) std::swap(inputs[0], inputs[1]);
    }
    for (const Value& input : inputs) visit(input);
    place_[index] = static_cast<int>(order_.size());
    order_.push_back(index);
  }

  Value placed(const Value& value) const {
    return value.site < 0 ? value : Value{place_[static_cast<std::size_t>(value.site)], value.output};
  }

  std::vector<Site> old_;
  Value result_;
  std::vector<std::size_t> order_;
  std::vector<Hash> own_, label_;
  std::vector<int> depth_, place_;
  Hash singled_ = 0;
};

}  // namespace

Program canonical(Program program) {
  std::vector<Site> merged = Merger(std::move(program.sites)).run(program.result);
  program.sites = Sorter(std::move(merged), program.result).run(program.result);
  return program;
}

}  // namespace weft::block
