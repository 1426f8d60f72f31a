#!/usr/bin/env bash
# Fuzzes what reads untrusted text, with libFuzzer: scripts/fuzz.sh [program|yaml|genome|manifest|parquet|records|surrogate
# ...]. Each target takes WEFT_FUZZ_RUNS inputs (10 million; 2 million for the readers of tables) without sanitizers, where
# 256 MB is what it may use (tables: 512, of which Arrow takes most), then WEFT_FUZZ_SANITIZED (1 million) with address and
# undefined-behaviour sanitizers. An input may take one second. Corpora are kept in tests/fuzz/corpus; what fails is left in
# build/fuzz-work/TARGET-*. For an idle machine: the second is of the clock.
source "$(dirname "$0")/setup.sh"
weft_packages+=(clang-14 libclang-rt-14-dev)
setup fuzz
build_weft fuzz-memory

is_table() { [[ $1 =~ ^(manifest|parquet|records|surrogate)$ ]]; }

fuzz() { # preset, target, inputs
  local folder=build/fuzz-work/$2 memory=256 length=2048
  if is_table "$2"; then memory=512 length=4096; fi
  say "$3 inputs for build/$1/fuzz_$2 (log: $folder-$1.log)"
  # -entropic=0: weighing a corpus of thousands by rarity takes longer than running its inputs.
  # Files are written in memory.
  TMPDIR=/dev/shm ASAN_OPTIONS=quarantine_size_mb=8 "build/$1/fuzz_$2" -runs="$3" -timeout=1 -rss_limit_mb=$memory \
    -max_len=$length -entropic=0 \
    -dict="tests/fuzz/$2.dict" -artifact_prefix="$folder-" -print_final_stats=1 "$folder" >"$folder-$1.log" 2>&1 ||
    fail "a finding, or a broken run: see the end of $folder-$1.log"
  grep -E 'cov:|stat::' "$folder-$1.log" | tail -n 6
}

[ $# -gt 0 ] || set -- program yaml genome manifest parquet records surrogate
for target in "$@"; do
  rm -rf "build/fuzz-work/$target"
  python3 tests/fuzz/corpus.py unpack "$target" "build/fuzz-work/$target"
  runs=10000000
  if is_table "$target"; then runs=2000000; fi
  fuzz fuzz-memory "$target" "${WEFT_FUZZ_RUNS:-$runs}"
  fuzz fuzz "$target" "${WEFT_FUZZ_SANITIZED:-1000000}"
  mkdir -p build/fuzz-work/small
  rm -rf "build/fuzz-work/small/$target" && mkdir "build/fuzz-work/small/$target"
  "build/fuzz/fuzz_$target" -merge=1 "build/fuzz-work/small/$target" "build/fuzz-work/$target" 2>/dev/null
  python3 tests/fuzz/corpus.py pack "$target" "build/fuzz-work/small/$target"
done
