#include "net/windows.hpp"

namespace weft::net {
namespace {

using block::Segment;

// One segment of each axis: where it starts, and what it is.
struct Choice {
  std::vector<std::int64_t> starts;
  std::vector<const Segment*> whole, part;
};

at::Tensor window(at::Tensor tensor, const Choice& choice) {
  std::vector<std::int64_t> sizes;
  for (std::size_t axis = 0; axis < choice.whole.size(); ++axis) {
    tensor = tensor.narrow(static_cast<std::int64_t>(axis), choice.starts[axis], choice.whole[axis]->length());
    sizes.insert(sizes.end(), choice.whole[axis]->sizes.begin(), choice.whole[axis]->sizes.end());
  }
  tensor = tensor.view(sizes);
  std::int64_t dimension = 0;
  for (std::size_t axis = 0; axis < choice.whole.size(); ++axis) {
    const Segment &whole = *choice.whole[axis], &part = *choice.part[axis];
    for (std::size_t i = 0; i < whole.sizes.size(); ++i, ++dimension) {
      const bool innermost = i + 1 == whole.sizes.size();
      tensor = tensor.narrow(dimension, innermost ? block::first_kept(part, whole) : 0, part.sizes[i]);
    }
  }
  return tensor;
}

void choose(const Axes& whole, const Axes& part, Choice& choice, const at::Tensor& tensor,
            std::vector<at::Tensor>& list) {
  const std::size_t axis = choice.whole.size();
  if (axis == whole.size()) {
    list.push_back(window(tensor, choice));
    return;
  }
  std::int64_t start = 0;
  for (std::size_t i = 0; i < whole[axis].size(); ++i) {
    choice.starts.push_back(start);
    choice.whole.push_back(&whole[axis][i]);
    choice.part.push_back(&part[axis][i]);
    choose(whole, part, choice, tensor, list);
    choice.starts.pop_back();
    choice.whole.pop_back();
    choice.part.pop_back();
    start += whole[axis][i].length();
  }
}

}  // namespace

std::vector<std::int64_t> shape_of(const Axes& axes) {
  std::vector<std::int64_t> shape;
  for (const block::Axis& axis : axes) shape.push_back(block::length(axis));
  return shape;
}

std::string forms_of(const Axes& axes) {
  std::string text;
  for (const block::Axis& axis : axes) {
    if (!text.empty()) text += ',';
    text += block::form(axis);
  }
  return text;
}

std::vector<at::Tensor> windows(const at::Tensor& tensor, const Axes& whole, const Axes& part) {
  std::vector<at::Tensor> list;
  Choice choice;
  choose(whole, part, choice, tensor, list);
  return list;
}

at::Tensor view_of(const at::Tensor& tensor, const Axes& whole, const Axes& part) {
  at::Tensor view = tensor;
  for (std::size_t axis = 0; axis < whole.size(); ++axis) {
    const std::vector<block::Run> runs = block::runs(part[axis], whole[axis]);
    if (runs.size() != 1) return {};
    view = view.narrow(static_cast<std::int64_t>(axis), runs[0].start, runs[0].length);
  }
  return view;
}

std::vector<block::Run> memory_runs(const Axes& whole, const Axes& part) {
  std::vector<block::Run> list{{0, 1}};
  for (std::size_t axis = 0; axis < whole.size(); ++axis) {
    const std::int64_t size = block::length(whole[axis]);
    const std::vector<block::Run> own = block::runs(part[axis], whole[axis]);
    std::vector<block::Run> finer;
    for (const block::Run& outer : list) {
      if (own.size() == 1 && own[0].length == size) {
        block::add_run(finer, {outer.start * size, outer.length * size});
        continue;
      }
      for (std::int64_t i = outer.start; i < outer.start + outer.length; ++i) {
        for (const block::Run& run : own) block::add_run(finer, {i * size + run.start, run.length});
      }
    }
    list = std::move(finer);
  }
  return list;
}

void copy_each(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i].copy_(from[i]);
}

void add_each(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i].add_(from[i]);
}

}  // namespace weft::net
