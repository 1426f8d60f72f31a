// Data sets: real texts and images with fixed splits, held in memory or read as they are asked for. Any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/random.hpp"
#include "space/architecture.hpp"
#include "train/augment.hpp"
#include "train/batch.hpp"

namespace weft::train {

/// What a network is trained on: the `task:` of an experiment.
struct TaskConfig {
  std::string data;               ///< a name in the table of data sets
  std::string path;               ///< of one's own files; else where the data lies, if not where Debian puts it
  std::int64_t context = 128;     ///< tokens a sequence
  std::int64_t vocabulary = 0;    ///< token_shards: tokens that there are
  std::int64_t image_size = 224;  ///< image_folder: side of the images, in pixels
  Augment augment = {};           ///< image_folder: what is done to training images

  static TaskConfig from_json(const base::Json& checked);
};

enum class Split { train, validation, test };

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual space::Input input() const = 0;
  /// `size` examples of the training split, drawn with replacement: a function of the random stream alone.
  virtual Batch sample(base::Random& random, std::int64_t size) const = 0;
  /// Of what sample() would give, `count` examples from number `first` on, the same whatever the part; images are mixed
  /// within it. Where several train together, each asks for its part.
  virtual Batch part(base::Random& random, std::int64_t size, std::int64_t first, std::int64_t count) const;
  /// Says that a stream like this one will be asked for that part: images are then decoded in the background.
  virtual void prepare(const base::Random& random, std::int64_t first, std::int64_t count) const;
  /// The same `count` examples (or all there are, where fewer) of a split, in batches of at most `size`.
  virtual std::vector<Batch> fixed(Split split, std::int64_t count, std::int64_t size) const = 0;
  /// "WordNet glosses: 7.9 MB to train on, ...": for people.
  virtual std::string description() const = 0;
  /// SHA-256 over the splits; for files that are read as they are asked for, over what tells them apart (names, sizes,
  /// some of the bytes).
  virtual std::string hash() const = 0;
};

/// Reads the data. Throws Error naming the file that is missing and the package that has it.
std::unique_ptr<Dataset> open_dataset(const TaskConfig& config);

/// What open_dataset() knows.
std::vector<std::string> dataset_names();

/// What a data set is for, and which keys of a task it reads.
struct DataTraits {
  space::Task task = space::Task::language_model;
  bool own_vocabulary = false;  ///< needs task.vocabulary; other texts are bytes
  bool scaled_images = false;   ///< reads task.image_size and task.augment
};
/// Throws Error for a name that open_dataset() does not know.
DataTraits dataset_traits(const std::string& name);

/// Under which licence a data set may be used, in a few words.
std::string dataset_licence(const std::string& name);

/// Which split an example belongs to, by a hash of its bytes: 90 % train, 5 % validation, 5 % test.
Split split_of(std::string_view example);

namespace datasets {
std::unique_ptr<Dataset> wordnet_glosses(const TaskConfig& config);
std::unique_ptr<Dataset> text_file(const TaskConfig& config);
std::unique_ptr<Dataset> fashion_mnist(const TaskConfig& config);
std::unique_ptr<Dataset> image_folder(const TaskConfig& config);
std::unique_ptr<Dataset> token_shards(const TaskConfig& config);
}  // namespace datasets

}  // namespace weft::train
