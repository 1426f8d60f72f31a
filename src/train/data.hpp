// Data sets: real texts and images with fixed splits, held in memory. Read once, then only read: any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/random.hpp"
#include "space/architecture.hpp"

namespace weft::train {

/// What a network is trained on: the `task:` of an experiment.
struct TaskConfig {
  std::string data;            ///< wordnet_glosses, text_file, fashion_mnist
  std::string path;            ///< text_file: a file or folder; else where the data lies, if not where Debian puts it
  std::int64_t context = 128;  ///< tokens a sequence

  static TaskConfig from_json(const base::Json& checked);
};

enum class Split { train, validation, test };

/// Tokens [B, T] and the tokens that follow them, both int64; or images [B, channels, height, width] and classes [B].
struct Batch {
  at::Tensor input, target;
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual space::Input input() const = 0;
  /// `size` examples of the training split, drawn with replacement.
  virtual Batch sample(base::Random& random, std::int64_t size) const = 0;
  /// The same `count` examples (or all there are, where fewer) of a split, in batches of at most `size`.
  virtual std::vector<Batch> fixed(Split split, std::int64_t count, std::int64_t size) const = 0;
  /// "WordNet glosses: 7.9 MB to train on, ...": for people.
  virtual std::string description() const = 0;
  /// SHA-256 over the splits.
  virtual std::string hash() const = 0;
};

/// Reads the data. Throws Error naming the file that is missing and the package that has it.
std::unique_ptr<Dataset> open_dataset(const TaskConfig& config);

/// What open_dataset() knows.
std::vector<std::string> dataset_names();

/// Under which licence a data set may be used, in a few words.
std::string dataset_licence(const std::string& name);

/// Which split an example belongs to, by a hash of its bytes: 90 % train, 5 % validation, 5 % test.
Split split_of(std::string_view example);

namespace datasets {
std::unique_ptr<Dataset> wordnet_glosses(const TaskConfig& config);
std::unique_ptr<Dataset> text_file(const TaskConfig& config);
std::unique_ptr<Dataset> fashion_mnist(const TaskConfig& config);
}  // namespace datasets

}  // namespace weft::train
