// Draws the tokens of a local model so that a Checker takes the text that they make: from the model's distribution over
// what is accepted, by drawing again without what was refused.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"
#include "llm/chat.hpp"

namespace weft::llm {

class CheckedSampler {
 public:
  static constexpr int kNone = -1;

  /// The text of every token, and those that end a reply. One without a text is never drawn.
  CheckedSampler(std::vector<std::string> texts, const std::vector<int>& ends);
  CheckedSampler(CheckedSampler&&) = default;
  CheckedSampler(const CheckedSampler&) = delete;

  /// The next token of a reply with room for `room` tokens and an end, which the checker has taken then; the likeliest
  /// where the temperature is 0. Where all that is likely is refused, the first of the text that finishes the reply;
  /// kNone where no token is it.
  int next(std::span<const float> logits, double temperature, int room, Checker& checker, base::Random& random);

  /// How many tokens write this text, each the longest that fits; most of an int where none do.
  int count(std::string_view text) const;
  const std::string& text(int token) const { return texts_[static_cast<std::size_t>(token)]; }

 private:
  double weigh(std::span<const float> logits, double temperature);
  int draw(double at) const;
  int likeliest() const;
  bool takes(int token, int room, Checker& checker) const;
  double drop(int token, const Checker& checker);
  int first(std::string_view text) const;

  std::vector<std::string> texts_;
  std::vector<bool> ends_;
  std::vector<int> sorted_;  // those that have a text, by it
  std::unordered_map<std::string_view, int> tokens_;
  std::size_t longest_ = 0;  // of the texts
  std::vector<float> weights_;
  std::vector<std::string_view> taken_;  // beginnings of refused tokens that were not
};

}  // namespace weft::llm
