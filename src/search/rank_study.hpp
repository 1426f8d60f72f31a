// How well scores that are cheap to have rank genomes as stand-alone training does: the numbers that were measured, as
// a value and as a JSON file (schemas/rank.schema.json). search::summarize and the report read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"

namespace weft::search {

struct RankStudy {
  struct Genome {
    std::string id, text;  ///< text: what a reader is shown, JSON or a notation; may be empty
    std::int64_t params = 0;
    std::optional<std::int64_t> flops = std::nullopt;
  };
  struct Predictor {
    std::string name;
    bool minimize = true;        ///< whether a low score promises a good genome
    std::vector<double> scores;  ///< [genome]
  };

  std::string name, metric;
  bool minimize = true;  ///< the metric
  std::vector<Genome> genomes;
  std::vector<Predictor> predictors;
  std::vector<std::vector<double>> truth;  ///< [genome][seed]: the metric after stand-alone training

  /// Throws Error naming the file, the genome, what stands there and what was expected.
  static RankStudy read(const base::fs::path& file);
  /// The same of the file's text; `file` is its name in messages.
  static RankStudy parse(const std::string& text, const std::string& file);
  base::Json to_json() const;
  /// Throws Error where lists differ in length, a number is not finite, or a name stands twice or is a baseline's.
  void check(const std::string& where) const;
};

}  // namespace weft::search
