// Hashes: SHA-256 for identities that are stored, a 64-bit mix for random streams.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::base {

/// SHA-256 of `text` as 64 lower-case hexadecimal digits.
std::string sha256(std::string_view text);

/// The first `digits` hexadecimal digits of the SHA-256: short identities.
std::string short_hash(std::string_view text, std::size_t digits = 16);

/// SHA-256 of a file's content, read in pieces. Throws Error where it cannot be read.
std::string sha256_file(const std::string& path);

/// A well-mixed 64-bit value (SplitMix64's finaliser; Steele, Lea, Flood 2014).
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// The same of two values, whose order counts.
constexpr std::uint64_t mix64(std::uint64_t a, std::uint64_t b) {
  return mix64(a * 0x9e3779b97f4a7c15ULL + b);
}

/// FNV-1a over the bytes, then mixed. Not for identities that are stored.
constexpr std::uint64_t hash64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return mix64(hash);
}

}  // namespace weft::base
