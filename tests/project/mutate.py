# SPDX-License-Identifier: MIT
"""The work of tests/mutate.sh, which says what it is for. Runs at the root of the repository."""
import dataclasses
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

MAY_SURVIVE = 2
LIST = pathlib.Path("tests/mutations.txt")
TREE = pathlib.Path("build/mutate/tree")  # the sources that get the faults
BUILD = pathlib.Path("build/mutate/build")
# Each source file is compiled alone, those of the tests in groups. A changed library is linked again, and no program.
OPTIONS = ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1", "-DCMAKE_UNITY_BUILD=ON",
           "-DCMAKE_UNITY_BUILD_BATCH_SIZE=1", "-DBUILD_SHARED_LIBS=ON", "-DCMAKE_LINK_DEPENDS_NO_SHARED=ON",
           "-DHOURGLASS_WIDE_KERNELS=OFF", "-DHOURGLASS_BUILD_BENCH=OFF"]
PROGRAMS = ("examples/variants/", "examples/studies/")  # are left out: no test beside a fault runs them


@dataclasses.dataclass
class Mutation:
    number: int
    file: str
    compiled: list  # the sources to compile again; if empty, ninja's choice
    tests: list
    old: str
    new: str = ""

    def __str__(self):
        return f"{self.number:3} {self.file}\n    - {self.old}\n    + {self.new}"


def mutations():
    found, place = [], None
    for line in LIST.read_text().splitlines():
        if line.startswith("-"):
            found.append(Mutation(len(found) + 1, *place, line[1:].strip()))
        elif line.startswith("+"):
            found[-1].new = line[1:].strip()
        elif line and not line.startswith("#"):
            files, tests = line.split(":")
            file, *compiled = files.replace(">", " ").split()
            place = file, compiled, tests.split()
    return found


def chosen(arguments, everything):
    numbers = set()
    for argument in arguments:
        first, _, last = argument.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return [m for m in everything if m.number in numbers] if arguments else everything


def check_list(some):
    """The list must be true: a text that is gone or comes twice is no fault."""
    wrong = [f"{m}\n    comes {count} times" for m in some
             if (count := pathlib.Path(m.file).read_text().count(m.old)) != 1]
    wrong += [f"{m}\n    there is no test {test}" for m in some for test in m.tests
              if not list(pathlib.Path("tests").glob(f"*/{test}.cpp"))]
    if wrong:
        sys.exit("\n".join(wrong))


def copy_tree():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout.split("\0")
    files = {f for f in listed if f and os.path.exists(f) and not f.startswith(PROGRAMS)}
    for path in [p for p in TREE.rglob("*") if p.is_file() and str(p.relative_to(TREE)) not in files]:
        path.unlink()
    for file in files:
        target, content = TREE / file, pathlib.Path(file).read_bytes()
        if not target.exists() or target.read_bytes() != content:  # what is unchanged keeps its time
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def build():
    """The compiler's words if it refuses."""
    made = subprocess.run(["cmake", "--build", BUILD, "--target", "hourglass_tests"], capture_output=True, text=True)
    return made.stdout if made.returncode else None


def first_build():
    cache = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    subprocess.run(["cmake", "-G", "Ninja", "-S", TREE, "-B", BUILD, *OPTIONS, *cache], check=True,
                   stdout=subprocess.DEVNULL)
    print("building", flush=True)
    if refused := build():
        sys.exit(refused)


def failure(test, limit=None):
    """Runs a test's cases up to the first failure, and says what it was."""
    command = [(BUILD / "tests/hourglass_tests").resolve(), f"--source-file=*/{test}.cpp", "--abort-after=1"]
    try:
        run = subprocess.run(command, cwd=BUILD / "tests", timeout=limit, capture_output=True, text=True,
                             errors="replace")
    except subprocess.TimeoutExpired:
        return "the time limit"
    case = re.search(r"^TEST CASE: *(.*)", run.stdout, re.MULTILINE)
    return (case[1] if case else f"status {run.returncode}") if run.returncode else None


def write(m, text):
    """A changed header keeps its time, and the sources to compile again get a new one."""
    path = TREE / m.file
    before = path.stat()
    path.write_text(text)
    if m.compiled:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        for source in m.compiled:
            (TREE / source).touch()


def outcome(m, usual):
    """`usual` says how many seconds each test takes. The quick ones come first."""
    right = (TREE / m.file).read_text()
    write(m, right.replace(m.old, m.new))
    try:
        if build():
            return "does not compile"
        for test in sorted(m.tests, key=usual.get):
            if found := failure(test, 60 + 10 * usual[test]):
                return f"killed by {test}: {found}"
        return "SURVIVED"
    finally:
        write(m, right)


def main(arguments):
    some = chosen([a for a in arguments if a != "--list"], mutations())
    check_list(some)
    if "--list" in arguments:
        print(*some, sep="\n")
        return 0
    TREE.mkdir(parents=True, exist_ok=True)
    alone = os.open(TREE.parent, os.O_RDONLY)
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"{TREE.parent} is in use by another run")
    copy_tree()
    first_build()
    usual = {}  # how long each test takes without a fault
    for test in sorted({test for m in some for test in m.tests}):
        begin = time.monotonic()
        if found := failure(test):
            sys.exit(f"{test} fails without a fault: {found}")
        usual[test] = time.monotonic() - begin
        print(f"{test}: {usual[test]:.0f} s", flush=True)
    results = []
    for m in some:
        begin = time.monotonic()
        results.append(outcome(m, usual))
        print(f"{m}\n    {results[-1]} ({time.monotonic() - begin:.0f} s)", flush=True)
    survivors = [m.number for m, result in zip(some, results) if result == "SURVIVED"]
    refused = [m.number for m, result in zip(some, results) if result == "does not compile"]
    print(f"{len(some) - len(survivors) - len(refused)} of {len(some)} killed; survivors: {survivors or 'none'}"
          + (f"; do not compile: {refused}" if refused else ""))
    return 1 if refused or len(survivors) > MAY_SURVIVE else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
