#include "train/data.hpp"

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::train {
namespace {

struct Row {
  const char* name;
  std::unique_ptr<Dataset> (*open)(const TaskConfig&);
  const char* licence;
};

constexpr std::array kDatasets{Row{"wordnet_glosses", datasets::wordnet_glosses,
                                   "WordNet 3.0 License, Princeton University: free for any purpose with its notice"},
                               Row{"text_file", datasets::text_file, "that of your own text, which weft does not know"},
                               Row{"fashion_mnist", datasets::fashion_mnist, "MIT License, Zalando SE"}};

}  // namespace

TaskConfig TaskConfig::from_json(const base::Json& checked) {
  return {.data = checked.at("data"), .path = checked.value("path", ""), .context = checked.at("context")};
}

std::unique_ptr<Dataset> open_dataset(const TaskConfig& config) {
  for (const Row& row : kDatasets) {
    if (config.data == row.name) return row.open(config);
  }
  throw base::Error("no data set '" + config.data + "'; there are " + base::join(dataset_names(), ", ") +
                    base::did_you_mean(config.data, dataset_names()));
}

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const Row& row : kDatasets) names.emplace_back(row.name);
  return names;
}

std::string dataset_licence(const std::string& name) {
  for (const Row& row : kDatasets) {
    if (name == row.name) return row.licence;
  }
  return "";
}

Split split_of(std::string_view example) {
  const std::uint64_t share = base::hash64(example) % 20;
  if (share == 0) return Split::test;
  return share == 1 ? Split::validation : Split::train;
}

}  // namespace weft::train
