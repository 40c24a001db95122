#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds everything and runs every test.
#
#   tests/run.sh                    the release build
#   tests/run.sh asan               another preset: debug, asan (address and undefined behaviour) or tsan (threads)
#   tests/run.sh debug -R random    what follows the preset goes to ctest
#
# With HOURGLASS_WERROR=ON in the environment, a warning is an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source cmake/install_packages.sh

preset=release
if [[ $# -gt 0 && $1 != -* ]]; then
  preset=$1
  shift
fi

install_packages
cmake --preset "$preset" -DHOURGLASS_WERROR="${HOURGLASS_WERROR:-OFF}"
cmake --build --preset "$preset"
ctest --preset "$preset" "$@"
