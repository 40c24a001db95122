# SPDX-License-Identifier: MIT
"""Rows of ../../sorting.cpp and ../../linalg.cpp in NumPy and SciPy, with the flags and the JSON of Google Benchmark.

Sorting and pocketfft run on one thread; products on OPENBLAS_NUM_THREADS.
"""

import argparse
import json
import re
import statistics
import time

import numpy as np
import scipy.fft

MILLION = 1_000_000
ROWS = {
    "sorting": {
        "sort_1000000": (MILLION, np.sort),
        "sort_1000_rows_of_1000": ((1000, 1000), np.sort),
        "median_1000000": (MILLION, np.median),
        "unique_1000000": (MILLION, lambda x: np.unique(np.round(x * 100), return_inverse=True, return_counts=True)),
        "einsum_512": ((512, 512), lambda x: np.einsum("ij,jk->ik", x, x, optimize=True)),
        "matmul_512": ((512, 512), lambda x: x @ x),
    },
    "linalg": {"rfft_1048576": (1 << 20, scipy.fft.rfft)},
}


def seconds_of(work, x, least):
    """The median over runs that take this many seconds together."""
    times = []
    work(x)
    while sum(times) < least or len(times) < 3:
        begin = time.perf_counter()
        work(x)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("suite", choices=ROWS)
    parser.add_argument("--benchmark_filter", default="threads:1")
    parser.add_argument("--benchmark_min_time", type=float, default=0.3)
    parser.add_argument("--benchmark_format")
    arguments = parser.parse_args()
    threads = re.search(r"threads:(\d+)", arguments.benchmark_filter)[1]
    results = []
    for name, (shape, work) in ROWS[arguments.suite].items():
        for bits in (32, 64):
            x = np.random.default_rng(0).normal(size=shape).astype(f"f{bits // 8}")
            results.append({"name": f"{name}/bits:{bits}/threads:{threads}", "time_unit": "s",
                            "real_time": seconds_of(work, x, arguments.benchmark_min_time)})
    print(json.dumps({"benchmarks": results}))


if __name__ == "__main__":
    main()
