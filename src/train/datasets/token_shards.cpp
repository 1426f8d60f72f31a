#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "train/data.hpp"
#include "train/token_file.hpp"

namespace weft::train {
namespace {

namespace fs = base::fs;

// A stretch of one file.
struct Stretch {
  const TokenFile* file = nullptr;
  std::int64_t begin = 0, end = 0;
};

// The stretches of a split. A window of context + 1 tokens lies in one of them; its places are numbered over all.
class Stretches {
 public:
  void add(const Stretch& stretch) {
    stretches_.push_back(stretch);
    tokens_ += stretch.end - stretch.begin;
  }
  std::int64_t tokens() const { return tokens_; }

  std::int64_t places(std::int64_t context) const {
    std::int64_t sum = 0;
    for (const Stretch& one : stretches_) sum += places_of(one, context);
    return sum;
  }

  void read(std::int64_t place, std::span<std::uint16_t> window, std::int64_t vocabulary) const {
    for (const Stretch& one : stretches_) {
      const std::int64_t here = places_of(one, static_cast<std::int64_t>(window.size()) - 1);
      if (place < here) return one.file->read(one.begin + place, window, vocabulary);
      place -= here;
    }
  }

 private:
  static std::int64_t places_of(const Stretch& one, std::int64_t context) {
    return std::max<std::int64_t>(0, one.end - one.begin - context);
  }
  std::vector<Stretch> stretches_;
  std::int64_t tokens_ = 0;
};

class TokenShards : public Dataset {
 public:
  TokenShards(const TaskConfig& config, std::vector<TokenFile> train, std::vector<TokenFile> held)
      : config_(config), train_(std::move(train)), held_(std::move(held)) {
    if (held_.empty()) {
      const std::int64_t size = train_[0].size(), share = size / 20;
      splits_[0].add({&train_[0], 0, size - 2 * share});
      splits_[1].add({&train_[0], size - 2 * share, size - share});
      splits_[2].add({&train_[0], size - share, size});
    } else {
      for (const TokenFile& file : train_) splits_[0].add({&file, 0, file.size()});
      halve();
    }
    check();
  }

  space::Input input() const override {
    return {.task = space::Task::language_model, .vocabulary = config_.vocabulary, .context = config_.context};
  }

  Batch sample(base::Random& random, std::int64_t size) const override {
    const auto places = static_cast<std::uint64_t>(splits_[0].places(config_.context));
    std::vector<std::int64_t> chosen;
    for (std::int64_t i = 0; i < size; ++i) chosen.push_back(static_cast<std::int64_t>(random.below(places)));
    return windows(splits_[0], chosen);
  }

  std::vector<Batch> fixed(Split split, std::int64_t count, std::int64_t size) const override {
    const Stretches& from = splits_[static_cast<std::size_t>(split)];
    const std::int64_t last = from.places(config_.context) - 1;
    count = std::min(count, last / config_.context + 1);
    std::vector<Batch> batches;
    for (std::int64_t done = 0; done < count;) {
      std::vector<std::int64_t> chosen;
      for (; done < count && static_cast<std::int64_t>(chosen.size()) < size; ++done)
        chosen.push_back(spread(last, done, count));
      batches.push_back(windows(from, chosen));
    }
    return batches;
  }

  std::string description() const override {
    const auto millions = [&](std::size_t i) { return static_cast<double>(splits_[i].tokens()) / 1e6; };
    return fmt::format(
        "tokens in {}: {:.2f} million to train on, {:.2f} million for validation, {:.2f} million for the test",
        config_.path, millions(0), millions(1), millions(2));
  }

  std::string hash() const override {
    std::string all;
    for (const TokenFile& file : train_) all += file.hash();
    for (const TokenFile& file : held_) all += file.hash();
    return base::sha256(all);
  }

 private:
  // Place `i` of `count`, evenly from 0 to `last`. In two steps, since last times count may be beyond 64 bits.
  static std::int64_t spread(std::int64_t last, std::int64_t i, std::int64_t count) {
    const std::int64_t gaps = std::max<std::int64_t>(1, count - 1);
    return last / gaps * i + last % gaps * i / gaps;
  }

  // The first half of all that is held out validates, the second is the test.
  void halve() {
    std::int64_t left = 0;
    for (const TokenFile& file : held_) left += file.size();
    left /= 2;
    for (const TokenFile& file : held_) {
      const std::int64_t here = std::min(left, file.size());
      if (here > 0) splits_[1].add({&file, 0, here});
      if (here < file.size()) splits_[2].add({&file, here, file.size()});
      left -= here;
    }
  }

  void check() const {
    static constexpr std::array kNames{"training", "validation", "test"};
    for (std::size_t i = 0; i < splits_.size(); ++i) {
      if (splits_[i].places(config_.context) > 0) continue;
      throw base::Error(fmt::format("{} tokens fall to the {} split, with none in one piece that a context of {} needs",
                                    splits_[i].tokens(), kNames[i], config_.context),
                        config_.path);
    }
  }

  Batch windows(const Stretches& from, const std::vector<std::int64_t>& places) const {
    const auto rows = static_cast<std::int64_t>(places.size());
    const at::Tensor tokens = at::empty({rows, config_.context + 1}, at::kLong);
    std::vector<std::uint16_t> window(static_cast<std::size_t>(config_.context + 1));
    auto* to = tokens.mutable_data_ptr<std::int64_t>();
    for (const std::int64_t place : places) {
      from.read(place, window, config_.vocabulary);
      to = std::copy(window.begin(), window.end(), to);
    }
    return {tokens.narrow(1, 0, config_.context).contiguous(), tokens.narrow(1, 1, config_.context).contiguous()};
  }

  TaskConfig config_;
  std::vector<TokenFile> train_, held_;
  std::array<Stretches, 3> splits_;
};

// NAME.bin, or what has _NAME_ in its name, of a folder, in order of names.
std::vector<TokenFile> files_named(const fs::path& folder, const std::string& name) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    const bool named =
        file == name + ".bin" || (file.find("_" + name + "_") != std::string::npos && file.ends_with(".bin"));
    if (named) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<TokenFile> files;
  for (const fs::path& path : paths) files.emplace_back(path);
  if (files.empty())
    throw base::Error("has no " + name + ".bin and no *_" + name + "_*.bin", base::one_line(folder.string()));
  return files;
}

}  // namespace

namespace datasets {

// Token ids that another program made of a text: a folder of nanoGPT's train.bin and val.bin or of shards named
// *_train_*.bin and *_val_*.bin, of whose validation tokens the second half is the test; or one file, of which the last
// tenth validates and tests.
std::unique_ptr<Dataset> token_shards(const TaskConfig& config) {
  if (config.path.empty())
    throw base::Error("the data set token_shards needs task.path, a folder or file of token ids");
  if (config.vocabulary == 0)
    throw base::Error("the data set token_shards needs task.vocabulary, as 50257 for GPT-2's tokens");
  if (!fs::is_directory(config.path)) {
    std::vector<TokenFile> one;
    one.emplace_back(config.path);
    return std::make_unique<TokenShards>(config, std::move(one), std::vector<TokenFile>());
  }
  std::vector<TokenFile> train = files_named(config.path, "train"), held = files_named(config.path, "val");
  return std::make_unique<TokenShards>(config, std::move(train), std::move(held));
}

}  // namespace datasets
}  // namespace weft::train
