#include <algorithm>
#include <map>
#include <string>

#include "base/hash.hpp"
#include "block/program.hpp"

namespace weft::block {
namespace {

using Hash = std::uint64_t;

constexpr Hash kInput = 0x1234567;

Hash mixed(Hash a, Hash b) {
  return base::mix64(a * 0x9e3779b97f4a7c15ULL + b);
}

// Structure alone decides the order of sites and of commuting inputs: every site gets a label from what it is, what
// flows into it and who uses it (colour refinement; Weisfeiler, Leman 1968), and the result's depth-first order follows
// labels.
class Canonicaliser {
 public:
  explicit Canonicaliser(const Program& program) : old_(program) {}

  Program run() {
    for (std::size_t i = 0; i < old_.sites.size(); ++i) own_.push_back(own_label(old_.sites[i]));
    depth_.assign(old_.sites.size(), 0);
    for (std::size_t i = 0; i < old_.sites.size(); ++i) {
      for (const Value& input : old_.sites[i].inputs) depth_[i] = std::max(depth_[i], depth_of(input) + 1);
    }
    mark_alive();
    label_ = own_;
    for (int round = 0; round < 2; ++round) {
      flow_down();
      flow_up();
    }
    Program program = old_;
    program.sites.clear();
    program.result = emit(old_.result, program);
    return program;
  }

 private:
  static Hash own_label(const Site& site) {
    Hash hash = base::hash64(site.op->name);
    for (const Expression& attribute : site.attributes) hash = mixed(hash, base::hash64(attribute.text()));
    return hash;
  }

  int depth_of(const Value& value) const { return value.site < 0 ? 0 : depth_[static_cast<std::size_t>(value.site)]; }
  Hash label_of(const Value& value) const {
    return value.site < 0 ? kInput
                          : mixed(label_[static_cast<std::size_t>(value.site)], static_cast<Hash>(value.output));
  }

  void mark_alive() {
    alive_.assign(old_.sites.size(), false);
    if (old_.result.site >= 0) alive_[static_cast<std::size_t>(old_.result.site)] = true;
    for (std::size_t i = old_.sites.size(); i-- > 0;) {
      if (!alive_[i]) continue;
      for (const Value& input : old_.sites[i].inputs) {
        if (input.site >= 0) alive_[static_cast<std::size_t>(input.site)] = true;
      }
    }
  }

  void flow_down() {
    for (std::size_t i = 0; i < old_.sites.size(); ++i) {
      std::vector<Hash> inputs;
      for (const Value& input : old_.sites[i].inputs) inputs.push_back(label_of(input));
      if (old_.sites[i].op->commutative) std::sort(inputs.begin(), inputs.end());
      for (const Hash input : inputs) label_[i] = mixed(label_[i], input);
    }
  }

  void flow_up() {
    std::vector<Hash> used(old_.sites.size(), 0);  // a sum does not depend on the order of the users
    if (old_.result.site >= 0)
      used[static_cast<std::size_t>(old_.result.site)] += mixed(77, static_cast<Hash>(old_.result.output));
    for (std::size_t i = old_.sites.size(); i-- > 0;) {
      if (!alive_[i]) continue;
      label_[i] = mixed(label_[i], used[i]);
      const Site& site = old_.sites[i];
      for (std::size_t k = 0; k < site.inputs.size(); ++k) {
        if (site.inputs[k].site < 0) continue;
        const Hash place = mixed(site.op->commutative ? 99 : k, static_cast<Hash>(site.inputs[k].output));
        used[static_cast<std::size_t>(site.inputs[k].site)] += mixed(label_[i], place);
      }
    }
  }

  Value emit(const Value& value, Program& program) {
    if (value.site < 0) return value;
    const auto index = static_cast<std::size_t>(value.site);
    if (const auto found = emitted_.find(value.site); found != emitted_.end()) return {found->second, value.output};
    Site site = old_.sites[index];
    std::vector<Value> order = site.inputs;
    if (site.op->commutative) {
      std::stable_sort(order.begin(), order.end(), [&](const Value& a, const Value& b) {
        if (depth_of(a) != depth_of(b)) return depth_of(a) < depth_of(b);
        return label_of(a) < label_of(b);
      });
    }
    site.inputs.clear();
    for (const Value& input : order) site.inputs.push_back(emit(input, program));
    const int place = place_of(std::move(site), program);
    emitted_[value.site] = place;
    return {place, value.output};
  }

  // Equal pure calls are one site.
  int place_of(Site site, Program& program) {
    if (site.op->pure()) {
      for (std::size_t i = 0; i < program.sites.size(); ++i) {
        const Site& known = program.sites[i];
        if (known.op == site.op && known.inputs == site.inputs && known.attributes == site.attributes)
          return static_cast<int>(i);
      }
    }
    program.sites.push_back(std::move(site));
    return static_cast<int>(program.sites.size()) - 1;
  }

  const Program& old_;
  std::vector<Hash> own_, label_;
  std::vector<int> depth_;
  std::vector<bool> alive_;
  std::map<int, int> emitted_;
};

}  // namespace

Program canonical(Program program) {
  return Canonicaliser(program).run();
}

}  // namespace weft::block
