#!/usr/bin/env bash
# Checks format (clang-format) and code (clang-tidy). --format-only leaves out clang-tidy, which takes minutes;
# --fix rewrites the format.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t sources < <(git ls-files --cached --others --exclude-standard 'src/*.?pp' 'tests/*.?pp' 'benchmarks/*.?pp')
case "${1:-}" in
  --fix) exec clang-format -i "${sources[@]}" ;;
  *) clang-format --dry-run --Werror "${sources[@]}" ;;
esac
[ "${1:-}" = --format-only ] && exit 0
printf '%s\n' "${sources[@]}" | grep '\.cpp$' | xargs -P "$(nproc)" -n 4 clang-tidy -p build/release --quiet
