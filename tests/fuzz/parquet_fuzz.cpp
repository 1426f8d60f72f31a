#include <cstdint>

#include "tests/fuzz/table_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::test::fuzz_parquet({reinterpret_cast<const char*>(data), size});
  return 0;
}
