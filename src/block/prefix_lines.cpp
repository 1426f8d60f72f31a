#include <algorithm>
#include <array>

#include "block/prefix_search.hpp"

namespace weft::block {
namespace {

using Kind = PrefixItem::Kind;
using Stage = PrefixScope::Stage;

constexpr std::size_t kMaxNames = 8;  // on the left of one split
constexpr int kChecks = 20;           // whole programs that are checked for one text

// The column at which the line has to begin; where it has begun already and may choose, the one where it did.
int wanted_indent(const PrefixScope& scope, const Line& line) {
  if (scope.stage == Stage::header) return 0;
  if (scope.indent > 0) return scope.indent;
  return line.indent > 0 ? line.indent : 4;
}

}  // namespace

bool is_free_name(std::string_view name) {
  static constexpr std::array kWords{"true", "false", "return", "def",  "for", "while", "if",     "import",
                                     "from", "class", "lambda", "with", "try", "print", "assert", "pass"};
  const bool small = !name.empty() && (name[0] == '_' || (name[0] >= 'a' && name[0] <= 'z'));
  return small && find_op(name) == nullptr && std::find(kWords.begin(), kWords.end(), name) == kWords.end();
}

std::optional<PrefixScope> PrefixSearch::read() {
  if (line_.indent != wanted_indent(*scope_, line_)) return std::nullopt;
  std::optional<PrefixScope> after;
  line([&](const PrefixScope& scope) {
    after = scope;
    return true;
  });
  return after;
}

std::optional<std::string> PrefixSearch::complete() {
  const int indent = wanted_indent(*scope_, line_);
  const bool begun = !line_.tokens.empty() || !line_.open.empty();
  if (line_.indent > indent || (begun && line_.indent != indent)) return std::nullopt;
  if (!begun) out_.append(static_cast<std::size_t>(indent - line_.indent), ' ');
  if (!line([&](const PrefixScope& scope) { return go_on_after(scope); })) return std::nullopt;
  return std::move(out_);
}

// After the line that the text ends in: a return, and the program is whole.
bool PrefixSearch::go_on_after(const PrefixScope& scope) {
  if (scope.stage == Stage::returned) return whole();
  const PrefixScope* before = std::exchange(scope_, &scope);
  numbers_.clear();
  bridges_.clear();
  bridged_ = false;
  const std::string begin(static_cast<std::size_t>(scope.indent > 0 ? scope.indent : 4), ' ');
  const bool made = emit(begin + "return ", [&] { return returned([&](const PrefixScope&) { return whole(); }); });
  scope_ = before;
  numbers_.clear();
  bridges_.clear();
  bridged_ = false;
  return made;
}

bool PrefixSearch::whole() {
  ++checked_;
  return checked_ <= kChecks && accepts_(out_);
}

bool PrefixSearch::line(Commit then) {
  return scope_->stage == Stage::header ? header(then) : statement(then);
}

bool PrefixSearch::end_line(Done then) {
  if (const Token* token = peek()) {
    ++at_;
    return token->kind == Token::Kind::newline && then();
  }
  return emit("\n", then);
}

bool PrefixSearch::name(std::string_view preferred, bool variable, Then<bool(const std::string&)> then) {
  const auto use = [&](const std::string& text) { return (!variable || is_free_name(text)) && then(text); };
  if (const Token* token = peek()) {
    ++at_;
    return token->kind == Token::Kind::name && use(token->text);
  }
  return offer_name(preferred, use);
}

bool PrefixSearch::header(Commit then) {
  const auto usual = [&](std::string_view name, std::string_view printed) { return !plain() || name == printed; };
  const auto parameter = [&](const std::string& input) {
    if (!usual(input, "x")) return false;
    const auto end = [&] {
      PrefixScope scope = *scope_;
      scope.stage = Stage::body;
      scope.set(
          input,
          {.kind = Kind::tensor, .types = std::vector<Type>(setting_.bindings.size(), setting_.input), .values = {}});
      return then(scope);
    };
    return symbol(")", [&] { return symbol(":", [&] { return end_line(end); }); });
  };
  const auto block = [&](const std::string& called) {
    return usual(called, "block") && symbol("(", [&] { return name("x", true, parameter); });
  };
  const auto begun = [&] { return name("block", false, block); };
  if (const Token* token = peek()) {
    ++at_;
    return token->is_name("def") && begun();
  }
  return emit("def ", begun);
}

bool PrefixSearch::statement(Commit then) {
  const bool last = scope_->statements + 1 >= setting_.statements;
  if (const Token* token = peek()) {
    if (token->is_name("return")) {
      ++at_;
      return returned(then);
    }
    return !last && targets({}, then);
  }
  return emit("return ", [&] { return returned(then); }) || (!last && !open().empty() && targets({}, then));
}

bool PrefixSearch::targets(std::vector<std::string> names, Commit then) {
  return name("a", true, [&](const std::string& target) {
    std::vector<std::string> more = names;
    more.push_back(target);
    const Token* token = peek();
    if (token != nullptr && token->is(",")) {
      ++at_;
      return more.size() < kMaxNames && targets(more, then);
    }
    return symbol("=", [&] { return value(more, then); });
  });
}

bool PrefixSearch::value(const std::vector<std::string>& names, Commit then) {
  const auto parts = static_cast<int>(names.size());
  const auto assign = [&](const PrefixItem& item) {
    if ((item.kind == Kind::parts ? item.parts : 1) != parts) return false;
    if (item.kind == Kind::number && plain()) return false;
    return end_line([&] {
      PrefixScope scope = *scope_;
      scope.indent = wanted_indent(scope, line_);
      ++scope.statements;
      PrefixItem one = item;
      if (one.kind == Kind::parts) one.kind = Kind::tensor;
      one.parts = 1;
      for (const std::string& name : names) scope.set(name, one);
      return then(scope);
    });
  };
  return expression({.parts = parts}, assign);
}

bool PrefixSearch::returned(Commit then) {
  const auto finish = [&](const PrefixItem& item) {
    const auto right = [&](const Type& type) {
      const bool images = setting_.input.kind == Type::Kind::image && type.kind == Type::Kind::image;
      return type == setting_.input || images;
    };
    if (item.kind != Kind::tensor || !std::all_of(item.types.begin(), item.types.end(), right)) return false;
    return end_line([&] {
      PrefixScope scope = *scope_;
      scope.stage = Stage::returned;
      ++scope.statements;
      return then(scope);
    });
  };
  return expression(
      {.kind = peek() == nullptr && open().empty() ? Want::Kind::tensor : Want::Kind::any, .latest = true}, finish);
}

}  // namespace weft::block
