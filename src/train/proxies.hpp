// Zero-cost proxies: scores of an architecture from a few batches, without training it. Called by the evaluator `proxy`
// and by whoever ranks the parts of a supernet. One call at a time a process.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "net/network.hpp"
#include "train/data.hpp"

namespace weft::train {

struct ProxyOptions {
  std::vector<std::string> scores;  ///< of proxy_names(); empty: all
  std::int64_t batch = 16;          ///< examples a batch, at least 2
  std::int64_t batches = 2;         ///< of which zico takes all, at least 2, and the others the first
};

/// What there is, in the order of the documentation, where each is defined: docs/experiments.md.
std::vector<std::string> proxy_names();

/// The scores by name, and `params` and `flops` by count. A score that means nothing for the architecture, or is not
/// finite, is left out, and `missing`, where given, gets its name and the reason. `weights` may be fresh, trained, or
/// views of a supernet's, in any floating type and on any device; they are left as they are. The seed draws the batches
/// from the training split. Throws base::Error for a name that is none; c10::Error where memory ends.
std::map<std::string, double> compute_proxies(const net::Network& network, const net::Weights& weights,
                                              const Dataset& data, const ProxyOptions& options, std::uint64_t seed,
                                              std::map<std::string, std::string>* missing = nullptr);

}  // namespace weft::train
