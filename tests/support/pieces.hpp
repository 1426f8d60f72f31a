// Programs written piece by piece, as a model that knows nothing of the language would.
#pragma once

#include <string>
#include <vector>

#include "base/random.hpp"

namespace weft::test {

inline const std::vector<std::string>& pieces() {
  static const std::vector<std::string> kPieces{"def",        " block",
                                                "(x",         "):",
                                                "\n",         "    ",
                                                " ",          "x",
                                                "h",          "a",
                                                "q",          " = ",
                                                "=",          "(",
                                                ")",          ",",
                                                ", ",         "+",
                                                " + ",        " - ",
                                                " * ",        "*",
                                                "//",         "2",
                                                "3",          "64",
                                                "7",          "0",
                                                ".",          "5",
                                                "D",          "H",
                                                "R",          "lin",
                                                "linear(",    "ear",
                                                "attention(", "heads",
                                                "merge(",     "transpose(",
                                                "matmul(",    "softmax(",
                                                "split(",     "gelu(",
                                                "relu(",      "layernorm(",
                                                "norm",       "return",
                                                "return ",    "# a comment",
                                                "bias",       "=true",
                                                "false",      "conv(",
                                                "dwconv(",    "concat(",
                                                "width",      "recurrence(",
                                                "experts(",   "top",
                                                "pick(",      "index",
                                                "mean(",      "scale(",
                                                "_",          "1",
                                                "e",          "lightconv(",
                                                "max(",       "/",
                                                "kv_heads",   "é",
                                                "# ) (",      "---",
                                                "```",        "\t",
                                                "{",          "}",
                                                "# {\"",      "def block",
                                                "init=",      "true",
                                                " // ",       "-",
                                                "1e-05",      "a, b = split(",
                                                "epsilon=",   "\\n",
                                                "\",\"",      "\\n    "};
  return kPieces;
}

/// Adds pieces to a block::Prefix or space::GenomePrefix whose program has begun, until it has `size` bytes or 300 are
/// refused one after the other; calls `look` after each that is taken.
template <class Prefix, class Look>
void grow(Prefix& prefix, std::size_t size, base::Random& random, Look look) {
  for (int refused = 0; prefix.text().size() < size && refused < 300;) {
    if (prefix.complete() && random.chance(0.2)) break;
    const std::string& piece = random.pick(pieces());
    if (piece.starts_with("return") && random.chance(0.9)) continue;  // not at once
    refused = prefix.extend(piece) ? 0 : refused + 1;
    if (refused == 0) look();
  }
}

}  // namespace weft::test
