# SPDX-License-Identifier: GPL-2.0
"""Building the modules: no warnings, and C++ that breaks a rule is refused."""

import shutil
import tempfile
import unittest
from pathlib import Path

from .result import Results, run_command, run_python

VM = "tools/vm"
# Each check of audit-object and what it says of a breach.
CHECKS = {"constructors": "static constructor", "endbr": "does not begin with endbr64",
          "fentry": "does not call __fentry__", "rethunk": "bare ret",
          "retpoline": "bare indirect branch", "sse": "floating-point or vector register"}

# Compiled without the kernel's flags this breaks every rule that audit-object knows.
ROGUE = """
struct Global { Global(); int value; };
int source();
Global::Global() : value{source()} {}
Global global;
double half(double x) { return x / 2; }
int call(int (*f)(int), int x) { return f(x) + 1; }
"""

KBUILD = """
include $(srcroot)/kbuild/Makefile.cxx
obj-m := rogue.o
rogue-y := core.o cxx_runtime.o
"""


def sysroot(script: str, *args: str, **kwargs):
    return run_command([VM, "exec", "--", "sh", "-ec", script, "sh", *args], **kwargs)


class Build(unittest.TestCase):
    def test_modules_have_no_warning_with_W_1(self):
        # A second run would compile nothing and see no warning.
        shutil.rmtree("build/W1", ignore_errors=True)
        done = run_command([VM, "exec", "--", "env", "BUILD=build/W1", "sh", "kbuild/build-modules", "W=1"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("warning:", (done.stdout + done.stderr).lower())

    def test_modules_pass_the_audit(self):
        done = sysroot('for o in heap/core/core.o drm/compositor/compositor.o; do '
                       'kbuild/audit-object "build/W1/obj/$o" "$@"; done', *CHECKS)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_audit_finds_each_breach(self):
        for check, complaint in CHECKS.items():
            with self.subTest(check):
                done = sysroot('printf %s "$2" >/tmp/rogue.cc; '
                               'g++ -O2 -fcf-protection=none -c /tmp/rogue.cc -o /tmp/rogue.o; '
                               'kbuild/audit-object /tmp/rogue.o "$1"', check, ROGUE)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(complaint, done.stderr)

    def test_audit_refuses_an_object_without_code(self):
        done = sysroot('echo "int x;" >/tmp/x.cc; g++ -c /tmp/x.cc -o /tmp/x.o; '
                       'kbuild/audit-object /tmp/x.o sse')
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no function found", done.stderr)

    def _module(self, source: str):
        """Build a module with C++ @source the way ours are."""
        with tempfile.TemporaryDirectory(dir="build") as directory:
            tree = Path(directory)
            (tree / "Kbuild").write_text(KBUILD)
            (tree / "core.cc").write_text('#include "cxx_runtime.hpp"\n' + source)
            return sysroot('cp -r kbuild "$1"; make -C /lib/modules/$KVER/build M="$PWD/$1" modules', directory)

    def test_static_constructor_refused(self):
        done = self._module("int source(); int global = source(); int source() { return global + 1; }")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("static constructor", done.stderr)

    def test_libc_header_refused(self):
        done = self._module("#include <cstdio>\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("stdio.h", done.stderr)

    def test_floating_point_refused(self):
        done = self._module("double half(double x) { return x / 2; }")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("SSE", done.stderr)

    def test_allocation_that_cannot_fail_refused(self):
        done = self._module("int *make(); int *make() { return new int; }")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("undefined", done.stderr)


def run(results: Results) -> None:
    Path("build").mkdir(exist_ok=True)
    run_python("build", Build, results)
