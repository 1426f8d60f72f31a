// Tokens a second of the local model: reading a prompt, and writing with and without a grammar, one reply and sixteen
// at a time. Usage: llm_benchmark [model] [threads]
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "llm/config.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace {

using namespace weft;

struct Case {
  const char* name;
  int samples;
  bool grammar;
  int rounds;
};

// A prompt as evoprompting writes it: the space, then a list of genomes.
std::string prompt_text(const space::Space& space, std::uint64_t seed) {
  base::Random random(seed, "prompt");
  std::string text =
      space::describe(space) + "\nArchitectures of this space and their measured scores, from worse to better:\n\n";
  for (int i = 0; i < 4; ++i)
    text +=
        fmt::format("val_loss: {:.4f}\n{}\n\n", 2.9 - 0.1 * i, space::genome_form(space, space::sample(space, random)));
  return text + "val_loss: 2.4500";
}

double run(llm::Provider& provider, const space::Space& space, const Case& c) {
  std::int64_t written = 0, read = 0, valid = 0, replies = 0;
  double seconds = 0;
  for (int round = 0; round < c.rounds; ++round) {
    llm::ChatRequest request{.messages = {{"user", prompt_text(space, 1)}},
                             .samples = c.samples,
                             .temperature = 1.0,
                             .max_tokens = 160,
                             .seed = static_cast<std::uint64_t>(round),
                             .stop = {},
                             .constraint = {}};
    if (c.grammar) request.constraint.grammar = space::grammar(space);
    const auto chat = provider.chat(request, {}, std::chrono::steady_clock::now() + std::chrono::minutes(5), {});
    if (!chat) throw std::runtime_error(chat.error().reason);
    if (round == 0) continue;  // reads the prompt; the later rounds keep it
    written += chat->usage.completion_tokens;
    read += chat->usage.prompt_tokens - chat->usage.cached_tokens;
    seconds += chat->seconds;
    for (const auto& reply : chat->replies) valid += space::from_reply(space, reply.text).has_value();
    replies += c.samples;
  }
  fmt::print("{:34} {:7.1f} tokens/s written  {:5}/{} valid  ({} tokens of prompt read again)\n", c.name,
             static_cast<double>(written) / seconds, valid, replies, read);
  return static_cast<double>(written) / seconds;
}

double read_speed(llm::Provider& provider, const space::Space& space) {
  double seconds = 0;
  std::int64_t tokens = 0;
  for (std::uint64_t round = 0; round < 4; ++round) {
    llm::ChatRequest request{.messages = {{"user", fmt::format("{} {}", round, prompt_text(space, round))}},
                             .samples = 1,
                             .temperature = 1.0,
                             .max_tokens = 1,
                             .seed = round,
                             .stop = {},
                             .constraint = {}};
    const auto chat = provider.chat(request, {}, std::chrono::steady_clock::now() + std::chrono::minutes(5), {});
    seconds += chat->seconds;
    tokens += chat->usage.prompt_tokens - chat->usage.cached_tokens;
  }
  return static_cast<double>(tokens) / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  const space::Space space = space::Space::load("gpt_nano");
  llm::ProviderConfig config;
  config.provider = "llama";
  config.model = argc > 1 ? argv[1] : "smollm2-135m";
  config.threads = argc > 2 ? std::stoi(argv[2]) : static_cast<int>(std::thread::hardware_concurrency());
  const auto provider = llm::make_provider(config);
  fmt::print("{}\n{:34} {:7.1f} tokens/s read\n", provider->name(), "prompt", read_speed(*provider, space));
  for (const Case c : {Case{"1 reply, free", 1, false, 6}, Case{"1 reply, grammar", 1, true, 6},
                       Case{"16 replies, free", 16, false, 4}, Case{"16 replies, grammar", 16, true, 14}}) {
    run(*provider, space, c);
  }
}
