// Programs that a local model writes under typed decoding, beside those that it writes to the same prompts under
// nothing (64 at most), and those of conventional mutation: how many are valid at the first try, how much they differ,
// and how fast they come once the prompt is read. The prompts are those of evoprompting, over what it was told of
// earlier typed replies; scores are drawn from the genomes' ids, so that none is preferred for its size. The grammar
// alone is no third way: after some tokens of a program llama.cpp takes minutes for the next. Usage: typed_benchmark
// [replies] [threads] [model]
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <thread>

#include "base/hash.hpp"
#include "base/schema.hpp"
#include "evolve/proposer.hpp"
#include "llm/config.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace {

using namespace weft;

// What a way of making genomes has made so far.
class Tally {
 public:
  explicit Tally(const space::Space& space) : space_(space), gene_(space::program_gene(space)) {
    base::Random random(1);
    for (std::size_t i = 0; i < space.genes[static_cast<std::size_t>(gene_)].values.size(); ++i)
      seeds_.push_back(space.seed(gene_, i));
  }

  void add(const std::optional<space::Genome>& genome) {
    ++made_;
    if (!genome || !space::decode(space_, *genome, space_.input)) return;
    ++valid_;
    genomes_.insert(space::id(space_, *genome));
    programs_.insert(genome->programs[0]->id);
    int nearest = std::numeric_limits<int>::max(), sites = 0;
    for (const block::Site& site : genome->programs[0]->program.sites) {
      ops_.insert(std::string(site.op->name));
      ++sites;
    }
    for (const auto& seed : seeds_) nearest = std::min(nearest, apart(*genome->programs[0], *seed));
    sites_ += sites;
    nearest_ += nearest;
  }

  void print(const char* name, double seconds, std::int64_t tokens) const {
    const double valid = std::max(1, valid_);
    fmt::print("| {:22} | {:4}/{:4} | {:9} | {:9} | {:3} | {:7.1f} | {:10.2f} | {:8.1f} |\n", name, valid_, made_,
               genomes_.size(), programs_.size(), ops_.size(), sites_ / valid, nearest_ / valid,
               seconds > 0 ? static_cast<double>(tokens) / seconds : 0);
  }

 private:
  // Ops that one of two programs has and the other has not.
  static int apart(const space::ProgramText& a, const space::ProgramText& b) {
    std::map<std::string_view, int> uses;
    for (const block::Site& site : a.program.sites) ++uses[site.op->name];
    for (const block::Site& site : b.program.sites) --uses[site.op->name];
    int sum = 0;
    for (const auto& [op, count] : uses) sum += std::abs(count);
    return sum;
  }

  const space::Space& space_;
  int gene_, made_ = 0, valid_ = 0;
  double sites_ = 0, nearest_ = 0;
  std::vector<std::shared_ptr<const space::ProgramText>> seeds_;
  std::set<std::string> genomes_, programs_, ops_;
};

journal::Trial trial_of(const space::Space& space, journal::TrialId id, std::optional<space::Genome> genome) {
  journal::Trial trial{.id = id};
  const auto architecture = genome ? space::decode(space, *genome, space.input)
                                   : base::Result<space::Architecture>(base::failure("no genome"));
  if (!architecture) {
    trial.proposal.invalid = architecture.error();
    return trial;
  }
  trial.proposal.text = space::to_text(space, *genome);
  trial.proposal.id = space::id(space, *genome);
  trial.proposal.genome = std::move(genome);
  trial.outcome.emplace();
  trial.outcome->metrics = {{"score", static_cast<double>(base::hash64(trial.proposal.id) % 1000)}};
  return trial;
}

base::Json options() {
  const auto document = base::parse_yaml(
      "{space: s, evaluate: {count: {}}, objective: {maximize: score}, search: {method: {evoprompting: {initial: 16, "
      "survivors: 16, prompts: 2, samples: 32, elitist: true}}}}",
      "benchmark.yaml");
  return base::check(base::load_schema("experiment"), document).at("search").at("method").at("evoprompting");
}

constexpr int kOthers = 64;  // replies that are asked for unconstrained as well

// One way of asking for the replies to a prompt.
struct Way {
  const char* name;
  bool checked;
  Tally tally;
  std::int64_t tokens = 0;
  double seconds = 0;

  std::vector<llm::Reply> ask(llm::Provider& provider, llm::ChatRequest request) {
    if (!checked) request.constraint = {};
    const auto chat = provider.chat(request, {}, std::chrono::steady_clock::now() + std::chrono::minutes(20), {});
    if (!chat) throw std::runtime_error(chat.error().reason);
    tokens += chat->usage.completion_tokens;
    seconds += chat->seconds;
    return chat->replies;
  }
};

std::optional<space::Genome> read(const space::Space& space, const std::string& text, bool checked) {
  auto genome = space::from_reply(space, text);
  std::string wrong = genome ? "" : genome.error();
  if (genome) {
    if (const auto decoded = space::decode(space, *genome, space.input); !decoded) wrong = decoded.error();
  }
  if (checked && !wrong.empty()) fmt::print(stderr, "invalid: {}\n{}\n", wrong, text);
  return genome ? std::optional(std::move(*genome)) : std::nullopt;
}

void run(const space::Space& space, llm::Provider& provider, int replies) {
  const auto proposer =
      evolve::make_proposer({.name = "evoprompting",
                             .options = options(),
                             .space = &space,
                             .input = space.input,
                             .objective = {{{"score", true}}},
                             .prompts = evolve::load_prompts({"evoprompting"}, base::Json::object(), {}),
                             .chat = !provider.capabilities().completion,
                             .max_tokens = 200});
  Way typed{"typed decoding", true, Tally(space)}, free{"unconstrained", false, Tally(space)};
  Tally mutation(space);
  std::vector<space::Genome> parents;
  std::shared_ptr<const evolve::PromptCall> call;
  std::vector<llm::Reply> texts;
  int made = 0;
  for (journal::TrialId id = 0; made < replies; ++id) {
    base::Random random(7, "trial", static_cast<std::uint64_t>(id));
    evolve::Draft draft = proposer->ask(id, random);
    std::optional<space::Genome> genome = draft.genome;
    if (draft.kind == evolve::Draft::Kind::call) {
      if (draft.call != call) {
        call = draft.call;
        fmt::print(stderr, "{} of {} replies\n", made, replies);
        llm::ChatRequest first = call->request;  // reads the prompt, which then is kept
        first.samples = first.max_tokens = 1;
        first.constraint = {};
        if (!provider.chat(first, {}, std::chrono::steady_clock::now() + std::chrono::minutes(9), {}))
          throw std::runtime_error("no reply");
        texts = typed.ask(provider, call->request);
        if (made < kOthers) {
          for (const llm::Reply& reply : free.ask(provider, call->request))
            free.tally.add(read(space, reply.text, false));
        }
      }
      genome = read(space, texts[static_cast<std::size_t>(draft.lineage.index)].text, true);
      typed.tally.add(genome);
      mutation.add(space::mutate(space, random.pick(parents), random));
      ++made;
    } else if (space::decode(space, *genome, space.input)) {
      parents.push_back(*genome);
    }
    proposer->tell(trial_of(space, id, std::move(genome)));
  }
  for (const Way& way : {typed, free}) way.tally.print(way.name, way.seconds, way.tokens);
  mutation.print("mutation", 0, 0);
}

}  // namespace

int main(int argc, char** argv) {
  const space::Space space = space::Space::load("gpt_nano_open");
  llm::ProviderConfig config;
  config.provider = "llama";
  const int replies = argc > 1 ? std::stoi(argv[1]) : 96;
  config.threads = argc > 2 ? std::stoi(argv[2]) : static_cast<int>(std::thread::hardware_concurrency());
  config.model = argc > 3 ? argv[3] : "smollm2-135m";
  const auto provider = llm::make_provider(config);
  fmt::print(
      "{}\n| genomes made by        | valid     | genomes   | programs  | ops | ops each | from seeds | tokens/s |\n"
      "|---|---|---|---|---|---|---|---|\n",
      provider->name());
  std::fflush(stdout);
  run(space, *provider, replies);
}
