# SPDX-License-Identifier: GPL-2.0
"""Where the lab keeps what it built: one cache for all checkouts of a user.

  sysroot/        Debian forky: compiles everything and is the guest's root
  sysroot.json    what sysroot/ was built from
  kernels/NAME/   further kernels
  debug.lock      held by who builds the debug kernel
  accel.json      which accelerators this host was seen to boot with

The lock: running a program or a guest holds it shared, changing the sysroot
holds it exclusively, for virtiofsd answers EIO for files that change under a
guest.
"""

import fcntl
import json
import os
from pathlib import Path

from .error import say


def directory() -> Path:
    if base := os.environ.get("VSKMS_CACHE"):
        return Path(base).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vskms"


class Lock:
    """The cache's lock, or another of its own, held until the process ends."""

    def __init__(self, name: str = "lock"):
        directory().mkdir(parents=True, exist_ok=True)
        self._fd = os.open(directory() / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def share(self) -> None:
        self._take(fcntl.LOCK_SH, "the sysroot is being changed by another process; waiting")

    def exclude(self, waiting: str = "the sysroot is in use; waiting for its guests to end") -> None:
        self._take(fcntl.LOCK_EX, waiting)

    def exclude_at_once(self) -> bool:
        """Whether nobody else holds it now; if somebody does, it is not held after."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            fcntl.flock(self._fd, fcntl.LOCK_UN)
            return False

    def _take(self, how: int, waiting: str) -> None:
        try:
            fcntl.flock(self._fd, how | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(self._fd, how)


def load(name: str) -> dict:
    """The JSON object stored as @name; empty if there is none that can be read."""
    try:
        value = json.loads((directory() / name).read_text())
        return value if isinstance(value, dict) else {}
    except (FileNotFoundError, ValueError):
        return {}


def store(name: str, value: dict) -> None:
    path = directory() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(json.dumps(value, indent=2) + "\n")
    new.replace(path)
