// Surrogates: models that predict a table's metric for any genome of the space, with how sure they are. Predicting is
// safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bench/table.hpp"

namespace weft::bench {

struct Prediction {
  double mean = 0;
  double deviation = 0;  ///< standard deviation of what a new evaluation of the genome would give; 0: not known
};

/// How good a surrogate was on genomes that it had not seen.
struct SurrogateQuality {
  std::int64_t fitted = 0, held_out = 0;  ///< genomes
  double r2 = 0, rmse = 0;
  std::optional<double> tau;                        ///< Kendall's, of predictions and scores
  std::optional<double> params_tau;                 ///< of sorting by parameters
  double within50 = 0, within80 = 0, within95 = 0;  ///< share of the scores within the intervals of these levels

  base::Json to_json() const;
};

/// What is predicted.
struct SurrogateTarget {
  std::string metric, task;
  double fidelity = 0;
};

class Surrogate {
 public:
  struct Options {
    int members = 10;       ///< of the ensemble
    double held_out = 0.2;  ///< share of the genomes, for the quality
    std::uint64_t seed = 1;
    std::function<void(int members, int of)> progress = {};  ///< hears of each member that is fitted
  };

  /// Gradient-boosted trees, each member fitted to a bootstrap sample of the genomes, whose score is the mean of their
  /// seeds'; the deviation joins what the members disagree in with what genomes that a member had not seen were off by.
  /// Quality is measured on held-out genomes; the model that is returned has seen all of them. Throws base::Error where
  /// there are too few genomes.
  static Surrogate fit(const Table& table, const SurrogateTarget& target, const Options& options,
                       SurrogateQuality& quality);

  /// Reads a surrogate's folder: of fit() and save(), or one that a converter made. Throws base::Error naming the file.
  static Surrogate load(const base::fs::path& path);
  void save(const base::fs::path& folder, const SurrogateQuality& quality) const;

  Prediction predict(const space::Genome& genome) const;
  const space::Space& space() const;
  const std::string& metric() const;

  /// One way to predict.
  struct Model;

 private:
  explicit Surrogate(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  std::shared_ptr<const Model> model_;
};

}  // namespace weft::bench
