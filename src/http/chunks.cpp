#include "http/chunks.hpp"

#include <algorithm>
#include <charconv>

namespace weft::http {
namespace {

constexpr std::size_t kLongestLine = 4096;

// "1a2b" or "1a2b;extension".
bool read_size(std::string_view line, std::uint64_t& size) {
  const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (code != std::errc()) return false;
  return end == line.data() + line.size() || *end == ';' || *end == ' ' || *end == '\t';
}

}  // namespace

bool Chunks::take(std::string_view raw, std::string& out) {
  while (!raw.empty() && state_ != State::done) {
    if (state_ == State::data) {
      const std::size_t size = std::min<std::uint64_t>(left_, raw.size());
      out += raw.substr(0, size);
      raw.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) state_ = State::data_end;
    } else if (end_of_line(raw)) {
      if (!take_line()) return false;
      line_.clear();
    } else if (line_.size() > kLongestLine) {
      return false;
    }
  }
  return true;
}

bool Chunks::end_of_line(std::string_view& raw) {
  const std::size_t size = std::min(raw.find('\n'), raw.size() - 1) + 1;
  line_ += raw.substr(0, size);
  raw.remove_prefix(size);
  return line_.back() == '\n';
}

bool Chunks::take_line() {
  if (!line_.ends_with("\r\n")) return false;
  line_.resize(line_.size() - 2);
  switch (state_) {
    case State::size:
      if (!read_size(line_, left_)) return false;
      state_ = left_ == 0 ? State::trailer : State::data;
      return true;
    case State::data_end: state_ = State::size; return line_.empty();
    default: state_ = line_.empty() ? State::done : State::trailer; return true;
  }
}

}  // namespace weft::http
