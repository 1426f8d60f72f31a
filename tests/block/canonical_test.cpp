#include <gtest/gtest.h>

#include "block/program.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using test::program_of;

void expect_same(const std::string& a, const std::string& b) {
  EXPECT_EQ(print(program_of(a)), print(program_of(b)));
}
void expect_different(const std::string& a, const std::string& b) {
  EXPECT_NE(print(program_of(a)), print(program_of(b)));
}

TEST(Canonical, forgets_names) {
  expect_same("h = relu(x)\nk = gelu(h)\nreturn h + k", "zz = relu(x)\nq = gelu(zz)\nreturn zz + q");
}

TEST(Canonical, forgets_the_order_of_independent_statements) {
  expect_same("a = relu(x)\nb = linear(x, D)\nreturn a * b - a", "b = linear(x, D)\na = relu(x)\nreturn a * b - a");
}

TEST(Canonical, drops_what_the_result_does_not_need) {
  expect_same("a = relu(x)\nb = linear(a, 5)\nc = b + b\nreturn a", "return relu(x)");
}

TEST(Canonical, sorts_operands_that_commute) {
  expect_same("return relu(x) + gelu(x)", "return gelu(x) + relu(x)");
  expect_same("return linear(x, D) * x", "return x * linear(x, D)");
  expect_different("return relu(x) - gelu(x)", "return gelu(x) - relu(x)");
  expect_different("return concat(relu(x), gelu(x))", "return concat(gelu(x), relu(x))");
}

TEST(Canonical, merges_equal_pure_calls) {
  expect_same("return relu(x) * relu(x)", "a = relu(x)\nreturn a * a");
  expect_same("return (x + relu(x)) * (relu(x) + x)", "a = x + relu(x)\nreturn a * a");
}

TEST(Canonical, keeps_calls_with_parameters_apart) {
  expect_different("return linear(x, D) + linear(x, D)", "a = linear(x, D)\nreturn a + a");
  expect_different("return dropout(x, 0.1) + dropout(x, 0.1)", "a = dropout(x, 0.1)\nreturn a + a");
  EXPECT_EQ(program_of("return linear(x, D) + linear(x, D)").sites.size(), 3U);
}

TEST(Canonical, orders_alike_whether_equal_calls_were_written_once_or_twice) {
  // The two halves differ only in who else uses relu(x).
  const std::string rest = "return (gelu(r) + linear(r, D)) * (r + s)";
  expect_same("r = relu(x)\ns = relu(x)\n" + rest, "r = relu(x)\ns = r\n" + rest);
}

TEST(Canonical, tells_apart_what_only_its_users_tell_apart) {
  // p and q are alike but for what becomes of them.
  expect_same("p = linear(x, D)\nq = linear(x, D)\nreturn relu(p) + gelu(q) * (p + q)",
              "q = linear(x, D)\np = linear(x, D)\nreturn (q + p) * gelu(q) + relu(p)");
}

TEST(Canonical, breaks_ties_that_refinement_leaves) {
  // Four equal linears in a ring of sums: refinement gives all of them one label, yet the pairs under one product are
  // others than the pairs across.
  const std::string four = "p = linear(x, D)\nq = linear(x, D)\nr = linear(x, D)\ns = linear(x, D)\n";
  expect_same(four + "return (p + q) * (q + r) + (r + s) * (s + p)",
              four + "return (q + p) * (q + r) + (r + s) * (s + p)");
  expect_same(four + "return (p + q) * (q + r) + (r + s) * (s + p)",
              four + "return (s + p) * (s + r) + (q + r) * (p + q)");
  expect_different(four + "return (p + q) * (q + r) + (r + s) * (s + p)",
                   four + "return (p + q) * (r + s) + (q + r) * (s + p)");
}

TEST(Canonical, does_not_depend_on_the_order_in_a_long_ring) {
  // As above with twelve linears, which take many rounds to tell apart.
  const auto ring = [](int first, int step) {
    std::string text, sums;
    for (int i = 0; i < 12; ++i) text += "p" + std::to_string(i) + " = linear(x, D)\n";
    const auto name = [&](int i) { return "p" + std::to_string(((first + step * i) % 12 + 12) % 12); };
    for (int i = 0; i < 12; ++i) {
      const bool flip = (i + first) % 3 == 0;
      sums += (i > 0 ? " - (" : "(") + name(flip ? i : i + 1) + " + " + name(flip ? i + 1 : i) + ")";
    }
    return text + "return " + sums;
  };
  for (int first = 0; first < 12; ++first) {
    expect_same(ring(0, 1), ring(first, 1));
    expect_same(ring(0, 1), ring(first, -1));
  }
}

TEST(Canonical, form_is_its_own_canonical_form) {
  for (const std::string& name : test::shipped_blocks()) {
    const Program program = test::shipped_block(name);
    EXPECT_EQ(print(canonical(program)), print(program)) << name;
  }
}

TEST(Canonical, keeps_where_each_site_was_written) {
  const Program program = program_of("a = linear(x, 3)\nb = relu(a)\nreturn b");
  EXPECT_EQ(program.sites[0].line, 2);
  EXPECT_EQ(program.sites[1].line, 3);
}

TEST(Canonical, of_the_most_symmetrical_program_is_quick) {
  // A full tree of sums over 256 equal linears: every sum is a tie.
  std::vector<std::string> names;
  std::string text;
  for (int i = 0; i < 256; ++i) text += "a" + std::to_string(i) + " = linear(x, D)\n";
  for (int i = 0; i < 256; ++i) names.push_back("a" + std::to_string(i));
  for (int next = 0; names.size() > 1; ++next) {
    std::vector<std::string> sums;
    for (std::size_t i = 0; i < names.size(); i += 2) {
      sums.push_back("b" + std::to_string(next) + "_" + std::to_string(i));
      text += sums.back() + " = " + names[i] + " + " + names[i + 1] + "\n";
    }
    names = sums;
  }
  EXPECT_EQ(program_of(text + "return " + names[0]).sites.size(), 511U);
}

}  // namespace
}  // namespace weft::block
