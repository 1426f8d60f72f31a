// Ops that are one expression or one module of torch.nn.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "net/pytorch/op.hpp"

namespace weft::net::pytorch::ops {
namespace {

bool is_image(const block::Type& type) {
  return type.kind == block::Type::Kind::image;
}

Number channels(std::int64_t value, std::string_view name) {
  return {static_cast<double>(value), name, true};
}

const char* channel_axis(const block::Type& type) {
  return is_image(type) ? "1" : "-1";
}

}  // namespace

Applied layer(Piece module, std::string_view name, std::vector<std::string> weights) {
  return {.call = {"#(@0)"}, .module = std::move(module), .name = name, .weights = std::move(weights)};
}

Applied expression(std::string text, Binding binding) {
  return {.call = {std::move(text)}, .binding = binding};
}

Applied linear(const Site& site) {
  const bool bias = site.node.flag(1);
  return layer({bias ? "nn.Linear($0, $1)" : "nn.Linear($0, $1, bias=False)",
                {channels(site.inputs[0].channels, "features"), channels(site.node.whole(0), "hidden")}},
               "project", bias ? std::vector<std::string>{".weight", ".bias"} : std::vector<std::string>{".weight"});
}

namespace {

struct Norm {
  const char* module;
  double epsilon, usual = 0;  // the latter is what torch.nn's module has; 0: another
  std::int64_t heads;
  bool bias = false;
};

// Of torch.nn, or by parts of the channels.
Applied norm(const Site& site, const Norm& norm) {
  const bool rms = norm.usual == 0;
  Piece module{fmt::format("{}{}($0", norm.heads > 1 ? "Grouped" : "nn.", norm.module),
               {channels(site.inputs[0].channels, "features")}};
  const auto add = [&](const char* key, double value) {
    module.text += fmt::format(", {}=${}", key, module.numbers.size());
    module.numbers.push_back({value, key});
  };
  if (norm.heads > 1) add("groups", static_cast<double>(norm.heads));
  if (norm.epsilon != norm.usual) add("eps", norm.epsilon);
  module.text += norm.bias || rms ? ")" : ", bias=False)";
  std::vector<std::string> weights{".weight"};
  if (norm.bias) weights.emplace_back(".bias");
  Applied applied = layer(std::move(module), "norm", std::move(weights));
  if (norm.heads > 1) applied.definitions = {{"grouped_norm", {{"rms", rms}}}};
  return applied;
}

}  // namespace

Applied layernorm(const Site& site) {
  return norm(site, {.module = "LayerNorm",
                     .epsilon = site.node.attributes[1],
                     .usual = 1e-5,
                     .heads = site.node.whole(2),
                     .bias = site.node.flag(0)});
}

Applied rmsnorm(const Site& site) {
  return norm(site, {.module = "RMSNorm", .epsilon = site.node.attributes[0], .heads = site.node.whole(1)});
}

Applied batchnorm(const Site& site) {
  return layer({"nn.BatchNorm2d($0)", {channels(site.inputs[0].channels, "features")}}, "norm",
               {".weight", ".bias", ".running_mean", ".running_var"});
}

Applied scale(const Site& site) {
  const Number width = channels(site.inputs[0].channels, "features");
  Applied applied = expression("@0 * #", Binding::product);
  applied.module = {"nn.Parameter($0 * torch.ones($1))", {{site.node.attributes[0], "scale"}, width}};
  if (site.node.attributes[0] == -1) applied.module = {"nn.Parameter(-torch.ones($0))", {width}};
  if (site.node.attributes[0] == 1) applied.module = {"nn.Parameter(torch.ones($0))", {width}};
  applied.name = "scale";
  applied.weights = {""};
  return applied;
}

Applied dropout(const Site& site) {
  return layer({"nn.Dropout($0)", {{site.node.attributes[0], "dropout"}}}, "dropout", {});
}

Applied conv2d(const Site& site) {
  const auto whole = [&](std::size_t i) { return static_cast<double>(site.node.whole(i)); };
  const bool bias = site.node.flag(5);
  const double kernel = whole(1), dilation = whole(4);
  Piece module{
      "nn.Conv2d($0, $1, $2",
      {channels(site.inputs[0].channels, "features"), channels(site.node.whole(0), "filters"), {kernel, "kernel"}}};
  const auto add = [&](const char* key, double value, double fallback) {
    if (value == fallback) return;
    module.text += fmt::format(", {}=${}", key, module.numbers.size());
    module.numbers.push_back({value, key});
  };
  add("stride", whole(2), 1);
  add("padding", dilation * (kernel - 1) / 2, 0);
  add("dilation", dilation, 1);
  add("groups", whole(3), 1);
  module.text += bias ? ")" : ", bias=False)";
  return layer(std::move(module), "conv",
               bias ? std::vector<std::string>{".weight", ".bias"} : std::vector<std::string>{".weight"});
}

namespace {

Applied pool(const Site& site, const char* module, const char* more) {
  const auto size = static_cast<double>(site.node.whole(0)), stride = static_cast<double>(site.node.whole(1));
  const auto padding = static_cast<double>((site.node.whole(0) - 1) / 2);
  Piece piece{fmt::format("nn.{}($0, stride=$1", module), {{size, "size"}, {stride, "stride"}}};
  if (padding > 0) {
    piece.text += ", padding=$2";
    piece.numbers.push_back({padding, "padding"});
  }
  piece.text += fmt::format("{})", padding > 0 ? more : "");
  return layer(std::move(piece), "pool", {});
}

}  // namespace

Applied maxpool(const Site& site) {
  return pool(site, "MaxPool2d", "");
}

Applied avgpool(const Site& site) {
  return pool(site, "AvgPool2d", ", count_include_pad=False");
}

Applied matmul(const Site&) {
  return expression("@0 @ @1", Binding::product);
}

Applied transpose(const Site&) {
  return expression("@0.transpose(-1, -2)");
}

Applied concat(const Site& site) {
  std::string text = "torch.cat([";
  for (std::size_t i = 0; i < site.inputs.size(); ++i) text += fmt::format("{}@{}", i > 0 ? ", " : "", i);
  return expression(text + fmt::format("], dim={})", channel_axis(site.node.outputs[0])));
}

Applied split(const Site& site) {
  return expression(fmt::format("@0.chunk({}, dim={})", site.node.whole(0), channel_axis(site.node.outputs[0])));
}

Applied take(const Site& site) {
  return {.call = {is_image(site.inputs[0]) ? "@0[:, :$0]" : "@0[..., :$0]",
                   {{static_cast<double>(site.node.whole(0)), "taken"}}}};
}

Applied repeat(const Site& site) {
  const auto times = static_cast<double>(site.node.whole(0)), parts = static_cast<double>(site.node.whole(1));
  if (site.node.whole(1) == 1) return {.call = {"@0.repeat(1, 1, $0)", {{times, "times"}}}};
  if (site.node.whole(1) == site.inputs[0].channels)
    return {.call = {"@0.repeat_interleave($0, dim=-1)", {{times, "times"}}}};
  return {.call = {"@0.unflatten(-1, ($0, -1)).repeat(1, 1, 1, $1).flatten(2)", {{parts, "parts"}, {times, "times"}}}};
}

// Where it adds no channels, its input stands for it.
Applied widen(const Site& site) {
  const auto more = static_cast<double>(site.node.outputs[0].channels - site.inputs[0].channels);
  const double value = site.node.attributes[0];
  if (value == 0) return {.call = {"F.pad(@0, (0, $0))", {{more, "more"}}}};
  return {.call = {"F.pad(@0, (0, $0), value=$1)", {{more, "more"}, {value, "filler"}}}};
}

Applied mean(const Site& site) {
  return expression(is_image(site.inputs[0]) ? "@0.mean(dim=(2, 3)).unsqueeze(1)" : "@0.mean(dim=1, keepdim=True)");
}

Applied zero(const Site&) {
  return expression("torch.zeros_like(@0)");
}

Applied fourier(const Site&) {
  return expression("torch.fft.fft2(@0, dim=(1, 2)).real");
}

Applied pair(const Site& site) {
  const std::string_view op = site.node.op->name;
  if (op == "max") return expression("torch.maximum(@0, @1)");
  if (op == "min") return expression("torch.minimum(@0, @1)");
  if (op == "add") return expression("@0 + @1", Binding::sum);
  if (op == "subtract") return expression("@0 - @1", Binding::sum);
  if (site.node.inputs[0] == site.node.inputs[1]) return expression("@0.square()");
  return expression("@0 * @1", Binding::product);
}

Applied with_number(const Site& site) {
  const double by = site.node.attributes[0];
  if (site.node.op->name == "times") {
    if (by == -1) return expression("-@0", Binding::unary);
    return {.call = {"$0 * @0", {{by, "factor"}}}, .binding = Binding::product};
  }
  if (by < 0) return {.call = {"@0 - $0", {{-by, "offset"}}}, .binding = Binding::sum};
  return {.call = {"@0 + $0", {{by, "offset"}}}, .binding = Binding::sum};
}

Applied unary(const Site& site) {
  if (site.node.op->name == "gelu" && site.node.flag(0)) return expression("F.gelu(@0, approximate=\"tanh\")");
  using Row = std::pair<std::string_view, const char*>;
  static constexpr std::array kNames{
      Row{"relu", "F.relu(@0)"},         Row{"leaky_relu", "F.leaky_relu(@0)"}, Row{"gelu", "F.gelu(@0)"},
      Row{"silu", "F.silu(@0)"},         Row{"sigmoid", "torch.sigmoid(@0)"},   Row{"tanh", "torch.tanh(@0)"},
      Row{"softplus", "F.softplus(@0)"}, Row{"logsigmoid", "F.logsigmoid(@0)"}, Row{"softsign", "F.softsign(@0)"},
      Row{"cosine", "torch.cos(@0)"},
  };
  for (const auto& [name, text] : kNames) {
    if (name == site.node.op->name) return expression(text);
  }
  throw base::internal_error("'" + std::string(site.node.op->name) + "' has no function in PyTorch's text");
}

}  // namespace weft::net::pytorch::ops
