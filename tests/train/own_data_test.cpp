// Training on images and tokens of a user's own, by the recipes that published supernets have.
#include <gtest/gtest.h>

#include <cmath>

#include "net/device.hpp"
#include "space/decode.hpp"
#include "space/vary.hpp"
#include "tests/support/images.hpp"
#include "train/trainer.hpp"

namespace weft::train {
namespace {

space::Architecture sampled(const std::string& name, const Dataset& data) {
  const space::Space space = space::Space::load(name);
  base::Random random(1);
  for (;;) {
    if (auto made = space::decode(space, space::sample(space, random), data.input())) return *made;
  }
}

journal::Outcome trained(const std::string& space, const TaskConfig& task) {
  net::set_threads(1);
  const auto data = open_dataset(task);
  const Recipe recipe{.steps = 3, .batch = 4, .validation = 3, .curve = 1, .device = "cpu"};
  return train(sampled(space, *data), *data, recipe, {.budget = 1, .test = true}, 1);
}

TEST(OwnImages, TrainAVisionTransformerWithMixedImagesBitForBit) {
  const test::Folder folder;
  test::write_image_folder(folder, 40, 3);
  const TaskConfig task{.data = "image_folder",
                        .path = folder.path().string(),
                        .image_size = 32,
                        .augment = {.erase = 0.25, .mixup = 0.8, .cutmix = 1, .label_smoothing = 0.1}};
  const journal::Outcome outcome = trained("autoformer_t", task);
  ASSERT_TRUE(outcome.ok()) << outcome.failure << ": " << outcome.detail;
  for (const char* name : {"train_loss", "val_loss", "val_accuracy"})
    EXPECT_TRUE(std::isfinite(outcome.metrics.at(name))) << name;
  EXPECT_TRUE(outcome.test.contains("test_accuracy"));
  EXPECT_EQ(trained("autoformer_t", task).metrics, outcome.metrics);
}

TEST(OwnTokens, TrainALanguageModelWhoseEmbeddingHasTheirVocabulary) {
  const test::Folder folder;
  std::string tokens;
  for (int i = 0; i < 4000; ++i) {
    tokens += static_cast<char>(i % 7);
    tokens += static_cast<char>(3);
  }
  folder.write("train.bin", tokens);
  folder.write("val.bin", tokens);
  const TaskConfig task{.data = "token_shards", .path = folder.path().string(), .context = 16, .vocabulary = 800};
  const journal::Outcome outcome = trained("gpt_nano", task);
  ASSERT_TRUE(outcome.ok()) << outcome.failure << ": " << outcome.detail;
  EXPECT_TRUE(outcome.metrics.at("val_loss") < std::log(800));
  EXPECT_EQ(sampled("gpt_nano", *open_dataset(task)).input.vocabulary, 800);
  EXPECT_EQ(sampled("gpt_s", *open_dataset(task)).input.vocabulary, 50'254) << "the space's, where that is larger";
}

}  // namespace
}  // namespace weft::train
