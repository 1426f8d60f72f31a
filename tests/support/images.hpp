// Writes image files and folders of them, by libjpeg-turbo and libpng as another program would.
#pragma once

#include <gtest/gtest.h>
#include <png.h>
#include <turbojpeg.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "tests/support/folder.hpp"

namespace weft::test {

/// Red, green and blue of each pixel, a row after the other: a colour that `number` chooses, with some noise.
inline std::string picture(int width, int height, std::uint64_t number) {
  base::Random random(number, "picture");
  const std::array<std::uint64_t, 3> colour{random.below(200), random.below(200), random.below(200)};
  std::string pixels;
  for (int i = 0; i < width * height; ++i) {
    for (const std::uint64_t part : colour) pixels += static_cast<char>(part + random.below(56));
  }
  return pixels;
}

inline std::string jpeg(int width, int height, std::uint64_t number, int quality = 90) {
  const std::string pixels = picture(width, height, number);
  tjhandle handle = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const int failed = tjCompress2(handle, reinterpret_cast<const unsigned char*>(pixels.data()), width, 0, height,
                                 TJPF_RGB, &bytes, &size, TJSAMP_420, quality, 0);
  EXPECT_EQ(failed, 0) << tjGetErrorStr2(handle);
  std::string file(reinterpret_cast<const char*>(bytes), size);
  tjFree(bytes);
  tjDestroy(handle);
  return file;
}

inline std::string png(int width, int height, std::uint64_t number) {
  const std::string pixels = picture(width, height, number);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  EXPECT_NE(png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr), 0);
  std::string file(size, '\0');
  EXPECT_NE(png_image_write_to_memory(&image, file.data(), &size, 0, pixels.data(), 0, nullptr), 0);
  return file;
}

/// train/ and val/ of three classes, with `train` and `val` images each, of many sizes.
inline void write_image_folder(const Folder& folder, int train, int val) {
  std::uint64_t number = 0;
  for (const auto& [split, count] : {std::pair{"train", train}, std::pair{"val", val}}) {
    for (const char* name : {"cat", "dog", "elk"}) {
      for (int i = 0; i < count; ++i, ++number) {
        const int width = 30 + static_cast<int>(number * 7 % 90), height = 30 + static_cast<int>(number * 11 % 70);
        folder.write(std::string(split) + "/" + name + "/" + std::to_string(i) + ".JPEG", jpeg(width, height, number));
      }
    }
  }
}

}  // namespace weft::test
