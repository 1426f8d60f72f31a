#include "block/unfinished.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"

namespace weft::block {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class LineReader {
 public:
  LineReader(std::string_view text, const Bounds& bounds) : text_(text), bounds_(bounds) {}

  std::optional<Line> run() {
    while (at_ < text_.size() && !line_.ended) {
      const char c = text_[at_];
      const bool fits = line_.in_comment                          ? comment(c)
                        : c == '\n'                               ? end_of_line()
                        : c == ' ' || c == '\t' || c == '\r'      ? blank(c)
                        : c == '#'                                ? begin_comment()
                        : is_letter(c)                            ? word()
                        : is_digit(c) || (c == '.' && in_digit()) ? number()
                                                                  : symbol(c);
      if (!fits) return std::nullopt;
    }
    line_.size = at_;
    line_.blank = !text_.empty() && text_.back() == ' ';
    return std::move(line_);
  }

 private:
  bool in_digit() const { return at_ + 1 == text_.size() || is_digit(text_[at_ + 1]); }

  bool comment(char c) {
    if (c == '\n') {
      line_.in_comment = false;
      return end_of_line();
    }
    ++at_;
    return ++comment_ <= bounds_.comment && (c == '\t' || c == '\r' || static_cast<unsigned char>(c) >= ' ');
  }

  bool begin_comment() {
    ++at_;
    comment_ = 0;
    blanks_ = 0;
    empty_lines_ = -1;  // the line's own end
    line_.in_comment = true;
    return ++comments_ <= bounds_.comment_lines;
  }

  bool end_of_line() {
    ++at_;
    blanks_ = 0;
    if (line_.parentheses > 0 || line_.tokens.empty()) {
      if (line_.tokens.empty()) line_.indent = 0;
      return ++empty_lines_ <= bounds_.empty_lines;
    }
    line_.tokens.push_back({.kind = Token::Kind::newline, .text = {}});
    line_.ended = true;
    return true;
  }

  bool blank(char c) {
    ++at_;
    if (line_.tokens.empty()) line_.indent += c == '\t' ? 8 - line_.indent % 8 : c == ' ' ? 1 : 0;
    return ++blanks_ <= (line_.tokens.empty() ? bounds_.indent : bounds_.blanks) && (c == ' ' || !bounds_.plain);
  }

  // A token, or where it ends the text the open word.
  bool add(Token::Kind kind, std::size_t end, double value = 0) {
    std::string text(text_.substr(at_, end - at_));
    if (line_.tokens.empty()) first_ = at_;
    at_ = end;
    blanks_ = empty_lines_ = comments_ = 0;
    line_.tokens.push_back({.kind = kind, .text = std::move(text), .number = value});
    return at_ - first_ <= bounds_.line;
  }
  bool leave_open(std::size_t most) {
    line_.open = text_.substr(at_);
    at_ = text_.size();
    return line_.open.size() <= most && (line_.tokens.empty() || at_ - first_ <= bounds_.line);
  }

  bool word() {
    std::size_t end = at_;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    if (end == text_.size()) return leave_open(bounds_.name);
    return end - at_ <= bounds_.name && add(Token::Kind::name, end);
  }

  bool number() {
    std::size_t end = at_;
    const auto exponent = [&] { return end > at_ && (text_[end - 1] == 'e' || text_[end - 1] == 'E'); };
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]) || text_[end] == '.' ||
                                  ((text_[end] == '-' || text_[end] == '+') && exponent())))
      ++end;
    if (end == text_.size()) return leave_open(bounds_.number);
    const std::string_view text = text_.substr(at_, end - at_);
    const auto value = number_in(text);
    return value && text.size() <= bounds_.number && (!bounds_.plain || text == base::number_text(*value)) &&
           add(Token::Kind::number, end, *value);
  }

  bool symbol(char c) {
    if (c == '/') {
      if (at_ + 1 == text_.size()) return leave_open(1);
      return text_[at_ + 1] == '/' && add(Token::Kind::symbol, at_ + 2);
    }
    if (std::string_view("(),=:+-*").find(c) == std::string_view::npos) return false;
    if (c == '(' && ++line_.parentheses > bounds_.depth) return false;
    if (c == ')' && --line_.parentheses < 0) return false;
    return add(Token::Kind::symbol, at_ + 1);
  }

  std::string_view text_;
  const Bounds& bounds_;
  std::size_t at_ = 0, first_ = 0;
  int blanks_ = 0, empty_lines_ = 0, comment_ = 0, comments_ = 0;
  Line line_;
};

}  // namespace

std::optional<Line> read_line(std::string_view text, const Bounds& bounds) {
  return LineReader(text, bounds).run();
}

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace weft::block
