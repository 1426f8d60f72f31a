#include "view/pictures.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "block/difference.hpp"
#include "block/dot.hpp"
#include "space/decode.hpp"
#include "space/drawing.hpp"
#include "space/genome_text.hpp"

namespace weft::view {
namespace {

using base::Json;

constexpr std::size_t kMost = 5;  // trials: a drawing takes a tenth of a second

class Pictures {
 public:
  Pictures(const Json& summary, const search::Experiment& experiment)
      : trials_(summary.at("trials")), space_(experiment.space) {
    const Json& goal = summary.at("objective")[0];
    minimize_ = goal.at("minimize");
    metric_ = goal.at("metric");
  }

  Json run() const {
    std::vector<const Json*> best;
    for (const Json& row : trials_) {
      if (row.contains("score") && row.contains("genome") && !row.contains("duplicate_of")) best.push_back(&row);
    }
    std::stable_sort(best.begin(), best.end(), [&](const Json* a, const Json* b) { return better(*a, *b); });
    best.resize(std::min(best.size(), kMost));
    Json list = Json::array();
    for (const Json* row : best) list.push_back(picture(*row, list.empty()));
    return list;
  }

 private:
  bool better(const Json& a, const Json& b) const {
    const auto left = a.at("score").get<double>(), right = b.at("score").get<double>();
    return minimize_ ? left < right : left > right;
  }

  Json picture(const Json& row, bool first) const {
    Json words = {{"trial", row.at("trial").dump()},
                  {"score", fmt::format("{} {:.4f}", metric_, row.at("score").get<double>())},
                  {"params", row.contains("params") && metric_ != "params"
                                 ? base::short_count(row.at("params").get<double>()) + " parameters"
                                 : ""},
                  {"op", row.at("op")},
                  {"first", first},
                  {"has_parent", false}};
    const auto genome = space::from_text(space_, row.at("genome").get<std::string>());
    const auto architecture = genome ? space::decode(space_, *genome, space_.input)
                                     : base::Result<space::Architecture>(base::failure(genome.error()));
    if (architecture) words["diagram"] = block::to_svg(space::to_dot(*architecture));
    if (const Json* parent = parent_of(row); parent != nullptr && genome) add_difference(*parent, *genome, words);
    return words;
  }

  // The parent with the best score; null where there is none whose genome is known.
  const Json* parent_of(const Json& row) const {
    const Json* best = nullptr;
    for (const Json& id : row.at("parents")) {
      const Json& parent = trials_.at(id.get<std::size_t>());
      if (!parent.contains("genome")) continue;
      if (best == nullptr || (parent.contains("score") && (!best->contains("score") || better(parent, *best))))
        best = &parent;
    }
    return best;
  }

  void add_difference(const Json& parent, const space::Genome& genome, Json& words) const {
    const auto before = space::from_text(space_, parent.at("genome").get<std::string>());
    if (!before) return;
    words["has_parent"] = true;
    words["parent"] = parent.at("trial").dump();
    words["genes"] = genes(space::to_json(space_, *before), space::to_json(space_, genome));
    const block::Program &old_program = space::program_of(space_, *before, 0),
                         &new_program = space::program_of(space_, genome, 0);
    const bool rewritten = block::id(old_program) != block::id(new_program);
    if (rewritten) {
      const block::Difference difference = block::compare(old_program, new_program);
      words["difference"] = block::to_svg(block::to_dot(difference));
      words["changes"] = block::describe(difference);
    }
    words["has_genes"] = !words["genes"].empty();
    words["has_difference"] = rewritten;
    words["is_copy"] = words["genes"].empty() && !rewritten;
  }

  // Closed genes that changed; a program's change is drawn.
  Json genes(const Json& before, const Json& after) const {
    Json list = Json::array();
    for (const space::Gene& gene : space_.genes) {
      const Json old_value = before.value(gene.name, Json()), new_value = after.value(gene.name, Json());
      if (gene.open || old_value == new_value) continue;
      list.push_back({{"gene", gene.name}, {"before", shown(old_value)}, {"after", shown(new_value)}});
    }
    return list;
  }

  static std::string shown(const Json& value) {
    if (value.is_null()) return "–";
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return value.dump();
    std::vector<std::string> parts;
    for (const Json& part : value) parts.push_back(shown(part));
    return base::join(parts, ", ");
  }

  const Json& trials_;
  const space::Space& space_;
  bool minimize_ = true;
  std::string metric_;
};

}  // namespace

Json best_trials(const Json& summary, const search::Experiment& experiment) {
  return Pictures(summary, experiment).run();
}

}  // namespace weft::view
