#include "tests/e2e/weft.hpp"

namespace weft::e2e {
namespace {

// The commands themselves: their help, their names, what they print for machines.
const std::vector<Arguments>& commands() {
  static const std::vector<Arguments> all{{"run"},
                                          {"resume"},
                                          {"report"},
                                          {"doctor"},
                                          {"space", "show"},
                                          {"space", "sample"},
                                          {"space", "count"},
                                          {"space", "schema"},
                                          {"space", "grammar"},
                                          {"block", "check"},
                                          {"block", "show"},
                                          {"block", "count"},
                                          {"model", "count"},
                                          {"latency", "build"},
                                          {"llm", "check"},
                                          {"table", "fetch"},
                                          {"table", "import"},
                                          {"table", "generate"},
                                          {"table", "build"},
                                          {"table", "merge"},
                                          {"table", "show"},
                                          {"table", "check"},
                                          {"table", "query"},
                                          {"table", "serve"},
                                          {"table", "surrogate"},
                                          {"table", "predict"},
                                          {"reproduce"},
                                          {"journal", "dump"}};
  return all;
}

Arguments with(Arguments arguments, const std::string& more) {
  arguments.push_back(more);
  return arguments;
}

TEST(Command, HasHelpWithAnExample) {
  for (const Arguments& command : commands()) {
    const Ended help = weft(with(command, "--help"));
    EXPECT_EQ(help.code, 0) << help;
    const std::size_t example = help.out.find("Example: weft ");
    ASSERT_NE(example, std::string::npos) << help;
    EXPECT_NE(help.out.find("weft " + base::join(command, " "), example), std::string::npos) << help;
    EXPECT_EQ(help.err, "");
  }
}

TEST(Command, HasHelpThatNamesEveryOther) {
  for (const Arguments& first :
       std::vector<Arguments>{{}, {"space"}, {"block"}, {"model"}, {"latency"}, {"llm"}, {"journal"}, {"table"}}) {
    const Ended help = weft(with(first, "--help"));
    EXPECT_EQ(help.code, 0) << help;
    for (const Arguments& command : commands()) {
      if (!first.empty() && command.front() != first.front()) continue;
      EXPECT_NE(help.out.find("\n  " + command[first.size()]), std::string::npos) << command[first.size()] << help;
    }
  }
  EXPECT_NE(weft({"--help"}).out.find("Example: weft run "), std::string::npos);
  EXPECT_TRUE(weft({"--version"}).out.starts_with("weft "));
}

TEST(Command, ThatIsWrongIsRefusedInOneLine) {
  const auto refused = [](const Arguments& arguments, const std::string& said) {
    const Ended ended = weft(arguments);
    EXPECT_EQ(ended.code, 2) << ended;
    EXPECT_EQ(ended.err, "weft: " + said + "\n");
    EXPECT_EQ(ended.out, "");
  };
  refused({}, "A subcommand is required; see weft --help");
  refused({"runn", "x.yaml"},
          "no command 'runn'; there are run, resume, report, supernet, rank, space, block, model, latency, table, "
          "reproduce, export, "
          "journal, llm, doctor; did "
          "you mean "
          "'run'?");
  refused({"space", "sho", "gpt_nano"},
          "no command 'sho'; there are show, sample, count, schema, grammar; did you mean 'show'?");
  refused({"run"}, "experiment is required; see weft run --help");
  refused({"space", "count", "gpt_nano", "--jsonn"},
          "The following argument was not expected: --jsonn; see weft space count --help");
  refused({"report", "run", "--format", "pdf"}, "--format: pdf not in {html,md,json}; see weft report --help");
  refused({"space", "sample", "gpt_nano", "-n", "0"},
          "--count: Value 0 not in range 1 to 100000000; see weft space sample --help");
}

TEST(Command, PrintsJsonForMachines) {
  const test::Folder folder;
  const std::string experiment = folder.write(
      "e.yaml",
      "space: gpt_nano\nevaluate: count\nobjective: {minimize: score}\nsearch: {method: random, trials: 4}\n");
  const std::string run = (folder.path() / "run").string();
  const std::string genome =
      json_lines(weft({"space", "sample", "gpt_nano", "-n", "1", "--json"}).out).at(0).at("genome").dump();
  for (const Arguments& command : std::vector<Arguments>{{"run", experiment, "-o", run, "--json"},
                                                         {"resume", run, "--set", "search.trials=6", "--json"},
                                                         {"journal", "dump", run},
                                                         {"journal", "dump", run, "--all"},
                                                         {"space", "sample", "vit_nano", "-n", "3", "--json"},
                                                         {"space", "count", "gpt_nano_open", "--json"},
                                                         {"block", "check", "gpt2", "--json"},
                                                         {"block", "show", "primer", "--json"},
                                                         {"block", "count", "llama", "--json"},
                                                         {"model", "count", "gpt_nano", genome, "--json"},
                                                         {"doctor", "--json"}}) {
    const Ended ended = weft(command);
    EXPECT_EQ(ended.code, 0) << ended;
    EXPECT_FALSE(json_lines(ended.out).empty()) << base::join(command, " ");
  }
  for (const Arguments& command : std::vector<Arguments>{{"report", run, "--json"},
                                                         {"report", run, "--format", "json"},
                                                         {"space", "show", "gpt_nano", "--json"},
                                                         {"space", "schema", "gpt_nano", "--json"}}) {
    const Ended ended = weft(command);
    EXPECT_EQ(ended.code, 0) << ended;
    EXPECT_TRUE(base::parse_json(ended.out)) << ended;
  }
}

}  // namespace
}  // namespace weft::e2e
