// The one interface to a language model: a chat request in, replies and usage out. Providers implement it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/json.hpp"

namespace weft::llm {

struct Message {
  std::string role;  ///< system, user or assistant
  std::string text;
};

/// Follows one reply while it is written, and always knows how it could end well. A local model's sampler asks it about
/// each token. One thread at a time.
class Checker {
 public:
  using Room = std::function<bool(std::string_view completion)>;
  virtual ~Checker() = default;
  /// Adds `more` where the reply can then still become what is wanted and `room` has room for the text that would
  /// finish it; else changes nothing and returns false.
  virtual bool extend(std::string_view more, const Room& room) = 0;
  /// Whether it would, were there room for any text.
  virtual bool takes(std::string_view more) const = 0;
  /// A short text that finishes the reply.
  virtual const std::string& completion() const = 0;
  /// Whether the reply may end here.
  virtual bool complete() const = 0;
};

/// What a reply's form must be. A provider enforces what it can (Capabilities::structured) and ignores the rest:
/// replies are checked afterwards all the same.
struct Constraint {
  base::Json json_schema;  ///< null: none
  std::string grammar;     ///< GBNF; empty: none
  /// Makes one for each reply; takes the place of the grammar where the model runs in this process. Empty: none.
  std::function<std::unique_ptr<Checker>()> checker;
};

struct ChatRequest {
  std::vector<Message> messages;
  int samples = 1;  ///< replies to the same messages
  double temperature = 1.0;
  int max_tokens = 1024;  ///< a reply's
  std::uint64_t seed = 0;
  std::vector<std::string> stop;
  Constraint constraint;

  /// The request as a stable value: what a cassette's key is a hash of.
  base::Json to_json() const;
};

struct Usage {
  std::int64_t prompt_tokens = 0;  ///< all of them, cached ones included
  std::int64_t cached_tokens = 0;  ///< read from the server's cache, at their own price
  std::int64_t cache_write_tokens = 0;
  std::int64_t completion_tokens = 0;  ///< all of them, reasoning included
  std::int64_t reasoning_tokens = 0;
  Usage& operator+=(const Usage& other);

  base::Json to_json() const;
  /// Of what anybody may have edited: what is no count is 0.
  static Usage from_json(const base::Json& value);
};

struct Reply {
  std::string text;           ///< valid UTF-8
  std::string finish_reason;  ///< as the server says it: stop, length, ...
};

struct ChatResult {
  std::vector<Reply> replies;  ///< one for each sample
  Usage usage;
  std::string model;   ///< as the server names what answered
  double seconds = 0;  ///< measured, retries included
  int attempts = 1;    ///< requests sent
};

/// Why there are no replies. `permanent` failures would fail again: a refused key, an unknown model, a bad request.
struct ChatFailure {
  std::string reason;  ///< one line, redacted
  bool permanent = false;
  int attempts = 1;
  Usage usage;  ///< of samples that came before it failed: paid for, though there is no result
};

using Chat = tl::expected<ChatResult, ChatFailure>;

/// What differs between models: data, not branches in the code.
struct Capabilities {
  enum class Structured { none, json_schema, grammar };
  Structured structured = Structured::none;
  bool temperature = true;  ///< whether the model accepts one
  bool seed = false;
  bool samples = false;     ///< whether one request may ask for several replies
  bool completion = false;  ///< whether the single user message is continued rather than answered
  int concurrency = 8;      ///< calls at a time
};

/// Which trial asks, and which try of it: with the request, what tells a cassette's entries apart.
struct Occasion {
  std::int64_t trial = 0;
  int attempt = 0;
};

/// What ends a call: by then it has returned.
using Deadline = std::chrono::steady_clock::time_point;

/// Any thread. A call ends by its deadline, or soon after a stop is requested, with a result or a failure: never by an
/// exception.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual Chat chat(const ChatRequest& request, const Occasion& occasion, Deadline deadline, std::stop_token stop) = 0;
  virtual const Capabilities& capabilities() const = 0;
  /// "openai gpt-5-mini at https://api.openai.com/v1": for people; no key in it.
  virtual std::string name() const = 0;
};

}  // namespace weft::llm
