#include "block/lexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"

namespace weft::block {
namespace {

constexpr std::size_t kMaxText = 64 << 10;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  Lexer(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Checked<std::vector<Token>> run() {
    if (text_.size() > kMaxText) return fail("a program has at most 65536 bytes");
    while (at_ < text_.size()) {
      if (line_start_ && open_.empty() && !indentation()) return tl::unexpected(error_);
      if (at_ < text_.size() && !token()) return tl::unexpected(error_);
    }
    if (!open_.empty()) {
      at_ = open_.back();
      line_ = static_cast<int>(std::count(text_.begin(), text_.begin() + at_, '\n')) + 1;
      line_begin_ = text_.rfind('\n', at_) + 1;
      return fail("'(' is never closed");
    }
    if (!tokens_.empty() && tokens_.back().kind != Token::Kind::newline) add(Token::Kind::newline, "");
    while (indents_.size() > 1) {
      indents_.pop_back();
      add(Token::Kind::dedent, "");
    }
    add(Token::Kind::end, "");
    return std::move(tokens_);
  }

 private:
  int column() const { return static_cast<int>(at_ - line_begin_) + 1; }

  tl::unexpected<Diagnostic> fail(const std::string& message) {
    const std::string_view rest = text_.substr(line_begin_, 1000);
    error_ = {message, name_, line_, column(), std::string(rest.substr(0, rest.find_first_of("\r\n")))};
    return tl::unexpected(error_);
  }

  void add(Token::Kind kind, std::string text, double number = 0) {
    tokens_.push_back({kind, std::move(text), number, line_, column()});
  }

  void end_line() {
    ++at_;
    ++line_;
    line_begin_ = at_;
    line_start_ = open_.empty();
  }

  // Reads the white space a line starts with. Returns false after an error.
  bool indentation() {
    int width = 0;
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
      width += text_[at_] == '\t' ? 8 - width % 8 : 1;
      ++at_;
    }
    if (at_ == text_.size() || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '#') return true;
    line_start_ = false;
    if (width > indents_.back()) {
      indents_.push_back(width);
      add(Token::Kind::indent, "");
    }
    while (width < indents_.back()) {
      indents_.pop_back();
      add(Token::Kind::dedent, "");
    }
    if (width != indents_.back()) {
      fail("indentation matches no line above");
      return false;
    }
    return true;
  }

  bool token() {
    const char c = text_[at_];
    if (c == '\n') {
      if (open_.empty() && !line_start_) add(Token::Kind::newline, "");
      end_line();
      return true;
    }
    if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
      return true;
    }
    if (c == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      return true;
    }
    if (is_letter(c)) return word();
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return number();
    return symbol();
  }

  bool word() {
    std::size_t end = at_;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    if (end - at_ > 64) {
      fail("a name has at most 64 letters");
      return false;
    }
    add(Token::Kind::name, std::string(text_.substr(at_, end - at_)));
    at_ = end;
    return true;
  }

  bool number() {
    double value = 0;
    const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    const std::size_t next = static_cast<std::size_t>(end - text_.data());
    if (code != std::errc() || !std::isfinite(value) || (next < text_.size() && is_letter(text_[next]))) {
      fail("not a number that can be used");
      return false;
    }
    add(Token::Kind::number, std::string(text_.substr(at_, next - at_)), value);
    at_ = next;
    return true;
  }

  bool symbol() {
    for (const std::string_view known :
         {"//", "**", "==", "(", ")", ",", "=", ":", "+", "-", "*", "/", "%", "@", "[", "]", ".", ";"}) {
      if (text_.substr(at_, known.size()) != known) continue;
      add(Token::Kind::symbol, std::string(known));
      if (known == "(") open_.push_back(at_);
      if (known == ")" && !open_.empty()) open_.pop_back();
      at_ += known.size();
      return true;
    }
    fail("the character " + foreign() + " does not belong in a program");
    return false;
  }

  // The character that stands here; beyond ASCII with its number, since it may look like another.
  std::string foreign() const {
    const auto lead = static_cast<unsigned char>(text_[at_]);
    const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const std::string_view character = text_.substr(at_, length);
    if (!base::is_utf8(character) || lead < 0x80) return base::quote(character.substr(0, 1));
    unsigned code = lead & (0x7FU >> length);
    for (const char next : character.substr(1)) code = code << 6U | (static_cast<unsigned char>(next) & 0x3FU);
    return fmt::format("{} (U+{:04X})", base::quote(character), code);
  }

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0, line_begin_ = 0;
  int line_ = 1;
  std::vector<std::size_t> open_;  // where the parentheses that are open stand
  bool line_start_ = true;
  std::vector<int> indents_{0};
  std::vector<Token> tokens_;
  Diagnostic error_;
};

}  // namespace

Checked<std::vector<Token>> tokenize(std::string_view text, const std::string& name) {
  return Lexer(text, name).run();
}

}  // namespace weft::block
