#include "block/distinct.hpp"

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "block/ops/rows.hpp"

namespace weft::block {
namespace {

constexpr std::size_t kLongest = 4096;  // a longer text is replaced by its hash

// Thrown where an attribute has no value; caught in distinct_text().
struct Unbound {};

bool keeps_zero(const Op* op) {
  static const std::array kOps{&rows::relu(),      &rows::leaky_relu(), &rows::gelu(),    &rows::silu(),
                               &rows::tanh(),      &rows::conv2d(),     &rows::maxpool(), &rows::avgpool(),
                               &rows::batchnorm(), &rows::dropout(),    &rows::times()};
  return std::find(kOps.begin(), kOps.end(), op) != kOps.end();
}

class Writer {
 public:
  Writer(const Program& program, const Binding& binding)
      : program_(program), binding_(binding), texts_(program.sites.size()), uses_(program.sites.size(), 0) {
    for (const Site& site : program.sites) {
      for (const Value& input : site.inputs) {
        if (input.site >= 0) ++uses_[static_cast<std::size_t>(input.site)];
      }
    }
  }

  std::string text(const Value& value) {
    if (value.site < 0) return std::to_string(value.output);
    std::string& text = texts_[static_cast<std::size_t>(value.site)];
    if (text.empty()) {
      text = written(program_.sites[static_cast<std::size_t>(value.site)]);
      if (text.size() > kLongest) text = "(" + base::short_hash(text) + ")";
    }
    return text;
  }

 private:
  double attribute(const Site& site, std::size_t index) const {
    std::string unbound;
    const auto value = site.attributes[index].evaluate(binding_, unbound);
    if (!value) throw Unbound{};
    return *value;
  }

  std::string written(const Site& site) {
    if (site.op == &rows::zero()) return "#";
    if (site.op == &rows::pick()) return text(picked(site));
    std::vector<std::string> parts;
    if (site.op == &rows::add()) {
      add_terms(site, parts);
      std::sort(parts.begin(), parts.end());
      return base::join(parts, "+");
    }
    for (const Value& input : site.inputs) {
      parts.push_back(text(input));
      if (input.output > 0) parts.back() += "." + std::to_string(input.output);
    }
    if (keeps_zero(site.op) && parts[0] == "#") return "#";
    if (site.op->commutative) std::sort(parts.begin(), parts.end());
    return applied(site, parts);
  }

  const Value& picked(const Site& site) const {
    const double index = attribute(site, 0);
    if (!(index >= 0 && index < static_cast<double>(site.inputs.size()))) throw Unbound{};
    return site.inputs[static_cast<std::size_t>(index)];
  }

  // x + y + z is one sum; a sum that is picked, or used twice, is a term of its own.
  void add_terms(const Site& sum, std::vector<std::string>& terms) {
    for (const Value& input : sum.inputs) {
      const Site* site = input.site < 0 ? nullptr : &program_.sites[static_cast<std::size_t>(input.site)];
      if (site != nullptr && site->op == &rows::add() && uses_[static_cast<std::size_t>(input.site)] == 1) {
        add_terms(*site, terms);
      } else {
        terms.push_back(text(input));
      }
    }
  }

  // A chain of ops on one tensor, up to where something picks or adds, is written as one.
  bool follows_an_op(const Site& site) const {
    if (site.inputs.size() != 1 || site.inputs[0].site < 0) return false;
    const Site& before = program_.sites[static_cast<std::size_t>(site.inputs[0].site)];
    return before.op != &rows::pick() && before.op != &rows::zero() && before.inputs.size() == 1;
  }

  std::string applied(const Site& site, const std::vector<std::string>& parts) const {
    std::string text = follows_an_op(site) ? parts[0] + "." : "(" + base::join(parts, ",") + ")@";
    text += site.op->name;
    for (std::size_t i = 0; i < site.attributes.size(); ++i)
      text += (i == 0 ? ":" : ",") + base::number_text(attribute(site, i));
    if (site.body != nullptr) text += "{" + cell(site) + "}";
    return text;
  }

  std::string cell(const Site& scan) const {
    Binding binding = binding_;
    binding.insert_or_assign(std::string(kCellWidth), attribute(scan, 0));
    return Writer(*scan.body, binding).text(scan.body->result);
  }

  const Program& program_;
  const Binding& binding_;
  std::vector<std::string> texts_;  // of each site; empty where nobody asked yet
  std::vector<int> uses_;
};

}  // namespace

std::optional<std::string> distinct_text(const Program& program, const Binding& binding) {
  try {
    return Writer(program, binding).text(program.result);
  } catch (const Unbound&) {
    return std::nullopt;
  }
}

}  // namespace weft::block
