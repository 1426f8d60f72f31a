#include "train/image_file.hpp"

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <png.h>
#include <turbojpeg.h>

#include <memory>

#include "base/text.hpp"

namespace weft::train {
namespace {

constexpr std::uintmax_t kMaxFile = 128U << 20U;
constexpr std::int64_t kMaxPixels = 100'000'000;  // the largest image of ImageNet has 61 million
constexpr std::int64_t kColours = 3;

struct Decoder {
  tjhandle handle = tjInitDecompress();
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { tjDestroy(handle); }
  std::string message() const { return base::one_line(tjGetErrorStr2(handle)); }
};

const unsigned char* data_of(const std::string& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Cyan, magenta, yellow and key, stored inverted as Adobe's programs do, to red, green and blue.
at::Tensor from_cmyk(const at::Tensor& inks) {
  at::Tensor image = at::empty({inks.size(0), inks.size(1), kColours}, at::kByte);
  const auto* from = inks.const_data_ptr<std::uint8_t>();
  auto* to = image.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < inks.size(0) * inks.size(1); ++i, from += 4) {
    for (int c = 0; c < kColours; ++c) *to++ = static_cast<std::uint8_t>((from[c] * from[3] + 127) / 255);
  }
  return image;
}

struct Png {
  png_image image{};
  Png() { image.version = PNG_IMAGE_VERSION; }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
  ~Png() { png_image_free(&image); }
  std::string message() const { return base::one_line(image.message); }
};

}  // namespace

ImageFile::ImageFile(const base::fs::path& path) : path_(path), bytes_(base::read_file(path, kMaxFile)) {
  if (bytes_.starts_with("\xff\xd8")) {
    read_jpeg_header();
  } else if (bytes_.starts_with("\x89PNG")) {
    is_png_ = true;
    read_png_header();
  } else {
    throw error("is neither a JPEG nor a PNG image");
  }
  if (height_ < 1 || width_ < 1) throw error(fmt::format("is no whole {} image", is_png_ ? "PNG" : "JPEG"));
  if (height_ * width_ > kMaxPixels)
    throw error(fmt::format("says that it has {} x {} pixels; weft reads {} million at most", width_, height_,
                            kMaxPixels / 1'000'000));
}

base::Error ImageFile::error(const std::string& what) const {
  return base::Error(what, base::one_line(path_.string()));
}

void ImageFile::read_jpeg_header() {
  const Decoder decoder;
  int width = 0, height = 0, sampling = 0, space = 0;
  if (tjDecompressHeader3(decoder.handle, data_of(bytes_), bytes_.size(), &width, &height, &sampling, &space) != 0)
    throw error("is no whole JPEG image: " + decoder.message());
  width_ = width;
  height_ = height;
  is_cmyk_ = space == TJCS_CMYK || space == TJCS_YCCK;
}

void ImageFile::read_png_header() {
  Png png;
  if (png_image_begin_read_from_memory(&png.image, bytes_.data(), bytes_.size()) == 0)
    throw error("is no whole PNG image: " + png.message());
  width_ = png.image.width;
  height_ = png.image.height;
}

at::Tensor ImageFile::pixels(int shrink) const {
  return is_png_ ? png() : jpeg(shrink);
}

at::Tensor ImageFile::jpeg(int shrink) const {
  const Decoder decoder;
  const std::int64_t width = (width_ + shrink - 1) / shrink, height = (height_ + shrink - 1) / shrink;
  const at::Tensor image = at::empty({height, width, is_cmyk_ ? 4 : kColours}, at::kByte);
  const int format = is_cmyk_ ? TJPF_CMYK : TJPF_RGB;
  const int failed =
      tjDecompress2(decoder.handle, data_of(bytes_), bytes_.size(), image.mutable_data_ptr<std::uint8_t>(),
                    static_cast<int>(width), 0, static_cast<int>(height), format, TJFLAG_LIMITSCANS);
  // A warning leaves an image behind, with what was lost filled up. That the file ends early is told by its text alone.
  const bool lost = failed != 0 && (tjGetErrorCode(decoder.handle) != TJERR_WARNING ||
                                    decoder.message().find("remature end of JPEG file") != std::string::npos);
  if (lost) throw error("is no whole JPEG image: " + decoder.message());
  return is_cmyk_ ? from_cmyk(image) : image;
}

at::Tensor ImageFile::png() const {
  Png png;
  bool read = png_image_begin_read_from_memory(&png.image, bytes_.data(), bytes_.size()) != 0;
  png.image.format = PNG_FORMAT_RGBA;
  const at::Tensor colours = at::empty({height_, width_, 4}, at::kByte);
  read = read && png_image_finish_read(&png.image, nullptr, colours.mutable_data_ptr<std::uint8_t>(), 0, nullptr) != 0;
  if (!read) throw error("is no whole PNG image: " + png.message());
  at::Tensor image = at::empty({height_, width_, kColours}, at::kByte);
  const auto* from = colours.const_data_ptr<std::uint8_t>();
  auto* to = image.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < height_ * width_; ++i, from += 4, to += kColours) std::copy(from, from + kColours, to);
  return image;
}

}  // namespace weft::train
