#include "journal/journal.hpp"

#include <chrono>

#include "base/error.hpp"
#include "journal/store.hpp"

namespace weft::journal {
namespace {

using base::Json;

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Binds any number of values in order.
template <class... Values>
void bind_all(SQLite::Statement& statement, const Values&... values) {
  int index = 0;
  (statement.bind(++index, values), ...);
}

Call read_call(SQLite::Statement& row) {
  Call call;
  call.trial = row.getColumn("trial").getInt64();
  call.attempt = row.getColumn("attempt").getInt();
  call.request = Json::parse(row.getColumn("request").getString());
  call.prompt_hash = row.getColumn("prompt_hash").getString();
  call.model = row.getColumn("model").getString();
  call.replies = Json::parse(row.getColumn("replies").getString()).get<std::vector<std::string>>();
  call.usage = Json::parse(row.getColumn("usage").getString());
  if (!row.getColumn("usd").isNull()) call.usd = row.getColumn("usd").getDouble();
  call.seconds = row.getColumn("seconds").getDouble();
  call.requests = row.getColumn("requests").getInt();
  return call;
}

Trial read_trial(SQLite::Statement& row) {
  Trial trial;
  trial.id = row.getColumn("id").getInt64();
  trial.proposal.lineage = {.op = row.getColumn("op").getString(),
                            .parents = Json::parse(row.getColumn("parents").getString()).get<std::vector<TrialId>>(),
                            .call = row.getColumn("call").getInt64(),
                            .index = row.getColumn("call_index").getInt()};
  trial.proposal.id = row.getColumn("genome_id").getString();
  trial.proposal.text = row.getColumn("genome").getString();
  trial.proposal.invalid = row.getColumn("invalid").getString();
  trial.proposal.repairs = row.getColumn("repairs").getInt();
  trial.duplicate_of = row.getColumn("duplicate_of").getInt64();
  trial.closed_s = row.getColumn("closed_s").getDouble();
  trial.proposal.fidelity.budget = row.getColumn("budget").getDouble();
  trial.proposal.fidelity.replicate = row.getColumn("replicate").getInt();
  if (!row.getColumn("outcome").isNull())
    trial.outcome = Outcome::from_json(Json::parse(row.getColumn("outcome").getString()));
  return trial;
}

}  // namespace

Journal::Journal(base::fs::path folder, std::unique_ptr<Store> store)
    : folder_(std::move(folder)), store_(std::move(store)) {
  header_ = get("header");
  store_->locked([this] {
    SQLite::Statement closed(
        *store_->database,
        "SELECT t.id, t.key, e.transient FROM trials t LEFT JOIN evaluations e ON e.id = t.evaluation ORDER BY t.id");
    while (closed.executeStep()) {
      store_->closed = closed.getColumn(0).getInt64() + 1;
      const std::string key = closed.getColumn(1).getString();
      if (!key.empty() && closed.getColumn(2).getInt() == 0)
        store_->first_with.try_emplace(key, closed.getColumn(0).getInt64());
    }
    store_->spent =
        store_->database
            ->execAndGet(
                "SELECT max(ifnull((SELECT max(closed_s) FROM trials), 0), ifnull((SELECT max(at_s) FROM events), 0))")
            .getDouble();
  });
}

Journal::~Journal() = default;

std::unique_ptr<Journal> Journal::create(const base::fs::path& folder, const Json& header) {
  std::error_code code;
  base::fs::create_directories(folder, code);
  if (code) throw base::Error("cannot be made: " + code.message(), folder.string());
  if (base::fs::exists(folder / "journal.sqlite")) {
    throw base::Error("holds a run already; go on with: weft resume " + folder.string(), folder.string());
  }
  return std::unique_ptr<Journal>(new Journal(folder, std::make_unique<Store>(folder, Mode::write, &header)));
}

void Journal::discard(std::unique_ptr<Journal> journal) {
  const base::fs::path folder = journal->folder();
  journal.reset();
  Store::remove_files(folder);
}

std::unique_ptr<Journal> Journal::open(const base::fs::path& folder, Mode mode) {
  if (!base::fs::exists(folder / "journal.sqlite"))
    throw base::Error("holds no run (there is no journal.sqlite)", folder.string());
  auto store = std::make_unique<Store>(folder, mode, nullptr);
  const int version = store->locked([&] { return store->database->execAndGet("PRAGMA user_version").getInt(); });
  if (version == 0) throw base::Error("holds a run that never started; remove the folder", folder.string());
  if (version > kSchemaVersion || version < 1) {
    throw base::Error("was written by another version of weft (journal version " + std::to_string(version) +
                          ", this one reads " + std::to_string(kSchemaVersion) + ")",
                      folder.string());
  }
  if (version < kSchemaVersion && mode == Mode::write) store->locked([&] { store->bring_up_to_date(); });
  std::unique_ptr<Journal> journal(new Journal(folder, std::move(store)));
  if (journal->header_.is_null())
    throw base::Error("holds a run that never started; remove the folder", folder.string());
  return journal;
}

std::unique_ptr<Journal> Journal::in_memory(const Json& header) {
  return std::unique_ptr<Journal>(new Journal("", std::make_unique<Store>("", Mode::write, &header)));
}

void Journal::add_call(const Call& call) {
  store_->locked([&] {
    SQLite::Statement insert(*store_->database, "INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_all(insert, call.trial, call.attempt, text_of(call.request), call.prompt_hash, call.model,
             text_of(Json(call.replies)), text_of(call.usage));
    if (call.usd) insert.bind(8, *call.usd);
    insert.bind(9, call.seconds);
    insert.bind(10, call.requests);
    insert.exec();
  });
}

std::optional<Call> Journal::call(TrialId trial, int attempt) const {
  return store_->locked([&]() -> std::optional<Call> {
    SQLite::Statement select(*store_->database, "SELECT * FROM calls WHERE trial = ? AND attempt = ?");
    bind_all(select, trial, attempt);
    return select.executeStep() ? std::optional(read_call(select)) : std::nullopt;
  });
}

void Journal::add_outcome(const std::string& key, TrialId by, const Outcome& outcome) {
  store_->locked([&] {
    SQLite::Statement insert(*store_->database,
                             "INSERT INTO evaluations (key, trial, transient, outcome) VALUES (?, ?, ?, ?)");
    bind_all(insert, key, by, static_cast<int>(outcome.transient), text_of(outcome.to_json()));
    insert.exec();
  });
}

std::optional<Outcome> Journal::outcome(const std::string& key, TrialId trial) const {
  return store_->locked([&]() -> std::optional<Outcome> {
    SQLite::Statement select(*store_->database,
                             "SELECT outcome FROM evaluations WHERE key = ? AND (transient = 0 OR trial = ?) ORDER BY "
                             "trial = ? DESC LIMIT 1");
    bind_all(select, key, trial, trial);
    if (!select.executeStep()) return std::nullopt;
    return Outcome::from_json(Json::parse(select.getColumn(0).getString()));
  });
}

void Journal::close(const Trial& trial, const std::string& key) {
  store_->locked([&] {
    if (trial.id != store_->closed) throw base::internal_error("trials are closed in order");
    SQLite::Transaction transaction(*store_->database);
    std::optional<std::int64_t> evaluation;
    if (trial.outcome) {
      SQLite::Statement known(
          *store_->database,
          "SELECT id FROM evaluations WHERE key = ? AND (transient = 0 OR trial = ?) ORDER BY trial = ? DESC LIMIT 1");
      bind_all(known, key, trial.id, trial.id);
      if (known.executeStep()) evaluation = known.getColumn(0).getInt64();
    }
    if (trial.outcome && !evaluation) {
      SQLite::Statement insert(*store_->database,
                               "INSERT INTO evaluations (key, trial, transient, outcome) VALUES (?, ?, ?, ?)");
      bind_all(insert, key, trial.id, static_cast<int>(trial.outcome->transient), text_of(trial.outcome->to_json()));
      insert.exec();
      evaluation = store_->database->getLastInsertRowid();
    }
    const Proposal& p = trial.proposal;
    SQLite::Statement insert(*store_->database,
                             "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_all(insert, trial.id, p.lineage.op, text_of(Json(p.lineage.parents)), p.lineage.call, p.lineage.index, p.id,
             p.text, p.invalid, p.repairs, key, trial.duplicate_of);
    if (evaluation) insert.bind(12, *evaluation);
    insert.bind(13, seconds());
    insert.bind(14, p.fidelity.budget);
    insert.bind(15, p.fidelity.replicate);
    insert.exec();
    transaction.commit();
    ++store_->closed;
    if (trial.outcome && !trial.outcome->transient) store_->first_with.try_emplace(key, trial.id);
  });
}

bool Journal::closed(TrialId id) const {
  return store_->locked([&] { return id < store_->closed; });
}

TrialId Journal::first_with(const std::string& key) const {
  return store_->locked([&] {
    const auto found = store_->first_with.find(key);
    return found == store_->first_with.end() ? TrialId{-1} : found->second;
  });
}

TrialId Journal::size() const {
  return store_->locked([&] { return store_->closed; });
}

std::vector<Trial> Journal::trials() const {
  return store_->locked([&] {
    std::vector<Trial> list;
    const bool old = store_->database->execAndGet("PRAGMA user_version").getInt() < kSchemaVersion;
    SQLite::Statement select(*store_->database,
                             std::string("SELECT t.*, e.outcome") + (old ? ", 1.0 AS budget, 0 AS replicate" : "") +
                                 " FROM trials t LEFT JOIN evaluations e ON e.id = t.evaluation ORDER BY t.id");
    while (select.executeStep()) list.push_back(read_trial(select));
    return list;
  });
}

std::vector<Call> Journal::calls() const {
  return store_->locked([&] {
    std::vector<Call> list;
    SQLite::Statement select(*store_->database, "SELECT * FROM calls ORDER BY trial, attempt");
    while (select.executeStep()) list.push_back(read_call(select));
    return list;
  });
}

std::vector<Call> Journal::calls_of(const Trial& trial) const {
  std::vector<Call> list;
  for (int attempt = 0; attempt <= trial.proposal.repairs; ++attempt) {
    if (auto one = call(trial.id, attempt)) list.push_back(std::move(*one));
  }
  return list;
}

void Journal::add_event(const std::string& kind, const std::string& text) {
  store_->locked([&] {
    SQLite::Statement insert(*store_->database, "INSERT INTO events (at_s, kind, text) VALUES (?, ?, ?)");
    bind_all(insert, seconds(), kind, text);
    insert.exec();
  });
}

std::vector<Event> Journal::events() const {
  return store_->locked([&] {
    std::vector<Event> list;
    SQLite::Statement select(*store_->database, "SELECT at_s, kind, text FROM events ORDER BY id");
    while (select.executeStep())
      list.push_back(
          {select.getColumn(0).getDouble(), select.getColumn(1).getString(), select.getColumn(2).getString()});
    return list;
  });
}

double Journal::seconds() const {
  return store_->spent + std::chrono::duration<double>(std::chrono::steady_clock::now() - store_->opened).count();
}

void Journal::set(const std::string& name, const Json& value) {
  store_->locked([&] {
    SQLite::Statement insert(*store_->database, "INSERT OR REPLACE INTO meta VALUES (?, ?)");
    bind_all(insert, name, text_of(value));
    insert.exec();
    if (name == "header") header_ = value;
  });
}

Json Journal::get(const std::string& name) const {
  return store_->locked([&]() -> Json {
    SQLite::Statement select(*store_->database, "SELECT value FROM meta WHERE name = ?");
    bind_all(select, name);
    return select.executeStep() ? Json::parse(select.getColumn(0).getString()) : Json(nullptr);
  });
}

}  // namespace weft::journal
