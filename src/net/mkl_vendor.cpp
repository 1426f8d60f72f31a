// libtorch's matrix products in float32 are MKL's, which asks who made the processor before it asks what it can, and
// takes AVX2 on an AMD one with AVX-512: at 512 x 128 x 512 on one thread 80 to 100 GFLOP/s instead of 200 to 240. The
// program's own answer to that question takes the place of the library's: it is yes, and MKL then goes by what the
// processor can. Nothing calls it here; CMakeLists.txt makes the linker keep it.
extern "C" int mkl_serv_intel_cpu_true() {
  return 1;
}
