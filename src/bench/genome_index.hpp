// The distinct genomes of a table, packed, and where to find one: a byte a slot where the domains allow it. Reading is
// safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "space/space.hpp"

namespace weft::bench {

class GenomeIndex {
 public:
  using Codes = std::span<const std::int32_t>;

  /// The space must outlive it.
  explicit GenomeIndex(const space::Space& space);

  /// Makes room for as many genomes.
  void reserve(std::int64_t genomes);
  /// Adds a genome of the space's slots, an open gene's code being that of program(); its number, or -1 where it was
  /// there already.
  std::int64_t add(Codes codes);
  /// The number of a program's text among those of the table, added where it is new. Throws base::Error where it is no
  /// program.
  std::int32_t program(const std::string& text);

  /// The genome's number, or -1.
  std::int64_t find(const space::Genome& genome) const;
  space::Genome genome(std::int64_t number) const;
  /// The code of a genome's slot; of an open gene the place in programs().
  std::int32_t code(std::int64_t number, std::size_t slot) const;
  /// The texts of all programs.
  std::vector<base::Json> programs() const;
  std::int64_t size() const { return size_; }
  /// Bytes in memory.
  std::size_t bytes() const;

 private:
  std::uint64_t hash(const std::uint8_t* key) const;
  std::int64_t look_up(const std::uint8_t* key, std::uint64_t hash) const;
  void write(std::int32_t code, std::uint8_t* to) const;
  void resize_table(std::size_t places);

  const space::Space& space_;
  std::size_t slots_, width_;         // bytes of a code
  std::vector<bool> open_;            // of each slot: whether its gene is an open one
  std::vector<std::uint8_t> keys_;    // of all genomes, one after the other; codes are stored plus one
  std::vector<std::uint32_t> table_;  // open addressing: a genome's number plus one, or 0
  std::int64_t size_ = 0;
  std::vector<std::shared_ptr<const space::ProgramText>> programs_;
  std::unordered_map<std::string, std::int32_t> program_ids_;
};

}  // namespace weft::bench
