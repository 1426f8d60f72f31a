#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "block/difference.hpp"
#include "block/sketch.hpp"

namespace weft::block {
namespace {

const Look kStayed{"#f1f2f4", "#a9afb9", "#3b4250"}, kCame{"#dcf3df", "#2e8b57"},
    kWent{"#fdeceb", "#c9503f", "#a33b2c", true}, kChanged{"#fff1d2", "#d98a1f"};

struct Wire {
  std::string from, to;
  std::string role;  ///< what it is to its op: "q"; empty where that says nothing
  bool touches_new = false, touches_gone = false;
  bool operator==(const Wire& other) const { return from == other.from && to == other.to && role == other.role; }
};

class Draughtsman {
 public:
  explicit Draughtsman(const Difference& difference) : difference_(difference) {}

  std::string run() {
    sketch_.box("x", "input", {}, kStayed);
    for (std::size_t i = 0; i < difference_.after.sites.size(); ++i) draw_site(i);
    for (std::size_t i = 0; i < difference_.before.sites.size(); ++i) {
      if (difference_.fate[i] < 0)
        sketch_.box(fmt::format("gone{}", i), title(difference_.before.sites[i]),
                    attributes(difference_.before.sites[i]), with_shape(kWent, difference_.before.sites[i]));
    }
    sketch_.box("out", "result", {}, kStayed);
    draw_wires();
    return sketch_.text(
        {{kStayed, "as it was"}, {kCame, "inserted"}, {kWent, "deleted"}, {kChanged, "changed: old → new"}});
  }

 private:
  static std::string title(const Site& site) {
    if (site.op->name == "multiply") return "×";
    if (site.op->name == "times") return "× " + site.attributes[0].text();
    if (site.op->name == "plus") return "+ " + site.attributes[0].text();
    return std::string(site.op->symbol.empty() ? site.op->name : site.op->symbol);
  }

  static std::vector<std::string> attributes(const Site& site) {
    if (!site.op->symbol.empty()) return {};
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < site.attributes.size(); ++i) {
      const Attribute& attribute = site.op->attributes[i];
      const Expression& value = site.attributes[i];
      if (value.is_number(attribute.fallback) || attribute.name == "parts") continue;
      const bool flag = attribute.kind == Attribute::Kind::flag;
      lines.push_back(flag && value.is_number(0)   ? fmt::format("no {}", attribute.name)
                      : flag && value.is_number(1) ? std::string(attribute.name)
                                                   : fmt::format("{} {}", attribute.name, value.text()));
    }
    return lines;
  }

  static Look with_shape(Look look, const Site& site) {
    look.round = !site.op->symbol.empty() && site.op->attributes.empty();
    return look;
  }

  void draw_site(std::size_t i) {
    const Site& site = difference_.after.sites[i];
    const std::string name = fmt::format("n{}", i);
    if (difference_.origin[i] < 0) return sketch_.box(name, title(site), attributes(site), with_shape(kCame, site));
    const std::vector<std::string> edits = difference_.edits(static_cast<int>(i));
    if (edits.empty()) return sketch_.box(name, title(site), attributes(site), with_shape(kStayed, site));
    const Site& then = difference_.before.sites[static_cast<std::size_t>(difference_.origin[i])];
    if (then.op == site.op) return sketch_.box(name, title(site), edits, with_shape(kChanged, site));
    Look look = kChanged;
    sketch_.box(name, fmt::format("{} → {}", title(then), title(site)), attributes(site), look);
  }

  // The box of a value of the program after, or of the one before.
  std::string box(const Value& value, bool now) const {
    if (value.site < 0) return "x";
    if (now) return fmt::format("n{}", value.site);
    const int site = difference_.fate[static_cast<std::size_t>(value.site)];
    return site < 0 ? fmt::format("gone{}", value.site) : fmt::format("n{}", site);
  }

  static std::string role(const Program& program, const Site& site, std::size_t k) {
    std::vector<std::string> words;
    if (site.inputs.size() > 1 && k < site.op->inputs.size()) words.emplace_back(site.op->inputs[k]);
    const Value& from = site.inputs[k];
    if (from.site >= 0 && program.sites[static_cast<std::size_t>(from.site)].outputs > 1)
      words.push_back(fmt::format("part {}", from.output + 1));
    return base::join(words, " · ");
  }

  std::vector<Wire> wires(const Program& program, bool now) const {
    const auto& match = now ? difference_.origin : difference_.fate;
    const auto alone = [&](int site) { return site >= 0 && match[static_cast<std::size_t>(site)] < 0; };
    std::vector<Wire> list;
    for (int i = 0; i < static_cast<int>(program.sites.size()); ++i) {
      const Site& site = program.sites[static_cast<std::size_t>(i)];
      for (std::size_t k = 0; k < site.inputs.size(); ++k) {
        const bool touches = alone(i) || alone(site.inputs[k].site);
        list.push_back(
            {box(site.inputs[k], now), box({i, 0}, now), role(program, site, k), touches && now, touches && !now});
      }
    }
    const bool touches = alone(program.result.site);
    list.push_back({box(program.result, now), "out", "", touches && now, touches && !now});
    return list;
  }

  void draw_wires() {
    std::vector<Wire> before = wires(difference_.before, false);
    for (const Wire& wire : wires(difference_.after, true)) {
      const auto same = std::find(before.begin(), before.end(), wire);
      const bool stayed = same != before.end();
      if (stayed) before.erase(same);
      sketch_.line(wire.from, wire.to, wire.role, stayed ? kStayed : wire.touches_new ? solid(kCame) : solid(kChanged));
    }
    for (const Wire& wire : before) sketch_.line(wire.from, wire.to, wire.role, kWent);
  }

  static Look solid(Look look) {
    look.dashed = false;
    return look;
  }

  const Difference& difference_;
  Sketch sketch_;
};

}  // namespace

std::string to_dot(const Difference& difference) {
  return Draughtsman(difference).run();
}

}  // namespace weft::block
