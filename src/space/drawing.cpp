#include "space/drawing.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "block/dot.hpp"

namespace weft::space {
namespace {

using block::Sketch;

const block::Look kEnds{.fill = "#d6e6fb", .border = "#2f6db5"};

class Drawing {
 public:
  explicit Drawing(const Architecture& architecture) : a_(architecture) {}

  std::string run() {
    stem();
    for (std::size_t first = 0; first < a_.layers.size();) {
      std::size_t end = first + 1;
      while (end < a_.layers.size() && block::drawn_alike(a_.layers[first], a_.layers[end])) ++end;
      layers(first, end);
      first = end;
    }
    head();
    return sketch_.text(block::legend());
  }

 private:
  bool images() const { return a_.input.task == Task::image_classification; }

  // Draws a box below the last one.
  void add(const std::string& name, const std::string& title, const std::vector<std::string>& lines,
           const block::Look& look, const std::string& label = "") {
    sketch_.box(name, title, lines, look);
    if (!last_.empty()) sketch_.line(last_, name, label);
    last_ = name;
  }

  void stem() {
    const Input& input = a_.input;
    if (!images()) {
      add("input", "tokens", {fmt::format("{} of a vocabulary of {}", input.context, input.vocabulary)},
          block::plain());
      add("embedding", "embedding", {fmt::format("{} channels", a_.width)}, kEnds);
    } else {
      add("input", "image", {fmt::format("{} × {} × {}", input.channels, input.height, input.width)}, block::plain());
      if (a_.ends.patch > 0)
        add("patches", "patches",
            {fmt::format("{0} × {0} pixels", a_.ends.patch), fmt::format("{} channels", a_.width)}, kEnds);
    }
    if (a_.ends.class_token) add("class_token", "class token", {"a learned position before the others"}, kEnds);
    if (a_.ends.learned_position)
      add("positions", "learned positions", {fmt::format("{} positions", a_.positions())}, kEnds);
  }

  void layers(std::size_t first, std::size_t end) {
    const std::string name = fmt::format("layer{}_", first);
    const std::size_t count = end - first;
    sketch_.begin_frame(name, count == 1 ? fmt::format("layer {}", first + 1)
                                         : fmt::format("layers {} to {} (× {})", first + 1, end, count));
    const std::span graphs(a_.layers.data() + first, count);
    if (graphs.front().nodes.empty()) {
      sketch_.box(name + "same", "unchanged", {}, block::plain());
      sketch_.end_frame();
      sketch_.line(last_, name + "same", "");
      last_ = name + "same";
      return;
    }
    sketch_.box(name + "x", "x", {block::with_unit(graphs.front().input)}, {.round = false});
    const std::string result = block::draw(sketch_, graphs, name, name + "x");
    sketch_.end_frame();
    sketch_.line(last_, name + "x", "");
    last_ = result;
  }

  void head() {
    const Ends& ends = a_.ends;
    const std::string norm = ends.norm == Norm::layernorm ? "layernorm" : "rmsnorm";
    const block::Look weights = block::legend()[2].first;
    const bool pooled_first = images() && ends.patch == 0;
    if (pooled_first) add("pool", "mean over the image", {}, block::plain());
    if (ends.norm != Norm::none)
      add("norm", norm,
          ends.norm == Norm::layernorm && !ends.norm_bias ? std::vector<std::string>{"no bias"}
                                                          : std::vector<std::string>{},
          weights);
    if (!images()) {
      add("output", "output",
          {ends.tied ? "the embedding again" : "linear", fmt::format("scores of {} tokens", a_.input.vocabulary)},
          kEnds);
      return;
    }
    if (!pooled_first)
      add("pool", ends.pool == Ends::Pool::class_token ? "class token" : "mean over positions",
          ends.pool == Ends::Pool::patches ? std::vector<std::string>{"of patches alone"} : std::vector<std::string>{},
          block::plain());
    add("output", "linear", {fmt::format("scores of {} classes", a_.input.classes)}, kEnds);
  }

  const Architecture& a_;
  Sketch sketch_;
  std::string last_;
};

}  // namespace

std::string to_dot(const Architecture& architecture) {
  return Drawing(architecture).run();
}

}  // namespace weft::space
