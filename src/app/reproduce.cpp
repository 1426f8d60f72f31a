#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <memory>

#include "app/commands.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "search/reproduction.hpp"
#include "view/reproduction_report.hpp"

namespace weft::app {
namespace {

struct ReproduceOptions {
  std::string recipe, table, out;
  int repetitions = 0;
  std::uint64_t seed = 1;
  bool json = false;
};

base::fs::path table_of(const ReproduceOptions& options, const search::Recipe& recipe) {
  if (!options.table.empty()) return options.table;
  const base::fs::path usual = base::fs::path("tables") / recipe.table;
  if (base::fs::exists(usual / "table.yaml")) return usual;
  throw base::Error("no table at " + usual.string() + "; make it with: weft table import " + recipe.table +
                        " FILE -o " + usual.string() + ", or say where it is with --table",
                    recipe.name);
}

void reproduce(const ReproduceOptions& options) {
  const search::Recipe recipe = search::Recipe::load(options.recipe);
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  const auto done = search::reproduce(
      recipe, table_of(options, recipe), options.repetitions, options.seed, [&](std::size_t count, std::size_t all) {
        if (!terminal) return;
        fmt::print(stderr, "\r{} of {} methods and tasks{}", count, all, count == all ? "\n" : "");
      });
  if (!options.out.empty())
    base::write_file(options.out, view::render_reproduction(done, view::ReproductionFormat::html));
  const auto format = options.json ? view::ReproductionFormat::json : view::ReproductionFormat::text;
  fmt::print("{}", view::render_reproduction(done, format, columns_of_the_terminal()));
  if (!options.out.empty()) fmt::print("page: {}\n", options.out);
}

}  // namespace

void add_reproduce(CLI::App& app) {
  auto options = std::make_shared<ReproduceOptions>();
  auto* command = app.add_subcommand(
      "reproduce",
      "Runs a published comparison again on a table, and puts what comes out beside what was published.\n"
      "Example: weft reproduce nasbench201 --table tables/nasbench201_12epoch -o nasbench201.html");
  command->add_option("recipe", options->recipe, "A name in nasbench/published/, or a path to a .yaml file")
      ->required();
  command->add_option("--table", options->table, "The table's folder (default: tables/<its mapping's name>)");
  command->add_option("--repetitions", options->repetitions, "Repetitions of each method (default: the recipe's)")
      ->check(CLI::Range(2, 1'000'000));
  command->add_option("--seed", options->seed, "Seed of the first repetition (default 1)");
  command->add_option("-o,--out", options->out, "A page to write as well");
  command->add_flag("--json", options->json, "Prints JSON");
  command->callback([options] { reproduce(*options); });
}

}  // namespace weft::app
