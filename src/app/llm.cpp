#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "evaluate/engine.hpp"
#include "evaluate/evaluator.hpp"
#include "evolve/typed.hpp"
#include "llm/config.hpp"
#include "llm/prices.hpp"
#include "search/experiment.hpp"
#include "space/describe.hpp"

namespace weft::app {
namespace {

using base::Json;

struct LlmOptions {
  std::string experiment;
  std::vector<std::string> settings;
  bool json = false;
};

// Asks the model of an experiment for one genome of its space, as the search would.
void check(const LlmOptions& options) {
  search::Experiment experiment = search::Experiment::load(options.experiment, options.settings);
  if (!experiment.uses_model())
    throw base::Error("the method " + experiment.method() + " asks no language model", experiment.file);
  llm::ProviderConfig config = *experiment.provider();
  config.threads = config.threads > 0 ? config.threads : evaluate::make_plan({}, {.instant = true}, true).model_threads;
  const auto provider = llm::make_provider(config);
  const bool program = space::program_gene(experiment.space) >= 0;
  llm::ChatRequest request;
  request.messages = {
      {"user", space::describe(experiment.space) + "\nWrite one architecture of this space" +
                   (program ? ": the JSON of its genes on one line, then its program." : " as JSON on one line.")}};
  request.max_tokens = experiment.checked.at("llm").at("max_tokens");
  request.temperature = 1;
  request.seed = experiment.seed();
  request.constraint = evolve::constraint_for(experiment.space, evaluate::task_input(experiment.setup()));
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::milliseconds(static_cast<std::int64_t>(1000 * config.timeout_seconds));
  const llm::Chat chat = provider->chat(request, {}, deadline, {});
  if (!chat) throw base::Error(chat.error().reason, provider->name());
  const auto genome = space::from_reply(experiment.space, chat->replies[0].text);
  const Json result = {{"provider", provider->name()},
                       {"model", chat->model},
                       {"seconds", chat->seconds},
                       {"prompt_tokens", chat->usage.prompt_tokens},
                       {"completion_tokens", chat->usage.completion_tokens},
                       {"reply", chat->replies[0].text},
                       {"valid", genome.has_value()},
                       {"error", genome ? "" : genome.error()}};
  if (options.json) {
    fmt::print("{}\n", result.dump());
    return;
  }
  fmt::print("{}\nanswered by {} in {:.2f} s: {} tokens read, {} written\n{}\n{}\n", provider->name(), chat->model,
             chat->seconds, chat->usage.prompt_tokens, chat->usage.completion_tokens, chat->replies[0].text,
             genome ? "a valid genome of " + experiment.space.name
                    : "not a genome of " + experiment.space.name + ": " + genome.error());
}

}  // namespace

void add_llm(CLI::App& app) {
  auto options = std::make_shared<LlmOptions>();
  auto* command = app.add_subcommand("llm", "Tries out the language model of an experiment.");
  command->require_subcommand(1);
  auto* one = command->add_subcommand("check",
                                      "Asks the model of an experiment for one genome, and says how that went.\n"
                                      "Example: weft llm check experiments/quickstart.yaml");
  one->add_option("experiment", options->experiment, "An experiment with an llm: part")->required();
  one->add_option("--set", options->settings, "Sets a key of the experiment: key=value")->allow_extra_args(false);
  one->add_flag("--json", options->json, "Prints JSON");
  one->callback([options] { check(*options); });
}

}  // namespace weft::app
