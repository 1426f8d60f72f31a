// Recurrent cells as NAS-Bench-NLP's recipes.
#include "space/recipe.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/text.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/shared.hpp"

namespace weft::space {
namespace {

using base::Json;

// One row of the table: its recipe stands in quotes, with every quote within doubled, and nothing else in them.
struct Row {
  Json recipe;
  std::int64_t params = 0;
};

std::vector<Row> table() {
  std::vector<Row> rows;
  std::vector<std::string> lines =
      base::split_lines(base::read_file(test::shared("data/nasbench_nlp/nasbench_nlp_wikitext2.csv")));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::string line = lines[i];
    const std::size_t quote = line.find('"');
    if (quote == std::string::npos) continue;
    std::string recipe = line.substr(quote + 1, line.rfind('"') - quote - 1);
    for (std::size_t at = 0; (at = recipe.find("\"\"", at)) != std::string::npos; ++at) recipe.erase(at, 1);
    std::size_t comma = line.find(',');
    comma = line.find(',', comma + 1);
    rows.push_back({Json::parse(recipe), std::stoll(line.substr(comma + 1))});
  }
  return rows;
}

// Weights of the products that no new state needs, over the three layers: the table counts them, weft drops them.
std::int64_t unused_params(const Json& recipe) {
  std::set<std::string> needed;
  std::vector<std::string> open;
  for (const auto& [name, node] : recipe.items()) {
    if (name.starts_with("h_new_") && name.find_first_not_of("0123456789", 6) == std::string::npos)
      open.push_back(name);
  }
  while (!open.empty()) {
    const std::string name = open.back();
    open.pop_back();
    if (!recipe.contains(name) || !needed.insert(name).second) continue;
    for (const Json& input : recipe.at(name).at("input")) open.push_back(input);
  }
  std::int64_t total = 0;
  for (const auto& [name, node] : recipe.items()) {
    if (node.at("op") != "linear" || needed.contains(name)) continue;
    for (const auto& [in, width] : {std::pair{400, 600}, std::pair{600, 600}, std::pair{600, 400}}) {
      total += width;
      for (const Json& input : node.at("input")) total += width * (input == "x" ? in : width);
    }
  }
  return total;
}

TEST(Recipes, OfTheTableAreReadWithTheirParameters) {
  WEFT_NEEDS_SHARED("data/nasbench_nlp/nasbench_nlp_wikitext2.csv");
  const Space space = Space::load("nasbench_nlp");
  const std::vector<Row> rows = table();
  ASSERT_EQ(rows.size(), 345U);
  int with_unused = 0;
  std::set<std::string> ids;
  for (const Row& row : rows) {
    const auto genome = from_json(space, row.recipe);
    ASSERT_TRUE(genome.has_value()) << genome.error();
    const auto architecture = decode(space, *genome, space.input);
    ASSERT_TRUE(architecture.has_value()) << architecture.error();
    // Their output adds a bias for each of the 33,278 words, which weft's has not.
    EXPECT_EQ(architecture->counts.params + 33'278 + unused_params(row.recipe), row.params) << row.recipe;
    with_unused += unused_params(row.recipe) > 0;
    ids.insert(id(space, *genome));
    EXPECT_EQ(from_text(space, to_text(space, *genome)).value().programs[0]->id, genome->programs[0]->id);
  }
  RecordProperty("with_unused", with_unused);
  RecordProperty("distinct", static_cast<int>(ids.size()));
}

const char* const kGru = R"({"r": {"op": "linear", "input": ["x", "h_prev_0"]}, "r_act": {"op": "activation_sigm",
"input": ["r"]}, "z": {"op": "linear", "input": ["x", "h_prev_0"]}, "z_act": {"op": "activation_sigm", "input": ["z"]},
"rh": {"op": "elementwise_prod", "input": ["r_act", "h_prev_0"]}, "h_tilde": {"op": "linear", "input": ["x", "rh"]},
"h_tilde_act": {"op": "activation_tanh", "input": ["h_tilde"]}, "h_new_0": {"op": "blend", "input": ["z_act", "h_prev_0",
"h_tilde_act"]}})";

TEST(Recipes, AreTheProgramsThatOneWouldWrite) {
  const Space space = Space::load("nasbench_nlp");
  const Json recipe = Json::parse(kGru);
  const std::string wanted = block::id(test::shipped_block("nasbench_nlp_gru"));
  EXPECT_EQ(from_json(space, recipe)->programs[0]->id, wanted) << "alone";
  EXPECT_EQ(from_json(space, {{"cell", recipe}})->programs[0]->id, wanted) << "as the gene's value";
}

TEST(Recipes, AreRefusedWithTheNode) {
  const Space space = Space::load("nasbench_nlp");
  const auto error = [&](const char* recipe) {
    const auto genome = from_json(space, {{"cell", Json::parse(recipe)}});
    return genome ? "" : genome.error();
  };
  EXPECT_EQ(error(R"({"a": {"op": "linear", "input": ["x"]}})"), "gene 'cell': no node is called h_new_0");
  EXPECT_EQ(error(R"({"h_new_1": {"op": "linear", "input": ["x"]}})"),
            "gene 'cell': there is no node h_new_0, but a later state");
  EXPECT_EQ(error(R"({"h_new_0": {"op": "linear", "input": ["y"]}})"),
            "gene 'cell': node 'h_new_0' takes 'y', which is no node");
  EXPECT_EQ(error(R"({"h_new_0": {"op": "linear", "input": ["h_prev_1"]}})"),
            "gene 'cell': node 'h_new_0' takes h_prev_1, but there is no h_new_1");
  EXPECT_EQ(error(R"({"h_new_0": {"op": "linear", "input": ["h_new_0"]}})"),
            "gene 'cell': node 'h_new_0' needs itself");
  EXPECT_EQ(error(R"({"h_new_0": {"op": "blend", "input": ["x", "x"]}})"),
            "gene 'cell': node 'h_new_0': blend does not take 2 inputs");
  EXPECT_EQ(error(R"({"h_new_0": {"op": "pool", "input": ["x", "x"]}})").substr(0, 41),
            "gene 'cell': node 'h_new_0': no op 'pool'");
  EXPECT_EQ(error(R"({"h_new_0": {"op": "linear", "input": []}})"),
            "gene 'cell': node 'h_new_0' needs a list of inputs");
  EXPECT_EQ(error(R"({"h_new_0": {"op": "linear", "input": [1]}})"),
            "gene 'cell': node 'h_new_0': an input is a name, not 1");
  EXPECT_EQ(error(R"({"h_new_0": 1})"), "gene 'cell': a recipe is an object of nodes, each with an op and its inputs");
  Json many = {{"h_new_0", {{"op", "linear"}, {"input", {"x"}}}}};
  for (int i = 0; i < 200; ++i) many["n" + std::to_string(i)] = many["h_new_0"];
  EXPECT_EQ(error(many.dump().c_str()), "gene 'cell': 201 nodes; a recipe has at most 128");
}

TEST(Recipes, StandForCellsOfTheirShapes) {
  const Space space = Space::load("nasbench_nlp");
  const auto genome =
      from_json(space, Json::parse(R"({"h_new_0": {"op": "elementwise_sum", "input": ["x", "h_prev_0"]}})"));
  ASSERT_TRUE(genome.has_value());
  EXPECT_EQ(decode(space, *genome, space.input).error(),
            "layer 0: add: the two sides must have equal shapes: [batch, 1, 400] and [batch, 1, 600]");
}

TEST(Recipes, NeedAProgramThatScans) {
  EXPECT_EQ(with_recipe(test::shipped_block("gpt2"), Json::parse(kGru)).error(),
            "the program gpt2 scans no cell that a recipe could stand for");
}

}  // namespace
}  // namespace weft::space
