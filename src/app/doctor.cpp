#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "block/dot.hpp"
#include "llm/config.hpp"
#include "net/device.hpp"
#include "train/data.hpp"

namespace weft::app {
namespace {

using base::Json;

// One line of the examination: what was looked for, and what was found or what to do.
struct Finding {
  std::string what, found;
  bool good = true;
};

Finding look(const std::string& what, const std::function<std::string()>& examine) {
  try {
    return {what, examine(), true};
  } catch (const std::exception& error) {
    return {what, error.what(), false};
  }
}

std::string data_line(const std::string& name) {
  train::TaskConfig config;
  config.data = name;
  return train::open_dataset(config)->description();
}

std::vector<Finding> examine() {
  std::vector<Finding> findings;
  findings.push_back(look("weft", [] { return "version " WEFT_VERSION ", files in " + base::home().string(); }));
  findings.push_back(look("libtorch", [] { return net::torch_version(); }));
  for (const std::string& line : net::describe_devices()) findings.push_back({"device", line, true});
  findings.push_back(look("language model", [] {
    llm::ProviderConfig config;
    config.provider = "llama";
    config.model = "smollm2-135m";
    config.threads = 1;
    return llm::make_provider(config)->name();
  }));
  findings.push_back(look("data", [] { return data_line("wordnet_glosses"); }));
  findings.push_back(look("data", [] { return data_line("fashion_mnist"); }));
  findings.push_back(look("diagrams", [] {
    block::to_svg("digraph { a }");
    return std::string("Graphviz draws");
  }));
  for (const char* key : {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"}) {
    const char* value = std::getenv(key);
    findings.push_back(
        {"key",
         std::string(key) +
             (value != nullptr && *value != '\0' ? " is set" : " is not set (needed for that provider only)"),
         true});
  }
  findings.push_back(look(
      "disk", [] { return base::short_count(static_cast<double>(base::fs::space(".").available)) + "B free here"; }));
  return findings;
}

void doctor(bool json) {
  const std::vector<Finding> findings = examine();
  bool good = true;
  for (const Finding& finding : findings) {
    good = good && finding.good;
    if (json) {
      fmt::print("{}\n", Json{{"what", finding.what}, {"found", finding.found}, {"good", finding.good}}.dump());
    } else {
      fmt::print("{} {:15} {}\n", finding.good ? "ok     " : "MISSING", finding.what, finding.found);
    }
  }
  if (!good) throw base::Error("something is missing; scripts/setup.sh installs all of it");
}

}  // namespace

void add_doctor(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  auto* command = app.add_subcommand(
      "doctor", "Says what is installed: devices, model, data, keys, a line each.\nExample: weft doctor");
  command->add_flag("--json", *json, "Prints a JSON object a line");
  command->callback([json] { doctor(*json); });
}

}  // namespace weft::app
