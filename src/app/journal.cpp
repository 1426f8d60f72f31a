#include "journal/journal.hpp"

#include <fmt/format.h>

#include <memory>

#include "app/commands.hpp"

namespace weft::app {

void add_journal(CLI::App& app) {
  auto* command = app.add_subcommand("journal", "Reads a run's journal.");
  command->require_subcommand(1);
  struct Options {
    std::string folder;
    bool all = false;
  };
  auto options = std::make_shared<Options>();
  auto* dump = command->add_subcommand("dump",
                                       "Prints the run in trial order, a JSON object a line, without times: two runs "
                                       "of the same search can be compared.\n"
                                       "Example: weft journal dump runs/quickstart | head -3");
  dump->add_option("folder", options->folder, "The run's folder")->required();
  dump->add_flag("--all", options->all, "Adds what was measured: times, memory, requests sent");
  dump->callback([options] {
    fmt::print("{}", journal::Journal::open(options->folder, journal::Journal::Mode::read)->dump(options->all));
  });
}

}  // namespace weft::app
