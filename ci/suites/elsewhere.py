# SPDX-License-Identifier: GPL-2.0
"""The lab and svp's commands on the debug kernel: what they make KASAN, lockdep and kmemleak say."""

from pathlib import Path

from .lab import DebugKernel
from .play import Play
from .result import Result, Results, run_command, run_python
from .svp import Svp


class SvpOnDebug(Svp):
    KERNEL = "debug"
    OUT = Path("out/svp-debug")


class PlayOnDebug(Play):
    KERNEL = "debug"
    OUT = Path("out/play-debug")
    SHOWN = 0		# nobody keeps time there


def run(results: Results) -> None:
    got = run_command(["tools/vm", "kernel", "debug"], timeout=3600)
    if got.returncode:
        results.add(Result("svp-debug@kernel", "fail", 0, got.stderr))
        return
    run_python("lab-debug", DebugKernel, results)
    run_python("svp-debug", SvpOnDebug, results)
    run_python("play-debug", PlayOnDebug, results)
