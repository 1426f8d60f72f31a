#include "space/architecture.hpp"

namespace weft::space {

Input default_input(Task task) {
  if (task == Task::language_model) return {};
  return {.task = task, .vocabulary = 0, .context = 0, .channels = 1, .height = 28, .width = 28, .classes = 10};
}

block::Type Architecture::stem() const {
  const bool image = input.task == Task::image_classification && ends.patch == 0;
  return image ? block::Type::image(input.channels, input.height, input.width) : block::Type{width, false};
}

std::int64_t Architecture::out_width() const {
  return layers.empty() ? stem().channels : layers.back().type(layers.back().result).channels;
}

std::int64_t Architecture::positions() const {
  if (input.task == Task::language_model) return input.context;
  if (ends.patch == 0) return 1;
  return (input.height / ends.patch) * (input.width / ends.patch) + (ends.class_token ? 1 : 0);
}

namespace {

// What stands before the blocks. A frozen part has no trainable parameters.
block::Counts count_stem(const Architecture& a) {
  const std::int64_t time = a.positions();
  block::Counts counts;
  if (a.ends.learned_position) counts.params += time * a.width;
  if (a.ends.class_token) counts.params += a.width;
  if (a.input.task == Task::language_model) {
    counts.params += a.input.vocabulary * a.width;
  } else if (a.ends.patch > 0) {
    const std::int64_t patch = a.ends.patch * a.ends.patch * a.input.channels;
    counts.params += (patch + 1) * a.width;
    counts.macs += (time - (a.ends.class_token ? 1 : 0)) * patch * a.width;
  }
  counts.activations = 4 * a.stem().values(time);
  counts.trainable = a.ends.frozen_stem ? 0 : counts.params;
  return counts;
}

// What stands after them, where `out` channels come out.
block::Counts count_head(const Architecture& a, std::int64_t out) {
  const std::int64_t time = a.positions();
  block::Counts counts;
  if (a.ends.norm != Norm::none) {
    const bool bias = a.ends.norm == Norm::layernorm && a.ends.norm_bias;
    counts.params += out * (bias ? 2 : 1);
    counts.activations += 4 * out * time;
  }
  if (a.input.task == Task::language_model) {
    counts.params += a.ends.tied ? 0 : a.input.vocabulary * out;
    counts.macs += time * out * a.input.vocabulary;
    counts.activations += 4 * a.input.vocabulary * time;
  } else {
    counts.params += (out + 1) * a.input.classes;
    counts.macs += out * a.input.classes;
    counts.activations += 4 * a.input.classes;
  }
  counts.trainable = a.ends.frozen_head ? 0 : counts.params;
  return counts;
}

}  // namespace

block::Counts count_ends(const Architecture& a) {
  return count_ends(a, a.out_width());
}

block::Counts count_ends(const Architecture& a, std::int64_t out) {
  block::Counts counts = count_stem(a);
  return counts += count_head(a, out);
}

}  // namespace weft::space
