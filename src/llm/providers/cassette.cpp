// Replays what another provider once answered, or records it: runs without a server, a key or a cost.
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "llm/providers/all.hpp"
#include "llm/tape.hpp"

namespace weft::llm::providers {
namespace {

// The same request is asked many times: the trial and its attempt tell the askings apart.
std::string key_of(const ChatRequest& request, const Occasion& occasion) {
  const base::Json identity = {
      {"request", request.to_json()}, {"trial", occasion.trial}, {"attempt", occasion.attempt}};
  return base::sha256(base::canonical_text(identity));
}

class Cassette : public Provider {
 public:
  explicit Cassette(const std::string& file) : file_(file), tape_(file) {}
  Cassette(const std::string& file, std::unique_ptr<Provider> recorded)
      : file_(file), recorded_(std::move(recorded)), tape_(file, {recorded_->name(), recorded_->capabilities()}) {}

  Chat chat(const ChatRequest& request, const Occasion& occasion, Deadline deadline, std::stop_token stop) override {
    const std::string key = key_of(request, occasion);
    if (auto known = tape_.find(key)) return std::move(*known);
    if (!recorded_) return tl::unexpected(missing(occasion));
    Chat result = recorded_->chat(request, occasion, deadline, std::move(stop));
    if (!result) return result;
    if (const auto written = tape_.append(key, occasion, *result); !written) {
      return tl::unexpected(ChatFailure{.reason = "the cassette " + base::quote(file_) + " " + written.error(),
                                        .permanent = true,
                                        .attempts = result->attempts,
                                        .usage = result->usage});
    }
    return result;
  }

  const Capabilities& capabilities() const override { return tape_.recorded().capabilities; }
  std::string name() const override { return tape_.recorded().name; }

 private:
  ChatFailure missing(const Occasion& occasion) const {
    return {.reason = "the cassette " + base::quote(file_) + " holds no reply to this request of trial " +
                      std::to_string(occasion.trial) + ", attempt " + std::to_string(occasion.attempt) +
                      ": the run differs from the recorded one; set mode: record and name a provider under record: " +
                      "to add what is missing",
            .permanent = true,
            .attempts = 0,
            .usage = {}};
  }

  const std::string file_;
  const std::unique_ptr<Provider> recorded_;
  Tape tape_;
};

}  // namespace

std::unique_ptr<Provider> make_cassette(const ProviderConfig& config) {
  if (config.cassette.empty()) throw base::Error("the provider 'cassette' needs a file, under 'cassette'");
  if (config.mode == "replay") return std::make_unique<Cassette>(config.cassette);
  if (config.mode != "record")
    throw base::Error("the mode is " + base::quote(config.mode) + "; expected replay or record");
  if (!config.recorded) throw base::Error("a cassette in mode 'record' needs the provider to record, under 'record'");
  if (config.recorded->provider == "cassette") throw base::Error("a cassette cannot record another cassette");
  return std::make_unique<Cassette>(config.cassette, make_provider(*config.recorded));
}

}  // namespace weft::llm::providers
