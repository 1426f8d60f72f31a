// Whether an unfinished reply can still become a genome of an open space, line of JSON and program, and by what. A
// local model's sampler asks it after every token (evolve/typed.hpp).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "block/prefix.hpp"
#include "space/space.hpp"

namespace weft::space {

/// A reply as genome_form() writes it, from which a valid genome can still be made: one that decode() takes.
class GenomePrefix {
 public:
  /// Whether the space is one of which replies can be checked so: one global open gene, and blocks over sequences.
  static bool covers(const Space& space);

  /// The empty reply. Throws Error where no genome of the space decodes for this input.
  GenomePrefix(const Space& space, const Input& input);

  /// Adds `more` where the reply can then still become a genome; else changes nothing and returns false.
  bool extend(std::string_view more);

  std::string text() const { return line_ + (program_ ? program_->text() : ""); }
  /// A short text that makes the reply whole.
  const std::string& completion() const { return completion_; }
  bool complete() const { return program_ && program_->complete(); }
  /// The program so far; nothing before its line of JSON has ended.
  const std::optional<block::Prefix>& program() const { return program_; }

 private:
  const Space* space_;
  Input input_;
  std::string line_, completion_;  // line_: of JSON, with its end once it is whole
  std::optional<block::Prefix> program_;
};

/// Where programs of the open gene stand in this genome: what block::Prefix is made from.
block::Prefix::Setting setting_of(const Space& space, const Genome& genome, const Input& input);

/// For a reply whose genome does not decode: up to where its program could still have become one, and what may stand
/// there. Empty where that says nothing.
std::string where_wrong(const Space& space, const Input& input, std::string_view reply);

}  // namespace weft::space
