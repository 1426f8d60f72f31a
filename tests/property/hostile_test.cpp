// Input that means harm, or nothing at all: refused quickly, with one clear line, and without much memory.
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "block/lexer.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "space/vary.hpp"
#include "tests/support/cost.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/spaces.hpp"

namespace weft {
namespace {

using test::in_block;

const block::Binding kBinding{{"D", 16}, {"H", 4}, {"R", 2}};

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// What is said of it: one line, where it is refused; "" where it is not.
using Verdict = std::function<std::string(const std::string&)>;

std::string of_program(const std::string& text) {
  const auto program = block::parse(text, "t");
  if (!program) return program.error().brief();
  const auto graph = block::check(*program, kBinding, {16, false}, {.causal = true});
  return graph ? "" : graph.error().brief();
}

std::string of_json(const std::string& text) {
  static const space::Space kSpace = space::Space::load("gpt_nano");
  const auto genome = space::from_text(kSpace, text);
  if (!genome) return genome.error();
  const auto architecture = space::decode(kSpace, *genome, {});
  return architecture ? "" : architecture.error();
}

std::string of_reply(const std::string& text) {
  static const space::Space kSpace = space::Space::load("gpt_nano_open");
  const auto genome = space::from_reply(kSpace, text);
  if (!genome) return genome.error();
  const auto architecture = space::decode(kSpace, *genome, {});
  return architecture ? "" : architecture.error();
}

std::string of_yaml(const std::string& text) {
  try {
    const space::Space space = space::Space::from_snapshot(
        {{"file", "t.yaml"}, {"yaml", base::parse_yaml(text, "t.yaml").value}, {"blocks", nullptr}});
    (void)space;
    return "";
  } catch (const base::Error& error) {
    return error.what();
  }
}

std::string of_condition(const std::string& text) {
  const auto condition = space::Condition::parse(text, {"a", "b", "mixer"});
  return condition ? "" : condition.error();
}

bool is_clear(const std::string& verdict) {
  return verdict.find('\n') == std::string::npos && base::is_utf8(verdict) && verdict.size() < 600;
}

void expect_refused(const Verdict& verdict, const std::string& input, const std::string& why) {
  const double before = test::peak_mebibytes();
  std::string said;
  const double took = test::milliseconds([&] { said = verdict(input); });
  EXPECT_NE(said.find(why), std::string::npos) << why << " is not in: " << base::shorten(said, 900);
  EXPECT_TRUE(is_clear(said)) << base::shorten(said, 900);
  static double slowest = 0;  // of the test at hand: it stands in the XML that --gtest_output=xml writes
  static const ::testing::TestInfo* test = nullptr;
  if (std::exchange(test, ::testing::UnitTest::GetInstance()->current_test_info()) != test) slowest = 0;
  slowest = std::max(slowest, took);
  ::testing::Test::RecordProperty("slowest_refusal_us", static_cast<int>(slowest * 1000));
  EXPECT_LT(took, test::kSlowBuild ? 5000 : 1000)
      << said;  // far from what anything that grows faster than its input would take
  EXPECT_LT(test::peak_mebibytes() - before, test::kSlowBuild ? 512 : 32) << said;
}

TEST(HostilePrograms, are_refused_at_once) {
  constexpr std::size_t k64 = 65536;
  const std::string def = "def block(x):\n    ";
  const auto expect = [](const std::string& input, const std::string& why) { expect_refused(of_program, input, why); };
  expect(in_block("return " + repeated("(", 10'000) + "x" + repeated(")", 10'000)), "nested more than 50 deep");
  expect(in_block("return " + repeated("relu(", 10'000) + "x" + repeated(")", 10'000)), "nested more than 50 deep");
  expect(in_block("return " + repeated("-", 10'000) + "x"), "nested more than 50 deep");
  expect(in_block("return " + repeated("(", 10'000)), "'(' is never closed");
  expect(in_block("return linear(x, 1e18)"), "must be a whole number from 1 to 1048576");
  expect(in_block("return linear(x, 999999999 * 999999999 * 999999999)"), "must be a whole number from 1 to 1048576");
  expect(in_block("return linear(x, D" + repeated(" * D", 30) + ")"), "must be a whole number from 1 to 1048576");
  expect(in_block("return linear(x, 1e308 * 10)"), "number that is too large");
  expect(in_block("return linear(x, 1e9999)"), "not a number that can be used");
  expect(in_block("return linear(x, 0 // 0)"), "divides by zero");
  expect(in_block("w = D - 1\n" + repeated("w = w + w\n", 100) + "return linear(x, w)"), "too much arithmetic");
  expect(in_block("w = D\n" + repeated("w = w * w\n", 100) + "return linear(x, w)"), "too much arithmetic");
  expect(in_block(repeated("x = x + x\n", 2000) + "return x"), "at most 512 ops");
  expect(in_block("return x" + repeated("+x", 30'000)), "at most 512 ops");
  expect(def + std::string("return x\0", 9), "does not belong in a program");
  expect(std::string(1000, '\0'), "does not belong in a program");
  expect(in_block("return linear(\xD1\x85, D)"), "(U+0445) does not belong in a program");
  expect(in_block("return x\xE2\x80\xAE"), "(U+202E) does not belong in a program");
  expect(in_block("return \xFF\xFE"), "does not belong in a program");
  expect(std::string(k64, 'a'), "a name has at most 64 letters");
  expect(std::string(k64, '('), "'(' is never closed");
  expect(std::string(k64, ')'), "expected 'def block(x):'");
  expect(std::string(k64, '\n'), "expected 'def block(x):'");
  expect(std::string(k64, ' '), "expected 'def block(x):'");
  expect(std::string(k64, '#'), "expected 'def block(x):'");
  expect(std::string(k64, '7'), "not a number that can be used");
  expect(std::string(k64 + 1, 'a'), "at most 65536 bytes");
  expect(std::string(10 << 20, 'a'), "at most 65536 bytes");
  expect(def + repeated("a,", 30'000) + "a = x\n", "only split gives more than one value");
  expect(in_block("return relu(" + repeated("x,", 30'000) + "x)"), "takes 1 tensor, not 30001");
  expect(in_block("return linear(x, " + repeated("1,", 30'000) + "1)"), "too many numbers");
  expect(in_block("return linear(x, " + repeated("width=1,", 7'000) + ")"), "is given twice");
  expect(in_block("return " + repeated("concat(", 20) + repeated("x, x, x, x, x, x, x, x), ", 20)),
         "takes 2 to 8 tensors, not 9");
  expect(repeated(" ", 100) + "def block(x):\n", "found an indented line");
  std::string stairs = "def block(x):\n";
  for (std::size_t i = 1; i < 350; ++i) stairs += std::string(i, ' ') + "x = x\n";
  expect(stairs, "found an indented line");
  std::string doubling;
  for (int i = 0; i < 25; ++i) doubling += "x = concat(x, x, x, x)\n";
  expect(in_block(doubling + "return linear(x, D)"), "an axis has at most 1048576");
}

TEST(HostilePrograms, with_cycles_or_endless_calls_are_refused_at_once) {
  const auto expect = [](const std::string& input, const std::string& why) { expect_refused(of_program, input, why); };
  expect(in_block("a = relu(b)\nb = relu(a)\nreturn b"), "'b' is not defined");
  expect(in_block("a = relu(a)\nreturn a"), "'a' is not defined");
  expect(in_block("return block(x)"), "unknown op 'block'");
  expect("def f(x):\n    return f(x)\n" + in_block("return f(x)"), "unknown op 'f'");
  expect("def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\n" + in_block("return f(g(x))"), "unknown op 'g'");
  std::string doubling = "def f0(x):\n    return relu(x)\n";
  for (int i = 1; i < 60; ++i) {
    const std::string below = "f" + std::to_string(i - 1);
    doubling += "def f" + std::to_string(i) + "(x):\n    return " + below + "(x) + " + below + "(x)\n";
  }
  expect(doubling + in_block("return f9(x)"), "sub-blocks are called more than 256 times");
  expect(doubling + in_block("return f59(x)"), "sub-blocks call each other more than 16 deep");
  expect(doubling + in_block("return " + repeated("f59(", 60) + "x"), "'(' is never closed");
  std::string many;
  for (int i = 0; i < 600; ++i) many += "def f" + std::to_string(i) + "(x):\n  return x\n";
  expect(many + in_block("return x"), "too many sub-blocks");
  std::string parameters = "def f(a0";
  for (int i = 1; i < 8000; ++i) parameters += ",a" + std::to_string(i);
  expect(parameters + "):\n    return a0\n" + in_block("return f(x)"), "a sub-block has at most 16 inputs");
}

// What is taken must be taken quickly too, however alike its parts look to what orders them.
TEST(HostilePrograms, that_are_symmetric_take_no_longer) {
  std::string tree, chain, layers = "h = relu(x)\n";
  for (int i = 0; i < 128; ++i) tree += (i > 0 ? " + " : "") + std::string("linear(x, D)");
  for (int i = 0; i < 160; ++i) chain += "x = linear(x, D) + linear(x, D)\n";
  for (int i = 0; i < 31; ++i)
    layers += "a = linear(h, D) + linear(h, D)\nb = linear(h, D) + linear(h, D)\nh = a + b\nh = h * h\n";
  for (const std::string& text :
       {in_block("return " + tree), in_block(chain + "return x"), in_block(layers + "return h")}) {
    const double took = test::milliseconds([&] { EXPECT_EQ(of_program(text), ""); });
    EXPECT_LT(took, test::kSlowBuild ? 5000 : 1000);
    RecordProperty("us", static_cast<int>(took * 1000));
  }
}

TEST(HostileGenomes, are_refused_at_once) {
  const auto expect = [](const std::string& input, const std::string& why) { expect_refused(of_json, input, why); };
  expect(repeated("[", 10'000) + repeated("]", 10'000), "nested more than 16 deep");
  expect(repeated("{\"a\":", 10'000) + "1" + repeated("}", 10'000), "nested more than 16 deep");
  expect(repeated("[", 65'536), "nested more than 16 deep");
  expect("{\"embed_dim\": 1e999}", "a number is too large");
  expect("{\"embed_dim\": 9999999999999999999999999}", "gene 'depth' is missing");
  expect("{\"embed_dim\": -0.0, \"depth\": 2}", "gene 'embed_dim' is -0.0; it must be 64, 96 or 128");
  expect("{\"depth\": 2, \"embed_dim\": \"" + std::string(65'000, 'x') + "\"}", "gene 'embed_dim' is \"xxx");
  expect("{\"" + std::string(65'000, 'x') + "\": 1}", "unknown gene 'xxx");
  expect("{\"depth\": 2, \"embed_dim\": \"\\u0000\\u202e\"}", "gene 'embed_dim' is");
  expect("{\"depth\": 1e308, \"embed_dim\": 64}", "gene 'depth' is 1e+308");
  std::string wide = "{\"k\":1";
  for (int i = 0; i < 7000; ++i) wide += ",\"k" + std::to_string(i) + "\":1";
  expect(wide + "}", "more than 2000 keys");
  expect(R"({"embed_dim":64,"depth":2,"block":"gpt2","num_heads":[2,3],"mlp_ratio":[1,1]})",
         "gene 'num_heads' in layer 1 is 3");
  expect(R"({"embed_dim":64,"depth":2,"block":"gpt2","mlp_ratio":[1,1],"num_heads":)" + repeated("[", 5) +
             repeated("]", 5) + "}",
         "must be a list of 2 values");
  expect("\xFF{}", "not JSON");
  expect("", "not JSON");
  expect("{\"embed_dim\": " + std::string(60'000, '9') + "}", "a number is too large");
  expect("{\"embed_dim\": 0." + std::string(60'000, '9') + "}", "gene 'depth' is missing");
  expect("{\"embed_dim\": 1e" + std::string(60'000, '9') + "}", "a number is too large");
  expect("{\"depth\": 18446744073709551615, \"embed_dim\": 64}", "gene 'depth' is 18446744073709551615");
}

TEST(HostileReplies, are_refused_at_once) {
  const auto expect = [](const std::string& input, const std::string& why) { expect_refused(of_reply, input, why); };
  const std::string genes = R"({"embed_dim":64,"depth":2,"num_heads":4,"mlp_ratio":1})";
  expect(std::string(65'536, '{'), "the reply has no JSON object");
  expect(repeated("{}", 30'000), "gene 'depth' is missing");
  expect(repeated("{\"", 30'000), "the reply has no JSON object");
  expect(repeated("{[", 10'000) + repeated("]}", 10'000), "not JSON");
  expect(genes + "\n" + repeated("def ", 10'000), "gene 'block': line 1");
  expect(genes + "\ndef block(x):\n" + repeated("    x = linear(x, 1048576)\n", 600) + "    return x\n",
         "at most 512 ops");
  expect(genes + "\ndef block(x):\n" + repeated("    x = linear(x, 1048576)\n", 300) + "    return x\n",
         "statements; the space allows 40");
  expect(genes + "\ndef block(x):\n    return linear(linear(x, 1048576), D)\n",
         "parameters are above the space's limit");
  expect(genes + "\ndef block(x):\n    return " + repeated("relu(", 10'000), "'(' is never closed");
  expect(genes + "\n" + in_block("return x" + std::string(1, '\0')), "does not belong in a program");
}

TEST(HostileSpaces, are_refused_at_once) {
  const auto expect = [](const std::string& input, const std::string& why) { expect_refused(of_yaml, input, why); };
  const auto space = [](const std::string& text) { return test::space_yaml(text); };
  expect(repeated("[", 10'000), "a key must be a plain word");
  expect(repeated("[", 10'000) + repeated("]", 10'000), "t.yaml");
  expect(repeated("- ", 2'000), "is nested more than 32 deep");
  expect("a: &a [*a]\n", "inside its own anchor");
  expect("a: &a\n  b: *a\n", "inside its own anchor");
  expect(",", "has more than one YAML document");
  expect("a: *none\n", "is not YAML");
  expect(std::string(65'536, 'a'), "expected keys and values");
  expect(std::string(65'536, 'a') + ": 1\n", "t.yaml");
  expect(std::string(65'536, '\t'), "t.yaml");
  expect(repeated("{a: ", 10'000), "t.yaml");
  expect(repeated("? ", 20'000), "t.yaml");
  expect("a: " + std::string(60'000, '9') + "\n", "unknown key 'a'");
  expect(std::string(1000, '\0'), "t.yaml");
  expect("a: \"" + std::string(3, '\xFF') + "\"\n", "t.yaml");
  expect(space("g\xD0\xB5nes: {a: {flag: true}}\n"), "unknown key");
  expect(space("genes: {a: {range: [0, 1e18]}}\n"), "must have 1 to 10000 values");
  expect(space("genes: {a: {range: [0, 1], step: 1e-300}}\n"), "must have 1 to 10000 values");
  expect(space("genes: {a: {range: [-1e308, 1e308]}}\n"), "must have 1 to 10000 values");
  expect(space("genes: {a: {flag: true}}\nlimits: {params: 1e300}\n"), "expected a whole number");
  expect(space("genes: {a: {flag: true}}\nlimits: {params: 99999999T}\n"), "expected a whole number");
  expect(space("layers: {count: 1e18, block: gpt2.block, bind: {D: 16}}\ngenes: {a: {flag: true}}\n"), "expected");
  expect(space("genes: {a: {flag: true}}\nrequire: [\"" + repeated("(", 900) + "\"]\n"), "nested more than 40 deep");
  expect(space("genes: {a: {flag: true}}\nrequire: [\"" + repeated("a+", 5000) + "a\"]\n"),
         "longer than 1000 characters");
  expect(space("genes: {a: {choice: [../../../../etc/passwd.block]}}\n"), "no file");
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below + repeated(", " + below, 8) + "]\n";
  }
  expect(bomb, "50,000 values");
  std::string texts = "a: &a \"" + std::string(60'000, 'x') + "\"\nb: [*a";
  for (int i = 0; i < 200; ++i) texts += ", *a";
  expect(texts + "]\n", "4 MiB of text");
}

TEST(HostileConditions, are_refused_at_once) {
  const auto expect = [](const std::string& input, const std::string& why) {
    expect_refused(of_condition, input, why);
  };
  expect(repeated("(", 999), "nested more than 40 deep");
  expect(repeated("-", 999), "nested more than 40 deep");
  expect(repeated("not ", 249), "nested more than 40 deep");
  expect(repeated("a ", 400), "has an unexpected");
  expect(std::string(100'000, 'a'), "longer than 1000 characters");
  expect(std::string("a\0b", 3), "has an unexpected");
  expect("\xD0\xB0 == 1", "has an unexpected");
  expect("a == 1e999", "no number that can be used");
}

// Random input. What is accepted must be sound; what is refused must say so in one clear line.

std::string random_bytes(base::Random& random) {
  std::string text;
  for (std::uint64_t left = random.below(200); left > 0; --left) text += static_cast<char>(random.below(256));
  return text;
}

std::string soup(base::Random& random, const std::vector<std::string>& pieces) {
  std::string text;
  for (std::uint64_t left = random.below(60); left > 0; --left) text += random.pick(pieces);
  return text;
}

// The text with a few pieces cut out, doubled, moved or replaced.
std::string mutated(std::string text, base::Random& random, const std::vector<std::string>& pieces) {
  for (std::uint64_t edits = 1 + random.below(4); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = random.below(text.size()),
                      length = random.below(std::min<std::size_t>(20, text.size() - at) + 1);
    const std::string part = text.substr(at, length);
    switch (random.below(4)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(random.below(text.size()), part); break;
      case 2: text.replace(at, length, random.pick(pieces)); break;
      default: text[at] = static_cast<char>(random.below(256));
    }
  }
  return text;
}

const std::vector<std::string>& program_pieces() {
  static const std::vector<std::string> kPieces{"def block(x):\n",
                                                "    ",
                                                "\n",
                                                "return ",
                                                "x",
                                                "a",
                                                "b",
                                                " = ",
                                                ", ",
                                                "(",
                                                ")",
                                                " + ",
                                                " - ",
                                                " * ",
                                                " // ",
                                                "linear(",
                                                "attention(",
                                                "split(",
                                                "concat(",
                                                "relu(",
                                                "mean(",
                                                "dwconv(",
                                                "D",
                                                "H",
                                                "R",
                                                "Q",
                                                "heads=",
                                                "width=",
                                                "bias=",
                                                "true",
                                                "false",
                                                "0",
                                                "2",
                                                "0.5",
                                                "1e18",
                                                "-",
                                                "# c\n",
                                                "\t",
                                                "\r\n",
                                                "for ",
                                                "if ",
                                                ";",
                                                ".",
                                                "\xD0\xB0"};
  return kPieces;
}

void expect_sound(const std::string& text) {
  const auto program = block::parse(text, "t");
  if (!program) {
    ASSERT_TRUE(is_clear(program.error().message)) << program.error().message;
    ASSERT_GT(program.error().line, 0);
    ASSERT_FALSE(program.error().text().empty());
    return;
  }
  const std::string printed = block::print(*program);
  const auto again = block::parse(printed, "again");
  ASSERT_TRUE(again) << text << "\n" << printed << again.error().text();
  ASSERT_EQ(block::print(*again), printed) << text;
  for (const bool causal : {false, true}) {
    const auto graph = block::check(*program, kBinding, {16, false}, {causal});
    if (!graph) {
      ASSERT_TRUE(is_clear(graph.error().message)) << graph.error().message;
      continue;
    }
    const block::Counts counts = block::count(*graph, 1 << 20, {causal});
    ASSERT_TRUE(counts.params >= 0 && counts.macs >= 0 && counts.activations >= 0) << text;
  }
}

TEST(RandomPrograms, are_sound_or_refused) {
  base::Random random(1);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_NO_FATAL_FAILURE(expect_sound(random_bytes(random)));
    ASSERT_NO_FATAL_FAILURE(expect_sound(soup(random, program_pieces())));
    ASSERT_NO_FATAL_FAILURE(expect_sound(in_block("return " + soup(random, program_pieces()))));
  }
}

TEST(MutatedPrograms, are_sound_or_refused) {
  base::Random random(2);
  std::vector<std::string> sources;
  for (const std::string& name : test::shipped_blocks())
    sources.push_back(base::read_file(base::home() / "search_spaces/blocks" / (name + ".block")));
  for (int i = 0; i < 20'000; ++i)
    ASSERT_NO_FATAL_FAILURE(expect_sound(mutated(random.pick(sources), random, program_pieces())));
}

TEST(RandomGenomes, are_sound_or_refused) {
  base::Random random(3);
  const space::Space closed = space::Space::load("gpt_nano"), open = space::Space::load("gpt_nano_open");
  const std::vector<std::string> pieces{
      "{",        "}",     "[",   "]", ",",         ":",       "\"",  "null",
      "true",     "1e999", "-1",  "2", "\"depth\"", "\\u0000", "\\n", "def block(x):\n",
      "return x", "```",   "\xFF"};
  for (int i = 0; i < 5'000; ++i) {
    const space::Space& space = i % 2 == 0 ? closed : open;
    const std::string valid = space::genome_form(space, space::sample(space, random));
    for (const std::string& text : {mutated(valid, random, pieces), soup(random, pieces), random_bytes(random)}) {
      const auto genome = space::from_reply(space, text);
      if (!genome) {
        ASSERT_TRUE(is_clear(genome.error())) << genome.error();
        continue;
      }
      const auto again = space::from_text(space, space::to_text(space, *genome));
      ASSERT_TRUE(again) << again.error();
      ASSERT_EQ(space::id(space, *again), space::id(space, *genome));
      const auto architecture = space::decode(space, *genome, {});
      ASSERT_TRUE(architecture || is_clear(architecture.error())) << architecture.error();
    }
  }
}

TEST(RandomConditions, are_answered_or_refused) {
  base::Random random(4);
  const std::vector<std::string> pieces{"a",    "b",   "mixer", " ",  "==", "!=",  "<",    "<=",    "+",
                                        "-",    "*",   "/",     "//", "%",  "(",   ")",    "and",   " or ",
                                        "not ", "'x'", "\"",    "1",  "0",  "0.5", "true", "1e999", "\xD0\xB0"};
  const space::Scalar one = 1.0, text = std::string("x");
  for (int i = 0; i < 50'000; ++i) {
    const std::string source = i % 4 == 0 ? random_bytes(random) : soup(random, pieces);
    const auto condition = space::Condition::parse(source, {"a", "b", "mixer"});
    if (!condition) {
      ASSERT_TRUE(is_clear(condition.error())) << condition.error();
      continue;
    }
    condition->holds([&](int gene) { return gene == 0 ? &one : gene == 2 ? &text : nullptr; });
  }
}

TEST(MutatedSpaces, are_sound_or_refused) {
  base::Random random(5);
  std::vector<std::string> sources;
  for (const std::string& name : base::list_data("search_spaces", ".yaml"))
    sources.push_back(base::read_file(base::home() / "search_spaces" / (name + ".yaml")));
  const std::vector<std::string> pieces{"{",    "}",     "[",    "]",    ",",      ": ",     "- ",
                                        "\n",   "  ",    "&a ",  "*a",   "!!str ", "? ",     "|\n",
                                        ">\n",  "'",     "\"",   "\\0",  "depth",  "1e300",  "-1",
                                        "0",    "~",     "null", "true", ".block", "when: ", "per_layer: true",
                                        "<<: ", "---\n", "%",    "@",    "\t",     "\xFF"};
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = mutated(random.pick(sources), random, pieces);
    const std::string said = of_yaml(text);
    ASSERT_TRUE(is_clear(said) || said.find(".block:") != std::string::npos) << said;
  }
}

TEST(RandomYaml, is_read_or_refused) {
  base::Random random(6);
  const std::vector<std::string> pieces{"{",  "}",      "[",     "]",     ",",           ": ", "- ", "\n", "  ", "&a ",
                                        "*a", "!!str ", "!",     "? ",    "|\n",         ">",  "'",  "\"", "a",  "b",
                                        "1",  "~",      "---\n", "...\n", "%YAML 1.2\n", "@",  "\t", "#"};
  for (int i = 0; i < 5'000; ++i) {
    for (const std::string& text : {soup(random, pieces), random_bytes(random)}) {
      try {
        const base::Document document = base::parse_yaml(text, "t.yaml");
        ASSERT_FALSE(document.value.dump().empty());
      } catch (const base::Error& error) {
        ASSERT_TRUE(is_clear(error.what())) << base::quote(error.what(), 900);
      }
    }
  }
}

}  // namespace
}  // namespace weft
