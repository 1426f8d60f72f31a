// A function compiled for each of the vector units that there are; which one runs is chosen when the program is loaded.
// Sanitizers run before that choice.
#pragma once

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WEFT_WIDE __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define WEFT_WIDE
#endif
