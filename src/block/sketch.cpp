#include "block/sketch.hpp"

#include <fmt/format.h>

namespace weft::block {
namespace {

constexpr const char* kSoft = "#5d6675";

// A text inside an HTML-like label.
std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += c;
    }
  }
  return safe;
}

std::string sized(const std::string& text, int points, const std::string& colour) {
  return fmt::format("<font point-size=\"{}\" color=\"{}\">{}</font>", points, colour, escaped(text));
}

}  // namespace

void Sketch::box(const std::string& name, const std::string& title, const std::vector<std::string>& lines,
                 const Look& look) {
  std::string label = fmt::format("<b>{}</b>", escaped(title));
  for (const std::string& line : lines) label += "<br/>" + sized(line, 10, look.dashed ? look.ink : kSoft);
  body_ += fmt::format(
      "  {} [label=<{}>, shape={}, style=\"{}filled\", fillcolor=\"{}\", color=\"{}\", fontcolor=\"{}\"{}];\n", name,
      label, look.round ? "circle" : "box", std::string(look.round ? "" : "rounded,") + (look.dashed ? "dashed," : ""),
      look.fill, look.border, look.ink, look.round ? ", margin=0.02, width=0.32, height=0.32" : "");
}

void Sketch::line(const std::string& from, const std::string& to, const std::string& label, const Look& look) {
  body_ += fmt::format("  {} -> {} [color=\"{}\"", from, to, look.border);
  if (!label.empty()) body_ += fmt::format(", label=< {}>", sized(label, 10, kSoft));
  if (look.dashed) body_ += ", style=dashed";
  body_ += "];\n";
}

void Sketch::begin_frame(const std::string& name, const std::string& title) {
  body_ += fmt::format(
      "  subgraph cluster_{} {{\n  label=<<b>{}</b>>; labeljust=l; style=rounded; color=\"#c3c9d3\"; "
      "bgcolor=\"#f8f9fb\"; "
      "margin=14; fontcolor=\"{}\";\n",
      name, escaped(title), kSoft);
}

void Sketch::end_frame() {
  body_ += "  }\n";
}

std::string Sketch::text(const std::vector<std::pair<Look, std::string>>& legend) const {
  constexpr const char* kFont = "fontname=\"Helvetica,Arial,sans-serif\"";
  std::string text = fmt::format(
      "digraph weft {{\n  rankdir=TB; bgcolor=white; nodesep=0.28; ranksep=0.32; pad=0.2; {0}; fontsize=12;\n"
      "  node [{0}, fontsize=12, margin=\"0.14,0.07\", height=0.3];\n  edge [{0}, fontsize=10, arrowsize=0.6, "
      "penwidth=1.1];\n{1}",
      kFont, body_);
  if (!legend.empty()) {
    std::string cells;
    for (const auto& [look, meaning] : legend)
      cells += fmt::format(
          "<td width=\"14\" height=\"12\" fixedsize=\"true\" border=\"1\" style=\"{}rounded\" "
          "color=\"{}\" bgcolor=\"{}\"></td><td border=\"0\">{}  </td>",
          look.dashed ? "dashed," : "", look.border, look.fill, sized(meaning, 10, kSoft));
    text += fmt::format(
        "  labelloc=b; label=<<table border=\"0\" cellborder=\"0\" cellspacing=\"4\"><tr>{}</tr></table>>;\n", cells);
  }
  return text + "}\n";
}

}  // namespace weft::block
