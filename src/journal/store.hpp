// SQLite behind the journal: the connection, the tables, the lock. Only journal's own files include this.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "base/error.hpp"
#include "journal/journal.hpp"

namespace weft::journal {

struct Journal::Store {
  /// With a `header` a new journal is made.
  Store(const base::fs::path& folder, Mode mode, const base::Json* header);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  /// Runs `work` under the lock; exceptions of SQLite and JSON become Errors that name the folder and say what to do.
  template <class Work>
  auto locked(Work work) const {
    const std::lock_guard guard(mutex);
    try {
      return work();
    } catch (const SQLite::Exception& error) {
      throw explained(error);
    } catch (const base::Json::exception&) {
      throw damaged();  // a row holds what no journal writes
    }
  }
  base::Error explained(const SQLite::Exception& error) const;
  /// The journal's files, and the folder where nothing else is in it.
  static void remove_files(const base::fs::path& run_folder);
  base::Error damaged() const;
  /// Adds what earlier versions of the tables lack.
  void bring_up_to_date() const;

  // Closed with the object, also where its construction fails half-way.
  struct LockFile {
    LockFile() = default;
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;
    ~LockFile();
    int descriptor = -1;
  };
  base::fs::path folder;
  LockFile lock_file;  // before the database, so that it is given up after
  std::unique_ptr<SQLite::Database> database;
  mutable std::mutex mutex;
  // What every ask needs, kept in memory.
  std::map<std::string, TrialId> first_with;
  TrialId closed = 0;
  double spent = 0;  // seconds of running before this opening
  std::chrono::steady_clock::time_point opened = std::chrono::steady_clock::now();

 private:
  bool is_full(const SQLite::Exception& error) const;
  void take_lock();
  void open_database(const std::string& file, Mode mode, const base::Json* header);
};

}  // namespace weft::journal
