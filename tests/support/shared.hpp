// Where the reference data of ../shared lies for tests, and how a test skips where it does not.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace weft::test {

/// A file of the shared folder: $WEFT_SHARED, or ../shared beside the checkout.
inline std::filesystem::path shared(const std::string& file) {
  const char* given = std::getenv("WEFT_SHARED");
  return (given != nullptr ? std::filesystem::path(given) : std::filesystem::path(WEFT_SOURCE_DIR) / ".." / "shared") /
         file;
}

}  // namespace weft::test

#define WEFT_NEEDS_SHARED(file)                           \
  if (!std::filesystem::exists(weft::test::shared(file))) \
  GTEST_SKIP() << "no " << weft::test::shared(file) << "; set WEFT_SHARED"
