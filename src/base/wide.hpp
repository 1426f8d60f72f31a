// A function compiled for each of the vector units that there are; which one runs is chosen when the program is loaded.
// By what the processor can, not by its maker: "arch=skylake-avx512" would be Intel's alone. Sanitizers run before that
// choice.
#pragma once

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WEFT_WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WEFT_WIDE
#endif
