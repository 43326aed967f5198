# SPDX-License-Identifier: GPL-2.0
"""Run programs of the sysroot in namespaces of their own.

A sandbox is a private mount and PID namespace (and, for an ordinary user, a
user namespace in which the caller is root).  The calling process enters the
mount namespace and arranges the mounts; the first process it then starts is
PID 1 of the PID namespace.

Lifetimes: PID 1 dies with the calling process (PR_SET_PDEATHSIG), and with
PID 1 the kernel kills everything in the namespace, daemons included.  So
whatever ends this process, SIGKILL too, leaves nothing behind, and the mounts
go with the last process that saw them.
"""

import ctypes
import os
import pwd
import shutil
import signal
import sys
from pathlib import Path

from .error import Failure, say

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000

MS_RDONLY = 1
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

PR_SET_PDEATHSIG = 1

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_libc = ctypes.CDLL(None, use_errno=True)


def _check(ret: int, what: str) -> None:
    if ret < 0:
        err = ctypes.get_errno()
        raise OSError(err, f"{what}: {os.strerror(err)}")


def _mount(source: str, target: str, fstype: str | None, flags: int, data: str | None = None) -> None:
    enc = lambda s: None if s is None else os.fsencode(s)
    _check(_libc.mount(enc(source), enc(target), enc(fstype), ctypes.c_ulong(flags), enc(data)),
           f"mount {source} on {target}")


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _subid_range(file: str) -> tuple[int, int]:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        raise Failure(f"user {os.getuid()} has no name in /etc/passwd") from None
    try:
        for line in Path(file).read_text().splitlines():
            if (fields := line.split(":"))[0] in (user, str(os.getuid())):
                return int(fields[1]), int(fields[2])
    except FileNotFoundError:
        pass
    except (IndexError, ValueError):
        raise Failure(f"{file}: {line!r} is no range") from None
    raise Failure(f"{file} has no range for {user}; run: sudo usermod --add-subuids 100000-165535 "
                  f"--add-subgids 100000-165535 {user}")


def _unshare_user(flags: int) -> None:
    """Become root of a new user namespace.

    The caller is root there and its subordinate ids are 1 and up; they can
    only be mapped from outside, by newuidmap, hence the helper process.
    """
    for tool in ("newuidmap", "newgidmap"):
        if not shutil.which(tool):
            raise Failure(f"{tool} is missing; run: sudo apt-get install uidmap")
    maps = [(tool, own, *_subid_range(file)) for tool, own, file in (
        ("newuidmap", os.getuid(), "/etc/subuid"), ("newgidmap", os.getgid(), "/etc/subgid"))]

    pid = os.getpid()
    ready_r, ready_w = os.pipe()
    helper = os.fork()
    if helper == 0:
        os.close(ready_w)
        status = 1
        if os.read(ready_r, 1):
            status = 0
            for tool, own, start, count in maps:
                status |= os.spawnlp(os.P_WAIT, tool, tool, str(pid), "0", str(own), "1",
                                     "1", str(start), str(count))
        os._exit(1 if status else 0)

    os.close(ready_r)
    try:
        _check(_libc.unshare(flags | CLONE_NEWUSER), "unshare")
        os.write(ready_w, b"x")
    except OSError as err:
        raise Failure(f"user namespaces are not allowed here ({err.strerror}); run: "
                      "sudo sysctl kernel.unprivileged_userns_clone=1 "
                      "kernel.apparmor_restrict_unprivileged_userns=0") from None
    finally:
        os.close(ready_w)
        _, status = os.waitpid(helper, 0)
    if status:
        raise Failure("newuidmap or newgidmap refused the mapping (see above)")


class Sandbox:
    """Namespaces whose root directory will be @root.

    Construct it once a process: the process itself moves into the mount
    namespace.  Mounts made through it are seen by nobody else.
    """

    def __init__(self, root: Path):
        self.root = root
        try:
            if os.geteuid() == 0:
                _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWPID), "unshare")
            else:
                _unshare_user(CLONE_NEWNS | CLONE_NEWPID)
            _mount("none", "/", None, MS_REC | MS_PRIVATE)
        except PermissionError as err:
            raise Failure(f"{err.strerror}: no namespaces for this user; root needs CAP_SYS_ADMIN (in a "
                          "container: run it privileged), an ordinary user unprivileged user namespaces"
                          ) from None

    def target(self, path: str | Path) -> Path:
        """Where absolute @path of the sandbox is, as seen from here."""
        return self.root / str(path).lstrip("/")

    def tmpfs(self, path: str | Path, mode: str = "755") -> None:
        _mount("tmpfs", str(self.target(path)), "tmpfs", 0, f"mode={mode}")

    def bind(self, source: str | Path, path: str | Path, *, recursive: bool = False,
             readonly: bool = False) -> None:
        """Show @source at @path; the mount point is made if it is missing."""
        target = self.target(path)
        if os.path.isdir(source):
            target.mkdir(parents=True, exist_ok=True)
        elif not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        _mount(str(source), str(target), None, MS_BIND | (MS_REC if recursive else 0))
        if readonly:
            # In a user namespace the flags the mount came with are locked.
            locked = os.statvfs(target).f_flag & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC)
            _mount("none", str(target), None, MS_REMOUNT | MS_BIND | MS_RDONLY | locked)

    def bind_system(self) -> None:
        """The kernel's file systems; /proc follows in start(), in the new PID namespace."""
        self.bind("/dev", "/dev", recursive=True)
        self.bind("/sys", "/sys", recursive=True)
        self.tmpfs("/tmp", "1777")
        self.tmpfs("/run")

    def start(self, main, cwd: str = "/") -> int:
        """Run @main() as PID 1, chrooted, in @cwd; returns its pid as seen from here.

        @main's return value is the exit status.
        """
        sys.stdout.flush()
        sys.stderr.flush()
        alive_r, alive_w = os.pipe()
        pid = os.fork()
        if pid:
            os.close(alive_r)
            self._alive = alive_w
            return pid
        status = 1
        try:
            die_with_parent()
            # The parent may have died before prctl: then the pipe has no writer.
            os.close(alive_w)
            os.set_blocking(alive_r, False)
            try:
                if not os.read(alive_r, 1):
                    os._exit(1)
            except BlockingIOError:
                pass
            os.close(alive_r)
            for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(sig, signal.SIG_DFL)
            _mount("proc", str(self.target("/proc")), "proc", 0)
            os.chroot(self.root)
            os.chdir(cwd)
            status = main()
        except (OSError, Failure) as err:
            print(f"vm: {err}", file=sys.stderr)
        finally:
            sys.stderr.flush()
            os._exit(status)

    @staticmethod
    def reap_until(child: int) -> int:
        """PID 1's duty: collect every orphan until @child ends; returns its exit status."""
        while True:
            pid, status = os.wait()
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code


def on_end(handler) -> None:
    """Have @handler called when this process is told to end; nohup stays nohup."""
    for sig in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sig) != signal.SIG_IGN:
            signal.signal(sig, handler)


def in_child(function) -> int:
    """Run @function() in a process of its own, as a sandbox is for good; its exit status.

    A Failure's own status is passed on; whatever goes wrong is said.
    """
    caller = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            die_with_parent()
            if os.getppid() != caller:
                os._exit(1)		# it ended before that
            status = function()
        except Failure as err:
            status = err.status
            say(str(err))
        except BaseException as err:
            say(f"{type(err).__name__}: {err}")
        finally:
            os._exit(status)
    try:
        _, status = os.waitpid(pid, 0)
    except KeyboardInterrupt:
        # The child has it as well, and what it runs may have to be at a good place to end, as dpkg has.
        os.waitpid(pid, 0)
        raise
    return os.waitstatus_to_exitcode(status)


def environment(**extra: str) -> dict[str, str]:
    """What programs in the sysroot see of the caller's environment."""
    keep = ("TERM", "COLORTERM", "NO_COLOR", "SOURCE_DATE_EPOCH", "CI")
    env = {name: os.environ[name] for name in keep if name in os.environ}
    return env | {"PATH": PATH, "HOME": "/root", "USER": "root", "LANG": "C.UTF-8"} | extra


def run_in(sandbox: Sandbox, argv: list[str], cwd: str = "/", env: dict[str, str] | None = None) -> int:
    """Run @argv in the sandbox and wait; returns its exit status (127: not found)."""

    def main() -> int:
        child = os.fork()
        if child == 0:
            # Python ignores these, and what is ignored stays so across exec.
            for sig in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(sig, signal.SIG_DFL)
            try:
                os.execvpe(argv[0], argv, env or environment())
            except OSError as err:
                print(f"vm: {argv[0]}: {err.strerror}", file=sys.stderr)
                sys.stderr.flush()
            os._exit(127)
        return Sandbox.reap_until(child)

    pid = sandbox.start(main, cwd)

    def end(signum, _frame):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os._exit(128 + signum)

    # Ctrl-C reaches the command too: it decides.  The other two are for us alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    on_end(end)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)
