// libFuzzer's way into the target WEFT_FUZZ_TARGET.
#include <cstdint>

#include "tests/fuzz/table_targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::test::WEFT_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
