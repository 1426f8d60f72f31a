#include "net/pytorch.hpp"

#include <gtest/gtest.h>

#include <set>

#include "net/network.hpp"
#include "net/pytorch/op.hpp"
#include "tests/support/programs.hpp"

namespace weft::net {
namespace {

space::Architecture architecture_of(const std::string& block, std::int64_t width = 16) {
  space::Architecture a;
  a.input = {.vocabulary = 256, .context = 32};
  a.width = width;
  a.ends = {.learned_position = true, .tied = true};
  for (int layer = 0; layer < 2; ++layer) a.layers.push_back(test::graph_of(block, width, true));
  return a;
}

TEST(PytorchOps, HaveARowForEveryOpThatAGraphMayHold) {
  for (const block::Op* op : block::ops()) EXPECT_EQ(pytorch::knows(op->name), op->name != "pick") << op->name;
}

TEST(PytorchSource, NamesEveryWeightOnce) {
  const auto a = architecture_of(
      "h = layernorm(x)\nreturn x + linear(attention(linear(h, D), h, h, heads=H), D) + zero(linear(x, D))");
  const std::vector<std::string> names = write_python(a, {}).weights;
  EXPECT_EQ(names.size(), make_network(a).weights.size());
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
}

TEST(PytorchSource, NamesModulesByTheirRoles) {
  const std::string text =
      write_python(architecture_of("h = rmsnorm(x)\n"
                                   "x2 = x + linear(attention(linear(h, D), linear(h, D), linear(h, D), heads=H), D)\n"
                                   "g = rmsnorm(x2)\n"
                                   "return x2 + linear(silu(linear(g, 4 * D)) * linear(g, 4 * D), D)"),
                   {.title = "t"})
          .text;
  for (const char* line :
       {"        a = self.attention(self.query(h), self.key(h), self.value(h))\n", "        x = x + self.out(a)\n",
        "        h = self.ffn_norm(x)\n", "        return x + self.down(F.silu(self.gate(h)) * self.up(h))\n",
        "        self.up = nn.Linear(width, 4 * width)\n", "            *(Block(16) for _ in range(2)),\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

// What a space or a block file says of itself ends no docstring and begins no statement.
TEST(PytorchSource, KeepsWhatOthersWroteWithinItsQuotes) {
  const std::string evil = "\"\"\"\nimport os\\\"\"\" \xE2\x80\xAE\r\n{{x}}";
  const std::string text =
      write_python(architecture_of("return relu(x)"), {evil, evil, {evil, evil}, {{evil, evil}}}).text;
  EXPECT_EQ(text.find("\nimport os"), std::string::npos) << text;
  EXPECT_EQ(text.find("\xE2\x80\xAE"), std::string::npos) << text;
  std::size_t quotes = 0;
  for (std::size_t at = text.find("\"\"\""); at != std::string::npos; at = text.find("\"\"\"", at + 3)) ++quotes;
  EXPECT_EQ(quotes, 6U) << text;  // of the file, of the block, of load()
}

}  // namespace
}  // namespace weft::net
