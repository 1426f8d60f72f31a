#include "base/secret.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::base {
namespace {

constexpr std::string_view kHidden = "[key]";

struct Longer {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  }
};

struct Known {
  std::mutex mutex;
  std::set<std::string, Longer> secrets;  // longest first: one may be the beginning of another
};

Known& known() {
  static Known instance;
  return instance;
}

bool looks_secret(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  for (const char* word : {"KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"}) {
    if (name.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::string read_secret(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  const std::string secret(trim(value == nullptr ? "" : value));
  if (secret.empty()) throw Error("the key is read from the environment variable " + variable + ", which is not set");
  if (secret.find_first_of("\r\n") != std::string::npos) throw Error("the key in " + variable + " spans lines");
  const std::lock_guard lock(known().mutex);
  known().secrets.insert(secret);
  return secret;
}

std::string redact(std::string text) {
  const std::lock_guard lock(known().mutex);
  for (const std::string& secret : known().secrets) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kHidden.size())) {
      text.replace(at, secret.size(), kHidden);
    }
  }
  return text;
}

std::vector<std::string> environment_without_secrets() {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    if (!looks_secret(name) && redact(text) == text) kept.push_back(text);
  }
  return kept;
}

}  // namespace weft::base
