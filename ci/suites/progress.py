# SPDX-License-Identifier: GPL-2.0
"""What of a long run is done, so that the next one goes on where it was cut off.

A directory with a stamp of the sources that the results are of, and a file for each suite
that came to its end.  Of other sources than that nothing is taken over, and a run that has
ended takes all of it away: the next begins again.
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
import unittest
from dataclasses import asdict
from pathlib import Path

from .result import Result, Results, Told, run_command, run_python


def stamp_of(*paths: str) -> str:
    """Of all sources below @paths, those that are not committed as well; of no path: of all."""
    files = run_command(["git", "ls-files", "-co", "--exclude-standard", *paths]).stdout.split("\n")
    digest = hashlib.sha256()
    for file in sorted(f for f in files if f and Path(f).is_file()):
        digest.update(file.encode() + b"\0" + Path(file).read_bytes())
    return digest.hexdigest()


class Progress:
    def __init__(self, directory: Path, stamp: str):
        self.directory = directory
        mark = directory / "stamp"
        if not mark.exists() or mark.read_text() != stamp:
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            mark.write_text(stamp)

    def _file(self, suite: str) -> Path:
        return self.directory / f"{suite}.json"

    def load(self, suite: str) -> list[Result] | None:
        """What @suite came to; None if it did not come to its end."""
        try:
            return [Result(**one) for one in json.loads(self._file(suite).read_text())]
        except FileNotFoundError:
            return None

    def save(self, suite: str, results: list[Result]) -> None:
        # Whole or not there: whoever cuts us off may do so here.
        new = self._file(suite).with_suffix(".new")
        new.write_text(json.dumps([asdict(result) for result in results]))
        new.rename(self._file(suite))

    def end(self) -> None:
        shutil.rmtree(self.directory)


class Cut(unittest.TestCase):
    """A run that is cut off, and the next."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.directory = Path(self.scratch.name) / "full"
        self.ended = [Result("one@a", "pass", 1.5), Result("one@b", "fail", 0, "why")]
        self.first = Progress(self.directory, "these sources")
        self.first.save("one", self.ended)

    def test_goes_on_behind_the_suites_that_ended(self):
        again = Progress(self.directory, "these sources")
        self.assertEqual(again.load("one"), self.ended)
        self.assertIsNone(again.load("two"))

    def test_begins_again_with_other_sources(self):
        self.assertIsNone(Progress(self.directory, "others").load("one"))
        # Nor is it of use to those that it was of.
        self.assertIsNone(Progress(self.directory, "these sources").load("one"))

    def test_begins_again_when_it_has_ended(self):
        self.first.end()
        self.assertIsNone(Progress(self.directory, "these sources").load("one"))

    def test_half_a_file_is_none(self):
        self.first._file("two").with_suffix(".new").write_text('[{"name": "tw')
        self.assertIsNone(Progress(self.directory, "these sources").load("two"))

    def test_a_source_that_changes_is_seen(self):
        with contextlib.chdir(self.scratch.name):
            run_command(["git", "init", "-q"])
            for name in ("ours/a", "theirs/b", ".gitignore"):
                Path(name).parent.mkdir(exist_ok=True)
                Path(name).write_text("built\n")
            before = stamp_of("ours"), stamp_of("theirs"), stamp_of()
            Path("built").write_text("x")
            self.assertEqual(before, (stamp_of("ours"), stamp_of("theirs"), stamp_of()))
            Path("ours/a").write_text("y")
            self.assertEqual([a == b for a, b in zip(before, (stamp_of("ours"), stamp_of("theirs"), stamp_of()))],
                             [False, True, False])


def run(results: Results) -> None:
    for case in (Told, Cut):
        run_python("ci", case, results)
