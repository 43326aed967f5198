# SPDX-License-Identifier: GPL-2.0
"""The README's commands that take a line and a guest, as they are pasted."""

import os
import re
import time
from pathlib import Path

from .result import Result, Results, run_command

# What is to be seen of each, as some end well whatever came of them.
SEEN = {
    "lsmod": r"(?m)^vskms .*\n(.*\n)*.*secure_heap carve-out$",
    "rmmod": r"(?m)^ *#0 800x600 .*preferred",
    "drm_info": r"Driver: vskms ",
    "modetest": r"setting mode 1024x768",
    "kmscube": r"Rendered 59 frames",		# it counts from the second
    "svp": r"(?m)^everything holds$",
}


def _commands() -> list[str]:
    lines = Path("README.md").read_text().splitlines()
    return [line.strip() for line in lines if line.startswith("    tools/vm run ") and not line.endswith("\\")]


def _program(command: str) -> str:
    """What a guest runs first: the word behind "--", or that of a shell's script."""
    return re.search(r"-- (?:sh -c ')?(\S+)", command)[1]


def run(results: Results) -> None:
    # As a terminal at which nobody types: kmscube ends when there is something to read, or an end of it.
    silent, keyboard = os.pipe()
    programs: list[str] = []
    for command in _commands():
        program = _program(command)
        programs.append(program)
        count = programs.count(program)
        name = program if count == 1 else f"{program}-{count}"
        started = time.monotonic()
        done = run_command(["sh", "-c", command], stdin=silent)
        said = f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}"
        good = done.returncode == 0 and program in SEEN and re.search(SEEN[program], done.stdout + done.stderr)
        results.add(Result(f"readme@{name}", "pass" if good else "fail", time.monotonic() - started, said))
    os.close(silent)
    os.close(keyboard)
    if not programs:
        results.add(Result("readme@commands", "fail", 0, "README.md has none"))
