#!/usr/bin/env bash
# Throws damaged files at every reader, under the address and undefined-behaviour sanitizers.
#
#   tests/fuzz/run.sh           a minute for each reader
#   tests/fuzz/run.sh 600       so many seconds for each
#   tests/fuzz/run.sh 600 npz   one reader
#
# A fault is left in build/fuzz/faults; `build/fuzz/fuzz/fuzz_npz FILE` shows it again. Needs clang++.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-60}
build=build/fuzz

cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER="${CXX:-clang++}" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
      -DHOURGLASS_SANITIZE=address,undefined -DHOURGLASS_BUILD_TESTS=OFF -DHOURGLASS_BUILD_BENCH=OFF \
      -DHOURGLASS_BUILD_FUZZ=ON >/dev/null
cmake --build "$build" --target fuzz_targets
python3 tests/fuzz/seeds.py "$build/seeds"
mkdir -p "$build/faults" "$build/corpus"
for program in "$build"/fuzz/fuzz_"${2:-*}"; do
  name=${program##*/fuzz_}
  mkdir -p "$build/corpus/$name"
  echo "$name: $seconds seconds"
  # No input of these sizes has a right to much memory or time.
  "$program" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -malloc_limit_mb=512 -timeout=10 \
             -artifact_prefix="$build/faults/$name-" -print_final_stats=1 -verbosity=0 \
             "$build/corpus/$name" "$build/seeds/$name" 2>&1 | grep -E 'ERROR|SUMMARY|number_of_executed|peak_rss|runtime error' || true
  if compgen -G "$build/faults/$name-*" >/dev/null; then
    echo "$name: a fault was found:" "$build/faults/$name"-* >&2
    exit 1
  fi
done
