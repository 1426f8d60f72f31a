#include "llm/checked_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace weft::llm {
namespace {

constexpr int kRefusals = 200;      // tokens that a checker may refuse before its own text is taken
constexpr double kUnlikely = 1e-6;  // share of the probability that is not worth asking about
constexpr std::size_t kBegin = 2;   // characters of a refused token that are asked about by themselves

std::size_t at(int token) {
  return static_cast<std::size_t>(token);
}

}  // namespace

CheckedSampler::CheckedSampler(std::vector<std::string> texts, const std::vector<int>& ends)
    : texts_(std::move(texts)), ends_(texts_.size()) {
  for (const int token : ends) {
    ends_[at(token)] = true;
    texts_[at(token)].clear();
  }
  for (int token = 0; token < static_cast<int>(texts_.size()); ++token) {
    if (text(token).empty()) continue;
    sorted_.push_back(token);
    tokens_.emplace(text(token), token);
    longest_ = std::max(longest_, text(token).size());
  }
  std::sort(sorted_.begin(), sorted_.end(), [&](int a, int b) { return text(a) < text(b); });
}

int CheckedSampler::next(std::span<const float> logits, double temperature, int room, Checker& checker,
                         base::Random& random) {
  if (checker.completion().empty() || count(checker.completion()) < room) {
    double left = weigh(logits, temperature);
    taken_.clear();
    const double enough = kUnlikely * left;
    for (int refused = 0; refused < kRefusals && left > enough; ++refused) {
      const int token = temperature > 0 ? draw(random.uniform() * left) : likeliest();
      if (takes(token, room, checker)) return token;
      left -= drop(token, checker);
    }
  }
  const int token = first(checker.completion());
  return token != kNone && checker.extend(text(token), [](auto) { return true; }) ? token : kNone;
}

// Probabilities but for a factor, into weights_; their sum.
double CheckedSampler::weigh(std::span<const float> logits, double temperature) {
  weights_.resize(logits.size());
  const float most = *std::max_element(logits.begin(), logits.end());
  const float scale = temperature > 0 ? 1 / static_cast<float>(temperature) : 1;
  for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] = std::exp((logits[i] - most) * scale);
  return std::accumulate(weights_.begin(), weights_.end(), 0.0);
}

int CheckedSampler::draw(double at) const {
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (weights_[i] == 0) continue;
    last = i;
    at -= weights_[i];
    if (at < 0) break;
  }
  return static_cast<int>(last);
}

int CheckedSampler::likeliest() const {
  return static_cast<int>(std::max_element(weights_.begin(), weights_.end()) - weights_.begin());
}

bool CheckedSampler::takes(int token, int room, Checker& checker) const {
  if (ends_[at(token)]) return checker.complete();
  return !text(token).empty() && checker.extend(text(token), [&](std::string_view rest) {
    return static_cast<int>(rest.size()) < room || count(rest) < room;
  });
}

// Takes a refused token's weight away, and that of all that begin with its first characters where those are refused.
double CheckedSampler::drop(int token, const Checker& checker) {
  double dropped = 0;
  const auto take = [&](int one) { dropped += std::exchange(weights_[at(one)], 0.0F); };
  take(token);
  const std::string_view refused = text(token);
  for (std::size_t size = 1; size < refused.size() && size <= kBegin; ++size) {
    const std::string_view begin = refused.substr(0, size);
    if (std::find(taken_.begin(), taken_.end(), begin) != taken_.end()) continue;
    if (checker.takes(begin)) {
      taken_.push_back(begin);
      continue;
    }
    auto same = std::lower_bound(sorted_.begin(), sorted_.end(), begin,
                                 [&](int one, std::string_view other) { return text(one) < other; });
    for (; same != sorted_.end() && text(*same).starts_with(begin); ++same) take(*same);
    break;
  }
  return dropped;
}

int CheckedSampler::count(std::string_view rest) const {
  int count = 0;
  for (; !rest.empty(); ++count) {
    const int token = first(rest);
    if (token == kNone) return std::numeric_limits<int>::max();
    rest.remove_prefix(text(token).size());
  }
  return count;
}

// The longest token that the text begins with.
int CheckedSampler::first(std::string_view rest) const {
  for (std::size_t size = std::min(rest.size(), longest_); size > 0; --size) {
    if (const auto found = tokens_.find(rest.substr(0, size)); found != tokens_.end()) return found->second;
  }
  return kNone;
}

}  // namespace weft::llm
