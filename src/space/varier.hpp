// The steps that sampling, mutation, redrawing and crossover share: drawing genes, filling layers, editing programs.
// Used by vary.cpp and redraw.cpp alone.
#pragma once

#include "block/operators.hpp"
#include "space/vary.hpp"

namespace weft::space {

class Varier {
 public:
  Varier(const Space& space, base::Random& random, ProgramEdits edits = {})
      : space_(space), random_(random), edits_(std::move(edits)) {}

  Genome sample();
  std::optional<Genome> mutate(const Genome& parent);
  std::vector<Genome> neighbours(const Genome& genome);
  std::optional<Genome> redraw(const Genome& parent, const Redraw& chances);
  std::optional<Genome> cross_over(const Genome& a, const Genome& b);

 private:
  static constexpr int kDraws = 10'000;
  static constexpr int kTries = 100;

  int count() const { return static_cast<int>(space_.genes.size()); }
  const Gene& row(int gene) const { return space_.genes[static_cast<std::size_t>(gene)]; }
  Genome blank() const { return {std::vector<std::int32_t>(space_.slots(), Genome::kInactive), {}}; }

  void draw(Genome& genome, int gene, int layer);
  bool fill_globals(Genome& genome);
  bool fill_layers(Genome& genome, int first, int last);
  bool fill_layer(Genome& genome, int layer);
  bool change(Genome& child, int gene);
  bool settle(Genome& genome, int old_depth, int depth);
  void inherit(Genome& child, int gene, int layer, const Genome& a, const Genome& b);

  struct Place {
    int gene, layer;
  };
  std::vector<Place> redraw_genes(Genome& child, int layers, const Redraw& chances);

  bool programs_fit(const Genome& genome) const;
  block::Setting setting(const Genome& genome, int gene, int slot_layer) const;
  std::shared_ptr<const ProgramText>& program_at(Genome& genome, int gene, int layer) const;
  bool put_program(Genome& genome, int gene, int layer, std::optional<block::Program> program, const char* name) const;
  bool edit_program(Genome& genome, int gene, int layer);
  void edit_programs(Genome& genome);
  void cross_programs(Genome& child, const Genome& a, const Genome& b);
  Genome compact(Genome genome) const;

  const Space& space_;
  base::Random& random_;
  ProgramEdits edits_;
};

}  // namespace weft::space
