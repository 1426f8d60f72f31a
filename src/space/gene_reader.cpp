#include "space/gene_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::space {
namespace {

constexpr double kMaxValues = 10'000;

bool is_whole(double value) {
  return std::abs(value) < 0x1p53 && value == std::floor(value);
}

Scalar to_scalar(const base::Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (value.is_number()) return value.get<double>();
  return value.get<std::string>();
}

}  // namespace

bool is_block_file(const std::string& text) {
  return text.ends_with(".block");
}

int GeneReader::index(std::string_view name) const {
  const auto found = std::find_if(genes_.begin(), genes_.end(), [&](const Gene& gene) { return gene.name == name; });
  return found == genes_.end() ? -1 : static_cast<int>(found - genes_.begin());
}

std::vector<std::string> GeneReader::names() const {
  std::vector<std::string> names;
  for (const Gene& gene : genes_) names.push_back(gene.name);
  return names;
}

void GeneReader::add_gene(const std::string& name, const base::Json& given) {
  const std::string pointer = "/genes/" + name;
  check_name(name, pointer);
  check_kind(name, given, pointer);
  Gene gene;
  gene.name = name;
  gene.description = given.at("description");
  gene.per_layer = given.at("per_layer");
  if (given.contains("when")) gene.when = condition(given.at("when"), pointer + "/when");
  if (given.contains("choice")) gene.values = choice(given.at("choice"), pointer + "/choice");
  if (given.contains("range")) gene.values = range(given, pointer + "/range");
  if (given.contains("flag")) gene.values = {false, true};
  if (given.contains("program")) {
    gene.open = true;
    const base::Json& seeds = given.at("program").at("seeds");
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      if (!is_block_file(seeds[i])) fail(pointer + "/program/seeds/" + std::to_string(i), "a seed is a .block file");
    }
    gene.values = choice(seeds, pointer + "/program/seeds");
    read_ops(given.at("program"), gene, pointer + "/program");
  }
  for (const base::Json& value : gene.values) {
    gene.scalars.push_back(to_scalar(value));
    gene.texts.push_back(base::canonical_text(value));
  }
  if (gene.when) check_when(gene, pointer + "/when");
  genes_.push_back(std::move(gene));
}

void GeneReader::read_ops(const base::Json& program, Gene& gene, const std::string& pointer) const {
  std::vector<std::string> known;
  for (const block::Op* op : block::ops()) known.emplace_back(op->name);
  for (const base::Json& name : program.value("ops", base::Json::array())) {
    gene.ops.push_back(block::find_op(name.get<std::string>()));
    if (gene.ops.back() == nullptr)
      fail(pointer + "/ops",
           "no op " + base::quote(name.get<std::string>()) + base::did_you_mean(name.get<std::string>(), known));
  }
  for (const base::Json& seed : gene.values) {
    const auto& text = blocks_.at(seed.get<std::string>()).program;
    if (const std::string wrong = gene.foreign_op(text->program); !wrong.empty())
      fail(pointer + "/seeds", seed.get<std::string>() + ".block: " + wrong);
  }
}

void GeneReader::check_name(const std::string& name, const std::string& pointer) const {
  static constexpr std::array kWords{"and", "or", "not", "true", "false"};
  if (name.empty() || name.size() > 40 ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos ||
      std::isdigit(static_cast<unsigned char>(name[0])) != 0) {
    fail(pointer, "a gene's name is small letters, digits and '_', not " + base::quote(name));
  }
  if (std::find(kWords.begin(), kWords.end(), name) != kWords.end())
    fail(pointer, "'" + name + "' is a word of conditions and cannot name a gene");
}

void GeneReader::check_kind(const std::string& name, const base::Json& given, const std::string& pointer) const {
  int kinds = 0;
  for (const char* kind : {"choice", "range", "flag", "program"}) kinds += given.contains(kind) ? 1 : 0;
  if (kinds != 1) fail(pointer, "gene '" + name + "' needs exactly one of choice, range, flag and program");
  const bool has_step = document_.value.at("genes").at(name).contains("step");
  if (has_step && !given.contains("range")) fail(pointer + "/step", "'step' belongs to a range");
}

Condition GeneReader::condition(const std::string& text, const std::string& pointer) const {
  std::vector<std::string> closed;
  for (const Gene& gene : genes_) closed.push_back(gene.open ? "" : gene.name);
  auto parsed = Condition::parse(text, closed);
  if (!parsed) fail(pointer, parsed.error());
  for (const auto& [index, value] : parsed->comparisons()) {
    const Gene& gene = genes_[static_cast<std::size_t>(index)];
    std::vector<std::string> known;
    for (const base::Json& one : gene.values) known.push_back(one.is_string() ? one.get<std::string>() : one.dump());
    if (std::find(gene.values.begin(), gene.values.end(), base::Json(value)) == gene.values.end())
      fail(pointer, fmt::format("gene '{}' is never {}; it is {}{}", gene.name, base::quote(value), base::either(known),
                                base::did_you_mean(value, known)));
  }
  return std::move(*parsed);
}

void GeneReader::check_when(const Gene& gene, const std::string& pointer) const {
  for (const int other : gene.when->genes()) {
    const Gene& needed = genes_[static_cast<std::size_t>(other)];
    if (needed.per_layer && !gene.per_layer)
      fail(pointer, "a global gene cannot depend on the per-layer gene '" + needed.name + "'");
  }
}

std::vector<base::Json> GeneReader::choice(const base::Json& values, const std::string& pointer) {
  std::vector<base::Json> domain;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string place = pointer + "/" + std::to_string(i);
    base::Json value = values[i];
    if (value.is_string() && is_block_file(value)) value = add_block(value, place);
    if (std::find(domain.begin(), domain.end(), value) != domain.end())
      fail(place, "the value " + value.dump() + " stands here twice");
    domain.push_back(std::move(value));
  }
  return domain;
}

std::vector<base::Json> GeneReader::range(const base::Json& given, const std::string& pointer) const {
  const auto first = given.at("range")[0].get<double>(), last = given.at("range")[1].get<double>(),
             step = given.at("step").get<double>();
  const double count = std::round((last - first) / step) + 1;
  if (!(count >= 1 && count <= kMaxValues))
    fail(pointer, fmt::format("range [{}, {}] in steps of {} must have 1 to {} values", first, last, step, kMaxValues));
  if (std::abs(first + (count - 1) * step - last) > 1e-9 * step)
    fail(pointer, fmt::format("range [{}, {}] does not end on a step of {}", first, last, step));
  std::vector<base::Json> domain;
  for (int i = 0; i < static_cast<int>(count); ++i) {
    double value = first + i * step;
    if (!is_whole(first) || !is_whole(step))  // 0.3, not 0.1 + 0.2
      value = std::strtod(fmt::format("{:.12g}", value).c_str(), nullptr);
    domain.push_back(is_whole(value) ? base::Json(static_cast<std::int64_t>(value)) : base::Json(value));
  }
  return domain;
}

std::string GeneReader::add_block(const std::string& file, const std::string& pointer) {
  const std::string name = base::fs::path(file).stem().string();
  if (const auto known = blocks_.find(name); known != blocks_.end()) {
    if (known->second.file != file)
      fail(pointer, "two block files of one name: " + base::quote(known->second.file) + " and " + base::quote(file));
    return name;
  }
  const std::string source = block_source(file, name, pointer);
  auto program = program_text(source, file);
  if (!program) throw base::Error(program.error().text());
  blocks_[name] = {file, source, std::move(*program)};
  return name;
}

std::string GeneReader::block_source(const std::string& file, const std::string& name,
                                     const std::string& pointer) const {
  if (!known_blocks_.is_null()) {
    if (!known_blocks_.contains(name)) fail(pointer, "the snapshot holds no block " + base::quote(name));
    return known_blocks_.at(name);
  }
  const base::fs::path beside = base::fs::path(document_.file).parent_path();
  try {
    return base::read_file(base::find_data(file, "search_spaces/blocks", ".block", beside));
  } catch (const base::Error& error) {
    fail(pointer, error.what());
  }
}

}  // namespace weft::space
