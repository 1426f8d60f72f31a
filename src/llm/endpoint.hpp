// One model server over HTTP: what the providers that talk to one have in common. Any thread.
#pragma once

#include <functional>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "llm/chat.hpp"
#include "llm/config.hpp"
#include "llm/retry.hpp"

namespace weft::llm {

/// What an endpoint is where the configuration does not say.
struct OwnServer {
  std::string base_url;
  std::string key_variable;
};

class Endpoint {
 public:
  /// The body of a request for `samples` replies, when `had` have come already.
  using Body = std::function<base::Json(int samples, int had)>;
  /// The replies (one at least), the usage and the model in the JSON of a 200; or what it lacks, and it is asked again.
  using Read = std::function<base::Result<ChatResult>(const base::Json& reply)>;

  /// Throws Error for a URL, a key or a file of certificates that cannot be used.
  Endpoint(const ProviderConfig& config, const OwnServer& own, const std::string& path);

  const std::string& base_url() const { return base_url_; }
  /// Empty: none is to be sent.
  const std::string& key() const { return key_; }
  void add_header(const std::string& name, const std::string& value) { request_.headers.emplace(name, value); }

  /// Sends requests until all the samples have come, or the deadline or the configured time limit. Replies are cut at
  /// the request's stop sequences, whether or not the server knows them, are valid UTF-8, and hold no key.
  Chat chat(const ChatRequest& request, const Body& body, const Read& read, Deadline deadline,
            const std::stop_token& stop) const;

 private:
  tl::expected<ChatResult, Setback> ask(const base::Json& body, const Read& read, Deadline deadline,
                                        const std::stop_token& stop) const;
  tl::expected<ChatResult, Setback> understand(const std::string& text, const Read& read) const;

  std::string base_url_, key_, ca_file_;
  std::size_t max_reply_bytes_;
  Seconds timeout_;
  Retries retries_;
  http::Request request_;
};

}  // namespace weft::llm
