// The run's durable record: one SQLite database in the run's folder. Everything is written before it is learned. Any
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "journal/values.hpp"

namespace weft::journal {

/// A finished model call: what was asked for and every reply. Made for the trial that asked first; trials name (call,
/// index).
struct Call {
  TrialId trial = 0;
  int attempt = 0;          ///< 0, or the number of the repair
  base::Json request;       ///< ChatRequest::to_json()
  std::string prompt_hash;  ///< of the template
  std::string model;
  std::vector<std::string> replies;
  base::Json usage;           ///< tokens by kind
  std::optional<double> usd;  ///< nothing where no price is known
  double seconds = 0;
  int requests = 0;  ///< sent, retries included
};

/// Something worth telling that is no trial: a start, a stop, a warning.
struct Event {
  double at_s = 0;  ///< Journal::seconds() then
  std::string kind, text;
};

class Journal {
 public:
  enum class Mode { read, write };

  /// Starts a journal in `folder` (made if missing). `header` is everything a resume needs. Throws Error where there is
  /// one already, where another process runs there, or where the disk refuses.
  static std::unique_ptr<Journal> create(const base::fs::path& folder, const base::Json& header);
  /// Removes the journal of a run that never began, and its folder where nothing else is in it.
  static void discard(std::unique_ptr<Journal> journal);
  /// Opens one. Writing takes the folder's lock. Throws Error naming the folder where there is none, or where it was
  /// written by a later weft.
  static std::unique_ptr<Journal> open(const base::fs::path& folder, Mode mode);
  /// One that no file keeps: for tests and for runs on tables.
  static std::unique_ptr<Journal> in_memory(const base::Json& header);
  ~Journal();

  const base::Json& header() const { return header_; }
  const base::fs::path& folder() const { return folder_; }

  void add_call(const Call& call);
  std::optional<Call> call(TrialId trial, int attempt) const;

  /// The outcome of an evaluation that trial `by` asked for.
  void add_outcome(const std::string& key, TrialId by, const Outcome& outcome);
  /// What is known of a key: a lasting outcome, or the transient one that was this very trial's.
  std::optional<Outcome> outcome(const std::string& key, TrialId trial) const;

  /// Writes a trial for good. `key` is its evaluation's, empty for an invalid proposal; an outcome that add_outcome()
  /// has not seen is written with it.
  void close(const Trial& trial, const std::string& key);
  bool closed(TrialId id) const;
  /// The earliest closed trial with a lasting outcome of this key, or -1.
  TrialId first_with(const std::string& key) const;
  /// Trials closed; they are numbered from 0 without gaps.
  TrialId size() const;
  std::vector<Trial> trials() const;
  std::vector<Call> calls() const;
  /// The calls that were made for a trial: the first, which others may share, and those of its repairs.
  std::vector<Call> calls_of(const Trial& trial) const;

  void add_event(const std::string& kind, const std::string& text);
  std::vector<Event> events() const;

  /// Seconds of running so far, over all sessions.
  double seconds() const;

  /// A value kept beside the header: the final outcome, ...
  void set(const std::string& name, const base::Json& value);
  base::Json get(const std::string& name) const;

  /// The run in trial order, a JSON object a line: the determined columns, and with `measured` the others as well.
  std::string dump(bool measured) const;

 private:
  struct Store;
  Journal(base::fs::path folder, std::unique_ptr<Store> store);
  base::fs::path folder_;
  std::unique_ptr<Store> store_;
  base::Json header_;
};

/// The version of the journal's tables.
constexpr int kSchemaVersion = 2;

}  // namespace weft::journal
