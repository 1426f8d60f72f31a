#include "net/safetensors.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"

namespace weft::net {
namespace {

TensorFile example() {
  const at::Tensor x = at::arange(-4, 8).to(at::kDouble) * 0.37;
  TensorFile file;
  file.tensors = {{"layers.0.query.weight", x.view({3, 4}).to(at::kFloat)},
                  {"transposed", x.view({3, 4}).t()},
                  {"half", x.to(at::kHalf)},
                  {"brain", x.to(at::kBFloat16)},
                  {"tokens", at::arange(5)},
                  {"positions", at::arange(3).to(at::kInt)},
                  {"bytes", at::arange(7).to(at::kByte)},
                  {"number", at::ones({}).to(at::kLong)},
                  {"nothing", at::ones({0, 2})},
                  {"Grüße", at::ones({1})}};
  file.metadata = {{"genome", "g1-abc"}, {"format", "pt"}};
  return file;
}

// A file with this header and so many bytes of data.
std::string file_of(const std::string& header, std::size_t data, std::uint64_t length) {
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data, '\0');
}
std::string file_of(const std::string& header, std::size_t data) {
  return file_of(header, data, header.size());
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
}

TEST(Safetensors, ReadsWhatItWrote) {
  const test::Folder folder;
  const TensorFile wrote = example();
  write_safetensors(folder / "t.safetensors", wrote);
  const TensorFile read = read_safetensors(folder / "t.safetensors");
  EXPECT_EQ(read.metadata, wrote.metadata);
  ASSERT_EQ(read.tensors.size(), wrote.tensors.size());
  for (const auto& [name, tensor] : wrote.tensors) {
    const auto found = std::find_if(read.tensors.begin(), read.tensors.end(),
                                    [&, &key = name](const auto& one) { return one.first == key; });
    ASSERT_NE(found, read.tensors.end()) << name;
    EXPECT_EQ(found->second.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(found->second, tensor)) << name;
  }
}

TEST(Safetensors, WritesTheBytesThatTheFormatSays) {
  const test::Folder folder;
  write_safetensors(folder / "t.safetensors", {{{"a", at::arange(3).to(at::kByte)}}, {{"k", "v"}}});
  const std::string header = R"({"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(base::read_file(folder / "t.safetensors"), file_of(padded, 0) + std::string("\0\1\2", 3));
}

// The reference implementation reads the same values, and writes a file that is read here.
TEST(Safetensors, AreWhatTheReferencePackageReads) {
  const std::string python = std::string(WEFT_SOURCE_DIR) + "/.venv/bin/python";
  const test::Folder folder;
  TensorFile file = example();
  write_safetensors(folder / "t.safetensors", file);
  const std::string script = R"(
import sys
try:
    from safetensors import safe_open
    from safetensors.torch import load_file
except ImportError:
    sys.exit(77)
tensors = load_file(sys.argv[1])
for name, tensor in sorted(tensors.items()):
    print(name, str(tensor.dtype).removeprefix("torch."), list(tensor.shape), repr(float(tensor.double().sum())))
with safe_open(sys.argv[1], framework="pt") as opened:
    print(sorted(opened.metadata().items()))
)";
  std::vector<std::string> environment;
  for (char** one = environ; *one != nullptr; ++one) environment.emplace_back(*one);
  const base::Finished finished =
      base::run({.argv = {python, "-W", "ignore", "-c", script, folder / "t.safetensors"}, .environment = environment},
                "", std::chrono::seconds(120));
  if (WEXITSTATUS(finished.status) == 77) GTEST_SKIP() << "no safetensors in .venv: run scripts/setup.sh";
  ASSERT_EQ(finished.status, 0) << finished.output;
  for (const char* line :
       {"Grüße float32 [1] 1.0", "brain bfloat16 [12] 6.", "bytes uint8 [7] 21.0", "transposed float64 [4, 3] 6.65999",
        "number int64 [] 1.0", "nothing float32 [0, 2] 0.0", "[('format', 'pt'), ('genome', 'g1-abc')]"})
    EXPECT_NE(finished.output.find(line), std::string::npos) << line << "\n" << finished.output;
}

TEST(Safetensors, AreNotWrittenWithANameTwice) {
  const test::Folder folder;
  EXPECT_EQ(test::error_of([&] {
              write_safetensors(folder / "t", {{{"a", at::ones({1})}, {"a", at::ones({1})}}, {}});
            }),
            "two tensors are named 'a'");
  EXPECT_EQ(test::error_of([&] {
              write_safetensors(folder / "t", {{{"a", at::ones({1}, at::kBool)}}, {}});
            }),
            "tensor 'a' is of type Bool, which safetensors files of weft do not hold");
  EXPECT_NE(test::error_of([&] { write_safetensors(folder / "no" / "t", {}); }).find("cannot be written"),
            std::string::npos);
  EXPECT_TRUE(base::fs::is_empty(folder.path()));
}

struct Hostile {
  const char* name;
  std::string bytes, complaint;
  friend void PrintTo(const Hostile& one, std::ostream* out) { *out << one.name; }
};

class HostileFiles : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileFiles, AreRefusedWithTheReason) {
  const test::Folder folder;
  const std::string path = folder.write("h.safetensors", GetParam().bytes);
  const std::string error = test::error_of([&] { read_safetensors(path); });
  EXPECT_EQ(error, path + ": " + GetParam().complaint);
}

const std::string kForm = "expected {\"dtype\": ..., \"shape\": [...], \"data_offsets\": [begin, end]}";

INSTANTIATE_TEST_SUITE_P(
    Every, HostileFiles,
    ::testing::Values(Hostile{"empty", "", "is no safetensors file: it has fewer than 8 bytes"},
                      Hostile{"header_beyond_the_file", file_of("{}", 0, 100),
                              "is no safetensors file: a header of 100 bytes does not fit"},
                      Hostile{"header_of_2_to_the_64", file_of("{}", 0, ~std::uint64_t{0}),
                              "is no safetensors file: a header of 18446744073709551615 bytes does not fit"},
                      Hostile{"header_too_large", file_of(std::string(5U << 20U, ' '), 0),
                              "its header has 5242880 bytes; weft reads at most 4194304"},
                      Hostile{"no_json", file_of("{\"a\":", 0), "its header is not JSON: error at byte 6"},
                      Hostile{"nested", file_of(std::string(1000, '['), 0),
                              "its header is JSON is nested more than 4 deep"},
                      Hostile{"a_list", file_of("[]", 0), "its header is no JSON object"},
                      Hostile{"an_entry_that_is_a_number", file_of("{\"a\":1}", 0), "tensor 'a': " + kForm},
                      Hostile{"no_offsets", file_of(R"({"a":{"dtype":"F32","shape":[1]}})", 4), "tensor 'a': " + kForm},
                      Hostile{"unknown_type", file_of(entry("F8", "[4]", "[0,4]"), 4),
                              "tensor 'a': type 'F8'; expected F64, F32, F16, BF16, I64, I32 or U8"},
                      Hostile{"negative_size", file_of(entry("U8", "[-4]", "[0,4]"), 4),
                              "tensor 'a': a size must be a whole number, 0 or more"},
                      Hostile{"size_with_a_fraction", file_of(entry("U8", "[4.5]", "[0,4]"), 4),
                              "tensor 'a': a size must be a whole number, 0 or more"},
                      Hostile{"shape_overflows", file_of(entry("F64", "[8,8,8,8]", "[0,8]"), 8),
                              "tensor 'a': its shape needs 32768 bytes, its offsets hold 8"},
                      Hostile{"size_of_2_to_the_63", file_of(entry("F64", "[9223372036854775808]", "[0,8]"), 8),
                              "tensor 'a': its shape is larger than the file"},
                      Hostile{"many_axes", file_of(entry("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1),
                              "tensor 'a': has more than 8 axes"},
                      Hostile{"offsets_backwards", file_of(entry("U8", "[4]", "[4,0]"), 4),
                              "tensor 'a': bytes 4 to 0 do not lie in the 4 bytes of data"},
                      Hostile{"offsets_beyond_the_data", file_of(entry("U8", "[8]", "[0,8]"), 4),
                              "tensor 'a': its shape is larger than the file"},
                      Hostile{"shape_and_offsets_differ", file_of(entry("F32", "[1]", "[0,8]"), 8),
                              "tensor 'a': its shape needs 4 bytes, its offsets hold 8"},
                      Hostile{"a_gap", file_of(entry("U8", "[2]", "[2,4]"), 4),
                              "tensor 'a': begins at byte 2; the tensor before it ends at 0"},
                      Hostile{"an_overlap",
                              file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                                      R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                                      3),
                              "tensor 'b': begins at byte 1; the tensor before it ends at 2"},
                      Hostile{"data_of_no_tensor", file_of(entry("U8", "[2]", "[0,2]"), 4),
                              "has 4 bytes of data, of which its tensors are 2"},
                      Hostile{"metadata_of_numbers", file_of(R"({"__metadata__":{"a":1}})", 0),
                              "__metadata__ holds something other than text at 'a'"}),
    [](const auto& given) { return std::string(given.param.name); });

TEST(Safetensors, OfNoFileSaySo) {
  EXPECT_EQ(test::error_of([] { read_safetensors("/nowhere/t.safetensors"); }), "/nowhere/t.safetensors: no such file");
  EXPECT_EQ(test::error_of([] { read_safetensors("/tmp"); }), "/tmp: no such file");
}

}  // namespace
}  // namespace weft::net
