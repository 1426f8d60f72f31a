// What a call costs: for tests that hostile input stays cheap. Processor time, so that a busy machine fails no test.
#pragma once

#include <sys/resource.h>
#include <time.h>

#include <algorithm>

namespace weft::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
constexpr bool kSlowBuild = true;
#else
constexpr bool kSlowBuild = false;
#endif

/// Milliseconds of this thread, the least of three calls.
template <class Call>
double milliseconds(Call call) {
  double least = 1e9;
  for (int i = 0; i < 3; ++i) {
    timespec before{}, after{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    call();
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    least = std::min(least, static_cast<double>(after.tv_sec - before.tv_sec) * 1e3 +
                                static_cast<double>(after.tv_nsec - before.tv_nsec) * 1e-6);
  }
  return least;
}

/// The most memory that this process ever held, in MiB.
inline double peak_mebibytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace weft::test
