// Properties of thousands of random programs.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "tests/support/random_programs.hpp"
#include "tests/support/rewriter.hpp"

namespace weft::block {
namespace {

constexpr std::uint64_t kPrograms = 1000;  // of each ground
constexpr std::int64_t kWidth = 16, kTime = 10;

void each_program(const std::function<void(const Program&, const Setting&, base::Random&)>& visit,
                  const Preference& preference = {}) {
  for (const test::Ground& ground : test::grounds()) {
    for (std::uint64_t i = 0; i < kPrograms; ++i) {
      base::Random random(i, "visit");
      visit(test::random_program(ground, i, preference), ground.setting, random);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Programs, hold_and_have_every_op_of_the_table_among_them) {
  std::set<std::string_view> used;
  std::size_t largest = 0;
  each_program([&](const Program& program, const Setting& setting, base::Random&) {
    ASSERT_TRUE(holds(program, setting)) << print(program);
    for (const Site& site : program.sites) used.insert(site.op->name);
    largest = std::max(largest, program.sites.size());
  });
  for (const Op* op : ops())
    EXPECT_TRUE(used.contains(op->name) || op->name == "zero" || op->name == "scan") << op->name;
  EXPECT_GE(largest, 40U);
}

TEST(Programs, print_what_parses_back_to_the_same_program) {
  each_program([](const Program& program, const Setting&, base::Random&) {
    const std::string text = print(program);
    const auto again = parse(text, "again");
    ASSERT_TRUE(again) << again.error().text() << "\n" << text;
    ASSERT_EQ(print(*again), text);
    ASSERT_EQ(id(*again), id(program));
  });
}

TEST(Programs, are_their_own_canonical_form) {
  each_program([](const Program& program, const Setting&, base::Random&) {
    ASSERT_EQ(print(canonical(program)), print(program));
  });
}

// Names, the order of statements and of commuting operands, what is inlined, pure calls written again, dead code.
TEST(Programs, keep_their_id_in_other_words) {
  each_program([](const Program& program, const Setting&, base::Random& random) {
    for (int i = 0; i < 2; ++i) {
      const std::string source = test::Rewriter(program, random).run();
      const auto again = parse(source, "rewritten");
      ASSERT_TRUE(again) << again.error().text() << "\n" << source;
      ASSERT_EQ(id(*again), id(program)) << source << "\n" << print(*again) << "\n" << print(program);
    }
  });
}

// Whether one graph is the other with its sites in another order, by trying every pairing that the results allow.
class Isomorphism {
 public:
  Isomorphism(const Program& a, const Program& b) : a_(a), b_(b), to_(a.sites.size(), -1), from_(b.sites.size(), -1) {}

  bool found() {
    if (a_.sites.size() != b_.sites.size()) return false;
    work_ = {{a_.result, b_.result}};
    return solve();
  }

 private:
  using Pair = std::pair<Value, Value>;

  bool solve() {
    if (work_.empty()) return true;
    const Pair pair = work_.back();
    work_.pop_back();
    const bool good = match(pair);
    if (!good) work_.push_back(pair);
    return good;
  }

  bool match(const Pair& pair) {
    const auto [x, y] = pair;
    if (x.output != y.output || (x.site < 0) != (y.site < 0)) return false;
    if (x.site < 0) return solve();
    int &to = to_[static_cast<std::size_t>(x.site)], &from = from_[static_cast<std::size_t>(y.site)];
    if (to >= 0 || from >= 0) return to == y.site && from == x.site && solve();
    const Site &p = a_.sites[static_cast<std::size_t>(x.site)], &q = b_.sites[static_cast<std::size_t>(y.site)];
    if (p.op != q.op || p.attributes != q.attributes || p.inputs.size() != q.inputs.size()) return false;
    to = y.site;
    from = x.site;
    if (with_inputs(p.inputs, q.inputs)) return true;
    if (p.op->commutative && with_inputs(p.inputs, {q.inputs[1], q.inputs[0]})) return true;
    to = from = -1;
    return false;
  }

  bool with_inputs(const std::vector<Value>& p, const std::vector<Value>& q) {
    const std::size_t before = work_.size();
    for (std::size_t i = 0; i < p.size(); ++i) work_.emplace_back(p[i], q[i]);
    const bool good = solve();
    if (!good) work_.resize(before);
    return good;
  }

  const Program &a_, &b_;
  std::vector<int> to_, from_;
  std::vector<Pair> work_;
};

// Programs of the same ops with the same attributes are compared with each other.
TEST(Programs, have_equal_ids_exactly_where_their_graphs_are_isomorphic) {
  std::map<std::string, std::vector<std::pair<std::string, Program>>> groups;
  const auto add = [&](const Program& program) {
    std::multiset<std::string> calls;
    for (const Site& site : program.sites) {
      std::string call(site.op->name);
      for (const Expression& attribute : site.attributes) call += "," + attribute.text();
      calls.insert(call);
    }
    std::string key;
    for (const std::string& call : calls) key += call + ";";
    groups[key].emplace_back(id(program), program);
  };
  static constexpr std::array kWiring{Edit::swap, Edit::rewire};  // the same calls, joined otherwise
  each_program([&](const Program& program, const Setting& setting, base::Random& random) {
    add(program);
    for (int i = 0; i < 4 && program.sites.size() < 30; ++i) {
      if (const auto child = mutate(program, setting, random, kWiring)) add(*child);
    }
  });
  int compared = 0, equal = 0;
  for (const auto& [key, group] : groups) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      for (std::size_t k = 0; k < i && k < 12; ++k, ++compared) {
        const bool same = group[i].first == group[k].first;
        equal += same ? 1 : 0;
        ASSERT_EQ(Isomorphism(group[i].second, group[k].second).found(), same)
            << print(group[i].second) << print(group[k].second);
      }
    }
  }
  EXPECT_GT(compared, 4000);
  EXPECT_GT(equal, 300);
}

// What a program costs, worked out here from the definitions of the ops alone.
class Tally {
 public:
  Tally(const Program& program, const Binding& binding, std::int64_t time)
      : program_(program), binding_(binding), time_(time) {
    for (std::size_t i = 0; i < program.sites.size(); ++i) add(program.sites[i]);
  }
  Counts counts;

 private:
  struct Shape {
    std::int64_t channels, positions;
  };

  Shape shape(const Value& value) const {
    return value.site < 0 ? Shape{kWidth, time_} : shapes_[static_cast<std::size_t>(value.site)];
  }

  double worth(const Expression& e) {
    switch (e.kind) {
      case Expression::Kind::number: return e.number;
      case Expression::Kind::gene: return binding_.at(e.parts->gene);
      case Expression::Kind::add: return worth(e.parts->operands[0]) + worth(e.parts->operands[1]);
      case Expression::Kind::subtract: return worth(e.parts->operands[0]) - worth(e.parts->operands[1]);
      case Expression::Kind::multiply: return worth(e.parts->operands[0]) * worth(e.parts->operands[1]);
      default: return std::floor(worth(e.parts->operands[0]) / worth(e.parts->operands[1]));
    }
  }

  void add(const Site& site) {
    const std::string_view op = site.op->name;
    std::vector<std::int64_t> a;
    for (const Expression& attribute : site.attributes) a.push_back(static_cast<std::int64_t>(worth(attribute)));
    Shape out = shape(site.inputs[0]);
    if (op == "linear") {
      counts.params += a[0] * out.channels + (a[1] != 0 ? a[0] : 0);
      counts.macs += out.positions * a[0] * out.channels;
      out.channels = a[0];
    } else if (op == "attention") {
      const std::int64_t groups = a[1] == 0 ? a[0] : a[1], head = shape(site.inputs[2]).channels / groups;
      counts.params += a[5] != 0 ? 2 * (out.channels / a[0]) : 0;
      counts.params += groups * a[7] * (out.channels / a[0] + head);
      counts.macs += time_ * (time_ + a[7]) * (out.channels + head * a[0]);
      out.channels = head * a[0];
    } else if (op == "dwconv") {
      counts.params += out.channels * (a[0] + (a[1] != 0 ? 1 : 0));
      counts.macs += out.positions * out.channels * a[0];
    } else if (op == "layernorm") {
      counts.params += out.channels * (a[0] != 0 ? 2 : 1);
    } else if (op == "rmsnorm" || op == "scale") {
      counts.params += out.channels;
    } else if (op == "mean") {
      out.positions = 1;
    } else if (op == "concat") {
      out.channels = 0;
      for (const Value& input : site.inputs) out.channels += shape(input).channels;
    } else if (op == "split") {
      out.channels /= a[0];
    } else if (op == "repeat") {
      out.channels *= a[0];
    } else if (op == "take") {
      out.channels = a[0];
    } else if (site.inputs.size() == 2) {
      out.positions = std::max(out.positions, shape(site.inputs[1]).positions);
    }
    counts.activations += 4 * out.channels * out.positions * site.outputs;
    shapes_.push_back(out);
  }

  const Program& program_;
  const Binding& binding_;
  std::int64_t time_;
  std::vector<Shape> shapes_;
};

// Of programs of the ops that the tally knows.
TEST(Programs, cost_what_their_definitions_say) {
  static const std::set<std::string_view> kKnown{
      "linear",     "attention",  "dwconv",   "layernorm", "rmsnorm", "scale",   "mean",    "concat",
      "split",      "relu",       "gelu",     "silu",      "tanh",    "sigmoid", "dropout", "softplus",
      "multiply",   "subtract",   "add",      "times",     "rotary",  "repeat",  "take",    "shift",
      "leaky_relu", "logsigmoid", "softsign", "cosine",    "max",     "min",     "plus"};
  const auto known = [](const Site& site) { return kKnown.contains(site.op->name); };
  int checked = 0;
  each_program(
      [&](const Program& program, const Setting& setting, base::Random&) {
        const Layer& layer = setting.layers.front();
        if (layer.input.kind != Type::Kind::sequence || !std::all_of(program.sites.begin(), program.sites.end(), known))
          return;
        const auto graph = check(program, layer.binding, layer.input, setting.place);
        ASSERT_TRUE(graph) << graph.error().text();
        // Weights of relative positions are left to the networks' own tests.
        for (const Node& node : graph->nodes) {
          if (node.op->name == "attention" && node.attributes[6] > 0) return;
        }
        ++checked;
        const Counts counts = count(*graph, kTime, setting.place),
                     expected = Tally(program, layer.binding, kTime).counts;
        ASSERT_EQ(counts.params, expected.params) << print(program);
        ASSERT_EQ(counts.macs, expected.macs) << print(program);
        ASSERT_EQ(counts.activations, expected.activations) << print(program);
      },
      [&](const Op& op, const Op*) { return kKnown.contains(op.name) ? 1.0 : 1e-9; });
  EXPECT_GT(checked, 1200);
}

}  // namespace
}  // namespace weft::block
