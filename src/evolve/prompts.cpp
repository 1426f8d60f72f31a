#include "evolve/prompts.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/template.hpp"
#include "base/text.hpp"

namespace weft::evolve {

std::string Prompt::hash() const {
  return base::short_hash(text);
}

std::vector<llm::Message> Prompt::messages(const std::string& name, const base::Json& data) const {
  std::vector<llm::Message> list;
  std::string role = "user", body;
  const auto flush = [&] {
    // A text that is to be continued keeps its last line end off: the model goes on where it stops.
    while (!body.empty() && (body.back() == '\n' || body.back() == ' ')) body.pop_back();
    if (!body.empty()) list.push_back({role, body});
    body.clear();
  };
  // The template's own lines are looked at before it is filled: what a model wrote cannot start a message.
  std::string part;
  const auto fill = [&] {
    body = base::render(part, "prompts/" + name + ".mustache", data, base::Escape::none);
    part.clear();
    flush();
  };
  for (const std::string& line : base::split_lines(text)) {
    if (line == "--- system" || line == "--- user" || line == "--- assistant") {
      fill();
      role = line.substr(4);
    } else {
      part += line + "\n";
    }
  }
  fill();
  return list;
}

Prompts load_prompts(const std::vector<std::string>& names, const base::Json& overrides, const base::fs::path& beside) {
  Prompts prompts;
  for (const std::string& name : names) {
    const std::string file = overrides.value(name, name);
    prompts[name] = {base::read_file(base::find_data(file, "prompts", ".mustache", beside), 1 << 20)};
  }
  for (const auto& [name, file] : overrides.items()) {
    if (!prompts.contains(name))
      throw base::Error("this method has no prompt '" + name + "'; it has " + base::join(names, ", "));
  }
  return prompts;
}

}  // namespace weft::evolve
