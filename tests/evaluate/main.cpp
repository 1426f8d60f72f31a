// The engine starts worker processes of its own program: here that is this one.
#include <gtest/gtest.h>

#include <cstring>

#include "evaluate/worker.hpp"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "worker") == 0) return weft::evaluate::serve_worker(3);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
