# SPDX-License-Identifier: GPL-2.0
"""The kernels a guest can boot.

  stock     the sysroot's own: Debian forky's, unchanged
  SUITE     the stock kernel of another suite of the archive
  debug     built here from the archive's linux-source with debug.config

A kernel other than stock is a tree kernels/NAME of the cache, laid out as in
its packages (boot/, usr/lib/modules/, usr/src/, ...), and kernels/NAME.json,
which is written last: without it the tree is an unfinished one.  The debug
kernel's tree has what it was built from in its name, so that a new one is
built beside guests that run the old.
"""

import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from . import cache, sysroot
from .error import Failure, NoBoot, say
from .sandbox import Sandbox

STOCK = "stock"
DEBUG = "debug"
DEBUG_CONFIG = Path(__file__).parent / "debug.config"
DEBUG_SCRIPT = Path(__file__).parent / "build-kernel"


@dataclass(frozen=True)
class Kernel:
    name: str
    release: str		# as uname -r says
    image: Path			# what QEMU loads
    tree: Path | None		# None: all of it is in the sysroot
    leaks: bool			# has kmemleak

    @property
    def debug(self) -> bool:
        return self.name == DEBUG

    @property
    def modules(self) -> Path | None:
        """Its /usr/lib/modules/RELEASE, if the sysroot has it not."""
        return self.tree and self.tree / "usr/lib/modules" / self.release

    def bind(self, box: Sandbox) -> None:
        """Make modules buildable for it inside @box."""
        if not self.tree:
            return
        # What a package calls usr/src/X must be found as /usr/src/X.
        for parent in ("usr/src", "usr/lib/modules", "usr/lib"):
            for entry in sorted((self.tree / parent).glob("*")):
                if entry.name != "modules":
                    box.bind(entry, f"/{parent}/{entry.name}", readonly=True)


def _stock() -> Kernel:
    images = sorted((sysroot.path() / "boot").glob("vmlinuz-*"))
    if not images:
        raise NoBoot("the sysroot has no kernel; run: tools/vm setup")
    return Kernel(STOCK, images[-1].name.removeprefix("vmlinuz-"), images[-1], None, False)


def available() -> list[Kernel]:
    """Every kernel that can be booted now; the sysroot must be set up."""
    found = [_stock()]
    for file in sorted((cache.directory() / "kernels").glob("*.json")):
        state = cache.load(f"kernels/{file.name}")
        tree = file.with_name(state.get("tree", file.stem))
        if "release" in state and (tree / state["image"]).exists():
            found.append(Kernel(file.stem, state["release"], tree / state["image"], tree,
                                state.get("leaks", False)))
    return found


def get(name: str) -> Kernel:
    kernels = available()
    for kernel in kernels:
        if kernel.name == name:
            return kernel
    raise NoBoot(f"no kernel {name!r}; there are: {', '.join(k.name for k in kernels)} "
                 "(tools/vm kernel add SUITE, tools/vm kernel debug)")


def _tree(name: str) -> Path:
    """A new, empty tree for kernel @name; the old one stops being available."""
    tree = cache.directory() / "kernels" / name
    tree.with_suffix(".json").unlink(missing_ok=True)
    sysroot.remove(tree)
    tree.mkdir(parents=True)
    return tree


# The suite's packages are unpacked, not installed: they stand beside the
# sysroot's own kernel under other versions.  apt works on a state of its own.
_ADD = r'''
suite=$1 mirror=$2
apt=/tmp/apt
mkdir -p $apt/state/lists/partial $apt/cache/archives/partial $apt/debs
base=${suite%-backports}
signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
for s in $(printf '%s\n' $base $suite | sort -u); do
	echo "deb $signed $mirror $s main"
done >$apt/sources.list
cat >$apt/conf <<END
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
END
: >$apt/status
export APT_CONFIG=$apt/conf
apt-get -q update
list=$(apt-get -s -q install -t "$suite" linux-image-amd64 linux-headers-amd64 |
	sed -n '/^Inst linux-libc-dev/d; s/^Inst \(linux-[^ ]*\) (\([^ ]*\) .*/\1=\2/p')
[ "$list" ] || { echo "vm: $suite has no linux-image-amd64" >&2; exit 1; }
cd $apt/debs
apt-get -q download $list
for deb in *.deb; do
	dpkg-deb -x "$deb" /kernel
done
# A merged /usr, as in the sysroot; older packages have /lib and /boot/vmlinuz-*.
mkdir -p /kernel/usr/lib /kernel/boot
if [ -d /kernel/lib ]; then
	cp -a /kernel/lib/. /kernel/usr/lib/
	rm -rf /kernel/lib
fi
ln -s usr/lib /kernel/lib
release=$(ls /kernel/usr/lib/modules)
[ -e "/kernel/boot/vmlinuz-$release" ] ||
	cp "/kernel/usr/lib/modules/$release/vmlinuz" "/kernel/boot/vmlinuz-$release"
depmod -b /kernel "$release"
rm -rf /kernel/usr/share
'''


def add(lock: cache.Lock, suite: str) -> Kernel:
    """Fetch the stock kernel of @suite, and what modules are built with for it."""
    started = time.monotonic()
    say(f"fetching the kernel of {suite}")
    lock.exclude()
    tree = _tree(suite)
    if sysroot.in_sysroot(_ADD, suite, sysroot.mirror(), bind=((tree, "/kernel"),)):
        sysroot.remove(tree)
        raise Failure(f"could not get the kernel of {suite} (see above)")
    images = sorted(tree.glob("boot/vmlinuz-*"))
    if not images:
        raise Failure(f"the packages of {suite} hold no kernel image")
    release = images[-1].name.removeprefix("vmlinuz-")
    cache.store(f"kernels/{suite}.json", {"release": release, "image": f"boot/vmlinuz-{release}"})
    say(f"kernel {suite} is {release}, after {time.monotonic() - started:.0f} s")
    lock.share()
    return get(suite)


def _debug_key() -> str:
    text = DEBUG_CONFIG.read_text() + DEBUG_SCRIPT.read_text() + _stock().release
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def debug(lock: cache.Lock) -> Kernel:
    """Build the debug kernel, unless the one there is was built from the same."""
    sysroot.setup(lock, ["kernel"])
    key = _debug_key()
    turn = cache.Lock("debug.lock")
    turn.exclude("another process is building the debug kernel; waiting")
    if cache.load(f"kernels/{DEBUG}.json").get("key") != key:
        _build_debug(key)
    _remove_old_debug(lock)
    return get(DEBUG)


def _build_debug(key: str) -> None:
    started = time.monotonic()
    say(f"building the debug kernel on {os.cpu_count()} cores (about 10 min on two; once)")
    tree = _tree(f"{DEBUG}-{key}")
    work = tree / "tmp"
    work.mkdir()
    shutil.copy(DEBUG_CONFIG, work / "debug.config")
    script = DEBUG_SCRIPT.read_text()
    if sysroot.in_sysroot(script, _stock().release, bind=((tree, "/kernel"),)):
        raise Failure(f"the debug kernel did not build (see above; the tree is {tree})")
    release = (tree / "boot/release").read_text().strip()
    cache.store(f"kernels/{DEBUG}.json", {"release": release, "image": f"boot/vmlinuz-{release}", "leaks": True,
                                          "key": key, "tree": tree.name})
    say(f"kernel debug is {release}, after {(time.monotonic() - started) / 60:.0f} min")


def _remove_old_debug(lock: cache.Lock) -> None:
    """Remove the debug kernels that another has replaced; @lock is shared before and after.

    A guest may still run one: then the next to come here does it.
    """
    tree = get(DEBUG).tree
    old = [entry for entry in tree.parent.glob(f"{DEBUG}*") if entry.is_dir() and entry != tree]
    if old and lock.exclude_at_once():
        for entry in old:
            sysroot.remove(entry)
    lock.share()
