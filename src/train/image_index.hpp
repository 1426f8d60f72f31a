// The files of a folder of images in ImageNet's layout: names alone, no file is opened. Made once, then any thread.
#pragma once

#include <string>
#include <vector>

#include "base/files.hpp"

namespace weft::train {

struct ImageIndex {
  struct Image {
    std::uint32_t label = 0;
    std::string name;  ///< of the file
  };
  std::vector<std::string> classes;  ///< sorted: a label is a place in it
  std::vector<Image> images;         ///< sorted by class and name

  /// "class/name" of an image.
  std::string path(std::size_t image) const { return classes[images[image].label] + "/" + images[image].name; }
};

/// What lies in `folder`/CLASS/ with the ending .jpeg, .jpg or .png, in capitals or not; other files are left out.
/// Throws Error naming the folder where there is none, no class, or a class without images, and naming the link where
/// a symbolic link leads out of `root`.
ImageIndex index_images(const base::fs::path& folder, const base::fs::path& root);

}  // namespace weft::train
