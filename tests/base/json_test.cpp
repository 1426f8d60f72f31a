#include "base/json.hpp"

#include <gtest/gtest.h>

#include "tests/support/errors.hpp"

namespace weft::base {
namespace {

using test::refusal;

std::string canonical_of(const char* text) {
  return canonical_text(parse_json(text).value());
}

TEST(ParseJson, keeps_the_order_of_keys) {
  EXPECT_EQ(parse_json(R"({"b": 1, "a": [true, null]})").value().dump(), R"({"b":1,"a":[true,null]})");
}

TEST(ParseJson, says_where_the_mistake_is_and_nothing_of_the_content) {
  EXPECT_EQ(refusal(parse_json(R"({"secret": oops})")), "not JSON: error at byte 12");
  EXPECT_EQ(refusal(parse_json("")), "not JSON: error at byte 1");
}

TEST(ParseJson, refuses_numbers_that_no_double_holds) {
  EXPECT_EQ(refusal(parse_json("[1e999]")), "not JSON: a number is too large");
}

TEST(ParseJson, refuses_deep_nesting) {
  EXPECT_TRUE(parse_json(std::string(64, '[') + std::string(64, ']')));
  EXPECT_EQ(refusal(parse_json(std::string(65, '[') + std::string(65, ']'))), "JSON is nested more than 64 deep");
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
  EXPECT_EQ(refusal(parse_json("[[1]]", 1)), "JSON is nested more than 1 deep");
}

TEST(ParseJson, refuses_an_object_of_too_many_keys) {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  EXPECT_EQ(refusal(parse_json(text + "}")), "a JSON object has more than 2000 keys");
}

TEST(ParseJson, counts_the_keys_of_each_object_by_itself) {
  std::string text = "[";
  for (int i = 0; i < 3000; ++i) text += std::string(i > 0 ? "," : "") + R"({"a":{"c":1},"b":2})";
  EXPECT_TRUE(parse_json(text + "]"));
}

TEST(ParseJson, refuses_invalid_utf8) {
  EXPECT_FALSE(parse_json("\"\xFF\""));
}

TEST(CanonicalText, sorts_keys_at_every_level) {
  EXPECT_EQ(canonical_of(R"({"b": {"d": 1, "c": 2}, "a": [{"z": 1, "y": 2}]})"),
            R"({"a":[{"y":2,"z":1}],"b":{"c":2,"d":1}})");
}

TEST(CanonicalText, writes_whole_floats_as_integers) {
  EXPECT_EQ(canonical_of("[4, 4.0, 4e0, -0.0, 0.5]"), "[4,4,4,0,0.5]");
}

TEST(CanonicalText, keeps_integers_beyond_a_double) {
  EXPECT_EQ(canonical_of("[9007199254740993, 18446744073709551615, -9223372036854775808]"),
            "[9007199254740993,18446744073709551615,-9223372036854775808]");
}

TEST(CanonicalText, reads_back_as_itself) {
  for (const char* text : {R"({"a":"é\n\"","b":[1.25,1e300,null,true]})", "[]", "{}", "null", "\"\""}) {
    const std::string once = canonical_of(text);
    EXPECT_EQ(canonical_of(once.c_str()), once);
  }
}

}  // namespace
}  // namespace weft::base
