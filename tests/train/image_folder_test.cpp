// Folders of images: splits, the same batches whatever the threads, and what a broken folder says.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/errors.hpp"
#include "tests/support/images.hpp"
#include "train/data.hpp"
#include "train/image_index.hpp"

namespace weft::train {
namespace {

namespace fs = base::fs;
using test::error_of;
using test::Folder;

constexpr std::int64_t kAll = std::int64_t{1} << 40;

class ImageFolders : public ::testing::Test {
 protected:
  ImageFolders() { test::write_image_folder(folder_, 40, 5); }

  std::unique_ptr<Dataset> open(const Augment& augment = {}) const {
    return open_dataset(
        {.data = "image_folder", .path = folder_.path().string(), .image_size = 32, .augment = augment});
  }
  std::string error() const {
    const std::string text = error_of([&] { open(); });
    return text.starts_with(root()) ? text.substr(root().size()) : text;
  }
  std::string root() const { return folder_.path().string(); }

  Folder folder_;
};

TEST_F(ImageFolders, GiveBytesOfTheAskedSizeAndClasses) {
  const auto data = open();
  const space::Input input = data->input();
  EXPECT_EQ(input.task, space::Task::image_classification);
  EXPECT_EQ(std::vector({input.channels, input.height, input.width, input.classes}),
            (std::vector<std::int64_t>{3, 32, 32, 3}));
  base::Random random(1);
  const Batch batch = data->sample(random, 16);
  EXPECT_EQ(batch.input.sizes().vec(), (std::vector<std::int64_t>{16, 3, 32, 32}));
  EXPECT_EQ(batch.input.scalar_type(), at::kByte);
  EXPECT_EQ(batch.target.scalar_type(), at::kLong);
  EXPECT_FALSE(batch.mix.has_value());
  EXPECT_EQ(data->description(),
            "images in " + root() + ": 118 of 3 classes to train on, 2 for validation, 15 for the test");
}

TEST_F(ImageFolders, TrainOnAllClassesAndValidateOnTheSameImages) {
  const auto data = open();
  base::Random random(1);
  std::map<std::int64_t, int> classes;
  const Batch batch = data->sample(random, 300);
  for (int i = 0; i < 300; ++i) ++classes[batch.target[i].item<std::int64_t>()];
  EXPECT_EQ(classes.size(), 3U);
  for (const auto& [label, count] : classes) EXPECT_NEAR(count, 100, 40) << label;
  const auto once = data->fixed(Split::test, kAll, 4), again = data->fixed(Split::test, 6, 6);
  EXPECT_EQ(once.size(), 4U);
  EXPECT_EQ(once[3].input.size(0), 3);
  EXPECT_TRUE(at::equal(once[0].input, again[0].input.narrow(0, 0, 4)));
}

// The colour of a picture tells its number, so a label that belongs to another picture shows.
TEST_F(ImageFolders, KeepImagesAndLabelsTogether) {
  const auto data = open();
  std::map<std::int64_t, int> found;
  for (const Batch& batch : data->fixed(Split::test, kAll, 7)) {
    for (std::int64_t i = 0; i < batch.input.size(0); ++i) {
      const auto label = batch.target[i].item<std::int64_t>();
      double nearest = 1e9;
      std::int64_t owner = -1;
      for (std::uint64_t number = 120; number < 135; ++number) {
        base::Random random(number, "picture");
        double apart = 0;
        for (int c = 0; c < 3; ++c)
          apart += std::abs(batch.input[i][c].to(at::kDouble).mean().item<double>() - 27.5 -
                            static_cast<double>(random.below(200)));
        if (apart >= nearest) continue;
        nearest = apart;
        owner = static_cast<std::int64_t>(number - 120) / 5;
      }
      EXPECT_EQ(owner, label);
      ++found[label];
    }
  }
  EXPECT_EQ(found, (std::map<std::int64_t, int>{{0, 5}, {1, 5}, {2, 5}}));
}

TEST_F(ImageFolders, GiveTheSameBatchesWithAnyThreads) {
  const Augment augment{.erase = 0.5, .mixup = 0.8, .cutmix = 1, .label_smoothing = 0.1};
  const int before = at::get_num_threads();
  std::vector<std::vector<Batch>> runs;
  for (const int threads : {1, 2, 5}) {
    at::set_num_threads(threads);
    const auto data = open(augment);
    base::Random random(3);
    std::vector<Batch>& run = runs.emplace_back();
    for (int i = 0; i < 6; ++i) {
      run.push_back(data->sample(random, 9).on(at::kCPU));
      data->prepare(random, 0, 9);
    }
  }
  at::set_num_threads(before);
  for (const auto& run : runs) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      EXPECT_TRUE(at::equal(run[i].input, runs[0][i].input));
      EXPECT_TRUE(at::equal(run[i].target, runs[0][i].target));
    }
  }
}

// What is decoded ahead must not be given to who did not ask for it.
TEST_F(ImageFolders, GiveABatchThatFollowsFromTheStreamAlone) {
  const auto data = open();
  base::Random random(3), other(4), same(3);
  data->prepare(random, 0, 8);
  const Batch first = data->sample(random, 8), second = data->sample(random, 8);
  data->prepare(other, 0, 8);
  data->prepare(same, 0, 8);
  data->prepare(base::Random(9), 0, 8);
  EXPECT_TRUE(at::equal(data->sample(same, 8).input, first.input));
  EXPECT_EQ(data->sample(other, 5).input.size(0), 5);
  EXPECT_TRUE(at::equal(data->sample(same, 8).input, second.input));
  EXPECT_FALSE(at::equal(first.input, second.input));
}

TEST_F(ImageFolders, GivePartsOfOneBatch) {
  const auto data = open();
  base::Random random(3), left(3), right(3);
  const Batch all = data->sample(random, 9);
  data->prepare(right, 5, 4);
  EXPECT_TRUE(at::equal(data->part(left, 9, 0, 5).input, all.input.narrow(0, 0, 5)));
  const Batch rest = data->part(right, 9, 5, 4);
  EXPECT_TRUE(at::equal(rest.input, all.input.narrow(0, 5, 4)));
  EXPECT_TRUE(at::equal(rest.target, all.target.narrow(0, 5, 4)));
}

TEST_F(ImageFolders, HoldOutTwoPercentByHashWhateverElseIsThere) {
  const auto names = [&] {
    std::set<std::string> held;
    const ImageIndex index = index_images(folder_ / "train", folder_.path());
    for (std::size_t i = 0; i < index.images.size(); ++i) held.insert(index.path(i));
    return held;
  };
  EXPECT_EQ(names().size(), 120U);
  EXPECT_EQ(*names().begin(), "cat/0.JPEG");
  const auto before = open()->fixed(Split::validation, kAll, 8);
  folder_.write("val/cat/more.jpg", test::jpeg(40, 40, 999));
  EXPECT_TRUE(at::equal(open()->fixed(Split::validation, kAll, 8)[0].input, before[0].input));
}

TEST_F(ImageFolders, HaveAHashOfNamesSizesAndBytes) {
  const std::string hash = open()->hash();
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(open()->hash(), hash);
  const std::string image = base::read_file(folder_ / "val/cat/0.JPEG");
  folder_.write("val/cat/0.JPEG", image + "x");
  EXPECT_NE(open()->hash(), hash);
  folder_.write("val/cat/0.JPEG", image);
  EXPECT_EQ(open()->hash(), hash);
  fs::rename(folder_ / "train/dog/7.JPEG", folder_ / "train/dog/seven.JPEG");
  EXPECT_NE(open()->hash(), hash);
}

TEST_F(ImageFolders, ReadJpegAndPngAndLeaveOutOtherFiles) {
  folder_.write("train/cat/a.PNG", test::png(40, 40, 1));
  folder_.write("train/cat/b.jpg", test::jpeg(40, 40, 1));
  folder_.write("train/cat/notes.txt", "no image");
  folder_.write("train/README", "no class");
  EXPECT_EQ(index_images(folder_ / "train", folder_.path()).images.size(), 122U);
}

TEST_F(ImageFolders, NameTheImageThatIsBrokenWhenItIsDrawn) {
  folder_.write("val/elk/2.JPEG", "no image");
  EXPECT_EQ(error_of([&] { open()->fixed(Split::test, kAll, 8); }),
            root() + "/val/elk/2.JPEG: is neither a JPEG nor a PNG image");
  const auto data = open();
  for (const auto& entry : fs::directory_iterator(folder_ / "train/dog"))
    base::write_file(entry.path(), test::jpeg(40, 40, 1).substr(0, 400));
  base::Random random(1);
  const std::string first = error_of([&] { data->sample(random, 64); });
  EXPECT_TRUE(first.starts_with(root() + "/train/dog/")) << first;
  base::Random same(1);
  EXPECT_EQ(error_of([&] { data->sample(same, 64); }), first)
      << "of several the first in the batch, whatever is faster";
}

TEST_F(ImageFolders, WithoutImagesOrClassesAreErrors) {
  fs::create_directory(folder_ / "train/fox");
  EXPECT_EQ(error(), "/train/fox: has no images (.jpeg, .jpg or .png); each class needs some");
  fs::remove(folder_ / "train/fox");
  fs::remove_all(folder_ / "val/elk");
  EXPECT_EQ(error(), "/val: has no folder of the class 'elk', which train has");
  fs::remove_all(folder_ / "train/dog");
  folder_.write("train/elk/1.png", test::png(9, 9, 1));
  EXPECT_EQ(error(), "/train: has no folder of the class 'dog', which val has");
  fs::remove_all(folder_ / "val");
  fs::create_directory(folder_ / "val");
  EXPECT_EQ(error(), "/val: has fewer than two folders; each class of images is one");
  fs::remove_all(folder_ / "val");
  EXPECT_EQ(error(), "/val: no such folder; images lie in train/CLASS/ and val/CLASS/ of task.path");
  EXPECT_EQ(error_of([] { open_dataset({.data = "image_folder"}); }),
            "the data set image_folder needs task.path, a folder with train/CLASS/ and val/CLASS/");
}

TEST_F(ImageFolders, MayHaveLinksInsideButNotOut) {
  fs::create_symlink(folder_ / "train/cat/1.JPEG", folder_ / "train/dog/link.JPEG");
  EXPECT_NO_THROW(open());
  const Folder other;
  const std::string outside = other.write("secret.JPEG", test::jpeg(40, 40, 1));
  fs::create_symlink(outside, folder_ / "train/dog/out.JPEG");
  EXPECT_EQ(error(),
            "/train/dog/out.JPEG: is a link out of the folder of the data; set task.path to where the images are");
  fs::remove(folder_ / "train/dog/out.JPEG");
  fs::create_directory_symlink(other.path(), folder_ / "train/out");
  EXPECT_EQ(error(), "/train/out: is a link out of the folder of the data; set task.path to where the images are");
  fs::remove(folder_ / "train/out");
  fs::create_symlink("nowhere", folder_ / "train/dog/broken.JPEG");
  EXPECT_EQ(error(), "/train/dog/broken.JPEG: is a link that leads nowhere");
}

}  // namespace
}  // namespace weft::train
