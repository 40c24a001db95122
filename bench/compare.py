# SPDX-License-Identifier: MIT
"""Runs the benchmarks and their peers in turns, and writes RESULTS.md. See compare.sh.

Each round starts every program again, on 1 thread and then on 2, so that other work on the machine
slows all programs alike. A result is the median over the rounds.
"""

import argparse
import json
import math
import os
import platform
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release/bench"
LIBRARIES = Path("/usr/lib") / f"{platform.machine()}-linux-gnu"


# Instruction sets for --set: the environment variables that limit each library to the set.
SETS = {
    "avx2": {"HOURGLASS_SIMD": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2",
             "ATEN_CPU_CAPABILITY": "avx2"},
}


def cpu_flags():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("flags", "Features")):
            return set(line.split(":")[1].split())
    return set()


def openblas(threads, flavour):
    """OpenBLAS 0.3.21 mistakes CPUs newer than itself for a Pentium 4, so name the core type."""
    flags = cpu_flags()
    wide = "avx512bw" in flags and os.environ.get("HOURGLASS_SIMD") != "avx2"
    core = "SkylakeX" if wide else "Haswell" if "avx2" in flags else None
    folder = LIBRARIES / f"openblas-{flavour}"
    return {
        "OPENBLAS_NUM_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        **({"OPENBLAS_CORETYPE": core} if core and flavour == "openmp" else {}),
        **({"LD_LIBRARY_PATH": str(folder)} if folder.is_dir() else {}),
    }


# Makes glibc keep large blocks. By default every free() gives them back to the system.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(4 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
}


class Contender:
    """A program, and the environment in which it is started."""

    def __init__(self, name, program, environment=lambda threads: {}, arguments=()):
        self.name, self.program, self.environment, self.arguments = name, BUILD / program, environment, arguments
        self.times = defaultdict(list)  # by row, in seconds
        self.counters = defaultdict(lambda: defaultdict(list))

    def run(self, threads, seconds):
        output = subprocess.run(
            [self.program, *self.arguments, f"--benchmark_filter=threads:{threads}", f"--benchmark_min_time={seconds}",
             "--benchmark_format=json"],
            env={**os.environ, **self.environment(threads)}, capture_output=True, text=True, check=True)
        rows = json.loads(output.stdout)["benchmarks"] if output.stdout else []
        for row in rows:
            name = re.sub("/(real|manual)_time$", "", row["name"])
            self.times[name].append(row["real_time"] * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[row["time_unit"]])
            for counter in ("of_peak", "of_triad", "cost", "peak MB"):
                if counter in row:
                    self.counters[name][counter].append(row[counter])

    def time(self, row):
        return statistics.median(self.times[row]) if row in self.times else None

    def counter(self, row, counter):
        values = self.counters[row].get(counter)
        return statistics.median(values) if values else None


def torch(program):
    return [
        Contender("LibTorch", f"peers/{program}", lambda threads: openblas(threads, "pthread")),
        Contender("LibTorch, tuned", f"peers/{program}", lambda threads: {**openblas(threads, "openmp"), **KEEP_MEMORY}),
    ]


def python_with_scipy():
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import scipy"], capture_output=True).returncode == 0:
            return python
    return "none"


def numpy(suite):
    return Contender("NumPy, SciPy", python_with_scipy(),
                     lambda threads: {**openblas(threads, "openmp"), **KEEP_MEMORY},
                     (str(ROOT / "bench/peers/numpy/rows.py"), suite))


def omp(threads):
    return {"OMP_NUM_THREADS": str(threads)}


SUITES = {
    "training_step": ("Training steps: forward, backward, Adam", torch("training_step"), 0.5),
    "matmul": ("Matrix products", [
        Contender("oneDNN", "peers/onednn/matmul", omp),
        Contender("OpenBLAS", "peers/openblas/matmul", lambda threads: openblas(threads, "openmp")),
        Contender("Eigen", "peers/eigen/matmul", omp),
    ], 0.1),
    "conv": ("Convolutions", [
        Contender("oneDNN", "peers/onednn/conv", omp),
        Contender("LibTorch", "peers/conv", lambda threads: openblas(threads, "openmp")),
    ], 0.1),
    "linalg": ("Factorisations of 784 x 784, and a Fourier transform", [
        Contender("OpenBLAS", "peers/openblas/linalg", lambda threads: openblas(threads, "openmp")),
        numpy("linalg"),
    ], 0.3),
    "sorting": ("Sorting, and einsum next to the product that it is", [numpy("sorting")], 0.3),
    "elementwise": ("Elementwise operations", torch("elementwise")[1:], 0.1),
    "reduce": ("Reductions", torch("reduce")[1:], 0.1),
    "determinism": ("What it costs that results do not depend on the number of threads", [], 0.2),
}


def milliseconds(seconds):
    value = seconds * 1e3
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def peak_resident(contender, row):
    """The peak resident memory, in megabytes, of a process that runs only this row."""
    process = subprocess.Popen(
        [contender.program, f"--benchmark_filter=^{re.escape(row)}(/real_time)?$", "--benchmark_min_time=0.01"],
        env={**os.environ, **contender.environment(1)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_maxrss / 1024


def table(suite, ours, peers, memory):
    counters = [c for c in ("of_peak", "of_triad", "cost") if any(ours.counter(row, c) for row in ours.times)]
    heads = ["row", "Hourglass, ms", *[c.replace("_", " ") for c in counters],
             *[f"{p.name}, ms | times ours" for p in peers]]
    if memory:
        heads += ["peak, MB", "resident, MB", f"{peers[0].name}, MB"]
    yield "| " + " | ".join(heads) + " |"
    yield "|---|" + "---:|" * (" | ".join(heads).count(" | "))
    ratios = defaultdict(lambda: defaultdict(list))
    fractions = defaultdict(list)
    for row in ours.times:
        threads = re.search(r"threads:(\d+)", row)[1]
        cells = [f"`{row}`", milliseconds(ours.time(row))]
        for counter in counters:
            value = ours.counter(row, counter)
            cells.append("" if value is None else f"{value:.2f}")
            if value is not None:
                fractions[counter, threads].append(value)
        for peer in peers:
            time = peer.time(row)
            if time is None:
                cells += ["", ""]
                continue
            ratio = time / ours.time(row)
            ratios[threads][peer.name].append(ratio)
            cells += [milliseconds(time), f"{ratio:.2f}"]
        if memory:
            own, other = memory.get(row, (None, None))
            peak = ours.counter(row, "peak MB")
            cells += ["" if v is None else f"{v:.0f}" for v in (peak, own, other)]
        yield "| " + " | ".join(cells) + " |"
    yield ""
    for threads, by_peer in sorted(ratios.items()):
        means = ", ".join(f"{name} {geometric_mean(values):.2f}" for name, values in by_peer.items())
        yield f"Geometric means on {threads} thread{'s' if threads != '1' else ''}, times our time: {means}."
    for (counter, threads), values in sorted(fractions.items()):
        yield f"Geometric mean {counter.replace('_', ' ')} on {threads}: {geometric_mean(values):.2f}."
    yield ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", default=list(SUITES), metavar="suite", help=", ".join(SUITES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", choices=SETS, help="limit every library to this instruction set")
    parser.add_argument("--out", type=Path, help="RESULTS.md, or with --set RESULTS_SET.md")
    arguments = parser.parse_args()
    os.environ.update(SETS.get(arguments.set, {}))
    out = arguments.out or ROOT / "bench" / f"RESULTS{'_' + arguments.set if arguments.set else ''}.md"
    held = f", where every library is held to {arguments.set.upper()}" if arguments.set else ""
    unknown = set(arguments.suites) - set(SUITES)
    if unknown:
        parser.error(f"no suite {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")

    sections = []
    for suite in arguments.suites:
        title, peers, seconds = SUITES[suite]
        ours = Contender("Hourglass", suite)
        # Eigen's instruction set was fixed when it was compiled, so --set leaves Eigen out.
        peers = [p for p in peers if p.program.exists() and not (arguments.set and p.name == "Eigen")]
        for number in range(arguments.rounds):
            for threads in (1, 2):
                for contender in [ours, *peers]:
                    print(f"{suite}, round {number + 1}, {threads} threads: {contender.name}", file=sys.stderr)
                    contender.run(threads, seconds)
        memory = {}
        if suite == "training_step" and peers:
            memory = {row: (peak_resident(ours, row), peak_resident(peers[0], row) if row in peers[0].times else None)
                      for row in ours.times if "threads:1" in row}
        sections += [f"## {title}", "", *table(suite, ours, peers, memory)]

    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())
    out.write_text("\n".join([
        "# Results", "",
        f"Written by `bench/compare.sh`: medians of {arguments.rounds} interleaved rounds on {os.cpu_count()} cores of "
        f"{model}{' with AVX-512' if 'avx512bw' in cpu_flags() else ''}, {platform.system()}{held}.",
        "*Times ours* is a peer's time over ours: above 1, Hourglass is faster. *Of peak* is the fraction of the",
        "multiply-adds, *of triad* that of the memory traffic which the same run measured to be possible on as many threads;",
        "*cost* is the time with a fixed order of sums over the time without one.",
        "LibTorch is run as shipped, and tuned: its OpenBLAS with OpenMP threads and told of the CPU's vector registers, and",
        "glibc told to keep large blocks. OpenBLAS is always told.", "",
        *sections]))
    print(f"written: {out}")


if __name__ == "__main__":
    main()
