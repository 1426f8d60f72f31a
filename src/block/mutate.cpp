#include "block/mutate.hpp"

#include <algorithm>
#include <cmath>

#include "block/ops/rows.hpp"

namespace weft::block {
namespace {

using Ops = std::vector<const Op*>;

const Ops& activations() {
  static const Ops kOps{&rows::relu(),    &rows::gelu(), &rows::silu(),
                        &rows::sigmoid(), &rows::tanh(), &rows::softplus()};
  return kOps;
}

// Ops that may stand in for each other; none where `op` has no kind.
Ops kind_of(const Op* op) {
  static const std::vector<Ops> kKinds{
      activations(), {&rows::layernorm(), &rows::rmsnorm()}, {&rows::add(), &rows::subtract(), &rows::multiply()}};
  for (const Ops& kind : kKinds) {
    if (std::find(kind.begin(), kind.end(), op) != kind.end()) return kind;
  }
  return {};
}

std::vector<Expression> defaults(const Op& op) {
  std::vector<Expression> list;
  for (const Attribute& attribute : op.attributes)
    list.push_back(Expression::of(std::isnan(attribute.fallback) ? 3 : attribute.fallback));
  return list;
}

bool keeps_type(const Site& site) {
  const Op* op = site.op;
  return op->min_inputs == 1 && op->max_inputs == 1 && op != &rows::linear() && op != &rows::split() &&
         op != &rows::mean() && op != &rows::scan();
}

class Mutator {
 public:
  Mutator(const Program& program, base::Random& random, const std::vector<std::string>& genes)
      : program_(program), random_(random), genes_(genes) {}

  Program run() {
    const std::size_t first = random_.below(5);
    for (std::size_t i = 0; i < 5; ++i) {
      if (edit((first + i) % 5)) break;
    }
    program_.source_lines.clear();
    for (Site& site : program_.sites) site.line = site.column = 0;
    return canonical(std::move(program_));
  }

 private:
  bool edit(std::size_t which) {
    switch (which) {
      case 0: return change_attribute();
      case 1: return replace_op();
      case 2: return insert_op();
      case 3: return delete_op();
      default: return add_edge();
    }
  }

  // A site for which `wanted` holds, or null.
  template <class Wanted>
  Site* pick_site(Wanted wanted) {
    std::vector<Site*> found;
    for (Site& site : program_.sites) {
      if (wanted(site)) found.push_back(&site);
    }
    return found.empty() ? nullptr : random_.pick(found);
  }

  Expression gene_or(const char* gene, Expression otherwise) const {
    const bool known = std::find(genes_.begin(), genes_.end(), gene) != genes_.end();
    return known ? Expression::of_gene(gene) : std::move(otherwise);
  }

  std::vector<Expression> alternatives(const Op& op, std::size_t index) const {
    const auto numbers = [](std::initializer_list<double> values) {
      std::vector<Expression> list;
      for (const double value : values) list.push_back(Expression::of(value));
      return list;
    };
    const std::string_view name = op.attributes[index].name;
    if (op.attributes[index].kind == Attribute::Kind::flag) return numbers({0, 1});
    if (&op == &rows::linear()) {
      const Expression d = gene_or("D", Expression::of(64));
      const auto times = [&](double n) {
        return Expression::combine(Expression::Kind::multiply, Expression::of(n), d);
      };
      return {d,
              times(2),
              times(3),
              times(4),
              Expression::combine(Expression::Kind::multiply, gene_or("R", Expression::of(4)), d),
              Expression::combine(Expression::Kind::floor_divide, d, Expression::of(2))};
    }
    if (&op == &rows::dwconv()) return numbers({3, 5, 7, 9});
    if (name == "window") return numbers({0, 4, 8, 16, 32, 64});
    if (name == "rotary") return numbers({0, 0.5, 1});
    if (name == "heads")
      return {gene_or("H", Expression::of(4)), Expression::of(1), Expression::of(2), Expression::of(4),
              Expression::of(8)};
    if (name == "kv_heads") return numbers({0, 1, 2});
    if (name == "p") return numbers({0.05, 0.1, 0.2});
    return numbers({0.1, 0.25, 0.5, 1, 2});
  }

  bool change_attribute() {
    Site* site = pick_site(
        [](const Site& s) { return !s.attributes.empty() && s.op != &rows::split() && s.op != &rows::scan(); });
    if (site == nullptr) return false;
    const std::size_t index = random_.below(site->attributes.size());
    std::vector<Expression> values = alternatives(*site->op, index);
    std::erase(values, site->attributes[index]);
    if (values.empty()) return false;
    site->attributes[index] = random_.pick(values);
    return true;
  }

  bool replace_op() {
    Site* site = pick_site([](const Site& s) { return !kind_of(s.op).empty(); });
    if (site == nullptr) return false;
    Ops others = kind_of(site->op);
    std::erase(others, site->op);
    site->op = random_.pick(others);
    site->attributes = defaults(*site->op);
    return true;
  }

  // A place where a value is used: an input of a site, or the result.
  struct Use {
    std::size_t user;   // the number of sites where it is the result
    std::size_t input;  // of the user
  };

  Use pick_use() {
    const std::size_t user = random_.below(program_.sites.size() + 1);
    return {user, user == program_.sites.size() ? 0 : random_.below(program_.sites[user].inputs.size())};
  }

  Value& value_at(const Use& use) {
    return use.user == program_.sites.size() ? program_.result : program_.sites[use.user].inputs[use.input];
  }

  // Puts a new op between a value and one of its uses.
  bool insert_op() {
    if (program_.sites.size() >= kMaxSites) return false;
    Ops choices = activations();
    for (const Op* op : {&rows::layernorm(), &rows::rmsnorm(), &rows::scale(), &rows::dwconv()}) choices.push_back(op);
    const Op& op = *random_.pick(choices);
    const Use use = pick_use();
    const Value made = insert_site(use.user, {&op, {value_at(use)}, defaults(op), 1, 0, 0});
    value_at({use.user + 1, use.input}) = made;
    return true;
  }

  // Inserts before `at`; references to later sites move up by one.
  Value insert_site(std::size_t at, Site site) {
    const auto moved = [&](Value& value) {
      if (value.site >= static_cast<int>(at)) ++value.site;
    };
    for (Site& known : program_.sites) {
      for (Value& input : known.inputs) moved(input);
    }
    moved(program_.result);
    program_.sites.insert(program_.sites.begin() + static_cast<std::ptrdiff_t>(at), std::move(site));
    return {static_cast<int>(at), 0};
  }

  bool delete_op() {
    const Site* site = pick_site([](const Site& s) { return keeps_type(s); });
    if (site == nullptr) return false;
    const Value gone{static_cast<int>(site - program_.sites.data()), 0}, instead = site->inputs[0];
    for (Site& known : program_.sites) std::replace(known.inputs.begin(), known.inputs.end(), gone, instead);
    if (program_.result == gone) program_.result = instead;
    return true;
  }

  bool add_edge() {
    if (program_.sites.size() >= kMaxSites) return false;
    const Use use = pick_use();
    const Value other{static_cast<int>(random_.below(use.user + 1)) - 1, 0};
    if (value_at(use) == other) return false;
    const Value sum = insert_site(use.user, {&rows::add(), {value_at(use), other}, {}, 1, 0, 0});
    value_at({use.user + 1, use.input}) = sum;
    return true;
  }

  Program program_;
  base::Random& random_;
  const std::vector<std::string>& genes_;
};

}  // namespace

Program mutate(const Program& program, base::Random& random, const std::vector<std::string>& genes) {
  return Mutator(program, random, genes).run();
}

}  // namespace weft::block
