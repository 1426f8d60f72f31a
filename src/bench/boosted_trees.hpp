// Gradient-boosted regression trees. The only user of XGBoost. Predicting is safe from any thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weft::bench {

/// Rows of equal length, one after the other; NaN: the row has no such value.
struct Features {
  std::size_t columns = 0;
  std::vector<float> values;
  std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
};

class BoostedTrees {
 public:
  struct Options {
    int rounds = 400, depth = 6;
    double learning_rate = 0.05, subsample = 0.8, columns = 0.8;
    std::uint64_t seed = 1;
  };

  /// Least squares. `weights` are of the rows, or empty. Throws base::Error where XGBoost refuses.
  static BoostedTrees fit(const Features& features, std::span<const float> targets, std::span<const float> weights,
                          const Options& options);
  /// Reads what save() gave. Throws base::Error where it is none.
  static BoostedTrees load(const std::string& bytes);
  std::string save() const;

  std::vector<float> predict(const Features& features) const;

 private:
  struct Booster;
  explicit BoostedTrees(std::shared_ptr<Booster> booster) : booster_(std::move(booster)) {}
  std::shared_ptr<Booster> booster_;
};

}  // namespace weft::bench
