#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print which share of the C++ cores' lines the tests run; fail if it is too small.

usage: ci/coverage.py LINES.json

LINES.json is what gcov --json-format --stdout wrote: an object for each file it was
given. Inline and template code is in many objects, once for each set of types; a line
counts as run if any of them ran it.

gcov knows a line only where a test instantiates it: a template that no test uses has
no lines and is not missed here. A file of which that is true as a whole is.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

LEAST = 95	# per cent, in total
CORES = ("heap/core", "drm/compositor")


def run_counts(gcov: str) -> dict[str, dict[int, int]]:
    """By file and line, how often it ran."""
    counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for compiled in gcov.splitlines():
        for file in json.loads(compiled)["files"]:
            for line in file["lines"]:
                counts[file["file"]][line["line_number"]] += line["count"]
    return counts


def ranges(numbers: list[int]) -> str:
    """Line numbers as 1, 3-5."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def main(path: str) -> int:
    counts = run_counts(Path(path).read_text())
    total = covered = 0
    good = True
    for file in sorted(str(f) for core in CORES for f in Path(core).iterdir() if f.suffix in (".cc", ".hpp")):
        lines = counts.get(file)
        if not lines:
            print(f"{file:32}    no line of it is in any test")
            good = False
            continue
        missed = sorted(number for number, count in lines.items() if not count)
        ran = len(lines) - len(missed)
        print(f"{file:32}{ran:5} of {len(lines):4} lines {100 * ran / len(lines):6.1f} %"
              + (f"   not run: {ranges(missed)}" if missed else ""))
        total += len(lines)
        covered += ran
    percent = 100 * covered / total if total else 0
    print(f"{'total':32}{covered:5} of {total:4} lines {percent:6.1f} %")
    if percent < LEAST:
        print(f"coverage: below {LEAST} %")
        good = False
    return 0 if good else 1


if len(sys.argv) != 2:
    sys.exit(__doc__)
sys.exit(main(sys.argv[1]))
