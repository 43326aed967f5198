# SPDX-License-Identifier: GPL-2.0
"""The guest's kernel log, and what in it means that the kernel found a fault.

The log comes as /dev/kmsg records, "prio,seq,usec,flags;text".  The record
tells the kernel's own messages (facility 0) from what user space wrote there,
so a test that logs the word WARNING is no fault of the kernel's.

A report begins with one of START, and its excerpt runs to the end-of-trace
line or, failing that, as long as the kernel's own lines follow closely.
"""

import re
from dataclasses import dataclass

START = re.compile(r"""
      \bWARNING:\s                              # WARN(), lockdep, RCU
    | \bBUG:\s | ^kernel\sBUG\sat               # BUG(), KASAN, KFENCE, KCSAN, atomic sleeps, lockups
    | \bOops:\s | \bOops\s-\s
    | ^(general\sprotection\sfault|divide\serror|stack\ssegment|double\sfault|invalid\sopcode)
    | \bUBSAN:\s
    | ^ODEBUG:\s | ^DMA-API:\s.*(device\sdriver|exceeded|failed)
    | ^kmemleak:\s\d+\snew\ssuspected
    | ^INFO:\s(trying\sto\sregister\snon-static\skey|task\s.*\sblocked\sfor|rcu_)
    | ^rcu:\sINFO: | \bhard\sLOCKUP\b
    | ^(list_add|list_del)\scorruption
    | ^Kernel\spanic
    """, re.VERBOSE)

# Reports that are not about the code under test, by their first line.
EXCEPTIONS = (
    # Stock virtiofs under memory pressure, seen on 7.2.12 without our modules.
    re.compile(r"WARNING: .*virtio_fs_send_forget"),
)

END = re.compile(r"---\[ end (trace|Kernel panic)|^={20,}$")
LONGEST = 60


@dataclass(frozen=True)
class Record:
    """One message; @usec since boot, @level 0 (emergency) to 7 (debug)."""

    seq: int
    usec: int
    level: int
    facility: int
    text: str

    def __str__(self) -> str:
        return f"[{self.usec // 1000000:5d}.{self.usec % 1000000:06d}] {self.text}"


class Log:
    """Collects records from the bytes of /dev/kmsg, in any cut, each once."""

    def __init__(self):
        self.records: list[Record] = []
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if (record := _parse(line.decode(errors="replace"))) is None:
                continue
            # The guest's reader starts over when records overtook it.
            if not self.records or record.seq > self.records[-1].seq:
                self.records.append(record)

    def has(self, text: str) -> bool:
        return any(text in r.text for r in reversed(self.records))

    def reports(self) -> list[str]:
        """The excerpt of each fault the kernel reported, oldest first."""
        found = []
        kernel = [r for r in self.records if r.facility == 0]
        i = 0
        while i < len(kernel):
            if not START.search(kernel[i].text):
                i += 1
                continue
            first = i
            # "cut here" and lockdep's ruler stand one line before.
            if i and re.search(r"\[ cut here \]|^={20,}$", kernel[i - 1].text):
                first -= 1
            i += 1
            start = kernel[i - 1].text
            while (i < len(kernel) and i - first < LONGEST
                   and not END.search(kernel[i - 1].text) and "[ cut here ]" not in kernel[i].text
                   and kernel[i].usec - kernel[i - 1].usec < 1000000):
                i += 1
            if not any(e.search(start) for e in EXCEPTIONS):
                found.append("\n".join(map(str, kernel[first:i])))
        return found

    def __str__(self) -> str:
        return "".join(f"{r}\n" for r in self.records)


def _parse(line: str) -> Record | None:
    prefix, semicolon, text = line.partition(";")
    fields = prefix.split(",")
    # Lines that begin with a blank carry a record's device, not a message.
    if not semicolon or len(fields) < 4 or not all(f.isdigit() for f in fields[:3]):
        return None
    prio, seq, usec = map(int, fields[:3])
    text = re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), text)
    return Record(seq, usec, prio & 7, prio >> 3, text)
