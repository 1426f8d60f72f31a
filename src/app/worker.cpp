#include "evaluate/worker.hpp"

#include "app/commands.hpp"

namespace weft::app {

void add_worker(CLI::App& app) {
  auto* command =
      app.add_subcommand("worker", "Serves evaluations to the weft that started it, on descriptor 3. Not for people.");
  command->group("");
  command->callback([] {
    if (const int code = evaluate::serve_worker(3); code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace weft::app
