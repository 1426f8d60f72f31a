// Reports of runs of every kind: self-contained, and with nothing in them that a model could make act.
#include "view/report.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "search/session.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/regex.hpp"
#include "tests/support/trials.hpp"
#include "view/summary.hpp"

namespace weft::view {
namespace {

using base::Json;
using journal::Outcome;
using journal::Trial;

const std::vector<std::string>& hostile() {
  static const std::vector<std::string> kTexts{"<script>alert(1)</script>",
                                               "</script><img src=x onerror=alert(1)>",
                                               "\"><svg onload=alert(1)>",
                                               "' onmouseover='alert(1)",
                                               "a | b\nc | d",
                                               "```\n# heading",
                                               "<!-- <script>",
                                               "{{{run}}} {{name}}",
                                               "\xE2\x80\xA8 \\u003cscript\\u003e",
                                               std::string(200'000, 'x')};
  return kTexts;
}

class Report : public ::testing::Test {
 protected:
  explicit Report(const std::string& objective = "{minimize: loss}", const std::string& space = "gpt_nano") {
    experiment_ = search::Experiment::load(
        folder_.write("t.yaml", "space: " + space + "\nevaluate: {command: {run: [program]}}\nobjective: " + objective +
                                    "\nsearch: {method: random, trials: 100}\n"),
        {});
    experiment_.resolve();
    Json header = experiment_.header();
    header["data"] = {{"hash", ""}, {"description", ""}};
    header["prices"] = Json::object();
    header["environment"] = {{"weft", "0"}, {"cores", 2}, {"devices", {"CPU"}}};
    journal_ = journal::Journal::in_memory(header);
    journal_->add_event("start", "");
  }
  space::Genome genome() {
    base::Random random(static_cast<std::uint64_t>(journal_->size()));
    return space::sample(experiment_.space, random);
  }
  void close(Trial trial, const std::string& text = "op") {
    trial.proposal.lineage.op = text;
    journal_->close(trial, trial.outcome ? "k" + std::to_string(trial.id) : "");
  }
  void good(double loss, std::vector<journal::TrialId> parents = {}) {
    Outcome outcome = test::outcome_of({{"loss", loss}, {"params", 1e5 / loss}});
    outcome.curve.push_back({{"step", 1}, {"val_loss", loss}});
    outcome.curve.push_back({{"step", 2}, {"val_loss", loss / 2}});
    Trial trial = test::trial_of(experiment_.space, journal_->size(), genome(), outcome);
    trial.proposal.lineage.parents = std::move(parents);
    close(trial);
  }
  void failed(const std::string& detail) {
    close(test::trial_of(experiment_.space, journal_->size(), genome(), Outcome::failed("diverged", detail)));
  }
  void invalid(const std::string& why) { close(test::invalid_trial(journal_->size(), why)); }
  // Every text that somebody else wrote, in every place where one may stand.
  void add_everything(const std::string& text) {
    failed(text);
    invalid(text);
    const auto id = journal_->size();
    journal_->add_call({.trial = id,
                        .attempt = 0,
                        .request = {{"messages", {{{"role", text}, {"text", text}}}}, {"temperature", 1}},
                        .prompt_hash = text,
                        .model = text,
                        .replies = {text},
                        .usage = Json::object(),
                        .usd = 0.5,
                        .seconds = 1,
                        .requests = 1});
    Trial trial = test::trial_of(experiment_.space, id, genome(), test::outcome_of({{"loss", 0.5}, {text, 1}}));
    trial.proposal.lineage = {.op = text, .parents = {id - 1}, .call = id, .index = 0};
    journal_->close(trial, "k" + std::to_string(id));
  }
  std::string html() const { return render_report(*journal_, Format::html); }
  std::string markdown() const { return render_report(*journal_, Format::markdown); }
  Json json() const { return Json::parse(render_report(*journal_, Format::json)); }

  // The data of the charts, as a browser reads it.
  static Json embedded(const std::string& page) {
    const std::string begin = "const run = ";
    const std::size_t at = page.find(begin), end = page.find(";\n", at);
    EXPECT_NE(at, std::string::npos);
    return Json::parse(page.substr(at + begin.size(), end - at - begin.size()));
  }
  // The page without its two scripts and its style; the test fails where there are more or fewer.
  static std::string without_scripts(std::string page) {
    int scripts = 0;
    for (std::size_t at = page.find("<script>"); at != std::string::npos; at = page.find("<script>")) {
      const std::size_t end = page.find("</script>", at);
      if (end == std::string::npos) break;
      page.erase(at, end + 9 - at);
      ++scripts;
    }
    EXPECT_EQ(scripts, 2);
    return page;
  }
  static int count(const std::string& text, const std::string& part) {
    int found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }
  // Every row of a Markdown table has as many cells as its head.
  static void expect_tables(const std::string& markdown) {
    int cells = 0, fences = 0;
    for (const std::string& line : base::split_lines(markdown)) {
      fences += line.starts_with("```");
      if (fences % 2 == 1) continue;
      int bars = 0;
      for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
      if (!line.starts_with("|")) {
        cells = 0;
        continue;
      }
      if (cells == 0) cells = bars;
      EXPECT_EQ(bars, cells) << line;
    }
    EXPECT_EQ(fences % 2, 0);
  }
  void expect_all_formats() const {
    const std::string page = html();
    EXPECT_EQ(embedded(page).at("trials").size(), static_cast<std::size_t>(journal_->size()));
    EXPECT_TRUE(page.ends_with("</html>\n"));
    without_scripts(page);
    expect_tables(markdown());
    EXPECT_EQ(json().at("trials").size(), static_cast<std::size_t>(journal_->size()));
    EXPECT_FALSE(closing_words(json(), "trials", "runs/x", "weft resume runs/x").empty());
  }

  test::Folder folder_;
  search::Experiment experiment_;
  std::unique_ptr<journal::Journal> journal_;
};

TEST_F(Report, OfNoTrial) {
  expect_all_formats();
  EXPECT_FALSE(json().contains("best"));
}

TEST_F(Report, OfOneTrial) {
  good(2);
  expect_all_formats();
  EXPECT_EQ(json().at("best").at("trial"), 0);
  EXPECT_EQ(json().at("counts").at("evaluated"), 1);
  EXPECT_EQ(json().at("pareto"), Json({0}));
}

TEST_F(Report, OfFailedTrialsAlone) {
  for (int i = 0; i < 3; ++i) failed("at step 3");
  expect_all_formats();
  EXPECT_FALSE(json().contains("best"));
  EXPECT_EQ(json().at("problems"), Json::parse(R"([{"count": 3, "kind": "diverged", "reason": "at step 3"}])"));
}

TEST_F(Report, CountsWhatAThresholdRefusedByTheThreshold) {
  for (const char* is : {"0.031", "0.0305"})
    close(
        test::trial_of(experiment_.space, journal_->size(), genome(),
                       Outcome::failed("threshold", std::string("latency: latency_s is ") + is + ", more than 0.03")));
  EXPECT_EQ(json().at("problems"),
            Json::parse(R"([{"count": 2, "kind": "threshold", "reason": "latency: latency_s more than 0.03"}])"));
}

TEST_F(Report, OfInvalidTrialsAlone) {
  for (int i = 0; i < 3; ++i) invalid("no genome");
  expect_all_formats();
  EXPECT_EQ(json().at("counts").at("invalid"), 3);
  EXPECT_NE(markdown().find("| 3 | invalid | no genome |"), std::string::npos);
}

TEST_F(Report, OfAWinnerWithItsLine) {
  good(4);
  good(3, {0});
  good(5);
  good(2, {1, 2});
  expect_all_formats();
  const Json best = json().at("best");
  EXPECT_EQ(best.at("trial"), 3);
  ASSERT_EQ(best.at("lineage").size(), 3U);
  EXPECT_EQ(best.at("lineage")[0].at("trial"), 0) << "through the better parent";
  EXPECT_NE(html().find("<svg"), std::string::npos);
}

TEST_F(Report, OfTrialsWhoseScoreIsNoNumber) {
  good(2);
  close(test::trial_of(experiment_.space, 1, genome(), test::outcome_of({{"loss", std::nan("")}})));
  close(test::trial_of(experiment_.space, 2, genome(), test::outcome_of({{"params", 5}})));
  expect_all_formats();
  EXPECT_EQ(json().at("best").at("trial"), 0);
}

TEST_F(Report, ShowsTestScoresOfTheWinnerAlone) {
  good(3);
  good(2);
  Outcome final = test::outcome_of({{"loss", 2}});
  final.test["test_loss"] = 2.1234;
  journal_->set("final", {{"key", "k"}, {"trial", 1}, {"outcome", final.to_json()}});
  EXPECT_NE(html().find("2.1234"), std::string::npos);
  journal_->set("final", {{"key", "k"}, {"trial", 0}, {"outcome", final.to_json()}});
  EXPECT_EQ(html().find("2.1234"), std::string::npos) << "a later winner has none yet";
}

TEST_F(Report, NeedsNothingElse) {
  good(3);
  good(2, {0});
  const std::string page = without_scripts(html());
  const std::regex outside(R"((src|href|action|data)\s*=\s*["']?\s*(https?:)?//)", std::regex::icase);
  EXPECT_FALSE(std::regex_search(page, outside));
  EXPECT_EQ(page.find("<link"), std::string::npos);
  EXPECT_EQ(page.find("@import"), std::string::npos);
  EXPECT_EQ(page.find("url("), std::string::npos);
  EXPECT_EQ(page.find("<iframe"), std::string::npos);
}

TEST_F(Report, LetsNoTextAct) {
  good(3);
  const std::string plain = html();
  for (const std::string& text : hostile()) add_everything(text);
  const std::string page = html(), words = without_scripts(page);
  EXPECT_EQ(count(page, "</script>"), count(plain, "</script>"));
  EXPECT_EQ(count(page, "<script"), count(plain, "<script"));
  EXPECT_EQ(count(page, "<img"), count(plain, "<img"));
  EXPECT_EQ(words.find("<!-- <script"), std::string::npos);
  EXPECT_EQ(words.find("<svg onload"), std::string::npos);
  EXPECT_EQ(words.find("<h1>{"), std::string::npos);
  EXPECT_EQ(count(words, "<h1>"), 1);
  EXPECT_NE(words.find("{{{run}}} {{name}}"), std::string::npos) << "what looks like a template stays a text";
  EXPECT_NE(words.find("&lt;script&gt;alert(1)"), std::string::npos) << "what was written is shown";
  const Json run = embedded(page);
  EXPECT_EQ(run.at("trials")[1].at("failure"), "diverged");
  EXPECT_EQ(run.at("trials")[2].at("invalid"), hostile()[0]);
  EXPECT_EQ(run.at("trials")[3].at("op"), hostile()[0]);
  expect_all_formats();
}

TEST_F(Report, ReadsTextsThatAreNoUtf8) {
  good(2);
  invalid("\xFF\xFE broken");
  failed("\xC3");
  expect_all_formats();
}

class Front : public Report {
 protected:
  Front() : Report("{pareto: [loss, params]}") {}
};

TEST_F(Front, HasEveryTrialThatNoOtherBeats) {
  const auto add = [this](double loss, double params) {
    close(test::trial_of(experiment_.space, journal_->size(), genome(),
                         test::outcome_of({{"loss", loss}, {"params", params}})));
  };
  add(3, 1);
  add(2, 2);
  add(3, 2);
  add(1, 3);
  add(1, 4);
  failed("x");
  expect_all_formats();
  EXPECT_EQ(json().at("pareto"), Json({0, 1, 3}));
  EXPECT_EQ(json().at("best").at("trial"), 3) << "by the first goal";
  EXPECT_EQ(json().at("objective").size(), 2U);
}

class OpenReport : public Report {
 protected:
  OpenReport() : Report("{maximize: val_accuracy}", "gpt_nano_open") {}
};

TEST_F(OpenReport, ShowsTheWinnersProgram) {
  for (const double accuracy : {0.5, 0.75, 0.25})
    close(
        test::trial_of(experiment_.space, journal_->size(), genome(), test::outcome_of({{"val_accuracy", accuracy}})));
  expect_all_formats();
  EXPECT_EQ(json().at("best").at("trial"), 1);
  EXPECT_TRUE(json().at("best").at("program").get<std::string>().starts_with("def block(x):"));
  EXPECT_NE(html().find("def block(x):"), std::string::npos);
}

}  // namespace
}  // namespace weft::view
