#include "block/operators/workpiece.hpp"

#include <algorithm>

#include "block/ops/rows.hpp"

namespace weft::block::operators {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

// Puts the sites that a value needs in an order in which every input comes before its use.
class Finisher {
 public:
  Finisher(const std::vector<std::shared_ptr<const Site>>& sites, std::vector<Site>& ordered)
      : sites_(sites), ordered_(ordered), place_(sites.size(), kUnseen) {}

  // False where the value depends on itself.
  bool move(Value& value) {
    if (value.site < 0) return true;
    const std::size_t index = at(value.site);
    if (place_[index] == kUnderWay) return false;
    if (place_[index] == kUnseen) {
      place_[index] = kUnderWay;
      Site site = *sites_[index];
      for (Value& input : site.inputs) {
        if (!move(input)) return false;
      }
      site.line = site.column = 0;
      place_[index] = static_cast<int>(ordered_.size());
      ordered_.push_back(std::move(site));
    }
    value.site = place_[index];
    return true;
  }

 private:
  static constexpr int kUnseen = -1, kUnderWay = -2;
  const std::vector<std::shared_ptr<const Site>>& sites_;
  std::vector<Site>& ordered_;
  std::vector<int> place_;
};

}  // namespace

Types::Types(std::vector<Type> types) : size_(types.size()) {
  const auto table = std::make_shared<const std::vector<Type>>(std::move(types));
  types_ = std::shared_ptr<const Type>(table, table->data());
}

Workpiece::Workpiece(const Program& program, const Setting& where, base::Random& stream, const Preference& preference)
    : setting(where),
      random(stream),
      preference_(preference),
      result_(program.result),
      old_size_(static_cast<int>(program.sites.size())) {
  sites_.reserve(program.sites.size());
  for (const Site& site : program.sites) sites_.emplace_back(std::shared_ptr<const Site>(), &site);  // not owned
  std::vector<Type> inputs;
  for (const Layer& layer : setting.layers) inputs.push_back(layer.input);
  input_ = Types(std::move(inputs));
}

std::optional<Workpiece> Workpiece::make(const Program& program, const Setting& setting, base::Random& random,
                                         const Preference& preference) {
  Workpiece piece(program, setting, random, preference);
  if (!piece.type_sites(program)) return std::nullopt;
  return piece;
}

bool Workpiece::type_sites(const Program& program) {
  std::vector<Typing> typings;
  for (const Layer& layer : setting.layers) {
    auto typing = infer_types(program, layer.binding, layer.input, setting.place);
    if (!typing) return false;
    typings.push_back(std::move(*typing));
  }
  const auto table = std::make_shared<std::vector<Type>>();
  table->reserve(typings.size() * typings[0].types.size());  // so that what points into it stays
  first_.reserve(program.sites.size());
  types_.reserve(typings[0].types.size());
  for (std::size_t i = 0; i < program.sites.size(); ++i) {
    const Site& site = program.sites[i];
    first_.push_back(types_.size());
    const bool known =
        std::all_of(typings.begin(), typings.end(), [&](const Typing& typing) { return typing.first[i] >= 0; });
    for (int k = 0; k < site.outputs; ++k) {
      if (!known) {
        types_.push_back(site.op == &rows::pick() ? types_of_pick(site) : Types());
        continue;
      }
      for (const Typing& typing : typings) table->push_back(typing.types[at(typing.first[i] + k)]);
      types_.emplace_back(table, table->size() - typings.size(), typings.size());
    }
  }
  return true;
}

// Of what it picks in each layer; empty where one does not have it.
Types Workpiece::types_of_pick(const Site& site) const {
  std::vector<Type> picked;
  for (std::size_t layer = 0; layer < setting.layers.size(); ++layer) {
    std::string unbound;
    const auto which = site.attributes[0].evaluate(setting.layers[layer].binding, unbound);
    if (!which || *which < 0 || *which >= static_cast<double>(site.inputs.size())) return {};
    const Types& known = types(site.inputs[static_cast<std::size_t>(*which)]);
    if (known.empty()) return {};
    picked.push_back(known[layer]);
  }
  return picked;
}

const Types& Workpiece::types(const Value& value) const {
  return value.site < 0 ? input_ : types_[first_[at(value.site)] + at(value.output)];
}

std::span<const Types> Workpiece::outputs(int index) const {
  return {&types_[first_[at(index)]], at(site(index).outputs)};
}

bool Workpiece::is_free(int index) const {
  return !types({index, 0}).empty() && has_plain_call(*site(index).op);
}

Value Workpiece::value_at(const Use& use) const {
  return use.site < 0 ? result_ : site(use.site).inputs[use.input];
}

std::vector<Use> Workpiece::uses(bool with_result) const {
  std::vector<Use> list;
  for (int i = 0; i < old_size_; ++i) {
    for (std::size_t k = 0; k < site(i).inputs.size(); ++k) list.push_back({i, k});
  }
  if (with_result) list.push_back({});
  return list;
}

std::vector<bool> Workpiece::below(int index) const {
  std::vector<bool> marked(at(old_size_), index < 0);
  if (index >= 0) marked[at(index)] = true;
  for (int i = index + 1; index >= 0 && i < old_size_; ++i) {
    for (const Value& input : site(i).inputs) {
      if (input.site >= 0 && marked[at(input.site)]) marked[at(i)] = true;
    }
  }
  return marked;
}

std::vector<bool> Workpiece::above(int index) const {
  std::vector<bool> marked(at(old_size_), false);
  if (index >= 0) marked[at(index)] = true;
  for (int i = index; i >= 0; --i) {
    if (!marked[at(i)]) continue;
    for (const Value& input : site(i).inputs) {
      if (input.site >= 0) marked[at(input.site)] = true;
    }
  }
  return marked;
}

std::vector<Value> Workpiece::values(const std::vector<bool>& excluded) const {
  std::vector<Value> list{Value{}};
  for (int i = 0; i < old_size_; ++i) {
    for (int k = 0; k < site(i).outputs && !excluded[at(i)]; ++k) {
      if (!types({i, k}).empty()) list.push_back({i, k});
    }
  }
  return list;
}

const Op* Workpiece::first_user(const Value& value) const {
  for (int i = value.site + 1; i < old_size_; ++i) {
    const auto& inputs = site(i).inputs;
    if (std::find(inputs.begin(), inputs.end(), value) != inputs.end()) return site(i).op;
  }
  return nullptr;
}

int Workpiece::copy(Site site, const std::vector<Types>& types) {
  sites_.push_back(std::make_shared<const Site>(std::move(site)));
  first_.push_back(types_.size());
  types_.insert(types_.end(), types.begin(), types.end());
  return size() - 1;
}

Site& Workpiece::change(int index) {
  auto own = std::make_shared<Site>(site(index));
  Site& changed = *own;
  sites_[at(index)] = std::move(own);
  return changed;
}

void Workpiece::set(const Use& use, const Value& value) {
  (use.site < 0 ? result_ : change(use.site).inputs[use.input]) = value;
}

void Workpiece::replace_uses(const Value& from, const Value& to) {
  for (int i = 0; i < old_size_; ++i) {
    const auto& inputs = site(i).inputs;
    if (std::find(inputs.begin(), inputs.end(), from) == inputs.end()) continue;
    auto& changed = change(i).inputs;
    std::replace(changed.begin(), changed.end(), from, to);
  }
  if (result_ == from) result_ = to;
}

void Workpiece::exchange_uses(const Value& a, const Value& b) {
  const auto exchanged = [&](const Value& value) { return value == a ? b : value == b ? a : value; };
  for (int i = 0; i < old_size_; ++i) {
    for (std::size_t k = 0; k < site(i).inputs.size(); ++k) {
      if (exchanged(site(i).inputs[k]) != site(i).inputs[k]) change(i).inputs[k] = exchanged(site(i).inputs[k]);
    }
  }
  result_ = exchanged(result_);
}

std::optional<Program> Workpiece::finish() const {
  Program program;
  program.sites.reserve(sites_.size());
  program.result = result_;
  if (!Finisher(sites_, program.sites).move(program.result)) return std::nullopt;
  if (block::size(program) > kMaxSites) return std::nullopt;
  return canonical(std::move(program));
}

}  // namespace weft::block::operators
