// Prompt templates: Mustache files of prompts/, kept with the run so that it can be resumed and read later.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "llm/chat.hpp"

namespace weft::evolve {

struct Prompt {
  std::string text;
  std::string hash() const;
  /// The template filled, as messages: lines "--- system" and "--- user" start a message; without them all is the
  /// user's.
  std::vector<llm::Message> messages(const std::string& name, const base::Json& data) const;
};

using Prompts = std::map<std::string, Prompt>;

/// Reads prompts/<name>.mustache for each name; `overrides` maps names to files of the user's. Throws Error for a
/// missing one.
Prompts load_prompts(const std::vector<std::string>& names, const base::Json& overrides, const base::fs::path& beside);

}  // namespace weft::evolve
