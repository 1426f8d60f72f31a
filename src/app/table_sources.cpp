#include <fmt/format.h>

#include <cstdio>

#include "app/signals.hpp"
#include "app/table.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "bench/import.hpp"
#include "http/download.hpp"

namespace weft::app {
namespace {

struct SourceOptions {
  std::string mapping, output, folder = "downloads";
  std::vector<std::string> files;
};

void import_files(const SourceOptions& options) {
  const std::vector<base::fs::path> files(options.files.begin(), options.files.end());
  const auto done = bench::import_table(options.mapping, files, options.output, [](std::int64_t records) {
    fmt::print(stderr, "{} records read\n", base::grouped(std::to_string(records)));
  });
  fmt::print("{}: {} rows of {} genomes from {} records{}\n", options.output,
             base::grouped(std::to_string(done.manifest.rows)), base::grouped(std::to_string(done.manifest.genomes)),
             base::grouped(std::to_string(done.records)),
             done.skipped > 0 ? fmt::format(" ({} left out)", done.skipped) : "");
  if (!done.of.empty())
    fmt::print("These are not all genomes of its space, which has {}: the table holds a sample.\n", done.of);
}

void fetch_file(const bench::Source& source, const base::fs::path& to, const std::stop_token& stop) {
  const auto url = http::Url::parse(source.url);
  if (!url) throw base::Error(url.error(), source.url);
  Pace pace;
  const auto tell = [&](std::int64_t bytes, std::int64_t of) {
    if (!pace.due()) return;
    fmt::print(stderr, "{}: {:.1f} of {:.1f} MB\n", source.name, 1e-6 * static_cast<double>(bytes),
               1e-6 * static_cast<double>(of));
  };
  http::download({.url = *url, .to = to, .sha256 = source.sha256, .most_bytes = source.most_bytes}, tell, stop);
}

// "{files}" stands for the files.
std::string with_files(std::string text, const std::string& files) {
  const std::size_t place = text.find("{files}");
  return place == text.npos ? text : text.replace(place, 7, files);
}

void fetch(const SourceOptions& options) {
  const bench::Sources sources = bench::sources_of(options.mapping);
  StopSignals signals([](const std::string&) {});
  std::vector<std::string> files;
  for (const bench::Source& source : sources.files) {
    const base::fs::path to = base::fs::path(options.folder) / source.name;
    fetch_file(source, to, signals.signs().gently);
    files.push_back(to.string());
    fmt::print("{}: {} bytes, SHA-256 as expected\n", to.string(),
               base::grouped(std::to_string(base::fs::file_size(to))));
  }
  const std::string all = base::join(files, " ");
  fmt::print("next:\n");
  if (!sources.convert.empty()) fmt::print("  {}\n", with_files(sources.convert, all));
  fmt::print("  weft table import {} {} -o tables/{}\n", options.mapping, with_files(sources.read, all),
             base::fs::path(options.mapping).stem().string());
}

}  // namespace

void add_table_sources(CLI::App& table) {
  auto options = std::make_shared<SourceOptions>();
  auto* fetched = add_part<SourceOptions>(
      table, "fetch",
      "Downloads a published benchmark and holds it to its SHA-256. Broken off, the same command goes on.\nExample: "
      "weft table fetch nasbench_macro",
      options, fetch);
  fetched
      ->add_option("mapping", options->mapping, "The benchmark: a name in nasbench/import/, or a path to a .yaml file")
      ->required();
  fetched->add_option("-o,--output", options->folder, "The folder for the files (default: downloads)");
  auto* imported = add_part<SourceOptions>(
      table, "import",
      "Makes a table of a published benchmark's files.\nExample: weft table import nasbench201_12epoch "
      "nasbench201_12epoch.csv.gz -o tables/nasbench201",
      options, import_files);
  imported
      ->add_option("mapping", options->mapping,
                   "What the files' columns are: a name in nasbench/import/, or a path to a .yaml file")
      ->required();
  imported->add_option("files", options->files, "The files")->required();
  imported->add_option("-o,--output", options->output, "The table's folder")->required();
}

}  // namespace weft::app
