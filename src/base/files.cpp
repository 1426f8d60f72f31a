#include "base/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::base {

std::string read_file(const fs::path& path, std::uintmax_t limit) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (code || !fs::exists(status)) throw Error("no such file", path.string());
  if (fs::is_directory(status)) throw Error("is a folder, not a file", path.string());
  const std::uintmax_t size = fs::is_regular_file(status) ? fs::file_size(path, code) : 0;
  const auto too_large = [&] {
    return Error("is larger than the " + short_count(static_cast<double>(limit)) + "B that weft reads", path.string());
  };
  if (!code && size > limit) throw too_large();
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(std::string("cannot be read: ") + std::strerror(errno), path.string());
  std::string text;
  text.reserve(static_cast<std::size_t>(size));
  std::vector<char> buffer(1 << 16);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > limit) throw too_large();
  }
  if (file.bad()) throw Error(std::string("cannot be read: ") + std::strerror(errno), path.string());
  return text;
}

void write_file(const fs::path& path, std::string_view text) {
  const fs::path partial = path.string() + ".partial";
  const auto failed = [&](const char* what) {
    const std::string reason = std::strerror(errno);
    ::unlink(partial.c_str());
    return Error(std::string(what) + ": " + reason, path.string());
  };
  const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) throw failed("cannot be written");
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      ::close(fd);
      throw failed("cannot be written");
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool synced = ::fsync(fd) == 0;
  if (::close(fd) != 0 || !synced) throw failed("cannot be written");
  if (::rename(partial.c_str(), path.c_str()) != 0) throw failed("cannot be put in place");
}

fs::path home() {
  if (const char* given = std::getenv("WEFT_HOME"); given != nullptr && *given != '\0') return given;
  return WEFT_SOURCE_DIR;
}

std::vector<std::string> list_data(const std::string& folder, const std::string& extension) {
  std::vector<std::string> names;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(home() / folder, code)) {
    if (entry.path().extension() == extension) names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path find_data(const std::string& name, const std::string& folder, const std::string& extension,
                   const fs::path& beside) {
  const std::string full = fs::path(name).extension() == extension ? name : name + extension;
  for (const fs::path& candidate : {beside / full, fs::path(full), home() / folder / full}) {
    std::error_code code;
    if (fs::is_regular_file(candidate, code)) return candidate;
  }
  const auto known = list_data(folder, extension);
  throw Error("no file " + quote(full) + " here or in " + (home() / folder).string() +
              (known.empty() ? "" : "; there are " + shorten(join(known, ", "), kShownNames)) +
              did_you_mean(fs::path(full).stem().string(), known));
}

}  // namespace weft::base
