// How one program became another: which ops are the same, which came, went or changed. Drawn by difference_dot.cpp,
// told by `weft block diff` and in reports.
#pragma once

#include <string>
#include <vector>

#include "block/program.hpp"

namespace weft::block {

/// Two programs whose sites are matched one to one. It depends on their structure alone.
struct Difference {
  Program before, after;
  std::vector<int> origin;  ///< of each site of `after`, its site in `before`; -1 where it is new
  std::vector<int> fate;    ///< of each site of `before`, its site in `after`; -1 where it is gone

  /// What became of a site of `after` that was there before: "heads 4 → 8", "gelu → silu"; nothing where it is as it
  /// was. Its inputs are not looked at.
  std::vector<std::string> edits(int site) const;
  /// Where a value of `before` stands in `after`: itself for the input; site -2 where it is gone.
  Value moved(const Value& value) const;
};

/// Matches equal sub-expressions first, then ops with equal uses, then from neighbour to neighbour: ops of one kind
/// where their inputs or users are matched, and one op in another's place where all of them are.
Difference compare(const Program& before, const Program& after);

/// One line a change, for people and prompts: "+ dwconv(width=3), from linear(D) to attention". Empty for equal
/// programs.
std::vector<std::string> describe(const Difference& difference);

/// An op as it is written, without its inputs: "attention(heads=H)".
std::string text_of(const Site& site);

/// The difference in DOT: what stayed grey, what came green, what went red and dashed, what changed amber with its old
/// and new value.
std::string to_dot(const Difference& difference);

}  // namespace weft::block
