# SPDX-License-Identifier: GPL-2.0
"""The C++ cores on the host: make check-host, result by result."""

import shutil
import time
import xml.etree.ElementTree as xml
from pathlib import Path

from .result import Result, Results, run_command

OUT = Path("out/host")
CORES = ("heap", "drm", "svp")


def run(results: Results) -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    started = time.monotonic()
    done = run_command(["make", "-s", "check-host"])
    seconds = time.monotonic() - started
    failures = 0
    for core in CORES:
        file = OUT / f"{core}.xml"
        if not file.exists():
            # It did not compile, or a sanitizer ended it.
            results.add(Result(f"host@{core}", "fail", seconds, done.stdout + done.stderr))
            failures += 1
            continue
        for case in xml.parse(file).iter("testcase"):
            name = f"host@{core}@{case.get('classname')}.{case.get('name')}".replace("_", "-")
            failed = "\n".join(f.get("message", "") for f in case.iter("failure"))
            skipped = next(case.iter("skipped"), None)
            result = "fail" if failed else "skip" if skipped is not None else "pass"
            text = failed or (skipped.get("message", "no reason given") if skipped is not None else "")
            failures += result == "fail"
            results.add(Result(name, result, float(case.get("time", 0)), text))
    if done.returncode and not failures:
        results.add(Result("host@exit-status", "fail", seconds, done.stdout + done.stderr))
