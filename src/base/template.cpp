#include "base/template.hpp"

#include <kainjow/mustache.hpp>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::base {
namespace {

using kainjow::mustache::data;

data to_data(const Json& value) {
  if (value.is_object()) {
    data object{data::type::object};
    for (const auto& [key, member] : value.items()) object.set(key, to_data(member));
    return object;
  }
  if (value.is_array()) {
    data list{data::type::list};
    for (const Json& element : value) list.push_back(to_data(element));
    return list;
  }
  if (value.is_boolean()) return data{value.get<bool>() ? data::type::bool_true : data::type::bool_false};
  if (value.is_string()) return data{value.get<std::string>()};
  if (value.is_number()) return data{number_text(value.get<double>())};
  return data{data::type::bool_false};
}

}  // namespace

std::string render(const std::string& text, const std::string& name, const Json& data, Escape escape) {
  kainjow::mustache::mustache parsed(text);
  if (escape == Escape::none) parsed.set_custom_escape([](const std::string& plain) { return plain; });
  if (!parsed.is_valid()) throw Error("is no Mustache template: " + parsed.error_message(), name);
  return parsed.render(to_data(data));
}

}  // namespace weft::base
