// A file from a server, in pieces, so that a broken download goes on where it stopped.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/files.hpp"
#include "http/url.hpp"

namespace weft::http {

struct Download {
  Url url;
  base::fs::path to;
  std::string sha256;           ///< what it must be
  std::int64_t most_bytes = 0;  ///< a server that has more there is refused
  std::int64_t piece = std::int64_t{8} << 20;
  std::chrono::milliseconds wait{1000};  ///< after a first failure; then twice as long each time
};

/// Downloads into `to`.part, which keeps what came if it is broken off, and takes its name when all of it is there and
/// has the SHA-256. A file that is there already is checked alone. Redirects are followed, from https to https only. A
/// piece that fails is asked for up to five times. `progress` hears of the bytes that are there and of how many there
/// will be. Throws base::Error: where the server cannot be reached, with what can be done instead.
void download(const Download& what, const std::function<void(std::int64_t bytes, std::int64_t of)>& progress,
              const std::stop_token& stop);

}  // namespace weft::http
