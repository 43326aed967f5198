# SPDX-License-Identifier: GPL-2.0
"""Upstream's IGT tests in guests, compared to the letter with ci/expectations/upstream.tsv.

Each batch is one igt_runner results directory below out/.  A guest that dies costs the
subtest it died in: the next guest resumes behind it.  So does the next make test-full
after one that was interrupted, if nothing it depends on has changed since.
"""

import json
import shutil
import subprocess
import time
import unittest
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from .progress import stamp_of
from .result import Result, Results, run_command, run_python, without_stalls

VM = "tools/vm"
ROOT = "/usr/libexec/igt-gpu-tools"
EXPECTED = Path("ci/expectations/upstream.tsv")
QUICK = Path("ci/expectations/upstream-quick.txt")
GUESTS = 6		# for a batch: so often may it die
TRIES = 3		# of a flake; one is to pass
DEVICES = "sys:/sys/devices/faux"

SW_SYNC = "build/sw-sync/drivers/dma-buf/fences.ko"		# by ci/build-sw-sync

# What of IGT concerns a display; each binary of these has a line in EXPECTED.
BINARIES = ("core_*", "kms_*", "prime_*", "dmabuf*", "syncobj_*", "drm_read", "dumb_buffer")


@dataclass(frozen=True)
class Batch:
    """Subtests that run in one guest after the other, on a display made for them."""

    name: str
    patterns: tuple[str, ...]
    modparams: tuple[str, ...] = ("vskms.mode=640x480",)
    kernel: str = "stock"
    per_test: int = 120		# seconds
    module: str = ""		# a further one
    device: str = "vskms"	# ci/DEVICE makes another


# A subtest belongs to the first batch that has a pattern for it.
BATCHES = (
    # The fences that a commit waits for and hands out; of kernels, debug alone has SW_SYNC.
    Batch("fences", ("kms_explicit_fence@*", "kms_atomic@*-fence", "kms_atomic_interruptible@*",
                     "kms_atomic_transition@*fencing"), kernel="debug", per_test=600),
    # Nothing of ours: DRM's core, which is given 100 ms.  The debug kernel is too slow.
    Batch("syncobj", ("syncobj_wait@*", "syncobj_timeline@*", "syncobj_eventfd@*", "dmabuf_sync_file@*"),
          module=SW_SYNC),
    # It puts each connector on each CRTC, and does not ask whether it can be there.
    Batch("any-output", ("kms_setmode@*-stealing",), ("vskms.mode=640x480", "vskms.create_default_dev=0"),
          device="any-output"),
    Batch("two", ("*@2x-*", "kms_cursor_legacy@cursor[AB]-*", "kms_display_modes@*", "kms_setmode@*",
                  "kms_lease@*-unleased-*", "kms_lease@atomic-implicit-crtc"),
          ("vskms.mode=640x480", "vskms.crtcs=2")),
    # With one plane each: DRM has room for 32 planes, libigt for 28 with a colour pipeline.
    Batch("sixteen", ("kms_bw@*", "kms_feature_discovery@display-*", "kms_multipipe_modeset@*"),
          ("vskms.mode=640x480", "vskms.crtcs=16", "vskms.overlays=0", "vskms.cursor=0")),
    # Made for screens that are not small.
    Batch("large", ("kms_concurrent@*", "kms_plane_lowres@*"), ("vskms.mode=1024x768",)),
    # They compare the rate of flips with what it takes to paint a screen.
    Batch("async", ("kms_async_flips@*",), ("vskms.mode=160x120",)),
    # They leave the writeback connector on the CRTC, and who does not know of such connectors
    # cannot take it off.
    Batch("colour", ("kms_colorop@*",)),
    Batch("flip", ("kms_flip@*",)),
    Batch("cursor", ("kms_cursor_*",)),
    Batch("planes", ("kms_plane*", "kms_rotation_crc@*", "kms_atomic_transition@*")),
    Batch("rest", ("*",)),
)


@dataclass
class Line:
    """A line of EXPECTED."""

    pattern: str
    result: str		# one of RESULTS; what has no line is to pass
    reason: str


class Expectations:
    """What each subtest is to do; the file's own head says how it is written."""

    RESULTS = ("skip", "fail", "warn", "flake", "either", "omit")

    def __init__(self, text: str):
        self.lines: list[Line] = []
        self.subtests: dict[str, int] = {}		# binary: how many it has
        self.foreign: list[str] = []		# binaries that are not for us
        for number, line in enumerate(text.splitlines(), 1):
            if not line or line.startswith("#"):
                continue
            fields = line.split("\t")
            if len(fields) != 3 or not fields[2]:
                raise ValueError(f"{EXPECTED}:{number}: not three fields with a tab between them")
            pattern, result, reason = fields
            if result.isdigit():
                self.subtests[pattern] = int(result)
            elif result == "none":
                self.foreign.append(pattern)
            elif result in self.RESULTS:
                self.lines.append(Line(pattern, result, reason))
            else:
                raise ValueError(f"{EXPECTED}:{number}: {result!r} is no result")

    def is_foreign(self, binary: str) -> bool:
        return any(fnmatchcase(binary, p) for p in self.foreign)

    def of(self, test: str) -> Line:
        for line in self.lines:
            if fnmatchcase(test, line.pattern):
                return line
        return Line(test, "pass", "")

    def may_try_again(self, test: str, word: str) -> bool:
        return self.of(test).result == "flake" and word in ("fail", "warn")

    def compare(self, test: str, word: str, seconds: float, said: str, tries: int = 1) -> Result:
        """@word, igt_runner's of the last try, against what was expected; @said is what the test printed."""
        line = self.of(test)
        name = f"upstream@{test}"
        if word == "pass" and line.result in ("pass", "flake", "either"):
            return Result(name, "pass", seconds, f"at try {tries}: {line.reason}" if tries > 1 else "")
        if word == line.result == "warn":
            return Result(name, "pass", seconds, line.reason)
        if word == line.result or (word, line.result) == ("fail", "either"):
            return Result(name, "skip", seconds, line.reason)
        return Result(name, "fail", seconds, f"{word}, not {line.result}, {tries} times\n{said}" if tries > 1
                      else f"{word}, not {line.result}\n{said}")


class Strict(unittest.TestCase):
    """Whatever is not as the list has it is a failure."""

    LIST = ("kms_x\t9\tx\nkms_x@skips\tskip\twhy\nkms_x@fails\tfail\twhy\n"
            "kms_x@warns\twarn\twhy\nkms_x@flaky-*\tflake\twhy\nkms_x@either\teither\twhy\n")

    def _compared(self, subtest: str, word: str) -> str:
        return Expectations(self.LIST).compare(f"kms_x@{subtest}", word, 0, "").result

    def test_as_listed(self):
        for subtest, word, result in (("other", "pass", "pass"), ("skips", "skip", "skip"), ("fails", "fail", "skip"),
                                      ("warns", "warn", "pass"), ("flaky-1", "pass", "pass"),
                                      ("either", "pass", "pass"), ("either", "fail", "skip")):
            with self.subTest(f"{subtest} {word}"):
                self.assertEqual(self._compared(subtest, word), result)

    def test_not_as_listed(self):
        for subtest, words in (("other", ("skip", "fail", "warn", "timeout", "incomplete", "notrun", "dmesg-warn")),
                               ("skips", ("pass", "fail", "warn")), ("fails", ("pass", "skip", "dmesg-fail")),
                               ("warns", ("pass", "fail", "dmesg-warn")),
                               ("either", ("skip", "warn", "timeout", "crash", "dmesg-fail")),
                               ("flaky-1", ("skip", "fail", "warn", "timeout", "crash", "dmesg-fail"))):
            for word in words:
                with self.subTest(f"{subtest} {word}"):
                    self.assertEqual(self._compared(subtest, word), "fail")

    def test_flakes_alone_are_tried_again(self):
        expected = Expectations(self.LIST)
        for subtest, word, again in (("flaky-1", "fail", True), ("flaky-1", "warn", True), ("flaky-1", "pass", False),
                                     ("flaky-1", "timeout", False), ("flaky-1", "dmesg-fail", False),
                                     ("other", "fail", False), ("fails", "fail", False), ("either", "fail", False)):
            with self.subTest(f"{subtest} {word}"):
                self.assertEqual(expected.may_try_again(f"kms_x@{subtest}", word), again)

    def test_lists_that_make_no_sense(self):
        for text in ("kms_x@y\tskip\n", "kms_x@y\tskip\t\n", "kms_x@y skip why\n", "kms_x@y\tmaybe\twhy\n"):
            with self.subTest(text), self.assertRaises(ValueError):
                Expectations(text)


def list_subtests() -> dict[str, list[str]]:
    """Each binary's subtests, itself if it has none; asked of the binaries, in the sysroot."""
    script = (f'cd {ROOT}; for b in $(sed -n 2p test-list.txt); do '
              'echo "$b:" $(./$b --list-subtests 2>/dev/null); done')
    listed = run_command([VM, "exec", "--", "sh", "-c", script])
    tests = {}
    for line in listed.stdout.splitlines():
        binary, subtests = line.split(":", 1)
        if any(fnmatchcase(binary, p) for p in BINARIES):
            tests[binary] = [f"{binary}@{s}" for s in subtests.split()] or [binary]
    return tests


def check_lists(results: Results, expected: Expectations, tests: dict[str, list[str]]) -> None:
    """Nothing has come or gone since the expectations were written."""
    wrong = []
    for binary, subtests in tests.items():
        known = expected.subtests.get(binary)
        if known is None and not expected.is_foreign(binary):
            wrong.append(f"{binary}: a binary that has no line")
        elif known is not None and known != len(subtests):
            wrong.append(f"{binary}: {len(subtests)} subtests, not {known}")
    wrong += [f"{binary}: gone" for binary in expected.subtests if binary not in tests]
    everything = [t for binary in tests for t in tests[binary]]
    wrong += [f"{line.pattern}: no subtest has this name" for line in expected.lines
              if not any(fnmatchcase(t, line.pattern) for t in everything)]
    results.add(Result("upstream@lists", "fail" if wrong else "pass", 0, "\n".join(wrong)))


def batch_of(test: str) -> Batch:
    return next(b for b in BATCHES if any(fnmatchcase(test, p) for p in b.patterns))


def run_guest(batch: Batch, out: Path, test_list: Path, number: int) -> tuple[int, str]:
    """One guest that begins the batch, or goes on with it; its status and what it said."""
    begin = ('exec igt_runner --dmesg-warn-level 4 --per-test-timeout "$3" '
             f'-e IGT_DEVICE={DEVICES}/{batch.device} --test-list "$2" {ROOT} "$1"')
    options = [word for p in batch.modparams for word in ("--modparam", p)]
    load = ("modprobe vgem && " + (f"insmod {batch.module} && " if batch.module else "")
            + (f"sh ci/{batch.device} && " if batch.device != "vskms" else ""))
    script = load + ('exec igt_resume "$1"' if (out / "joblist.txt").exists() else begin)
    try:
        done = run_command([VM, "run", "--kernel", batch.kernel, *options, "--timeout", "7200", "--out", str(out),
                            "--log", f"{out}.{number}.log", "--", "sh", "-c", script, "sh", str(out.absolute()),
                            str(test_list.absolute()), str(batch.per_test)], timeout=7500)
    except subprocess.TimeoutExpired:
        return 124, "the guest did not end"
    return done.returncode, done.stdout + done.stderr


def run_list(batch: Batch, out: Path, tests: list[str]) -> tuple[dict[str, dict], str]:
    """Run @tests to the end, or go on with that; what igt_runner has of each, and what went wrong beside."""
    out.mkdir(parents=True, exist_ok=True)
    test_list = Path(f"{out}.txt")
    test_list.write_text("".join(f"igt@{t}\n" for t in tests))
    trouble = ""
    for number in range(GUESTS):
        if (out / "endtime.txt").exists():
            break
        status, said = run_guest(batch, out, test_list, number)
        if status:
            trouble += f"guest {number}: status {status}\n{said[-4000:]}\n"
        if not (out / "joblist.txt").exists():
            break		# it did not get that far, and the next would not either
    if not (out / "results.json").exists():
        run_command([VM, "exec", "--", "igt_results", str(out)])
    try:
        told = json.loads((out / "results.json").read_text())["tests"]
    except (OSError, ValueError, KeyError) as err:
        told = {}
        trouble += f"no results: {err}\n"
    for one in told.values():
        one["result"] = without_stalls(one["result"], one.get("dmesg", ""))
    found = {t: told.get(f"igt@{t.lower()}") or told.get(f"igt@{t}") for t in tests}
    return {t: one for t, one in found.items() if one}, trouble


def run_batch(results: Results, expected: Expectations, batch: Batch, out: Path, tests: list[str]) -> None:
    started = time.monotonic()
    told, trouble = run_list(batch, out, tests)
    for number in range(1, TRIES):
        again = [t for t in tests if t in told and expected.may_try_again(t, told[t]["result"])]
        if again:
            retold, more = run_list(batch, Path(f"{out}-again-{number}"), again)
            told |= {t: one | {"tries": number + 1} for t, one in retold.items()}
            trouble += more
    for test in tests:
        one = told.get(test)
        if not one:
            results.add(Result(f"upstream@{test}", "fail", 0, "not run"))
            continue
        spent = one.get("time", {})
        said = "\n".join(one.get(part, "") for part in ("out", "err", "dmesg"))[-6000:]
        results.add(expected.compare(test, one["result"], spent.get("end", 0) - spent.get("start", 0), said,
                                     one.get("tries", 1)))
    # The kernel's verdict on the whole, which is tools/vm's exit status.  What it logged in
    # a run that was interrupted is still in its subtests' results.
    results.add(Result(f"upstream@kernel-log-clean-{batch.name}", "fail" if trouble else "pass",
                       time.monotonic() - started, trouble))


def run_tests(results: Results, out: Path, wanted: list[str] | None) -> None:
    """All subtests, or those that @wanted has patterns for."""
    expected = Expectations(EXPECTED.read_text())
    tests = list_subtests()
    check_lists(results, expected, tests)
    todo: dict[Batch, list[str]] = {}
    for binary, subtests in tests.items():
        if expected.is_foreign(binary):
            continue
        for test in subtests:
            if wanted is not None and not any(fnmatchcase(test, p) for p in wanted):
                continue
            line = expected.of(test)
            if line.result == "omit":
                results.add(Result(f"upstream@{test}", "skip", 0, line.reason))
            else:
                todo.setdefault(batch_of(test), []).append(test)
    for pattern in wanted or ():
        if not any(fnmatchcase(t, pattern) for subtests in todo.values() for t in subtests):
            results.add(Result(f"upstream@{pattern}", "fail", 0, f"{QUICK} names it, but there is no such subtest"))
    for batch in BATCHES:
        # A part is for the stock kernel alone.
        if batch in todo and (wanted is None or batch.kernel == "stock"):
            run_batch(results, expected, batch, out / batch.name, todo[batch])


def stamp() -> str:
    """Of all that the results depend on."""
    return stamp_of("drm", "heap", "include", "kbuild", "Kbuild", "ci/expectations", "ci/suites/upstream.py",
                    "ci/build-sw-sync", "ci/any-output", "tools/lab", "tools/vm")


def run(results: Results) -> None:
    run_python("upstream", Strict, results)
    out = Path("out/upstream-quick")
    shutil.rmtree(out, ignore_errors=True)
    wanted = [line for line in QUICK.read_text().splitlines() if line and not line.startswith("#")]
    run_tests(results, out, wanted)


def run_all(results: Results) -> None:
    out = Path("out/upstream")
    mark = out / "stamp"
    # Go on only with what was interrupted, and is still of the same sources.
    if not mark.exists() or mark.read_text() != stamp():
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        mark.write_text(stamp())
    for what, command in (("kernel-debug", ["kernel", "debug"]), ("source", ["setup", "--with", "bench"]),
                          ("sw-sync", ["exec", "--", "sh", "ci/build-sw-sync"])):
        got = run_command([VM, *command], timeout=3600)
        if got.returncode:
            results.add(Result(f"upstream@{what}", "fail", 0, got.stdout + got.stderr))
            return
    run_tests(results, out, None)
    mark.unlink()
