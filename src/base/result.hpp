// A value, or one line saying why there is none: for what can be expected to fail.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace weft::base {

template <class T>
using Result = tl::expected<T, std::string>;

inline tl::unexpected<std::string> failure(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

}  // namespace weft::base
