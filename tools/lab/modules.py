# SPDX-License-Identifier: GPL-2.0
"""Our modules, built for a kernel: build/RELEASE/install is what a guest installs."""

from pathlib import Path

from . import built
from .kernels import Kernel

NAMES = ["secure_heap", "vskms"]

# What the modules are made from.
SOURCES = ("Kbuild", "Makefile", "kbuild", "include", "heap", "drm", "igt-tests/modules")


def current(checkout: Path, kernel: Kernel) -> Path:
    """The tree to install for @kernel, built now if it is missing or older than a source."""
    directory = checkout / "build" / kernel.release
    built.current(checkout, directory, "install/modules.dep.bin", SOURCES,
                  f"the modules for {kernel.release}", "modules", f"KERNEL={kernel.name}")
    return directory / "install"


def needed(tree: Path, names: list[str]) -> list[str]:
    """The kernel's own modules that those @names of @tree need, by its modules.dep."""
    found = set()
    for line in (tree / "modules.dep").read_text().splitlines():
        module, _, needs = line.partition(":")
        if _name(module) in names:
            found.update(path for path in needs.split() if path.startswith("kernel/"))
    return sorted(_name(path) for path in found)


def _name(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0].replace("-", "_")
