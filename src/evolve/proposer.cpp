#include "evolve/proposer.hpp"

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "evolve/proposers/all.hpp"

namespace weft::evolve {
namespace {

struct Row {
  const char* name;
  bool uses_model;
  bool ends;
  const char* prompt;  // the template it needs, or null
  std::unique_ptr<Proposer> (*make)(const Method&);
  bool budgets = false;
};

constexpr std::array kMethods{Row{"random", false, false, nullptr, proposers::random},
                              Row{"regularized_evolution", false, false, nullptr, proposers::regularized_evolution},
                              Row{"evolution", false, true, nullptr, proposers::evolution},
                              Row{"local_search", false, true, nullptr, proposers::local_search},
                              Row{"reinforce", false, false, nullptr, proposers::reinforce},
                              Row{"tpe", false, false, nullptr, proposers::tpe},
                              Row{"nsga2", false, false, nullptr, proposers::nsga2},
                              Row{"successive_halving", false, false, nullptr, proposers::successive_halving, true},
                              Row{"hyperband", false, false, nullptr, proposers::hyperband, true},
                              Row{"bohb", false, false, nullptr, proposers::bohb, true},
                              Row{"asha", false, false, nullptr, proposers::asha, true},
                              Row{"grid", false, true, nullptr, proposers::grid},
                              Row{"mixture", false, false, nullptr, proposers::mixture},
                              Row{"evoprompting", true, false, "evoprompting", proposers::evoprompting},
                              Row{"genius", true, true, "genius", proposers::genius}};

const Row& find(const std::string& name) {
  for (const Row& row : kMethods) {
    if (name == row.name) return row;
  }
  throw base::Error("no method '" + name + "'" + base::did_you_mean(name, method_names()));
}

}  // namespace

Draft Draft::of(space::Genome genome, std::string op, std::vector<TrialId> parents) {
  return {.kind = Kind::genome,
          .lineage = {.op = std::move(op), .parents = std::move(parents)},
          .genome = std::move(genome),
          .call = {}};
}

MethodTraits traits_of(const std::string& method) {
  const Row& row = find(method);
  MethodTraits traits{row.uses_model, row.ends, row.budgets, {}};
  if (row.prompt != nullptr) traits.prompts = {row.prompt, "repair"};
  return traits;
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const Row& row : kMethods) names.emplace_back(row.name);
  return names;
}

std::unique_ptr<Proposer> make_proposer(const Method& method) {
  return find(method.name).make(method);
}

}  // namespace weft::evolve
