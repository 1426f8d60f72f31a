#include "evolve/typed.hpp"

#include <algorithm>

#include "space/describe.hpp"
#include "space/genome_prefix.hpp"

namespace weft::evolve {
namespace {

class GenomeChecker : public llm::Checker {
 public:
  explicit GenomeChecker(space::GenomePrefix empty) : prefix_(std::move(empty)) {}

  bool extend(std::string_view more, const Room& room) override {
    space::GenomePrefix longer = prefix_;
    if (!longer.extend(more) || !room(longer.completion())) return false;
    prefix_ = std::move(longer);
    return true;
  }
  bool takes(std::string_view more) const override { return space::GenomePrefix(prefix_).extend(more); }
  const std::string& completion() const override { return prefix_.completion(); }
  bool complete() const override { return prefix_.complete(); }

 private:
  space::GenomePrefix prefix_;
};

}  // namespace

llm::Constraint constraint_for(const space::Space& space, const space::Input& input) {
  llm::Constraint constraint{space::json_schema(space), space::grammar(space), {}};
  const bool open = std::any_of(space.genes.begin(), space.genes.end(), [](const auto& gene) { return gene.open; });
  if (space::GenomePrefix::covers(space)) {
    constraint.checker = [&space, input] { return std::make_unique<GenomeChecker>(space::GenomePrefix(space, input)); };
  } else if (open) {
    constraint.grammar.clear();  // llama.cpp may take minutes for one token of a program under a grammar
  }
  return constraint;
}

}  // namespace weft::evolve
