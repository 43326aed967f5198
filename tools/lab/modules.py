# SPDX-License-Identifier: GPL-2.0
"""Our modules, built for a kernel: build/RELEASE/install is what a guest installs."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from .error import Failure, say
from .kernels import Kernel

NAMES = ["secure_heap", "vskms"]

# What the modules are made from.
SOURCES = ("Kbuild", "Makefile", "kbuild", "include", "heap", "drm", "igt-tests/modules")


def _newest(root: Path) -> float:
    newest = 0.0
    for name in SOURCES:
        top = root / name
        files = [top] if top.is_file() else (
            Path(d) / f for d, _, names in os.walk(top) for f in names)
        newest = max([newest, *(file.lstat().st_mtime for file in files)])
    return newest


def current(checkout: Path, kernel: Kernel) -> Path:
    """The tree to install for @kernel, built now if it is missing or older than a source."""
    tree = checkout / "build" / kernel.release / "install"
    stamp = tree / "modules.dep.bin"
    tree.parent.mkdir(parents=True, exist_ok=True)
    # Of two guests started side by side one builds; the other waits here.
    lock = os.open(tree.parent / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not stamp.exists() or stamp.stat().st_mtime < _newest(checkout):
        say(f"building the modules for {kernel.release}")
        done = subprocess.run(["make", "-s", "-C", str(checkout), "modules", f"KERNEL={kernel.name}"],
                              stdin=subprocess.DEVNULL, stdout=sys.stderr)
        if done.returncode:
            raise Failure("the modules did not build (see above)")
    os.close(lock)
    return tree
