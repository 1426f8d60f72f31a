#include "search/supernet.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "train/supernet_run.hpp"

namespace weft::search {
namespace {

// "supernet 25 %, step 120: validation loss 2.51 of the largest sub-network, 2.93 of the smallest, 2.70 between".
std::string words(const train::SupernetStatus& status) {
  const base::Json& point = status.measured;
  const auto loss = [&](const char* name) {
    return point.at(name).is_null() ? std::string("-") : fmt::format("{:.4f}", point.at(name).get<double>());
  };
  std::string text = fmt::format("supernet {:>3.0f} %  val_loss largest {}  middle {}  smallest {}", 100 * status.used,
                                 loss("largest"), loss("middle"), loss("smallest"));
  if (point.contains("derived")) text += fmt::format("  mixture {}  derived {}", loss("mixture"), loss("derived"));
  return text;
}

}  // namespace

std::optional<evaluate::Stage> own_supernet(const Experiment& experiment) {
  for (evaluate::Stage& stage : evaluate::stages_of(experiment.checked.at("evaluate"))) {
    if (stage.name() == "supernet" && !stage.options().contains("checkpoint")) return std::move(stage);
  }
  return std::nullopt;
}

base::fs::path supernet_file(const base::fs::path& folder) {
  return base::fs::absolute(folder) / "supernet.safetensors";
}

bool train_own_supernet(const Experiment& experiment, const base::fs::path& folder, Progress& progress,
                        const std::stop_token& stop) {
  const auto stage = own_supernet(experiment);
  if (!stage) return true;
  if (folder.empty()) throw base::internal_error("a run without a folder cannot train a supernet");
  const train::SupernetJob job{.space = &experiment.space,
                               .task = experiment.checked.at("task"),
                               .supernet = stage->options(),
                               .seed = experiment.seed(),
                               .file = supernet_file(folder)};
  progress.update([](Status& status) { status.phase = "supernet"; });
  const auto tell = [&](const train::SupernetStatus& now) {
    progress.update([&](Status& status) {
      status.supernet_used = now.used;
      status.supernet_loss = now.loss;
      status.supernet_step = now.step;
      if (!now.measured.is_null()) status.news.push_back(words(now));
    });
  };
  return train::train_supernet(job, tell, stop);
}

void check_mixture(const base::Document& document, const base::Json& checked) {
  bool learned = false;
  for (const evaluate::Stage& stage : evaluate::stages_of(checked.at("evaluate"))) {
    if (stage.name() != "supernet") continue;
    const base::Json& subnets = stage.options().at("subnets");
    learned = learned || subnets.contains("mixture") || stage.options().contains("checkpoint");
    if (!subnets.contains("mixture")) continue;
    const std::string where = "/evaluate" + stage.where + "/supernet/subnets/";
    for (const auto& [key, used] : {std::pair{"random", subnets.contains("random")},
                                    {"distill", subnets.at("distill") != 0},
                                    {"sort", subnets.at("sort") != false},
                                    {"own", subnets.at("own") != false},
                                    {"depth", subnets.at("depth") != "first"}}) {
      if (used)
        throw document.error(where + key,
                             std::string("'") + key + "' is of drawn sub-networks; with 'mixture' none are");
    }
  }
  if (checked.at("search").at("method").contains("mixture") && !learned)
    throw document.error("/search/method",
                         "the method mixture takes what a supernet learned; write evaluate: {supernet: {train: {steps: "
                         "1000}, subnets: {mixture: drnas}}}");
}

base::Json supernet_training(const Experiment& experiment, const base::fs::path& folder) {
  if (!own_supernet(experiment) || !base::fs::exists(supernet_file(folder))) return base::Json::object();
  try {
    return {{"curve", train::supernet_state(supernet_file(folder)).at("curve")}};
  } catch (const base::Error& error) {
    return {{"problem", error.what()}};
  }
}

base::Json mixture_probabilities(const Experiment& experiment, const base::fs::path& folder) {
  if (experiment.method() != "mixture") return nullptr;
  for (const evaluate::Stage& stage : evaluate::stages_of(experiment.checked.at("evaluate"))) {
    if (stage.name() != "supernet") continue;
    const base::fs::path file = stage.options().contains("checkpoint")
                                    ? base::fs::path(stage.options().at("checkpoint").get<std::string>())
                                    : supernet_file(folder);
    const base::Json state = train::supernet_state(file);
    if (state.contains("mixture")) return state.at("mixture").at("probabilities");
    throw base::Error("learned no mixture, which the method mixture needs; train it with subnets.mixture",
                      file.string());
  }
  throw base::internal_error("the method mixture without a supernet");
}

evaluate::Setup setup_of(const Experiment& experiment, const base::fs::path& folder) {
  evaluate::Setup setup = experiment.setup();
  if (const auto stage = own_supernet(experiment))
    setup.evaluate[base::Json::json_pointer(stage->where + "/supernet/checkpoint")] = supernet_file(folder).string();
  return setup;
}

}  // namespace weft::search
