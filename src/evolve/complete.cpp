#include "evolve/complete.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "space/describe.hpp"
#include "space/genome_prefix.hpp"
#include "space/genome_text.hpp"

namespace weft::evolve {
namespace {

using base::Json;

constexpr std::size_t kShown = 10'000;  // bytes of a reply that its repair is shown: more would only cost

}  // namespace

journal::Proposal propose(const space::Space& space, const Check& check, const Draft& draft, space::Genome genome) {
  journal::Proposal proposal;
  proposal.lineage = draft.lineage;
  proposal.fidelity = draft.fidelity;
  proposal.text = space::to_text(space, genome);
  proposal.id = space::id(space, genome);
  proposal.invalid = check(genome);
  proposal.genome = std::move(genome);
  return proposal;
}

// Threads that make calls, at most as many at a time as the provider takes.
struct Completer::State {
  // The replies of one call, or why there are none; and who waits for them.
  struct Shared {
    bool finished = false;
    std::vector<std::string> replies;
    std::optional<base::Error> failure;
    std::vector<std::function<void()>> waiting;
  };

  explicit State(Options given) : options(std::move(given)) {
    const int threads = options.provider == nullptr ? 0 : std::max(1, options.provider->capabilities().concurrency);
    for (int i = 0; i < threads; ++i) workers.emplace_back([this](const std::stop_token& stop) { serve(stop); });
  }

  void serve(const std::stop_token& stop) {
    while (true) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex);
        if (!wake.wait(lock, stop, [this] { return !jobs.empty(); }) || stop.stop_requested()) return;
        job = std::move(jobs.front());
        jobs.pop_front();
      }
      job();
    }
  }

  void post(std::function<void()> job) {
    const std::lock_guard lock(mutex);
    jobs.push_back(std::move(job));
    wake.notify_one();
  }

  // The call's replies from the journal, or from the model and then into the journal. No Error leaves this thread: a
  // journal that cannot be written ends the run as a failing server does.
  std::optional<base::Error> call(const PromptCall& prompt, TrialId trial, int attempt,
                                  std::vector<std::string>& replies) {
    try {
      if (auto failure = ask(prompt, trial, attempt, replies)) return failure;
    } catch (const base::Error& error) {
      return base::Error(error.what(), "", base::Fault::weft);
    }
    const auto asked = static_cast<std::size_t>(prompt.request.samples);
    if (replies.size() == asked) return std::nullopt;
    return base::Error("the call of trial " + std::to_string(trial) + " has " + std::to_string(replies.size()) +
                           " replies; expected " + std::to_string(asked),
                       "", base::Fault::weft);
  }

  std::optional<base::Error> ask(const PromptCall& prompt, TrialId trial, int attempt,
                                 std::vector<std::string>& replies) {
    if (auto known = options.journal->call(trial, attempt)) {
      replies = std::move(known->replies);
      return std::nullopt;
    }
    const auto deadline = std::chrono::steady_clock::now() +
                          std::chrono::milliseconds(static_cast<std::int64_t>(1000 * options.timeout_seconds));
    const llm::Chat chat = options.provider->chat(prompt.request, {trial, attempt}, deadline, stopping.get_token());
    if (!chat) return base::Error(chat.error().reason, "language model", base::Fault::user);
    journal::Call record{.trial = trial,
                         .attempt = attempt,
                         .request = prompt.request.to_json(),
                         .prompt_hash = prompt.prompt_hash,
                         .model = chat->model,
                         .replies = {},
                         .usage = chat->usage.to_json(),
                         .usd = options.price(chat->usage),
                         .seconds = chat->seconds,
                         .requests = chat->attempts};
    for (const llm::Reply& reply : chat->replies) record.replies.push_back(reply.text);
    replies = record.replies;
    options.journal->add_call(record);
    return std::nullopt;
  }

  // The shared call of a draft; the first to come has it made.
  void with_replies(const std::shared_ptr<const PromptCall>& prompt, const std::function<void(const Shared&)>& then) {
    std::shared_ptr<Shared> shared;
    bool first = false, ready = false;
    {
      const std::lock_guard lock(mutex);
      auto& slot = calls[prompt->id];
      first = slot == nullptr;
      if (first) slot = std::make_shared<Shared>();
      shared = slot;
      ready = shared->finished;
      if (!ready) shared->waiting.push_back([waited = shared.get(), then] { then(*waited); });  // kept by its job
      if (calls.size() > 64) calls.erase(calls.begin());  // the drafts of a call come one after the other
    }
    if (ready) then(*shared);
    if (!first) return;
    post([this, prompt, shared] {
      std::vector<std::string> replies;
      auto failure = call(*prompt, prompt->id, 0, replies);
      std::vector<std::function<void()>> waiting;
      {
        const std::lock_guard lock(mutex);
        shared->replies = std::move(replies);
        shared->failure = std::move(failure);
        shared->finished = true;
        waiting.swap(shared->waiting);
      }
      for (const auto& next : waiting) next();
    });
  }

  // Reads a reply; where it is wrong, asks for it again with the error shown.
  void read(TrialId id, const Draft& draft, const std::string& reply, int repairs, const Done& done) {
    journal::Proposal proposal;
    auto genome = space::from_reply(*options.space, reply);
    if (genome) {
      proposal = propose(*options.space, options.check, draft, std::move(*genome));
    } else {
      proposal.lineage = draft.lineage;
      proposal.fidelity = draft.fidelity;
      proposal.invalid = genome.error();
    }
    if (!proposal.invalid.empty()) proposal.invalid += space::where_wrong(*options.space, options.input, reply);
    proposal.reply = reply;
    proposal.repairs = repairs;
    if (proposal.invalid.empty() || repairs == options.repairs) {
      if (!stopping.stop_requested()) done({std::move(proposal)});
      return;
    }
    post([this, id, draft, reply, error = proposal.invalid, repairs, done] {
      repair(id, draft, reply, error, repairs + 1, done);
    });
  }

  void repair(TrialId id, const Draft& draft, const std::string& reply, const std::string& error, int attempt,
              const Done& done) {
    const Prompt& prompt = options.prompts.at("repair");
    const Json data = {{"description", space::describe(*options.space)},
                       {"reply", base::shorten(reply, kShown)},
                       {"error", error},
                       {"chat", options.chat},
                       {"program", space::program_gene(*options.space) >= 0}};
    PromptCall call_again{id, draft.call->request, prompt.hash()};
    call_again.request.messages = prompt.messages("repair", data);
    call_again.request.samples = 1;
    call_again.request.seed +=
        static_cast<std::uint64_t>(attempt) * 1000 + static_cast<std::uint64_t>(draft.lineage.index);
    std::vector<std::string> replies;
    auto failure = call(call_again, id, attempt, replies);
    if (!failure) {
      read(id, draft, replies.at(0), attempt, done);
    } else if (!stopping.stop_requested()) {
      done({{}, std::move(failure)});
    }
  }

  Options options;
  std::stop_source stopping;
  std::mutex mutex;
  std::condition_variable_any wake;
  std::deque<std::function<void()>> jobs;
  std::map<TrialId, std::shared_ptr<Shared>> calls;
  std::vector<std::jthread> workers;
};

Completer::Completer(Options options) : state_(std::make_unique<State>(std::move(options))) {}

Completer::~Completer() {
  stop();
}

void Completer::stop() {
  state_->stopping.request_stop();
  for (std::jthread& worker : state_->workers) worker.request_stop();
  state_->workers.clear();
}

void Completer::start(TrialId id, const Draft& draft, Done done) {
  if (draft.kind == Draft::Kind::genome) {
    done({propose(*state_->options.space, state_->options.check, draft, draft.genome)});
    return;
  }
  State& state = *state_;
  state.with_replies(draft.call, [&state, id, draft, done = std::move(done)](const State::Shared& shared) {
    if (shared.failure) {
      if (!state.stopping.stop_requested()) done({{}, shared.failure});
      return;
    }
    state.read(id, draft, shared.replies.at(static_cast<std::size_t>(draft.lineage.index)), 0, done);
  });
}

}  // namespace weft::evolve
