#include "app/genome.hpp"

#include <iostream>
#include <iterator>

#include "base/error.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"

namespace weft::app {

space::Genome read_genome(const space::Space& space, const std::string& given) {
  std::string text = given;
  if (given == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else if (!given.starts_with("{") && !given.starts_with("[")) {
    const bool file = base::fs::exists(given);
    if (!file && space.text.exists() && base::fs::path(given).extension() == ".json")
      throw base::Error("there is no such file", given);
    if (file || !space.text.exists()) text = base::read_file(given, 1 << 20);
  }
  auto genome = space::program_gene(space) >= 0 ? space::from_reply(space, text) : space::from_text(space, text);
  if (!genome) throw base::Error(genome.error(), given.starts_with("{") ? "genome" : given);
  return std::move(*genome);
}

space::Architecture decoded(const space::Space& space, const space::Genome& genome, const space::Input& input) {
  auto architecture = space::decode(space, genome, input);
  if (!architecture) throw base::Error(architecture.error(), "genome");
  return std::move(*architecture);
}

}  // namespace weft::app
