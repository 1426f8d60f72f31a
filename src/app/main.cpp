#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <exception>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"

int main(int argc, char** argv) {
  using namespace weft;
  ::signal(SIGPIPE, SIG_IGN);
  CLI::App app(
      "weft: neural architecture search with a language model as the evolutionary operator.\n"
      "Example: weft run experiments/quickstart.yaml");
  app.set_version_flag("--version", "weft " WEFT_VERSION);
  app.require_subcommand(1);
  for (const auto add : {app::add_run, app::add_resume, app::add_report, app::add_space, app::add_block, app::add_model,
                         app::add_journal, app::add_llm, app::add_doctor, app::add_worker}) {
    add(app);
  }
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
  try {
    if (const std::string first = argc > 1 ? argv[1] : "-";
        !first.starts_with("-") && std::find(commands.begin(), commands.end(), first) == commands.end()) {
      std::erase(commands, "worker");
      throw base::Error("no command " + base::quote(first) + "; there are " + base::join(commands, ", ") +
                        base::did_you_mean(first, commands));
    }
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const base::Error& error) {
    fmt::print(stderr, "weft: {}\n", base::redact(error.what()));
    return static_cast<int>(error.fault());
  } catch (const std::exception& error) {
    fmt::print(stderr, "weft: internal error: {}\n", base::redact(error.what()));
    return 1;
  }
}
