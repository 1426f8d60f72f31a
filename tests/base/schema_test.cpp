#include "base/schema.hpp"

#include <gtest/gtest.h>

#include "tests/support/errors.hpp"

namespace weft::base {
namespace {

using test::error_of;

std::string checked(const char* schema, const std::string& yaml) {
  return check(parse_json(schema).value(), parse_yaml(yaml, "f.yaml")).dump();
}
std::string refused(const char* schema, const std::string& yaml) {
  return error_of([&] { checked(schema, yaml); });
}

constexpr const char* kSearch =
    R"({"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
  "name": {"type": "string"},
  "trials": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10},
  "rate": {"type": "number", "exclusiveMinimum": 0},
  "order": {"enum": ["random", "sorted", 3]},
  "limits": {"type": "object", "default": {}, "additionalProperties": false,
             "properties": {"params": {"type": "integer", "format": "count", "minimum": 1},
                            "memory": {"type": "integer", "format": "bytes", "default": "16MB"}}}}})";

TEST(Schema, fills_in_defaults_at_every_level) {
  EXPECT_EQ(checked(kSearch, "name: a\n"), R"({"name":"a","trials":10,"limits":{"memory":16000000}})");
}

TEST(Schema, takes_a_key_with_nothing_behind_it_as_its_defaults) {
  EXPECT_EQ(checked(kSearch, "name: a\nlimits:\n"), R"({"name":"a","limits":{"memory":16000000},"trials":10})");
}

TEST(Schema, names_the_key_that_is_missing) {
  EXPECT_EQ(refused(kSearch, "trials: 2\n"), "f.yaml:1:1: the file needs the key 'name'");
}

TEST(Schema, names_an_unknown_key_the_known_ones_and_the_nearest) {
  EXPECT_EQ(refused(kSearch, "name: a\ntrails: 3\n"),
            "f.yaml:2:1: unknown key 'trails'; known here: name, trials, rate, order, limits; did you mean 'trials'?");
  EXPECT_EQ(refused(kSearch, "name: a\nlimits: {zzzzzz: 3}\n"),
            "f.yaml:2:10: unknown key 'zzzzzz'; known here: params, memory");
}

TEST(Schema, quotes_a_value_of_the_wrong_type) {
  EXPECT_EQ(refused(kSearch, "name: 3\n"), "f.yaml:1:1: 'name' is 3; expected text");
  EXPECT_EQ(refused(kSearch, "name: a\ntrials: many\n"), "f.yaml:2:1: 'trials' is \"many\"; expected a whole number");
  EXPECT_EQ(refused(kSearch, "name: a\ntrials: 2.5\n"), "f.yaml:2:1: 'trials' is 2.5; expected a whole number");
  EXPECT_EQ(refused(kSearch, "name: a\ntrials:\n"), "f.yaml:2:1: 'trials' is null; expected a whole number");
  EXPECT_EQ(refused(kSearch, "- name\n"), "f.yaml:1:1: the file is [\"name\"]; expected keys and values");
}

TEST(Schema, makes_whole_floats_integers) {
  EXPECT_EQ(checked(R"({"type": "integer"})", "1e3"), "1000");
  EXPECT_EQ(refused(R"({"type": "integer"})", "1e300"), "f.yaml:1:1: the file is 1e+300; expected a whole number");
}

TEST(Schema, keeps_numbers_in_their_range) {
  EXPECT_EQ(refused(kSearch, "name: a\ntrials: 0\n"), "f.yaml:2:1: 'trials' is 0; expected at least 1");
  EXPECT_EQ(refused(kSearch, "name: a\ntrials: 1001\n"), "f.yaml:2:1: 'trials' is 1001; expected at most 1000");
  EXPECT_EQ(refused(kSearch, "name: a\nrate: 0\n"), "f.yaml:2:1: 'rate' is 0; expected more than 0");
}

TEST(Schema, offers_the_values_of_an_enum_and_the_nearest) {
  EXPECT_EQ(refused(kSearch, "name: a\norder: randon\n"),
            "f.yaml:2:1: 'order' is \"randon\"; expected random, sorted or 3; did you mean 'random'?");
  EXPECT_EQ(checked(R"({"enum": [3]})", "3"), "3");
}

TEST(Schema, checks_a_constant) {
  EXPECT_EQ(refused(R"({"const": true})", "false"), "f.yaml:1:1: the file is false; expected true");
}

TEST(Schema, cuts_long_values_between_characters) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "é";
  const std::string error = refused(R"({"type": "integer"})", name);
  EXPECT_TRUE(error.ends_with("…; expected a whole number")) << error;
  EXPECT_LT(error.size(), 115U);
}

TEST(Schema, names_the_place_of_a_list_element) {
  EXPECT_EQ(refused(R"({"properties": {"range": {"type": "array", "items": {"type": "number"}}}})", "range: [1, x]"),
            "f.yaml:1:12: 'range' has \"x\" as its value 2; expected a number");
}

TEST(Schema, takes_a_long_number_for_a_key) {
  EXPECT_EQ(refused(R"({"additionalProperties": {"type": "number"}})", "66666666666666666666666666: x"),
            "f.yaml:1:1: '66666666666666666666666666' is \"x\"; expected a number");
}

TEST(Schema, keeps_lists_in_their_size) {
  const char* schema = R"({"type": "array", "minItems": 2, "maxItems": 3})";
  EXPECT_EQ(refused(schema, "[1]"), "f.yaml:1:1: the file is [1]; expected at least 2 values");
  EXPECT_EQ(refused(schema, "[1, 2, 3, 4]"), "f.yaml:1:1: the file is [1,2,3,4]; expected at most 3 values");
  EXPECT_EQ(checked(schema, "[1, 2]"), "[1,2]");
}

struct Scaled {
  const char* text;
  const char* number;  // null: refused
};

std::string scaled(const char* format, const char* text) {
  return checked((std::string(R"({"type": "integer", "format": ")") + format + "\"}").c_str(), text);
}

TEST(Schema, reads_counts) {
  for (const auto& [text, number] : {Scaled{"200k", "200000"},
                                     {"1.5M", "1500000"},
                                     {"1.001M", "1001000"},
                                     {"2G", "2000000000"},
                                     {"3T", "3000000000000"},
                                     {"0k", "0"},
                                     {"12", "12"},
                                     {"'12'", "12"},
                                     {"1e3", "1000"}}) {
    EXPECT_EQ(scaled("count", text), number) << text;
  }
}

TEST(Schema, refuses_what_is_no_count) {
  for (const char* text : {"200K", "1.0005k", "-5k", "k", "5 k", "nan", "infk", "0x10", "1e30", "9e9T", "5MB", "''"}) {
    EXPECT_THROW(scaled("count", text), Error) << text;
  }
  EXPECT_EQ(error_of([] { scaled("count", "5MB"); }),
            "f.yaml:1:1: the file is \"5MB\"; expected a whole number such as 200k or 1.5M");
}

TEST(Schema, reads_bytes) {
  for (const auto& [text, number] : {Scaled{"256MB", "256000000"},
                                     {"1GiB", "1073741824"},
                                     {"1.5KiB", "1536"},
                                     {"7B", "7"},
                                     {"4kB", "4000"},
                                     {"2MiB", "2097152"},
                                     {"1GB", "1000000000"}}) {
    EXPECT_EQ(scaled("bytes", text), number) << text;
  }
  EXPECT_EQ(error_of([] { scaled("bytes", "5M"); }), "f.yaml:1:1: the file is \"5M\"; expected a size such as 256MB");
}

TEST(Schema, keeps_scaled_numbers_in_their_range) {
  EXPECT_EQ(refused(kSearch, "name: a\nlimits: {params: 0k}\n"), "f.yaml:2:10: 'params' is 0; expected at least 1");
}

constexpr const char* kMethod = R"({"properties": {"method": {
  "minProperties": 1, "maxProperties": 1, "additionalProperties": false, "type": "object",
  "properties": {"random": {"type": "object", "additionalProperties": false, "properties": {"keep": {"type": "integer", "default": 3}}},
                 "evolution": {"type": "object"}}}}})";

TEST(Schema, reads_a_bare_name_as_the_choice_of_that_name) {
  EXPECT_EQ(checked(kMethod, "method: random\n"), R"({"method":{"random":{"keep":3}}})");
  EXPECT_EQ(checked(kMethod, "method: {random: {keep: 4}}\n"), R"({"method":{"random":{"keep":4}}})");
  EXPECT_EQ(checked(kMethod, "method: {random: }\n"), R"({"method":{"random":{"keep":3}}})");
}

TEST(Schema, names_the_nearest_choice) {
  EXPECT_EQ(refused(kMethod, "method: randm\n"),
            "f.yaml:1:1: unknown key 'randm'; known here: random, evolution; did you mean 'random'?");
}

TEST(Schema, shows_a_text_of_many_lines_in_a_choices_place_on_one) {
  EXPECT_EQ(refused(kMethod, "method: \"ran\\ndom\"\n"),
            "f.yaml:1:1: unknown key 'ran\\ndom'; known here: random, evolution; did you mean 'random'?");
}

TEST(Schema, wants_exactly_one_choice) {
  EXPECT_EQ(refused(kMethod, "method: {random: {}, evolution: {}}\n"),
            "f.yaml:1:1: 'method' is {\"random\":{},\"evolution\":{}}; expected exactly one of random or evolution");
  EXPECT_EQ(refused(kMethod, "method:\n"), "f.yaml:1:1: 'method' is {}; expected exactly one of random or evolution");
}

constexpr const char* kRef = R"({"properties": {"a": {"$ref": "#/$defs/size"}, "b": {"anyOf": [{"$ref": "#/$defs/size"},
  {"type": "array", "items": {"type": "string"}}]}}, "$defs": {"size": {"type": "integer", "minimum": 2, "default": 5}}})";

TEST(Schema, follows_references) {
  EXPECT_EQ(checked(kRef, "a: 7\n"), R"({"a":7})");
  EXPECT_EQ(checked(kRef, "{}"), R"({"a":5})");
  EXPECT_EQ(refused(kRef, "a: 1\n"), "f.yaml:1:1: 'a' is 1; expected at least 2");
}

TEST(Schema, takes_the_alternative_of_the_values_type) {
  EXPECT_EQ(checked(kRef, "b: [x]\n"), R"({"b":["x"],"a":5})");
  EXPECT_EQ(refused(kRef, "b: 1\n"), "f.yaml:1:1: 'b' is 1; expected at least 2");
  EXPECT_EQ(refused(kRef, "b: true\n"), "f.yaml:1:1: 'b' is true; expected integer or array");
}

TEST(Schema, checks_values_under_free_keys) {
  const char* schema = R"({"type": "object", "additionalProperties": {"type": "integer"}})";
  EXPECT_EQ(checked(schema, "{x: 1, y: 2}"), R"({"x":1,"y":2})");
  EXPECT_EQ(refused(schema, "{x: 1, y: z}"), "f.yaml:1:8: 'y' is \"z\"; expected a whole number");
}

TEST(Schema, names_the_flag_that_set_a_bad_value) {
  Document document = parse_yaml("name: a\n", "f.yaml");
  set_value(document, "trials=0");
  EXPECT_EQ(error_of([&] { check(parse_json(kSearch).value(), document); }),
            "--set trials=0: 'trials' is 0; expected at least 1");
}

TEST(LoadSchema, reads_the_schemas_that_weft_ships) {
  EXPECT_EQ(load_schema("space").at("title"), "A weft search space");
  EXPECT_NE(error_of([] { load_schema("none"); }).find("none.schema.json: no such file"), std::string::npos);
}

}  // namespace
}  // namespace weft::base
