// The data sets: what is in which split, and what a broken file says.
#include "train/data.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"

namespace weft::train {
namespace {

namespace fs = base::fs;
using test::error_of;
using test::Folder;

constexpr std::array kSplits{Split::train, Split::validation, Split::test};
constexpr std::int64_t kAll = std::int64_t{1} << 40;

// The whole text of a split: with a context of one token every position is an example.
std::string text_of(const Dataset& data, Split split) {
  std::string text;
  std::int64_t last = 0;
  for (const Batch& batch : data.fixed(split, kAll, 1 << 18)) {
    const at::Tensor bytes = batch.input.reshape({-1}).to(at::kByte).contiguous();
    text.append(reinterpret_cast<const char*>(bytes.const_data_ptr<std::uint8_t>()), bytes.numel());
    last = batch.target.reshape({-1})[-1].item<std::int64_t>();
  }
  return text + static_cast<char>(last);
}

std::unique_ptr<Dataset> open(const std::string& data, const std::string& path = "", std::int64_t context = 64) {
  return open_dataset({.data = data, .path = path, .context = context});
}

// Text that fills all splits.
std::string prose(int lines, const std::string& word = "gloss") {
  std::string text;
  for (int i = 0; i < lines; ++i) text += word + " number " + std::to_string(i) + " of some length, to fill a line\n";
  return text;
}

TEST(Data, IsNamedWhereItIsNotKnown) {
  EXPECT_EQ(error_of([] { open("wordnet_gloss"); }),
            "no data set 'wordnet_gloss'; there are wordnet_glosses, text_file, token_shards, fashion_mnist, "
            "image_folder; did you mean 'wordnet_glosses'?");
}

TEST(Data, IsSplitByAHashOfTheExample) {
  std::map<Split, int> counts;
  for (int i = 0; i < 20'000; ++i) ++counts[split_of("example " + std::to_string(i))];
  EXPECT_NEAR(counts[Split::train] / 20'000.0, 0.9, 0.01);
  EXPECT_NEAR(counts[Split::validation] / 20'000.0, 0.05, 0.01);
  EXPECT_NEAR(counts[Split::test] / 20'000.0, 0.05, 0.01);
  EXPECT_EQ(split_of("fixed for ever"), split_of("fixed for ever"));
}

TEST(WordnetGlosses, AreAllThereInDisjointSplitsThatNeverChange) {
  const auto data = open("wordnet_glosses", "", 1);
  std::int64_t lines = 0;
  std::set<std::string> seen;
  for (const Split split : kSplits) {
    const std::string text = text_of(*data, split);
    ASSERT_TRUE(text.ends_with("\n"));
    std::set<std::string> own;
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t end = text.find('\n', start);
      const std::string line = text.substr(start, end - start);
      ASSERT_EQ(split_of(line), split);
      own.insert(line);
      ++lines;
      start = end + 1;
    }
    for (const std::string& line : own) ASSERT_TRUE(seen.insert(line).second) << "in two splits: " << line;
  }
  EXPECT_EQ(lines, 117'659);
  EXPECT_TRUE(seen.contains("an entity that has physical existence"));
}

TEST(WordnetGlosses, AreTheSameWithAnyThreadsAndAnyContext) {
  const auto first = open("wordnet_glosses");
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto again = open("wordnet_glosses", "", 16);
  EXPECT_EQ(again->hash(), first->hash());
  at::set_num_threads(threads);
  EXPECT_EQ(first->hash().size(), 64U);
  EXPECT_NE(first->description().find("WordNet glosses: 8.06 MB to train on"), std::string::npos)
      << first->description();
  EXPECT_EQ(first->input().vocabulary, 256);
  EXPECT_EQ(first->input().context, 64);
}

TEST(WordnetGlosses, GiveTokensAndThoseThatFollow) {
  const auto data = open("wordnet_glosses", "", 32);
  base::Random random(1), same(1), other(2);
  const Batch batch = data->sample(random, 8), again = data->sample(same, 8);
  EXPECT_EQ(batch.input.sizes().vec(), (std::vector<std::int64_t>{8, 32}));
  EXPECT_EQ(batch.target.sizes().vec(), (std::vector<std::int64_t>{8, 32}));
  EXPECT_TRUE(at::equal(batch.input.narrow(1, 1, 31), batch.target.narrow(1, 0, 31)));
  EXPECT_TRUE(at::equal(batch.input, again.input));
  EXPECT_FALSE(at::equal(batch.input, data->sample(other, 8).input));
  EXPECT_TRUE(
      at::equal(data->fixed(Split::validation, 40, 16)[2].input, data->fixed(Split::validation, 40, 16)[2].input));
  EXPECT_EQ(data->fixed(Split::validation, 40, 16).size(), 3U);
  EXPECT_EQ(data->fixed(Split::validation, 40, 16)[2].input.size(0), 8);
}

TEST(WordnetGlosses, TrainOnNothingOfTheTest) {
  const auto data = open("wordnet_glosses", "", 1);
  const std::string train = text_of(*data, Split::train);
  int looked_at = 0;
  for (const std::string& line : base::split_lines(text_of(*data, Split::test))) {
    if (line.size() < 60 || ++looked_at > 300) continue;
    EXPECT_EQ(train.find("\n" + line + "\n"), std::string::npos) << line;
  }
  EXPECT_GT(looked_at, 300);
}

TEST(WordnetGlosses, NameTheFileAndThePackageThatAreMissing) {
  const Folder folder;
  EXPECT_EQ(error_of([&] { open("wordnet_glosses", folder.path().string()); }),
            (folder.path() / "data.noun").string() +
                ": no such file; install the Debian package wordnet-base, or set task.path");
}

TEST(TextFile, MayBeAFileOrAFolder) {
  const Folder folder;
  const std::string file = folder.write("books/one.txt", prose(10'000));
  const auto data = open("text_file", file);
  EXPECT_EQ(open("text_file", (folder.path() / "books").string())->hash(), data->hash());
  EXPECT_EQ(data->input().vocabulary, 256);
  EXPECT_NE(data->description().find("one.txt: "), std::string::npos);
}

TEST(TextFile, IsTheSameInWhateverOrderItsFilesWereWritten) {
  const Folder one, two;
  for (const char* name : {"a.txt", "b.txt", "sub/c.txt"}) one.write(name, prose(4000, name));
  for (const char* name : {"sub/c.txt", "b.txt", "a.txt"}) two.write(name, prose(4000, name));
  EXPECT_EQ(open("text_file", one.path().string())->hash(), open("text_file", two.path().string())->hash());
}

TEST(TextFile, KeepsEveryLineOnceInOneSplit) {
  const Folder folder;
  const std::string text = prose(8000);
  const auto data = open("text_file", folder.write("t.txt", text), 1);
  std::multiset<std::string> lines, wanted;
  for (const std::string& line : base::split_lines(text)) wanted.insert(line);
  for (const Split split : kSplits) {
    for (const std::string& line : base::split_lines(text_of(*data, split))) lines.insert(line);
  }
  lines.erase("");
  wanted.erase("");
  EXPECT_EQ(lines, wanted);
}

TEST(TextFile, MustBeUtf8) {
  const Folder folder;
  const std::string file = folder.write("t.txt", prose(5000) + "\xFF\xFE");
  EXPECT_EQ(error_of([&] { open("text_file", file); }), file + ": is not UTF-8 text");
}

TEST(TextFile, MustBeLongEnough) {
  const Folder folder;
  for (const std::string& text : {std::string(), std::string("short\n"), std::string("\n\n\n"), prose(20)}) {
    const std::string file = folder.write("t.txt", text);
    EXPECT_NE(error_of([&] { open("text_file", file); }).find("a context of 64 needs more text"), std::string::npos);
  }
}

TEST(TextFile, MustBeThere) {
  const Folder folder;
  EXPECT_EQ(error_of([] { open("text_file"); }),
            "the data set text_file needs task.path, a file or folder of UTF-8 text");
  EXPECT_EQ(error_of([] { open("text_file", "/no/such"); }),
            "/no/such: task.path: no such file, or a folder without files, in " + base::fs::current_path().string());
  EXPECT_NE(error_of([&] { open("text_file", folder.path().string()); }).find("a folder without files"),
            std::string::npos);
}

class FashionMnist : public ::testing::Test {
 protected:
  static constexpr const char* kHere = "/usr/share/datasets/fashion-mnist";
  // Images and labels by pixel bytes, so that equal ones can be found.
  void SetUp() override {
    for (const auto& entry : fs::directory_iterator(kHere)) {
      if (fs::is_regular_file(entry)) fs::create_symlink(entry.path(), folder_.path() / entry.path().filename());
    }
  }
  std::string replaced(const std::string& name, const std::string& content) const {
    fs::remove(folder_.path() / name);
    folder_.write(name, content);
    return error_of([&] { open("fashion_mnist", folder_.path().string()); });
  }
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  Folder folder_;
};

TEST_F(FashionMnist, HasItsImagesInTheirRange) {
  const auto data = open("fashion_mnist");
  std::map<Split, std::int64_t> counts;
  for (const Split split : kSplits) {
    for (const Batch& batch : data->fixed(split, split == Split::train ? kAll : 3000, 4096)) {
      counts[split] += batch.input.size(0);
      ASSERT_EQ(batch.input.sizes().vec(), (std::vector<std::int64_t>{batch.target.size(0), 1, 28, 28}));
      EXPECT_NEAR(batch.input.min().item<double>(), -0.2860 / 0.3530, 1e-5);
      EXPECT_NEAR(batch.input.max().item<double>(), (1 - 0.2860) / 0.3530, 1e-5);
      EXPECT_LT(batch.input.mean().abs().item<double>(), 0.05);
      EXPECT_GE(batch.target.min().item<std::int64_t>(), 0);
      EXPECT_LE(batch.target.max().item<std::int64_t>(), 9);
    }
  }
  EXPECT_EQ(counts[Split::test], 3000);
  EXPECT_NE(data->description().find(", 10000 for the test"), std::string::npos) << data->description();
  const std::string validation = std::to_string(60'000 - counts[Split::train]) + " for validation";
  EXPECT_NE(data->description().find(validation), std::string::npos) << data->description();
  EXPECT_NEAR(static_cast<double>(counts[Split::train]) / 60'000, 0.95, 0.005);
  EXPECT_EQ(data->input().classes, 10);
}

TEST_F(FashionMnist, ThatIsCutShortIsAnError) {
  const std::string name = "train-images-idx3-ubyte.gz", whole = base::read_file(fs::path(kHere) / name);
  EXPECT_EQ(replaced(name, whole.substr(0, whole.size() / 2)), file(name) + ": is no whole IDX file of bytes");
  for (const char* content : {"", "x", "xyz", "\x1f\x8b"})
    EXPECT_EQ(replaced(name, content), file(name) + ": is no whole IDX file of bytes");
}

TEST_F(FashionMnist, ThatIsCorruptIsAnError) {
  const std::string name = "t10k-images-idx3-ubyte.gz";
  std::string damaged = base::read_file(fs::path(kHere) / name);
  damaged.replace(damaged.size() / 2, 64, std::string(64, '\x55'));
  EXPECT_EQ(replaced(name, damaged), file(name) + ": is no whole IDX file of bytes");
}

TEST_F(FashionMnist, WithOtherLabelsIsAnError) {
  const std::string name = "t10k-labels-idx1-ubyte.gz";
  const std::string header("\0\0\x08\x01\0\0\x27\x10", 8);
  EXPECT_EQ(replaced(name, header + std::string(10'000, '\x0A')), file(name) + ": there are 10 classes; a label is 10");
  EXPECT_EQ(replaced(name, std::string("\0\0\x08\x01\0\0\0\x02\1\1", 10)),
            folder_.path().string() + ": images and labels do not belong together");
}

TEST_F(FashionMnist, NamesTheFileThatIsMissing) {
  fs::remove(file("train-labels-idx1-ubyte.gz"));
  EXPECT_EQ(error_of([&] { open("fashion_mnist", folder_.path().string()); }),
            file("train-labels-idx1-ubyte.gz") +
                ": no such file; install the Debian package dataset-fashion-mnist, or set task.path");
}

}  // namespace
}  // namespace weft::train
