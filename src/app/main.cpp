#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <system_error>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"

namespace {

using namespace weft;

// A file that is opened later must not take the place of a standard output that was closed.
void open_standard_files() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (fd >= 0) ::close(fd);
}

int fail(const std::string& what, int code) {
  std::fputs(("weft: " + base::redact(what) + "\n").c_str(), stderr);
  return code;
}

// Where what was printed did not arrive: silence where the reader wanted no more.
int unwritten(const std::error_code& code) {
  if (code.value() == EPIPE) return 0;
  return fail("standard output cannot be written: " + code.message(), 1);
}

int misused(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0 || error.get_name() == "RuntimeError") return app.exit(error) == 0 ? 0 : 2;
  const CLI::App* command = &app;
  std::string name = "weft";
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  const std::vector<std::string> rest = command->remaining();
  const auto known = command->get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); });
  if (known.empty() || rest.empty()) return fail(base::one_line(error.what()) + "; see " + name + " --help", 2);
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const CLI::App* one : known) names.push_back(one->get_name());
  return fail("no command " + base::quote(rest.front()) + "; there are " + base::join(names, ", ") +
                  base::did_you_mean(rest.front(), names),
              2);
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_files();
  ::signal(SIGPIPE, SIG_IGN);
  CLI::App app(
      "weft: neural architecture search with a language model as the evolutionary operator.\n"
      "Example: weft run experiments/quickstart.yaml");
  app.set_version_flag("--version", "weft " WEFT_VERSION);
  app.require_subcommand(1);
  for (const auto add :
       {app::add_run, app::add_resume, app::add_report, app::add_supernet, app::add_rank, app::add_space,
        app::add_block, app::add_model, app::add_latency, app::add_table, app::add_reproduce, app::add_export,
        app::add_journal, app::add_llm, app::add_doctor, app::add_worker}) {
    add(app);
  }
  try {
    app.parse(argc, argv);
    return std::fflush(stdout) == 0 ? 0 : unwritten({errno, std::generic_category()});
  } catch (const CLI::ParseError& error) {
    return misused(app, error);
  } catch (const base::Error& error) {
    return fail(error.what(), static_cast<int>(error.fault()));
  } catch (const std::system_error& error) {  // of fmt::print
    return unwritten(error.code());
  } catch (const std::exception& error) {
    return fail(std::string("internal error: ") + error.what(), 1);
  }
}
