# SPDX-License-Identifier: GPL-2.0
"""svp, the user's command: build/svp is on a guest's PATH."""

import re
from pathlib import Path

from . import built

DIRECTORY = "build/svp"

# What it is made from.
SOURCES = ("tools/svp", "include/uapi")


def named(command: list[str]) -> bool:
    """Does CMD, or a script given in it, name svp? No command is a shell, where anybody may."""
    return not command or any(re.search(r"(?<![\w.-])svp(?![\w.-])", word) for word in command)


def current(checkout: Path, command: list[str]) -> Path:
    """Where it is; built now if @command names it and it is missing or older than a source."""
    directory = checkout / DIRECTORY
    if named(command):
        built.current(checkout, directory, "built", SOURCES, "svp", "svp")
    return directory
