#include "bench/genome_index.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/error.hpp"
#include "base/hash.hpp"

namespace weft::bench {
namespace {

constexpr std::size_t kShortKey = 512;  // bytes of a key that are put together without allocation

// Bytes for a code: domains, and one value for what is inactive.
std::size_t code_bytes(const space::Space& space) {
  std::size_t most = 0;
  for (const space::Gene& gene : space.genes) most = std::max(most, gene.open ? SIZE_MAX : gene.values.size());
  return most < 0xff ? 1 : most < 0xffff ? 2 : 4;
}

}  // namespace

GenomeIndex::GenomeIndex(const space::Space& space)
    : space_(space), slots_(space.slots()), width_(code_bytes(space)), open_(slots_), table_(16) {
  for (int gene = 0; gene < static_cast<int>(space.genes.size()); ++gene) {
    for (int layer = 0; layer < space.most_copies(gene); ++layer)
      open_[space.slot(gene, layer)] = space.genes[static_cast<std::size_t>(gene)].open;
  }
}

void GenomeIndex::write(std::int32_t code, std::uint8_t* to) const {
  const auto stored = static_cast<std::uint32_t>(code + 1);
  std::memcpy(to, &stored, width_);  // little-endian
}

std::uint64_t GenomeIndex::hash(const std::uint8_t* key) const {
  const std::size_t size = slots_ * width_;
  std::uint64_t hash = size;
  for (std::size_t at = 0; at < size; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, key + at, std::min<std::size_t>(8, size - at));
    hash = base::mix64(hash ^ word);
  }
  return hash;
}

std::int64_t GenomeIndex::look_up(const std::uint8_t* key, std::uint64_t hash) const {
  const std::size_t mask = table_.size() - 1, size = slots_ * width_;
  for (std::size_t at = hash & mask; table_[at] != 0; at = (at + 1) & mask) {
    const std::size_t number = table_[at] - 1;
    if (std::memcmp(keys_.data() + number * size, key, size) == 0) return static_cast<std::int64_t>(number);
  }
  return -1;
}

void GenomeIndex::resize_table(std::size_t places) {
  table_.assign(places, 0);
  const std::size_t mask = places - 1;
  for (std::int64_t number = 0; number < size_; ++number) {
    std::size_t at = hash(keys_.data() + static_cast<std::size_t>(number) * slots_ * width_) & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = static_cast<std::uint32_t>(number) + 1;
  }
}

void GenomeIndex::reserve(std::int64_t genomes) {
  keys_.reserve(static_cast<std::size_t>(genomes + 1) * slots_ * width_);
  const auto places = std::bit_ceil(static_cast<std::size_t>(genomes) * 10 / 7 + 16);
  if (places > table_.size()) resize_table(places);
}

std::int64_t GenomeIndex::add(Codes codes) {
  const std::size_t start = keys_.size();
  keys_.resize(start + slots_ * width_);
  for (std::size_t slot = 0; slot < slots_; ++slot) write(codes[slot], keys_.data() + start + slot * width_);
  const std::uint64_t where = hash(keys_.data() + start);
  if (look_up(keys_.data() + start, where) >= 0) {
    keys_.resize(start);
    return -1;
  }
  const std::size_t mask = table_.size() - 1;
  std::size_t at = where & mask;
  while (table_[at] != 0) at = (at + 1) & mask;
  table_[at] = static_cast<std::uint32_t>(++size_);
  if (static_cast<std::size_t>(size_) * 10 > table_.size() * 7) resize_table(table_.size() * 2);
  return size_ - 1;
}

std::int32_t GenomeIndex::program(const std::string& text) {
  if (const auto found = program_ids_.find(text); found != program_ids_.end()) return found->second;
  auto read = space::program_text(text, "program");
  if (!read) throw base::Error(read.error().brief());
  const auto [place, fresh] = program_ids_.try_emplace((*read)->text, static_cast<std::int32_t>(programs_.size()));
  if (fresh) programs_.push_back(std::move(*read));
  return place->second;
}

std::int64_t GenomeIndex::find(const space::Genome& genome) const {
  std::array<std::uint8_t, kShortKey> short_key{};
  std::vector<std::uint8_t> long_key;
  std::uint8_t* key = short_key.data();
  if (slots_ * width_ > kShortKey) {
    long_key.resize(slots_ * width_);
    key = long_key.data();
  }
  for (std::size_t slot = 0; slot < slots_; ++slot) {
    std::int32_t code = genome.codes[slot];
    if (open_[slot] && code != space::Genome::kInactive) {
      const auto known = program_ids_.find(genome.programs[static_cast<std::size_t>(code)]->text);
      if (known == program_ids_.end()) return -1;
      code = known->second;
    }
    write(code, key + slot * width_);
  }
  return look_up(key, hash(key));
}

std::int32_t GenomeIndex::code(std::int64_t number, std::size_t slot) const {
  std::uint32_t stored = 0;
  std::memcpy(&stored, keys_.data() + (static_cast<std::size_t>(number) * slots_ + slot) * width_, width_);
  return static_cast<std::int32_t>(stored) - 1;
}

std::vector<base::Json> GenomeIndex::programs() const {
  std::vector<base::Json> texts;
  for (const auto& program : programs_) texts.emplace_back(program->text);
  return texts;
}

space::Genome GenomeIndex::genome(std::int64_t number) const {
  space::Genome genome;
  genome.codes.resize(slots_);
  std::vector<std::int32_t> programs;  // of the table, in the order of the genome's
  for (std::size_t slot = 0; slot < slots_; ++slot) {
    std::int32_t own = code(number, slot);
    if (open_[slot] && own != space::Genome::kInactive) {
      const auto known = std::find(programs.begin(), programs.end(), own);
      const auto place = static_cast<std::int32_t>(known - programs.begin());
      if (known == programs.end()) {
        genome.programs.push_back(programs_[static_cast<std::size_t>(own)]);
        programs.push_back(own);
      }
      own = place;
    }
    genome.codes[slot] = own;
  }
  return genome;
}

std::size_t GenomeIndex::bytes() const {
  return keys_.capacity() + table_.capacity() * sizeof(table_[0]);
}

}  // namespace weft::bench
