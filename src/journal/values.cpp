#include "journal/values.hpp"

namespace weft::journal {

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
  using Numbers = std::map<std::string, double>;
  return {.failure = value.value("failure", ""),
          .detail = value.value("detail", ""),
          .transient = value.value("transient", false),
          .metrics = value.value("metrics", Numbers()),
          .measured = value.value("measured", Numbers()),
          .test = value.value("test", Numbers()),
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
