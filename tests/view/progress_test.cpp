// The progress line on a real terminal: a pseudo-terminal of a given width.
#include "view/progress.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include "base/text.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/trials.hpp"

namespace weft::view {
namespace {

// What is written to standard error goes to a terminal, while it lives.
class Terminal {
 public:
  explicit Terminal(int columns) {
    winsize size{};
    size.ws_col = static_cast<unsigned short>(columns);
    size.ws_row = 24;
    EXPECT_EQ(::openpty(&outside_, &inside_, nullptr, nullptr, &size), 0);
    before_ = ::dup(STDERR_FILENO);
    ::dup2(inside_, STDERR_FILENO);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    ::dup2(before_, STDERR_FILENO);
    for (const int fd : {before_, inside_, outside_}) ::close(fd);
  }
  // Waits until something has been drawn.
  void await() const {
    pollfd wait{outside_, POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 5000), 1) << "nothing is drawn";
  }
  // All that has been written.
  std::string read() const {
    std::string text;
    pollfd wait{outside_, POLLIN, 0};
    std::array<char, 4096> buffer{};
    while (::poll(&wait, 1, 0) > 0) {
      const ssize_t got = ::read(outside_, buffer.data(), buffer.size());
      if (got <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  int outside_ = -1, inside_ = -1, before_ = -1;
};

// Columns of UTF-8 whose every character takes one.
std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The lines that were drawn and drawn over.
std::vector<std::string> drawn_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "\033[K") == 0) {
      i += 2;
    } else if (text[i] == '\r' || text[i] == '\n') {
      if (!line.empty()) lines.push_back(line);
      line.clear();
    } else {
      line += text[i];
    }
  }
  return lines;
}

class ProgressLine : public ::testing::TestWithParam<int> {
 protected:
  std::vector<std::string> draw(const search::Status& status, const std::string& more) {
    const search::Experiment experiment =
        search::Experiment::load(folder_.write("t.yaml",
                                               "space: gpt_nano\nevaluate: {command: {run: [program]}}\nobjective: "
                                               "{minimize: a_metric_with_a_long_name}\n" +
                                                   more),
                                 {});
    search::Progress progress(evolve::Objective::from_json(experiment.checked.at("objective")));
    progress.update([&](search::Status& own) { own = status; });
    const Terminal terminal(GetParam());
    ProgressView view(experiment, progress, false);
    terminal.await();
    view.finish();
    return drawn_lines(terminal.read());
  }
  test::Folder folder_;
};

TEST_P(ProgressLine, NeverPassesTheWidthOfTheTerminal) {
  search::Status status{.closed = 1'234'567, .invalid = 1000, .duplicates = 999, .failed = 77, .under_way = 12};
  status.prompt_tokens = 1'000'000;
  for (const char* more : {"search: {method: random, trials: 2000000}\n",
                           "search: {method: genius, trials: 2000000}\nllm: {provider: llama, model: m}\nbudget: "
                           "{minutes: 5, usd: 3}\n"}) {
    const auto lines = draw(status, more);
    ASSERT_FALSE(lines.empty());
    for (const std::string& line : lines) EXPECT_LT(columns(line), static_cast<std::size_t>(GetParam())) << line;
  }
}

TEST_P(ProgressLine, OfTheTestNeverPassesItEither) {
  for (const std::string& line : draw({.phase = "testing"}, "search: {method: random, trials: 5}\n"))
    EXPECT_LT(columns(line), static_cast<std::size_t>(GetParam())) << line;
}

TEST_P(ProgressLine, OfANewBestNeverPassesItEither) {
  const auto lines =
      draw({.closed = 12'345, .best = 123.456789, .best_trial = 12'344}, "search: {method: random, trials: 20000}\n");
  ASSERT_FALSE(lines.empty());
  for (const std::string& line : lines) EXPECT_LT(columns(line), static_cast<std::size_t>(GetParam())) << line;
}

INSTANTIATE_TEST_SUITE_P(EveryWidth, ProgressLine, ::testing::Values(20, 40, 80, 200));

}  // namespace
}  // namespace weft::view
