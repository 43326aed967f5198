# SPDX-License-Identifier: GPL-2.0
"""Which accelerator boots here.

/dev/kvm may open, create virtual machines, and still not run a stock kernel
(nested, paravirtual hosts).  So the first run that could use it boots a guest
for a try, and the verdict is kept for this host's kernel and processor.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from . import cache
from .error import Failure, NoBoot, say


def _host() -> str:
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), "")
    return hashlib.sha256(f"{os.uname().release} {cpu}".encode()).hexdigest()[:16]


def choose(wanted: str, boots: Callable[[], int]) -> str:
    """"kvm" or "tcg" for @wanted "auto", "kvm" or "tcg".

    @boots boots a guest with KVM; it returns 0 if that came up, 125 if it did not,
    and anything else if there was no telling.
    """
    usable = os.access("/dev/kvm", os.R_OK | os.W_OK)
    if wanted == "kvm" and not usable:
        raise Failure("/dev/kvm is not there or not for this user; run: sudo usermod -aG kvm $USER")
    if wanted != "auto":
        return wanted
    if not usable:
        return "tcg"
    known = cache.load("accel.json")
    if _host() not in known:
        say("trying whether /dev/kvm boots a kernel (once)")
        status = boots()
        if status not in (0, NoBoot.status):
            say("that could not be told; this guest runs with TCG")
            return "tcg"
        known[_host()] = "tcg" if status else "kvm"
        cache.store("accel.json", known)
        say(f"from now on guests run with {known[_host()].upper()}")
    return known[_host()]
