#include "train/token_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace weft::train {
namespace {

static_assert(std::endian::native == std::endian::little, "token files are read as they lie on disk");

constexpr std::int64_t kHeader = 1024, kToken = 2;
constexpr std::int32_t kMagic = 20240520, kVersion = 1;

base::Error wrong(const base::fs::path& path, const std::string& what) {
  return base::Error(what, base::one_line(path.string()));
}

}  // namespace

TokenFile::TokenFile(const base::fs::path& path) : path_(path) {
  if (!base::fs::is_regular_file(path)) throw wrong(path, "no such file");
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (file_ < 0 || ::fstat(file_, &about) != 0)
    throw wrong(path, std::string("cannot be read: ") + std::strerror(errno));
  bytes_ = about.st_size;
  try {
    read_header();
  } catch (...) {
    ::close(file_);
    throw;
  }
}

TokenFile::TokenFile(TokenFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      bytes_(other.bytes_),
      header_(other.header_),
      size_(other.size_) {}

TokenFile::~TokenFile() {
  if (file_ >= 0) ::close(file_);
}

void TokenFile::read_header() {
  std::array<std::int32_t, 3> header{};
  if (bytes_ >= kHeader) read_bytes(0, header.data(), sizeof(header));
  if (header[0] == kMagic) {
    header_ = kHeader;
    size_ = header[2];
    if (header[1] != kVersion)
      throw wrong(path_, fmt::format("is a shard of version {}; weft reads version {}", header[1], kVersion));
    if (size_ < 0 || bytes_ != kHeader + kToken * size_)
      throw wrong(path_,
                  fmt::format("says that it has {} tokens and has {} bytes behind its header; it is cut short or "
                              "not of 16 bits",
                              size_, bytes_ - kHeader));
  } else {
    if (bytes_ % kToken != 0) throw wrong(path_, fmt::format("has {} bytes; tokens of 16 bits have two each", bytes_));
    size_ = bytes_ / kToken;
  }
}

void TokenFile::read_bytes(std::int64_t offset, void* to, std::size_t count) const {
  auto* next = static_cast<char*>(to);
  while (count > 0) {
    const ssize_t got = ::pread(file_, next, count, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw wrong(path_, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) throw wrong(path_, "has become shorter since it was opened");
    next += got;
    offset += got;
    count -= static_cast<std::size_t>(got);
  }
}

void TokenFile::read(std::int64_t start, std::span<std::uint16_t> tokens, std::int64_t vocabulary) const {
  read_bytes(header_ + kToken * start, tokens.data(), tokens.size_bytes());
  const auto beyond = std::find_if(tokens.begin(), tokens.end(), [&](std::uint16_t id) { return id >= vocabulary; });
  if (beyond == tokens.end()) return;
  throw wrong(path_, fmt::format("token {} is {}, at byte {}; task.vocabulary says that all are below {}",
                                 start + (beyond - tokens.begin()), *beyond,
                                 header_ + kToken * (start + (beyond - tokens.begin())), vocabulary));
}

std::string TokenFile::hash() const {
  constexpr std::int64_t kEdge = 64 << 10;
  std::string text = fmt::format("{} {}\n", path_.filename().string(), bytes_);
  const std::size_t named = text.size(), edge = static_cast<std::size_t>(std::min(kEdge, bytes_));
  text.resize(named + 2 * edge);
  read_bytes(0, text.data() + named, edge);
  read_bytes(bytes_ - static_cast<std::int64_t>(edge), text.data() + named + edge, edge);
  return base::sha256(text);
}

}  // namespace weft::train
