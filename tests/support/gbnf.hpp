// A matcher for GBNF, the grammars of llama.cpp: rules, literals, character classes, groups, | ? * + and {m,n}.
#pragma once

#include <limits>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace weft::test {

class Gbnf {
 public:
  /// Throws std::runtime_error where the text is no grammar or a rule is missing.
  explicit Gbnf(std::string text) : text_(std::move(text)) {
    for (skip(true); at_ < text_.size(); skip(true)) {
      const std::string name = word();
      skip(false);
      if (text_.substr(at_, 3) != "::=") fail("expected ::= after " + name);
      at_ += 3;
      skip(true);
      if (!rules_.emplace(name, choice(false)).second) fail("two rules named " + name);
    }
    if (!rules_.contains("root")) fail("no root");
    for (const std::string& name : named_) {
      if (!rules_.contains(name)) fail("no rule " + name);
    }
  }

  bool accepts(const std::string& input) const {
    Match match{*this, input, {}};
    return match.ends(*rules_.at("root"), 0).contains(input.size());
  }

 private:
  struct Node {
    enum class Kind { literal, one_of, rule, sequence, choice, repeat } kind;
    std::string text;                                             // of a literal, or the name of a rule
    std::vector<std::pair<unsigned char, unsigned char>> ranges;  // of one_of
    bool negated = false;
    std::vector<std::unique_ptr<Node>> parts;
    std::size_t least = 0, most = 0;  // of a repeat
  };
  using Kind = Node::Kind;
  using NodePtr = std::unique_ptr<Node>;

  static NodePtr make(Kind kind) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    return node;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("GBNF, byte " + std::to_string(at_) + ": " + what);
  }

  // As in llama.cpp, a rule ends with its line, but for groups and after |.
  void skip(bool lines) {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || (lines && text_[at_] == '\n'))) ++at_;
  }
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; }
  std::string word() {
    std::string name;
    while (at_ < text_.size() && is_word(text_[at_])) name += text_[at_++];
    if (name.empty()) fail("expected a name");
    return name;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  NodePtr choice(bool nested) {
    NodePtr node = make(Kind::choice);
    do {
      skip(true);
      node->parts.push_back(sequence(nested));
    } while (take('|'));
    return node;
  }

  NodePtr sequence(bool nested) {
    NodePtr node = make(Kind::sequence);
    for (skip(nested); at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')' && text_[at_] != '\n';
         skip(nested)) {
      node->parts.push_back(repeated(item()));
    }
    if (node->parts.empty()) fail("an alternative of nothing");
    return node;
  }

  NodePtr item() {
    if (take('(')) {
      NodePtr inner = choice(true);
      if (!take(')')) fail("expected )");
      return inner;
    }
    if (take('"')) {
      NodePtr node = make(Kind::literal);
      while (!take('"')) node->text += static_cast<char>(character());
      return node;
    }
    if (take('[')) return one_of();
    NodePtr node = make(Kind::rule);
    node->text = word();
    named_.insert(node->text);
    return node;
  }

  NodePtr one_of() {
    NodePtr node = make(Kind::one_of);
    node->negated = take('^');
    while (!take(']')) {
      const unsigned char first = character();
      const bool range = at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
      if (range) ++at_;
      node->ranges.emplace_back(first, range ? character() : first);
    }
    return node;
  }

  unsigned char character() {
    if (at_ >= text_.size() || text_[at_] == '\n') fail("unfinished text");
    if (!take('\\')) return static_cast<unsigned char>(text_[at_++]);
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    if (c == 'n') return '\n';
    if (c == 'x') {
      at_ += 2;
      return static_cast<unsigned char>(std::stoi(text_.substr(at_ - 2, 2), nullptr, 16));
    }
    if (c != '"' && c != '\\' && c != '[' && c != ']') fail("unknown escape");
    return static_cast<unsigned char>(c);
  }

  NodePtr repeated(NodePtr inner) {
    constexpr std::size_t kEndless = std::numeric_limits<std::size_t>::max();
    std::size_t least = 0, most = kEndless;
    if (take('?')) {
      most = 1;
    } else if (take('+')) {
      least = 1;
    } else if (take('{')) {
      least = std::stoul(word());
      most = take(',') ? (text_[at_] == '}' ? kEndless : std::stoul(word())) : least;
      if (!take('}')) fail("expected }");
    } else if (!take('*')) {
      return inner;
    }
    NodePtr node = make(Kind::repeat);
    node->least = least;
    node->most = most;
    node->parts.push_back(std::move(inner));
    return node;
  }

  // Sets of places where a match may end, so that ambiguity costs nothing.
  struct Match {
    const Gbnf& grammar;
    const std::string& input;
    std::map<std::pair<const Node*, std::size_t>, std::set<std::size_t>> known;

    const std::set<std::size_t>& ends(const Node& node, std::size_t start) {
      const auto key = std::pair(&node, start);
      if (const auto found = known.find(key); found != known.end()) return found->second;
      return known[key] = compute(node, start);
    }

    std::set<std::size_t> after(const Node& node, const std::set<std::size_t>& starts) {
      std::set<std::size_t> all;
      for (const std::size_t start : starts) all.merge(std::set<std::size_t>(ends(node, start)));
      return all;
    }

    std::set<std::size_t> compute(const Node& node, std::size_t start) {
      switch (node.kind) {
        case Kind::literal:
          if (input.compare(start, node.text.size(), node.text) != 0) return {};
          return {start + node.text.size()};
        case Kind::one_of: return one_of(node, start);
        case Kind::rule: return ends(*grammar.rules_.at(node.text), start);
        case Kind::sequence: {
          std::set<std::size_t> places{start};
          for (const auto& part : node.parts) places = after(*part, places);
          return places;
        }
        case Kind::choice: {
          std::set<std::size_t> all;
          for (const auto& part : node.parts) all.merge(std::set<std::size_t>(ends(*part, start)));
          return all;
        }
        default: return repeat(node, start);
      }
    }

    std::set<std::size_t> one_of(const Node& node, std::size_t start) const {
      if (start >= input.size()) return {};
      const auto c = static_cast<unsigned char>(input[start]);
      bool inside = false;
      for (const auto& [first, last] : node.ranges) inside = inside || (c >= first && c <= last);
      return inside != node.negated ? std::set<std::size_t>{start + 1} : std::set<std::size_t>{};
    }

    std::set<std::size_t> repeat(const Node& node, std::size_t start) {
      std::set<std::size_t> places{start}, all;
      for (std::size_t times = 0; !places.empty(); ++times) {
        if (times >= node.least) all.insert(places.begin(), places.end());
        if (times == node.most) break;
        places = after(*node.parts[0], places);
      }
      return all;
    }
  };

  std::string text_;
  std::size_t at_ = 0;
  std::map<std::string, NodePtr> rules_;
  std::set<std::string> named_;
};

}  // namespace weft::test
