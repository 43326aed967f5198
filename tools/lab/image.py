# SPDX-License-Identifier: GPL-2.0
"""A kernel's image as a guest starts it soonest: its ELF file, entered as a PVH guest is.

What a distribution installs, a bzImage, begins with a boot sector's setup code
and a decompressor.  An emulated CPU takes 2 s for these, a fifth of the time
that a guest takes to boot.  QEMU starts an ELF file where its note for PVH says,
in 32-bit mode, and none of that runs.  The kernel is the same, but for its
addresses: the decompressor is what would have made them random.

The bzImage's header says where the compressed ELF file is
(Documentation/arch/x86/boot.rst: payload_offset, payload_length, from 2.08 on),
the ELF file's note where it is to be entered (include/xen/interface/elfnote.h).
"""

import os
import struct
import tempfile
from pathlib import Path

from . import sysroot
from .error import Failure

MAGIC_AT, MAGIC = 0x202, b"HdrS"
VERSION_AT, VERSION = 0x206, 0x208
SETUP_SECTORS_AT = 0x1f1
PAYLOAD_AT = 0x248
HEADER_END = 0x250

# What a compressed stream begins with, what of the sysroot makes it whole, and how many bytes
# the kernel's build puts behind it: how long it was before, which gzip's own end says too.
STREAMS = ((b"\x28\xb5\x2f\xfd", "zstd", 4), (b"\xfd7zX", "xz", 4), (b"\x1f\x8b\x08", "gzip", 0))

ELF_HEADER, PROGRAM_HEADER = 64, 56		# bytes
PT_NOTE = 4
PVH_NOTE = (b"Xen\0", 18)	# XEN_ELFNOTE_PHYS32_ENTRY


def bootable(image: Path) -> Path:
    """What QEMU is to load for @image, a bzImage: an ELF file beside it, or @image itself
    where that has none or none that can be entered.

    The file is made when a guest first wants it, has @image's time, and is found by that.  It
    goes with the tree that @image is in; a guest that has it keeps it if another replaces it.
    """
    made = image.with_name(image.name.replace("vmlinuz", "vmlinux", 1) + ".pvh")
    time = image.stat().st_mtime_ns
    try:
        if made.stat().st_mtime_ns == time:
            return made if made.stat().st_size else image
    except FileNotFoundError:
        pass
    # A place of its own, as two guests may start side by side; then one replaces the other's.
    with tempfile.TemporaryDirectory(dir=image.parent) as work:
        elf = Path(work) / "elf"
        if not _unpack(image, elf) or not _has_pvh_note(elf):
            elf.write_bytes(b"")		# an answer, too
        os.utime(elf, ns=(time, time))
        os.replace(elf, made)
    return bootable(image)


def _unpack(image: Path, elf: Path) -> bool:
    """Write @image's payload to @elf; false if it has none that is known here."""
    data = image.read_bytes()
    if (len(data) < HEADER_END or data[MAGIC_AT:MAGIC_AT + 4] != MAGIC
            or struct.unpack_from("<H", data, VERSION_AT)[0] < VERSION):
        return False
    offset, length = struct.unpack_from("<II", data, PAYLOAD_AT)
    # 0 stands for 4 sectors; the boot sector comes before them.
    start = ((data[SETUP_SECTORS_AT] or 4) + 1) * 512 + offset
    payload = data[start:start + length]
    stream = next((s for s in STREAMS if payload.startswith(s[0])), None)
    if not stream or len(payload) != length:
        return False
    _, program, more = stream
    (elf.parent / "payload").write_bytes(payload[:length - more])
    if sysroot.in_sysroot(f"{program} -dc /kernel/payload >/kernel/elf", bind=((elf.parent, "/kernel"),)):
        raise Failure(f"{image} could not be unpacked (see above)")
    return True


def _has_pvh_note(elf: Path) -> bool:
    data = elf.read_bytes()
    if len(data) < ELF_HEADER or data[:6] != b"\x7fELF\2\1":		# 64 bits, little endian
        return False
    table, = struct.unpack_from("<Q", data, 32)
    entries, = struct.unpack_from("<H", data, 56)
    end = min(table + entries * PROGRAM_HEADER, len(data) - PROGRAM_HEADER + 1)
    for at in range(table, end, PROGRAM_HEADER):
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", data, at)
        if kind == PT_NOTE and PVH_NOTE in _notes(data[offset:offset + size]):
            return True
    return False


def _notes(data: bytes) -> list[tuple[bytes, int]]:
    """The name and type of each note of a PT_NOTE segment."""
    found, at = [], 0
    while at + 12 <= len(data):
        name_size, size, kind = struct.unpack_from("<III", data, at)
        at += 12
        found.append((data[at:at + name_size], kind))
        at += (name_size + 3 & ~3) + (size + 3 & ~3)
    return found
