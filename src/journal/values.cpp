#include "journal/values.hpp"

namespace weft::journal {
namespace {

// JSON has no NaN and no infinity: they were written as null, and a metric that is no number is none.
std::map<std::string, double> numbers(const base::Json& outcome, const char* key) {
  std::map<std::string, double> list;
  const auto found = outcome.find(key);
  if (found == outcome.end()) return list;
  for (const auto& [name, value] : found->items()) {
    if (!value.is_null()) list[name] = value.get<double>();
  }
  return list;
}

}  // namespace

base::Json Outcome::to_json() const {
  base::Json value = {{"metrics", metrics}, {"measured", measured}, {"curve", curve}};
  if (!test.empty()) value["test"] = test;
  if (!ok()) {
    value["failure"] = failure;
    value["detail"] = detail;
    value["transient"] = transient;
  }
  return value;
}

Outcome Outcome::from_json(const base::Json& value) {
  return {.failure = value.value("failure", ""),
          .detail = value.value("detail", ""),
          .transient = value.value("transient", false),
          .metrics = numbers(value, "metrics"),
          .measured = numbers(value, "measured"),
          .test = numbers(value, "test"),
          .curve = value.value("curve", base::Json::array())};
}

Outcome Outcome::failed(std::string failure, std::string detail, bool transient) {
  Outcome outcome;
  outcome.failure = std::move(failure);
  outcome.detail = std::move(detail);
  outcome.transient = transient;
  return outcome;
}

}  // namespace weft::journal
