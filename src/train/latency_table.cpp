#include "train/latency_table.hpp"

#include <cmath>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "space/decode.hpp"

namespace weft::train {
namespace {

using base::Json;

constexpr const char* kFormat = "weft latency table 1";

Json input_json(const space::Input& input) {
  if (input.task == space::Task::language_model) return {{"vocabulary", input.vocabulary}, {"context", input.context}};
  return {{"channels", input.channels}, {"height", input.height}, {"width", input.width}, {"classes", input.classes}};
}

space::Input input_from(const Json& value) {
  if (value.contains("context")) return {.vocabulary = value.at("vocabulary"), .context = value.at("context")};
  return {.task = space::Task::image_classification,
          .vocabulary = 0,
          .context = 0,
          .channels = value.at("channels"),
          .height = value.at("height"),
          .width = value.at("width"),
          .classes = value.at("classes")};
}

LatencyTable read(const Json& value) {
  if (value.at("format") != kFormat) throw base::Error("it is of another format");
  LatencyTable table;
  table.space = value.at("space");
  table.input = input_from(value.at("input"));
  table.recipe = LatencyRecipe::from_json(value.at("recipe"));
  table.hardware = value.at("hardware");
  for (const auto& [key, cell] : value.at("cells").items())
    table.cells[key] = {cell.at("seconds").get<double>(), cell.at("what").get<std::string>()};
  const Json& check = value.at("check");
  table.check = {check.at("genomes"), check.at("mape"),
                 check.at("kendall_tau").is_null() ? std::nan("") : check.at("kendall_tau").get<double>()};
  return table;
}

}  // namespace

Json LatencyTable::to_json() const {
  Json list = Json::object();
  for (const auto& [key, cell] : cells) list[key] = {{"seconds", cell.seconds}, {"what", cell.what}};
  return {{"format", kFormat},
          {"space", space},
          {"input", input_json(input)},
          {"recipe",
           {{"batch", recipe.batch},
            {"mode", recipe.training ? "training" : "inference"},
            {"warmup", recipe.warmup},
            {"repeats", recipe.repeats},
            {"time_limit", recipe.time_limit}}},
          {"hardware", hardware},
          {"check", {{"genomes", check.genomes}, {"mape", check.mape}, {"kendall_tau", check.kendall_tau}}},
          {"cells", list}};
}

LatencyTable LatencyTable::load(const std::string& path) {
  const auto value = base::parse_json(base::read_file(path));
  if (!value) throw base::Error(value.error(), path);
  try {
    return read(*value);
  } catch (const std::exception& error) {
    throw base::Error("is no latency table (" + base::one_line(error.what()) + "); make one with weft latency build",
                      path);
  }
}

void LatencyTable::check_fits(const space::Space& wanted, const space::Input& seen, const std::string& path) const {
  if (space != wanted.name)
    throw base::Error("is of the space " + base::quote(space) + ", not of " + base::quote(wanted.name), path);
  const Json own = input_json(input), other = input_json(space::input_for(wanted, seen));
  if (own != other) throw base::Error("was made for inputs of " + own.dump() + ", not of " + other.dump(), path);
}

base::Result<double> LatencyTable::seconds(const space::Space& of, const space::Genome& genome) const {
  double sum = 0;
  for (const auto& [key, what] : cells_of(of, genome)) {
    const auto found = cells.find(key);
    if (found == cells.end()) return base::failure("the latency table has no cell for " + what + "; build it again");
    sum += found->second.seconds;
  }
  return sum;
}

}  // namespace weft::train
