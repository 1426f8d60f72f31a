#include "llm/endpoint.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "http/client.hpp"

namespace weft::llm {
namespace {

void cut_at(std::string& text, const std::vector<std::string>& stops) {
  for (const std::string& stop : stops) {
    if (!stop.empty()) text.resize(std::min(text.find(stop), text.size()));
  }
}

void append(ChatResult& all, ChatResult part) {
  std::move(part.replies.begin(), part.replies.end(), std::back_inserter(all.replies));
  all.usage += part.usage;
  all.model = std::move(part.model);
  all.seconds += part.seconds;
  all.attempts += part.attempts;
}

}  // namespace

Endpoint::Endpoint(const ProviderConfig& config, const OwnServer& own, const std::string& path)
    : base_url_(config.base_url.empty() ? own.base_url : config.base_url),
      ca_file_(config.ca_file),
      max_reply_bytes_(config.max_reply_bytes),
      timeout_(config.timeout_seconds),
      retries_{.most = config.retries, .scale = config.backoff} {
  while (base_url_.ends_with('/')) base_url_.pop_back();
  auto url = http::Url::parse(base_url_ + path);
  if (!url) throw base::Error("base_url " + base::quote(base_url_) + ": " + url.error());
  if (!ca_file_.empty()) base::read_file(ca_file_);
  const std::string variable = config.api_key_env.value_or(base_url_ == own.base_url ? own.key_variable : "");
  if (!variable.empty()) key_ = base::read_secret(variable);
  request_ = {.method = "POST", .url = std::move(*url), .headers = {}, .body = ""};
  add_header("Content-Type", "application/json");
  add_header("User-Agent", "weft/" WEFT_VERSION);
}

Chat Endpoint::chat(const ChatRequest& request, const Body& body, const Read& read, Deadline deadline,
                    const std::stop_token& stop) const {
  deadline = std::min(deadline, std::chrono::time_point_cast<Deadline::duration>(Deadline::clock::now() + timeout_));
  ChatResult all;
  all.attempts = 0;
  const auto wanted = static_cast<std::size_t>(request.samples);
  while (all.replies.size() < wanted) {
    const int had = static_cast<int>(all.replies.size());
    Chat part = with_retries(retries_, deadline, stop,
                             [&](Deadline limit) { return ask(body(request.samples - had, had), read, limit, stop); });
    if (!part) {
      part.error().attempts += all.attempts;
      part.error().usage = all.usage;
      return part;
    }
    append(all, std::move(*part));
  }
  all.replies.resize(wanted);
  for (Reply& reply : all.replies) cut_at(reply.text, request.stop);
  return all;
}

tl::expected<ChatResult, Setback> Endpoint::ask(const base::Json& body, const Read& read, Deadline deadline,
                                                const std::stop_token& stop) const {
  http::Request request = request_;
  request.body = body.dump(-1, ' ', false, base::Json::error_handler_t::replace);
  auto response =
      http::send(request, {.deadline = deadline, .max_bytes = max_reply_bytes_, .ca_file = ca_file_, .stop = stop});
  if (!response) return tl::unexpected(judge(response.error()));
  if (response->status != 200) return tl::unexpected(judge(request, *response));
  return understand(response->body, read);
}

tl::expected<ChatResult, Setback> Endpoint::understand(const std::string& text, const Read& read) const {
  const auto unusable = [&](const std::string& why) {
    return tl::unexpected(Setback{.reason = "the reply of " + request_.url.authority() + " is unusable: " + why,
                                  .again = true,
                                  .permanent = false,
                                  .wait = {}});
  };
  const auto json = base::parse_json(text);
  if (!json) return unusable(json.error());
  auto result = read(*json);
  if (!result) return unusable(result.error());
  result->model = base::redact(result->model);
  for (Reply& reply : result->replies) {
    if (!base::is_utf8(reply.text)) return unusable("a text in it holds a NUL");
    reply = {.text = base::redact(reply.text), .finish_reason = base::redact(reply.finish_reason)};
  }
  return std::move(*result);
}

}  // namespace weft::llm
