// One image file, decoded by libjpeg-turbo or libpng. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "base/error.hpp"
#include "base/files.hpp"

namespace weft::train {

class ImageFile {
 public:
  /// Reads the file and its header. Its first bytes say what it is, not its name: ImageNet has a PNG named .JPEG.
  /// Throws Error naming the file where it is neither JPEG nor PNG, or larger than weft reads.
  explicit ImageFile(const base::fs::path& path);

  bool is_jpeg() const { return !is_png_; }
  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }

  /// Red, green and blue as bytes [height, width, 3]; grey and CMYK are converted, transparency is dropped. A JPEG may
  /// be decoded at 1/`shrink` of its sides (1, 2, 4 or 8), rounded up, which is faster; a PNG has 1 alone. Throws Error
  /// naming the file where its data end early or cannot be decoded; damage that the decoder can bridge is accepted, as
  /// other readers do.
  at::Tensor pixels(int shrink = 1) const;

 private:
  base::Error error(const std::string& what) const;
  void read_jpeg_header();
  void read_png_header();
  at::Tensor jpeg(int shrink) const;
  at::Tensor png() const;

  base::fs::path path_;
  std::string bytes_;
  bool is_png_ = false, is_cmyk_ = false;
  std::int64_t height_ = 0, width_ = 0;
};

}  // namespace weft::train
