#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Tests the tests: makes each fault of mutations.txt in a copy of the sources, one at a time, and runs the tests beside
# it. Ends with status 1 if more than 2 faults survive.
#
#   tests/mutate.sh             all of them, in about half an hour
#   tests/mutate.sh 17 23-30    some, by number
#   tests/mutate.sh --list      what they are
#
# CMAKE_BUILD_PARALLEL_LEVEL limits the compilers at a time. With ccache, a second run takes minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec python3 tests/project/mutate.py "$@"
