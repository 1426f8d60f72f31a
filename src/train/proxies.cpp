#include "train/proxies.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "train/proxies/all.hpp"

namespace weft::train {
namespace {

struct Row {
  const char* name;
  base::Result<double> (*score)(const proxies::Subject&);
};

constexpr std::array kProxies{Row{"grad_norm", proxies::grad_norm},
                              Row{"snip", proxies::snip},
                              Row{"synflow", proxies::synflow},
                              Row{"jacob_cov", proxies::jacob_cov},
                              Row{"naswot", proxies::naswot},
                              Row{"zico", proxies::zico},
                              Row{"dss", proxies::dss},
                              Row{"head_confidence", proxies::head_confidence},
                              Row{"activation_distance", proxies::activation_distance}};

void check(const ProxyOptions& options) {
  const std::vector<std::string> names = proxy_names();
  for (const std::string& name : options.scores) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw base::Error("no proxy '" + name + "'" + base::did_you_mean(name, names));
  }
  if (options.batch < 2 || options.batches < 2)
    throw base::Error("proxies need at least 2 batches of at least 2 examples, not " + std::to_string(options.batches) +
                      " of " + std::to_string(options.batch));
}

bool wanted(const ProxyOptions& options, const std::string& name) {
  return options.scores.empty() ||
         std::find(options.scores.begin(), options.scores.end(), name) != options.scores.end();
}

}  // namespace

std::vector<std::string> proxy_names() {
  std::vector<std::string> names;
  for (const Row& row : kProxies) names.emplace_back(row.name);
  return names;
}

std::map<std::string, double> compute_proxies(const net::Network& network, const net::Weights& weights,
                                              const Dataset& data, const ProxyOptions& options, std::uint64_t seed,
                                              std::map<std::string, std::string>* missing) {
  check(options);
  base::Random random(seed, "proxies");
  std::vector<Batch> batches;
  for (std::int64_t i = 0; i < options.batches; ++i) batches.push_back(data.sample(random, options.batch));
  const proxies::Subject subject(network, weights, std::move(batches));
  std::map<std::string, double> values{{"params", static_cast<double>(network.architecture.counts.params)},
                                       {"flops", static_cast<double>(network.architecture.flops())}};
  for (const Row& row : kProxies) {
    if (!wanted(options, row.name)) continue;
    const base::Result<double> score = row.score(subject);
    if (score && std::isfinite(*score)) {
      values[row.name] = *score;
    } else if (missing != nullptr) {
      (*missing)[row.name] = score ? "the score is not finite" : score.error();
    }
  }
  return values;
}

}  // namespace weft::train
