// What a space's files say of a genome's layers.
#include "base/text.hpp"
#include "net/pytorch.hpp"
#include "space/genome_text.hpp"

namespace weft::net {
namespace {

// The comment that a block file begins with, on one line.
std::string first_comment(const std::string& source) {
  std::vector<std::string> lines;
  for (const std::string& line : base::split_lines(source)) {
    if (!line.starts_with("#")) break;
    lines.emplace_back(base::trim(line.substr(1)));
  }
  return base::join(lines, " ");
}

}  // namespace

PythonLabels labels_of(const space::Space& space, const space::Genome& genome) {
  PythonLabels labels{.title = space.name + ", genome " + space::id(space, genome), .space = space.name};
  for (int layer = 0; layer < space.depth(genome); ++layer) {
    const space::Group& group = space.group(genome, layer);
    std::string name = group.block;
    if (group.block_gene >= 0) {
      const bool open = space.genes[static_cast<std::size_t>(group.block_gene)].open;
      name = open ? "" : space.value(genome, group.block_gene, layer).get<std::string>();
    }
    const base::Json blocks = space.snapshot().value("blocks", base::Json());
    if (blocks.is_object() && blocks.contains(name)) labels.about[name] = first_comment(blocks.at(name));
    labels.blocks.push_back(std::move(name));
  }
  return labels;
}

}  // namespace weft::net
