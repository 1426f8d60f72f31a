#include <map>

#include "journal/journal.hpp"

namespace weft::journal {
namespace {

using base::Json;

// What two runs of the same search agree in: everything but time, memory and luck with the network.
Json determined(const Outcome& outcome) {
  Json value = outcome.to_json();
  value.erase("measured");
  return value;
}

Json shown(const Call& call, bool measured) {
  Json value = {{"attempt", call.attempt},
                {"request", call.request},
                {"prompt_hash", call.prompt_hash},
                {"model", call.model},
                {"replies", call.replies},
                {"usage", call.usage},
                {"usd", call.usd ? Json(*call.usd) : Json(nullptr)}};
  if (measured) {
    value["seconds"] = call.seconds;
    value["requests"] = call.requests;
  }
  return value;
}

}  // namespace

std::string Journal::dump(bool measured) const {
  std::map<TrialId, Json> asked;
  for (const Call& call : calls()) {
    Json& list = asked[call.trial];
    list.push_back(shown(call, measured));
  }
  std::string text;
  for (const Trial& trial : trials()) {
    const Proposal& p = trial.proposal;
    Json line = {{"trial", trial.id}, {"op", p.lineage.op}, {"parents", p.lineage.parents}};
    if (p.lineage.call >= 0) {
      line["call"] = p.lineage.call;
      line["index"] = p.lineage.index;
    }
    if (const auto found = asked.find(trial.id); found != asked.end()) line["calls"] = found->second;
    if (p.repairs > 0) line["repairs"] = p.repairs;
    if (!p.invalid.empty()) {
      line["invalid"] = p.invalid;
    } else {
      line["id"] = p.id;
      const Json genome = Json::parse(p.text, nullptr, false);
      line["genome"] = genome.is_discarded() ? Json(p.text) : genome;
    }
    if (p.fidelity.budget != 1) line["budget"] = p.fidelity.budget;
    if (p.fidelity.replicate != 0) line["replicate"] = p.fidelity.replicate;
    if (trial.duplicate_of >= 0) line["duplicate_of"] = trial.duplicate_of;
    if (trial.outcome) line["outcome"] = measured ? trial.outcome->to_json() : determined(*trial.outcome);
    text += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return text;
}

}  // namespace weft::journal
