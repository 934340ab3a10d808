#!/usr/bin/env python3
"""coverage.py FOLDER [REGEX]: what the tests reach of src/, cli/ and serve/, lines and branches of each folder.

Builds everything in FOLDER with gcc's counters, runs the tests whose names match REGEX (the unit, command, server and remote
tests and the replayed corpora), and prints a table in Markdown. FOLDER/coverage.txt lists the lines that no test reaches.
"""
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = "^(unit|cli|serve|remote|fuzz|model|servers)"
WITHOUT = "serve.schema|serve.page"  # they need programs of their own, and ask what other tests ask
FLAGS = "--coverage -fprofile-update=atomic -fprofile-exclude-files=.*/engine/accel/.*"  # counters in its loops take hours


def run(*command, **more):
    return subprocess.run(list(map(str, command)), check=True, text=True, **more)


def build(folder):
    run(ROOT / "scripts/fetch-llama.sh", stdout=subprocess.DEVNULL)  # without the counters
    run(ROOT / "scripts/fetch-servers.sh", stdout=subprocess.DEVNULL)
    optimizer = "-DCMAKE_C_FLAGS_RELEASE=-O1 -DCMAKE_CXX_FLAGS_RELEASE=-O1"
    run(ROOT / "scripts/build.sh", folder, "tests",
        env={**os.environ, "CFLAGS": FLAGS, "CXXFLAGS": FLAGS, "LDFLAGS": "--coverage",
             "CMAKE_FLAGS": f"{os.environ.get('CMAKE_FLAGS', '')} {optimizer}"})


def counted(folder):
    """{file: (lines, reached, branches, taken)}"""
    python = run(ROOT / "scripts/venv.sh", "coverage", ROOT / "scripts/coverage.txt", stdout=subprocess.PIPE).stdout.strip()
    summary = folder / "coverage.json"
    run(python, "-m", "gcovr", "--root", ROOT, "--filter", f"{ROOT}/(src|cli|serve)/", "--gcov-ignore-errors", "all",
        "--gcov-ignore-parse-errors", "all", "--exclude-throw-branches", "--json-summary", summary,
        "--txt", folder / "coverage.txt", "-j", os.cpu_count(), folder, stderr=subprocess.DEVNULL)
    return {f["filename"]: (f["line_total"], f["line_covered"], f["branch_total"], f["branch_covered"])
            for f in json.loads(summary.read_text())["files"]}


def table(files):
    folders = defaultdict(lambda: [0, 0, 0, 0])
    for name, counts in files.items():
        parts = Path(name).parts
        deep = 3 if parts[:2] == ("src", "engine") and len(parts) > 3 else 2
        place = "/".join(parts[:deep if parts[0] == "src" else 1])
        for key in {place, parts[0]}:
            folders[key] = [a + b for a, b in zip(folders[key], counts)]
    rows = ["| folder | lines | reached, % | branches | taken, % |", "|---|---:|---:|---:|---:|"]
    rows += [f"| {name} | {a} | {100 * b / a if a else 0:.1f} | {c} | {100 * d / c if c else 0:.1f} |"
             for name, (a, b, c, d) in sorted(folders.items())]
    return "\n".join(rows)


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__.splitlines()[0])
    folder, tests = Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else TESTS
    build(folder)
    for old in folder.rglob("*.gcda"):
        old.unlink()
    quiet = {**os.environ, "GCOV_ERROR_FILE": os.devnull}  # tests that let writing fail look at what the command prints
    ran = subprocess.run(["ctest", "--test-dir", folder, "-R", tests, "-E", WITHOUT, "-j", str(os.cpu_count()),
                          "--output-on-failure"], env=quiet, check=False)
    print(table(counted(folder)))
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())
