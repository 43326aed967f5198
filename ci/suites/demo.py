# SPDX-License-Identifier: GPL-2.0
"""The demo, without its film: each thing that is to hold is a test."""

import json
import time
from pathlib import Path

from .result import Result, Results, run_command

REPORT = Path("out/demo/report.json")


def run(results: Results) -> None:
    REPORT.unlink(missing_ok=True)
    started = time.monotonic()
    built = run_command(["make", "-s", "svp"])
    if built.returncode:
        results.add(Result("demo@build", "fail", time.monotonic() - started, built.stdout + built.stderr))
        return
    done = run_command(["ci/demo", "--short"], timeout=400)
    seconds = time.monotonic() - started
    # Its exit status says the same of all.
    results.add(Result("demo@run", "fail" if done.returncode else "pass", seconds, done.stdout + done.stderr))
    if not REPORT.exists():
        return
    report = json.loads(REPORT.read_text())
    for name, held in report["held"].items():
        test = name.replace(": ", "@").replace(" ", "-")
        results.add(Result(f"demo@{test}", "pass" if held else "fail", 0, report["seen"][name]))

    wrong = run_command(["ci/demo", "/nosuch/video.mkv"])
    clear = wrong.returncode == 2 and wrong.stderr == "demo: /nosuch/video.mkv: there is no such file\n"
    results.add(Result("demo@no-such-video", "pass" if clear else "fail", 0, wrong.stderr))
