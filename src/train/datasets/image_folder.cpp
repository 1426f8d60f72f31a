#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <mutex>

#include "base/error.hpp"
#include "base/text.hpp"
#include "train/augment.hpp"
#include "train/data.hpp"
#include "train/image_file.hpp"
#include "train/image_index.hpp"
#include "train/pool.hpp"

namespace weft::train {
namespace {

namespace fs = base::fs;

constexpr std::int64_t kColours = 3;
constexpr std::size_t kAhead = 2;  // batches in the background, at most
constexpr std::size_t kMaxValidation = 10'000, kHashed = 1000;
constexpr double kValidationShare = 0.02;

// Images of one class list: the files, and which of them in which order.
struct ImageSplit {
  const ImageIndex* index = nullptr;
  fs::path folder;
  std::vector<std::uint32_t> images;

  const ImageIndex::Image& at(std::size_t i) const { return index->images[images[i]]; }
  fs::path path(std::size_t i) const { return folder / index->path(images[i]); }
};

// In an order that has nothing to do with classes and never changes: the first few are a sample of all.
std::vector<std::uint32_t> by_hash(const ImageIndex& index) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> hashes;
  for (std::uint32_t i = 0; i < index.images.size(); ++i) hashes.emplace_back(base::hash64(index.path(i)), i);
  std::sort(hashes.begin(), hashes.end());
  std::vector<std::uint32_t> order;
  for (const auto& [hash, i] : hashes) order.push_back(i);
  return order;
}

// What is being decoded: bytes [size, side, side, 3] and classes, filled by a pool's threads.
struct Pending {
  std::uint64_t key = 0;
  std::int64_t first = 0, size = 0;
  at::Tensor pixels, classes;
  std::optional<Mix> mix;
  std::unique_ptr<Pool::Work> work;

  // `image` gives the pixels [side, side, 3] of an example, and its class.
  void start(Pool& pool, std::int64_t side, std::function<std::pair<at::Tensor, std::int64_t>(std::int64_t)> image) {
    pixels = at::empty({size, side, side, kColours}, at::kByte);
    classes = at::empty({size}, at::kLong);
    auto* to = pixels.mutable_data_ptr<std::uint8_t>();
    auto* labels = classes.mutable_data_ptr<std::int64_t>();
    work = std::make_unique<Pool::Work>(pool, size, [=, image = std::move(image)](std::int64_t i) {
      const auto [made, label] = image(i);
      std::memcpy(to + i * made.numel(), made.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(made.numel()));
      labels[i] = label;
    });
  }

  Batch finished() {
    work->wait();
    return {pixels.permute({0, 3, 1, 2}), classes, mix};
  }
};

class ImageFolder : public Dataset {
 public:
  ImageFolder(const TaskConfig& config, ImageIndex train, ImageIndex test)
      : config_(config), train_(std::move(train)), test_(std::move(test)), pool_(std::max(1, at::get_num_threads())) {
    const fs::path root = config.path;
    std::vector<std::uint32_t> order = by_hash(train_);
    const auto share = static_cast<std::size_t>(std::llround(kValidationShare * static_cast<double>(order.size())));
    const auto held = static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(share, 1, kMaxValidation));
    splits_[1] = {&train_, root / "train", {order.begin(), order.begin() + held}};
    splits_[0] = {&train_, root / "train", {order.begin() + held, order.end()}};
    splits_[2] = {&test_, root / "val", by_hash(test_)};
  }
  ImageFolder(const ImageFolder&) = delete;
  ImageFolder& operator=(const ImageFolder&) = delete;
  ~ImageFolder() override = default;

  space::Input input() const override {
    return {.task = space::Task::image_classification,
            .vocabulary = 0,
            .context = 0,
            .channels = kColours,
            .height = config_.image_size,
            .width = config_.image_size,
            .classes = static_cast<std::int64_t>(train_.classes.size())};
  }

  Batch sample(base::Random& random, std::int64_t size) const override { return part(random, size, 0, size); }

  // A batch follows from one number of the stream, and each of its images from that and its own number.
  Batch part(base::Random& random, std::int64_t /*size*/, std::int64_t first, std::int64_t count) const override {
    const std::uint64_t key = random.next();
    return take(key, first, count)->finished();
  }

  void prepare(const base::Random& random, std::int64_t first, std::int64_t count) const override {
    base::Random coming = random;
    const std::uint64_t key = coming.next();
    const std::lock_guard lock(mutex_);
    if (find(key, first, count) != ahead_.end()) return;
    if (ahead_.size() == kAhead) ahead_.pop_front();
    ahead_.push_back(start(key, first, count));
  }

  std::vector<Batch> fixed(Split split, std::int64_t count, std::int64_t size) const override {
    const ImageSplit& images = splits_[static_cast<std::size_t>(split)];
    const auto most = std::min(static_cast<std::int64_t>(images.images.size()), count);
    std::vector<Pending> pending;
    for (std::int64_t done = 0; done < most; done += size) {
      Pending& one = pending.emplace_back(Pending{.size = std::min(size, most - done)});
      one.start(pool_, config_.image_size, [this, &images, done](std::int64_t i) {
        const auto place = static_cast<std::size_t>(done + i);
        return std::pair{centre(ImageFile(images.path(place)).pixels(), config_.image_size),
                         static_cast<std::int64_t>(images.at(place).label)};
      });
    }
    std::vector<Batch> batches;
    for (Pending& one : pending) batches.push_back(one.finished());
    return batches;
  }

  std::string description() const override {
    return fmt::format("images in {}: {} of {} classes to train on, {} for validation, {} for the test", config_.path,
                       splits_[0].images.size(), train_.classes.size(), splits_[1].images.size(),
                       splits_[2].images.size());
  }

  // Of names and sizes of all, and the bytes of some: reading 150 GB would take longer than many a search.
  std::string hash() const override {
    std::string all;
    for (const ImageSplit& split : splits_) {
      const std::size_t step = std::max<std::size_t>(1, split.images.size() / kHashed);
      for (std::size_t i = 0; i < split.images.size(); ++i) {
        const fs::path path = split.path(i);
        all += fmt::format("{} {}\n", split.index->path(split.images[i]), fs::file_size(path));
        if (i % step == 0) all += base::sha256_file(path.string());
      }
      all += '\0';
    }
    return base::sha256(all);
  }

 private:
  using Ahead = std::deque<std::unique_ptr<Pending>>;

  Ahead::iterator find(std::uint64_t key, std::int64_t first, std::int64_t size) const {
    return std::find_if(ahead_.begin(), ahead_.end(), [&](const std::unique_ptr<Pending>& one) {
      return one->key == key && one->first == first && one->size == size;
    });
  }

  // What was prepared in vain is dropped, so that no thread decodes it.
  std::unique_ptr<Pending> take(std::uint64_t key, std::int64_t first, std::int64_t size) const {
    const std::lock_guard lock(mutex_);
    const auto found = find(key, first, size);
    std::unique_ptr<Pending> pending = found == ahead_.end() ? nullptr : std::move(*found);
    ahead_.erase(ahead_.begin(), found == ahead_.end() ? found : found + 1);
    return pending ? std::move(pending) : start(key, first, size);
  }

  std::unique_ptr<Pending> start(std::uint64_t key, std::int64_t first, std::int64_t size) const {
    auto pending = std::make_unique<Pending>();
    pending->key = key;
    pending->first = first;
    pending->size = size;
    base::Random random(key, "mix", static_cast<std::uint64_t>(first));
    pending->mix =
        random_mix(random, config_.augment, config_.image_size, static_cast<std::int64_t>(train_.classes.size()));
    pending->start(pool_, config_.image_size,
                   [this, key, first](std::int64_t i) { return train_image(key, first + i); });
    return pending;
  }

  // Large images are decoded at a fraction of their size, as long as the crop has no fewer pixels than it gets.
  std::pair<at::Tensor, std::int64_t> train_image(std::uint64_t key, std::int64_t number) const {
    base::Random random(key, "image", static_cast<std::uint64_t>(number));
    const auto place = static_cast<std::size_t>(random.below(splits_[0].images.size()));
    const ImageFile file(splits_[0].path(place));
    Box crop = random_crop(random, file.height(), file.width(), config_.augment.min_scale);
    int shrink = file.is_jpeg() ? 8 : 1;
    while (shrink > 1 && std::min(crop.height, crop.width) < shrink * config_.image_size) shrink /= 2;
    crop = {crop.top / shrink, crop.left / shrink, crop.height / shrink, crop.width / shrink};
    return {augmented(file.pixels(shrink), crop, config_.image_size, config_.augment, random),
            static_cast<std::int64_t>(splits_[0].at(place).label)};
  }

  TaskConfig config_;
  ImageIndex train_, test_;
  std::array<ImageSplit, 3> splits_;
  mutable Pool pool_;
  mutable std::mutex mutex_;
  mutable Ahead ahead_;  // ends before the pool does
};

// Labels are places in the list of classes, so both lists must be one.
void check_classes(const ImageIndex& train, const ImageIndex& test, const fs::path& root) {
  const auto [of_train, of_test] =
      std::mismatch(train.classes.begin(), train.classes.end(), test.classes.begin(), test.classes.end());
  if (of_train == train.classes.end() && of_test == test.classes.end()) return;
  const bool lacks = of_test == test.classes.end() || (of_train != train.classes.end() && *of_train < *of_test);
  throw base::Error("has no folder of the class " + base::quote(lacks ? *of_train : *of_test) + ", which " +
                        (lacks ? "train" : "val") + " has",
                    (root / (lacks ? "val" : "train")).string());
}

}  // namespace

namespace datasets {

// A folder in ImageNet's layout (Russakovsky et al. 2015): train/CLASS/*.JPEG, of which 2 % validate, and val/CLASS/,
// which is the test.
std::unique_ptr<Dataset> image_folder(const TaskConfig& config) {
  if (config.path.empty())
    throw base::Error("the data set image_folder needs task.path, a folder with train/CLASS/ and val/CLASS/");
  const fs::path root = config.path;
  ImageIndex train = index_images(root / "train", root), test = index_images(root / "val", root);
  check_classes(train, test, root);
  return std::make_unique<ImageFolder>(config, std::move(train), std::move(test));
}

}  // namespace datasets
}  // namespace weft::train
