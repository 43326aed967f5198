# SPDX-License-Identifier: GPL-2.0
"""Tests of what a script of svp's commands left behind: one guest, one boot, many tests."""

import shutil
import subprocess
import unittest
from dataclasses import dataclass
from pathlib import Path

from .result import run_command

VM = "tools/vm"

# How many times as long anything may take.
SLOWNESS = {"stock": 1, "debug": 6}

# What each script begins with.  Its steps leave NAME.out, NAME.err and NAME.status.
PRELUDE = r"""
cd "$1" || exit 1
slow=$2
step()
{
	local name=$1; shift
	"$@" >$name.out 2>$name.err </dev/null
	echo $? >$name.status
}

# Until COMMAND succeeds: for a minute, and then it says so.
until_true()
{
	for i in $(seq $((300 * slow))); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
	echo "never true: $*"
}

nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
"""


@dataclass
class Done:
    """How a step ended."""

    status: int
    out: str
    err: str


def svp(*args: str) -> subprocess.CompletedProcess:
    """In the sysroot, where there is no module: for what svp says of its arguments."""
    return run_command([VM, "exec", "--", "build/svp/svp", *args])


class Steps(unittest.TestCase):
    """Runs SCRIPT before the first test; a test then looks at what is in OUT."""

    SCRIPT: str			# for bash, in OUT
    OUT: Path
    KERNEL = "stock"
    MODPARAMS = ("vskms.panel_capture=1", "vskms.mode=640x480")
    TIMEOUT = 900		# seconds, on the stock kernel

    @classmethod
    def setUpClass(cls):
        built = run_command(["make", "-s", "svp"])
        if built.returncode:
            raise RuntimeError(built.stdout + built.stderr)
        shutil.rmtree(cls.OUT, ignore_errors=True)
        modparams = [word for modparam in cls.MODPARAMS for word in ("--modparam", modparam)]
        slow = SLOWNESS[cls.KERNEL]
        cls.guest = run_command([VM, "run", "--kernel", cls.KERNEL, *modparams, "--timeout", str(slow * cls.TIMEOUT),
                                 "--out", str(cls.OUT), "--log", f"{cls.OUT}.log", "--", "bash", "-c",
                                 PRELUDE + cls.SCRIPT, cls.OUT.name, str(cls.OUT.absolute()), str(slow)],
                                timeout=slow * cls.TIMEOUT + 600)

    def test_guest_ran_to_the_end(self):
        # Its kernel's log is clean, and nothing was waited for in vain.
        self.assertEqual((self.guest.returncode, self.guest.stdout), (0, ""), self.guest.stderr)

    def read(self, name: str) -> str:
        return (self.OUT / name).read_text(errors="replace").strip()

    def done(self, name: str) -> Done:
        read = lambda kind: (self.OUT / f"{name}.{kind}").read_text(errors="replace")
        return Done(int(read("status")), read("out"), read("err"))

    def succeeded(self, name: str) -> str:
        done = self.done(name)
        self.assertEqual((done.status, done.err), (0, ""))
        return done.out

    def refused(self, name: str, *words: str) -> None:
        """It ended with 1, and its last line has all @words; what it started may have said more above."""
        done = self.done(name)
        self.assertEqual(done.status, 1, done.out + done.err)
        line = done.err.splitlines()[-1]
        self.assertTrue(line.startswith("svp: "), done.err)
        for word in words:
            self.assertIn(word, line)

    def refused_in_one_line(self, name: str, *words: str) -> None:
        self.refused(name, *words)
        err = self.done(name).err
        self.assertEqual(err.count("\n"), 1, err)
