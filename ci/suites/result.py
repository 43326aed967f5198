# SPDX-License-Identifier: GPL-2.0
"""One test's result, and the files and lines that tell of all of them."""

import json
import re
import subprocess
import unittest
import xml.etree.ElementTree as xml
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
import time


# What tells of a fault, the most telling first. IGT names its assertion in its second stream,
# after the word that it failed in the first.
WRONG = (re.compile(r"CRITICAL: Failed assertion"), re.compile(r"BUG:|WARNING:"),
         re.compile(r"CRITICAL|FAIL|[Ee]rror|Traceback"))

# What a guest's kernel says when the host had no time for it: its CPUs stood still.
STALLS = re.compile(r"sched: DL replenish lagged too much")


def without_stalls(word: str, dmesg: str) -> str:
    """igt_runner's @word for a test during which the kernel said @dmesg, if that was not for the host alone."""
    warnings = [line for line in dmesg.splitlines() if re.match(r"<[0-4]>", line)]
    if not warnings or not all(STALLS.search(line) for line in warnings):
        return word
    return {"dmesg-warn": "pass", "dmesg-fail": "fail"}.get(word, word)


@dataclass
class Result:
    """@name is suite@test or suite@test@subtest; @result is pass, fail or skip."""

    name: str
    result: str
    seconds: float
    text: str = ""		# what it printed; for a skip, the reason

    def brief(self) -> str:
        """What it printed in one line: the first, the most telling one of a fault, the last."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        wrong = [line for pattern in WRONG for line in lines if pattern.search(line)]
        return " ... ".join(dict.fromkeys(lines[:1] + wrong[:1] + lines[-1:]))[:600]


class Results:
    def __init__(self):
        self.all: list[Result] = []

    def add(self, result: Result) -> None:
        self.all.append(result)
        print(f"{result.result:4} {result.name} ({result.seconds:.1f} s)", flush=True)
        if result.result != "pass" and result.text:
            print("".join(f"     {line}\n" for line in result.text.strip().splitlines()), end="", flush=True)

    def failed(self) -> list[Result]:
        return [r for r in self.all if r.result == "fail"]

    def count(self) -> Counter:
        return Counter(r.result for r in self.all)

    def good(self) -> bool:
        return self.count()["pass"] > 0 and self.count()["fail"] == 0

    def summary(self) -> str:
        n = self.count()
        return f"{n['pass']} passed, {n['fail']} failed, {n['skip']} skipped"

    def write(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        tests = {r.name: {"result": r.result, "out": r.text, "err": "", "dmesg": "",
                          "time": {"__type__": "TimeAttribute", "start": 0, "end": r.seconds}}
                 for r in self.all}
        whole = {"__type__": "TestrunResult", "results_version": 10, "name": "vskms",
                 "tests": tests, "totals": {"root": dict(self.count())}}
        (directory / "results.json").write_text(json.dumps(whole, indent=1) + "\n")

        suites = xml.Element("testsuites")
        for name in dict.fromkeys(r.name.split("@", 1)[0] for r in self.all):
            mine = [r for r in self.all if r.name.split("@", 1)[0] == name]
            n = Counter(r.result for r in mine)
            suite = xml.SubElement(suites, "testsuite", name=name, tests=str(len(mine)),
                                   failures=str(n["fail"]), skipped=str(n["skip"]))
            for r in mine:
                case = xml.SubElement(suite, "testcase", classname=name, time=f"{r.seconds:.3f}",
                                      name=r.name.split("@", 1)[1])
                if r.result == "fail":
                    # XML has no way to write most control characters.
                    text = re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]", "?", r.text)
                    xml.SubElement(case, "failure", message="failed").text = text
                elif r.result == "skip":
                    xml.SubElement(case, "skipped", message=r.text)
        xml.ElementTree(suites).write(directory / "junit.xml", encoding="utf-8", xml_declaration=True)


class _Adapter(unittest.TestResult):
    """Turns Python's test results into ours."""

    def __init__(self, suite: str, results: Results):
        super().__init__()
        self.suite = suite
        self.ours = results
        self.started = time.monotonic()		# of what has no start: setUpClass

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()
        self.told = False

    def _tell(self, test, result: str, text: str = "") -> None:
        name = test.id().split(" ", 1)[0].rsplit(".", 1)[-1].removeprefix("test_").replace("_", "-")
        self.ours.add(Result(f"{self.suite}@{name}", result, time.monotonic() - self.started, text))
        self.told = True

    def addSuccess(self, test):
        self._tell(test, "pass")

    def addFailure(self, test, err):
        self._tell(test, "fail", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        self._tell(test, "fail", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        self._tell(test, "skip", reason)

    def addSubTest(self, test, subtest, err):
        if err is not None and not self.told:
            self._tell(test, "fail", f"{subtest._subDescription()}\n"
                       + self._exc_info_to_string(err, test))


def run_python(suite: str, case: type[unittest.TestCase], results: Results) -> None:
    """Run the tests of @case in the order they are written, those that it inherits first."""
    names = dict.fromkeys(n for c in reversed(case.__mro__) for n in vars(c) if n.startswith("test_"))
    unittest.TestSuite(map(case, names)).run(_Adapter(suite, results))


def run_command(argv: list[str], **kwargs) -> subprocess.CompletedProcess:
    """Run @argv with both outputs as text; never waits longer than 10 min."""
    kwargs = {"stdin": subprocess.DEVNULL, "timeout": 600} | kwargs
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", **kwargs)


class Told(unittest.TestCase):
    """What is made of what tests print, and the kernel meanwhile."""

    def test_a_stalled_host_is_not_the_tests_fault(self):
        stall, ours = "<4> [269.317407] sched: DL replenish lagged too much\n", "<4> [269.4] vskms: no\n"
        told = "<6> [269.1] [IGT] kms_x: executing\n"
        for word, dmesg, rest in (("dmesg-warn", told + stall, "pass"), ("dmesg-fail", stall + told, "fail"),
                                  ("dmesg-warn", stall + ours, "dmesg-warn"), ("dmesg-warn", ours, "dmesg-warn"),
                                  ("dmesg-warn", told, "dmesg-warn"), ("incomplete", stall, "incomplete"),
                                  ("skip", stall, "skip"), ("pass", told, "pass")):
            with self.subTest(f"{word} {dmesg}"):
                self.assertEqual(without_stalls(word, dmesg), rest)

    def test_the_most_telling_line_is_shown(self):
        igt = ("fail\nStarting subtest: x\nSubtest x: FAIL (0.4s)\n(x:359) CRITICAL: Test assertion failure\n"
               "(x:359) CRITICAL: Failed assertion: a == 1\n<6> [1.0] [IGT] x: exiting, ret=98\n")
        for text, brief in ((igt, "fail ... (x:359) CRITICAL: Failed assertion: a == 1 ... <6> [1.0] [IGT] x: exiting, ret=98"),
                            ("a\nerror: b\nBUG: c\nd", "a ... BUG: c ... d"), ("a\nb\nerror: c", "a ... error: c"),
                            ("a\nb\nc", "a ... c"), ("a", "a"), ("", "")):
            with self.subTest(text):
                self.assertEqual(Result("x", "fail", 0, text).brief(), brief)
