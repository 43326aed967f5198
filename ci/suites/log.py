# SPDX-License-Identifier: GPL-2.0
"""What tools/vm takes for a fault in a kernel log: tools/lab/klog.py on its own."""

import sys
import unittest
from pathlib import Path

from .result import Results, run_python

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from lab.klog import Log	# noqa: E402

WARN = """\
4,100,5000000,-;------------[ cut here ]------------
4,101,5000010,-;WARNING: heap/main.c:12 at secure_heap_init+0x1/0x2, CPU#0: modprobe/99
4,102,5000020,-;Modules linked in: secure_heap(OE+)
4,103,5000030,-;---[ end trace 0000000000000000 ]---
6,104,5000040,-;secure_heap: version 0.1
"""

# The first line of each kind of report, as 7.2 words it.
FAULTS = (
    "WARNING: possible circular locking dependency detected",
    "WARNING: suspicious RCU usage",
    "BUG: KASAN: slab-use-after-free in vskms_flip+0x12/0x40",
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "BUG: sleeping function called from invalid context at mm/slab.h:1",
    "kernel BUG at heap/main.c:33!",
    "Oops: Oops: 0000 [#1] SMP",
    "Oops: general protection fault, probably for non-canonical address 0x1: 0000 [#1] SMP",
    "UBSAN: array-index-out-of-bounds in drm/main.c:3:4",
    "kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "INFO: task kworker/0:1:9 blocked for more than 120 seconds.",
    "watchdog: BUG: soft lockup - CPU#0 stuck for 134s! [cat:1]",
    "watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 0",
    "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
    "DMA-API: vskms vskms: device driver maps memory from kernel text",
    "Kernel panic - not syncing: Fatal exception",
)

HARMLESS = (
    "clocksource: Watchdog remote CPU 1 read timed out",
    "secure_heap: violation: mmap by 99 (cat)",
    "mtrr: your CPUs had inconsistent fixed MTRR settings",
    "debug: BUGs and WARNINGs are reported here",
    "x86/mm: Checked W+X mappings: passed, no W+X pages found.",
)


def log_of(text: str, cut: int = 1 << 20) -> Log:
    log = Log()
    data = text.encode()
    for i in range(0, len(data), cut):
        log.feed(data[i:i + cut])
    return log


class KernelLog(unittest.TestCase):
    def test_warn_is_one_report_from_cut_to_end(self):
        reports = log_of(WARN).reports()
        self.assertEqual(len(reports), 1)
        self.assertIn("cut here", reports[0].splitlines()[0])
        self.assertIn("end trace", reports[0].splitlines()[-1])

    def test_records_may_come_in_any_cut(self):
        for cut in (1, 7, 64):
            self.assertEqual(str(log_of(WARN, cut)), str(log_of(WARN)))

    def test_record_read_twice_counts_once(self):
        self.assertEqual(str(log_of(WARN + WARN)), str(log_of(WARN)))
        self.assertEqual(len(log_of(WARN + WARN).reports()), 1)

    def test_two_warns_are_two_reports(self):
        second = WARN.replace(",10", ",20").replace(",5000", ",5900")
        self.assertEqual(len(log_of(WARN + second).reports()), 2)

    def test_every_kind_of_fault_is_seen(self):
        for text in FAULTS:
            with self.subTest(text):
                self.assertEqual(len(log_of(f"4,1,1000,-;{text}\n").reports()), 1)

    def test_kasan_is_heard_before_any_module(self):
        # It says nothing after its first report, and lockdep nothing at all: such a run checked nothing.
        text = "BUG: KASAN: wild-memory-access in do_raw_spin_lock+0x122/0x280"
        self.assertEqual(len(log_of(f"3,84,8828,-;{text}\n").reports()), 1)

    def test_harmless_message_is_no_report(self):
        for text in HARMLESS:
            with self.subTest(text):
                self.assertEqual(log_of(f"4,1,1000,-;{text}\n").reports(), [])

    def test_user_space_cannot_fake_a_report(self):
        # Facility 1: the kernel never lets /dev/kmsg write as itself.
        self.assertEqual(log_of(WARN.replace("4,10", "12,10")).reports(), [])

    def test_named_exception_is_no_report(self):
        self.assertEqual(log_of(WARN.replace("secure_heap_init", "virtio_fs_send_forget")).reports(), [])

    def test_exception_hides_no_fault_before_it(self):
        bug = "3,90,4999000,-;BUG: sleeping function called from invalid context at mm/slab.h:1\n"
        reports = log_of(bug + WARN.replace("secure_heap_init", "virtio_fs_send_forget")).reports()
        self.assertEqual(len(reports), 1)
        self.assertIn("sleeping function", reports[0])

    def test_garbage_is_passed_over(self):
        self.assertEqual(str(log_of("\n;;;\nx,y,z,-;text\n SUBSYSTEM=faux\n1,2\n")), "")


def run(results: Results) -> None:
    run_python("log", KernelLog, results)
