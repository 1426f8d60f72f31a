#include "block/distinct.hpp"

#include <unordered_set>

#include "base/hash.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/vary.hpp"

namespace weft::space {
namespace {

// The layers of a genome as one text; layers that leave their input as it is are not there.
class Networks {
 public:
  explicit Networks(const Space& space) : space_(space) {}

  // Nothing where a layer's block cannot be bound.
  std::optional<std::string> of(const Genome& genome) {
    std::string all;
    const int depth = space_.depth(genome);
    for (int layer = 0; layer < depth; ++layer) {
      const block::Program& program = program_of(space_, genome, layer);
      block::Binding binding = bind_layer(space_, genome, layer);
      if (&program != program_ || binding != binding_ || layer == 0) {
        program_ = &program;
        binding_ = std::move(binding);
        text_ = block::distinct_text(program, binding_);
        if (!text_) return std::nullopt;
        if (const auto width = binding_.find("D"); width != binding_.end() && layer == 0)
          all += std::to_string(width->second);
      }
      if (*text_ != "0") all += "|" + *text_;
    }
    return all;
  }

 private:
  const Space& space_;
  const block::Program* program_ = nullptr;  // of the layer before, with its binding and text
  block::Binding binding_;
  std::optional<std::string> text_;
};

}  // namespace

std::int64_t count_networks(const Space& space) {
  Networks networks(space);
  std::unordered_set<std::uint64_t> seen;
  enumerate(space, [&](const Genome& genome) {
    if (const auto text = networks.of(genome)) seen.insert(base::hash64(*text));
    return true;
  });
  return static_cast<std::int64_t>(seen.size());
}

}  // namespace weft::space
