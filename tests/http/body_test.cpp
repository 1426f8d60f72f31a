#include "http/body.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace weft::http {
namespace {

constexpr std::size_t kEnough = 1000;

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// What becomes of a body that arrives in pieces of `size` bytes: its text, or "kind: reason".
std::string read(const Headers& headers, const std::string& raw, std::size_t size, bool closed = true) {
  Body body(headers, kEnough);
  for (std::size_t at = 0; at < raw.size() && body.take(std::string_view(raw).substr(at, size));) at += size;
  const auto text = body.finish(closed);
  return text ? *text
              : (text.error().kind == Failure::Kind::too_large ? "too large: " : "broken: ") + text.error().reason;
}

class BodyInPieces : public testing::TestWithParam<std::size_t> {
 protected:
  std::string chunked(const std::string& raw) { return read({{"transfer-encoding", "chunked"}}, raw, GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(OfAnySize, BodyInPieces, testing::Values(1, 2, 3, 7, 1000));

TEST_P(BodyInPieces, EndsAtItsContentLength) {
  EXPECT_EQ(read({{"Content-Length", "5"}}, "hello, more", GetParam()), "hello");
  EXPECT_EQ(read({{"Content-Length", "0"}}, "", GetParam()), "");
}

TEST_P(BodyInPieces, IsBrokenWhenItEndsBeforeItsContentLength) {
  EXPECT_EQ(read({{"Content-Length", "6"}}, "hello", GetParam()), "broken: it was cut short");
}

TEST_P(BodyInPieces, WithoutALengthEndsWithTheConnectionIfThatEndsProperly) {
  EXPECT_EQ(read({}, "hello", GetParam()), "hello");
  EXPECT_EQ(read({}, "hello", GetParam(), false), "broken: it was cut short");
}

TEST_P(BodyInPieces, IsPutTogetherFromChunks) {
  EXPECT_EQ(chunked("3\r\nhel\r\n02;ext=1\r\nlo\r\n0\r\n\r\n"), "hello");
  EXPECT_EQ(chunked("A\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"), "0123456789");
  EXPECT_EQ(chunked("0\r\n\r\n"), "");
}

TEST_P(BodyInPieces, IsBrokenWhereverItsChunksAreCut) {
  const std::string whole = "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(chunked(whole.substr(0, size)), "broken: it was cut short") << size;
}

TEST_P(BodyInPieces, IsBrokenWhereAChunkDoesNotEndAsItSaid) {
  for (const char* raw : {"3\r\nhel!!\r\n0\r\n\r\n", "3\r\nhel\n0\r\n\r\n", "x\r\n", "\r\n", "-1\r\n", "3x\r\nhel\r\n",
                          "11111111111111111\r\n"})
    EXPECT_EQ(chunked(raw), "broken: its chunked encoding is broken") << raw;
}

TEST_P(BodyInPieces, IsDecompressed) {
  const std::string text = "hello hello hello hello", packed = gzip(text);
  EXPECT_EQ(read({{"Content-Encoding", "GZIP"}, {"Content-Length", std::to_string(packed.size())}}, packed, GetParam()),
            text);
}

TEST_P(BodyInPieces, IsBrokenWhereItsCompressionIsCutOrDamaged) {
  std::string packed = gzip(std::string(500, 'x') + "hello");
  const Headers headers{{"Content-Encoding", "gzip"}};
  EXPECT_EQ(read(headers, packed.substr(0, packed.size() - 1), GetParam()),
            "broken: its compressed text was cut short");
  packed[packed.size() - 6] = static_cast<char>(~packed[packed.size() - 6]);
  EXPECT_EQ(read(headers, packed, GetParam()), "broken: its compression is broken");
}

TEST_P(BodyInPieces, MayNotBecomeLargerThanAllowed) {
  const std::string failure = "too large: it is larger than the 1000 bytes allowed", large(kEnough + 1, 'x');
  EXPECT_EQ(read({}, large, GetParam()), failure);
  EXPECT_EQ(read({{"Content-Length", "1001"}}, large, GetParam()), failure);
  EXPECT_EQ(read({{"Transfer-Encoding", "chunked"}}, "3e9\r\n" + large + "\r\n0\r\n\r\n", GetParam()), failure);
  EXPECT_EQ(read({{"Content-Encoding", "gzip"}}, gzip(std::string(1U << 20U, 'x')), GetParam()), failure);
  EXPECT_EQ(read({}, std::string(kEnough, 'x'), GetParam()), std::string(kEnough, 'x'));
}

TEST(Body, IsBrokenWhereItsHeadersMakeNoSense) {
  const std::string length = "broken: its Content-Length is not one number";
  EXPECT_EQ(read({{"Content-Length", "many"}}, "hello", 9), length);
  EXPECT_EQ(read({{"Content-Length", "-5"}}, "hello", 9), length);
  EXPECT_EQ(read({{"Content-Length", "5"}, {"Content-Length", "4"}}, "hello", 9), length);
  EXPECT_EQ(read({{"Transfer-Encoding", "gzip, chunked"}}, "hello", 9),
            "broken: its transfer encoding is not understood");
  EXPECT_EQ(read({{"Content-Encoding", "zstd"}}, "hello", 9),
            "broken: its compression, which was not asked for, is not understood");
}

}  // namespace
}  // namespace weft::http
