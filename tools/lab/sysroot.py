# SPDX-License-Identifier: GPL-2.0
"""The sysroot: a Debian forky tree, built once with mmdebstrap."""

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from . import cache
from .error import Failure, Usage, say
from .sandbox import Sandbox, die_with_parent, environment, in_child, run_in

SUITE = "forky"
LISTS = Path(__file__).parent / "packages"

# What nobody reads in a test machine, a third of the files.
DPKG_OPTIONS = ("path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/man/*",
                "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/info/*",
                "force-unsafe-io")

# How the host reaches the archive holds for the sysroot too: a proxy, or a
# mirror that is a frozen snapshot whose Release file has expired.
PASSED_ON = ("Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::http::Proxy",
             "Acquire::https::Proxy", "Acquire::Retries")


def path() -> Path:
    return cache.directory() / "sysroot"


def mirror() -> str:
    return os.environ.get("VSKMS_MIRROR", "http://deb.debian.org/debian")


def groups() -> list[str]:
    return sorted(p.name for p in LISTS.iterdir() if p.name != "base")


def _packages(group: str) -> list[str]:
    lines = (LISTS / group).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _key(group: str) -> str:
    return hashlib.sha256("\n".join([SUITE, *sorted(_packages(group))]).encode()).hexdigest()[:16]


def host_tool(tool: str, package: str) -> None:
    """Make sure the host has @tool; root installs @package, others are told how."""
    if shutil.which(tool):
        return
    command = f"apt-get install -y --no-install-recommends {package}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Failure(f"{tool} is missing; run: sudo {command}")
    say(f"installing {package} on this host")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for argv in (["apt-get", "update", "-q"], command.split()):
        done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Failure(f"{' '.join(argv)} failed: {done.stdout.strip().splitlines()[-1:]}")


def _apt_options() -> list[str]:
    if not shutil.which("apt-config"):
        return []
    dump = subprocess.run(["apt-config", "dump"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line for line in dump.splitlines() if line.split(" ", 1)[0] in PASSED_ON]


def _build() -> None:
    host_tool("mmdebstrap", "mmdebstrap")
    if os.geteuid() != 0:
        host_tool("newuidmap", "uidmap")
    started = time.monotonic()
    packages = _packages("base")
    say(f"building the sysroot in {path()}: Debian {SUITE}, {len(packages)} packages and what they need "
        "(once; about 2 min, 1.6 GB)")

    new = path().with_name("sysroot.new")
    argv = ["mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}",
            '--aptopt=Apt::Install-Recommends "false"',
            # The cache may lie where apt's own user cannot go.
            '--aptopt=APT::Sandbox::User "root"']
    argv += [f"--aptopt={option}" for option in _apt_options()]
    argv += [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    # The guest boots without an initramfs.
    env = os.environ | {"INITRD": "No"}

    if os.geteuid() == 0:
        remove(new)
        done = subprocess.run([*argv, SUITE, str(new), mirror()], env=env, preexec_fn=die_with_parent)
        failed = done.returncode
    else:
        # mmdebstrap maps ids in its own way; a tarball brings them into ours.
        with subprocess.Popen([*argv, SUITE, "-", mirror()], env=env, stdout=subprocess.PIPE,
                              preexec_fn=die_with_parent) as debian:
            unpack = ('rm -rf "$1" && mkdir -p "$1" && tar -C "$1" -x --exclude="./dev/*"')
            failed = _host_in_namespace(["sh", "-c", unpack, "sh", str(new)], debian.stdout)
            debian.stdout.close()
        failed = failed or debian.returncode
    if failed:
        remove(new)
        raise Failure("mmdebstrap failed (see above); the archive may be unreachable: "
                      f"{mirror()} (VSKMS_MIRROR names another)")

    remove(path())
    new.rename(path())
    cache.store("sysroot.json", {"suite": SUITE, "base": _key("base"), "groups": {}})
    say(f"sysroot ready after {time.monotonic() - started:.0f} s")


def _host_in_namespace(argv: list[str], stdin=None) -> int:
    """Run @argv of the host as root of a user namespace; its exit status."""

    def run() -> int:
        if stdin is not None:
            os.dup2(stdin.fileno(), 0)
        return run_in(Sandbox(Path("/")), argv)

    return in_child(run)


def remove(tree: Path) -> None:
    """Remove @tree, whose files may belong to subordinate ids."""
    if not tree.exists():
        return
    if os.geteuid() == 0:
        shutil.rmtree(tree)
    elif _host_in_namespace(["rm", "-rf", str(tree)]):
        raise Failure(f"cannot remove {tree}")


def apt_sandbox() -> Sandbox:
    """The sysroot with the network's configuration, for apt."""
    box = Sandbox(path())
    box.bind(path(), "/")
    box.bind_system()
    for file in ("/etc/resolv.conf", "/etc/hosts"):
        if os.path.exists(file):
            box.bind(os.path.realpath(file), file, readonly=True)
    return box


def in_sysroot(script: str, *args: str, bind: tuple[tuple[Path, str], ...] = ()) -> int:
    """Run shell @script in the sysroot with the network; its exit status."""

    def run() -> int:
        box = apt_sandbox()
        for source, target in bind:
            box.bind(source, target)
        proxies = {name: value for name, value in os.environ.items()
                   if name.lower() in ("http_proxy", "https_proxy", "no_proxy")}
        env = environment(DEBIAN_FRONTEND="noninteractive", INITRD="No", **proxies)
        return run_in(box, ["sh", "-ec", script, "sh", *args], env=env)

    return in_child(run)


def setup(lock: cache.Lock, wanted: list[str]) -> None:
    """Bring the sysroot up to date, with the groups @wanted beside those it has.

    Leaves @lock shared, so that the sysroot stays as it is while it is used.
    """
    for group in wanted:
        if group not in groups():
            raise Usage(f"no package group {group!r}; there are: {', '.join(groups())}")

    lock.share()
    if not _missing(wanted):
        return
    lock.exclude()
    # Another process may have done it while this one waited.
    if "base" in _missing([]):
        kept = [g for g in cache.load("sysroot.json").get("groups", {}) if g in groups()]
        _build()
        wanted = [*wanted, *(g for g in kept if g not in wanted)]
    for group in _missing(wanted):
        say(f"adding {group} to the sysroot: {', '.join(_packages(group))}")
        script = 'apt-get -q update && apt-get -q -y install "$@" && apt-get clean'
        if in_sysroot(script, *_packages(group)):
            raise Failure(f"apt-get could not install the group {group} (see above)")
        state = cache.load("sysroot.json")
        state["groups"][group] = _key(group)
        cache.store("sysroot.json", state)
    lock.share()


def _missing(wanted: list[str]) -> list[str]:
    state = cache.load("sysroot.json")
    if state.get("base") != _key("base") or not path().is_dir():
        return ["base", *wanted]
    return [g for g in wanted if state["groups"].get(g) != _key(g)]
