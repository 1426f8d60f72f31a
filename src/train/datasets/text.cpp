#include "base/text.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.hpp"
#include "base/files.hpp"
#include "train/data.hpp"

namespace weft::train {
namespace {

namespace fs = base::fs;

constexpr std::uintmax_t kMaxFile = 1U << 30U;
constexpr std::size_t kChunk = 4096;  // a text file is split by pieces of about this many bytes, cut at line ends

// Bytes as tokens, in windows of context + 1.
class TextDataset : public Dataset {
 public:
  TextDataset(std::string title, std::int64_t context) : title_(std::move(title)), context_(context) {}

  void add(std::string_view document) {
    std::string& text = texts_[static_cast<std::size_t>(split_of(document))];
    text += document;
    text += '\n';
  }

  // Throws Error where a split is too short for one window.
  void finish() {
    static constexpr std::array kNames{"training", "validation", "test"};
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (static_cast<std::int64_t>(texts_[i].size()) > context_) continue;
      throw base::Error(fmt::format("{}: {} bytes fall to the {} split; a context of {} needs more text", title_,
                                    texts_[i].size(), kNames[i], context_));
    }
  }

  space::Input input() const override {
    return {.task = space::Task::language_model, .vocabulary = 256, .context = context_};
  }

  Batch sample(base::Random& random, std::int64_t size) const override {
    std::vector<std::int64_t> starts;
    const auto places = static_cast<std::uint64_t>(static_cast<std::int64_t>(texts_[0].size()) - context_);
    for (std::int64_t i = 0; i < size; ++i) starts.push_back(static_cast<std::int64_t>(random.below(places)));
    return windows(Split::train, starts);
  }

  std::vector<Batch> fixed(Split split, std::int64_t count, std::int64_t size) const override {
    const auto length = static_cast<std::int64_t>(texts_[static_cast<std::size_t>(split)].size());
    count = std::min(count, (length - 1) / context_);
    std::vector<Batch> batches;
    for (std::int64_t done = 0; done < count;) {
      std::vector<std::int64_t> starts;
      for (; done < count && static_cast<std::int64_t>(starts.size()) < size; ++done) {
        starts.push_back((length - 1 - context_) * done / std::max<std::int64_t>(1, count - 1));
      }
      batches.push_back(windows(split, starts));
    }
    return batches;
  }

  std::string description() const override {
    const auto megabytes = [&](std::size_t i) { return static_cast<double>(texts_[i].size()) / 1e6; };
    return fmt::format("{}: {:.2f} MB to train on, {:.2f} MB for validation, {:.2f} MB for the test", title_,
                       megabytes(0), megabytes(1), megabytes(2));
  }

  std::string hash() const override { return base::sha256(texts_[0] + '\0' + texts_[1] + '\0' + texts_[2]); }

 private:
  Batch windows(Split split, const std::vector<std::int64_t>& starts) const {
    const std::string& text = texts_[static_cast<std::size_t>(split)];
    const auto rows = static_cast<std::int64_t>(starts.size());
    const at::Tensor bytes = at::empty({rows, context_ + 1}, at::kByte);
    auto* to = bytes.mutable_data_ptr<std::uint8_t>();
    for (const std::int64_t start : starts) {
      std::memcpy(to, text.data() + start, static_cast<std::size_t>(context_ + 1));
      to += context_ + 1;
    }
    const at::Tensor tokens = bytes.to(at::kLong);
    return {tokens.narrow(1, 0, context_).contiguous(), tokens.narrow(1, 1, context_).contiguous()};
  }

  std::string title_;
  std::int64_t context_;
  std::array<std::string, 3> texts_;
};

std::vector<fs::path> files_below(const fs::path& path) {
  if (fs::is_regular_file(path)) return {path};
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

namespace datasets {

// The glosses of WordNet 3.0: the text after "| " of every line of its data files (Debian's wordnet-base).
std::unique_ptr<Dataset> wordnet_glosses(const TaskConfig& config) {
  const fs::path folder = config.path.empty() ? "/usr/share/wordnet" : config.path;
  auto data = std::make_unique<TextDataset>("WordNet glosses", config.context);
  for (const char* part : {"noun", "verb", "adj", "adv"}) {
    const fs::path file = folder / (std::string("data.") + part);
    if (!fs::exists(file))
      throw base::Error("no such file; install the Debian package wordnet-base, or set task.path", file.string());
    const std::string text = base::read_file(file, kMaxFile);
    for (std::size_t line = 0; line < text.size();) {
      const std::size_t end = std::min(text.find('\n', line), text.size());
      const std::string_view row(text.data() + line, end - line);
      if (const std::size_t bar = row.find("| "); bar != std::string_view::npos)
        data->add(base::trim(row.substr(bar + 2)));
      line = end + 1;
    }
  }
  data->finish();
  return data;
}

// Any file or folder of UTF-8.
std::unique_ptr<Dataset> text_file(const TaskConfig& config) {
  if (config.path.empty()) throw base::Error("the data set text_file needs task.path, a file or folder of UTF-8 text");
  const std::vector<fs::path> files = files_below(config.path);
  if (files.empty())
    throw base::Error("task.path: no such file, or a folder without files, in " + fs::current_path().string(),
                      config.path);
  auto data = std::make_unique<TextDataset>(fs::path(config.path).filename().string(), config.context);
  for (const fs::path& file : files) {
    const std::string text = base::read_file(file, kMaxFile);
    if (!base::is_utf8(text)) throw base::Error("is not UTF-8 text", file.string());
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t end = std::min(text.find('\n', std::min(start + kChunk, text.size())), text.size());
      data->add(std::string_view(text).substr(start, end - start));
      start = end + 1;
    }
  }
  data->finish();
  return data;
}

}  // namespace datasets
}  // namespace weft::train
