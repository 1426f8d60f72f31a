// Files: whole reads with a limit, atomic writes, the folders where weft's own data lies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace weft::base {

namespace fs = std::filesystem;

/// The whole file. Throws Error where it is missing, a folder, or larger than `limit` bytes.
std::string read_file(const fs::path& path, std::uintmax_t limit = 64U << 20U);

/// Writes to a neighbour, syncs, and renames over `path`: after a crash there is the old file or the new one.
void write_file(const fs::path& path, std::string_view text);

/// weft's own files (search_spaces/, prompts/, schemas/, templates/): $WEFT_HOME, or the checkout it was built from.
fs::path home();

/// A file named in an experiment: as written if it is there (relative to `beside`, then to the working folder), else
/// `home()/folder/name`, with `extension` added where `name` has none. Throws Error naming what was tried and what
/// exists.
fs::path find_data(const std::string& name, const std::string& folder, const std::string& extension,
                   const fs::path& beside = {});

/// Names of the files in `home()/folder` with that extension, sorted, without it.
std::vector<std::string> list_data(const std::string& folder, const std::string& extension);

}  // namespace weft::base
