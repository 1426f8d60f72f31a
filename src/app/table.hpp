// The commands of `weft table`, by what they are for.
#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace weft::app {

void add_table_sources(CLI::App& table);     ///< fetch, import
void add_table_making(CLI::App& table);      ///< generate, build, merge
void add_table_questions(CLI::App& table);   ///< show, check, query
void add_table_server(CLI::App& table);      ///< serve
void add_table_surrogates(CLI::App& table);  ///< surrogate, predict

/// A command of `weft table` that does `action` with the options, which live as long as the command.
template <class Options>
CLI::App* add_part(CLI::App& table, const char* name, const char* help, const std::shared_ptr<Options>& options,
                   void (*action)(const Options&)) {
  auto* command = table.add_subcommand(name, help);
  command->callback([options, action] { action(*options); });
  return command;
}

/// The argument of commands that read a table.
inline void add_table_argument(CLI::App* command, std::string& table) {
  command->add_option("table", table, "A table: its folder, or its table.yaml")->required();
}

}  // namespace weft::app
