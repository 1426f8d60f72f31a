#include <fmt/format.h>

#include <cmath>

#include "block/ops/rows.hpp"

namespace weft::block::rows {
namespace {

// The cell's parameters, each named after its node. Its matrices start as PyTorch's recurrent cells have them: uniform
// within 1 / √width.
std::vector<Parameter> parameters_of(const Call& call) {
  const double bound = 1 / std::sqrt(static_cast<double>(call.whole(0)));
  std::vector<Parameter> list;
  for (std::size_t i = 0; i < call.body->nodes.size(); ++i) {
    for (Parameter parameter : call.body->nodes[i].parameters) {
      parameter.name = fmt::format("{}.{}", i, parameter.name);
      if (parameter.init == Init::normal) {
        parameter.init = Init::uniform;
        parameter.value = bound;
      }
      list.push_back(std::move(parameter));
    }
  }
  return list;
}

}  // namespace

const Op& scan() {
  static const Op op{
      .name = "scan",
      .inputs = {"cell", "x"},
      .takes = kPositions,
      .attributes = {whole("width", 1, kMaxWidth, kMust, "channels of each state, and so of the result")},
      .doc =
          "A recurrent cell over positions, from the first. The cell is a def of its own above the block, such as def "
          "cell(x, h): x is one position and the others are its states, which start as zeros; it returns as many new "
          "states, and calls their channels width. The result is the first state at every position.",
      .source = "Elman 1990; Hochreiter, Schmidhuber 1997",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        return std::vector{Type{call.whole(0), false}};
      },
      .parameters = parameters_of,
      .macs =
          [](const Call& call, std::int64_t time) {
            return product({time, count(*call.body, 1, call.place).macs});
          },
      .mixes = [](const Call&) { return Mixing::past; },
  };
  return op;
}

const Op& states() {
  static const Op op{
      .name = "states",
      .max_inputs = 8,
      .takes = {.sequence = false},
      .doc = "The new states of a cell.",
      .source = "arithmetic",
      .infer = [](const Call& call) -> base::Result<std::vector<Type>> {
        return std::vector<Type>(call.inputs.begin(), call.inputs.end());
      },
  };
  return op;
}

}  // namespace weft::block::rows
