# SPDX-License-Identifier: GPL-2.0
"""The suites that make test runs, cheapest first."""

from . import build, host, igt, lab, log

SUITES = {"log": log.run, "host": host.run, "build": build.run, "lab": lab.run,
          "igt": igt.run}
