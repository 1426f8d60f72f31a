#include "net/forward_file.hpp"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "net/checkpoint.hpp"
#include "net/safetensors.hpp"
#include "net/slice.hpp"

namespace weft::net {
namespace {

at::Tensor read_input(const space::Architecture& a, const base::fs::path& path, at::ScalarType type) {
  const TensorFile file = read_safetensors(path);
  if (file.tensors.size() != 1 || file.tensors[0].first != "input")
    throw base::Error("expected one tensor, named input", path.string());
  at::Tensor input = file.tensors[0].second;
  const auto fail = [&](const std::string& wanted) {
    throw base::Error(fmt::format("input is [{}]; expected {}", fmt::join(input.sizes(), ", "), wanted), path.string());
  };
  if (a.input.task == space::Task::language_model) {
    if (input.scalar_type() != at::kLong || input.dim() != 2 || input.numel() == 0 || input.size(1) > a.input.context)
      fail(fmt::format("int64 tokens [batch, at most {}]", a.input.context));
    if (input.min().item<std::int64_t>() < 0 || input.max().item<std::int64_t>() >= a.input.vocabulary)
      fail(fmt::format("tokens from 0 to {}", a.input.vocabulary - 1));
    return input;
  }
  const std::vector<std::int64_t> image{a.input.channels, a.input.height, a.input.width};
  if (input.dim() != 4 || input.numel() == 0 || input.sizes().slice(1, 3).vec() != image)
    fail(fmt::format("images [batch, {}]", fmt::join(image, ", ")));
  return input.to(type);
}

}  // namespace

void forward_file(const space::Architecture& architecture, const ForwardFiles& files,
                  const space::Architecture* supernet) {
  const at::NoGradGuard no_grad;
  const Network network = make_network(architecture);
  const Network whole = supernet == nullptr ? network : make_network(*supernet);
  Weights weights = read_weights(whole, read_safetensors(files.weights), files.weights);
  if (supernet != nullptr) weights = slice(whole, weights, network);
  for (at::Tensor& weight : weights) weight = weight.to(weights[0].scalar_type());
  const at::Tensor input = read_input(architecture, files.input, weights[0].scalar_type());
  write_safetensors(files.output, {{{"logits", forward(network, weights, input, false)}}, {}});
}

base::Json weight_list(const space::Architecture& architecture) {
  base::Json list = base::Json::array();
  for (const WeightSpec& spec : make_network(architecture).weights) list.push_back({spec.name, spec.shape});
  return list;
}

}  // namespace weft::net
