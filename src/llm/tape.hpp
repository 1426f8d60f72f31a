// The file of a cassette: JSON lines, a header first, then one recorded result a line. Written so that after a crash
// all lines but an unfinished last one are there; read as what anybody may have edited. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/files.hpp"
#include "base/result.hpp"
#include "llm/chat.hpp"

namespace weft::llm {

/// Of whom the cassette is a recording.
struct Recorded {
  std::string name;
  Capabilities capabilities;
};

class Tape {
 public:
  /// To replay. Throws Error with file and line where it is no cassette, or there is none.
  explicit Tape(const base::fs::path& path);
  /// To go on recording: a new file gets a header, an unfinished last line is cut off. Throws Error also where the file
  /// is a recording of another provider.
  Tape(const base::fs::path& path, const Recorded& recorded);
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  ~Tape();

  const Recorded& recorded() const { return recorded_; }
  std::optional<ChatResult> find(const std::string& key) const;
  /// On disk when it returns. The failure says why it could not be written.
  base::Result<void> append(const std::string& key, const Occasion& occasion, const ChatResult& result);

 private:
  std::size_t load(const base::fs::path& path);
  void load_line(const std::string& text, const std::string& where, bool header);
  base::Result<void> write_line(const base::Json& line);

  Recorded recorded_;
  mutable std::mutex mutex_;
  std::map<std::string, ChatResult> results_;
  int file_ = -1;  ///< open for appending while recording
};

}  // namespace weft::llm
