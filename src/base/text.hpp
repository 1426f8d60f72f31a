// Small questions about text: nearest names, valid UTF-8, numbers as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::base {

/// The candidate nearest to `name` by edit distance, if one is near enough to be meant.
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?" or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

/// "a, b or c".
std::string either(const std::vector<std::string>& names);

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::vector<std::string> split_lines(std::string_view text);
std::string_view trim(std::string_view text);

/// Whether the bytes are UTF-8 without overlong forms, surrogates or NUL.
bool is_utf8(std::string_view text);
/// The text with each invalid byte replaced by U+FFFD, so that it may be stored or shown.
std::string to_utf8(std::string_view text);
/// At most `limit` bytes of the text, cut between characters, and … where it was cut.
std::string shorten(std::string_view text, std::size_t limit);

/// Bytes of a list of names in a message, at most.
constexpr std::size_t kShownNames = 300;
/// Control characters escaped and invalid bytes replaced: what may stand in an error message.
std::string one_line(std::string_view text);
/// At most `limit` bytes of the text on one line, in quotes.
std::string quote(std::string_view text, std::size_t limit = 80);

/// The shortest decimal text that reads back as the same double: "4", "0.1", "100000", "1e+30".
std::string number_text(double value);
/// 1234567 → "1.23M".
std::string short_count(double value);
/// "1234567" → "1,234,567".
std::string grouped(std::string digits);
/// 75.2 → "1m15s".
std::string short_duration(double seconds);

}  // namespace weft::base
