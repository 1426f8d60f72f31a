// Whether an unfinished text can still become a valid program, and by what. The sampler of a local model asks it after
// every token (through space::GenomePrefix), and an error's place in a reply is found by it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "block/graph.hpp"

namespace weft::block {

/// What a name or an expression of an unfinished program stands for.
struct PrefixItem {
  enum class Kind { tensor, parts, number } kind = Kind::number;
  std::vector<Type> types;     ///< of a tensor, or of each part of a split: one for each binding
  std::vector<double> values;  ///< of a number: one for each binding
  int parts = 1;
  enum class Form { digits, gene, word } form = Form::digits;  ///< of a number; a word is true or false
  int terms = 1;                                               ///< that a number is computed from
  /// Whether they are the same value; a number may be written in another way.
  bool operator==(const PrefixItem& other) const {
    return kind == other.kind && parts == other.parts && types == other.types && values == other.values &&
           (form == Form::word) == (other.form == Form::word);
  }
};

/// What the lines so far leave behind.
struct PrefixScope {
  enum class Stage { header, body, returned } stage = Stage::header;
  int indent = 0;  ///< of the statements; 0 before the first
  int statements = 0;
  std::vector<std::pair<std::string, PrefixItem>> names;  ///< the last one of a name counts

  const PrefixItem* find(std::string_view name) const;
  void set(const std::string& name, PrefixItem item);
};

/// What bounds a text that a model writes, so that it cannot go on for ever. In bytes, and of white space in
/// characters.
struct Bounds {
  std::size_t text = 8192, line = 600, name = 32, number = 16;
  int indent = 40, blanks = 40, empty_lines = 3, comment = 160, comment_lines = 6;  ///< between two tokens
  int depth = 20;                                                                   ///< of parentheses
  int terms = 1000;                                                                 ///< that a number is computed from
  bool plain = false;  ///< only what print() writes: `def block(x):`, numbers and attributes in its way, blanks alone
};
/// The style of print(), with some room. A model that has to keep it has less to lose its thread in.
constexpr Bounds kPlain{.text = 8192,
                        .line = 200,
                        .name = 16,
                        .number = 6,
                        .indent = 4,
                        .blanks = 1,
                        .empty_lines = 0,
                        .comment = 0,
                        .comment_lines = 0,
                        .depth = 8,
                        .terms = 4,
                        .plain = true};

/// A text from which a valid program can still be made: it always holds one such completion, that parses and checks.
/// One `def` a program; every statement must check, used or not.
class Prefix {
 public:
  /// Where the program will stand.
  struct Setting {
    std::vector<Binding> bindings;  ///< of every layer that uses it
    Type input;
    Place place;
    int statements = 60;              ///< at most, in the text and in canonical form
    std::vector<const Op*> ops = {};  ///< that programs may use; empty: all
    Bounds bounds = {};
    std::function<bool(const Program&)> fits;  ///< whether a checked program keeps the space's limits; may be empty

    bool has(const Op& op) const { return ops.empty() || std::find(ops.begin(), ops.end(), &op) != ops.end(); }
  };

  /// The empty text. Throws Error where not even `return x` fits.
  explicit Prefix(std::shared_ptr<const Setting> setting);

  /// Adds `more` where the text can then still become a valid program; else changes nothing and returns false.
  bool extend(std::string_view more);

  const std::string& text() const { return text_; }
  /// A short text that makes the program whole: parse(text() + completion()) gives a program that checks.
  const std::string& completion() const { return completion_; }
  /// Whether the text is a whole program already.
  bool complete() const { return completion_.empty() || completion_ == "\n"; }
  /// The words, signs and digits of which one may come next.
  std::vector<std::string> next() const;

 private:
  bool advance(const std::optional<std::string>& known);
  bool checks(const std::string& text) const;

  std::shared_ptr<const Setting> setting_;
  std::string text_, completion_;
  std::size_t begin_ = 0;  // of the line that has not ended
  PrefixScope scope_;
};

/// The longest beginning of `text` that can still become a valid program.
Prefix viable(const std::shared_ptr<const Prefix::Setting>& setting, std::string_view text);

}  // namespace weft::block
