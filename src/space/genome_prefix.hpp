// Whether an unfinished reply can still become a genome of an open space, JSON and programs, and by what. A local
// model's sampler asks it after every token (evolve/typed.hpp).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "block/prefix.hpp"
#include "space/space.hpp"

namespace weft::space {

/// A reply as genome_form() writes it, from which a valid genome can still be made: one that decode() takes.
class GenomePrefix {
 public:
  /// Whether the space is one of which replies can be checked so: one open gene, the last one where it is per layer,
  /// and blocks over sequences.
  static bool covers(const Space& space);

  /// The empty reply. Throws Error where no genome of the space decodes for this input.
  GenomePrefix(const Space& space, const Input& input);

  /// Adds `more` where the reply can then still become a genome; else changes nothing and returns false.
  bool extend(std::string_view more);

  std::string text() const;
  /// A short text that makes the reply whole.
  const std::string& completion() const { return completion_; }
  bool complete() const;

 private:
  using Programs = std::vector<std::shared_ptr<const ProgramText>>;

  bool add_line(std::string_view more);
  bool add_to_list(std::string_view more);
  bool add_escaped(std::string_view& more);
  void begin_program();
  bool end_program();
  std::string finish() const;
  std::string after(std::size_t programs) const;
  std::string between(std::size_t programs) const;

  const Space* space_;
  Input input_;
  bool list_;                             // a program for each layer, as a list of texts in the JSON
  std::string before_;                    // the reply up to the program at hand
  std::string completion_;                // of the reply
  std::optional<Genome> genome_;          // of the closed genes, once they stand there
  std::size_t count_ = 1;                 // programs that the genome has
  Programs done_;                         // those before the one at hand
  std::optional<block::Prefix> program_;  // at hand
  bool escape_ = false;                   // in a list: whether the n of the line's last escape is still to come
  std::string literal_;                   // in a list: what has to come between two programs or at the end
};

/// Where the programs of the open gene stand in this genome: what block::Prefix is made from. Of a gene for each layer,
/// the program that follows `done`.
block::Prefix::Setting setting_of(const Space& space, const Genome& genome, const Input& input,
                                  const std::vector<std::shared_ptr<const ProgramText>>& done = {});

/// For a reply whose genome does not decode: up to where its program could still have become one, and what may stand
/// there. Empty where that says nothing.
std::string where_wrong(const Space& space, const Input& input, std::string_view reply);

}  // namespace weft::space
