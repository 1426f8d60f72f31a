#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <bit>

#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"

namespace weft::base {
namespace {

// FIPS 180-4's examples.
TEST(Sha256, knows_the_published_vectors) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, reads_past_nul) {
  EXPECT_NE(sha256(std::string_view("a\0b", 3)), sha256("a"));
}

TEST(ShortHash, is_the_beginning_of_the_long_one) {
  EXPECT_EQ(short_hash("abc"), "ba7816bf8f01cfea");
  EXPECT_EQ(short_hash("abc", 4), "ba78");
}

TEST(Sha256File, equals_that_of_the_content) {
  const test::Folder folder;
  const std::string text(200'000, 'x');
  EXPECT_EQ(sha256_file(folder.write("large", text)), sha256(text));
  EXPECT_EQ(sha256_file(folder.write("empty", "")), sha256(""));
}

TEST(Sha256File, says_which_file_cannot_be_read) {
  const test::Folder folder;
  const std::string missing = (folder.path() / "none").string();
  EXPECT_EQ(test::error_of([&] { sha256_file(missing); }), missing + ": cannot be read");
  const std::string itself = folder.path().string();
  EXPECT_EQ(test::error_of([&] { sha256_file(itself); }), itself + ": cannot be read");
}

TEST(Mix64, is_splitmix64) {
  // The first outputs of the reference implementation seeded with 1234567.
  std::uint64_t state = 1234567;
  for (const std::uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL}) {
    EXPECT_EQ(mix64(state), expected);
    state += 0x9e3779b97f4a7c15ULL;
  }
}

TEST(Mix64, changes_half_of_the_bits_where_one_changes) {
  int changed = 0;
  for (std::uint64_t bit = 0; bit < 64; ++bit) {
    for (std::uint64_t x = 0; x < 64; ++x) changed += std::popcount(mix64(x) ^ mix64(x ^ (1ULL << bit)));
  }
  EXPECT_NEAR(changed / (64.0 * 64.0), 32, 0.5);
}

TEST(Hash64, tells_apart_texts_that_differ_by_nul_or_order) {
  EXPECT_NE(hash64("ab"), hash64("ba"));
  EXPECT_NE(hash64(""), hash64(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace weft::base
