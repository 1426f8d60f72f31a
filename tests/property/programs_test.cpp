// Properties of thousands of random programs, made by chains of edits from the blocks that weft ships.
#include "tests/support/programs.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "block/graph.hpp"
#include "block/mutate.hpp"
#include "tests/support/rewriter.hpp"

namespace weft::block {
namespace {

const Binding kBinding{{"D", 16}, {"H", 4}, {"R", 2}};
constexpr std::int64_t kWidth = 16, kTime = 10;

// Calls `visit` with every program on random walks; a misfit is looked at, too, but rarely walked on from.
void each_program(const std::function<void(const Program&, base::Random&)>& visit) {
  for (const std::string& name : test::shipped_blocks()) {
    for (std::uint64_t walk = 0; walk < 16; ++walk) {
      base::Random random(walk, name);
      Program program = test::shipped_block(name);
      for (int step = 0; step < 30; ++step) {
        const Program child = mutate(program, random, {"D", "H", "R"});
        visit(child, random);
        if (::testing::Test::HasFatalFailure()) return;
        if (check(child, kBinding, {kWidth, false}, {false}) || random.chance(0.1)) program = child;
      }
    }
  }
}

TEST(Programs, print_what_parses_back_to_the_same_program) {
  each_program([](const Program& program, base::Random&) {
    const std::string text = print(program);
    const auto again = parse(text, "again");
    ASSERT_TRUE(again) << again.error().text() << "\n" << text;
    ASSERT_EQ(print(*again), text);
    ASSERT_EQ(id(*again), id(program));
  });
}

TEST(Programs, are_their_own_canonical_form) {
  each_program([](const Program& program, base::Random&) { ASSERT_EQ(print(canonical(program)), print(program)); });
}

TEST(Programs, keep_their_id_in_other_words) {
  each_program([](const Program& program, base::Random& random) {
    for (int i = 0; i < 2; ++i) {
      const std::string source = test::Rewriter(program, random).run();
      const auto again = parse(source, "rewritten");
      ASSERT_TRUE(again) << again.error().text() << "\n" << source;
      ASSERT_EQ(print(*again), print(program)) << source;
    }
  });
}

// What a program costs, worked out here from the definitions of the ops alone.
class Tally {
 public:
  Tally(const Program& program, std::int64_t time) : program_(program), time_(time) {
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

  static double worth(const Expression& e) {
    switch (e.kind) {
      case Expression::Kind::number: return e.number;
      case Expression::Kind::gene: return kBinding.at(e.gene);
      case Expression::Kind::add: return worth(e.operands[0]) + worth(e.operands[1]);
      case Expression::Kind::subtract: return worth(e.operands[0]) - worth(e.operands[1]);
      case Expression::Kind::multiply: return worth(e.operands[0]) * worth(e.operands[1]);
      default: return std::floor(worth(e.operands[0]) / worth(e.operands[1]));
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
      counts.macs += time_ * time_ * (out.channels + head * a[0]);
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
    } else if (site.inputs.size() == 2) {
      out.positions = std::max(out.positions, shape(site.inputs[1]).positions);
    }
    counts.activations += 4 * out.channels * out.positions * site.outputs;
    shapes_.push_back(out);
  }

  const Program& program_;
  std::int64_t time_;
  std::vector<Shape> shapes_;
};

TEST(Programs, cost_what_their_definitions_say) {
  int checked = 0;
  each_program([&](const Program& program, base::Random&) {
    const auto graph = check(program, kBinding, {kWidth, false}, {false});
    if (!graph) return;
    ++checked;
    const Counts counts = count(*graph, kTime, {false}), expected = Tally(program, kTime).counts;
    ASSERT_EQ(counts.params, expected.params) << print(program);
    ASSERT_EQ(counts.macs, expected.macs) << print(program);
    ASSERT_EQ(counts.activations, expected.activations) << print(program);
  });
  EXPECT_GT(checked, 1500);
}

TEST(Programs, that_a_causal_space_takes_let_no_position_see_later_ones) {
  each_program([](const Program& program, base::Random&) {
    if (!check(program, kBinding, {kWidth, false}, {true})) return;
    for (const Site& site : program.sites) ASSERT_NE(site.op->name, "mean");
  });
}

}  // namespace
}  // namespace weft::block
