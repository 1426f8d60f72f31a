#include "http/body.hpp"

#include <zlib.h>

#include <array>
#include <charconv>

#include "base/text.hpp"

namespace weft::http {
namespace {

constexpr int kGzipOrZlib = 15 + 32;  // zlib finds out which

bool same(std::string_view a, std::string_view b) {
  return !IgnoreCase()(a, b) && !IgnoreCase()(b, a);
}

void end_inflate(z_stream_s* stream) {
  ::inflateEnd(stream);
  delete stream;
}

// All the headers of a name, where they agree.
std::optional<std::string> agreed(const Headers& headers, std::string_view name) {
  const auto [first, last] = headers.equal_range(name);
  for (auto it = first; it != last; ++it) {
    if (it->second != first->second) return std::nullopt;
  }
  return first == last ? "" : first->second;
}

}  // namespace

Body::Body(const Headers& headers, std::size_t max_bytes) : max_bytes_(max_bytes), inflater_(nullptr, end_inflate) {
  read_framing(headers);
  read_compression(headers);
  if (left_.value_or(0) > max_bytes_) fail(Failure::Kind::too_large, "");
}

void Body::read_framing(const Headers& headers) {
  const auto coding = agreed(headers, "Transfer-Encoding"), length = agreed(headers, "Content-Length");
  if (coding && same(*coding, "chunked")) {
    chunks_.emplace();
  } else if (!coding || !coding->empty()) {
    fail(Failure::Kind::broken, "its transfer encoding is not understood");
  } else if (!length || !length->empty()) {
    std::uint64_t size = 0;
    const std::string text = length.value_or("");
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (code != std::errc() || end != text.data() + text.size())
      return fail(Failure::Kind::broken, "its Content-Length is not one number");
    left_ = size;
  }
}

void Body::read_compression(const Headers& headers) {
  const auto coding = agreed(headers, "Content-Encoding");
  if (coding && (coding->empty() || same(*coding, "identity"))) return;
  if (!coding || (!same(*coding, "gzip") && !same(*coding, "deflate")))
    return fail(Failure::Kind::broken, "its compression, which was not asked for, is not understood");
  inflater_.reset(new z_stream_s());
  if (::inflateInit2(inflater_.get(), kGzipOrZlib) != Z_OK) fail(Failure::Kind::broken, "zlib could not be started");
}

bool Body::take(std::string_view raw) {
  std::string data;
  if (!failure_) unframe(raw, data);
  if (!failure_ && !data.empty()) {
    if (inflater_) {
      decompress(data);
    } else {
      keep(data);
    }
  }
  return !failure_ && !complete();
}

void Body::unframe(std::string_view raw, std::string& data) {
  if (chunks_) {
    if (!chunks_->take(raw, data)) fail(Failure::Kind::broken, "its chunked encoding is broken");
    return;
  }
  if (left_) {
    raw = raw.substr(0, *left_);
    *left_ -= raw.size();
  }
  data = raw;
}

void Body::decompress(std::string& data) {
  std::array<char, 1U << 14U> buffer{};
  inflater_->next_in = reinterpret_cast<Bytef*>(data.data());
  inflater_->avail_in = static_cast<uInt>(data.size());
  do {
    inflater_->next_out = reinterpret_cast<Bytef*>(buffer.data());
    inflater_->avail_out = static_cast<uInt>(buffer.size());
    const int code = ::inflate(inflater_.get(), Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      return fail(Failure::Kind::broken, "its compression is broken");
    inflated_ = code == Z_STREAM_END;
    keep({buffer.data(), buffer.size() - inflater_->avail_out});
  } while (!inflated_ && !failure_ && inflater_->avail_out == 0);
}

void Body::keep(std::string_view data) {
  if (data.size() > max_bytes_ - text_.size()) return fail(Failure::Kind::too_large, "");
  text_ += data;
}

bool Body::complete() const {
  return chunks_ ? chunks_->complete() : left_ == 0U;
}

tl::expected<std::string, Failure> Body::finish(bool closed) {
  const bool known_end = chunks_ || left_;
  if (!failure_ && !(known_end ? complete() : closed)) fail(Failure::Kind::broken, "it was cut short");
  if (!failure_ && inflater_ && !inflated_) fail(Failure::Kind::broken, "its compressed text was cut short");
  if (failure_) return tl::unexpected(*failure_);
  return std::move(text_);
}

void Body::fail(Failure::Kind kind, const std::string& why) {
  const bool large = kind == Failure::Kind::too_large;
  failure_ = Failure{kind, large ? "it is larger than the " + std::to_string(max_bytes_) + " bytes allowed" : why};
}

}  // namespace weft::http
