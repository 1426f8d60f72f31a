// Keys: read from the environment once, known to nobody but the provider that sends them, and blotted out of every text
// that leaves the process. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::base {

/// The value of an environment variable that holds a key; from now on redact() hides it. Throws Error where it is
/// unset, with the name of the variable and nothing of its value.
std::string read_secret(const std::string& variable);

/// The text with every known secret replaced by "[key]".
std::string redact(std::string text);

/// This process's environment without variables that look like keys (KEY, TOKEN, SECRET, PASSWORD, CREDENTIAL in the
/// name) or hold a known secret: what a worker or a user's command is given. Entries are "NAME=value".
std::vector<std::string> environment_without_secrets();

}  // namespace weft::base
