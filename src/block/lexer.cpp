#include "block/lexer.hpp"

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
      if (line_start_ && open_ == 0 && !indentation()) return tl::unexpected(error_);
      if (at_ < text_.size() && !token()) return tl::unexpected(error_);
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
    error_ = {message, name_, line_, column(), {}};
    return tl::unexpected(error_);
  }

  void add(Token::Kind kind, std::string text, double number = 0) {
    tokens_.push_back({kind, std::move(text), number, line_, column()});
  }

  void end_line() {
    ++at_;
    ++line_;
    line_begin_ = at_;
    line_start_ = true;
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
      if (open_ == 0 && !line_start_) add(Token::Kind::newline, "");
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
    const std::size_t start = at_;
    while (start < text_.size() && at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string text(text_.substr(start, at_ - start));
    at_ = start;
    if (text.size() > 64) {
      fail("a name has at most 64 letters");
      return false;
    }
    add(Token::Kind::name, text);
    at_ += text.size();
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
      if (known == "(") ++open_;
      if (known == ")" && open_ > 0) --open_;
      at_ += known.size();
      return true;
    }
    const std::size_t length = (static_cast<unsigned char>(text_[at_]) & 0x80U) != 0 ? 4 : 1;
    fail("the character " + base::quote(text_.substr(at_, length)) + " does not belong in a program");
    return false;
  }

  std::string_view text_;
  std::string name_;
  std::size_t at_ = 0, line_begin_ = 0;
  int line_ = 1, open_ = 0;
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
