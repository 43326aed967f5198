# SPDX-License-Identifier: GPL-2.0
"""Boot a kernel on the sysroot in QEMU, run a command there, tell how it went.

The guest's root is the sysroot, read-only over virtiofs with a tmpfs overlay
on top (tools/lab/init does that), so any number of guests use it at once and
none sees another's writes.  Directories of the host are further virtiofs
shares.  There is no initramfs: the stock kernel has what this needs built in.

Processes: this one holds the host's ends of the guest's streams and decides;
PID 1 of a sandbox starts the virtiofsds and QEMU and ends with QEMU.  Killing
PID 1 kills them all, and it dies with this process (see sandbox.py).

A run ends when the command's status has come on the control port and the
nonce has come on each stream, after everything that was written before it.
QEMU is then killed: the guest's disks are tmpfs, nothing is lost.
"""

import fcntl
import os
import re
import secrets
import select
import selectors
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import image, sysroot
from .error import NoBoot, say
from .kernels import Kernel
from .klog import LONGEST, START, Log
from .modules import needed
from .sandbox import Sandbox, environment, on_end

# Physical memory kept from the kernel for the carve-out heap: whole 128M
# sections, so that no struct page exists for any of it, inside guest RAM.
CARVEOUT_BASE = 0x60000000
CARVEOUT_SIZE = 128 << 20
CMA_SIZE = "128M"
# The kernel image, its page tables and the sysroot's programs need the rest.
MEMORY_MIN = CARVEOUT_BASE + CARVEOUT_SIZE + (128 << 20)

BOOT_LIMIT = {"kvm": 60, "tcg": 120}	# seconds
DEBUG_BOOT_LIMIT = 300			# the same, for the debug kernel
CHECK_LIMIT = 300			# seconds from the command's end to its status
SHARES_LIMIT = 30		# seconds for the daemons of shares; the boot's limit has them in it
FLUSH_LIMIT = 60			# seconds from one to the next byte after that

# What an emulated CPU can, but slowly.  With the first four, the kernel clears and copies a byte at
# a time (rep stosb and movsb), which it does in words without; the last is a fifth level of page
# tables to walk.
SLOW = ("erms", "fsrm", "fsrs", "fzrm", "la57")

# Virtio-serial port numbers, known to tools/lab/init as /dev/vport0pN.
PORTS = {"stdin": 1, "stdout": 2, "stderr": 3, "kmsg": 4, "control": 5}

TIMED_OUT = 124
KERNEL_FAULT = 126


@dataclass
class Share:
    """A directory of the host at the same path in the guest."""

    path: Path
    mode: str			# "cow", "ro" or "rw"


@dataclass
class Options:
    command: list[str]			# empty: an interactive shell
    cwd: Path
    kernel: Kernel
    accel: str				# "kvm" or "tcg"
    modules: list[str] = field(default_factory=list)
    built: Path | None = None		# depmod'ed tree of our modules to install
    path: Path | None = None		# a further directory of programs; it may be missing
    shares: list[Share] = field(default_factory=list)
    timeout: float = 600
    cpus: int = 2
    memory: int = 2 << 30		# bytes
    append: list[str] = field(default_factory=list)
    gdb_port: int | None = None
    log: Path | None = None


@dataclass
class Outcome:
    """How a run ended; @status is tools/vm's exit status."""

    status: int
    log: Log
    boot_seconds: float


def run(options: Options) -> Outcome:
    return _Run(options).run()


class _Run:
    def __init__(self, options: Options):
        self.options = options
        self.nonce = secrets.token_hex(16)
        self.log = Log()
        self.console = bytearray()
        self.qemu_errors = bytearray()
        self.ports: dict[str, socket.socket] = {}
        self.pid = 0

    def _boot_limit(self) -> int:
        return DEBUG_BOOT_LIMIT if self.options.kernel.debug else BOOT_LIMIT[self.options.accel]

    # What the guest is given

    def _shares(self) -> list[tuple[str, Share]]:
        # A directory inside another is mounted after it.
        ordered = sorted(self.options.shares, key=lambda s: len(s.path.parts))
        return [(f"share{i}", share) for i, share in enumerate(ordered)]

    def _config(self) -> str:
        o = self.options
        size = shutil.get_terminal_size()
        values = {
            "cwd": str(o.cwd), "release": o.kernel.release, "nonce": self.nonce,
            "own_modules": "1" if o.kernel.modules else "",
            "modules": " ".join(o.modules), "built": str(o.built or ""),
            "needed": " ".join(needed(o.built, o.modules)) if o.built else "",
            "path": str(o.path or ""),
            "interactive": "" if o.command else "1",
            "rows": str(size.lines), "columns": str(size.columns),
            "leaks": "1" if o.kernel.leaks else "",
        }
        lines = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
        if term := os.environ.get("TERM"):
            lines.append(f"export TERM={shlex.quote(term)}")
        lines.append("mount_shares() {")
        lines += [f"share {tag} {shlex.quote(str(s.path))} {s.mode}" for tag, s in self._shares()]
        # Not by the shell that runs init: to that "ls" is busybox's.
        lines += [":", "}"]
        if o.command:
            lines.append(f"""command() {{ exec /bin/sh -c 'exec "$@"' sh {shlex.join(o.command)}; }}""")
        return "\n".join(lines) + "\n"

    def _command_line(self) -> str:
        o = self.options
        args = [
            "console=ttyS0", "loglevel=5", "panic=-1", "devtmpfs.mount=1",
            "rootfstype=virtiofs", "root=root", "ro",
            f"memmap={CARVEOUT_SIZE >> 20}M${CARVEOUT_BASE:#x}", f"cma={CMA_SIZE}",
            f"secure_heap.carveout={CARVEOUT_SIZE >> 20}M@{CARVEOUT_BASE:#x}",
            # virtiofsd writes file pages behind an emulated CPU's back: without zeroing them
            # first it may run what it translated from the page before.
            "init_on_alloc=1",
            # Nobody loads a policy here, but each open() would look for one.
            "lsm=landlock",
            # Nor does anybody forbid a module that is not signed; to read Debian's key, the kernel
            # checks its 4096 bits.
            "initcall_blacklist=load_system_certificate_list",
            # A guest among others on two cores, emulated, is late; that is no lockup.
            "tsc=nowatchdog", "watchdog_thresh=60", "rcupdate.rcu_cpu_stall_timeout=120",
            *(["nokaslr"] if o.gdb_port else []),
            # While identify_cpu() has forgotten that there are five levels of page tables, an
            # interrupt finds no KASAN shadow where it is, and KASAN and lockdep end with a report.
            *(["no5lvl"] if o.kernel.debug else []), *o.append,
            'init=/usr/bin/busybox -- sh -c "busybox mount -t virtiofs -o ro vm /mnt && exec busybox sh /mnt/init"',
        ]
        return " ".join(args)

    def _qemu(self, tags: list[str], fds: dict[str, int]) -> list[str]:
        o = self.options
        argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-machine", "q35,memory-backend=ram", "-smp", str(o.cpus),
                "-m", f"{o.memory >> 20}M",
                "-object", f"memory-backend-memfd,id=ram,size={o.memory},share=on",
                "-kernel", "/run/vm/kernel", "-append", self._command_line()]
        if o.accel == "kvm":
            argv += ["-accel", "kvm", "-cpu", "host"]
        else:
            argv += ["-accel", "tcg,thread=multi", "-cpu", ",".join(["max", *(f"{name}=off" for name in SLOW)])]
        # First, so that it is virtio0 and its ports are vport0pN.
        argv += ["-device", "virtio-serial-pci"]
        for tag in tags:
            argv += ["-chardev", f"socket,id=fs-{tag},path=/run/vm/{tag}.sock",
                     "-device", f"vhost-user-fs-pci,chardev=fs-{tag},tag={tag}"]
        argv += ["-chardev", f"socket,id=console,fd={fds['console']}", "-serial", "chardev:console"]
        for name, nr in PORTS.items():
            argv += ["-chardev", f"socket,id={name},fd={fds[name]}",
                     "-device", f"virtserialport,nr={nr},chardev={name},name=vm.{name}"]
        if not o.command:
            argv += ["-chardev", "stdio,id=tty,signal=off", "-device", "virtconsole,nr=8,chardev=tty"]
        if o.gdb_port:
            argv += ["-gdb", f"tcp:127.0.0.1:{o.gdb_port}"]
        return argv

    # The processes

    def _start(self) -> None:
        o = self.options
        root = sysroot.path()
        kernel = image.bootable(o.kernel.image)
        box = Sandbox(root)
        box.bind(root, "/")
        box.bind_system()

        run_dir = box.target("/run/vm")
        (run_dir / "vm").mkdir(parents=True)
        (run_dir / "vm/config").write_text(self._config())
        shutil.copy(Path(__file__).parent / "init", run_dir / "vm/init")
        box.bind(kernel, "/run/vm/kernel", readonly=True)
        # Not recursive: the guest gets the sysroot, not what is mounted in the sandbox.
        daemons = {"root": "always", "vm": "auto"}
        box.bind(root, "/run/vm/root", readonly=True)
        if o.kernel.modules:
            (root / "usr/lib/modules" / o.kernel.release).mkdir(parents=True, exist_ok=True)
            box.bind(o.kernel.modules, "/run/vm/modules", readonly=True)
            daemons["modules"] = "always"
        for tag, share in self._shares():
            box.bind(share.path, f"/run/vm/{tag}", readonly=share.mode != "rw")
            daemons[tag] = "auto"

        guest_ends = {}
        for name in ("console", *PORTS):
            self.ports[name], guest_ends[name] = socket.socketpair()
        errors_r, errors_w = os.pipe()
        fds = {name: end.fileno() for name, end in guest_ends.items()}

        def main() -> int:
            for port in self.ports.values():
                port.close()
            for tag, policy in daemons.items():
                subprocess.Popen(
                    ["/usr/libexec/virtiofsd", "--shared-dir", f"/run/vm/{tag}",
                     "--socket-path", f"/run/vm/{tag}.sock", "--sandbox", "none",
                     "--cache", policy, "--log-level", "error"],
                    stdin=subprocess.DEVNULL, stdout=errors_w, stderr=errors_w, env=environment())
            deadline = time.monotonic() + SHARES_LIMIT
            while missing := [t for t in daemons if not os.path.exists(f"/run/vm/{t}.sock")]:
                if time.monotonic() > deadline:
                    os.write(errors_w, f"virtiofsd did not start for {missing}\n".encode())
                    return 1
                time.sleep(0.01)
            qemu = subprocess.Popen(
                self._qemu(list(daemons), fds), pass_fds=list(fds.values()),
                stdin=None if not o.command else subprocess.DEVNULL,
                stdout=None if not o.command else errors_w, stderr=errors_w, env=environment())
            for end in guest_ends.values():
                end.close()
            os.close(errors_w)
            return Sandbox.reap_until(qemu.pid)

        self.pid = box.start(main)
        for end in guest_ends.values():
            end.close()
        os.close(errors_w)
        self.errors = errors_r

    def _kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            # PID 1 is gone only when all in its namespace are reaped, the
            # process that forwards standard input among them.
            try:
                while True:
                    os.wait()
            except ChildProcessError:
                self.pid = 0

    # The conversation

    def run(self) -> Outcome:
        on_end(self._interrupted)
        if self.options.command:
            signal.signal(signal.SIGINT, self._interrupted)
        else:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        # Reading a terminal from the background shall fail, not stop us.
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        terminal = None
        if not self.options.command and sys.stdin.isatty():
            terminal = termios.tcgetattr(0)
        started = time.monotonic()
        try:
            self._start()
            return self._converse(started)
        except BrokenPipeError:
            # As the command itself would find it: nobody listens any more.
            return Outcome(128 + signal.SIGPIPE, self.log, 0)
        finally:
            self._kill()
            if terminal:
                # QEMU had no time to put the terminal back.
                termios.tcsetattr(0, termios.TCSANOW, terminal)
                for fd in (0, 1, 2):
                    os.set_blocking(fd, True)
            if self.options.log:
                self._write_log()

    def _interrupted(self, signum, _frame):
        self._kill()
        if self.options.log:
            self._write_log()
        os._exit(128 + signum)

    def _write_log(self) -> None:
        text = str(self.log)
        if not self.log.has(self.nonce):
            # The guest ended early: only the console has its last words.
            text += "--- console ---\n" + self.console.decode(errors="replace")
        self.options.log.write_text(text)

    def _converse(self, started: float) -> Outcome:
        o = self.options
        trailer = b"\x1e" + self.nonce.encode()
        streams = {name: _Stream(trailer, fd) for name, fd in (("stdout", 1), ("stderr", 2))}
        control = b""
        began = None			# when the command did
        ended = False			# the command
        status = None
        deadline = started + self._boot_limit()

        events = selectors.DefaultSelector()
        for name in ("console", "kmsg", "control", *streams):
            self.ports[name].setblocking(False)
            events.register(self.ports[name], selectors.EVENT_READ, name)
        os.set_blocking(self.errors, False)
        events.register(self.errors, selectors.EVENT_READ, "errors")

        def complete() -> bool:
            return (status is not None and self.log.has(self.nonce)
                    and (not o.command or all(s.ended for s in streams.values())))

        alive = True
        while alive and not complete():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            for key, _ in events.select(min(left, 3600)):
                name = key.data
                data = _read(key.fileobj)
                if data is None:
                    continue
                if not data:
                    events.unregister(key.fileobj)
                    # QEMU has the console open as long as it lives.
                    alive = alive and name != "console"
                elif name == "console":
                    self.console += data
                elif name == "errors":
                    self.qemu_errors += data
                elif name == "kmsg":
                    self.log.feed(data)
                elif name == "control":
                    *lines, control = (control + data).split(b"\n")
                    for line in lines:
                        verb, _, rest = line.decode(errors="replace").partition(" ")
                        if verb == "started":
                            began = time.monotonic()
                            deadline = began + (o.timeout if o.command else float("inf"))
                            if o.command:
                                self._forward_stdin()
                        elif verb == "ended":
                            # What follows is the lab's, not the command's: looking for leaks.
                            ended = True
                            deadline = time.monotonic() + CHECK_LIMIT
                        elif verb == "exit":
                            status = int(rest)
                            deadline = time.monotonic() + FLUSH_LIMIT
                        elif verb == "fail":
                            raise NoBoot(f"the guest came up, but: {rest}")
                else:
                    streams[name].feed(data)
                    if status is not None:
                        # A slow reader of our output is no fault of the guest's.
                        deadline = time.monotonic() + FLUSH_LIMIT
            if b"KVM internal error" in self.qemu_errors:
                alive = False
        self._kill()
        self._drain(events, streams)
        for stream in streams.values():
            stream.flush()

        if began is None:
            raise NoBoot(self._why_no_boot(not alive))
        boot_seconds = began - started
        if status is None and alive and ended:
            say(f"the check for leaks and the last writes did not end within {CHECK_LIMIT} s of the command's end")
            return Outcome(KERNEL_FAULT, self.log, boot_seconds)
        if status is None and alive:
            say(f"timed out after {o.timeout:g} s")
            return Outcome(TIMED_OUT, self.log, boot_seconds)
        if status is None:
            # A panic takes QEMU down (panic=-1, -no-reboot), as does the guest's own poweroff.
            say("the guest ended before the command did; the console's last words:")
            sys.stderr.write(self._last_words())
            sys.stderr.write(self.qemu_errors.decode(errors="replace"))
            return Outcome(KERNEL_FAULT, self.log, boot_seconds)
        if not complete():
            say("the guest did not deliver all of its output; the kernel log is not complete")
            return Outcome(status or KERNEL_FAULT, self.log, boot_seconds)
        return Outcome(status, self.log, boot_seconds)

    def _drain(self, events, streams: dict) -> None:
        """What the guest had said when it ended and was not read yet."""
        for key in list(events.get_map().values()):
            while data := _read(key.fileobj):
                if key.data in streams:
                    streams[key.data].feed(data)
                elif key.data == "kmsg":
                    self.log.feed(data)
                elif key.data == "console":
                    self.console += data
                elif key.data == "errors":
                    self.qemu_errors += data

    def _tail(self, lines: int) -> str:
        return "".join(f"  {line}\n" for line in self._console_lines()[-lines:])

    def _last_words(self) -> str:
        """What the console said from the first fault on, or at the end if it named none."""
        lines = self._console_lines()
        for i, line in enumerate(lines):
            if START.search(re.sub(r"^\[ *\d+\.\d+\] ", "", line)):
                # What led to it may be user space's, just before.
                return "".join(f"  {line}\n" for line in lines[max(0, i - 5):i + LONGEST])
        return self._tail(20)

    def _console_lines(self) -> list[str]:
        return self.console.decode(errors="replace").replace("\r", "").splitlines()

    def _why_no_boot(self, ended: bool) -> str:
        errors = self.qemu_errors.decode(errors="replace").strip()
        if errors:
            reason = errors.splitlines()[0]
        elif ended:
            reason = "it died"
        else:
            reason = f"no sign of life in {self._boot_limit()} s"
        words = self._last_words().rstrip()
        return f"kernel {self.options.kernel.name} did not boot with {self.options.accel}: {reason}" + (
            f"; the console's last words:\n{words}" if words else "")

    def _forward_stdin(self) -> None:
        """Pass our standard input on, in a process of its own: a file cannot be polled.

        (No thread: a process that unshared its PID namespace may not start one.)
        It is in the guest's PID namespace, so it ends with the guest.
        """
        port = self.ports.pop("stdin")
        if os.fork() == 0:
            try:
                while data := os.read(0, 65536):
                    port.sendall(data)
                # QEMU drops what it has not read yet when the socket closes.
                while _unread(port):
                    time.sleep(0.01)
            except OSError:
                pass
            os._exit(0)
        # With the pump's end gone too, QEMU sees the end of its character
        # device and the guest the end of file.
        port.close()


class _Stream:
    """Passes bytes on to @fd until the trailer, which it swallows."""

    def __init__(self, trailer: bytes, fd: int):
        self.trailer = trailer
        self.fd = fd
        self.ended = False
        self._held = b""

    def feed(self, data: bytes) -> None:
        if self.ended:
            return
        data = self._held + data
        self._held = b""
        if (at := data.find(self.trailer)) >= 0:
            self.ended = True
            data = data[:at]
        else:
            # Hold back what may be the trailer's beginning.
            at = data.rfind(self.trailer[:1])
            if at >= 0 and self.trailer.startswith(data[at:]):
                data, self._held = data[:at], data[at:]
        self._write(data)

    def flush(self) -> None:
        self._write(self._held)
        self._held = b""

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self.fd, data):]
            except BlockingIOError:
                select.select([], [self.fd], [])


def _unread(port: socket.socket) -> int:
    """How many bytes sent into @port its other end has not read (SIOCOUTQ)."""
    return struct.unpack("i", fcntl.ioctl(port, termios.TIOCOUTQ, bytes(4)))[0]


def _read(source) -> bytes | None:
    """What can be read now; None if nothing can, empty at the end."""
    try:
        return os.read(source if isinstance(source, int) else source.fileno(), 65536)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return b""
