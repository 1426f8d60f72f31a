#include "block/prefix.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/random.hpp"
#include "tests/support/pieces.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using Setting = Prefix::Setting;

std::shared_ptr<Setting> setting(bool causal = true, std::int64_t width = 64) {
  auto made = std::make_shared<Setting>();
  made->bindings = {{{"D", static_cast<double>(width)}, {"H", 4}, {"R", 2}, {"B", 1}}};
  made->input = {width, false};
  made->place = {.causal = causal, .grid = !causal};
  return made;
}

// What stands before the first character that cannot be; all of it where there is none.
std::string viable(const std::string& statements, const std::shared_ptr<Setting>& where = setting()) {
  const std::string text = test::in_block(statements), begin = "def block(x):\n    ";
  std::string part = text.substr(0, block::viable(where, text).text().size());
  if (part.size() == text.size()) return "all";
  part = part.substr(std::min(begin.size(), part.size()));
  if (part.rfind('\n') == std::string::npos) return part;
  return part.substr(std::min(part.size(), part.find_first_not_of(' ', part.rfind('\n') + 1)));
}

void expect_whole(const Prefix& prefix, const Setting& where) {
  const std::string text = prefix.text() + prefix.completion();
  const auto program = parse(text, "completed");
  ASSERT_TRUE(program) << program.error().text() << "\n" << text;
  for (const Binding& binding : where.bindings) {
    const auto graph = check(*program, binding, where.input, where.place);
    ASSERT_TRUE(graph) << graph.error().text() << "\n" << text;
  }
}

// Every beginning of the text can still become a program, and is completed to one.
void expect_every_prefix(const std::string& text, const std::shared_ptr<Setting>& where) {
  Prefix prefix(where);
  for (const char c : text) {
    ASSERT_TRUE(prefix.extend({&c, 1})) << "after\n" << prefix.text() << "\nof\n" << text;
    expect_whole(prefix, *where);
    if (::testing::Test::HasFatalFailure()) return;
  }
  ASSERT_TRUE(prefix.complete());
}

// Blocks over sequences in one def: what typed decoding covers.
std::vector<std::string> covered_blocks() {
  std::vector<std::string> names;
  for (const std::string& name : test::shipped_blocks()) {
    const std::string text = base::read_file(base::home() / "search_spaces/blocks" / (name + ".block"));
    const bool one = text.find("def ") == text.rfind("def ");
    if (one && !name.starts_with("nasbench") && !name.starts_with("natsbench")) names.push_back(name);
  }
  return names;
}

// A setting that the program's genes fit, if there is one.
std::shared_ptr<Setting> setting_for(const Program& program, bool causal) {
  auto where = setting(causal);
  for (const std::string& gene : genes(program)) where->bindings[0].emplace(gene, gene == "K" ? 3 : 1);
  return check(program, where->bindings[0], where->input, where->place) ? where : nullptr;
}

TEST(Prefix, takes_every_beginning_of_the_blocks_that_weft_ships) {
  int blocks = 0;
  for (const std::string& name : covered_blocks()) {
    const auto where = setting_for(test::shipped_block(name), false);
    if (where == nullptr) continue;
    ++blocks;
    expect_every_prefix(base::read_file(base::home() / "search_spaces/blocks" / (name + ".block")), where);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(blocks, 10);
}

TEST(Prefix, takes_the_plain_style_of_the_blocks_that_weft_ships) {
  int blocks = 0;
  for (const std::string& name : covered_blocks()) {
    const auto where = setting_for(test::shipped_block(name), false);
    if (where == nullptr) continue;
    ++blocks;
    where->bounds = kPlain;
    expect_every_prefix(print(test::shipped_block(name)), where);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(blocks, 10);
}

// The search for a completion is bounded: of programs that need a rare one at some place, a few are refused there.
TEST(Prefix, takes_every_beginning_of_most_random_valid_programs) {
  int programs = 0, taken = 0;
  std::string refused;
  for (const std::string& name : covered_blocks()) {
    for (std::uint64_t walk = 0; walk < 2; ++walk) {
      base::Random random(walk, name);
      Program program = test::shipped_block(name);
      const auto where = setting_for(program, walk % 2 == 0);
      for (int step = 0; where != nullptr && step < 8; ++step) {
        program = test::edited(program, random, where->bindings[0], where->place, where->input);
        if (!check(program, where->bindings[0], where->input, where->place)) break;
        ++programs;
        const std::string text = print(program);
        where->bounds = step % 2 == 0 ? kPlain : Bounds();
        const std::string part = block::viable(where, text).text();
        taken += part.size() == text.size() ? 1 : 0;
        if (part.size() != text.size()) refused += part + "|" + text.substr(part.size(), 20) + "\n";
      }
    }
  }
  EXPECT_GT(programs, 100);
  EXPECT_GE(taken, 0.98 * programs) << taken << " of " << programs << "\n" << refused;
  RecordProperty("taken", std::to_string(taken) + " of " + std::to_string(programs));
}

TEST(Prefix, keeps_the_plain_style) {
  const auto where = setting();
  where->bounds = kPlain;
  const auto refused = [&](const std::string& statements) { return viable(statements, where); };
  EXPECT_EQ(refused("a = relu(x)  \nreturn a"), "a = relu(x) ");
  EXPECT_EQ(refused("a = relu(x) # of x\nreturn a"), "a = relu(x) ");
  EXPECT_EQ(refused("a = linear(x,\n  D)\nreturn a"), "a = linear(x,");
  EXPECT_EQ(refused("a = relu(x,)\nreturn a"), "a = relu(x");
  EXPECT_EQ(refused("a = linear(x, width=D)\nreturn a"), "a = linear(x, ");
  EXPECT_EQ(refused("a = linear(x, D, bias=1 * 0)\nreturn a"), "a = linear(x, D, bias=");
  EXPECT_EQ(refused("a = attention(x, heads=H, x, x)\nreturn a"), "a = attention(x, ");
  EXPECT_EQ(refused("a = linear(x, 2 * 32)\nreturn a"), "a = linear(x, 2 * ");
  EXPECT_EQ(refused("a = 2.50 * x\nreturn a"), "a = 2.50");
  EXPECT_EQ(refused("a = D * x\nreturn a"), "a = ");
  EXPECT_EQ(refused("a = --x\nreturn a"), "a = -");
  EXPECT_EQ(refused("a = 3\nreturn x"), "a = 3");
  EXPECT_EQ(refused("a = -0.5 * x + -1\nreturn linear(a, D * R * H * D * 2)"), "return linear(a, D * R * H ");
  EXPECT_EQ(Prefix(where).completion(), "def block(x):\n    return x\n");
}

TEST(Prefix, can_always_follow_its_own_completion) {
  const auto where = setting();
  for (const char* begin :
       {"", "def block(x):\n    a = matmul(softmax(0.125", "def block(x):\n    a = attention(x, "}) {
    Prefix prefix(where);
    ASSERT_TRUE(prefix.extend(begin));
    const std::string rest = prefix.completion();
    for (const char c : rest) ASSERT_TRUE(prefix.extend({&c, 1})) << prefix.text();
    EXPECT_TRUE(prefix.complete());
  }
}

TEST(Prefix, completes_the_empty_text) {
  EXPECT_EQ(Prefix(setting()).completion(), "def block(x):\n    return x\n");
}

TEST(Prefix, refuses_a_name_that_nothing_begins_so) {
  EXPECT_EQ(viable("return y"), "return ");
  EXPECT_EQ(viable("return liner(x, D)"), "return line");
  EXPECT_EQ(viable("h = relu(x)\nreturn x + hh"), "return x + h");
  EXPECT_EQ(viable("return linear(x, D, bais=true)"), "return linear(x, D, b");
  EXPECT_EQ(viable("return linear(x, D * Q)"), "return linear(x, D * ");
}

TEST(Prefix, refuses_a_wrong_number_of_arguments) {
  EXPECT_EQ(viable("return relu(x, x)"), "return relu(x, ");
  EXPECT_EQ(viable("return x + linear(x)"), "return x + linear(x");
  EXPECT_EQ(viable("return attention(x, x, heads=H)"), "return attention(x, x, heads=H");
  EXPECT_EQ(viable("a, b = relu(x)\nreturn a"), "a, b = ");
  EXPECT_EQ(viable("a, b, c = split(x, 2)\nreturn a"), "a, b, c = split(");
}

TEST(Prefix, refuses_what_is_outside_an_attributes_domain) {
  EXPECT_EQ(viable("return dropout(x, 2)"), "return dropout(x, 2");
  EXPECT_EQ(viable("return attention(x, x, x, heads=0.5)"), "return attention(x, x, x, heads=0.5");
  EXPECT_EQ(viable("return x + linear(x, D // 3)"), "return x + linear(x, D // 3");
}

TEST(Prefix, refuses_shapes_that_do_not_fit) {
  EXPECT_EQ(viable("return attention(x, x, x, heads=7)"), "return attention(x, x, x, heads=7");
  EXPECT_EQ(viable("return x + linear(x, 3 * D)"), "return x + linear(x, 3 * D");
  EXPECT_EQ(viable("return linear(x, 2 * D)"), "return linear(x, 2 * D");
  EXPECT_EQ(viable("a = linear(x, 2 * D)\nreturn a"), "return a");
  EXPECT_EQ(viable("a = heads(x, H)\nreturn matmul(a, x)"), "return ma");
  EXPECT_EQ(viable("a = heads(x, H)\ns = matmul(a, a)\nreturn x"), "s = matmul(a, ");
  EXPECT_EQ(viable("a, b = split(x, 5)\nreturn x"), "a, b = split(x, 5");
}

TEST(Prefix, refuses_what_looks_ahead_in_a_causal_space) {
  EXPECT_EQ(viable("return x * mean(x)"), "return x * me");
  EXPECT_EQ(viable("return x * mean(x)", setting(false)), "all");
  EXPECT_EQ(viable("return x * mean(x)", setting(true)), "return x * me");
}

TEST(Prefix, refuses_a_name_that_leaves_no_tensor_to_return) {
  EXPECT_EQ(viable("x = mean(x)\nreturn x", setting(false)), "x = mean(x)");
  EXPECT_EQ(viable("x = 3\nreturn x"), "x = 3");
  EXPECT_EQ(viable("x = heads(x, H)\nreturn merge(x)"), "all");
}

TEST(Prefix, keeps_the_limit_on_statements) {
  auto where = setting();
  where->statements = 2;
  EXPECT_EQ(viable("a = relu(x)\nb = relu(a)\nreturn b", where), "");
  EXPECT_EQ(viable("a = relu(x)\nreturn a", where), "all");
}

TEST(Prefix, keeps_the_limits_that_only_a_whole_program_shows) {
  auto where = setting();
  where->fits = [&](const Program& program) {
    return count(*check(program, setting()->bindings[0], {64, false}, {.causal = true}), 128, {}).params <= 5000;
  };
  EXPECT_EQ(viable("return linear(x, D)", where), "all");
  EXPECT_EQ(viable("return linear(x, D) + linear(x, D, bias=false)", where), "return linear(x, D) + linear");
}

TEST(Prefix, bounds_what_could_go_on_for_ever) {
  Prefix prefix(setting());
  ASSERT_TRUE(prefix.extend("def block(x):\n"));
  for (const char* piece : {" ", "\n", "a", "#", "9", "(", "# a\n", "    # b\n", "x", "-"}) {
    Prefix longer = prefix;
    int taken = 0;
    while (taken < 10'000 && longer.extend(piece)) ++taken;
    EXPECT_LT(taken, 400) << piece;
    expect_whole(longer, *setting());
  }
}

TEST(Prefix, is_complete_where_the_program_may_end) {
  Prefix prefix(setting());
  ASSERT_TRUE(prefix.extend("def block(x):\n    h = relu(x)\n    return "));
  EXPECT_FALSE(prefix.complete());
  ASSERT_TRUE(prefix.extend("h"));
  EXPECT_TRUE(prefix.complete());
  ASSERT_TRUE(prefix.extend(" + x"));
  EXPECT_TRUE(prefix.complete());
  ASSERT_TRUE(prefix.extend("\n"));
  EXPECT_TRUE(prefix.complete());
  EXPECT_FALSE(prefix.extend("d"));
}

TEST(Prefix, says_what_may_come_next) {
  Prefix prefix(setting());
  ASSERT_TRUE(prefix.extend("def block(x):\n    h = relu(x"));
  EXPECT_EQ(prefix.next(), (std::vector<std::string>{")", ",", "+", "-", "*", "\n"}));
}

TEST(Prefix, checks_the_bindings_of_all_layers) {
  auto where = setting();
  where->bindings.push_back({{"D", 64}, {"H", 3}, {"R", 2}});
  EXPECT_EQ(viable("return attention(x, x, x, heads=H)", where), "return attention(x, x, x, heads=H");
  EXPECT_EQ(viable("return attention(linear(x, H * D), linear(x, H * D), x, heads=H)", where),
            "return attention(linear(x, H * D), linear(x, H * D), x, heads=H");
  EXPECT_EQ(viable("a = linear(x, H * D)\nreturn linear(attention(a, a, a, heads=H), D)", where), "all");
}

// Whatever it holds, it can be followed to the end of its completion.
std::string random_program(const std::shared_ptr<Setting>& where, base::Random& random) {
  if (random.chance(0.7)) where->bounds = kPlain;
  Prefix prefix(where);
  EXPECT_TRUE(prefix.extend("def block(x):\n    "));
  test::grow(prefix, 400, random, [&] {
    expect_whole(prefix, *where);
    Prefix whole = prefix;
    for (const char c : prefix.completion()) ASSERT_TRUE(whole.extend({&c, 1})) << whole.text() << "|" << c;
  });
  return prefix.text() + prefix.completion();
}

// One written by choosing among the signs and words that may come next.
std::string random_words(const std::shared_ptr<Setting>& where, base::Random& random) {
  Prefix prefix(where);
  EXPECT_TRUE(prefix.extend("def block(x):\n    h = layernorm(x)\n    return "));
  while (prefix.text().size() < 110) {
    std::vector<std::string> next = prefix.next();
    std::erase_if(next, [&](const std::string& piece) {
      return piece == "\n" || piece == "+" || (piece.size() == 1 && random.chance(0.5));
    });
    if (next.empty()) break;
    EXPECT_TRUE(prefix.extend(random.pick(next)));
    expect_whole(prefix, *where);
    if (::testing::Test::HasFatalFailure()) break;
  }
  return prefix.text() + prefix.completion();
}

void expect_programs(int count, const std::function<std::string(const std::shared_ptr<Setting>&, base::Random&)>& make,
                     double distinct, double ops_each) {
  std::set<std::string> ids;
  std::size_t ops = 0;
  for (int i = 0; i < count; ++i) {
    base::Random random(static_cast<std::uint64_t>(i), "pieces");
    const std::string text = make(setting(i % 3 != 0), random);
    if (::testing::Test::HasFatalFailure()) return;
    const auto program = parse(text, "random");
    ids.insert(id(*program));
    ops += program->sites.size();
  }
  EXPECT_GT(static_cast<double>(ids.size()), distinct * count);
  EXPECT_GT(static_cast<double>(ops), ops_each * count);
}

TEST(Prefix, makes_whole_programs_of_random_pieces) {
  expect_programs(60, random_program, 0.03, 0.1);  // most of what they say is not used
}

TEST(Prefix, makes_whole_programs_of_random_words) {
  expect_programs(12, random_words, 0.5, 2);
}

}  // namespace
}  // namespace weft::block
