# SPDX-License-Identifier: GPL-2.0
"""What make builds for a guest: made now if it is missing or older than its sources."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from .error import Failure, say


def _newest(root: Path, sources: tuple[str, ...]) -> float:
    newest = 0.0
    for name in sources:
        top = root / name
        files = [top] if top.is_file() else (
            Path(d) / f for d, _, names in os.walk(top) for f in names)
        newest = max([newest, *(file.lstat().st_mtime for file in files)])
    return newest


def current(checkout: Path, directory: Path, last: str, sources: tuple[str, ...], what: str,
            *make: str) -> None:
    """Have @last in @directory, which "make @make" writes last, no older than any of @sources."""
    directory.mkdir(parents=True, exist_ok=True)
    stamp = directory / last
    # Of two guests started side by side one builds; the other waits here.
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not stamp.exists() or stamp.stat().st_mtime < _newest(checkout, sources):
        say(f"building {what}")
        done = subprocess.run(["make", "-s", "-C", str(checkout), *make],
                              stdin=subprocess.DEVNULL, stdout=sys.stderr)
        if done.returncode:
            raise Failure(f"{what} did not build (see above)")
    os.close(lock)
