// A run's live progress on the terminal: one line that is drawn again, or plain lines where there is no terminal.
#pragma once

#include <memory>
#include <string>

#include "journal/journal.hpp"
#include "search/experiment.hpp"
#include "search/progress.hpp"

namespace weft::view {

class ProgressView {
 public:
  ProgressView(const search::Experiment& experiment, const search::Progress& progress, bool silent);
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;
  ~ProgressView();

  /// A line above the progress. Any thread.
  void tell(const std::string& line);
  /// The last state, and no more drawing.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What came of a run: the best genome with its scores, what it cost, where the report lies, what to do next.
void print_summary(const journal::Journal& journal, const std::string& ended, bool json);

}  // namespace weft::view
