#include "app/table.hpp"

#include "app/commands.hpp"

namespace weft::app {

void add_table(CLI::App& app) {
  auto* command =
      app.add_subcommand("table", "Benchmark tables: fetch, import, generate, merge, check, query; surrogates.");
  command->require_subcommand(1);
  add_table_sources(*command);
  add_table_making(*command);
  add_table_questions(*command);
  add_table_server(*command);
  add_table_surrogates(*command);
}

}  // namespace weft::app
