#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fuzzes every file reader with damaged files, under the address and undefined-behaviour sanitizers.
#
#   tests/fuzz/run.sh           a minute for each reader
#   tests/fuzz/run.sh 600       600 seconds for each
#   tests/fuzz/run.sh 600 npz   one reader
#
# A fault is left in build/fuzz/faults; `build/fuzz/fuzz_npz FILE` shows it again. Needs clang++.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-60}
build=build/fuzz

cmake -S tests/fuzz -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="${CXX:-clang++}" -DCMAKE_BUILD_TYPE=Release \
      -DHOURGLASS_SOURCE="$PWD" >/dev/null
cmake --build "$build"
mkdir -p "$build/faults"
for source in tests/fuzz/fuzz_${2:-*}.cpp; do
  name=$(basename "$source" .cpp)
  name=${name#fuzz_}
  mkdir -p "$build/corpus/$name"
  echo "$name: $seconds seconds"
  # The same limits as in CMakeLists.txt. The last lines of the log are the fuzzer's statistics.
  "$build/fuzz_$name" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -malloc_limit_mb=512 -timeout=10 \
                      -artifact_prefix="$build/faults/$name-" -print_final_stats=1 \
                      "$build/corpus/$name" "$build/seeds/$name" >"$build/$name.log" 2>&1 || true
  grep -E 'ERROR|SUMMARY|runtime error|number_of_executed|peak_rss|cov: ' "$build/$name.log" | tail -n 4
  if compgen -G "$build/faults/$name-*" >/dev/null; then
    echo "$name: a fault was found:" "$build/faults/$name"-* >&2
    exit 1
  fi
done
