// Image files: what other readers see in them, and what a broken one says.
#include "train/image_file.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/images.hpp"
#include "train/augment.hpp"

namespace weft::train {
namespace {

using test::error_of;
using test::Folder;

const base::Json& golden() {
  static const base::Json read = base::Json::parse(
      base::read_file(base::fs::path(WEFT_SOURCE_DIR) / "tests" / "train" / "golden" / "images.json"));
  return read;
}

std::string file_of(const base::Json& one) {
  std::string bytes;
  for (const int byte : one.at("file")) bytes += static_cast<char>(byte);
  return bytes;
}

// The largest and the mean difference from what Pillow made.
std::pair<double, double> difference(const at::Tensor& image, const base::Json& numbers) {
  const at::Tensor expected = at::tensor(numbers.get<std::vector<double>>());
  const at::Tensor apart = (image.reshape({-1}).to(at::kDouble) - expected).abs();
  return {apart.max().item<double>(), apart.mean().item<double>()};
}

class ImageFiles : public ::testing::Test {
 protected:
  std::string error(const std::string& bytes) const {
    const std::string path = folder_.write("image.JPEG", bytes);
    const std::string text = error_of([&] { ImageFile(path).pixels(); });
    EXPECT_TRUE(text.starts_with(path + ": ")) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text.substr(std::min(text.size(), path.size() + 2));
  }
  Folder folder_;
};

// Pillow 13 with its own copies of the two libraries: a JPEG's last bit depends on the version and the processor.
TEST_F(ImageFiles, AreDecodedAndResizedAsPillowDoes) {
  for (const base::Json& one : golden().at("cases")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    const ImageFile file(folder_.write("image", file_of(one)));
    EXPECT_EQ(file.width(), one.at("width"));
    EXPECT_EQ(file.height(), one.at("height"));
    const at::Tensor image = file.pixels();
    const std::int64_t side = golden().at("side");
    const auto box = one.at("box").get<std::vector<std::int64_t>>();
    const Box part{box[1], box[0], box[3] - box[1], box[2] - box[0]};
    const auto [centre_most, centre_mean] = difference(centre(image, side), one.at("centre"));
    const auto [crop_most, crop_mean] = difference(resized(image, part, side, side), one.at("crop"));
    EXPECT_TRUE(centre_most <= 2) << centre_most;
    EXPECT_TRUE(crop_most <= 2) << crop_most;
    EXPECT_TRUE(centre_mean <= 0.3) << centre_mean;
    EXPECT_TRUE(crop_mean <= 0.3) << crop_mean;
  }
}

TEST_F(ImageFiles, AreWhatTheirBytesSayAndNotTheirNames) {
  EXPECT_FALSE(ImageFile(folder_.write("a.JPEG", test::png(9, 7, 1))).is_jpeg());
  EXPECT_TRUE(ImageFile(folder_.write("b.png", test::jpeg(9, 7, 1))).is_jpeg());
}

TEST_F(ImageFiles, AreReadWithoutLossFromPng) {
  const at::Tensor image = ImageFile(folder_.write("a.png", test::png(23, 17, 3))).pixels();
  ASSERT_EQ(image.sizes().vec(), (std::vector<std::int64_t>{17, 23, 3}));
  const std::string expected = test::picture(23, 17, 3);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(image.const_data_ptr<std::uint8_t>()), expected.size()),
            expected);
}

TEST_F(ImageFiles, AreShrunkWhileTheyAreDecoded) {
  const ImageFile file(folder_.write("a.JPEG", test::jpeg(101, 75, 1)));
  const double mean = file.pixels().to(at::kDouble).mean().item<double>();
  for (const int shrink : {2, 4, 8}) {
    const at::Tensor image = file.pixels(shrink);
    EXPECT_EQ(image.size(0), (75 + shrink - 1) / shrink);
    EXPECT_EQ(image.size(1), (101 + shrink - 1) / shrink);
    EXPECT_NEAR(image.to(at::kDouble).mean().item<double>(), mean, 1.5);
  }
}

TEST_F(ImageFiles, ThatAreNoImagesAreErrors) {
  for (const char* bytes : {"", "x", "GIF89a and more", "\xff", "\x89PN"})
    EXPECT_EQ(error(bytes), "is neither a JPEG nor a PNG image");
}

TEST_F(ImageFiles, ThatAreCutShortAreErrors) {
  for (const std::string& whole : {test::jpeg(80, 60, 1), test::png(80, 60, 1), file_of(golden().at("cases")[1])}) {
    for (const double share : {0.01, 0.1, 0.3, 0.6, 0.9, 0.99}) {
      const std::string text =
          error(whole.substr(0, static_cast<std::size_t>(share * static_cast<double>(whole.size()))));
      EXPECT_TRUE(text.starts_with("is no whole ") || text.starts_with("is neither ")) << share << ": " << text;
    }
  }
}

TEST_F(ImageFiles, ThatClaimAHugeSizeAreErrors) {
  std::string huge = test::jpeg(16, 16, 1);
  const std::size_t frame = huge.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  huge.replace(frame + 5, 4, "\xea\x60\xea\x60");
  EXPECT_EQ(error(huge), "says that it has 60000 x 60000 pixels; weft reads 100 million at most");
}

// Whatever is flipped, there is an image or one line; sanitizers watch.
TEST_F(ImageFiles, ThatAreDamagedGiveAnImageOrAnError) {
  base::Random random(1, "damage");
  int images = 0, errors = 0;
  for (const base::Json& one : golden().at("cases")) {
    for (int i = 0; i < 150; ++i) {
      std::string bytes = file_of(one);
      for (int k = 0; k < 3; ++k) bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
      const std::string path = folder_.write("image", bytes);
      try {
        const ImageFile file(path);
        EXPECT_EQ(file.pixels().size(2), 3);
        ++images;
      } catch (const base::Error& error) {
        EXPECT_TRUE(std::string(error.what()).starts_with(path + ": ")) << error.what();
        ++errors;
      }
    }
  }
  EXPECT_GT(images, 0);
  EXPECT_GT(errors, 0);
}

}  // namespace
}  // namespace weft::train
