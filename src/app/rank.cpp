#include <fmt/format.h>

#include <map>
#include <memory>

#include "app/commands.hpp"
#include "app/terminal.hpp"
#include "view/rank_report.hpp"

namespace weft::app {
namespace {

struct RankOptions {
  std::string file, out, format = "text";
};

const std::map<std::string, view::RankFormat> kFormats{
    {"text", view::RankFormat::text}, {"html", view::RankFormat::html}, {"json", view::RankFormat::json}};

void rank(const RankOptions& options) {
  const search::RankStudy study = search::RankStudy::read(options.file);
  const std::size_t width = options.out.empty() ? columns_of_the_terminal() : 80;
  const std::string text = view::render_rank(study, kFormats.at(options.format), width);
  if (options.out.empty() && options.format != "html") {
    fmt::print("{}", text);
    return;
  }
  const base::fs::path file =
      options.out.empty() ? base::fs::path(options.file).replace_extension(".html") : base::fs::path(options.out);
  base::write_file(file, text);
  fmt::print("{}\n", file.string());
}

}  // namespace

void add_rank(CLI::App& app) {
  auto options = std::make_shared<RankOptions>();
  auto* command = app.add_subcommand(
      "rank",
      "Measures how well cheap scores rank genomes as stand-alone training does: Kendall's tau, Spearman's rho and "
      "regret, with intervals, beside sorting by parameters.\n"
      "Example: weft rank rank.json --format html -o rank.html");
  command->add_option("file", options->file, "A JSON file of genomes with scores and truth: see docs/ranking.md")
      ->required();
  command->add_option("--format", options->format, "text (default), html or json")
      ->check(CLI::IsMember({"text", "html", "json"}))
      ->option_text("FORMAT");
  command->add_flag_callback(
      "--json", [options] { options->format = "json"; }, "The same as --format json");
  command->add_option(
      "-o,--out", options->out,
      "The file to write (default: html beside FILE, with the ending .html; text and json are printed)");
  command->callback([options] { rank(*options); });
}

}  // namespace weft::app
