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

/// What a run is about to do: method, space and its size, model, workers, folder.
std::string heading(const search::Experiment& experiment, const base::fs::path& folder);

}  // namespace weft::view
