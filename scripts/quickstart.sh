#!/usr/bin/env bash
# From a fresh machine to a finished search: installs, builds, and lets SmolLM2 evolve small transformers.
# Arguments go to `weft run`, for example: scripts/quickstart.sh --set seed=2
source "$(dirname "$0")/setup.sh"
setup release weft
exec build/release/weft run experiments/quickstart.yaml "$@"
