// What tests of whole searches share: experiments in a folder of their own, and a model server with replies for them.
#pragma once

#include <algorithm>
#include <string>

#include "tests/e2e/weft.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/model_server.hpp"

namespace weft::e2e {

inline const std::string kKey = "sk-e2e-0123456789-recognisable";

/// A file of replies: genomes of gpt_nano, and between them what is none.
inline const std::string& replies() {
  static const test::Folder folder;
  static const std::string file = [] {
    Json list = Json::array();
    for (const Json& row : json_lines(weft({"space", "sample", "gpt_nano", "-n", "18", "--json"}).out))
      list.push_back(row.at("genome").dump());
    list[4] = "I am sorry, I cannot.";
    list[10] = R"({"embed_dim":65,"depth":2})";
    list[15] = list[15].get<std::string>().substr(0, 20);
    return folder.write("replies.json", list.dump());
  }();
  return file;
}

class Searches : public ::testing::Test {
 protected:
  std::string in_folder(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string run_folder() const { return in_folder("run"); }

  /// An experiment that counts, with the lines of `more` below it.
  std::string experiment(const std::string& method, const std::string& more = "", int trials = 16) const {
    return folder_.write("e.yaml", "space: gpt_nano\nevaluate: count\nobjective: {minimize: score}\nsearch: {method: " +
                                       method + ", trials: " + std::to_string(trials) + "}\n" + more);
  }
  /// The lines that name a server. `more` are further keys, each behind a comma.
  static std::string llm(const std::string& provider, const std::string& url, const std::string& more = "") {
    return "llm: {provider: " + provider + ", model: m, base_url: \"" + url + "\", api_key_env: WEFT_E2E_KEY" + more +
           "}\n";
  }
  static Arguments with_replies(Arguments arguments = {}) {
    arguments.insert(arguments.end(), {"--replies", replies(), "--by-request"});
    return arguments;
  }

  Ended run(const std::string& experiment, const Arguments& more = {}) const {
    Arguments arguments{"run", experiment, "-o", run_folder()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return weft(arguments);
  }
  Ended resume(const Arguments& more = {}) const {
    Arguments arguments{"resume", run_folder()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return weft(arguments);
  }

  /// The key is in nothing that was printed or written down.
  void expect_no_key(const Ended& ended) const {
    EXPECT_EQ((ended.out + ended.err).find(kKey), std::string::npos) << ended;
    for (const auto& entry : base::fs::recursive_directory_iterator(folder_.path())) {
      if (!entry.is_regular_file()) continue;
      EXPECT_EQ(base::read_file(entry.path()).find(kKey), std::string::npos) << entry.path();
    }
  }
  /// Nor in anything that shows what was.
  void expect_no_key_in_views() const {
    for (const Arguments& show : std::vector<Arguments>{{"journal", "dump", run_folder(), "--all"},
                                                        {"report", run_folder(), "--format", "md"},
                                                        {"report", run_folder(), "--json"}}) {
      const Ended shown = weft(show);
      EXPECT_EQ(shown.code, 0) << shown;
      EXPECT_EQ((shown.out + shown.err).find(kKey), std::string::npos) << show[0];
    }
  }

  const test::Folder folder_;
  const test::Environment clean_{test::no_proxies()};
  const test::Environment key_{test::Variables{{"WEFT_E2E_KEY", kKey}}};
};

inline const std::string kEvoPrompting = "{evoprompting: {initial: 4, survivors: 3, prompts: 2, samples: 4}}";
inline const std::string kGenius = "{genius: {conversations: 2, iterations: 8}}";

}  // namespace weft::e2e
