#include "block/graph.hpp"

#include <gtest/gtest.h>

#include "tests/support/errors.hpp"
#include "tests/support/programs.hpp"

namespace weft::block {
namespace {

using test::graph_of;
using test::program_of;
using test::refusal;

const Binding kBinding{{"D", 16}, {"H", 4}, {"R", 2}};

// The message for these statements at width 16.
std::string refused(const std::string& statements, bool causal = false, const Binding& binding = kBinding) {
  return refusal(check(program_of(statements), binding, {16, false}, {causal})).message;
}

// The types of every node, in order.
std::string types_in(const std::string& statements, std::int64_t width = 16) {
  std::string text;
  for (const Node& node : graph_of(statements, width).nodes) {
    for (const Type& type : node.outputs)
      text += (text.empty() ? "" : " ") + std::to_string(type.channels) + (type.pooled ? "p" : "");
  }
  return text;
}

Counts counts_of(const std::string& statements, std::int64_t time, bool causal = false) {
  return count(graph_of(statements, 16, causal), time, {causal});
}

TEST(Check, maps_the_blocks_type_to_itself) {
  EXPECT_EQ(refused("return linear(x, 17)"), "the block must return [batch, time, 16], not [batch, time, 17]");
  EXPECT_EQ(refused("return mean(x)"), "the block must return [batch, time, 16], not [batch, 1, 16]");
  EXPECT_TRUE(graph_of("return x").nodes.empty());
}

TEST(Check, names_line_and_column_of_a_mistake) {
  EXPECT_EQ(
      refusal(check(program_of("h = relu(x)\nreturn linear(h, D) + linear(h, R)"), kBinding, {16, false}, {false}))
          .text(),
      "test:3:25: add: the two sides must have equal shapes: [batch, time, 2] and [batch, time, 16]\n"
      "      return linear(h, D) + linear(h, R)\n                          ^");
}

TEST(Check, binds_attributes_to_genes) {
  EXPECT_EQ(types_in("return linear(linear(x, R * D), D)"), "32 16");
}

TEST(Check, names_the_nearest_gene) {
  EXPECT_EQ(refused("return linear(x, Dim)"),
            "linear: width: no gene 'Dim' here; there are D, H, R; did you mean 'D'?");
  EXPECT_EQ(refused("return linear(x, None)"), "linear: width: no gene 'None' here; there are D, H, R");
}

TEST(Check, wants_whole_numbers_in_their_domain) {
  EXPECT_EQ(refused("return linear(x, 0)"), "linear: width must be a whole number from 1 to 1048576, not 0");
  EXPECT_EQ(refused("return linear(x, -D)"),
            "linear: width must be a whole number from 1 to 1048576, not -16 (-1 * D)");
  EXPECT_EQ(refused("return linear(x, 2.5)"), "linear: width must be a whole number from 1 to 1048576, not 2.5");
  EXPECT_EQ(refused("return linear(x, D * 100000)"),
            "linear: width must be a whole number from 1 to 1048576, not 1600000 (100000 * D)");
  EXPECT_EQ(refused("return linear(x, 1e18)"), "linear: width must be a whole number from 1 to 1048576, not 1e+18");
  EXPECT_EQ(refused("return linear(x, D // (H - 4))"), "linear: width: 'D // (H - 4)' divides by zero");
}

TEST(Check, takes_products_that_come_out_whole) {
  EXPECT_EQ(refused("return linear(linear(x, R * D), D)", false, {{"D", 16}, {"R", 3.3}}),
            "linear: width must be a whole number from 1 to 1048576, not 52.8 (D * R)");
  EXPECT_TRUE(check(program_of("return linear(linear(x, R * D), D)"), {{"D", 16}, {"R", 3.5}}, {16, false}, {false}));
}

TEST(Check, wants_flags_and_reals_in_their_domain) {
  EXPECT_EQ(refused("return linear(x, D, bias=2)"), "linear: bias must be true or false, not 2");
  EXPECT_EQ(refused("return linear(x, D, bias=0.5)"), "linear: bias must be true or false, not 0.5");
  EXPECT_EQ(refused("return dropout(x, 1)"), "dropout: p must be a number from 0 to 0.95, not 1");
  EXPECT_EQ(refused("return scale(x, init=101)"), "scale: init must be a number from -100 to 100, not 101");
  EXPECT_EQ(refused("return 1e7 * x"), "times: by must be a number from -1000000 to 1000000, not 10000000");
  EXPECT_EQ(refused("return dwconv(x, width=128)"), "dwconv: width must be a whole number from 1 to 127, not 128");
}

TEST(Check, ignores_what_the_result_does_not_need) {
  EXPECT_TRUE(check(program_of("a = linear(x, 0)\nreturn x"), kBinding, {16, false}, {false}));
}

TEST(Linear, changes_the_channels) {
  EXPECT_EQ(types_in("return linear(linear(mean(x), 5), D) + x"), "16p 5p 16p 16");
}

TEST(Linear, has_a_matrix_and_a_vector) {
  const Graph graph = graph_of("return linear(linear(x, 5), D, bias=false)");
  ASSERT_EQ(graph.nodes[0].parameters.size(), 2U);
  EXPECT_EQ(graph.nodes[0].parameters[0].shape, (std::vector<std::int64_t>{5, 16}));
  EXPECT_EQ(graph.nodes[0].parameters[1].shape, (std::vector<std::int64_t>{5}));
  ASSERT_EQ(graph.nodes[1].parameters.size(), 1U);
  EXPECT_EQ(graph.nodes[1].parameters[0].shape, (std::vector<std::int64_t>{16, 5}));
}

TEST(Linear, costs_one_mac_a_weight_and_position) {
  EXPECT_EQ(counts_of("return linear(x, D)", 10).macs, 10 * 16 * 16);
  EXPECT_EQ(counts_of("return x + linear(mean(x), D)", 10).macs, 16 * 16);
}

TEST(Norms, keep_the_type_and_have_a_vector_or_two) {
  EXPECT_EQ(types_in("return rmsnorm(layernorm(x))"), "16 16");
  EXPECT_EQ(counts_of("return layernorm(x)", 1).params, 32);
  EXPECT_EQ(counts_of("return layernorm(x, bias=false)", 1).params, 16);
  EXPECT_EQ(counts_of("return rmsnorm(x)", 1).params, 16);
  EXPECT_EQ(counts_of("return rmsnorm(x)", 1).macs, 0);
}

TEST(Attention, puts_out_the_channels_of_v_for_every_head) {
  EXPECT_EQ(types_in("return linear(attention(x, x, linear(x, 8), heads=2), D)"), "8 8 16");
  EXPECT_EQ(types_in("return attention(x, linear(x, 4), linear(x, 4), heads=4, kv_heads=1)"), "4 4 16");
  EXPECT_EQ(types_in("return linear(attention(x, linear(x, 8), linear(x, 6), heads=4, kv_heads=2), D)"), "8 6 12 16");
}

TEST(Attention, divides_its_channels_among_heads) {
  EXPECT_EQ(refused("return attention(x, x, x, heads=3)"), "attention: q has 16 channels, which 3 heads do not divide");
  EXPECT_EQ(refused("return attention(x, x, x, heads=4, kv_heads=3)"),
            "attention: heads (4) must be a multiple of kv_heads (3)");
  EXPECT_EQ(refused("return attention(x, linear(x, 8), x, heads=4)"),
            "attention: k must have 16 channels (kv_heads 4 times head size 4), not 8");
  EXPECT_EQ(refused("return attention(x, x, linear(x, 6), heads=4)"),
            "attention: v has 6 channels, which 4 kv_heads do not divide");
  EXPECT_EQ(refused("return attention(mean(x), x, x, heads=4)"),
            "attention: takes [batch, time, channels], not [batch, 1, 16]");
}

TEST(Attention, rotates_an_even_number_of_channels) {
  EXPECT_TRUE(check(program_of("return attention(x, x, x, heads=H, rotary=0.5)"), kBinding, {16, false}, {true}));
  EXPECT_EQ(refused("return attention(x, x, x, heads=H, rotary=0.25)"),
            "attention: rotary 0.25 of head size 4 is 1 channels; an even whole number is needed");
  EXPECT_EQ(refused("return attention(x, x, x, heads=H, rotary=0.3)"),
            "attention: rotary 0.3 of head size 4 is 1.2 channels; an even whole number is needed");
}

TEST(Attention, puts_out_no_more_channels_than_may_be) {
  EXPECT_EQ(refused("v = linear(x, 1048576)\nk = linear(x, 4)\n"
                    "return linear(attention(linear(x, 2048), linear(x, 2), v, heads=1024, kv_heads=1), D)"),
            "attention: makes [batch, time, 1073741824]; an axis has at most 1048576");
}

TEST(Attention, costs_two_products_of_positions_with_positions) {
  EXPECT_EQ(counts_of("return attention(x, x, x, heads=4)", 10).macs, 10 * 10 * (16 + 16));
  EXPECT_EQ(counts_of("return attention(x, linear(x, 4), linear(x, 4), heads=4, kv_heads=1)", 10).macs,
            2 * 10 * 16 * 4 + 10 * 10 * (16 + 16));
  EXPECT_EQ(counts_of("return attention(x, x, x, heads=4)", 10).params, 0);
}

TEST(Attention, sees_the_past_in_a_causal_space_and_everything_elsewhere) {
  const Op& op = *find_op("attention");
  const std::vector<Type> inputs(3, Type{16, false});
  const std::vector<double> attributes{4, 0, 0, 0, 0};
  EXPECT_EQ(op.mixes({inputs, attributes, true}), Mixing::past);
  EXPECT_EQ(op.mixes({inputs, attributes, false}), Mixing::all);
}

TEST(Dwconv, keeps_the_type_and_has_a_filter_a_channel) {
  const Graph graph = graph_of("return dwconv(x, width=3, bias=true)");
  EXPECT_EQ(graph.nodes[0].parameters[0].shape, (std::vector<std::int64_t>{16, 1, 3}));
  EXPECT_EQ(graph.nodes[0].parameters[1].shape, (std::vector<std::int64_t>{16}));
  EXPECT_EQ(counts_of("return dwconv(x, width=3)", 10).macs, 10 * 16 * 3);
  EXPECT_EQ(counts_of("return dwconv(x, width=3)", 10).params, 16 * 3);
}

TEST(Dwconv, has_a_middle_where_the_space_is_not_causal) {
  EXPECT_EQ(refused("return dwconv(x, width=4)"), "dwconv: width must be odd where the space is not causal");
  EXPECT_TRUE(check(program_of("return dwconv(x, width=4)"), kBinding, {16, false}, {true}));
  EXPECT_EQ(refused("return x + dwconv(mean(x), width=3)"),
            "dwconv: takes [batch, time, channels], not [batch, 1, 16]");
}

TEST(Dwconv, of_width_one_mixes_nothing) {
  const Op& op = *find_op("dwconv");
  const std::vector<Type> inputs(1, Type{16, false});
  EXPECT_EQ(op.mixes({inputs, std::vector<double>{1, 0}, false}), Mixing::none);
  EXPECT_EQ(op.mixes({inputs, std::vector<double>{3, 0}, true}), Mixing::past);
  EXPECT_EQ(op.mixes({inputs, std::vector<double>{3, 0}, false}), Mixing::all);
}

TEST(Mean, leaves_one_position_which_arithmetic_repeats) {
  EXPECT_EQ(types_in("return x * sigmoid(mean(x))"), "16p 16p 16");
  EXPECT_EQ(types_in("return x + mean(mean(x))"), "16p 16p 16");
}

TEST(Mean, is_refused_in_a_causal_space) {
  EXPECT_EQ(refused("return x + mean(x)", true),
            "mean: lets a position see later ones, which a causal space does not allow");
}

TEST(Concat, adds_channels) {
  EXPECT_EQ(types_in("return linear(concat(x, linear(x, 5), x), D)"), "5 37 16");
  EXPECT_EQ(refused("return linear(concat(x, mean(x)), D)"),
            "concat: cannot join [batch, time, 16] and [batch, 1, 16]");
  EXPECT_EQ(refused("w = linear(x, 1000000)\nreturn linear(concat(w, w), D)"),
            "concat: makes [batch, time, 2000000]; an axis has at most 1048576");
}

TEST(Split, makes_equal_parts) {
  EXPECT_EQ(types_in("a, b = split(x, 2)\nreturn concat(a, relu(b))"), "8 8 8 16");
  EXPECT_EQ(refused("a, b, c = split(x, 3)\nreturn concat(a, b, c)"),
            "split: 16 channels do not split into 3 equal parts");
}

TEST(Elementwise, keeps_the_type_and_costs_nothing) {
  for (const char* op : {"relu", "gelu", "silu", "sigmoid", "tanh", "softplus"}) {
    const Counts counts = counts_of("return " + std::string(op) + "(x)", 10);
    EXPECT_EQ(counts.params, 0) << op;
    EXPECT_EQ(counts.macs, 0) << op;
    EXPECT_EQ(counts.activations, 4 * 10 * 16) << op;
  }
}

TEST(Elementwise, wants_equal_channels) {
  for (const auto& [symbol, name] : {std::pair{"+", "add"}, {"-", "subtract"}, {"*", "multiply"}}) {
    EXPECT_EQ(refused("return relu(x) " + std::string(symbol) + " linear(linear(x, 5), 4)"),
              std::string(name) + ": the two sides must have equal shapes: [batch, time, 16] and [batch, time, 4]");
  }
}

TEST(Scale, has_a_number_a_channel) {
  const Graph graph = graph_of("return scale(x, init=0.1)");
  EXPECT_EQ(graph.nodes[0].parameters[0].shape, (std::vector<std::int64_t>{16}));
  EXPECT_EQ(graph.nodes[0].parameters[0].init, Init::constant);
  EXPECT_EQ(graph.nodes[0].parameters[0].value, 0.1);
}

TEST(Dropout, has_no_parameters) {
  EXPECT_EQ(counts_of("return dropout(x, 0.1)", 1).params, 0);
}

TEST(Count, adds_up_activations_of_every_output) {
  EXPECT_EQ(counts_of("a, b = split(linear(x, 20), 2)\nreturn linear(a + mean(b), D)", 7).activations,
            4 * (7 * 20 + 7 * 20 + 10 + 7 * 10 + 7 * 16));
}

TEST(Count, of_a_value_used_twice_is_once) {
  EXPECT_EQ(counts_of("a = linear(x, D)\nreturn a * a", 1).params, 16 * 16 + 16);
  EXPECT_EQ(counts_of("return linear(x, D) * linear(x, D)", 1).params, 2 * (16 * 16 + 16));
}

TEST(Count, stays_positive_where_it_would_overflow) {
  std::string source = "w = 1048576\n";
  for (int i = 0; i < 500; ++i) source += "x = linear(x, w)\n";
  const Counts counts = count(graph_of(source + "return linear(x, 16)"), 1 << 20, {});
  EXPECT_EQ(counts.macs, Counts::kMost);
  EXPECT_GT(counts.params, std::int64_t{1} << 48);
  EXPECT_GT(counts.activations, std::int64_t{1} << 48);
}

// The blocks that weft ships, by hand: D 16, H 4, R 2, no sequence mixing but attention and dwconv.
TEST(Count, of_the_shipped_blocks_equals_sums_by_hand) {
  const std::int64_t d = 16, r = 2, t = 10, linear = d * d + d, norm = 2 * d, up = d * r * d + r * d,
                     down = r * d * d + d;
  const std::int64_t products = t * 4 * d * d + t * t * 2 * d + t * 2 * r * d * d;
  const auto counted = [&](const char* name, bool causal) {
    return count(check(test::shipped_block(name), kBinding, {d, false}, {causal}).value(), t, {causal});
  };
  EXPECT_EQ(counted("gpt2", true).params, 2 * norm + 4 * linear + up + down);
  EXPECT_EQ(counted("gpt2", true).macs, products);
  EXPECT_EQ(counted("llama", true).params, 2 * d + 4 * d * d + 3 * r * d * d);
  EXPECT_EQ(counted("llama", true).macs, products + t * r * d * d);
  EXPECT_EQ(counted("parallel", true).params, norm + 4 * linear + up + down);
  EXPECT_EQ(counted("parallel", true).macs, products);
  EXPECT_EQ(counted("primer", true).params, 2 * norm + 4 * linear + up + down + 3 * 3 * d);
  EXPECT_EQ(counted("primer", true).macs, products + t * 3 * 3 * d);
  EXPECT_EQ(counted("squeeze", false).params, 2 * norm + 4 * linear + 2 * up + down);
  EXPECT_EQ(counted("squeeze", false).macs, products + r * d * d);
  EXPECT_EQ(counted("conv_mixer", false).params, 2 * norm + 4 * linear + 5 * d + (2 * d * d + d) + 2 * up + down);
  EXPECT_EQ(counted("conv_mixer", false).macs, products + t * 5 * d + t * 2 * d * d + t * r * d * d);
}

}  // namespace
}  // namespace weft::block
