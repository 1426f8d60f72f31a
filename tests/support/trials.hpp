// Trials and outcomes in tests, and genomes as a language model would write them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "journal/values.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"

namespace weft::test {

inline journal::Outcome outcome_of(std::map<std::string, double> metrics) {
  journal::Outcome outcome;
  outcome.metrics = std::move(metrics);
  return outcome;
}

/// A trial of this genome with this outcome.
inline journal::Trial trial_of(const space::Space& space, journal::TrialId id, space::Genome genome,
                               journal::Outcome outcome) {
  journal::Trial trial{.id = id};
  trial.proposal.text = space::to_text(space, genome);
  trial.proposal.id = space::id(space, genome);
  trial.proposal.genome = std::move(genome);
  trial.outcome = std::move(outcome);
  return trial;
}

inline journal::Trial invalid_trial(journal::TrialId id, const std::string& why, const std::string& reply = "hm") {
  journal::Trial trial{.id = id};
  trial.proposal.invalid = why;
  trial.proposal.reply = reply;
  return trial;
}

/// `count` sampled genomes as replies.
inline std::vector<std::string> replies_of(const space::Space& space, int count, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<std::string> list;
  for (int i = 0; i < count; ++i) list.push_back(space::genome_form(space, space::sample(space, random)));
  return list;
}

}  // namespace weft::test
