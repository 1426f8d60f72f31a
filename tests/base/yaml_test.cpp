#include "base/yaml.hpp"

#include <gtest/gtest.h>

#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"

namespace weft::base {
namespace {

using test::error_of;

std::string value_of(const std::string& text) {
  return parse_yaml(text, "f.yaml").value.dump();
}
std::string error_in(const std::string& text) {
  return error_of([&] { parse_yaml(text, "f.yaml"); });
}

TEST(Yaml, reads_plain_scalars_as_the_core_schema_does) {
  EXPECT_EQ(value_of("[1, -2, +3, 0.5, .5, 5., 1e3, true, False, null, ~, text]"),
            "[1,-2,3,0.5,0.5,5.0,1000.0,true,false,null,null,\"text\"]");
}

TEST(Yaml, leaves_words_that_only_look_like_values_alone) {
  EXPECT_EQ(value_of("[yes, no, on, 1_000, 1e, 0x, +-5, --5, +, '-', 1.2.3, 200k]"),
            R"(["yes","no","on","1_000","1e","0x","+-5","--5","+","-","1.2.3","200k"])");
}

TEST(Yaml, keeps_quoted_and_tagged_scalars_as_text) {
  EXPECT_EQ(value_of("['1', \"true\", !!str 2, '']"), R"(["1","true","2",""])");
}

TEST(Yaml, reads_integers_beyond_64_bits_as_floats) {
  EXPECT_EQ(value_of("[9223372036854775807, 9223372036854775808]"), "[9223372036854775807,9.223372036854776e+18]");
}

TEST(Yaml, reads_nothing_as_null) {
  EXPECT_EQ(value_of(""), "null");
  EXPECT_EQ(value_of("# only a comment\n"), "null");
  EXPECT_EQ(value_of("a:\n"), R"({"a":null})");
}

TEST(Yaml, keeps_the_order_of_keys) {
  EXPECT_EQ(value_of("b: 1\na: 2\n"), R"({"b":1,"a":2})");
}

TEST(Yaml, remembers_where_each_value_stood) {
  const Document document = parse_yaml("a: 1\nb:\n  - x\n  - {c: 2}\n", "f.yaml");
  EXPECT_EQ(document.where("/a"), "f.yaml:1:1");
  EXPECT_EQ(document.where("/b/0"), "f.yaml:3:5");
  EXPECT_EQ(document.where("/b/1/c"), "f.yaml:4:6");
}

TEST(Yaml, names_the_nearest_place_for_a_value_that_is_not_there) {
  const Document document = parse_yaml("a: {b: 1}\n", "f.yaml");
  EXPECT_EQ(document.where("/a/none/below"), "f.yaml:1:1");
  EXPECT_EQ(document.where(""), "f.yaml:1:1");
  EXPECT_EQ(Document({nullptr, "f.yaml", {}}).where("/x"), "f.yaml");
}

TEST(Yaml, names_line_and_column_of_a_syntax_error) {
  EXPECT_EQ(
      error_in("a: 1\nb: [1, 2\n"),
      "f.yaml:3:1: is not YAML: end of sequence flow not found (look for a missing bracket or a wrong indent there or "
      "just above)");
}

TEST(Yaml, refuses_a_key_that_messages_could_not_show_on_one_line) {
  EXPECT_EQ(error_in("\"a\\nb\": 1\n"), "f.yaml:1:1: a key has no line ends and no control characters");
  EXPECT_EQ(error_in("\"a\\eb\": 1\n"), "f.yaml:1:1: a key has no line ends and no control characters");
}

TEST(Yaml, refuses_a_key_that_stands_twice) {
  EXPECT_EQ(error_in("a: 1\na: 2\n"), "f.yaml:2:1: key 'a' stands here twice");
}

TEST(Yaml, refuses_keys_that_are_no_words) {
  EXPECT_EQ(error_in("? [1]\n: 2\n"), "f.yaml:1:3: a key must be a plain word");
  EXPECT_EQ(error_in("~: 2\n"), "f.yaml:1:1: a key must be a plain word");
  EXPECT_EQ(error_in(std::string(300, 'k') + ": 1\n"), "f.yaml:1:1: a key has at most 200 bytes");
}

TEST(Yaml, refuses_two_documents) {
  EXPECT_EQ(error_in("a: 1\n---\nb: 2\n"), "f.yaml:3:1: has more than one YAML document; one was expected");
}

TEST(Yaml, refuses_what_cannot_follow_a_document) {
  EXPECT_EQ(error_in(","), "f.yaml:1:1: has more than one YAML document; one was expected");
  EXPECT_EQ(error_in("[a] , [b]"), "f.yaml:1:5: has more than one YAML document; one was expected");
}

TEST(Yaml, copies_what_an_alias_names) {
  const Document document = parse_yaml("a: &a {b: [1, 2]}\nc: *a\nd: &d x\ne: [*d, *d]\n", "f.yaml");
  EXPECT_EQ(document.value.dump(), R"({"a":{"b":[1,2]},"c":{"b":[1,2]},"d":"x","e":["x","x"]})");
  EXPECT_EQ(document.where("/c/b/1"), "f.yaml:2:1");
}

TEST(Yaml, refuses_an_alias_inside_its_own_anchor) {
  EXPECT_EQ(error_in("a: &a [*a]\n"), "f.yaml:1:8: an alias stands inside its own anchor");
  EXPECT_EQ(error_in("a: *b\n"), "f.yaml:1:4: is not YAML: the referenced anchor is not defined");
}

TEST(Yaml, refuses_text_that_is_not_utf8) {
  EXPECT_EQ(error_in("a: \"\\0\"\n"), "f.yaml:1:4: is not UTF-8 text");
}

TEST(Yaml, refuses_deep_nesting) {
  EXPECT_NE(error_in(std::string(40, '[') + std::string(40, ']')).find("is nested more than 32 deep"),
            std::string::npos);
  EXPECT_NE(error_in(std::string(10'000, '[')).find("f.yaml:1:"), std::string::npos);
}

TEST(Yaml, refuses_aliases_that_multiply_nodes) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int k = 0; k < 8; ++k) bomb += ", " + below;
    bomb += "]\n";
  }
  EXPECT_NE(error_in(bomb).find("has more than 50,000 values"), std::string::npos);
}

TEST(Yaml, refuses_aliases_that_multiply_text) {
  std::string bomb = "a: &a " + std::string(100'000, 'x') + "\nb: [*a";
  for (int i = 0; i < 1000; ++i) bomb += ", *a";
  EXPECT_NE(error_in(bomb + "]\n").find("has more than 4 MiB of text"), std::string::npos);
}

TEST(Yaml, refuses_a_map_of_too_many_keys) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(error_in(text), "f.yaml:2001:1: has more than 2000 keys");
}

TEST(Yaml, names_the_file_it_reads) {
  const test::Folder folder;
  const std::string path = folder.write("bad.yaml", "a: 1\na: 2\n");
  EXPECT_EQ(error_of([&] { read_yaml(path); }), path + ":2:1: key 'a' stands here twice");
  EXPECT_EQ(read_yaml(folder.write("good.yaml", "a: 1\n")).value.dump(), R"({"a":1})");
}

Document with(const std::string& assignment, const std::string& text = "search: {trials: 1, method: random}\n") {
  Document document = parse_yaml(text, "f.yaml");
  set_value(document, assignment);
  return document;
}

TEST(SetValue, replaces_a_value_and_remembers_who_did) {
  const Document document = with("search.trials=100");
  EXPECT_EQ(document.value.dump(), R"({"search":{"trials":100,"method":"random"}})");
  EXPECT_EQ(document.where("/search/trials"), "--set search.trials=100");
  EXPECT_EQ(document.where("/search/method"), "f.yaml:1:21");
}

TEST(SetValue, makes_what_is_not_there) {
  EXPECT_EQ(with("a.b.c=x", "").value.dump(), R"({"a":{"b":{"c":"x"}}})");
}

TEST(SetValue, reads_the_value_as_yaml) {
  EXPECT_EQ(with("a=[1, {b: 0.5}]", "").value.dump(), R"({"a":[1,{"b":0.5}]})");
  EXPECT_EQ(with("a='x=y.z'", "").value.dump(), R"({"a":"x=y.z"})");
  EXPECT_EQ(with("a=", "").value.dump(), R"({"a":null})");
}

TEST(SetValue, goes_below_a_bare_name) {
  EXPECT_EQ(with("search.method.random.keep=2").value.dump(),
            R"({"search":{"trials":1,"method":{"random":{"keep":2}}}})");
}

TEST(SetValue, forgets_where_the_values_it_replaces_stood) {
  const Document document = with("search={method: {}}");
  EXPECT_EQ(document.where("/search/method"), "--set search={method: {}}");
}

TEST(SetValue, refuses_what_is_no_assignment) {
  for (const char* bad : {"search.trials", "=1", ""}) {
    EXPECT_EQ(error_of([&] { with(bad); }),
              std::string("--set ") + bad + ": expected key=value, as in search.trials=100");
  }
  EXPECT_EQ(error_of([] { with("a..b=1"); }), "--set a..b=1: has an empty key");
  EXPECT_EQ(error_of([] { with("a.=1"); }), "--set a.=1: has an empty key");
  EXPECT_EQ(error_of([] { with("search.trials.x=1"); }), "--set search.trials.x=1: '/search/trials' holds no keys");
}

TEST(SetValue, refuses_a_value_that_is_not_yaml) {
  EXPECT_NE(error_of([] { with("a=[1"); }).find("--set a=[1:1:"), std::string::npos);
}

}  // namespace
}  // namespace weft::base
