#include "llm/tape.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "llm/fields.hpp"

namespace weft::llm {
namespace {

using base::Json;
using Structured = Capabilities::Structured;

constexpr int kVersion = 1;
constexpr std::uintmax_t kLargestFile = 4ULL << 30U;
constexpr std::array<std::pair<Structured, const char*>, 3> kStructured{
    {{Structured::none, "none"}, {Structured::json_schema, "json_schema"}, {Structured::grammar, "grammar"}}};

Json to_json(const Capabilities& able) {
  std::string structured;
  for (const auto& [value, name] : kStructured) {
    if (value == able.structured) structured = name;
  }
  return {{"structured", structured}, {"temperature", able.temperature}, {"seed", able.seed},
          {"samples", able.samples},  {"completion", able.completion},   {"concurrency", able.concurrency}};
}

Capabilities read_capabilities(const Json& json) {
  Capabilities able{
      .structured = Structured::none,
      .temperature = json.at("temperature").get<bool>(),
      .seed = json.at("seed").get<bool>(),
      .samples = json.at("samples").get<bool>(),
      .completion = json.at("completion").get<bool>(),
      .concurrency = static_cast<int>(std::clamp<std::int64_t>(find_count(json, {"concurrency"}), 1, 1000))};
  for (const auto& [value, name] : kStructured) {
    if (json.at("structured") == name) able.structured = value;
  }
  return able;
}

Json to_json(const ChatResult& result) {
  Json replies = Json::array();
  for (const Reply& reply : result.replies)
    replies.push_back({{"text", reply.text}, {"finish_reason", reply.finish_reason}});
  return {{"replies", replies},
          {"usage", result.usage.to_json()},
          {"model", result.model},
          {"seconds", result.seconds},
          {"attempts", result.attempts}};
}

ChatResult read_result(const Json& json) {
  ChatResult result{.replies = {},
                    .usage = Usage::from_json(json.at("usage")),
                    .model = json.at("model").get<std::string>(),
                    .seconds = json.at("seconds").get<double>(),
                    .attempts = static_cast<int>(std::min<std::int64_t>(find_count(json, {"attempts"}), 1000))};
  for (const Json& reply : json.at("replies"))
    result.replies.push_back({.text = base::to_utf8(reply.at("text").get<std::string>()),
                              .finish_reason = reply.at("finish_reason").get<std::string>()});
  return result;
}

}  // namespace

Tape::Tape(const base::fs::path& path) {
  if (load(path) == 0) throw base::Error("holds no recording", path.string());
}

Tape::Tape(const base::fs::path& path, const Recorded& recorded) {
  const std::size_t whole = base::fs::exists(path) ? load(path) : 0;
  if (whole > 0 && recorded_.name != recorded.name)
    throw base::Error("is a recording of " + base::quote(recorded_.name) + ", not of " + base::quote(recorded.name) +
                          "; record into another file",
                      path.string());
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(whole)) != 0)
    throw base::Error(std::string("cannot be recorded to: ") + std::strerror(errno), path.string());
  if (whole > 0) return;
  recorded_ = recorded;
  const auto written =
      write_line({{"cassette", kVersion}, {"name", recorded.name}, {"capabilities", to_json(recorded.capabilities)}});
  if (!written) throw base::Error(written.error(), path.string());
}

Tape::~Tape() {
  if (file_ >= 0) ::close(file_);
}

// Returns how many bytes are whole lines.
std::size_t Tape::load(const base::fs::path& path) {
  const std::string text = base::read_file(path, kLargestFile);
  const std::size_t whole = text.rfind('\n') + 1;
  std::size_t number = 0;
  for (const std::string& line : base::split_lines(std::string_view(text).substr(0, whole))) {
    ++number;
    load_line(line, path.string() + ":" + std::to_string(number), number == 1);
  }
  return whole;
}

void Tape::load_line(const std::string& text, const std::string& where, bool header) {
  const auto line = base::parse_json(text);
  if (!line) throw base::Error(line.error(), where);
  try {
    if (!header) {
      results_.emplace(line->at("key").get<std::string>(), read_result(line->at("result")));
    } else if (line->at("cassette") == kVersion) {
      recorded_ = {.name = line->at("name").get<std::string>(),
                   .capabilities = read_capabilities(line->at("capabilities"))};
    } else {
      throw base::Error("is a cassette of another version", where);
    }
  } catch (const Json::exception&) {
    throw base::Error(header ? "is not the header of a cassette" : "is not an entry of a cassette", where);
  }
}

std::optional<ChatResult> Tape::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = results_.find(key);
  if (found == results_.end()) return std::nullopt;
  return found->second;
}

base::Result<void> Tape::append(const std::string& key, const Occasion& occasion, const ChatResult& result) {
  const std::lock_guard lock(mutex_);
  if (results_.contains(key)) return {};
  auto written =
      write_line({{"key", key}, {"trial", occasion.trial}, {"attempt", occasion.attempt}, {"result", to_json(result)}});
  if (written) results_.emplace(key, result);
  return written;
}

base::Result<void> Tape::write_line(const Json& line) {
  const std::string text = base::redact(line.dump()) + "\n";
  const off_t before = ::lseek(file_, 0, SEEK_END);
  const ssize_t written = ::write(file_, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size()) && ::fdatasync(file_) == 0) return {};
  const std::string why = written < 0 ? std::strerror(errno) : "no space is left";
  // Half a line would spoil the next one.
  if (::ftruncate(file_, before) != 0) return base::failure("cannot be written and is damaged: " + why);
  return base::failure("cannot be written: " + why);
}

}  // namespace weft::llm
