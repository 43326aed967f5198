# SPDX-License-Identifier: GPL-2.0
"""Our IGT tests in a guest, by igt_runner, subtest by subtest."""

import json
import shutil
import time
import unittest
from pathlib import Path

from .result import Result, Results, run_command, run_python, without_stalls

OUT = Path("out/igt")
ROOT = "build/igt"

# igt_runner's words for what happened; what is not here is a failure.
PASS = ("pass",)
SKIP = ("skip",)


class Unload(unittest.TestCase):
    """In guests of their own: they end with a module half gone."""

    def _guest(self, script: str, *options: str):
        return run_command(["tools/vm", "run", "--timeout", "120", *options, "--", "sh", "-c", script])

    def test_rmmod_is_refused(self):
        done = self._guest("rmmod secure_heap")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("in use", done.stderr)

    def test_forced_rmmod_is_refused_while_the_display_is_there(self):
        done = self._guest("rmmod -f secure_heap")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("could not remove", done.stderr)

    def test_forced_rmmod_leaves_no_dangling_ops(self):
        # tools/vm answers 126 to an oops.
        done = self._guest("build/igt/heap_alloc --run-subtest sizes >/dev/null || exit 1; "
                           "rmmod vskms || exit 3; rmmod -f secure_heap & "
                           "until dmesg | grep -q 'until the next boot'; do sleep 0.2; done; "
                           "build/igt/heap_alloc --run-subtest sizes >/dev/null 2>&1 && exit 2; "
                           "dmesg | grep 'secure_heap: .* stays until the next boot'")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_forced_rmmod_with_a_file_open_leaves_no_dangling_ops(self):
        # Without any heap: it is the open file that calls us.
        done = self._guest("modprobe configfs && insmod build/$(uname -r)/obj/heap/secure_heap.ko dynamic=0 || exit 1; "
                           "exec 5<>/dev/secure_heap; rmmod -f secure_heap & "
                           "until dmesg | grep -q 'until the next boot'; do sleep 0.2; done; "
                           "exec 5>&-; sleep 1; dmesg | grep 'stays until the next boot'", "--no-modules")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def _run_on(results: Results, kernel: str, per_test: int) -> None:
    """All our IGT tests on @kernel; on other kernels than stock their names say which."""
    suffix = "" if kernel == "stock" else f"@{kernel}"
    out = OUT.with_name(OUT.name + suffix.replace("@", "-"))
    shutil.rmtree(out, ignore_errors=True)
    started = time.monotonic()
    done = run_command(["tools/vm", "run", "--kernel", kernel, "--timeout", "3000", "--out", str(out),
                        "--log", f"{out}.log", "--", "sh", "-c",
                        'modprobe vgem && for module in bus_probe cpu_stall; do '
                        'insmod "build/$(uname -r)/obj/igt-tests/modules/$module.ko" || exit; done; '
                        'exec igt_runner -s -o --dmesg-warn-level 4 --per-test-timeout "$3" "$1" "$2"',
                        "sh", ROOT, str(out), str(per_test)], timeout=3300)
    seconds = time.monotonic() - started
    try:
        tests = json.loads((out / "results.json").read_text())["tests"]
    except (OSError, ValueError, KeyError):
        results.add(Result(f"igt@runner{suffix}", "fail", seconds, done.stdout + done.stderr))
        return

    for name, test in tests.items():
        word = without_stalls(test["result"], test.get("dmesg", ""))
        # Where allocations are made to fail the kernel says so; a fault of its own is the verdict's.
        noted = word == "dmesg-warn" and name.startswith("igt@heap_faults@")
        result = "pass" if word in PASS or noted else "skip" if word in SKIP else "fail"
        spent = test.get("time", {})
        text = "" if result == "pass" else f"{word}\n{test.get('out', '')}\n{test.get('err', '')}\n{test.get('dmesg', '')}"
        results.add(Result(name + suffix, result, spent.get("end", 0) - spent.get("start", 0), text))
    # The kernel's verdict on the whole run, which is tools/vm's exit status.
    results.add(Result(f"igt@kernel-log-clean{suffix}", "fail" if done.returncode else "pass", seconds, done.stderr))


def _build(results: Results) -> bool:
    started = time.monotonic()
    built = run_command(["make", "-s", "igt-tests"])
    if built.returncode:
        results.add(Result("igt@build", "fail", time.monotonic() - started, built.stdout + built.stderr))
    return not built.returncode


def run(results: Results) -> None:
    if _build(results):
        _run_on(results, "stock", 120)
        run_python("unload", Unload, results)


def run_elsewhere(results: Results) -> None:
    """On the next kernel, and on one with KASAN, lockdep, kmemleak and fault injection."""
    if not _build(results):
        return
    for kernel, get in (("trixie-backports", ["add", "trixie-backports"]), ("debug", ["debug"])):
        got = run_command(["tools/vm", "kernel", *get], timeout=3600)
        if got.returncode:
            results.add(Result(f"igt@kernel@{kernel}", "fail", 0, got.stderr))
            continue
        _run_on(results, kernel, 900)
