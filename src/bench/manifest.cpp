#include "bench/manifest.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "bench/units.hpp"

namespace weft::bench {
namespace {

using base::Json;

constexpr const char* kAbout[] = {"recipe", "hardware", "software", "notes", "licence", "citation", "source"};

// What the schema cannot say of a metric.
void check_metric(const base::Document& document, const std::string& pointer, const std::string& name,
                  const Json& given) {
  const std::string unit = given.at("unit"), named = unit_of_name(name);
  const auto base = base_unit(unit);
  if (!base) throw document.error(pointer + "/unit", base.error());
  if (*base != unit) throw document.error(pointer + "/unit", "a table holds " + base::quote(unit) + " as " + *base);
  if (!named.empty() && named != unit && !given.at("curve"))
    throw document.error(pointer + "/unit", "a metric with this name is held in " + named + ", not in " + unit);
  if (given.at("cost") && unit != "s") throw document.error(pointer + "/cost", "costs are seconds, not " + unit);
}

template <class T>
void check_distinct(const base::Document& document, const std::string& key, const std::vector<T>& values) {
  if (std::set<T>(values.begin(), values.end()).size() != values.size())
    throw document.error(key, "names a value twice");
}

std::vector<Metric> read_metrics(const base::Document& document, const std::string& pointer, const Json& checked) {
  std::vector<Metric> metrics;
  for (const auto& [name, given] : checked.items()) {
    check_metric(document, std::string(pointer).append("/").append(name), name, given);
    metrics.push_back({.name = name,
                       .unit = given.at("unit"),
                       .description = given.at("description"),
                       .maximize = given.at("goal") == "maximize",
                       .test = given.at("test"),
                       .curve = given.at("curve"),
                       .cost = given.at("cost")});
  }
  return metrics;
}

}  // namespace

base::fs::path manifest_file(const base::fs::path& path) {
  base::fs::path file = base::fs::is_directory(path) ? path / "table.yaml" : path;
  if (!base::fs::exists(file)) throw base::Error("holds no table (there is no table.yaml)", path.string());
  return file;
}

Manifest read_texts(const base::Document& document, const std::string& pointer, const Json& checked) {
  Manifest m;
  m.name = checked.at("name");
  m.description = checked.at("description");
  m.space = checked.at("space");
  m.sample = checked.at("holds") == "sample";
  m.surrogate = checked.at("search") == "surrogate";
  m.only_test = checked.at("only_test");
  m.metrics = read_metrics(document, pointer + "/metrics", checked.at("metrics"));
  for (const char* key : kAbout) m.about[key] = checked.at(key);
  return m;
}

base::fs::path file_beside(const base::Document& document, const std::string& pointer, const base::fs::path& folder,
                           const std::string& name) {
  if (name.empty() || name.find_first_of("/\\") != std::string::npos || name.front() == '.')
    throw document.error(pointer, "the name of a file beside the manifest was expected");
  return folder / name;
}

Manifest Manifest::load(const base::fs::path& path) {
  const base::Document document = base::read_yaml(manifest_file(path));
  const Json checked = base::check(base::load_schema("table"), document);
  Manifest m = read_texts(document, "", checked);
  m.tasks = checked.at("tasks").get<std::vector<std::string>>();
  m.fidelity_unit = checked.at("fidelity").at("unit");
  m.fidelities = checked.at("fidelity").at("values").get<std::vector<double>>();
  m.seeds = checked.at("seeds").get<std::vector<std::int64_t>>();
  check_distinct(document, "/tasks", m.tasks);
  check_distinct(document, "/seeds", m.seeds);
  check_distinct(document, "/fidelity/values", m.fidelities);
  if (!std::is_sorted(m.fidelities.begin(), m.fidelities.end()))
    throw document.error("/fidelity/values", "must ascend: the last is the full fidelity");
  m.rows = checked.at("rows");
  m.genomes = checked.at("genomes");
  m.file = checked.at("file").at("name");
  static_cast<void>(file_beside(document, "/file/name", {}, m.file));
  m.sha256 = checked.at("file").at("sha256");
  return m;
}

// A key a line, and JSON behind it, which is YAML too: a reader needs no more than a parser of JSON.
void Manifest::save(const base::fs::path& folder) const {
  std::string text;
  const auto line = [&](const std::string& key, const Json& value) {
    text += key + ": " + value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  };
  line("name", name);
  line("description", description);
  line("space", space);
  line("holds", sample ? "sample" : "space");
  line("search", surrogate ? "surrogate" : "rows");
  line("tasks", tasks);
  line("fidelity", {{"unit", fidelity_unit}, {"values", fidelities}});
  line("seeds", seeds);
  text += "metrics:\n";
  for (const Metric& metric : metrics) {
    Json one = {{"unit", metric.unit}, {"goal", metric.maximize ? "maximize" : "minimize"}};
    for (const auto& [key, flag] : {std::pair{"test", metric.test}, {"curve", metric.curve}, {"cost", metric.cost}}) {
      if (flag) one[key] = true;
    }
    if (!metric.description.empty()) one["description"] = metric.description;
    line("  " + metric.name, one);
  }
  line("only_test", only_test);
  for (const auto& [key, value] : about.items()) line(key, value);
  line("rows", rows);
  line("genomes", genomes);
  line("file", {{"name", file}, {"sha256", sha256}});
  base::write_file(folder / "table.yaml", text);
}

std::size_t Manifest::metric(const std::string& wanted) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (metrics[i].name == wanted) return i;
    names.push_back(metrics[i].name);
  }
  throw base::Error(
      "no metric " + base::quote(wanted) + "; there are " + base::join(names, ", ") + base::did_you_mean(wanted, names),
      "table " + name);
}

}  // namespace weft::bench
