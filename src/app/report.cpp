#include "view/report.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>

#include "app/commands.hpp"

namespace weft::app {
namespace {

struct ReportOptions {
  std::string folder, out, format = "html";
};

const std::map<std::string, view::Format> kFormats{
    {"html", view::Format::html}, {"md", view::Format::markdown}, {"json", view::Format::json}};

void report(const ReportOptions& options) {
  const auto journal = journal::Journal::open(options.folder, journal::Journal::Mode::read);
  const std::string text = view::render_report(*journal, kFormats.at(options.format));
  const bool page = options.format == "html";
  if (!page && options.out.empty()) {
    fmt::print("{}", text);
    return;
  }
  const base::fs::path file =
      options.out.empty() ? base::fs::path(options.folder) / "report.html" : base::fs::path(options.out);
  base::write_file(file, text);
  fmt::print("{}\n", file.string());
}

}  // namespace

void add_report(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  auto* command = app.add_subcommand(
      "report",
      "Writes a run's report: one HTML file that needs nothing else. Also of a run that is still going.\n"
      "Example: weft report runs/quickstart --format md");
  command->add_option("folder", options->folder, "The run's folder")->required();
  command->add_option("--format", options->format, "html (default), md or json")
      ->check(CLI::IsMember({"html", "md", "json"}))
      ->option_text("FORMAT");
  command->add_flag_callback(
      "--json", [options] { options->format = "json"; }, "The same as --format json");
  command->add_option("-o,--out", options->out,
                      "The file to write (default: report.html in the run's folder; md and json are printed)");
  command->callback([options] { report(*options); });
}

}  // namespace weft::app
