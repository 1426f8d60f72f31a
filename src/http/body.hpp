// The body of a response, decoded and measured while it arrives. cpp-httplib 0.11 takes a broken chunk for the end of a
// body and half a gzip stream for a whole one, so send() gives the raw bytes to this instead. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "http/chunks.hpp"
#include "http/message.hpp"

struct z_stream_s;

namespace weft::http {

class Body {
 public:
  /// `headers` say how the body is framed and compressed; at most `max_bytes` of it are kept, decompressed.
  Body(const Headers& headers, std::size_t max_bytes);

  /// False: no more is wanted, because the body is whole or has failed.
  bool take(std::string_view raw);

  /// Whether the framing says that the body has ended.
  bool complete() const;

  /// The text, or why there is none. `closed` says whether the server ended the connection properly: what ends a body
  /// that is neither chunked nor of a known length.
  tl::expected<std::string, Failure> finish(bool closed);

 private:
  void read_framing(const Headers& headers);
  void read_compression(const Headers& headers);
  void unframe(std::string_view raw, std::string& data);
  void decompress(std::string& data);
  void keep(std::string_view data);
  void fail(Failure::Kind kind, const std::string& why);

  std::size_t max_bytes_;
  std::optional<Chunks> chunks_;
  std::optional<std::uint64_t> left_;  ///< bytes of the Content-Length that are to come
  std::unique_ptr<z_stream_s, void (*)(z_stream_s*)> inflater_;
  bool inflated_ = false;
  std::string text_;
  std::optional<Failure> failure_;
};

}  // namespace weft::http
