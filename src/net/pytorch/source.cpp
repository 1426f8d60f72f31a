// The whole file: what ops need, a class for each structure of layers, and the model around them.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/files.hpp"
#include "base/template.hpp"
#include "base/text.hpp"
#include "net/pytorch.hpp"
#include "net/pytorch/layer_class.hpp"

namespace weft::net {
namespace {

using base::Json;
using namespace pytorch;
using space::Architecture;
using space::Ends;
using space::Task;

// What may stand in a docstring: no quote, no backslash, no control, and of other letters those of two bytes, among
// which none changes the order of characters.
std::string harmless(const std::string& text) {
  std::string plain;
  bool dropped = false;
  for (const char c : base::one_line(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xC0 && dropped) continue;
    dropped = byte >= 0xE0;
    plain += dropped || byte < 0x20 ? '?' : c == '\\' ? '/' : c == '"' ? '\'' : c;
  }
  return plain;
}

// Python of a template, whose sections leave empty lines: none but before comments and methods, and two before what
// stands outside.
std::string tidy(const std::string& text) {
  std::string tidied;
  bool quoted = false;  // within a docstring of several lines
  for (const std::string& line : base::split_lines(text)) {
    if (line.empty() && (!quoted || tidied.ends_with("\n\n"))) continue;
    const bool outer = line.starts_with("def ") || line.starts_with("class ") || line.starts_with("if __name__");
    const bool method = line.starts_with("from pathlib") || line == "import torch" || line.starts_with("    def ") ||
                        line.starts_with("        # ") || line.starts_with("    # ");
    if (!quoted && !tidied.empty()) tidied += outer ? "\n\n" : method && !tidied.ends_with(":\n") ? "\n" : "";
    tidied += line + "\n";
    std::size_t quotes = 0;
    for (std::size_t at = line.find("\"\"\""); at != std::string::npos; at = line.find("\"\"\"", at + 3)) ++quotes;
    if (quotes % 2 == 1) quoted = !quoted;
  }
  return tidied;
}

std::string template_text(const std::string& file, const Json& data) {
  const auto path = base::home() / "templates/pytorch" / (file + ".py.mustache");
  return tidy(base::render(base::read_file(path), path.string(), data, base::Escape::none));
}

// "conv_mixer" → "ConvMixer", of letters and digits alone.
std::string camel_case(const std::string& name) {
  std::string camel;
  bool upper = true;
  for (const char c : name) {
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (letter) camel += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = !letter;
  }
  return camel;
}

class Source {
 public:
  Source(const Architecture& a, const PythonLabels& labels) : a_(a), labels_(labels) {
    const std::int64_t columns = a.ends.patch > 0 ? a.input.width / a.ends.patch : 0;
    for (const block::Graph& graph : a.layers)
      layers_.push_back(plan_layer(graph, a.place(), columns, a.ends.class_token));
    for (const Layer& layer : layers_) add_definitions(layer);
    add_cells();
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const std::string key = structure(layers_[i]);
      const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const Group& one) { return one.key == key; });
      (found == groups_.end() ? groups_.emplace_back(Group{key, {}}) : *found).layers.push_back(i);
    }
  }

  PythonSource run() {
    PythonSource source;
    add_classes();
    Json data = facts();
    data["parts"] = parts_;
    data["layers"] = layer_lines();
    source.text = template_text("model", data);
    add_names(source.weights);
    return source;
  }

 private:
  struct Group {
    std::string key;
    std::vector<std::size_t> layers;
  };

  bool tokens() const { return a_.input.task == Task::language_model; }
  bool image() const { return !tokens() && a_.ends.patch == 0; }

  void add_definitions(const Layer& layer) {
    for (const Step& step : layer.steps) {
      for (const Definition& one : step.applied.definitions) {
        const std::string text = template_text(one.file, one.data);
        if (std::find(parts_.begin(), parts_.end(), text) == parts_.end()) parts_.push_back(text);
      }
    }
  }

  // A class for each structure of recurrent cells; it makes the modules of the scans over them.
  void add_cells() {
    std::map<std::string, std::vector<Step*>> scans;
    for (Layer& layer : layers_) {
      for (Step& step : layer.steps) {
        if (step.applied.cell != nullptr) scans[structure(*step.applied.cell)].push_back(&step);
      }
    }
    for (const auto& [key, steps] : scans) {
      std::vector<const Layer*> cells;
      for (const Step* step : steps) cells.push_back(step->applied.cell.get());
      LayerClass made = write_class(unique("Cell"), "One position of a recurrent network: its new states.", cells);
      parts_.push_back(std::move(made.text));
      for (std::size_t i = 0; i < steps.size(); ++i)
        steps[i]->applied.module = recurrent(std::move(made.calls[i]), cells[i]->graph->states);
    }
  }

  static Piece recurrent(Piece cell, const std::vector<block::Type>& states) {
    cell.text = fmt::format("Recurrent({}, ${}{})", cell.text, cell.numbers.size(),
                            states.size() == 1 ? "" : fmt::format(", states={}", states.size()));
    cell.numbers.push_back({static_cast<double>(states.front().channels), "hidden", true});
    return cell;
  }

  // "Block" where there is one; else by the program's name, without the space's.
  std::string class_name(std::size_t group) {
    const std::size_t layer = groups_[group].layers.front();
    std::string label = layer < labels_.blocks.size() ? labels_.blocks[layer] : "";
    const bool own = label.starts_with(labels_.space + "_");
    if (own) label = label.substr(labels_.space.size() + 1);
    if (label == labels_.space) label.clear();
    std::string name = camel_case(label) + (own ? "" : "Block");
    if (groups_.size() == 1 || std::isdigit(static_cast<unsigned char>(name.front())) != 0) name = "Block";
    return unique(name);
  }
  std::string unique(const std::string& name) {
    std::string free = name;
    for (int number = 2; taken(free); ++number) free = name + std::to_string(number);
    names_.push_back(free);
    return free;
  }
  bool taken(const std::string& name) const {
    static const std::vector<std::string> kReserved{"LanguageModel", "ImageClassifier", "Path", "F", "None", "True",
                                                    "False"};
    const auto is_in = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    return is_in(kReserved) || is_in(names_) || std::any_of(parts_.begin(), parts_.end(), [&](const std::string& part) {
             return part.starts_with("class " + name + "(");
           });
  }

  std::string about(std::size_t layer) const {
    if (layer >= labels_.blocks.size()) return "";
    const auto found = labels_.about.find(labels_.blocks[layer]);
    return found == labels_.about.end() ? "" : wrapped(harmless(found->second), 4);
  }

  // Lines of at most 96 characters, indented but for the first.
  static std::string wrapped(const std::string& text, std::size_t indent) {
    std::string lines;
    std::size_t column = indent + 3;
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      const bool breaks = column + end - at > 96 && at > 0;
      if (breaks) column = indent;
      lines += (at == 0 ? "" : breaks ? "\n" + std::string(indent, ' ') : " ") + text.substr(at, end - at);
      column += end - at + 1;
      at = end + 1;
    }
    return lines;
  }

  void add_classes() {
    calls_.resize(layers_.size());
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      std::vector<const Layer*> members;
      for (const std::size_t layer : groups_[group].layers) members.push_back(&layers_[layer]);
      LayerClass made = write_class(class_name(group), about(groups_[group].layers.front()), members);
      parts_.push_back(made.text);
      for (std::size_t i = 0; i < members.size(); ++i) calls_[groups_[group].layers[i]] = written(made.calls[i]);
    }
  }

  static std::string written(const Piece& call) {
    return fill(call.text, [&](char, std::size_t index) { return python_number(call.numbers[index].value); });
  }

  // One line a layer; equal ones that follow one another in one.
  Json layer_lines() const {
    Json lines = Json::array();
    for (std::size_t i = 0; i < calls_.size();) {
      std::size_t end = i + 1;
      while (end < calls_.size() && calls_[end] == calls_[i]) ++end;
      lines.push_back(end - i == 1 ? calls_[i] : fmt::format("*({} for _ in range({}))", calls_[i], end - i));
      i = end;
    }
    return lines;
  }

  std::string norm() const {
    const std::int64_t width = a_.out_width();
    const std::string epsilon = ", eps=" + python_number(a_.ends.epsilon);
    if (a_.ends.norm == space::Norm::rmsnorm) return fmt::format("nn.RMSNorm({}{})", width, epsilon);
    return fmt::format("nn.LayerNorm({}{}{})", width, a_.ends.epsilon == 1e-5 ? "" : epsilon,
                       a_.ends.norm_bias ? "" : ", bias=False");
  }

  Json facts() const {
    const bool out_image =
        !a_.layers.empty() && a_.layers.back().type(a_.layers.back().result).kind == block::Type::Kind::image;
    const std::string all = base::join(parts_, "");
    return {{"title", wrapped(harmless(labels_.title), 0)},
            {"version", WEFT_VERSION},
            {"params", base::grouped(std::to_string(a_.counts.params))},
            {"name", tokens() ? "LanguageModel" : "ImageClassifier"},
            {"tokens", tokens()},
            {"bytes", tokens() && a_.input.vocabulary == 256},
            {"image", image()},
            {"patches", !tokens() && !image()},
            {"functional", all.find("F.") != std::string::npos || (tokens() && a_.ends.tied)},
            {"vocabulary", a_.input.vocabulary},
            {"context", a_.input.context},
            {"channels", a_.input.channels},
            {"height", a_.input.height},
            {"pixels", a_.input.width},
            {"classes", a_.input.classes},
            {"patch", a_.ends.patch},
            {"width", a_.width},
            {"out_width", a_.out_width()},
            {"positions", a_.positions()},
            {"class_token", a_.ends.class_token},
            {"position", a_.ends.learned_position},
            {"tied", a_.ends.tied},
            {"frozen_stem", a_.ends.frozen_stem},
            {"frozen_head", a_.ends.frozen_head},
            {"normed", a_.ends.norm != space::Norm::none},
            {"norm", norm()},
            {"scores", head(out_image)}};
  }

  // What the head makes of the last layer's output.
  std::string head(bool out_image) const {
    const bool normed = a_.ends.norm != space::Norm::none;
    const auto norm = [&](const std::string& x) { return normed ? "self.norm(" + x + ")" : x; };
    if (tokens())
      return a_.ends.tied ? "F.linear(" + norm("x") + ", self.token_embedding.weight)" : "self.head(" + norm("x") + ")";
    if (out_image) return "self.head(" + norm("x.mean(dim=(2, 3))") + ")";
    const bool skips = a_.ends.class_token && a_.ends.pool == Ends::Pool::patches;
    const std::string seen = a_.ends.pool == Ends::Pool::class_token ? "[:, 0]"
                             : skips                                 ? "[:, 1:].mean(dim=1)"
                                                                     : ".mean(dim=1)";
    return "self.head(" + norm("x") + seen + ")";
  }

  // As make_network() lists the weights.
  void add_names(std::vector<std::string>& names) const {
    if (tokens()) names.emplace_back("token_embedding.weight");
    if (!tokens() && !image()) {
      names.emplace_back("patch_embedding.weight");
      names.emplace_back("patch_embedding.bias");
    }
    if (a_.ends.class_token) names.emplace_back("class_token");
    if (a_.ends.learned_position) names.emplace_back(tokens() ? "position_embedding.weight" : "position_embedding");
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
      for (const std::string& name : weight_names(layers_[layer]))
        names.push_back(fmt::format("layers.{}.{}", layer, name));
    }
    if (a_.ends.norm != space::Norm::none) {
      names.emplace_back("norm.weight");
      if (a_.ends.norm == space::Norm::layernorm && a_.ends.norm_bias) names.emplace_back("norm.bias");
    }
    if (!tokens() || !a_.ends.tied) names.emplace_back("head.weight");
    if (!tokens()) names.emplace_back("head.bias");
  }

  const Architecture& a_;
  const PythonLabels& labels_;
  std::vector<Layer> layers_;
  std::vector<Group> groups_;
  std::vector<std::string> parts_, names_, calls_;
};

}  // namespace

PythonSource write_python(const Architecture& architecture, const PythonLabels& labels) {
  return Source(architecture, labels).run();
}

}  // namespace weft::net
