#include "block/operators.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using test::program_of;

const Binding kBinding{{"D", 16}, {"H", 4}, {"R", 2}};

Setting sequences(bool causal, std::vector<Binding> bindings = {kBinding}) {
  Setting setting{.place = {.causal = causal}};
  for (Binding& binding : bindings) {
    const auto width = static_cast<std::int64_t>(binding.at("D"));
    setting.layers.push_back({std::move(binding), {width, false}});
  }
  return setting;
}

Setting images() {
  return {.layers = {{{{"C", 16}}, Type::image(16, 8, 8)}}};
}

std::string body(const std::string& statements) {
  return print(program_of(statements));
}

// The texts of many products of one kind of edit, each of which must hold.
std::set<std::string> products(const std::string& statements, Edit edit, const Setting& setting = sequences(true),
                               int draws = 600) {
  base::Random random(1);
  std::set<std::string> texts;
  const Program program = program_of(statements);
  for (int i = 0; i < draws; ++i) {
    const auto child = try_edit(program, edit, setting, random);
    if (!child) continue;
    EXPECT_TRUE(holds(*child, setting)) << print(*child);
    texts.insert(print(*child));
  }
  return texts;
}

// Every place of a program with the blocks that can stand there.
struct Case {
  std::string name;
  Setting setting;
  std::vector<Program> programs;
};

std::vector<Case> cases() {
  std::vector<Case> list{{"causal", sequences(true), {}},
                         {"both ways", sequences(false), {}},
                         {"two widths", sequences(true, {kBinding, {{"D", 32}, {"H", 2}, {"R", 4}}}), {}},
                         {"images", images(), {program_of("return x + conv2d(relu(batchnorm(x)), C)")}}};
  for (Case& one : list) {
    one.programs.push_back(program_of("return x"));
    for (const std::string& name : test::shipped_blocks()) {
      if (Program program = test::shipped_block(name); holds(program, one.setting))
        one.programs.push_back(std::move(program));
    }
  }
  return list;
}

TEST(Operators, make_what_holds_at_the_first_try) {
  for (const Case& one : cases()) {
    ASSERT_GE(one.programs.size(), 2U) << one.name;
    std::map<Edit, std::pair<int, int>> made;  // products, and those that hold
    int tries = 0, all = 0, good = 0;
    for (std::uint64_t walk = 0; walk < 40; ++walk) {
      base::Random random(walk, one.name);
      Program program = random.pick(one.programs);
      for (int step = 0; step < 50; ++step, ++tries) {
        const Edit edit = all_edits()[random.below(all_edits().size())];
        auto child = try_edit(program, edit, one.setting, random);
        if (!child) continue;
        const bool fits = holds(*child, one.setting);
        ++all;
        good += fits ? 1 : 0;
        ++made[edit].first;
        made[edit].second += fits ? 1 : 0;
        if (fits && child->sites.size() < 60) program = std::move(*child);
      }
    }
    EXPECT_GE(good, all * 95 / 100) << one.name;
    EXPECT_GE(all, tries / 2) << one.name;
    for (const Edit edit : all_edits()) {
      EXPECT_GT(made[edit].first, 40) << one.name << ", edit " << static_cast<int>(edit);
      EXPECT_GE(made[edit].second, made[edit].first * 9 / 10) << one.name << ", edit " << static_cast<int>(edit);
    }
    RecordProperty(one.name + ": of " + std::to_string(tries) + " tries found a place", all);
    RecordProperty(one.name + ": of these held", good);
  }
}

TEST(Operators, give_the_same_child_for_the_same_stream) {
  const Program program = test::shipped_block("gpt2"), other = test::shipped_block("llama");
  const Setting setting = sequences(true);
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    base::Random a(seed), b(seed);
    EXPECT_EQ(print(mutate(program, setting, a).value()), print(mutate(program, setting, b).value()));
    EXPECT_EQ(print(cross_over(program, other, setting, a).value()),
              print(cross_over(program, other, setting, b).value()));
    EXPECT_EQ(print(random_program(setting, a)), print(random_program(setting, b)));
  }
}

TEST(Operators, put_their_products_in_canonical_form_without_lines) {
  base::Random random(2);
  const Setting setting = sequences(true);
  Program program = test::shipped_block("llama");
  for (int i = 0; i < 200; ++i) {
    auto child = mutate(program, setting, random).value();
    ASSERT_EQ(print(canonical(child)), print(child));
    for (const Site& site : child.sites) ASSERT_EQ(site.line, 0);
    if (child.sites.size() < 60) program = std::move(child);
  }
}

TEST(Operators, make_nothing_of_a_parent_that_does_not_hold) {
  base::Random random(2);
  const Program wide = program_of("return linear(x, 2 * D)");
  EXPECT_EQ(mutate(wide, sequences(true), random).has_value(), false);
  EXPECT_EQ(cross_over(wide, program_of("return relu(x)"), sequences(true), random).has_value(), false);
}

TEST(Insert, puts_ops_between_a_value_and_its_uses) {
  const auto texts = products("return relu(x)", Edit::insert, sequences(true), 4000);
  for (const char* text : {"return relu(tanh(x))", "return tanh(relu(x))", "return layernorm(relu(x))",
                           "return relu(x) + x", "return relu(x) * relu(x)", "return relu(linear(x, D))"})
    EXPECT_TRUE(texts.contains(body(text))) << text;
}

TEST(Insert, mends_widths_and_kinds) {
  bool wide = false, merged = false, image = false;
  for (const std::string& text : products("return relu(x)", Edit::insert, sequences(true), 4000)) {
    wide = wide || text.find("linear(linear(x, 2 * D), D)") != std::string::npos;
    merged = merged || text.find("merge(") != std::string::npos;
  }
  for (const std::string& text : products("return relu(x)", Edit::insert, images(), 4000))
    image = image || text.find("C, kernel=1)") != std::string::npos;
  EXPECT_TRUE(wide && merged && image);
}

TEST(Remove, takes_out_an_op_and_mends_what_follows) {
  const auto texts = products("return relu(tanh(x))", Edit::remove);
  EXPECT_EQ(texts, (std::set{body("return relu(x)"), body("return tanh(x)")}));
  EXPECT_TRUE(
      products("return linear(relu(linear(x, 2 * D)), D)", Edit::remove).contains(body("return linear(relu(x), D)")));
}

TEST(Replace, takes_any_op_that_fits) {
  const auto texts = products("return relu(x)", Edit::replace, sequences(true), 4000);
  for (const char* other : {"gelu(x)", "silu(x)", "layernorm(x)", "softmax(x)", "scale(x)", "shift(x)", "linear(x, D)"})
    EXPECT_TRUE(texts.contains(body("return " + std::string(other)))) << other;
  const std::string qkv = "(linear(x, D), linear(x, D), linear(x, D), heads=H)";
  const auto mixers = products("return attention" + qkv, Edit::replace, sequences(true), 2000);
  EXPECT_TRUE(mixers.contains(body("return linear_attention" + qkv)));
  EXPECT_TRUE(mixers.contains(body("return recurrence" + qkv)));
}

TEST(Rewire, joins_an_input_to_another_value) {
  EXPECT_TRUE(products("a = relu(x)\nreturn a + tanh(a)", Edit::rewire).contains(body("return relu(x) + tanh(x)")));
}

TEST(Attribute, stays_in_its_domain) {
  const auto texts = products("return dwconv(x, width=3)", Edit::attribute, sequences(true), 2000);
  EXPECT_TRUE(texts.contains(body("return dwconv(x, width=4)")));
  EXPECT_TRUE(texts.contains(body("return dwconv(x, width=3, bias=true)")));
  const auto heads = products("return attention(x, x, x, heads=H)", Edit::attribute, sequences(true), 2000);
  EXPECT_TRUE(heads.contains(body("return attention(x, x, x, heads=2 * H)")));
  EXPECT_TRUE(heads.contains(body("return linear(attention(x, linear(x, D // 2), x, heads=H, kv_heads=2), D)")));
}

TEST(Dimension, is_arithmetic_on_genes_and_may_change_everywhere) {
  const auto texts = products("a = relu(linear(x, R * D))\nb = linear(x, R * D)\nreturn linear(a * b, D)",
                              Edit::dimension, sequences(true), 2000);
  EXPECT_TRUE(texts.contains(body("a = relu(linear(x, D // 2))\nb = linear(x, D // 2)\nreturn linear(a * b, D)")));
  EXPECT_TRUE(texts.contains(
      body("a = relu(linear(x, R * D))\nb = linear(linear(x, D // 2), R * D)\nreturn linear(a * b, D)")));
}

TEST(Duplicate, applies_a_sub_graph_again) {
  EXPECT_TRUE(products("return x + relu(linear(x, D))", Edit::duplicate)
                  .contains(body("y = x + relu(linear(x, D))\nreturn y + relu(linear(y, D))")));
}

TEST(Swap, exchanges_sub_graphs_and_ops) {
  EXPECT_EQ(products("return relu(tanh(x))", Edit::swap), std::set{body("return tanh(relu(x))")});
  const std::string gate = "return relu(linear(layernorm(x), D)) - tanh(x)";
  EXPECT_TRUE(products(gate, Edit::swap).contains(body("return tanh(x) - relu(linear(layernorm(x), D))")));
}

TEST(CrossOver, joins_a_sub_graph_of_one_to_values_of_the_other) {
  base::Random random(1);
  std::set<std::string> texts;
  const Program a = program_of("return x + relu(x)"), b = program_of("return tanh(linear(silu(x), D))");
  for (int i = 0; i < 500; ++i) texts.insert(print(cross_over(a, b, sequences(true), random).value()));
  EXPECT_TRUE(texts.contains(body("return x + tanh(linear(silu(x), D))")));
  EXPECT_TRUE(texts.contains(body("return x + linear(silu(x), D)")));
  EXPECT_GE(texts.size(), 4U);
}

TEST(CrossOver, of_shipped_blocks_holds) {
  base::Random random(3);
  int made = 0, tries = 0;
  for (const Case& one : cases()) {
    for (int i = 0; i < 100; ++i, ++tries) {
      const auto child = cross_over(random.pick(one.programs), random.pick(one.programs), one.setting, random);
      if (!child) continue;
      ++made;
      ASSERT_TRUE(holds(*child, one.setting));
    }
  }
  EXPECT_GT(made, tries / 2);
}

TEST(Operators, leave_a_choice_as_it_is) {
  const Setting setting = sequences(true, {{{"D", 16}, {"H", 4}, {"R", 2}, {"M", 0}}});
  Program program = program_of("a = relu(x)\nreturn x + pick(tanh(a), linear(a, NOT_HERE), index=M)");
  base::Random random(4);
  ASSERT_TRUE(holds(program, setting));
  for (int i = 0; i < 300; ++i) {
    auto child = mutate(program, setting, random).value();
    for (const Site& site : child.sites) {
      if (site.op->name != "pick") continue;
      ASSERT_EQ(site.attributes[0].text(), "M");
    }
    if (child.sites.size() < 30) program = std::move(child);
  }
}

TEST(Operators, keep_the_number_of_statements) {
  Setting setting = sequences(true);
  setting.statements = 6;
  base::Random random(5);
  Program program = program_of("return x");
  for (int i = 0; i < 300; ++i) {
    program = mutate(program, setting, random).value();
    const std::string text = print(program);
    ASSERT_LE(std::count(text.begin(), text.end(), '\n') - 1, 6);
  }
}

TEST(Operators, keep_the_number_of_ops_that_a_program_may_have) {
  std::string source;
  for (int i = 0; i < 512; ++i) source += "x = linear(x, D)\n";
  base::Random random(4);
  Setting setting = sequences(true);
  setting.statements = 600;
  Program program = program_of(source + "return x");
  for (int i = 0; i < 5; ++i) {
    program = mutate(program, setting, random).value();
    ASSERT_LE(program.sites.size(), kMaxSites);
  }
  EXPECT_TRUE(parse(print(program), "again"));
}

TEST(Preference, guides_which_op_is_chosen) {
  const Preference wants_tanh = [](const Op& op, const Op*) { return op.name == "tanh" ? 1000.0 : 1.0; };
  base::Random random(6);
  int guided = 0;
  for (int i = 0; i < 200; ++i) {
    const auto child = try_edit(program_of("return relu(x)"), Edit::replace, sequences(true), random, wants_tanh);
    guided += child && print(*child) == body("return tanh(x)") ? 1 : 0;
  }
  EXPECT_GT(guided, 180);
}

}  // namespace
}  // namespace weft::block
