# SPDX-License-Identifier: GPL-2.0
"""The suites: those that make test runs, cheapest first, and what make test-full adds."""

from . import (build, check_compositor, compositors, demo, elsewhere, host, igt, lab, log, play,
               progress, readme, svp, upstream)

SUITES = {"log": log.run, "ci": progress.run, "host": host.run, "build": build.run, "lab": lab.run,
          "svp": svp.run, "play": play.run, "compositors": compositors.run,
          "check-compositor": check_compositor.run, "demo": demo.run,
          "readme": readme.run, "igt": igt.run, "upstream": upstream.run}

FULL = {"verdicts": check_compositor.run_verdicts, "svp-elsewhere": elsewhere.run,
        "igt-elsewhere": igt.run_elsewhere, "upstream-all": upstream.run_all}
