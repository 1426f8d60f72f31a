#include "train/shared_adamw.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "train/adamw_kernel.hpp"

namespace weft::train {
namespace {

constexpr std::int64_t kChunk = 1 << 15;  // values that one thread takes at a time

bool has(const net::Part& larger, const net::Part& part) {
  for (std::size_t i = 0; i < part.axes.size(); ++i) {
    if (!block::fits(part.axes[i], larger.axes[i])) return false;
  }
  return true;
}

void finish(Cover& cover) {
  for (const net::Part* one : cover.parts) {
    if (std::all_of(cover.parts.begin(), cover.parts.end(),
                    [&](const net::Part* other) { return has(*one, *other); })) {
      cover.part = one;
      return;
    }
  }
  for (const net::Part* one : cover.parts) cover.united = unite(cover.united, one->memory);
}

// A piece of a weight's memory: from the run `first` on, `skip` values in.
struct Chunk {
  std::size_t weight = 0, first = 0;
  std::int64_t skip = 0, count = 0;
};

std::vector<Chunk> chunks_of(const std::vector<Cover>& covers) {
  std::vector<Chunk> list;
  for (std::size_t weight = 0; weight < covers.size(); ++weight) {
    if (covers[weight].parts.empty()) continue;
    const std::vector<block::Run>& runs = covers[weight].runs();
    Chunk chunk{.weight = weight};
    for (std::size_t i = 0; i < runs.size(); ++i) {
      for (std::int64_t at = 0; at < runs[i].length;) {
        if (chunk.count == 0) {
          chunk.first = i;
          chunk.skip = at;
        }
        const std::int64_t taken = std::min(runs[i].length - at, kChunk - chunk.count);
        chunk.count += taken;
        at += taken;
        if (chunk.count < kChunk) continue;
        list.push_back(chunk);
        chunk.count = 0;
      }
    }
    if (chunk.count > 0) list.push_back(chunk);
  }
  return list;
}

// Calls visit(start, count) for the runs of a chunk.
template <class Visit>
void each_run(const Chunk& chunk, const std::vector<block::Run>& runs, Visit visit) {
  std::int64_t left = chunk.count, skip = chunk.skip;
  for (std::size_t i = chunk.first; left > 0; ++i) {
    const std::int64_t count = std::min(left, runs[i].length - skip);
    visit(runs[i].start + skip, count);
    left -= count;
    skip = 0;
  }
}

void start_moments(net::SharedWeight& weight) {
  if (weight.average.defined()) return;
  weight.average = at::zeros_like(weight.value);
  weight.square = at::zeros_like(weight.value);
}

AdamWFactors factors_of(const net::SharedWeight& weight, const Recipe& recipe, double rate, double gradient) {
  const auto updates = static_cast<double>(weight.updates);
  return {.gradient = gradient,
          .keep = 1 - rate * (weight.spec.decay ? recipe.weight_decay : 0),
          .beta1 = recipe.beta1,
          .beta2 = recipe.beta2,
          .epsilon = recipe.epsilon,
          .step = rate / (1 - std::pow(recipe.beta1, updates)),
          .root = std::sqrt(1 - std::pow(recipe.beta2, updates))};
}

// On a CPU: runs of memory, in parallel. The sum of squares is added up in the order of the chunks, whoever made them.
template <class T>
class OnCpu {
 public:
  OnCpu(net::Supernet& supernet, const std::vector<Cover>& covers)
      : supernet_(supernet), covers_(covers), chunks_(chunks_of(covers)) {}

  double norm() const {
    std::vector<double> sums(chunks_.size(), 0.0);
    tbb::parallel_for(std::size_t{0}, chunks_.size(), [&](std::size_t i) {
      const T* gradient = supernet_.weights()[chunks_[i].weight].gradient.template const_data_ptr<T>();
      each_run(chunks_[i], covers_[chunks_[i].weight].runs(),
               [&](std::int64_t start, std::int64_t count) { sums[i] += sum_of_squares(gradient + start, count); });
    });
    double sum = 0;
    for (const double one : sums) sum += one;
    return std::sqrt(sum);
  }

  void update(const std::vector<AdamWFactors>& factors) {
    tbb::parallel_for(std::size_t{0}, chunks_.size(), [&](std::size_t i) {
      const std::size_t index = chunks_[i].weight;
      net::SharedWeight& weight = supernet_.weights()[index];
      T* const value = static_cast<T*>(weight.value.mutable_data_ptr());
      T* const gradient = static_cast<T*>(weight.gradient.mutable_data_ptr());
      T* const average = static_cast<T*>(weight.average.mutable_data_ptr());
      T* const square = static_cast<T*>(weight.square.mutable_data_ptr());
      each_run(chunks_[i], covers_[index].runs(), [&](std::int64_t start, std::int64_t count) {
        adamw(value + start, gradient + start, average + start, square + start, count, factors[index]);
      });
    });
  }

 private:
  net::Supernet& supernet_;
  const std::vector<Cover>& covers_;
  std::vector<Chunk> chunks_;
};

template <class T>
void step_on_cpu(net::Supernet& supernet, const std::vector<Cover>& covers, const Recipe& recipe, double rate,
                 double divisor) {
  OnCpu<T> update(supernet, covers);
  double by = 1 / divisor;
  if (recipe.clip > 0) by *= std::min(1.0, recipe.clip / (update.norm() / divisor + 1e-6));
  std::vector<AdamWFactors> factors(covers.size());
  for (std::size_t i = 0; i < covers.size(); ++i) {
    if (!covers[i].parts.empty()) factors[i] = factors_of(supernet.weights()[i], recipe, rate, by);
  }
  update.update(factors);
}

// Which values of a weight are in its cover: [shape of the weight], true where they are.
at::Tensor mask_of(const net::SharedWeight& weight, const Cover& cover) {
  at::Tensor mask = at::zeros_like(weight.value, weight.value.options().dtype(at::kBool));
  for (const net::Part* part : cover.parts) {
    for (at::Tensor& window : net::windows(mask, weight.axes, part->axes)) window.fill_(true);
  }
  return mask;
}

// Elsewhere: libtorch's fused update, of copies where only a part of the weight may change; nothing waits for the GPU.
class Elsewhere {
 public:
  Elsewhere(net::Supernet& supernet, const std::vector<Cover>& covers) : supernet_(supernet) {
    for (std::size_t i = 0; i < covers.size(); ++i) {
      if (!covers[i].parts.empty()) add(supernet.weights()[i], covers[i]);
    }
  }

  void step(const Recipe& recipe, double rate, double divisor) {
    at::Tensor by = at::full({}, divisor, supernet_.weights()[0].value.options().dtype(at::kFloat));
    if (recipe.clip > 0) by = at::maximum(by, (norm() / recipe.clip).to(at::kFloat));
    for (Group& group : groups_) {
      if (group.values.empty()) continue;
      at::_fused_adamw_(group.values, group.gradients, group.averages, group.squares, {}, group.steps, rate,
                        recipe.beta1, recipe.beta2, &group == &groups_[0] ? recipe.weight_decay : 0.0, recipe.epsilon,
                        false, false, by);
    }
    for (const Partial& one : partial_) {
      one.value.copy_(at::where(one.mask, one.new_value, one.value));
      one.average.copy_(at::where(one.mask, one.new_average, one.average));
      one.square.copy_(at::where(one.mask, one.new_square, one.square));
    }
    for (Group& group : groups_) {
      for (at::Tensor& gradient : group.gradients) gradient.zero_();
    }
  }

 private:
  struct Group {
    std::vector<at::Tensor> values, gradients, averages, squares, steps;
  };
  struct Partial {
    at::Tensor mask, value, average, square, new_value, new_average, new_square;
  };

  void add(net::SharedWeight& weight, const Cover& cover) {
    Group& group = groups_[weight.spec.decay ? 0 : 1];
    const bool all = cover.runs().size() == 1 && cover.runs()[0].length == weight.value.numel();
    at::Tensor value = weight.value, average = weight.average, square = weight.square;
    if (!all) {
      value = value.clone();
      average = average.clone();
      square = square.clone();
      partial_.push_back({mask_of(weight, cover), weight.value, weight.average, weight.square, value, average, square});
    }
    group.values.push_back(value);
    group.gradients.push_back(weight.gradient);
    group.averages.push_back(average);
    group.squares.push_back(square);
    group.steps.push_back(at::full({}, static_cast<double>(weight.updates), weight.value.options().dtype(at::kFloat)));
  }

  at::Tensor norm() const {
    std::vector<at::Tensor> norms;
    for (const Group& group : groups_) {
      for (const at::Tensor& gradient : group.gradients) norms.push_back(at::linalg_vector_norm(gradient));
    }
    return at::linalg_vector_norm(at::stack(norms));
  }

  net::Supernet& supernet_;
  Group groups_[2];  // with decay and without
  std::vector<Partial> partial_;
};

}  // namespace

std::vector<block::Run> unite(const std::vector<block::Run>& a, const std::vector<block::Run>& b) {
  std::vector<block::Run> list;
  const auto add = [&](const block::Run& run) {
    if (list.empty() || list.back().start + list.back().length < run.start) {
      list.push_back(run);
    } else {
      const std::int64_t end = std::max(list.back().start + list.back().length, run.start + run.length);
      list.back().length = end - list.back().start;
    }
  };
  std::size_t i = 0, k = 0;
  while (i < a.size() || k < b.size()) {
    const bool first = k == b.size() || (i < a.size() && a[i].start <= b[k].start);
    add(first ? a[i++] : b[k++]);
  }
  return list;
}

std::vector<Cover> covers(const net::Supernet& supernet, const std::vector<const net::SubNetwork*>& networks) {
  std::vector<Cover> list(supernet.weights().size());
  for (const net::SubNetwork* network : networks) {
    network->each_part([&](const net::Part& part) {
      if (!part.tensor.requires_grad()) return;
      std::vector<const net::Part*>& parts = list[part.weight].parts;
      if (std::find(parts.begin(), parts.end(), &part) == parts.end()) parts.push_back(&part);
    });
  }
  for (Cover& cover : list) {
    if (!cover.parts.empty()) finish(cover);
  }
  return list;
}

void SharedAdamW::step(const std::vector<const net::SubNetwork*>& networks, double learning_rate, double divisor) {
  const at::NoGradGuard no_grad;
  const std::vector<Cover> active = covers(supernet_, networks);
  for (std::size_t i = 0; i < active.size(); ++i) {
    if (active[i].parts.empty()) continue;
    start_moments(supernet_.weights()[i]);
    ++supernet_.weights()[i].updates;
  }
  if (!supernet_.options().device.is_cpu()) {
    Elsewhere(supernet_, active).step(recipe_, learning_rate, divisor);
  } else if (supernet_.options().type == at::kDouble) {
    step_on_cpu<double>(supernet_, active, recipe_, learning_rate, divisor);
  } else {
    step_on_cpu<float>(supernet_, active, recipe_, learning_rate, divisor);
  }
}

}  // namespace weft::train
