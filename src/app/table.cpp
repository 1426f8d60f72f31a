#include "bench/table.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "app/commands.hpp"
#include "app/genome.hpp"
#include "app/run.hpp"
#include "app/signals.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "bench/from_run.hpp"
#include "bench/import.hpp"
#include "bench/query.hpp"
#include "bench/surrogate.hpp"
#include "http/server.hpp"
#include "journal/journal.hpp"
#include "search/experiment.hpp"
#include "space/describe.hpp"
#include "space/genome_text.hpp"
#include "view/table_report.hpp"

namespace weft::app {
namespace {

using base::Json;

struct TableOptions {
  std::string table, mapping, output, batch, run;
  std::vector<std::string> files, settings;
  std::string genome, task, metric, unit;
  double fidelity = 0;
  std::int64_t seed = 0;
  std::string host = "127.0.0.1";
  int port = 8080;
  bool json = false;
};

void import_files(const TableOptions& options) {
  const std::vector<base::fs::path> files(options.files.begin(), options.files.end());
  const auto done = bench::import_table(options.mapping, files, options.output, [](std::int64_t records) {
    fmt::print(stderr, "{} records read\n", base::grouped(std::to_string(records)));
  });
  fmt::print("{}: {} rows of {} genomes from {} records{}\n", options.output,
             base::grouped(std::to_string(done.manifest.rows)), base::grouped(std::to_string(done.manifest.genomes)),
             base::grouped(std::to_string(done.records)),
             done.skipped > 0 ? fmt::format(" ({} left out)", done.skipped) : "");
}

std::string joined(const std::vector<double>& values) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(base::number_text(value));
  return base::join(texts, ", ");
}

void show(const TableOptions& options) {
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
  for (const auto& [key, text] : m.about.items()) {
    if (text != "") fmt::print("{:<9} {}\n", key, text.get<std::string>());
  }
}

void fit(const TableOptions& options) {
  const bench::Table table = bench::Table::load(options.table, {.metrics = std::vector{options.metric}});
  const bench::Manifest& m = table.manifest();
  const bench::SurrogateTarget target{.metric = options.metric,
                                      .task = options.task.empty() ? m.tasks.front() : options.task,
                                      .fidelity = options.fidelity > 0 ? options.fidelity : m.fidelities.back()};
  bench::SurrogateQuality quality;
  const auto surrogate =
      bench::Surrogate::fit(table, target, {.seed = static_cast<std::uint64_t>(options.seed)}, quality);
  surrogate.save(options.output, quality);
  if (options.json) {
    fmt::print("{}\n", quality.to_json().dump(2));
    return;
  }
  const auto tau = [](const std::optional<double>& value) { return value ? fmt::format("{:.3f}", *value) : "-"; };
  fmt::print("{}: {} on {}, fidelity {}\n", options.output, target.metric, target.task,
             base::number_text(target.fidelity));
  fmt::print("on {} genomes that it had not seen, fitted to {}:\n", quality.held_out, quality.fitted);
  fmt::print("  R2 {:.3f}, root mean square error {:.4g} {}\n", quality.r2, quality.rmse,
             m.metrics[m.metric(target.metric)].unit);
  fmt::print("  Kendall's tau {}; of sorting by parameters {}\n", tau(quality.tau), tau(quality.params_tau));
  fmt::print("  within its intervals of 50, 80, 95 %: {:.0f}, {:.0f}, {:.0f} % of the scores\n", 100 * quality.within50,
             100 * quality.within80, 100 * quality.within95);
}

void check(const TableOptions& options) {
  const bench::Table table = bench::Table::load(options.table);
  if (!options.output.empty())
    base::write_file(options.output, view::render_table_check(table, options.metric, view::TableFormat::html));
  const auto format = options.json ? view::TableFormat::json : view::TableFormat::text;
  fmt::print("{}", view::render_table_check(table, options.metric, format, columns_of_the_terminal()));
  if (!options.output.empty()) fmt::print("page: {}\n", options.output);
}

void predict(const TableOptions& options) {
  const auto surrogate = bench::Surrogate::load(options.table);
  const bench::Prediction said = surrogate.predict(read_genome(surrogate.space(), options.genome));
  if (options.json) {
    fmt::print("{}\n", Json{{"metric", surrogate.metric()}, {"mean", said.mean}, {"deviation", said.deviation}}.dump());
  } else {
    fmt::print("{}{}\n", base::number_text(said.mean),
               said.deviation > 0 ? fmt::format(" ± {:.4g}", said.deviation) : "");
  }
}

// One query a line in, one answer a line out.
void query_many(const bench::Table& table, std::istream& in) {
  std::string line;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    if (base::trim(line).empty()) continue;
    const auto question = base::parse_json(line);
    const auto answer =
        question ? bench::answer(table, *question) : base::Result<Json>(base::failure(question.error()));
    if (!answer) throw base::Error(answer.error(), "line " + std::to_string(number));
    fmt::print("{}\n", answer->dump());
  }
}

void query(const TableOptions& options) {
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

std::string counted(const bench::Manifest& manifest) {
  return base::grouped(std::to_string(manifest.rows)) + " rows of " + base::grouped(std::to_string(manifest.genomes)) +
         " genomes";
}

void build(const TableOptions& options) {
  const auto journal = journal::Journal::open(options.run, journal::Journal::Mode::read);
  const Json about = journal->header().at("experiment").value("table", Json::object());
  const bench::Built built = bench::table_of_run(*journal, about, options.output);
  fmt::print("{}: {}{}\n", options.output, counted(built.manifest),
             built.failed > 0 ? fmt::format("; {} evaluations failed and have none", built.failed) : "");
}

void merge(const TableOptions& options) {
  const std::vector<base::fs::path> tables(options.files.begin(), options.files.end());
  fmt::print("{}: {}\n", options.output, counted(bench::merge_tables(tables, options.output)));
}

// Begins the run, or goes on with it; and makes the table of what it has, also where it is stopped.
void generate(TableOptions options) {
  search::Experiment experiment = search::Experiment::load(options.mapping, options.settings);
  if (experiment.method() != "grid")
    throw base::Error("the method grid was expected: search: {method: {grid: {sample: 500, seeds: 3}}}",
                      experiment.file);
  if (options.run.empty()) options.run = (base::fs::path("runs") / experiment.name).string();
  if (options.output.empty()) options.output = (base::fs::path("tables") / experiment.name).string();
  RunOptions run_options{.experiment = options.mapping, .folder = options.run, .settings = options.settings};
  if (base::fs::exists(base::fs::path(options.run) / "journal.sqlite")) {
    run_options.settings.clear();  // a run that goes on keeps its own
    resume(run_options);
  } else {
    run(run_options);
  }
  build(options);
}

base::Json schema_of_question(const bench::Table& table) {
  const bench::Manifest& m = table.manifest();
  std::vector<std::string> metrics;
  for (const bench::Metric& metric : m.metrics) metrics.push_back(metric.name);
  return {{"type", "object"},
          {"required", {"genome", "task", "fidelity", "seed", "metric"}},
          {"properties",
           {{"genome", space::json_schema(table.space())},
            {"task", {{"enum", m.tasks}}},
            {"fidelity", {{"enum", m.fidelities}}},
            {"seed", {{"enum", m.seeds}}},
            {"metric", {{"enum", metrics}}},
            {"unit", {{"type", "string"}}}}}};
}

// What the server answers, in the words of OpenAPI 3.1.
base::Json open_api(const bench::Table& table) {
  const auto answers = [](const char* what) {
    return Json{{"200", {{"description", what}, {"content", {{"application/json", Json::object()}}}}},
                {"400", {{"description", "What is wrong: {\"error\": ...}"}}}};
  };
  const Json question = schema_of_question(table);
  const auto body = [](const Json& schema) {
    return Json{{"required", true}, {"content", {{"application/json", {{"schema", schema}}}}}};
  };
  return {{"openapi", "3.1.0"},
          {"info", {{"title", table.manifest().name}, {"version", "1"}, {"description", table.manifest().description}}},
          {"paths",
           {{"/table",
             {{"get", {{"summary", "What the table holds"}, {"responses", answers("The manifest, and ranges")}}}}},
            {"/query",
             {{"post",
               {{"summary", "One score"},
                {"requestBody", body(question)},
                {"responses", answers("The score and its unit")}}}}},
            {"/queries",
             {{"post",
               {{"summary", "Several scores"},
                {"requestBody", body({{"type", "array"}, {"items", question}})},
                {"responses", answers("A list: of each its score, or its error")}}}}}}}};
}

base::Json parsed(const std::string& body) {
  auto value = base::parse_json(body);
  if (!value) throw base::Error(value.error());
  return std::move(*value);
}

void serve(const TableOptions& options) {
  const bench::Table table = bench::Table::load(options.table);
  const Json described = bench::describe(table), api = open_api(table);
  http::Server server;
  const auto text = [](const Json& value) {
    return http::Server::Answer{.status = 200,
                                .body = value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
  };
  server.on("GET", "/table", [&](const std::string&) { return text(described); });
  server.on("GET", "/openapi.json", [&](const std::string&) { return text(api); });
  server.on("POST", "/query", [&](const std::string& body) {
    const auto answer = bench::answer(table, parsed(body));
    if (!answer) throw base::Error(answer.error());
    return text(*answer);
  });
  server.on("POST", "/queries", [&](const std::string& body) {
    const Json questions = parsed(body);
    if (!questions.is_array()) throw base::Error("a list of questions was expected");
    Json answers = Json::array();
    for (const Json& question : questions) {
      const auto answer = bench::answer(table, question);
      answers.push_back(answer ? *answer : Json{{"error", answer.error()}});
    }
    return text(answers);
  });
  StopSignals signals([](const std::string&) {});
  const int port = server.bind(options.host, options.port);
  fmt::print(stderr, "{} at http://{}:{}/table, /query, /queries, /openapi.json; Ctrl-C ends it\n",
             described.at("name").get<std::string>(), options.host, port);
  server.serve(signals.signs().gently);
}

CLI::App* part(CLI::App& parent, const char* name, const char* help, const std::shared_ptr<TableOptions>& options,
               void (*action)(const TableOptions&)) {
  auto* command = parent.add_subcommand(name, help);
  command->callback([options, action] { action(*options); });
  return command;
}

void add_table_argument(CLI::App* command, const std::shared_ptr<TableOptions>& options) {
  command->add_option("table", options->table, "A table: its folder, or its table.yaml")->required();
  command->add_flag("--json", options->json, "Prints JSON");
}

}  // namespace

void add_table(CLI::App& app) {
  auto options = std::make_shared<TableOptions>();
  auto* command = app.add_subcommand("table", "Benchmark tables: import, generate, merge, check, query; surrogates.");
  command->require_subcommand(1);
  auto* import = part(*command, "import",
                      "Makes a table of a published benchmark's files.\nExample: weft table import nasbench201_12epoch "
                      "nasbench201_12epoch.csv.gz -o tables/nasbench201",
                      options, import_files);
  import
      ->add_option("mapping", options->mapping,
                   "What the files' columns are: a name in nasbench/import/, or a path to a .yaml file")
      ->required();
  import->add_option("files", options->files, "The files")->required();
  import->add_option("-o,--output", options->output, "The table's folder")->required();
  auto* generated = part(*command, "generate",
                         "Evaluates genomes with several seeds, as an experiment with the method grid says, and makes "
                         "a table of them. Stopped or killed, the same command goes on.\nExample: weft table generate "
                         "nasbench/recipes/nano_gpt.yaml",
                         options, [](const TableOptions& given) { generate(given); });
  generated->add_option("recipe", options->mapping, "The experiment: a path to a .yaml file")->required();
  generated->add_option("--run", options->run, "The run's folder (default: runs/<name>)");
  generated->add_option("-o,--output", options->output, "The table's folder (default: tables/<name>)");
  generated
      ->add_option("--set", options->settings,
                   "Sets a key of the experiment: key=value, as search.method.grid.shard=2/5")
      ->allow_extra_args(false);
  auto* built = part(*command, "build",
                     "Makes a table of what a run has evaluated so far.\nExample: weft table build runs/nano_gpt -o "
                     "tables/nano_gpt",
                     options, build);
  built->add_option("run", options->run, "The run's folder")->required();
  built->add_option("-o,--output", options->output, "The table's folder")->required();
  auto* merged = part(*command, "merge",
                      "Joins tables of one space and recipe, such as the shards that several machines made. Cells that "
                      "contradict each other are refused.\nExample: weft table merge tables/part1 tables/part2 -o "
                      "tables/whole",
                      options, merge);
  merged->add_option("tables", options->files, "The tables")->required()->expected(2, 10'000);
  merged->add_option("-o,--output", options->output, "The folder of the joint one")->required();
  auto* shown =
      part(*command, "show", "Says what a table holds.\nExample: weft table show tables/nasbench201", options, show);
  add_table_argument(shown, options);
  auto* served = part(*command, "serve",
                      "Answers questions about a table over HTTP, without any key: for this machine, or a network that "
                      "you trust.\nExample: weft table serve tables/nasbench201 --port 8080",
                      options, serve);
  served->add_option("table", options->table, "A table: its folder, or its table.yaml")->required();
  served->add_option("--host", options->host, "The address to listen at (default 127.0.0.1)");
  served->add_option("--port", options->port, "The port (default 8080; 0: any that is free)")
      ->check(CLI::Range(0, 65535));
  auto* verified =
      part(*command, "check",
           "Says whether a table can be trusted: gaps, outliers, the noise of seeds beside the differences "
           "between genomes, and how well curves can be continued.\nExample: weft table check "
           "tables/nano_gpt --metric val_loss -o nano_gpt.html",
           options, check);
  add_table_argument(verified, options);
  verified->add_option("--metric", options->metric, "What is looked at")->required();
  verified->add_option("-o,--output", options->output, "A page to write as well");
  auto* fitted = part(*command, "surrogate",
                      "Fits a surrogate to a table, and says how good it is on genomes that it had not seen.\nExample: "
                      "weft table surrogate tables/nano_gpt --metric val_loss -o surrogates/nano_gpt",
                      options, fit);
  add_table_argument(fitted, options);
  fitted->add_option("--metric", options->metric, "What is to be predicted")->required();
  fitted->add_option("--task", options->task, "The task (default: the table's first)");
  fitted->add_option("--fidelity", options->fidelity, "The fidelity (default: the full one)");
  fitted->add_option("--seed", options->seed, "Seed of the split and of the trees (default 0)");
  fitted->add_option("-o,--output", options->output, "The surrogate's folder")->required();
  auto* predicted = part(*command, "predict",
                         "Prints what a surrogate predicts for a genome.\nExample: weft table predict "
                         "surrogates/nano_gpt --genome '{\"embed_dim\": 64, ...}'",
                         options, predict);
  predicted->add_option("surrogate", options->table, "A surrogate's folder")->required();
  predicted->add_flag("--json", options->json, "Prints JSON");
  predicted->add_option("--genome", options->genome, "The genome: JSON, the space's own notation, a file, or -")
      ->required();
  auto* asked = part(*command, "query",
                     "Prints one score, or one for each line of a file.\nExample: weft table query tables/nasbench201 "
                     "--genome '|nor_conv_3x3~0|+|...' --task cifar10 --fidelity 12 --seed 0 --metric val_accuracy "
                     "--unit percent",
                     options, query);
  add_table_argument(asked, options);
  auto* genome =
      asked->add_option("--genome", options->genome, "The genome: JSON, the space's own notation, a file, or -");
  auto* task = asked->add_option("--task", options->task, "The task");
  auto* fidelity = asked->add_option("--fidelity", options->fidelity, "The fidelity, in the table's unit");
  auto* seed = asked->add_option("--seed", options->seed, "The seed");
  auto* metric = asked->add_option("--metric", options->metric, "The metric");
  asked->add_option("--unit", options->unit, "The unit of the answer (default: the table's)");
  auto* batch =
      asked->add_option("--batch", options->batch,
                        "A file of queries, or - for standard input: on each line {\"genome\": ..., \"task\": "
                        "..., \"fidelity\": ..., \"seed\": ..., \"metric\": ..., \"unit\": ...}");
  for (CLI::Option* one : {genome, task, fidelity, seed, metric}) one->excludes(batch);
  asked->callback([options, genome, task, fidelity, seed, metric, batch] {
    for (const CLI::Option* one : {genome, task, fidelity, seed, metric}) {
      if (batch->count() == 0 && one->count() == 0)
        throw base::Error("is needed: a table never chooses a cell by itself", one->get_name());
    }
    query(*options);
  });
}

}  // namespace weft::app
