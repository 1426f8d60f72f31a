#include "view/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace weft::view {

struct ProgressView::State {
  const search::Progress& progress;
  bool silent;
};

ProgressView::ProgressView(const search::Experiment&, const search::Progress& progress, bool silent) : state_(new State{progress, silent}) {}
ProgressView::~ProgressView() = default;
void ProgressView::tell(const std::string& line) { fmt::print(stderr, "{}\n", line); }
void ProgressView::finish() {
  const auto s = state_->progress.snapshot();
  fmt::print(stderr, "closed {} invalid {} dup {} failed {} best {} trial {} tokens {}+{} calls {} headwait {:.1f}\n", s.closed, s.invalid, s.duplicates, s.failed, s.best.value_or(0), s.best_trial, s.prompt_tokens, s.completion_tokens, s.calls, s.head_wait_s);
}
void print_summary(const journal::Journal& journal, const std::string& ended, bool) { fmt::print("{} {} {:.1f}s\n", ended, journal.folder().string(), journal.get("seconds").get<double>()); }

}  // namespace weft::view
