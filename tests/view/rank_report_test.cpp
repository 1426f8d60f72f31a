// Reports of rankings: what stands in them, how wide the text is, and that no name in a study can make the page act.
#include "view/rank_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/rankings.hpp"

namespace weft::view {
namespace {

using base::Json;

search::RankStudy example() {
  return test::study_of(30, 2, 0.3, {{"inherited", 0.98}, {"a_rather_long_name_of_a_proxy", 0.5, false}});
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// The data that the page's charts are drawn from.
Json embedded(const std::string& page) {
  const std::string begin = "const study = ";
  const std::size_t at = page.find(begin) + begin.size();
  return Json::parse(page.substr(at, page.find(";\n", at) - at));
}

TEST(RankReport, prints_a_line_for_every_predictor_and_both_baselines) {
  const std::string text = render_rank(example(), RankFormat::text, 100);
  for (const char* name : {"inherited ", "a_rather_long_name_of_a_proxy ", "params ", "flops ", "random "})
    EXPECT_EQ(count(text, std::string("\n") + name), 1) << name << text;
  for (const char* part : {"30 genomes, 2 seeds each; val_loss, lower is better", "regret@1", "regret@10", "  yes\n",
                           "  baseline\n", "2000 draws"})
    EXPECT_NE(text.find(part), std::string::npos) << part << text;
}

TEST(RankReport, keeps_its_lines_within_the_width_that_it_is_given) {
  search::RankStudy study = example();
  study.predictors[0].name = std::string(300, 'n');
  for (const search::RankStudy& one : {example(), study}) {
    for (const std::size_t width : {120U, 80U, 60U, 48U}) {
      for (const std::string& line : base::split_lines(render_rank(one, RankFormat::text, width))) {
        const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
        EXPECT_LE(static_cast<std::size_t>(columns), width) << line;
      }
    }
  }
}

TEST(RankReport, says_that_a_few_genomes_have_no_intervals) {
  const std::string text = render_rank(test::study_of(4, 1, 0.5, {{"a", 0.5}}), RankFormat::text);
  EXPECT_NE(text.find("No intervals: they need 10 genomes."), std::string::npos) << text;
  EXPECT_NE(text.find("With one seed"), std::string::npos) << text;
  EXPECT_NE(text.find("4 genomes, 1 seed each"), std::string::npos) << text;
  EXPECT_EQ(text.find("regret@5"), std::string::npos) << text;
}

TEST(RankReport, gives_the_same_numbers_as_json) {
  const Json json = Json::parse(render_rank(example(), RankFormat::json));
  EXPECT_EQ(json.at("metric"), "val_loss");
  EXPECT_EQ(json.at("rankings").size(), 4U);
  EXPECT_EQ(json.at("rankings")[0].at("name"), "inherited");
  EXPECT_EQ(json.at("rankings")[0].at("beats_params"), "yes");
  EXPECT_EQ(json.at("rankings")[0].at("regret").size(), 3U);
  EXPECT_EQ(json.at("rankings")[0].at("tau").at("interval").size(), 2U);
}

TEST(RankReport, is_one_page_with_every_point_in_it) {
  const std::string page = render_rank(example(), RankFormat::html);
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_EQ(page.find("src=\"http"), std::string::npos);
  const Json data = embedded(page);
  EXPECT_EQ(data.at("genomes").size(), 30U);
  EXPECT_EQ(data.at("predictors").size(), 4U);
  EXPECT_EQ(data.at("genomes")[3].at("truth").size(), 2U);
  EXPECT_EQ(count(page, "class=\"chart\""), 4);
  EXPECT_NE(page.find("badge yes"), std::string::npos);
}

TEST(RankReport, lets_no_name_in_a_study_end_its_script_or_its_markup) {
  const std::string hostile = "</script><img src=x onerror=alert(1)>\" ' {{{study}}} \n & <b>";
  search::RankStudy study = example();
  const std::string clean = render_rank(study, RankFormat::html);
  study.name = study.metric = study.predictors[0].name = study.genomes[0].id = study.genomes[0].text = hostile;
  const std::string page = render_rank(study, RankFormat::html);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(count(page, "</script>"), count(clean, "</script>"));
  EXPECT_EQ(embedded(page).at("genomes")[0].at("id"), hostile);
  EXPECT_EQ(render_rank(study, RankFormat::text).find('\x01'), std::string::npos);
}

TEST(RankReport, refuses_a_study_that_does_not_hold_together) {
  search::RankStudy study = example();
  study.truth.pop_back();
  EXPECT_EQ(test::error_of([&] { render_rank(study, RankFormat::text); }),
            "a study: the truth has 29 values for 30 genomes");
}

}  // namespace
}  // namespace weft::view
