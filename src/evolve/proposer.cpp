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
};

constexpr std::array kMethods{Row{"random", false, false, nullptr, proposers::random},
                              Row{"regularized_evolution", false, false, nullptr, proposers::regularized_evolution},
                              Row{"evolution", false, true, nullptr, proposers::evolution},
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
  MethodTraits traits{row.uses_model, row.ends, {}};
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
