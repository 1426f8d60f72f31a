// A file of token ids on disk, little-endian numbers of 16 bits, as they are or behind a header. Any thread.
#pragma once

#include <cstdint>
#include <span>

#include "base/files.hpp"

namespace weft::train {

class TokenFile {
 public:
  /// Opens the file and reads its header, if it has one: 256 numbers of 32 bits, of which the first three are 20240520,
  /// version 1 and the count of tokens (llm.c's and modded-nanogpt's shards). Without it all of the file is tokens
  /// (nanoGPT's). Throws Error naming the file that is missing, cut short or of another version.
  explicit TokenFile(const base::fs::path& path);
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;
  TokenFile(TokenFile&& other) noexcept;
  TokenFile& operator=(TokenFile&&) = delete;
  ~TokenFile();

  const base::fs::path& path() const { return path_; }
  std::int64_t size() const { return size_; }

  /// The tokens from `start` on. They are read, not mapped: mapped pages would count into the memory that a worker may
  /// use, and a file that another program cuts short would end the process. Throws Error naming the file and the place
  /// of an id that is not below `vocabulary`.
  void read(std::int64_t start, std::span<std::uint16_t> tokens, std::int64_t vocabulary) const;

  /// SHA-256 of name, size and the first and last 64 KiB.
  std::string hash() const;

 private:
  void read_bytes(std::int64_t offset, void* to, std::size_t count) const;
  void read_header();

  base::fs::path path_;
  int file_ = -1;
  std::int64_t bytes_ = 0, header_ = 0, size_ = 0;
};

}  // namespace weft::train
