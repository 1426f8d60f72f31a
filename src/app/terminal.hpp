// The terminal that weft runs in.
#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>

namespace weft::app {

/// Columns of standard output; 80 where it is no terminal.
inline std::size_t columns_of_the_terminal() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace weft::app
