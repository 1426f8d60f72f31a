// Ctrl-C and SIGTERM as stop tokens: the first asks gently, the second, or 30 seconds later, at once.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "search/search.hpp"

namespace weft::app {

/// While it lives the two signals do not end the process. Make it before any other thread.
class StopSignals {
 public:
  /// `tell` is called with a line for the user when a signal comes.
  explicit StopSignals(std::function<void(const std::string&)> tell);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();
  search::StopSigns signs() const { return {gently_.get_token(), at_once_.get_token()}; }

 private:
  void serve(const std::stop_token& stop);
  std::function<void(const std::string&)> tell_;
  std::stop_source gently_, at_once_;
  std::jthread thread_;
};

}  // namespace weft::app
