#include "view/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "space/describe.hpp"
#include "view/summary.hpp"

namespace weft::view {
namespace {

using Clock = std::chrono::steady_clock;
using search::Status;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// That nobody reads any more is no reason to end a run.
void show(const std::string& text) {
  std::fputs(text.c_str(), stderr);
}

// At most `width` columns of it, … included.
std::string fitting(const std::string& text, std::size_t width) {
  return text.size() <= width || width == 0 ? text : base::shorten(text, width - 1);
}

std::string bar(double share, int width) {
  const int full = static_cast<int>(share * width);
  std::string text;
  for (int i = 0; i < width; ++i) text += i < full ? "━" : "╌";
  return text;
}

}  // namespace

struct ProgressView::State {
  State(const search::Experiment& experiment, const search::Progress& progress, bool silent)
      : progress_(progress),
        silent_(silent),
        terminal_(::isatty(STDERR_FILENO) == 1),
        metric_(evolve::Objective::from_json(experiment.checked.at("objective")).first().metric),
        budget_(experiment.budget()),
        uses_model_(experiment.uses_model()) {
    if (!silent_) thread_ = std::jthread([this](const std::stop_token& stop) { draw_until(stop); });
  }

  void tell(const std::string& line) {
    const std::lock_guard lock(mutex_);
    if (silent_) return;
    clear();
    show(line + "\n");
  }

  void finish() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
    const std::lock_guard lock(mutex_);
    clear();
  }

 private:
  void draw_until(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    auto next_line = Clock::now() + std::chrono::seconds(10);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, std::chrono::milliseconds(250), [] { return false; });
      const Status status = progress_.snapshot();
      if (status.phase == "supernet") searching_ = Clock::now();
      tell_news(status);
      tell_best(status);
      if (terminal_) {
        clear();
        show(line(status, terminal_width() - 1));
        std::fflush(stderr);
        drawn_ = true;
      } else if (Clock::now() > next_line) {
        const std::string text = line(status, 200);
        if (text != last_) show(text + "\n");
        last_ = text;
        next_line = Clock::now() + std::chrono::seconds(10);
      }
    }
    tell_news(progress_.snapshot());
    tell_best(progress_.snapshot());
  }

  void clear() {
    if (drawn_) show("\r\033[K");
    drawn_ = false;
  }

  void tell_news(const Status& status) {
    for (; told_ < status.news.size(); ++told_) {
      clear();
      const std::string text =
          fmt::format("  {:>7}  {}", base::short_duration(status.spent_s + seconds_since(start_)), status.news[told_]);
      show((terminal_ ? fitting(text, terminal_width() - 1) : text) + "\n");
    }
  }

  void tell_best(const Status& status) {
    if (!status.best || status.best_trial == best_trial_ || status.best_trial < status.replayed) return;
    best_trial_ = status.best_trial;
    clear();
    const std::string best =
        fmt::format("  {:>7}  trial {:<5} {} {:.4f}", base::short_duration(status.spent_s + seconds_since(start_)),
                    status.best_trial, metric_, *status.best);
    show((terminal_ ? fitting(best, terminal_width() - 1) : best) + "\n");
  }

  // Seconds left by the nearest limit, or less than 0 where nothing can be said yet.
  double left(const Status& status) const {
    const double fresh = static_cast<double>(status.closed - status.replayed);
    double left = -1;
    if (budget_.trials && fresh >= 3)
      left = seconds_since(searching_) / fresh * static_cast<double>(*budget_.trials - status.closed);
    if (budget_.minutes) {
      const double clock = 60 * *budget_.minutes - status.spent_s - seconds_since(start_);
      left = left < 0 ? clock : std::min(left, clock);
    }
    return left;
  }

  std::string supernet_line(const Status& status, std::size_t width) const {
    const double share = status.supernet_used;
    std::string text = fmt::format("training the supernet  {:.0f} %  step {}  loss {:.4f}", 100 * share,
                                   status.supernet_step, status.supernet_loss);
    if (const double spent = seconds_since(start_); share > 0.02 && status.supernet_step > 10)
      text += fmt::format("  {} left", base::short_duration(spent / share * (1 - share)));
    if (terminal_ && text.size() + 24 < width) text = bar(share, 20) + "  " + text;
    return fitting(text, width);
  }

  // What fits into `width` columns, the most important first.
  std::string line(const Status& status, std::size_t width) const {
    if (status.phase == "supernet") return supernet_line(status, width);
    if (status.phase == "testing") return fitting("training the winner again for its test scores", width);
    std::vector<std::string> parts;
    parts.push_back(budget_.trials ? fmt::format("{}/{} trials", status.closed, *budget_.trials)
                                   : fmt::format("{} trials", status.closed));
    parts.push_back(status.best ? fmt::format("{} {:.4f}", metric_, *status.best)
                                : fmt::format("{} under way", status.under_way));
    if (const double seconds = left(status); seconds >= 0)
      parts.push_back(base::short_duration(std::max(0.0, seconds)) + " left");
    if (status.failed > 0) parts.push_back(fmt::format("{} failed", status.failed));
    parts.push_back(fmt::format("{} invalid", status.invalid));
    if (uses_model_) {
      const auto tokens = static_cast<double>(status.prompt_tokens + status.completion_tokens);
      parts.push_back(fmt::format("{} tokens", base::short_count(tokens)));
      parts.push_back(status.usd_known ? fmt::format("${:.2f}", status.usd) : "price unknown");
    }
    parts.push_back(fmt::format("{} repeated", status.duplicates));
    if (status.failed == 0) parts.push_back("0 failed");
    if (status.head_wait_s >= 1)
      parts.push_back(base::short_duration(status.head_wait_s) + " waited for the oldest trial");
    std::string text = fitting(parts.front(), width);
    parts.erase(parts.begin());
    for (const std::string& part : parts) {
      const std::string more = "  " + part;
      if (text.size() + more.size() > width) break;
      text += more;
    }
    if (terminal_ && budget_.trials && text.size() + 24 < width) {
      text = bar(static_cast<double>(status.closed) / static_cast<double>(*budget_.trials), 20) + "  " + text;
    }
    return text;
  }

  const search::Progress& progress_;
  bool silent_, terminal_, drawn_ = false;
  std::string metric_;
  search::Budget budget_;
  bool uses_model_;
  journal::TrialId best_trial_ = -1;
  std::size_t told_ = 0;                                         // of the news
  Clock::time_point start_ = Clock::now(), searching_ = start_;  // the session; its search, after a supernet's training
  std::string last_;                                             // where lines are plain
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

ProgressView::ProgressView(const search::Experiment& experiment, const search::Progress& progress, bool silent)
    : state_(std::make_unique<State>(experiment, progress, silent)) {}

ProgressView::~ProgressView() {
  finish();
}

void ProgressView::tell(const std::string& line) {
  state_->tell(line);
}
void ProgressView::finish() {
  state_->finish();
}

std::string heading(const search::Experiment& experiment, const base::fs::path& folder) {
  const base::Json& checked = experiment.checked;
  const space::Size size = space::count(experiment.space);
  const evaluate::Plan plan = experiment.plan();
  std::string text =
      fmt::format("weft: {}: {} on {} ({})\n", experiment.name, experiment.method(), experiment.space.name,
                  size.open ? "open: any valid block program" : base::grouped(size.count) + " architectures");
  if (experiment.uses_model()) {
    const base::Json& llm = checked.at("llm");
    const bool replayed = llm.at("provider") == "cassette";
    text += fmt::format("  model    {} {}{}\n", llm.at("provider").get<std::string>(),
                        llm.at(replayed ? "cassette" : "model").get<std::string>(),
                        plan.model_threads > 0
                            ? fmt::format(", {} thread{}", plan.model_threads, plan.model_threads > 1 ? "s" : "")
                            : "");
  }
  std::string precision;
  for (const evaluate::Stage& stage : evaluate::stages_of(checked.at("evaluate")))
    precision = stage.options().value("precision", precision);
  text +=
      fmt::format("  workers  {} × {} thread{}{}, window {}\n", plan.workers, plan.threads, plan.threads > 1 ? "s" : "",
                  precision.empty() ? "" : ", " + precision, checked.at("search").at("window").get<int>());
  return text + fmt::format("  journal  {}", folder.string());
}

}  // namespace weft::view
