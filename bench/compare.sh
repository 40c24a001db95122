#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every benchmark and the same work in LibTorch, oneDNN, OpenBLAS and Eigen, and writes
# bench/RESULTS.md.
#
#   bench/compare.sh                     three rounds of everything: half an hour on 2 cores
#   bench/compare.sh --rounds 1 matmul   one round of one suite, for a quick look
#   bench/compare.sh --set avx2          no library may use more than AVX2: bench/RESULTS_avx2.md
#
# Installs the other libraries if apt is allowed to. The tables leave out libraries that are
# missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source cmake/install_packages.sh

install_packages
if command -v apt-get >/dev/null && may_install apt; then
  # shellcheck disable=SC2046  # a list of words
  peers=$(missing apt python3 python3-numpy python3-scipy libtorch-dev libdnnl-dev libopenblas-dev libopenblas0-openmp libeigen3-dev)
  # shellcheck disable=SC2086
  [[ ! $peers ]] || { as_root apt-get update -qq && install_by apt $peers; }
fi
cmake --preset release -DHOURGLASS_BENCH_PEERS=ON
cmake --build --preset release
python3 bench/compare.py "$@"
