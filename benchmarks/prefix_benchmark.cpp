// What a check of an unfinished program costs, for pieces that are accepted and for pieces that are refused: the
// blocks that weft ships, cut into words, and at each place the words of all of them.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <vector>

#include "base/files.hpp"
#include "base/random.hpp"
#include "block/prefix.hpp"

namespace {

using namespace weft;
using Clock = std::chrono::steady_clock;

constexpr int kOthers = 12;  // words that are tried at each place

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> list;
  bool before = false;
  for (const char c : text) {
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    if (list.empty() || !letter || !before) list.emplace_back();
    list.back() += c;
    before = letter;
  }
  return list;
}

struct Times {
  std::vector<double> microseconds;
  void add(Clock::duration time) { microseconds.push_back(std::chrono::duration<double, std::micro>(time).count()); }
  void print(const char* name) {
    std::sort(microseconds.begin(), microseconds.end());
    double sum = 0;
    for (const double time : microseconds) sum += time;
    const auto count = static_cast<double>(microseconds.size());
    const auto at = [&](double share) { return microseconds[static_cast<std::size_t>(share * (count - 1))]; };
    fmt::print("| {:8} | {:6} | {:9.0f} | {:8.0f} | {:8.0f} | {:8.0f} | {:8.0f} |\n", name, count, 1e6 * count / sum,
               sum / count, at(0.5), at(0.99), at(1));
  }
};

}  // namespace

int main() {
  std::vector<std::string> texts;
  std::vector<std::string> known;
  for (const std::string& name : base::list_data("search_spaces/blocks", ".block")) {
    if (name.starts_with("nasbench") || name.starts_with("natsbench")) continue;
    texts.push_back(base::read_file(base::home() / "search_spaces/blocks" / (name + ".block")));
    for (const std::string& word : words(texts.back())) known.push_back(word);
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  Times accepted, refused;
  base::Random random(1);
  for (const bool causal : {true, false}) {
    const auto setting = std::make_shared<const block::Prefix::Setting>(
        block::Prefix::Setting{.bindings = {{{"D", 64}, {"H", 4}, {"R", 2}, {"B", 1}}},
                               .input = {64, false},
                               .place = {.causal = causal, .grid = !causal},
                               .fits = {}});
    for (const std::string& text : texts) {
      block::Prefix prefix(setting);
      for (const std::string& word : words(text)) {
        for (int i = 0; i < kOthers; ++i) {
          block::Prefix other = prefix;
          const std::string& piece = random.pick(known);
          const auto start = Clock::now();
          const bool taken = other.extend(piece);
          (taken ? accepted : refused).add(Clock::now() - start);
        }
        const auto start = Clock::now();
        const bool taken = prefix.extend(word);
        (taken ? accepted : refused).add(Clock::now() - start);
        if (taken) continue;
        fmt::print("refused {} after '{}'\n", word, prefix.text().substr(prefix.text().rfind('\n') + 1));
        break;
      }
    }
  }
  fmt::print("| checks | number | a second | mean us | median | 99 % | most |\n|---|---|---|---|---|---|---|\n");
  accepted.print("accepted");
  refused.print("refused");
}
