// Recurrent cells: a class for each structure of cells, and one that walks them over the positions.
#include "block/ops/rows.hpp"
#include "net/pytorch/layer_class.hpp"

namespace weft::net::pytorch::ops {

// The module's text is not yet known: it stands for what two cells without weights must have in common to be one.
Applied scan(const Site& site) {
  const auto cell = std::make_shared<Layer>(plan_layer(*site.node.body, site.place, 0, false));
  Applied applied = layer({structure(*cell)}, "recurrent", {});
  for (const Step& step : cell->steps) {
    for (const Piece* piece : {&step.applied.module, &step.applied.call})
      applied.module.numbers.insert(applied.module.numbers.end(), piece->numbers.begin(), piece->numbers.end());
    applied.definitions.insert(applied.definitions.end(), step.applied.definitions.begin(),
                               step.applied.definitions.end());
  }
  for (const std::string& name : weight_names(*cell)) applied.weights.push_back(".cell." + name);
  applied.definitions.push_back({"recurrent"});
  applied.cell = cell;
  return applied;
}

Applied states(const Site& site) {
  std::string text = site.inputs.size() == 1 ? "(@0,)" : "@0";
  for (std::size_t i = 1; i < site.inputs.size(); ++i) text += ", @" + std::to_string(i);
  return expression(std::move(text));
}

}  // namespace weft::net::pytorch::ops
