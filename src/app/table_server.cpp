#include <fmt/format.h>

#include <cstdio>

#include "app/signals.hpp"
#include "app/table.hpp"
#include "base/error.hpp"
#include "bench/query.hpp"
#include "bench/table.hpp"
#include "http/server.hpp"
#include "space/describe.hpp"

namespace weft::app {
namespace {

using base::Json;

struct ServerOptions {
  std::string table, host = "127.0.0.1";
  int port = 8080;
};

base::Json schema_of_question(const bench::Table& table) {
  const bench::Manifest& m = table.manifest();
  std::vector<std::string> metrics;
  for (const bench::Metric& metric : m.metrics) metrics.push_back(metric.name);
  Json genome = space::json_schema(table.space());
  if (table.space().text.exists()) genome = {{"anyOf", {genome, {{"type", "string"}}}}};
  return {{"type", "object"},
          {"required", {"genome", "task", "fidelity", "seed", "metric"}},
          {"properties",
           {{"genome", genome},
            {"task", {{"enum", m.tasks}}},
            {"fidelity", {{"enum", m.fidelities}}},
            {"seed", {{"enum", m.seeds}}},
            {"metric", {{"enum", metrics}}},
            {"unit", {{"type", "string"}}}}}};
}

// What the server answers, in the words of OpenAPI 3.1.
base::Json open_api(const bench::Table& table) {
  const Json number = {{"type", "number"}}, text = {{"type", "string"}};
  const Json points = {{"type", "array"}, {"items", {{"type", {"number", "null"}}}}};
  const Json score = {
      {"type", "object"},
      {"required", {"value", "unit"}},
      {"properties", {{"value", {{"anyOf", {number, points}}}}, {"unit", text}, {"steps", points}}},
      {"description", "A number with its unit; of a curve its points, and the steps at which they stand."}};
  const Json error = {{"type", "object"}, {"required", {"error"}}, {"properties", {{"error", text}}}};
  const auto content = [](const Json& schema) { return Json{{"application/json", {{"schema", schema}}}}; };
  const auto answers = [&](const char* what, const Json& schema) {
    return Json{{"200", {{"description", what}, {"content", content(schema)}}},
                {"400", {{"description", "What is wrong"}, {"content", content(error)}}}};
  };
  const Json question = schema_of_question(table);
  const auto body = [&](const Json& schema) { return Json{{"required", true}, {"content", content(schema)}}; };
  return {{"openapi", "3.1.0"},
          {"info", {{"title", table.manifest().name}, {"version", "1"}, {"description", table.manifest().description}}},
          {"paths",
           {{"/table",
             {{"get",
               {{"summary", "What the table holds"},
                {"responses", answers("The manifest, and ranges", {{"type", "object"}})}}}}},
            {"/query",
             {{"post",
               {{"summary", "One score"},
                {"requestBody", body(question)},
                {"responses", answers("The score and its unit", score)}}}}},
            {"/queries",
             {{"post",
               {{"summary", "Several scores"},
                {"requestBody", body({{"type", "array"}, {"items", question}})},
                {"responses", answers("A list: of each its score, or its error",
                                      {{"type", "array"}, {"items", {{"anyOf", {score, error}}}}})}}}}}}}};
}

base::Json parsed(const std::string& body) {
  auto value = base::parse_json(body);
  if (!value) throw base::Error(value.error());
  return std::move(*value);
}

void serve(const ServerOptions& options) {
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

}  // namespace

void add_table_server(CLI::App& table) {
  auto options = std::make_shared<ServerOptions>();
  auto* command = add_part<ServerOptions>(
      table, "serve",
      "Answers questions about a table over HTTP, without any key: for this machine, or a network that you "
      "trust.\nExample: weft table serve tables/nasbench201 --port 8080",
      options, serve);
  add_table_argument(command, options->table);
  command->add_option("--host", options->host, "The address to listen at (default 127.0.0.1)");
  command->add_option("--port", options->port, "The port (default 8080; 0: any that is free)")
      ->check(CLI::Range(0, 65535));
}

}  // namespace weft::app
