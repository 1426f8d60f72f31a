#include "space/architecture.hpp"

namespace weft::space {

Input default_input(Task task) {
  if (task == Task::language_model) return {};
  return {.task = task, .vocabulary = 0, .context = 0, .channels = 1, .height = 28, .width = 28, .classes = 10};
}

block::Counts count_ends(const Architecture& a) {
  const std::int64_t time = a.positions(), width = a.width;
  block::Counts counts;
  if (a.norm != Norm::none) {
    const bool bias = a.norm == Norm::layernorm && a.norm_bias;
    counts.params += width * (bias ? 2 : 1);
    counts.activations += 4 * width * time;
  }
  if (a.learned_position) counts.params += time * width;
  counts.activations += 4 * width * time;  // what the stem puts out
  if (a.input.task == Task::language_model) {
    counts.params += a.input.vocabulary * width * (a.tied ? 1 : 2);
    counts.macs += time * width * a.input.vocabulary;
    counts.activations += 4 * a.input.vocabulary * time;
  } else {
    const std::int64_t patch = a.patch * a.patch * a.input.channels;
    counts.params += (patch + 1) * width + (width + 1) * a.input.classes;
    counts.macs += time * patch * width + width * a.input.classes;
    counts.activations += 4 * a.input.classes;
  }
  return counts;
}

}  // namespace weft::space
