// Sets environment variables for the length of a test and puts them back. One thread.
#pragma once

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

namespace weft::test {

/// An absent value unsets the variable.
using Variables = std::map<std::string, std::optional<std::string>>;

class Environment {
 public:
  explicit Environment(const Variables& variables) {
    for (const auto& [name, value] : variables) {
      const char* old = std::getenv(name.c_str());
      old_[name] = old == nullptr ? std::nullopt : std::optional<std::string>(old);
      set(name, value);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    for (const auto& [name, value] : old_) set(name, value);
  }

 private:
  static void set(const std::string& name, const std::optional<std::string>& value) {
    if (value) {
      ::setenv(name.c_str(), value->c_str(), 1);
    } else {
      ::unsetenv(name.c_str());
    }
  }

  Variables old_;
};

/// No proxy variable of the tester's own shell.
inline Variables no_proxies() {
  return {{"http_proxy", {}},  {"HTTP_PROXY", {}}, {"https_proxy", {}},
          {"HTTPS_PROXY", {}}, {"no_proxy", {}},   {"NO_PROXY", {}}};
}

}  // namespace weft::test
