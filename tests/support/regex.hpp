// <regex>, in which GCC 12 sees an uninitialised value when it builds with the sanitizers.
#pragma once

#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <regex>  // IWYU pragma: export
