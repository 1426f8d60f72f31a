#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.hpp"
#include "base/files.hpp"
#include "train/data.hpp"

namespace weft::train {
namespace {

namespace fs = base::fs;

constexpr std::int64_t kSide = 28, kPixels = kSide * kSide, kClasses = 10;
constexpr double kMean = 0.2860, kDeviation = 0.3530;  // of the training images, of pixels in [0, 1]

// A gzipped IDX file: a header of big-endian sizes, then bytes (LeCun's format).
std::string read_idx(const fs::path& path, std::size_t dimensions) {
  if (!fs::exists(path))
    throw base::Error("no such file; install the Debian package dataset-fashion-mnist, or set task.path",
                      path.string());
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw base::Error("cannot be read", path.string());
  std::string content, buffer(1 << 16, '\0');
  int got = 0;
  while ((got = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0 && content.size() < (1U << 28U))
    content.append(buffer, 0, static_cast<std::size_t>(got));
  gzclose(file);
  const auto size = [&](std::size_t i) {
    std::size_t value = 0;
    for (std::size_t k = 4 + 4 * i; k < 8 + 4 * i; ++k) value = value << 8U | static_cast<unsigned char>(content[k]);
    return value;
  };
  const std::size_t header = 4 + 4 * dimensions;
  std::size_t expected = 1;
  for (std::size_t i = 0; content.size() >= header && i < dimensions; ++i) expected *= size(i);
  if (got < 0 || content.size() < header || content.size() - header != expected || content[2] != 8)
    throw base::Error("is no whole IDX file of bytes", path.string());
  return content.substr(header);
}

struct Images {
  std::string pixels, labels;
};

Images read_images(const fs::path& folder, const std::string& name) {
  Images images{read_idx(folder / (name + "-images-idx3-ubyte.gz"), 3),
                read_idx(folder / (name + "-labels-idx1-ubyte.gz"), 1)};
  if (images.pixels.size() != images.labels.size() * kPixels)
    throw base::Error("images and labels do not belong together", folder.string());
  const auto strange = std::find_if(images.labels.begin(), images.labels.end(),
                                    [](char label) { return static_cast<unsigned char>(label) >= kClasses; });
  if (strange != images.labels.end())
    throw base::Error("there are 10 classes; a label is " + std::to_string(static_cast<unsigned char>(*strange)),
                      (folder / (name + "-labels-idx1-ubyte.gz")).string());
  return images;
}

class ImageDataset : public Dataset {
 public:
  ImageDataset(const Images& train, const Images& test) {
    for (std::size_t i = 0; i < train.labels.size(); ++i) {
      const std::string_view pixels(train.pixels.data() + i * kPixels, kPixels);
      // The test images have files of their own, so what the hash calls test trains as well.
      add(split_of(pixels) == Split::validation ? Split::validation : Split::train, pixels, train.labels[i]);
    }
    for (std::size_t i = 0; i < test.labels.size(); ++i) {
      add(Split::test, std::string_view(test.pixels.data() + i * kPixels, kPixels), test.labels[i]);
    }
  }

  space::Input input() const override {
    return {.task = space::Task::image_classification,
            .vocabulary = 0,
            .context = 0,
            .channels = 1,
            .height = kSide,
            .width = kSide,
            .classes = kClasses};
  }

  Batch sample(base::Random& random, std::int64_t size) const override {
    std::vector<std::size_t> chosen;
    for (std::int64_t i = 0; i < size; ++i) chosen.push_back(random.below(splits_[0].labels.size()));
    return batch(splits_[0], chosen);
  }

  std::vector<Batch> fixed(Split split, std::int64_t count, std::int64_t size) const override {
    const Images& images = splits_[static_cast<std::size_t>(split)];
    const std::size_t most = std::min(images.labels.size(), static_cast<std::size_t>(count));
    std::vector<Batch> batches;
    for (std::size_t done = 0; done < most;) {
      std::vector<std::size_t> chosen;
      for (; done < most && chosen.size() < static_cast<std::size_t>(size); ++done) chosen.push_back(done);
      batches.push_back(batch(images, chosen));
    }
    return batches;
  }

  std::string description() const override {
    return fmt::format("Fashion-MNIST: {} images to train on, {} for validation, {} for the test",
                       splits_[0].labels.size(), splits_[1].labels.size(), splits_[2].labels.size());
  }

  std::string hash() const override {
    std::string all;
    for (const Images& images : splits_) all += base::sha256(images.pixels) + base::sha256(images.labels);
    return base::sha256(all);
  }

 private:
  void add(Split split, std::string_view pixels, char label) {
    Images& images = splits_[static_cast<std::size_t>(split)];
    images.pixels += pixels;
    images.labels += label;
  }

  static Batch batch(const Images& images, const std::vector<std::size_t>& chosen) {
    const auto rows = static_cast<std::int64_t>(chosen.size());
    const at::Tensor pixels = at::empty({rows, 1, kSide, kSide}, at::kByte);
    const at::Tensor labels = at::empty({rows}, at::kLong);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      std::memcpy(pixels.mutable_data_ptr<std::uint8_t>() + i * kPixels, images.pixels.data() + chosen[i] * kPixels,
                  kPixels);
      labels.mutable_data_ptr<std::int64_t>()[i] = static_cast<unsigned char>(images.labels[chosen[i]]);
    }
    return {pixels.to(at::kFloat).div_(255).sub_(kMean).div_(kDeviation), labels};
  }

  std::array<Images, 3> splits_;
};

}  // namespace

namespace datasets {

// 60,000 + 10,000 grey images of clothes, 28x28, ten classes (Xiao, Rasul, Vollgraf 2017; Debian's
// dataset-fashion-mnist).
std::unique_ptr<Dataset> fashion_mnist(const TaskConfig& config) {
  const fs::path folder = config.path.empty() ? "/usr/share/datasets/fashion-mnist" : config.path;
  return std::make_unique<ImageDataset>(read_images(folder, "train"), read_images(folder, "t10k"));
}

}  // namespace datasets
}  // namespace weft::train
