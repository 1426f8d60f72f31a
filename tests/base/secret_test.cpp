#include "base/secret.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>

#include "tests/support/errors.hpp"

namespace weft::base {
namespace {

using test::error_of;

std::string learn(const char* value) {
  ::setenv("WEFT_TEST_VARIABLE", value, 1);
  return read_secret("WEFT_TEST_VARIABLE");
}

TEST(ReadSecret, gives_the_value_without_white_space_around_it) {
  EXPECT_EQ(learn(" sk-first\n"), "sk-first");
}

TEST(ReadSecret, names_the_variable_that_is_not_set) {
  EXPECT_EQ(error_of([] { read_secret("WEFT_TEST_NONE"); }),
            "the key is read from the environment variable WEFT_TEST_NONE, which is not set");
  EXPECT_EQ(error_of([] { learn("  "); }),
            "the key is read from the environment variable WEFT_TEST_VARIABLE, which is not set");
}

TEST(ReadSecret, shows_nothing_of_a_value_it_refuses) {
  EXPECT_EQ(error_of([] { learn("sk-a\nsk-b"); }), "the key in WEFT_TEST_VARIABLE spans lines");
}

TEST(Redact, hides_every_occurrence) {
  learn("sk-hidden");
  EXPECT_EQ(redact("a sk-hidden b sk-hiddensk-hidden"), "a [key] b [key][key]");
  EXPECT_EQ(redact("nothing here"), "nothing here");
}

TEST(Redact, hides_the_longer_of_two_secrets_whole) {
  learn("sk-part");
  learn("sk-part-and-more");
  EXPECT_EQ(redact("x sk-part-and-more y sk-part z"), "x [key] y [key] z");
}

TEST(Redact, ends_where_a_secret_stands_in_its_own_replacement) {
  learn("[key]");
  EXPECT_EQ(redact("a [key] b"), "a [key] b");
}

TEST(Environment, leaves_out_variables_that_look_like_keys) {
  ::setenv("WEFT_TEST_API_KEY", "x", 1);
  ::setenv("weft_test_token", "x", 1);
  ::setenv("WEFT_TEST_PLAIN", "x", 1);
  const auto kept = environment_without_secrets();
  const auto has = [&](const char* entry) { return std::find(kept.begin(), kept.end(), entry) != kept.end(); };
  EXPECT_FALSE(has("WEFT_TEST_API_KEY=x"));
  EXPECT_FALSE(has("weft_test_token=x"));
  EXPECT_TRUE(has("WEFT_TEST_PLAIN=x"));
}

TEST(Environment, leaves_out_variables_that_hold_a_known_secret) {
  learn("sk-known");
  ::setenv("WEFT_TEST_HEADER", "Bearer sk-known", 1);
  for (const std::string& entry : environment_without_secrets()) EXPECT_FALSE(entry.starts_with("WEFT_TEST_HEADER"));
}

}  // namespace
}  // namespace weft::base
