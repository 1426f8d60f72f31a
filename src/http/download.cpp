#include "http/download.hpp"

#include <fmt/format.h>

#include <charconv>
#include <condition_variable>
#include <fstream>
#include <limits>
#include <mutex>
#include <optional>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "http/client.hpp"

namespace weft::http {
namespace {

namespace fs = base::fs;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kRedirects = 5, kTries = 5;
constexpr seconds kTimeLimit{300};                        // of a piece
constexpr std::int64_t kWhole = std::int64_t{256} << 20;  // of a server that knows no pieces

std::string grouped(std::int64_t bytes) {
  return base::grouped(std::to_string(bytes)) + " bytes";
}

// "bytes 0-99/1000": where it begins and how much there is.
std::optional<std::pair<std::int64_t, std::int64_t>> read_range(const std::string& text) {
  const std::size_t space = text.find(' '), dash = text.find('-'), slash = text.find('/');
  if (space == text.npos || dash == text.npos || slash == text.npos || dash < space || slash < dash)
    return std::nullopt;
  std::int64_t first = 0, total = 0;
  const auto number = [&](std::size_t from, std::size_t to, std::int64_t& value) {
    const char *begin = text.data() + from, *end = text.data() + to;
    const auto read = std::from_chars(begin, end, value);
    return read.ec == std::errc() && read.ptr == end && value >= 0;
  };
  if (!number(space + 1, dash, first) || !number(slash + 1, text.size(), total)) return std::nullopt;
  return std::pair(first, total);
}

class Downloading {
 public:
  Downloading(const Download& what, const std::function<void(std::int64_t, std::int64_t)>& progress,
              const std::stop_token& stop)
      : what_(what), part_(what.to.string() + ".part"), progress_(progress), stop_(stop) {}

  void run() {
    if (fs::exists(what_.to)) return check(what_.to, "move it away, and run this again");
    if (what_.to.has_parent_path()) fs::create_directories(what_.to.parent_path());
    while (have() < total_) {
      next_piece();
      progress_(have(), total_);
    }
    try {
      check(part_, "it was removed; run this again, and where it happens again the source has changed");
    } catch (const base::Error&) {
      fs::remove(part_);
      throw;
    }
    fs::rename(part_, what_.to);
  }

 private:
  std::int64_t have() const { return fs::exists(part_) ? static_cast<std::int64_t>(fs::file_size(part_)) : 0; }

  void check(const fs::path& file, const std::string& hint) const {
    const std::string found = base::sha256_file(file.string());
    if (found != what_.sha256)
      throw base::Error(fmt::format("has the SHA-256 {}; {} was expected: {}", found, what_.sha256, hint),
                        file.string());
  }

  void next_piece() {
    std::string why;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      if (attempt > 0) wait(what_.wait * (1 << (attempt - 1)));
      const auto response = ask(what_.url, kRedirects);
      if (response && response->status == 200) return take_whole(*response);
      if (response && response->status == 206) return take_piece(*response);
      if (response && response->status == 416) {  // nothing is left to send
        total_ = have();
        return;
      }
      if (stop_.stop_requested()) {
        why = "stopped";
        break;
      }
      why = response ? fmt::format("{} answered with status {}", what_.url.authority(), response->status)
                     : response.error().reason;
      if (response && response->status < 500 && response->status != 429) break;
    }
    throw base::Error(fmt::format(
        "{}; {} are there, and the same command goes on. Without a network: get {} elsewhere, put it at {}, "
        "and run this again; it will be held to its SHA-256",
        why, grouped(have()), what_.url.text(), what_.to.string()));
  }

  void wait(std::chrono::milliseconds time) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, stop_, time, [] { return false; });
  }

  tl::expected<Response, Failure> ask(const Url& url, int redirects) const {
    const std::int64_t from = have(), to = from + what_.piece - 1;
    const Request request{.method = "GET",
                          .url = url,
                          .headers = {{"Range", fmt::format("bytes={}-{}", from, to)}, {"User-Agent", "weft"}},
                          .body = {}};
    const auto most = static_cast<std::size_t>(std::max(what_.piece, std::min(what_.most_bytes, kWhole)));
    auto response =
        send(request, {.deadline = steady_clock::now() + kTimeLimit, .max_bytes = most, .ca_file = {}, .stop = stop_});
    if (!response || response->status < 301 || response->status > 308 || response->status == 304) return response;
    std::string location = response->header("Location");
    if (location.starts_with("/")) location = (url.tls ? "https://" : "http://") + url.authority() + location;
    const auto next = Url::parse(location);
    if (redirects == 0 || !next || (url.tls && !next->tls))
      return tl::unexpected(
          Failure{Failure::Kind::broken, url.authority() + " redirects to where weft does not follow"});
    return ask(*next, redirects - 1);
  }

  // From a server that knows no pieces.
  void take_whole(const Response& response) {
    set_total(static_cast<std::int64_t>(response.body.size()));
    write(response.body, std::ios::trunc);
  }

  void take_piece(const Response& response) {
    const auto range = read_range(response.header("Content-Range"));
    if (!range || range->first != have() || response.body.empty())
      throw base::Error(what_.url.authority() + " sent another piece than it was asked for");
    set_total(range->second);
    write(response.body, std::ios::app);
  }

  void set_total(std::int64_t total) {
    if (total > what_.most_bytes)
      throw base::Error(fmt::format("{} has {} there; at most {} were expected: the source has changed",
                                    what_.url.authority(), grouped(total), grouped(what_.most_bytes)));
    if (total_ == total) return;
    total_ = total;
    const fs::path folder = fs::absolute(part_).parent_path();
    const std::int64_t needed = total - have(), free = static_cast<std::int64_t>(fs::space(folder).available);
    if (free < needed)
      throw base::Error(fmt::format("{} are needed and {} are free", grouped(needed), grouped(free)), folder.string());
  }

  void write(const std::string& bytes, std::ios::openmode mode) const {
    std::ofstream file(part_, std::ios::binary | mode);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw base::Error("cannot be written: is the disk full?", part_.string());
  }

  const Download& what_;
  fs::path part_;
  std::int64_t total_ = std::numeric_limits<std::int64_t>::max();  // until the server says it
  const std::function<void(std::int64_t, std::int64_t)>& progress_;
  std::stop_token stop_;
};

}  // namespace

void download(const Download& what, const std::function<void(std::int64_t bytes, std::int64_t of)>& progress,
              const std::stop_token& stop) {
  Downloading(what, progress, stop).run();
}

}  // namespace weft::http
