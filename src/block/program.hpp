// A block program: a data flow of op applications whose attributes are still arithmetic on genes. Always in canonical
// form, so equal programs print, hash and number their ops alike.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "block/expression.hpp"
#include "block/op.hpp"
#include "block/types.hpp"

namespace weft::block {

constexpr std::size_t kMaxSites = 512;
/// What a cell calls the width of its states.
constexpr std::string_view kCellWidth = "width";

struct Program;

/// One op applied.
struct Site {
  const Op* op = nullptr;
  std::vector<Value> inputs;
  std::vector<Expression> attributes;  ///< one for each of the op's, defaults filled in
  int outputs = 1;
  int line = 0, column = 0;                       ///< where it was written; 0 where nobody wrote it
  std::shared_ptr<const Program> body = nullptr;  ///< the cell that scan() applies at every position; else null
};

struct Program {
  std::vector<Site> sites;  ///< every input comes before its use
  Value result;
  std::string name;                       ///< of the file, or of what wrote it: for messages
  std::vector<std::string> source_lines;  ///< for messages; may be empty
  int statements = 0;                     ///< of the canonical text, where somebody counted

  Diagnostic error(const Site* site, const std::string& message) const;
};

/// Its ops, those of its cells among them.
std::size_t size(const Program& program);

/// The same program in canonical form: what the result does not need is gone, equal pure calls are one, and the order
/// is decided by structure alone (names, order of statements and of commuting operands do not matter).
Program canonical(Program program);

/// Parses a program in the block language and puts it in canonical form. `name` stands in messages.
/// At most 64 KiB of text, kMaxSites ops, 50 levels of nesting. Shapes are checked by check(), for a binding.
Checked<Program> parse(std::string_view text, const std::string& name);

/// The canonical text; parse(print(p)) is p.
std::string print(const Program& program);

/// An op's attributes as they are written, without those that have their defaults: "width=3".
std::vector<std::string> attribute_texts(const Site& site);
/// The value of one: a flag's as true or false.
std::string value_text(const Attribute& attribute, const Expression& value);

/// Statements of a canonical text, those of its cells among them.
int count_statements(std::string_view canonical_text);

/// "b1-" and a hash of the canonical text. Equal ids imply isomorphic graphs.
std::string id(const Program& program);
/// The id of the program that prints so.
std::string id_of_text(std::string_view canonical_text);

/// The genes that the attributes name, sorted.
std::vector<std::string> genes(const Program& program);

}  // namespace weft::block
