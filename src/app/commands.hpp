// The subcommands of weft, one source file each. add_*() describes a subcommand to CLI11 and says what it does.
#pragma once

#include <CLI/CLI.hpp>

namespace weft::app {

void add_run(CLI::App& app);
void add_resume(CLI::App& app);
void add_report(CLI::App& app);
void add_rank(CLI::App& app);
void add_space(CLI::App& app);
void add_block(CLI::App& app);
void add_model(CLI::App& app);
void add_latency(CLI::App& app);
void add_table(CLI::App& app);
void add_reproduce(CLI::App& app);
void add_supernet(CLI::App& app);
void add_export(CLI::App& app);
void add_journal(CLI::App& app);
void add_worker(CLI::App& app);
void add_llm(CLI::App& app);
void add_doctor(CLI::App& app);

}  // namespace weft::app
