// Files of token ids: both formats, splits, and what a broken file says.
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"
#include "train/data.hpp"

namespace weft::train {
namespace {

namespace fs = base::fs;
using test::error_of;
using test::Folder;

// Little-endian, as numpy's tofile() writes uint16.
std::string ids(int first, int count) {
  std::string bytes;
  for (int i = first; i < first + count; ++i) {
    bytes += static_cast<char>(i % 256);
    bytes += static_cast<char>(i / 256);
  }
  return bytes;
}

std::string shard(const std::string& tokens, std::int32_t count, std::int32_t version = 1) {
  std::vector<std::int32_t> header(256);
  header[0] = 20240520;
  header[1] = version;
  header[2] = count;
  return std::string(reinterpret_cast<const char*>(header.data()), 1024) + tokens;
}

class TokenShards : public ::testing::Test {
 protected:
  std::unique_ptr<Dataset> open(std::int64_t context = 16, std::int64_t vocabulary = 50'257) const {
    return open_dataset(
        {.data = "token_shards", .path = folder_.path().string(), .context = context, .vocabulary = vocabulary});
  }
  std::string error(std::int64_t context = 16) const {
    return error_of([&] { open(context); });
  }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  // The first tokens of all windows of a split.
  static std::set<std::int64_t> starts(const Dataset& data, Split split) {
    std::set<std::int64_t> found;
    for (const Batch& batch : data.fixed(split, 1 << 20, 64)) {
      for (std::int64_t i = 0; i < batch.input.size(0); ++i) found.insert(batch.input[i][0].item<std::int64_t>());
    }
    return found;
  }

  Folder folder_;
};

TEST_F(TokenShards, OfNanogptAreReadAsTheyAre) {
  folder_.write("train.bin", ids(0, 5000));
  folder_.write("val.bin", ids(10'000, 400));
  const auto data = open();
  EXPECT_EQ(data->input().vocabulary, 50'257);
  EXPECT_EQ(data->input().context, 16);
  EXPECT_EQ(data->input().task, space::Task::language_model);
  base::Random random(1), same(1);
  const Batch batch = data->sample(random, 32);
  EXPECT_EQ(batch.input.sizes().vec(), (std::vector<std::int64_t>{32, 16}));
  EXPECT_TRUE(at::equal(batch.target, batch.input + 1));
  EXPECT_TRUE(at::equal(data->sample(same, 32).input, batch.input));
  EXPECT_LT(batch.target.max().item<std::int64_t>(), 5000);
}

TEST_F(TokenShards, ValidateOnTheFirstHalfOfWhatIsHeldOutAndTestOnTheSecond) {
  folder_.write("train.bin", ids(0, 5000));
  folder_.write("val.bin", ids(10'000, 400));
  const auto data = open(4);
  const auto validation = starts(*data, Split::validation), test = starts(*data, Split::test);
  EXPECT_EQ(validation.size(), 49U);
  EXPECT_EQ(*validation.begin(), 10'000);
  EXPECT_EQ(*validation.rbegin(), 10'195);
  EXPECT_EQ(*test.begin(), 10'200);
  EXPECT_EQ(*test.rbegin(), 10'395);
  EXPECT_EQ(data->description(),
            "tokens in " + folder_.path().string() +
                ": 0.01 million to train on, 0.00 million for validation, 0.00 million for the test");
}

TEST_F(TokenShards, WithHeadersAreReadInOrderAndNoWindowLeavesItsFile) {
  folder_.write("fineweb_train_000001.bin", shard(ids(0, 100), 100));
  folder_.write("fineweb_train_000002.bin", shard(ids(1000, 30), 30));
  folder_.write("fineweb_val_000000.bin", shard(ids(2000, 50), 50));
  folder_.write("fineweb_val_000001.bin", shard(ids(3000, 90), 90));
  folder_.write("README.bin", "not one of them");
  const auto data = open(8);
  base::Random random(1);
  const Batch batch = data->sample(random, 3000);
  EXPECT_TRUE(at::equal(batch.target, batch.input + 1)) << "a window over two files jumps";
  std::set<std::int64_t> places;
  for (std::int64_t i = 0; i < 3000; ++i) places.insert(batch.input[i][0].item<std::int64_t>());
  EXPECT_EQ(places.size(), 92U + 22U);
  EXPECT_EQ(*places.rbegin(), 1021);
  EXPECT_EQ(*starts(*data, Split::validation).rbegin(), 3011);
  EXPECT_EQ(*starts(*data, Split::test).begin(), 3020);
}

TEST_F(TokenShards, MayBeOneFileOfWhichTheLastTenthIsHeldOut) {
  const std::string path = folder_.write("tokens.bin", ids(0, 2000));
  const auto data = open_dataset({.data = "token_shards", .path = path, .context = 9, .vocabulary = 2000});
  EXPECT_EQ(*starts(*data, Split::train).rbegin(), 1790);
  EXPECT_EQ(*starts(*data, Split::validation).begin(), 1800);
  EXPECT_EQ(*starts(*data, Split::test).begin(), 1900);
}

TEST_F(TokenShards, NameTheFileAndPlaceOfAnIdBeyondTheVocabulary) {
  folder_.write("a_train_0.bin", shard(ids(0, 100) + ids(60'000, 1), 101));
  folder_.write("a_val_0.bin", ids(0, 60));
  const auto data = open();
  EXPECT_EQ(
      error_of([&] {
        base::Random random(1);
        for (int i = 0; i < 100; ++i) data->sample(random, 16);
      }),
      file("a_train_0.bin") + ": token 100 is 60000, at byte 1224; task.vocabulary says that all are below 50257");
  EXPECT_NO_THROW(open(16, 60'001)->fixed(Split::train, 100, 16));
}

TEST_F(TokenShards, ThatAreCutShortAreErrors) {
  folder_.write("val.bin", ids(0, 100));
  folder_.write("train.bin", ids(0, 100) + "x");
  EXPECT_EQ(error(), file("train.bin") + ": has 201 bytes; tokens of 16 bits have two each");
  folder_.write("train.bin", shard(ids(0, 99), 100));
  EXPECT_EQ(error(), file("train.bin") +
                         ": says that it has 100 tokens and has 198 bytes behind its header; it is cut "
                         "short or not of 16 bits");
  folder_.write("train.bin", shard(ids(0, 100), -1));
  EXPECT_NE(error().find("says that it has -1 tokens"), std::string::npos);
  folder_.write("train.bin", shard(ids(0, 100), 100, 7));
  EXPECT_EQ(error(), file("train.bin") + ": is a shard of version 7; weft reads version 1");
  folder_.write("train.bin", "");
  EXPECT_EQ(error(), folder_.path().string() +
                         ": 0 tokens fall to the training split, with none in one piece that a context of 16 needs");
}

TEST_F(TokenShards, ThatBecomeShorterAreAnErrorAndNoCrash) {
  folder_.write("train.bin", ids(0, 5000));
  folder_.write("val.bin", ids(0, 100));
  const auto data = open();
  fs::resize_file(folder_ / "train.bin", 10);
  base::Random random(1);
  EXPECT_EQ(error_of([&] { data->sample(random, 4); }), file("train.bin") + ": has become shorter since it was opened");
}

TEST_F(TokenShards, ThatAreTooFewForAContextAreErrors) {
  folder_.write("train.bin", ids(0, 100));
  folder_.write("val.bin", ids(0, 40));
  EXPECT_NO_THROW(open(19));
  EXPECT_EQ(error(20),
            folder_.path().string() +
                ": 20 tokens fall to the validation split, with none in one piece that a context of 20 needs");
}

TEST_F(TokenShards, ThatAreMissingAreNamed) {
  EXPECT_EQ(error(), folder_.path().string() + ": has no train.bin and no *_train_*.bin");
  folder_.write("train.bin", ids(0, 100));
  EXPECT_EQ(error(), folder_.path().string() + ": has no val.bin and no *_val_*.bin");
  EXPECT_EQ(error_of([] { open_dataset({.data = "token_shards", .path = "/nowhere.bin", .vocabulary = 300}); }),
            "/nowhere.bin: no such file");
  EXPECT_EQ(error_of([] { open_dataset({.data = "token_shards", .vocabulary = 300}); }),
            "the data set token_shards needs task.path, a folder or file of token ids");
  EXPECT_EQ(error_of([] { open_dataset({.data = "token_shards", .path = "."}); }),
            "the data set token_shards needs task.vocabulary, as 50257 for GPT-2's tokens");
}

TEST_F(TokenShards, HaveAHashOfNamesSizesAndEnds) {
  folder_.write("train.bin", ids(0, 5000));
  folder_.write("val.bin", ids(0, 100));
  const std::string hash = open()->hash();
  EXPECT_EQ(open()->hash(), hash);
  folder_.write("train.bin", ids(0, 4999) + ids(7, 1));
  EXPECT_NE(open()->hash(), hash);
  folder_.write("train.bin", ids(0, 5001));
  EXPECT_NE(open()->hash(), hash);
}

}  // namespace
}  // namespace weft::train
