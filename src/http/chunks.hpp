// The chunked transfer coding of a body (RFC 9112, section 7.1), decoded strictly. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::http {

class Chunks {
 public:
  /// Appends what `raw` holds of the body to `out`. False: the coding is broken.
  bool take(std::string_view raw, std::string& out);

  /// Whether the last chunk and the end of the trailers have come.
  bool complete() const { return state_ == State::done; }

 private:
  enum class State { size, data, data_end, trailer, done };

  bool end_of_line(std::string_view& raw);
  bool take_line();

  State state_ = State::size;
  std::string line_;
  std::uint64_t left_ = 0;  ///< bytes of this chunk that are to come
};

}  // namespace weft::http
