#include "block/operators.hpp"

#include <algorithm>
#include <array>

#include "block/operators/workpiece.hpp"

namespace weft::block {
namespace {

constexpr int kTries = 50;

std::optional<Program> apply(Edit edit, operators::Workpiece& piece) {
  switch (edit) {
    case Edit::insert: return operators::insert(piece);
    case Edit::remove: return operators::remove(piece);
    case Edit::replace: return operators::replace(piece);
    case Edit::rewire: return operators::rewire(piece);
    case Edit::attribute: return operators::change_attribute(piece);
    case Edit::dimension: return operators::change_dimension(piece);
    case Edit::duplicate: return operators::duplicate(piece);
    default: return operators::swap(piece);
  }
}

bool same(const Program& a, const Program& b) {
  return a.result == b.result &&
         std::equal(a.sites.begin(), a.sites.end(), b.sites.begin(), b.sites.end(), [](const Site& x, const Site& y) {
           const bool alike = x.op == y.op && x.inputs == y.inputs && x.attributes == y.attributes;
           return alike && (x.body == y.body || (x.body && y.body && print(*x.body) == print(*y.body)));
         });
}

}  // namespace

std::span<const Edit> all_edits() {
  static constexpr std::array kAll{Edit::insert,    Edit::remove,    Edit::replace,   Edit::rewire,
                                   Edit::attribute, Edit::dimension, Edit::duplicate, Edit::swap};
  return kAll;
}

std::span<const Edit> primer_edits() {
  static constexpr std::array kPrimer{Edit::remove, Edit::insert,    Edit::replace,
                                      Edit::rewire, Edit::attribute, Edit::dimension};
  return kPrimer;
}

std::optional<Program> try_edit(const Program& program, Edit edit, const Setting& setting, base::Random& random,
                                const Preference& preference) {
  auto piece = operators::Workpiece::make(program, setting, random, preference);
  return piece ? apply(edit, *piece) : std::nullopt;
}

std::optional<Program> mutate(const Program& program, const Setting& setting, base::Random& random,
                              std::span<const Edit> edits, const Preference& preference) {
  const auto parent = operators::Workpiece::make(program, setting, random, preference);
  for (int attempt = 0; parent && attempt < kTries; ++attempt) {
    operators::Workpiece piece = *parent;
    auto child = apply(edits[random.below(edits.size())], piece);
    if (child && !same(*child, program) && holds(*child, setting)) return child;
  }
  return std::nullopt;
}

std::optional<Program> cross_over(const Program& a, const Program& b, const Setting& setting, base::Random& random) {
  const Preference none;
  const auto first = operators::Workpiece::make(a, setting, random, none);
  const auto second = operators::Workpiece::make(b, setting, random, none);
  for (int attempt = 0; first && second && attempt < kTries; ++attempt) {
    operators::Workpiece piece = *first;
    auto child = operators::cross(piece, *second);
    if (child && !same(*child, a) && !same(*child, b) && holds(*child, setting)) return child;
  }
  return std::nullopt;
}

Program random_program(const Setting& setting, base::Random& random, int ops) {
  static constexpr std::array kInsert{Edit::insert};
  Program program;
  const std::size_t size = 1 + random.below(static_cast<std::uint64_t>(ops));
  for (int edit = 0; program.sites.size() < size && edit < 4 * ops; ++edit) {
    const auto edits = random.chance(0.7) ? std::span<const Edit>(kInsert) : all_edits();
    if (auto next = mutate(program, setting, random, edits)) program = std::move(*next);
  }
  return program;
}

bool holds(const Program& program, const Setting& setting) {
  if (size(program) > kMaxSites) return false;
  // A site makes one statement at most, and the result another.
  if (static_cast<int>(program.sites.size()) + 1 > setting.statements) {
    if (count_statements(print(program)) > setting.statements) return false;
  }
  return std::all_of(setting.layers.begin(), setting.layers.end(), [&](const Layer& layer) {
    const auto typing = infer_types(program, layer.binding, layer.input, setting.place);
    return typing && typing->result.kind == layer.input.kind;
  });
}

std::vector<const Op*> first_users(const Program& program) {
  std::vector<const Op*> users(program.sites.size(), nullptr);
  for (std::size_t i = program.sites.size(); i-- > 0;) {
    for (const Value& input : program.sites[i].inputs) {
      if (input.site >= 0) users[static_cast<std::size_t>(input.site)] = program.sites[i].op;
    }
  }
  return users;
}

}  // namespace weft::block
