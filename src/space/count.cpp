#include <gmpxx.h>

#include "space/coupling.hpp"
#include "space/describe.hpp"

namespace weft::space {
namespace {

constexpr std::int64_t kMost = 10'000'000;

class Counter {
 public:
  explicit Counter(const Space& space) : space_(space), coupling_(space, kMost) {
    genome_.codes.assign(space.slots(), Genome::kInactive);
  }

  mpz_class run() {
    mpz_class total = 0;
    coupling_.each(genome_, coupling_.core(), [&] { total += layers(); });
    for (const Coupling::Genes& part : coupling_.global_parts()) total *= assignments(part);
    return total * product(false);
  }

 private:
  mpz_class product(bool per_layer) const {
    mpz_class all = 1;
    for (const unsigned long size : coupling_.free_sizes(per_layer)) all *= size;
    return all;
  }

  mpz_class assignments(const Coupling::Genes& part) {
    unsigned long found = 0;
    coupling_.each(genome_, part, [&] { ++found; });
    return found;
  }

  // Genomes of the layers under the globals that stand: all layers count alike.
  mpz_class layers() {
    mpz_class one = product(true);
    for (const Coupling::Genes& part : coupling_.layer_parts()) one *= assignments(part);
    mpz_class all;
    mpz_pow_ui(all.get_mpz_t(), one.get_mpz_t(), static_cast<unsigned long>(space_.depth(genome_)));
    return all;
  }

  const Space& space_;
  Coupling coupling_;
  Genome genome_;
};

}  // namespace

Size count(const Space& space) {
  Size size;
  for (const Gene& gene : space.genes) size.open = size.open || gene.open;
  size.count = Counter(space).run().get_str();
  return size;
}

}  // namespace weft::space
