#include "train/data.hpp"

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::train {
namespace {

struct Row {
  const char* name;
  std::unique_ptr<Dataset> (*open)(const TaskConfig&);
  DataTraits traits;
  const char* licence;
};

constexpr DataTraits kBytes{.task = space::Task::language_model};
constexpr DataTraits kImages{.task = space::Task::image_classification};

constexpr std::array kDatasets{
    Row{"wordnet_glosses", datasets::wordnet_glosses, kBytes,
        "WordNet 3.0 License, Princeton University: free for any purpose with its notice"},
    Row{"text_file", datasets::text_file, kBytes, "that of your own text, which weft does not know"},
    Row{"token_shards",
        datasets::token_shards,
        {.task = space::Task::language_model, .own_vocabulary = true},
        "that of the text behind your own tokens, which weft does not know"},
    Row{"fashion_mnist", datasets::fashion_mnist, kImages, "MIT License, Zalando SE"},
    Row{"image_folder",
        datasets::image_folder,
        {.task = space::Task::image_classification, .scaled_images = true},
        "that of your own images, which weft does not know; ImageNet's are for non-commercial research and education"}};

const Row& find(const std::string& name) {
  for (const Row& row : kDatasets) {
    if (name == row.name) return row;
  }
  throw base::Error("no data set '" + name + "'; there are " + base::join(dataset_names(), ", ") +
                    base::did_you_mean(name, dataset_names()));
}

}  // namespace

Batch Dataset::part(base::Random& random, std::int64_t size, std::int64_t first, std::int64_t count) const {
  const Batch all = sample(random, size);
  return {all.input.narrow(0, first, count), all.target.narrow(0, first, count), all.mix};
}

void Dataset::prepare(const base::Random& /*random*/, std::int64_t /*first*/, std::int64_t /*count*/) const {}

TaskConfig TaskConfig::from_json(const base::Json& checked) {
  TaskConfig config{.data = checked.at("data"), .path = checked.value("path", ""), .context = checked.at("context")};
  config.vocabulary = checked.value("vocabulary", config.vocabulary);
  config.image_size = checked.value("image_size", config.image_size);
  if (checked.contains("augment")) config.augment = Augment::from_json(checked.at("augment"));
  return config;
}

std::unique_ptr<Dataset> open_dataset(const TaskConfig& config) {
  return find(config.data).open(config);
}

DataTraits dataset_traits(const std::string& name) {
  return find(name).traits;
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
