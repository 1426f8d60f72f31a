#include "search/session.hpp"

#include <unistd.h>

#include <array>
#include <thread>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "llm/prices.hpp"
#include "net/device.hpp"
#include "search/supernet.hpp"
#include "space/decode.hpp"
#include "space/genome_text.hpp"
#include "space/listing.hpp"

namespace weft::search {
namespace {

using base::Json;
namespace fs = base::fs;

Json environment() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return {{"weft", WEFT_VERSION},
          {"libtorch", net::torch_version()},
          {"host", host.data()},
          {"cores", std::thread::hardware_concurrency()},
          {"devices", net::describe_devices()}};
}

bool may_change(const std::string& key) {
  static constexpr std::array kKeys{"search.trials", "search.evaluations", "engine.local.workers",
                                    "engine.local.model_threads", "engine.local.memory"};
  return key.starts_with("budget.") || std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

// What the experiment's model costs. Nothing is paid for a model in this process or for recorded replies.
Limits::Price price_of(const Experiment& experiment, llm::Prices prices) {
  const auto config = experiment.provider();
  if (!config) return [](const llm::Usage&) { return std::optional(0.0); };
  const llm::ProviderConfig& asked = config->recorded ? *config->recorded : *config;
  if (asked.provider == "llama" || (config->provider == "cassette" && config->mode == "replay"))
    return [](const llm::Usage&) { return std::optional(0.0); };
  return
      [prices = std::move(prices), model = asked.model](const llm::Usage& usage) { return prices.cost(model, usage); };
}

// Everything that a session is made of, made from the experiment; and taken apart in the right order.
class Session {
 public:
  Session(const Experiment& experiment, journal::Journal& journal, const MakeEngine& make_engine)
      : experiment_(experiment),
        journal_(journal),
        price_(price_of(experiment, llm::Prices::from_json(journal.header().at("prices")))),
        space_(experiment.space) {
    if (auto listed = evaluate::listed_genomes(experiment.setup()); !listed.empty())
      space_.listing = std::make_shared<const space::Listing>(space_, std::move(listed));
    if (const auto config = experiment.provider()) provider_ = llm::make_provider(*config);
    const evaluate::Plan plan = evaluate::make_plan(experiment.plan(), experiment.traits(), false);
    engine_ = make_engine(setup_of(experiment, journal.folder()), plan);
    completer_.emplace(completer_options());
    proposer_ = evolve::make_proposer(method());
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (completer_) completer_->stop();
    if (engine_) engine_->stop();
  }

  std::string run(Progress& progress, const StopSigns& stop) {
    Limits limits(experiment_.budget(), price_, journal_);
    window_.emplace(Window::Parts{&experiment_, &*completer_, engine_.get(), &journal_});
    progress.update([](Status& status) { status.phase = "searching"; });
    const std::string ended = run_search(*proposer_, *window_, journal_, limits, progress, experiment_.seed(), stop);
    if (ended != "stopped") test_winner(progress, stop);
    return ended;
  }

 private:
  std::string problem(const space::Genome& genome) const {
    const auto architecture = space::decode(experiment_.space, genome, input_);
    return architecture ? "" : architecture.error();
  }

  evolve::Completer::Options completer_options() {
    input_ = evaluate::task_input(experiment_.setup());
    evolve::Completer::Options options;
    options.space = &experiment_.space;
    options.input = input_;
    options.provider = provider_.get();
    options.journal = &journal_;
    options.price = price_;
    options.prompts = experiment_.prompts;
    options.check = [this](const space::Genome& genome) { return problem(genome); };
    options.repairs = experiment_.checked.at("search").at("repairs");
    options.chat = provider_ == nullptr || !provider_->capabilities().completion;
    if (experiment_.uses_model()) {
      options.timeout_seconds = experiment_.checked.at("llm").at("timeout");
      options.max_tokens = experiment_.checked.at("llm").at("max_tokens");
    }
    return options;
  }

  evolve::Method method() const {
    return {.name = experiment_.method(),
            .options = method_options(),
            .space = &space_,
            .input = input_,
            .objective = evolve::Objective::from_json(experiment_.checked.at("objective")),
            .prompts = experiment_.prompts,
            .chat = provider_ == nullptr || !provider_->capabilities().completion,
            .samples = provider_ == nullptr || provider_->capabilities().samples,
            .max_tokens = experiment_.uses_model() ? experiment_.checked.at("llm").at("max_tokens").get<int>() : 0};
  }

  // With what a mixture learned, where the method proposes that. It is kept in the journal: a resume asks for the same
  // trials.
  Json method_options() const {
    Json options = experiment_.checked.at("search").at("method").begin().value();
    Json known = journal_.get("mixture");
    if (known.is_null()) known = mixture_probabilities(experiment_, journal_.folder());
    if (known.is_null()) return options;
    journal_.set("mixture", known);
    options["probabilities"] = known;
    return options;
  }

  // The winner once more, with the scores that nobody was told.
  void test_winner(Progress& progress, const StopSigns& stop) {
    if (!experiment_.traits().tests) return;
    const auto trials = journal_.trials();
    const auto objective = evolve::Objective::from_json(experiment_.checked.at("objective"));
    const journal::Trial* best = objective.best_trial(trials);
    if (best == nullptr) return;
    if (!best->outcome->test.empty()) {  // as the method asked
      journal_.set("final", {{"key", ""}, {"trial", best->id}, {"outcome", best->outcome->to_json()}});
      return;
    }
    progress.update([](Status& status) { status.phase = "testing"; });
    const journal::Fidelity fidelity{.budget = 1, .test = true};
    // The seed of the search's own evaluation: the same weights, so the validation score is the one that won.
    const evaluate::Evaluation evaluation{.key = evaluation_key(experiment_, best->proposal.id, fidelity),
                                          .genome = best->proposal.text,
                                          .fidelity = fidelity,
                                          .seed = evaluation_seed(experiment_, best->proposal.id),
                                          .keep = journal_.folder().empty() ? "" : kept_weights(journal_.folder())};
    if (const Json known = journal_.get("final"); !known.is_null() && known.at("key") == evaluation.key) return;
    std::mutex mutex;
    std::condition_variable_any done;
    std::optional<journal::Outcome> outcome;
    engine_->submit(evaluation, [&](journal::Outcome made) {
      const std::lock_guard lock(mutex);
      outcome = std::move(made);
      done.notify_all();
    });
    std::unique_lock lock(mutex);
    if (!done.wait(lock, stop.gently, [&] { return outcome.has_value(); })) {
      lock.unlock();
      engine_->stop();
      return;
    }
    journal_.set("final", {{"key", evaluation.key}, {"trial", best->id}, {"outcome", outcome->to_json()}});
  }

  const Experiment& experiment_;
  journal::Journal& journal_;
  Limits::Price price_;
  space::Space space_;  // confined to what its table lists
  space::Input input_;
  std::unique_ptr<llm::Provider> provider_;
  std::optional<Window> window_;  // outlives those who report to it: they are stopped first
  std::unique_ptr<evaluate::Engine> engine_;
  std::optional<evolve::Completer> completer_;
  std::unique_ptr<evolve::Proposer> proposer_;
};

}  // namespace

std::string kept_weights(const fs::path& folder) {
  return (fs::absolute(folder) / "winner.safetensors").string();
}

base::fs::path run_folder(const std::string& wanted, const std::string& name) {
  if (!wanted.empty()) return wanted;
  for (int number = 1;; ++number) {
    const fs::path folder = fs::path("runs") / (number == 1 ? name : name + "-" + std::to_string(number));
    if (!fs::exists(folder)) return folder;
  }
}

std::unique_ptr<journal::Journal> start_run(Experiment& experiment, const fs::path& folder) {
  experiment.resolve();
  const evaluate::DataInfo data = evaluate::describe_data(experiment.setup());
  Json header = experiment.header();
  header["data"] = {{"hash", data.hash}, {"description", data.description}};
  header["prices"] = llm::Prices::load().to_json();
  header["environment"] = environment();
  auto journal = journal::Journal::create(folder, header);
  journal->add_event("start", "weft " WEFT_VERSION " starts " + experiment.name);
  return journal;
}

std::unique_ptr<journal::Journal> reopen_run(const fs::path& folder, const std::vector<std::string>& settings,
                                             Experiment& experiment) {
  auto journal = journal::Journal::open(folder, journal::Journal::Mode::write);
  base::Document document{
      .value = journal->header().at("experiment"), .file = (folder / "journal.sqlite").string(), .marks = {}};
  for (const std::string& setting : settings) {
    const std::string key = setting.substr(0, setting.find('='));
    if (!may_change(key))
      throw base::Error(
          "a resume may change search.trials, search.evaluations, budget.* and the engine's workers, not '" + key +
              "'; start a new run for that",
          "--set " + setting);
    base::set_value(document, setting);
  }
  Json header = journal->header();
  header["experiment"] = base::check(base::load_schema("experiment"), document);
  experiment = Experiment::from_header(header);
  experiment.check_files();
  const evaluate::DataInfo data = evaluate::describe_data(experiment.setup());
  if (data.hash != header.at("data").at("hash").get<std::string>()) {
    throw base::Error("the data is not what the run started with (" +
                          header.at("data").at("description").get<std::string>() + "); put it back to go on",
                      folder.string());
  }
  journal->set("header", header);
  journal->add_event("resume", settings.empty() ? "resumed" : "resumed with " + base::join(settings, ", "));
  return journal;
}

std::string run_session(const Experiment& experiment, journal::Journal& journal, Progress& progress,
                        const StopSigns& stop, const MakeEngine& make_engine) {
  progress.update([&](Status& status) { status.spent_s = journal.seconds(); });
  std::string ended = "stopped";
  if (own_supernet(experiment) && experiment.budget().minutes.value_or(1) == 0) {  // which would train it
    ended = "budget.minutes";
  } else if (train_own_supernet(experiment, journal.folder(), progress, stop.gently)) {
    Session session(experiment, journal, make_engine);
    ended = session.run(progress, stop);
  }
  journal.add_event("end", ended);
  progress.update([](Status& status) { status.phase = "done"; });
  return ended;
}

}  // namespace weft::search
