# SPDX-License-Identifier: GPL-2.0
"""The lab's own errors: each is one line on stderr and an exit status."""

import sys


class Failure(Exception):
    """The lab cannot do what was asked; @status is the exit status."""

    status = 1


class Usage(Failure):
    """The caller's mistake: nothing was started."""

    status = 2


class NoBoot(Failure):
    """The guest did not come up."""

    status = 125


def say(text: str) -> None:
    print(f"vm: {text}", file=sys.stderr, flush=True)
