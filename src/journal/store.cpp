#include "journal/store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace weft::journal {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE calls (
  trial INTEGER NOT NULL, attempt INTEGER NOT NULL, request TEXT NOT NULL, prompt_hash TEXT NOT NULL, model TEXT NOT NULL,
  replies TEXT NOT NULL, usage TEXT NOT NULL, usd REAL, seconds REAL NOT NULL, requests INTEGER NOT NULL,
  PRIMARY KEY (trial, attempt)) WITHOUT ROWID;
CREATE TABLE evaluations (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, trial INTEGER NOT NULL, transient INTEGER NOT NULL, outcome TEXT NOT NULL);
CREATE INDEX evaluations_by_key ON evaluations (key);
CREATE TABLE trials (
  id INTEGER PRIMARY KEY, op TEXT NOT NULL, parents TEXT NOT NULL, call INTEGER NOT NULL, call_index INTEGER NOT NULL,
  genome_id TEXT NOT NULL, genome TEXT NOT NULL, invalid TEXT NOT NULL, repairs INTEGER NOT NULL, key TEXT NOT NULL,
  duplicate_of INTEGER NOT NULL, evaluation INTEGER REFERENCES evaluations (id), closed_s REAL NOT NULL,
  budget REAL NOT NULL DEFAULT 1, replicate INTEGER NOT NULL DEFAULT 0);
CREATE TABLE events (id INTEGER PRIMARY KEY, at_s REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
)sql";

constexpr std::uintmax_t kLittle = 1U << 17U;  // bytes that a disk calls free and has no use for

constexpr const char* kUnfinished = "journal.new";

void make_tables(SQLite::Database& database, const base::Json& header) {
  SQLite::Transaction transaction(database);
  database.exec(kTables);
  database.exec("PRAGMA user_version = " + std::to_string(kSchemaVersion));
  SQLite::Statement insert(database, "INSERT INTO meta VALUES ('header', ?)");
  insert.bind(1, header.dump(-1, ' ', false, base::Json::error_handler_t::replace));
  insert.exec();
  transaction.commit();
}

// File systems over a network cannot share the memory that a write-ahead log needs.
bool on_network(const base::fs::path& folder) {
  static constexpr std::array<long, 6> kNetworks{0x6969, 0x517B, 0xFF534D42L, 0xFE534D42L, 0x65735546, 0x01021997};
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return false;
  for (const long kind : kNetworks) {
    if (static_cast<long>(info.f_type) == kind) return true;
  }
  return false;
}

}  // namespace

Journal::Store::Store(const base::fs::path& run_folder, Mode mode, const base::Json* header) : folder(run_folder) {
  const bool in_memory = folder.empty();
  const std::string file = in_memory ? ":memory:" : (folder / "journal.sqlite").string();
  if (mode == Mode::write && !in_memory) take_lock();
  if (header != nullptr && !in_memory && base::fs::exists(file))  // made by another weft while this one came here
    throw base::Error("holds a run already; go on with: weft resume " + folder.string(), folder.string());
  try {
    open_database(file, mode, header);
  } catch (const SQLite::Exception& error) {
    const base::Error what = explained(error);
    if (header == nullptr || in_memory) throw what;
    const bool full = is_full(error);
    database.reset();
    remove_files(folder);
    throw full ? base::Error("the disk is full", file, base::Fault::weft) : what;
  }
}

// A journal has its header from the first moment that it has its name.
void Journal::Store::open_database(const std::string& file, Mode mode, const base::Json* header) {
  if (header != nullptr && !folder.empty()) {
    const base::fs::path unfinished = folder / kUnfinished;
    base::fs::remove(unfinished);
    {
      SQLite::Database made(unfinished.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      make_tables(made, *header);
    }
    base::fs::rename(unfinished, file);
  }
  const int flags = mode == Mode::read ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
  database = std::make_unique<SQLite::Database>(file, flags, 10'000);
  if (mode == Mode::read) return;
  if (!folder.empty()) {
    database->exec(on_network(folder) ? "PRAGMA journal_mode = DELETE" : "PRAGMA journal_mode = WAL");
    database->exec("PRAGMA synchronous = FULL");
  }
  if (header != nullptr && folder.empty()) make_tables(*database, *header);
}

// Version 2 knows of trials at a share of the budget, and of several of one genome.
void Journal::Store::bring_up_to_date() const {
  SQLite::Transaction transaction(*database);
  database->exec("ALTER TABLE trials ADD COLUMN budget REAL NOT NULL DEFAULT 1");
  database->exec("ALTER TABLE trials ADD COLUMN replicate INTEGER NOT NULL DEFAULT 0");
  database->exec("PRAGMA user_version = " + std::to_string(kSchemaVersion));
  transaction.commit();
}

Journal::Store::~Store() = default;

Journal::Store::LockFile::~LockFile() {
  if (descriptor >= 0) ::close(descriptor);
}

void Journal::Store::remove_files(const base::fs::path& run_folder) {
  std::error_code ignored;
  for (const char* name : {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "journal.lock", kUnfinished})
    base::fs::remove(run_folder / name, ignored);
  base::fs::remove(run_folder, ignored);
}

void Journal::Store::take_lock() {
  const std::string file = (folder / "journal.lock").string();
  lock_file.descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_file.descriptor < 0) throw base::Error(std::string("cannot be written: ") + std::strerror(errno), file);
  if (::flock(lock_file.descriptor, LOCK_EX | LOCK_NB) != 0) {
    throw base::Error("another weft runs here; wait for it or stop it", folder.string());
  }
}

// A file that SQLite maps into memory cannot grow on a full disk either, which it calls an I/O error.
bool Journal::Store::is_full(const SQLite::Exception& error) const {
  const int code = error.getErrorCode() & 0xFF;
  std::error_code unknown;
  return code == SQLITE_FULL || (code == SQLITE_IOERR && base::fs::space(folder, unknown).available < kLittle);
}

base::Error Journal::Store::damaged() const {
  return base::Error("is no journal, or a damaged one",
                     folder.empty() ? "journal" : (folder / "journal.sqlite").string());
}

base::Error Journal::Store::explained(const SQLite::Exception& error) const {
  const std::string where = folder.empty() ? "journal" : (folder / "journal.sqlite").string();
  const int code = error.getErrorCode() & 0xFF;
  if (is_full(error))
    return base::Error(
        "the disk is full; what is journaled stays: free some space, then weft resume " + folder.string(), where,
        base::Fault::weft);
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) return damaged();
  if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN)
    return base::Error("cannot be opened or written: check the folder's permissions", where);
  return base::Error(error.what(), where);
}

}  // namespace weft::journal
