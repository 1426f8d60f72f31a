#!/usr/bin/env bash
# Installs, builds, and runs every test. Arguments go to ctest, for example: scripts/test.sh -L fast
source "$(dirname "$0")/setup.sh"
setup release
scripts/lint.sh --format-only
exec ctest --preset all -j "$(($(nproc) + 1))" "$@"  # some tests wait more than they work
