#include "train/image_index.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::train {
namespace {

namespace fs = base::fs;

base::Error wrong(const fs::path& path, const std::string& what) {
  return base::Error(what, base::one_line(path.string()));
}

// A link may lead to another place of the data, but a folder of unknown origin shall not make weft read what lies
// elsewhere.
void check_link(const fs::directory_entry& entry, const fs::path& root) {
  if (!entry.is_symlink()) return;
  std::error_code code;
  const fs::path target = fs::canonical(entry.path(), code);
  if (code) throw wrong(entry.path(), "is a link that leads nowhere");
  const auto ends = std::mismatch(root.begin(), root.end(), target.begin(), target.end());
  if (ends.first != root.end())
    throw wrong(entry.path(), "is a link out of the folder of the data; set task.path to where the images are");
}

std::vector<fs::directory_entry> entries(const fs::path& folder) {
  std::error_code code;
  fs::directory_iterator files(folder, code);
  if (code) throw wrong(folder, "cannot be read: " + code.message());
  return {begin(files), end(files)};
}

bool is_image(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  constexpr std::array kEndings{".jpeg", ".jpg", ".png"};
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

void add_class(ImageIndex& index, const fs::path& folder, const fs::path& root) {
  const auto label = static_cast<std::uint32_t>(index.classes.size() - 1);
  const std::size_t before = index.images.size();
  for (const fs::directory_entry& entry : entries(folder)) {
    if (!is_image(entry.path())) continue;
    check_link(entry, root);
    if (entry.is_regular_file()) index.images.push_back({label, entry.path().filename().string()});
  }
  if (index.images.size() == before) throw wrong(folder, "has no images (.jpeg, .jpg or .png); each class needs some");
  std::sort(index.images.begin() + static_cast<std::ptrdiff_t>(before), index.images.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

}  // namespace

ImageIndex index_images(const fs::path& folder, const fs::path& root) {
  if (!fs::is_directory(folder))
    throw wrong(folder, "no such folder; images lie in train/CLASS/ and val/CLASS/ of task.path");
  const fs::path real_root = fs::canonical(root);
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : entries(folder)) {
    check_link(entry, real_root);
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  if (names.size() < 2) throw wrong(folder, "has fewer than two folders; each class of images is one");
  std::sort(names.begin(), names.end());
  ImageIndex index;
  for (const std::string& name : names) {
    index.classes.push_back(name);
    add_class(index, folder / name, real_root);
  }
  return index;
}

}  // namespace weft::train
