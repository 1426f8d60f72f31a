#include <gtest/gtest.h>

#include "base/text.hpp"
#include "block/program.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using test::in_block;
using test::program_of;
using test::refusal;

// The whole message with the source line and the caret; the statements stand from line 2, column 5.
std::string error_in(const std::string& statements) {
  return refusal(parse(in_block(statements), "t")).text();
}
std::string error_of_text(const std::string& text) {
  return refusal(parse(text, "t")).text();
}
// The message alone.
std::string message_in(const std::string& statements) {
  return refusal(parse(in_block(statements), "t")).message;
}

std::string ops_of(const std::string& statements) {
  std::string names;
  for (const Site& site : program_of(statements).sites)
    names += (names.empty() ? "" : " ") + std::string(site.op->name);
  return names;
}

TEST(Parse, reads_the_blocks_that_weft_ships) {
  EXPECT_GE(test::shipped_blocks().size(), 12U);
  for (const std::string& name : test::shipped_blocks()) EXPECT_FALSE(test::shipped_block(name).sites.empty());
}

TEST(Parse, takes_the_input_alone_as_a_program) {
  const Program program = program_of("return x");
  EXPECT_TRUE(program.sites.empty());
  EXPECT_EQ(program.result, Value{});
}

TEST(Parse, binds_products_tighter_than_sums_and_minus_to_the_left) {
  EXPECT_EQ(print(program_of("a = relu(x)\nb = gelu(x)\nreturn a - b - a * b")),
            print(program_of("a = relu(x)\nb = gelu(x)\nreturn (a - b) - (a * b)")));
  EXPECT_NE(id(program_of("a = relu(x)\nb = gelu(x)\nreturn a - (b - a)")),
            id(program_of("a = relu(x)\nb = gelu(x)\nreturn (a - b) - a")));
}

TEST(Parse, writes_arithmetic_with_numbers_as_times_and_plus) {
  EXPECT_EQ(ops_of("return 0.5 * x"), "times");
  EXPECT_EQ(ops_of("return x * 0.5"), "times");
  EXPECT_EQ(ops_of("return x - 1"), "plus");
  EXPECT_EQ(ops_of("return 1 - x"), "times plus");
  EXPECT_EQ(ops_of("return -x"), "times");
  EXPECT_EQ(id(program_of("return x + -1")), id(program_of("return x - 1")));
}

TEST(Parse, lets_a_name_hold_a_number) {
  EXPECT_EQ(id(program_of("w = 2 * D\nreturn linear(linear(x, w), D)")),
            id(program_of("return linear(linear(x, 2 * D), D)")));
}

TEST(Parse, lets_a_name_be_assigned_again) {
  EXPECT_EQ(id(program_of("x = relu(x)\nx = gelu(x)\nreturn x")), id(program_of("return gelu(relu(x))")));
}

TEST(Parse, takes_the_parts_of_a_split_from_the_names_on_the_left) {
  EXPECT_EQ(id(program_of("a, b, c = split(x)\nreturn concat(a, b, c)")),
            id(program_of("a, b, c = split(x, 3)\nreturn concat(a, b, c)")));
}

TEST(Parse, takes_attributes_by_place_or_by_name) {
  EXPECT_EQ(id(program_of("return linear(x, D, false)")), id(program_of("return linear(x, width=D, bias=False)")));
}

TEST(Parse, takes_any_name_for_block_and_input) {
  EXPECT_EQ(id(*parse("def f(y):\n return relu(y)", "t")), id(program_of("return relu(x)")));
}

TEST(Parse, takes_calls_over_several_lines) {
  EXPECT_EQ(id(program_of("a = attention(\n  x, x,\n  x, heads=H\n) + x\nreturn relu(\na)\n")),
            id(program_of("return relu(attention(x, x, x, heads=H) + x)")));
}

TEST(Parse, wants_a_header) {
  EXPECT_EQ(error_of_text(""), "t:1:1: expected 'def block(x):', found the end of the text");
  EXPECT_EQ(error_of_text("x = 1\n"), "t:1:1: expected 'def block(x):', found 'x'\n  x = 1\n  ^");
  EXPECT_EQ(error_of_text("def (x):\n"), "t:1:5: expected the block's name after 'def'\n  def (x):\n      ^");
  EXPECT_EQ(error_of_text("def block:\n"), "t:1:10: expected '(', found ':'\n  def block:\n           ^");
  EXPECT_EQ(error_of_text("def block():\n"),
            "t:1:11: expected the input's name, as in 'def block(x):'\n  def block():\n            ^");
  EXPECT_EQ(error_of_text("def block(X):\n"),
            "t:1:11: expected the input's name, as in 'def block(x):'\n  def block(X):\n            ^");
  EXPECT_EQ(error_of_text("def block(x, y):\n    return x\n"),
            "t:1:14: a block has one input\n  def block(x, y):\n               ^");
  EXPECT_EQ(error_of_text("def block(x)\n"),
            "t:1:13: expected ':', found the end of the line\n  def block(x)\n              ^");
  EXPECT_EQ(error_of_text("def block(x): return x\n"),
            "t:1:15: expected a new line after ':'\n  def block(x): return x\n                ^");
  EXPECT_EQ(error_of_text("def block(x):\nreturn x\n"), "t:2:1: expected an indented line\n  return x\n  ^");
}

TEST(Parse, wants_a_return_at_the_end) {
  EXPECT_EQ(error_in("a = relu(x)"), "t:3:1: the block must end with 'return ...'");
  EXPECT_EQ(error_in("return x\na = relu(x)"), "t:3:5: nothing may follow 'return'\n      a = relu(x)\n      ^");
  EXPECT_EQ(error_of_text(in_block("return x") + "def other(x):\n    return x\n"),
            "t:1:5: 'block' is never called; the last 'def' is the block\n  def block(x):\n      ^");
}

TEST(Parse, returns_one_tensor) {
  EXPECT_EQ(error_in("return 2 * D"), "t:2:12: a block returns one tensor\n      return 2 * D\n             ^");
  EXPECT_EQ(message_in("a, b = split(x, 2)\nreturn split(x, 2)"), "a block returns one tensor");
  EXPECT_EQ(error_in("return x, x"),
            "t:2:13: expected the end of the line, found ','\n      return x, x\n              ^");
}

TEST(Parse, says_that_the_language_has_no_such_statement) {
  EXPECT_EQ(error_in("for i in y:"),
            "t:2:5: the language has no 'for': a block is assignments and a return\n      for i in y:\n      ^");
  for (const char* word :
       {"while", "if", "import", "from", "class", "lambda", "with", "try", "print", "assert", "pass", "def"}) {
    EXPECT_EQ(message_in(word + std::string(" y")),
              "the language has no '" + std::string(word) + "': a block is assignments and a return");
  }
  EXPECT_EQ(error_in("a = relu(x); return a"),
            "t:2:16: one statement a line, without ';'\n      a = relu(x); return a\n                 ^");
}

TEST(Parse, assigns_to_small_letter_names_that_are_free) {
  EXPECT_EQ(error_in("D = 3"),
            "t:2:5: 'D' is in capitals, which names a gene; assign to a small-letter name\n      D = 3\n      ^");
  EXPECT_EQ(error_in("relu = x"), "t:2:5: 'relu' is an op and cannot be assigned to\n      relu = x\n      ^");
  EXPECT_EQ(error_in("true = x"),
            "t:2:5: 'true' is a word of the language and cannot be assigned to\n      true = x\n      ^");
  EXPECT_EQ(error_in("3 = x"), "t:2:5: expected a name to assign to, found '3'\n      3 = x\n      ^");
  EXPECT_EQ(error_of_text("def block(true):\n    return true\n"),
            "t:1:11: 'true' is a word of the language and cannot be assigned to\n  def block(true):\n            ^");
  EXPECT_EQ(error_in("a + 1"), "t:2:7: expected '=', found '+'\n      a + 1\n        ^");
  EXPECT_EQ(error_in("a += x"), "t:2:7: expected '=', found '+'\n      a += x\n        ^");
}

TEST(Parse, gives_every_part_of_a_split_a_name) {
  EXPECT_EQ(error_in("a, b = split(x, 3)"),
            "t:2:12: split makes 3 parts, but 2 names stand on the left\n      a, b = split(x, 3)\n             ^");
  EXPECT_EQ(message_in("a = split(x, 2)"), "split makes 2 parts, but 1 name stands on the left");
  EXPECT_EQ(message_in("a, b = relu(x)"), "only split gives more than one value");
  EXPECT_EQ(error_in("return relu(split(x, 2))"),
            "t:2:17: the parts of a split must be given names first: a, b = split(...)\n"
            "      return relu(split(x, 2))\n                  ^");
  EXPECT_EQ(message_in("a, b = split(x, 2) + x"), "the parts of a split must be given names first: a, b = split(...)");
  for (const char* bad :
       {"a = split(x)", "a, b = split(x, D)", "a, b = split(x, 1)", "a, b = split(x, 9)", "a, b = split(x, 2.5)"}) {
    EXPECT_EQ(message_in(bad),
              "split: parts must be a number from 2 to 8, as many as the names on the left: a, b = split(x, 2)");
  }
}

TEST(Parse, names_the_nearest_variable) {
  EXPECT_EQ(error_in("gate = relu(x)\nreturn gat"),
            "t:3:12: 'gat' is not defined; did you mean 'gate'?\n      return gat\n             ^");
  EXPECT_EQ(message_in("return q"), "'q' is not defined");
}

TEST(Parse, names_the_nearest_op_where_one_is_unknown) {
  EXPECT_EQ(error_in("return Linear(x, D)"), "t:2:12: unknown op 'Linear'; did you mean 'linear'?; there are " +
                                                 base::join(op_names(), ", ") +
                                                 "\n"
                                                 "      return Linear(x, D)\n             ^");
  EXPECT_TRUE(message_in("return add(x, x)").starts_with("unknown op 'add'"));
}

TEST(Parse, refuses_symbols_that_the_language_has_not) {
  EXPECT_EQ(error_in("return x / 2"),
            "t:2:14: the language has no '/'; widths divide by '//' and tensors multiply by a number such as 0.5\n"
            "      return x / 2\n               ^");
  for (const char* symbol : {"**", "@", "%", "==", "[", "."}) {
    EXPECT_TRUE(
        message_in("return x " + std::string(symbol) + " y")
            .starts_with("the language has no '" + std::string(symbol) + "'; it has + - * and the ops linear, "))
        << symbol;
  }
  EXPECT_EQ(message_in("return x // 2"), "'//' divides numbers and genes, not tensors");
}

TEST(Parse, wants_a_value_where_one_belongs) {
  EXPECT_EQ(error_in("return"), "t:2:11: expected a value, found the end of the line\n      return\n            ^");
  EXPECT_EQ(error_in("return x)"), "t:2:13: expected the end of the line, found ')'\n      return x)\n              ^");
  EXPECT_EQ(error_in("return relu(x, )(x)"),
            "t:2:21: expected the end of the line, found '('\n      return relu(x, )(x)\n                      ^");
  EXPECT_EQ(error_in("return x + * x"),
            "t:2:16: expected a value, found '*'\n      return x + * x\n                 ^");
  EXPECT_EQ(error_in("a = x\n    b = a\nreturn a"),
            "t:3:9: expected a name to assign to, found an indented line\n          b = a\n          ^");
}

TEST(Parse, counts_the_tensors_of_a_call) {
  EXPECT_EQ(error_in("return relu(x, x)"),
            "t:2:12: relu: takes 1 tensor, not 2; relu(x)\n      return relu(x, x)\n             ^");
  EXPECT_EQ(message_in("return attention(x, x, heads=2)"),
            "attention: takes 3 tensors, not 2; attention(q, k, v, heads, kv_heads=0, rotary=0, alibi=false, window=0, "
            "normalize=false, relative=0, prefix=0)");
  EXPECT_EQ(message_in("return concat(x)"), "concat: takes 2 to 8 tensors, not 1; concat(x, y, ...)");
  EXPECT_EQ(message_in("return layernorm()"),
            "layernorm: takes 1 tensor, not 0; layernorm(x, bias=true, epsilon=1e-05, heads=1)");
}

TEST(Parse, checks_the_attributes_of_a_call) {
  EXPECT_EQ(error_in("return linear(x, D, wdth=3)"),
            "t:2:25: linear: has no attribute 'wdth'; did you mean 'width'?; linear(x, width, bias=true)"
            "\n"
            "      return linear(x, D, wdth=3)\n                          ^");
  EXPECT_EQ(message_in("return linear(x)"),
            "linear: 'width' is missing (channels that come out); linear(x, width, bias=true)");
  EXPECT_EQ(message_in("return linear(x, D, true, false, false, 4)"),
            "linear: too many numbers; linear(x, width, bias=true)");
  EXPECT_EQ(message_in("return linear(x, D, width=D)"), "linear: 'width' is given twice");
  EXPECT_EQ(message_in("return linear(x, width=x)"),
            "linear: 'width' takes a number, not a tensor; linear(x, width, bias=true)");
  EXPECT_EQ(message_in("return linear(D, x)"), "linear: tensors come before numbers; linear(x, width, bias=true)");
}

TEST(Parse, stops_at_its_limits) {
  std::string many = "x = relu(x)\n";
  for (int i = 0; i < 512; ++i) many += "x = linear(x, D)\n";
  EXPECT_EQ(message_in(many + "return x"), "a program has at most 512 ops");
  const std::string nested = std::string(49, '(') + "x" + std::string(49, ')');
  EXPECT_TRUE(parse(in_block("return " + nested), "t"));
  EXPECT_EQ(message_in("return (" + nested + ")"), "nested more than 50 deep");
  EXPECT_EQ(message_in("return " + std::string(100, '-') + "x"), "nested more than 50 deep");
  std::string doubled = "w = D - 1\n";
  for (int i = 0; i < 10; ++i) doubled += "w = w - w\n";
  EXPECT_EQ(message_in(doubled + "return x"), "too much arithmetic in one attribute");
  EXPECT_EQ(message_in("w = 1e200 * 1e200\nreturn x"), "this comes to a number that is too large");
  EXPECT_EQ(message_in("w = 1e200 * (D - 1e300 * 1e9)\nreturn x"), "this comes to a number that is too large");
  EXPECT_EQ(refusal(parse(std::string(70'000, '#'), "t")).message, "a program has at most 65536 bytes");
}

TEST(Parse, bounds_the_arithmetic_of_a_difference_so_that_its_canonical_text_parses) {
  std::string genes = "w = G";
  for (int i = 1; i < 32; ++i) genes += " - G";
  const auto program = parse(in_block(genes + "\nreturn x - w"), "t");
  ASSERT_TRUE(program) << program.error().text();
  EXPECT_TRUE(parse(print(*program), "again"));
  EXPECT_EQ(message_in(genes + " - G\nreturn x - w"), "too much arithmetic in one attribute");
}

TEST(Parse, bounds_the_arithmetic_of_a_whole_program) {
  const std::string gene(64, 'G');
  std::string text = "w = " + gene;
  for (int i = 0; i < 15; ++i) text += " - " + gene;
  text += "\n";
  for (int i = 0; i < 100; ++i) text += "x = linear(x, w)\n";
  EXPECT_EQ(message_in(text + "return x"), "too much arithmetic in one program");
}

}  // namespace
}  // namespace weft::block
