// The file of a study of rankings: what is read, and what is refused in which words.
#include "search/rank_study.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"

namespace weft::search {
namespace {

using base::Json;

Json example() {
  return {{"name", "an example"},
          {"objective", {{"minimize", "val_loss"}}},
          {"predictors", {{"inherited", "minimize"}, {"synflow", "maximize"}}},
          {"genomes",
           {{{"id", "a"},
             {"genome", {{"depth", 2}}},
             {"params", 100},
             {"flops", 1000},
             {"scores", {{"inherited", 3.5}, {"synflow", 7}}},
             {"truth", {2.5, 2.25}}},
            {{"id", "b"},
             {"genome", "two layers"},
             {"params", 200},
             {"scores", {{"synflow", 9}, {"inherited", 3.25}}},
             {"truth", {2.0}}}}}};
}

// The message of what is refused once `change` was made to the example.
template <class Change>
std::string refusal(Change change) {
  Json json = example();
  change(json);
  return test::error_of([&] { RankStudy::parse(json.dump(), "rank.json"); });
}

TEST(RankStudy, reads_a_file) {
  const test::Folder folder;
  const RankStudy study = RankStudy::read(folder.write("rank.json", example().dump(2)));
  EXPECT_EQ(study.name, "an example");
  EXPECT_EQ(study.metric, "val_loss");
  EXPECT_TRUE(study.minimize);
  ASSERT_EQ(study.genomes.size(), 2U);
  EXPECT_EQ(study.genomes[0].text, R"({"depth":2})");
  EXPECT_EQ(study.genomes[0].flops, 1000);
  EXPECT_EQ(study.genomes[1].text, "two layers");
  EXPECT_EQ(study.genomes[1].params, 200);
  EXPECT_FALSE(study.genomes[1].flops.has_value());
  ASSERT_EQ(study.predictors.size(), 2U);
  EXPECT_EQ(study.predictors[0].scores, (std::vector<double>{3.5, 3.25}));
  EXPECT_FALSE(study.predictors[1].minimize);
  EXPECT_EQ(study.truth, (std::vector<std::vector<double>>{{2.5, 2.25}, {2.0}}));
}

TEST(RankStudy, is_written_as_it_was_read) {
  const RankStudy study = RankStudy::parse(example().dump(), "rank.json");
  EXPECT_EQ(RankStudy::parse(study.to_json().dump(), "again").to_json(), study.to_json());
  EXPECT_EQ(study.to_json().at("genomes")[0].at("genome"), Json({{"depth", 2}}));
}

TEST(RankStudy, is_named_after_its_file_where_it_has_no_name) {
  Json json = example();
  json.erase("name");
  const test::Folder folder;
  EXPECT_EQ(RankStudy::read(folder.write("gpt_nano.json", json.dump())).name, "gpt_nano");
}

TEST(RankStudy, names_the_genome_in_which_something_is_wrong) {
  EXPECT_EQ(refusal([](Json& json) { json["genomes"][1]["params"] = "many"; }),
            R"(rank.json: genome 2 ('b'): 'params' is "many"; expected a whole number)");
  EXPECT_EQ(refusal([](Json& json) { json["genomes"][1].erase("id"); }),
            "rank.json: genome 2: the file needs the key 'id'");
  EXPECT_EQ(refusal([](Json& json) { json["genomes"][1]["truth"] = Json::array(); }),
            "rank.json: genome 2 ('b'): 'truth' is []; expected at least 1 values");
  EXPECT_EQ(refusal([](Json& json) {
              json["genomes"][1]["truth"] = {2.0, nullptr};
            }),
            "rank.json: genome 2 ('b'): 'truth' has null as its value 2; expected a number");
  EXPECT_EQ(refusal([](Json& json) { json["genomes"][0]["scores"].erase("synflow"); }),
            "rank.json: genome 1 ('a'): has no score of 'synflow'");
  EXPECT_EQ(
      refusal([](Json& json) { json["genomes"][0]["scores"]["synflw"] = 1; }),
      "rank.json: genome 1 ('a'): has a score of 'synflw', which is not among the predictors: inherited, synflow; "
      "did you mean 'synflow'?");
  EXPECT_EQ(refusal([](Json& json) { json["genomes"][1]["id"] = "a"; }),
            "rank.json: genome 2 ('a'): has the id of genome 1; expected one of its own");
  EXPECT_EQ(refusal([](Json& json) { json["genomes"][1] = 5; }), "rank.json: genome 2: is no JSON object");
}

TEST(RankStudy, says_what_the_file_lacks) {
  EXPECT_EQ(refusal([](Json& json) {
              json["objective"] = {{"minimise", "val_loss"}};
            }),
            "rank.json: unknown key 'minimise'; known here: minimize, maximize; did you mean 'minimize'?");
  EXPECT_EQ(refusal([](Json& json) { json["predictors"]["inherited"] = "down"; }),
            R"(rank.json: 'inherited' is "down"; expected minimize or maximize)");
  EXPECT_EQ(refusal([](Json& json) { json["predictors"]["params"] = "maximize"; }),
            "rank.json: a predictor is called 'params', as a baseline is; expected another name");
  EXPECT_EQ(refusal([](Json& json) { json["genomes"].erase(1); }),
            "rank.json: 'genomes' is " + Json::array({example()["genomes"][0]}).dump().substr(0, 60) +
                "…; expected at least 2 values");
  EXPECT_EQ(test::error_of([] { RankStudy::read("/nowhere/rank.json"); }).substr(0, 18), "/nowhere/rank.json");
}

TEST(RankStudy, refuses_numbers_that_are_none) {
  std::string text = example().dump();
  text.replace(text.find("3.5"), 3, "NaN");
  const std::string message = test::error_of([&] { RankStudy::parse(text, "rank.json"); });
  EXPECT_EQ(message.substr(0, 19), "rank.json: not JSON");
  EXPECT_TRUE(message.ends_with("(JSON has no NaN and no Infinity: leave such a genome out)")) << message;
  RankStudy study = RankStudy::parse(example().dump(), "rank.json");
  study.truth[1][0] = std::nan("");
  EXPECT_EQ(test::error_of([&] { study.check("here"); }),
            "here: genome 2 ('b'): its truth is nan; expected a finite number");
  study.truth[1][0] = 2;
  study.predictors[0].scores[0] = HUGE_VAL;
  EXPECT_EQ(test::error_of([&] { study.check("here"); }),
            "here: genome 1 ('a'): its score of 'inherited' is inf; expected a finite number");
  study.predictors[0].scores.pop_back();
  EXPECT_EQ(test::error_of([&] { study.check("here"); }), "here: predictor 'inherited' has 1 values for 2 genomes");
}

}  // namespace
}  // namespace weft::search
