#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "app/genome.hpp"
#include "app/table.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "bench/query.hpp"
#include "bench/table.hpp"
#include "space/genome_text.hpp"
#include "view/table_report.hpp"

namespace weft::app {
namespace {

using base::Json;

struct QuestionOptions {
  std::string table, output, batch, genome, task, metric, unit;
  double fidelity = 0;
  std::int64_t seed = 0;
  bool json = false;
};

std::string joined(const std::vector<double>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const double value : values) texts.push_back(base::number_text(value));
  return base::join(texts, ", ");
}

void show(const QuestionOptions& options) {
  const bench::Table table = bench::Table::load(options.table);
  const bench::Manifest& m = table.manifest();
  if (options.json) {
    fmt::print("{}\n", bench::describe(table).dump(2));
    return;
  }
  fmt::print("{}: {}\n", m.name, m.description);
  fmt::print("space     {}, {} genomes{}\n", m.space, base::grouped(std::to_string(m.genomes)),
             m.sample ? " (a sample)" : "");
  fmt::print("rows      {}\n", base::grouped(std::to_string(m.rows)));
  fmt::print("tasks     {}\n", base::join(m.tasks, ", "));
  fmt::print("fidelity  {} {}\n", joined(m.fidelities), m.fidelity_unit);
  std::vector<double> seeds(m.seeds.begin(), m.seeds.end());
  fmt::print("seeds     {}\n", seeds.size() > 12 ? fmt::format("{} of them", seeds.size()) : joined(seeds));
  const Json described = bench::describe(table);
  for (const Json& metric : described.at("metrics")) {
    fmt::print("  {:<28} {:>9} rows  {} .. {} {}{}\n", metric.at("name").get<std::string>(),
               metric.at("rows").get<std::int64_t>(),
               metric.contains("least") ? fmt::format("{:.6g}", metric.at("least").get<double>()) : "",
               metric.contains("most") ? fmt::format("{:.6g}", metric.at("most").get<double>()) : "",
               metric.at("unit").get<std::string>(), metric.at("test").get<bool>() ? ", test" : "");
  }
  if (m.only_test) fmt::print("There are test scores alone: what selects by them selects by the test set.\n");
  for (const auto& [key, value] : m.about.items()) {
    const auto text = value.get<std::string>();
    if (!text.empty()) fmt::print("{:<9} {}\n", key, text);
  }
}

void check(const QuestionOptions& options) {
  const bench::Table table = bench::Table::load(options.table);
  if (!options.output.empty())
    base::write_file(options.output, view::render_table_check(table, options.metric, view::TableFormat::html));
  const auto format = options.json ? view::TableFormat::json : view::TableFormat::text;
  fmt::print("{}", view::render_table_check(table, options.metric, format, columns_of_the_terminal()));
  if (!options.output.empty()) fmt::print("page: {}\n", options.output);
}

// One query a line in, one answer a line out; where there is none, the error.
void query_many(const bench::Table& table, std::istream& in) {
  std::string line;
  std::int64_t asked = 0, wrong = 0;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    if (base::trim(line).empty()) continue;
    const auto question = base::parse_json(line);
    const auto answer =
        question ? bench::answer(table, *question) : base::Result<Json>(base::failure(question.error()));
    fmt::print("{}\n", (answer ? *answer : Json{{"line", number}, {"error", answer.error()}}).dump());
    ++asked;
    wrong += answer ? 0 : 1;
  }
  if (wrong > 0) throw base::Error(fmt::format("{} of {} queries have no answer", wrong, asked));
}

void query(const QuestionOptions& options) {
  const bench::Table table = bench::Table::load(options.table);
  if (!options.batch.empty()) {
    if (options.batch == "-") return query_many(table, std::cin);
    std::ifstream file(options.batch);
    if (!file) throw base::Error("cannot be read", options.batch);
    return query_many(table, file);
  }
  Json question = {
      {"task", options.task}, {"fidelity", options.fidelity}, {"seed", options.seed}, {"metric", options.metric}};
  question["genome"] = space::to_json(table.space(), read_genome(table.space(), options.genome));
  if (!options.unit.empty()) question["unit"] = options.unit;
  const auto answer = bench::answer(table, question);
  if (!answer) throw base::Error(answer.error());
  if (options.json) {
    fmt::print("{}\n", answer->dump());
    return;
  }
  const Json& value = answer->at("value");
  fmt::print("{}\n", value.is_number() ? base::number_text(value.get<double>()) : value.dump());
}

}  // namespace

void add_table_questions(CLI::App& table) {
  auto options = std::make_shared<QuestionOptions>();
  const auto part = [&](const char* name, const char* help, void (*action)(const QuestionOptions&)) {
    auto* command = add_part<QuestionOptions>(table, name, help, options, action);
    add_table_argument(command, options->table);
    command->add_flag("--json", options->json, "Prints JSON");
    return command;
  };
  part("show", "Says what a table holds.\nExample: weft table show tables/nasbench201", show);
  auto* checked = part("check",
                       "Says whether a table can be trusted: gaps, outliers, the noise of seeds beside the differences "
                       "between genomes, and how well curves can be continued.\nExample: weft table check "
                       "tables/nano_gpt --metric val_loss -o nano_gpt.html",
                       check);
  checked->add_option("--metric", options->metric, "What is looked at")->required();
  checked->add_option("-o,--output", options->output, "A page to write as well");
  auto* asked =
      part("query",
           "Prints one score, or one for each line of a file.\nExample: weft table query tables/nasbench201 "
           "--genome '|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|' --task cifar10 "
           "--fidelity 12 --seed 0 --metric val_accuracy --unit percent",
           query);
  auto* genome =
      asked->add_option("--genome", options->genome, "The genome: JSON, the space's own notation, a file, or -");
  auto* task = asked->add_option("--task", options->task, "The task");
  auto* fidelity = asked->add_option("--fidelity", options->fidelity, "The fidelity, in the table's unit");
  auto* seed = asked->add_option("--seed", options->seed, "The seed");
  auto* metric = asked->add_option("--metric", options->metric, "The metric");
  auto* unit = asked->add_option("--unit", options->unit, "The unit of the answer (default: the table's)");
  auto* batch =
      asked->add_option("--batch", options->batch,
                        "A file of queries, or - for standard input: on each line {\"genome\": ..., \"task\": "
                        "..., \"fidelity\": ..., \"seed\": ..., \"metric\": ..., \"unit\": ...}");
  for (CLI::Option* one : {genome, task, fidelity, seed, metric, unit}) one->excludes(batch);
  asked->callback([options, genome, task, fidelity, seed, metric, batch] {
    for (const CLI::Option* one : {genome, task, fidelity, seed, metric}) {
      if (batch->count() == 0 && one->count() == 0)
        throw base::Error("is needed: a table never chooses a cell by itself", one->get_name());
    }
    query(*options);
  });
}

}  // namespace weft::app
