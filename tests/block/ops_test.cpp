#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "block/op.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

TEST(Ops, are_found_by_name) {
  for (const Op* op : ops()) EXPECT_EQ(find_op(op->name), op);
  EXPECT_EQ(find_op("squash"), nullptr);
  EXPECT_EQ(find_op(""), nullptr);
}

TEST(Ops, have_names_of_their_own) {
  std::set<std::string_view> names;
  for (const Op* op : ops()) EXPECT_TRUE(names.insert(op->name).second) << op->name;
}

TEST(Ops, are_documented_with_their_source) {
  for (const Op* op : ops()) {
    EXPECT_FALSE(op->doc.empty()) << op->name;
    EXPECT_FALSE(op->source.empty()) << op->name;
    for (const Attribute& attribute : op->attributes) EXPECT_FALSE(attribute.doc.empty()) << op->name;
  }
}

TEST(Ops, have_defaults_inside_their_domains) {
  for (const Op* op : ops()) {
    for (const Attribute& attribute : op->attributes) {
      EXPECT_LT(attribute.minimum, attribute.maximum) << op->name;
      if (std::isnan(attribute.fallback)) continue;
      EXPECT_GE(attribute.fallback, attribute.minimum) << op->name;
      EXPECT_LE(attribute.fallback, attribute.maximum) << op->name;
    }
  }
}

TEST(Ops, that_commute_have_two_inputs) {
  // Canonical form relies on it.
  for (const Op* op : ops()) {
    if (op->commutative) {
      EXPECT_TRUE(op->min_inputs == 2 && op->max_inputs == 2) << op->name;
    }
  }
}

TEST(Ops, are_pure_without_parameters_and_randomness) {
  const auto pure = [](const std::string& call) {
    const Program program = test::program_of("return " + call);
    return program.sites.back().op->pure(program.sites.back().attributes);
  };
  EXPECT_TRUE(pure("relu(x)"));
  EXPECT_TRUE(pure("attention(x, x, x, heads=H)"));
  EXPECT_FALSE(pure("attention(x, x, x, heads=H, normalize=true)"));
  EXPECT_FALSE(pure("attention(x, x, x, heads=H, relative=N)"));
  EXPECT_FALSE(pure("linear(x, D)"));
  EXPECT_FALSE(pure("dropout(x, 0.5)"));
}

TEST(OpNames, leave_out_what_is_written_infix) {
  const auto names = op_names();
  const std::set<std::string> set(names.begin(), names.end());
  EXPECT_TRUE(set.contains("linear"));
  EXPECT_FALSE(set.contains("add"));
  EXPECT_FALSE(set.contains("times"));
}

TEST(Signature, shows_inputs_and_defaults) {
  EXPECT_EQ(signature(*find_op("linear")), "linear(x, width, bias=true)");
  EXPECT_EQ(signature(*find_op("attention")),
            "attention(q, k, v, heads, kv_heads=0, rotary=0, alibi=false, window=0, normalize=false, relative=0, "
            "prefix=0)");
  EXPECT_EQ(signature(*find_op("concat")), "concat(x, y, ...)");
  EXPECT_EQ(signature(*find_op("relu")), "relu(x)");
}

TEST(Signature, shows_infix_ops_as_they_are_written) {
  EXPECT_EQ(signature(*find_op("add")), "x + y");
  EXPECT_EQ(signature(*find_op("multiply")), "x * y");
  EXPECT_EQ(signature(*find_op("times")), "number * x");
  EXPECT_EQ(signature(*find_op("plus")), "x + number");
}

}  // namespace
}  // namespace weft::block
