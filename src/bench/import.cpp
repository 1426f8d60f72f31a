#include "bench/import.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/error.hpp"
#include "base/schema.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "bench/records.hpp"
#include "bench/table.hpp"
#include "bench/table_writer.hpp"
#include "bench/units.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"

namespace weft::bench {
namespace {

using base::Json;

constexpr std::int64_t kTold = 10'000;  // records between two words of progress

std::optional<double> to_number(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool is_whole(double value) {
  return std::abs(value) < 0x1p53 && value == std::floor(value);
}

std::string to_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "4-12-8", "(0, 2, 3)" → the words between other characters.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : text) {
    const bool part =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_';
    if (part && !inside) words.emplace_back();
    if (part) words.back() += c;
    inside = part;
  }
  return words;
}

// Puts the columns in braces into a text.
std::string filled(const std::string& pattern, const Records& records) {
  std::string text;
  std::size_t start = 0;
  while (true) {
    const std::size_t open = pattern.find('{', start), close = pattern.find('}', open);
    if (open == pattern.npos || close == pattern.npos) return text + pattern.substr(start);
    const std::string column = pattern.substr(open + 1, close - open - 1);
    const Json value = records.field(column);
    if (value.is_null()) throw base::Error("column " + base::quote(column) + " is empty", records.where());
    text += pattern.substr(start, open - start) + to_text(value);
    start = close + 1;
  }
}

double number_of(const Json& given, const Records& records) {
  if (given.is_number()) return given.get<double>();
  const std::string text = filled(given.get<std::string>(), records);
  const auto number = to_number(text);
  if (!number || !std::isfinite(*number))
    throw base::Error("a number was expected, not " + base::quote(text), records.where());
  return *number;
}

// Where a metric's values come from.
struct Origin {
  std::string column;
  double factor = 1;
  std::vector<double> missing;
  bool curve = false, fraction = false;
};

// The rows that a record gives.
struct RowPattern {
  std::string task;
  Json fidelity, seed;
  std::vector<std::optional<Origin>> values, curves;  // of the metrics; nothing where a row has none
  std::optional<Origin> steps;
};

class Importer {
 public:
  explicit Importer(const std::string& mapping)
      : document_(base::read_yaml(base::find_data(mapping, "nasbench/import", ".yaml"))),
        checked_(base::check(base::load_schema("table_import"), document_)) {
    const Json& table = checked_.at("table");
    manifest_ = read_texts(document_, "/table", table);
    manifest_.fidelity_unit = table.at("fidelity_unit");
    try {
      space_ = load_space(manifest_.space, base::fs::path(document_.file).parent_path());
    } catch (const base::Error& error) {
      throw document_.error("/table/space", error.what());
    }
    if (checked_.at("genome").contains("text") == checked_.at("genome").contains("genes"))
      throw document_.error("/genome", "either text or genes was expected");
    for (std::size_t i = 0; i < checked_.at("rows").size(); ++i) patterns_.push_back(read_pattern(i));
  }

  Imported run(const std::vector<base::fs::path>& files, const base::fs::path& folder,
               const std::function<void(std::int64_t)>& progress) {
    TableWriter writer(manifest_, space_);
    Imported done;
    const Format format{checked_.at("read").at("format"), checked_.at("read").at("each")};
    for (const base::fs::path& file : files) {
      const auto records = Records::open(file, format);
      check_columns(*records, file);
      while (records->next()) {
        if (++done.records % kTold == 0) progress(done.records);
        if (!wanted(*records)) {
          ++done.skipped;
          continue;
        }
        add(*records, writer);
      }
    }
    if (writer.rows() == 0) throw base::Error("gave no row", base::join(names_of(files), ", "));
    if (!manifest_.sample) done.of = missing_of(writer.genomes());
    if (!done.of.empty()) writer.declare_sample();
    done.manifest = writer.write(folder);
    return done;
  }

 private:
  // Of how many genomes these are some; empty where they are all.
  std::string missing_of(std::int64_t genomes) const {
    try {
      const space::Size size = space::count(space_);
      return !size.open && size.count == std::to_string(genomes) ? ""
             : size.open                                         ? "endlessly many"
                                                                 : base::grouped(size.count);
    } catch (const base::Error&) {
      return "more than can be counted";
    }
  }

  static std::vector<std::string> names_of(const std::vector<base::fs::path>& files) {
    std::vector<std::string> names;
    names.reserve(files.size());
    for (const base::fs::path& file : files) names.push_back(file.string());
    return names;
  }

  RowPattern read_pattern(std::size_t place) {
    const std::string pointer = "/rows/" + std::to_string(place);
    const Json& given = checked_.at("rows")[place];
    RowPattern pattern{given.at("task"), given.at("fidelity"), given.at("seed"), {}, {}, {}};
    Json rest = given.at("values");
    for (const Metric& metric : manifest_.metrics) {
      std::optional<Origin> origin;
      if (rest.contains(metric.name)) {
        origin = read_origin(pointer + "/values/" + metric.name, rest.at(metric.name), metric);
        rest.erase(metric.name);
      }
      (metric.curve ? pattern.curves : pattern.values).push_back(std::move(origin));
    }
    if (rest.contains(kCurveSteps)) {
      pattern.steps = Origin{.column = rest.at(kCurveSteps).at("column"), .factor = 1, .missing = {}, .curve = true};
      rest.erase(kCurveSteps);
    }
    if (!rest.empty()) throw document_.error(pointer + "/values/" + rest.begin().key(), "the table has no such metric");
    return pattern;
  }

  Origin read_origin(const std::string& pointer, const Json& given, const Metric& metric) const {
    Origin origin{.column = given.at("column"),
                  .factor = 1,
                  .missing = given.at("missing").get<std::vector<double>>(),
                  .curve = metric.curve,
                  .fraction = metric.unit == "fraction"};
    if (!given.contains("unit")) return origin;
    const auto factor = unit_factor(given.at("unit"), metric.unit);
    if (!factor) throw document_.error(pointer + "/unit", factor.error());
    origin.factor = *factor;
    return origin;
  }

  // A file of columns has those that the mapping names.
  void check_columns(const Records& records, const base::fs::path& file) const {
    for (const RowPattern& pattern : patterns_) {
      for (const auto* list : {&pattern.values, &pattern.curves}) {
        for (const std::optional<Origin>& origin : *list) {
          if (origin && !records.has(origin->column))
            throw base::Error(
                "has no column " + base::quote(origin->column) + "; is it the file that " + document_.file + " is for?",
                file.string());
        }
      }
    }
  }

  bool wanted(const Records& records) const {
    for (const auto& [column, text] : checked_.at("where").items()) {
      const Json value = records.field(column);
      if (value.is_null() || to_text(value) != text.get_ref<const std::string&>()) return false;
    }
    return true;
  }

  void add(const Records& records, TableWriter& writer) const {
    const space::Genome genome = read_genome(records);
    for (const RowPattern& pattern : patterns_) {
      const double seed = number_of(pattern.seed, records);
      if (!is_whole(seed) || seed < 0) throw base::Error("a seed is a whole number from 0", records.where());
      TableWriter::Row row{.task = filled(pattern.task, records),
                           .fidelity = number_of(pattern.fidelity, records),
                           .seed = static_cast<std::int64_t>(seed),
                           .values = {}};
      bool any = false;
      for (const std::optional<Origin>& origin : pattern.values) {
        row.values.push_back(origin ? read_value(*origin, records) : std::numeric_limits<double>::quiet_NaN());
        any = any || !std::isnan(row.values.back());
      }
      for (const std::optional<Origin>& origin : pattern.curves) {
        row.curves.push_back(origin ? read_curve(*origin, records) : std::vector<float>{});
        any = any || !row.curves.back().empty();
      }
      if (pattern.steps) row.steps = read_curve(*pattern.steps, records);
      if (!any) continue;  // nothing is known of this cell
      if (const std::string wrong = writer.add(genome, std::move(row)); !wrong.empty())
        throw base::Error(wrong, records.where());
    }
  }

  double read_value(const Origin& origin, const Records& records) const {
    const Json value = records.field(origin.column);
    if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
    const auto number = value.is_number()   ? std::optional(value.get<double>())
                        : value.is_string() ? to_number(value.get_ref<const std::string&>())
                                            : std::nullopt;
    if (!number)
      throw base::Error("column " + base::quote(origin.column) + " has " + base::quote(to_text(value)) +
                            " where a number was expected",
                        records.where());
    for (const double missing : origin.missing) {
      if (*number == missing) return std::numeric_limits<double>::quiet_NaN();
    }
    const double scaled = *number * origin.factor;
    if (origin.fraction && (scaled < 0 || scaled > 1))
      throw base::Error("column " + base::quote(origin.column) + " has " + base::quote(to_text(value)) + ", which is " +
                            base::number_text(scaled) +
                            " as a fraction; from 0 to 1 was expected (does the mapping name its unit?)",
                        records.where());
    return scaled;
  }

  std::vector<float> read_curve(const Origin& origin, const Records& records) const {
    const Json value = records.field(origin.column);
    std::vector<float> curve;
    if (value.is_null()) return curve;
    if (!value.is_array()) throw base::Error("column " + base::quote(origin.column) + " has no list", records.where());
    for (const Json& point : value) {
      if (!point.is_number() && !point.is_null())
        throw base::Error(
            "column " + base::quote(origin.column) + " has " + base::quote(to_text(point)) + " in a list of numbers",
            records.where());
      curve.push_back(point.is_null() ? std::numeric_limits<float>::quiet_NaN()
                                      : static_cast<float>(point.get<double>() * origin.factor));
    }
    return curve;
  }

  space::Genome read_genome(const Records& records) const {
    const Json& given = checked_.at("genome");
    const auto genome = given.contains("text") ? space::from_text(space_, filled(given.at("text"), records))
                                               : space::from_json(space_, genes_of(given.at("genes"), records));
    if (!genome) throw base::Error(genome.error(), records.where());
    return *genome;
  }

  Json genes_of(const Json& given, const Records& records) const {
    Json genome = Json::object();
    for (const auto& [gene, how] : given.items()) genome[gene] = read_gene(how, records);
    if (space_.depth_gene < 0) return genome;
    const std::string& depth = space_.genes[static_cast<std::size_t>(space_.depth_gene)].name;
    for (const space::Gene& gene : space_.genes) {
      // Lists may go on to the largest depth.
      if (!gene.per_layer || !genome.contains(gene.name) || !genome.at(gene.name).is_array()) continue;
      Json& list = genome[gene.name];
      const auto layers = genome.value(depth, 0) + space_.fixed_depth;
      while (layers > 0 && list.size() > static_cast<std::size_t>(layers)) list.erase(list.size() - 1);
    }
    return genome;
  }

  static Json read_gene(const Json& how, const Records& records) {
    const std::string column = how.at("column");
    const Json value = records.field(column);
    if (value.is_null()) throw base::Error("column " + base::quote(column) + " is empty", records.where());
    if (!how.at("words")) return meaning(how, value);
    const std::vector<std::string> words = words_of(to_text(value));
    if (how.contains("item")) {
      const auto item = how.at("item").get<std::size_t>();
      if (item >= words.size())
        throw base::Error("column " + base::quote(column) + " has " + std::to_string(words.size()) +
                              " values; one more than " + std::to_string(item) + " was expected",
                          records.where());
      return meaning(how, words[item]);
    }
    Json list = Json::array();
    for (const std::string& word : words) list.push_back(meaning(how, word));
    return list;
  }

  // What a text stands for: as the mapping says, or a number where it is one.
  static Json meaning(const Json& how, const Json& value) {
    const std::string text = to_text(value);
    if (how.contains("values") && how.at("values").contains(text)) return how.at("values").at(text);
    if (!value.is_string()) return value;
    const auto number = to_number(text);
    if (!number) return text;
    return is_whole(*number) ? Json(static_cast<std::int64_t>(*number)) : Json(*number);
  }

  base::Document document_;
  Json checked_;
  Manifest manifest_;
  space::Space space_;
  std::vector<RowPattern> patterns_;
};

}  // namespace

Sources sources_of(const std::string& mapping) {
  const base::Document document = base::read_yaml(base::find_data(mapping, "nasbench/import", ".yaml"));
  const Json checked = base::check(base::load_schema("table_import"), document);
  if (!checked.contains("fetch"))
    throw base::Error("no address with a fixed content is known: get the file from " +
                          checked.at("table").at("source").get<std::string>() + " (docs/table-import.md)",
                      document.file);
  const Json& fetch = checked.at("fetch");
  Sources sources{.files = {}, .convert = fetch.at("convert"), .read = fetch.at("read")};
  for (std::size_t i = 0; i < fetch.at("files").size(); ++i) {
    const Json& file = fetch.at("files")[i];
    const std::string url = file.at("url");
    const std::string name = url.substr(url.rfind('/') + 1);
    const bool plain =
        !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
          return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
        });
    if (!plain) throw document.error("/fetch/files/" + std::to_string(i) + "/url", "ends in no file's name");
    sources.files.push_back({url, name, file.at("sha256"), file.at("most_bytes")});
  }
  return sources;
}

Imported import_table(const std::string& mapping, const std::vector<base::fs::path>& files,
                      const base::fs::path& folder, const std::function<void(std::int64_t records)>& progress) {
  return Importer(mapping).run(files, folder, progress);
}

}  // namespace weft::bench
