#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"
#include "base/schema.hpp"
#include "evaluate/evaluator.hpp"
#include "evolve/proposer.hpp"
#include "llm/config.hpp"
#include "search/experiment.hpp"
#include "train/data.hpp"

namespace weft::search {
namespace {

using base::Json;
using Names = std::set<std::string>;

Names set_of(const std::vector<std::string>& list) {
  return {list.begin(), list.end()};
}

Names keys_at(const Json& schema, const std::string& pointer) {
  Names names;
  for (const auto& [name, value] : schema.at(Json::json_pointer(pointer)).items()) names.insert(name);
  return names;
}

// A name that is in one of the two only could be written and not run, or run and not written.
TEST(ExperimentSchema, KnowsTheNamesInTheRegistriesAndNoOthers) {
  const Json schema = base::load_schema("experiment");
  const auto values = [&](const std::string& pointer) {
    return schema.at(Json::json_pointer(pointer)).get<std::vector<std::string>>();
  };
  EXPECT_EQ(keys_at(schema, "/properties/search/properties/method/properties"), set_of(evolve::method_names()));
  EXPECT_EQ(keys_at(schema, "/properties/evaluate/properties"), set_of(evaluate::evaluator_names()));
  EXPECT_EQ(set_of(values("/$defs/llm/properties/provider/enum")), set_of(llm::provider_names()));
  EXPECT_EQ(set_of(values("/properties/task/properties/data/enum")), set_of(train::dataset_names()));
}

TEST(Experiments, ThatComeWithWeftCanBeLoaded) {
  for (const std::string& name : base::list_data("experiments", ".yaml")) {
    const std::string file = (base::home() / "experiments" / (name + ".yaml")).string();
    try {
      EXPECT_EQ(Experiment::load(file, {}).name, name);
    } catch (const base::Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

}  // namespace
}  // namespace weft::search
