// What a call throws, as text, so that a test can compare whole messages.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include <tl/expected.hpp>

#include "base/error.hpp"

namespace weft::test {

/// The message of the base::Error that `call` throws; a failed test and "" where it throws none.
template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

/// The error of a Result or a Checked; a failed test and an empty one where it holds a value.
template <class T, class E>
E refusal(const tl::expected<T, E>& result) {
  if (!result) return result.error();
  ADD_FAILURE() << "was not refused";
  return {};
}

}  // namespace weft::test
