# SPDX-License-Identifier: GPL-2.0
"""svp, the user's command: each of its subcommands where it works and where it cannot."""

import json
import re
import shutil
import unittest
from dataclasses import dataclass
from pathlib import Path

from .result import Results, run_command, run_python
from .steps import Steps, svp

CARVEOUT = "protected,secure-video"
DYNAMIC = "protected,secure-video-dynamic"

SCRIPT = """
# A buffer of heap $1, as a descriptor that svp query inherits.
query()
{
	perl -e 'open(my $heap, "<", "/dev/dma_heap/$ARGV[0]") or die "$!";
		my $alloc = pack("Q L L Q", 8192, 0, 2, 0);
		ioctl($heap, 0xc0184800, $alloc) or die "$!";	# DMA_HEAP_IOCTL_ALLOC
		exec("svp", "query", "--json", (unpack("Q L", $alloc))[1])' "$1"
}

# SECURE_HEAP_IOCTL_REVOKE or _RESTORE of the carve-out heap.
session()
{
	perl -e 'open(my $device, "+<", "/dev/secure_heap") or die "$!";
		my $session = pack("a64 L L Q", "protected,secure-video", 0, 0, 0);
		ioctl($device, $ARGV[0] eq "revoke" ? 0xc0505343 : 0xc0505344, $session) or die "$!"' $1
}

# svp show, until its picture is there.
show()
{
	shown=$1; shift
	svp show "$@" >$shown.out 2>$shown.err </dev/null &
	pid=$!
	until_true is_shown
}

is_shown() { [ -s $shown.out ] || ! kill -0 $pid; }

hide()
{
	kill -$1 $pid; wait $pid 2>/dev/null
	echo $? >$shown.status
}

# No buffer is left in the carve-out. What the display lets go of is gone a moment later.
unused()
{
	svp heaps --json >unused.out
	grep -q '"used":0,"high_water":[0-9]*,"profile":"strict","state":"live","generation":1,"node":"/dev/dma_heap/protected,secure-video"' unused.out
}

policy=/sys/kernel/config/secure_heap

step heaps svp heaps
step heaps-json svp heaps --json
step heaps-nobody nobody svp heaps --json
grep . /sys/class/secure_heap/*/size >sizes

step capture-dark svp capture panel -o dark.png
step capture-nobody nobody svp capture panel -o /tmp/nobody.png
step show-no-heap svp show --pattern bars --heap nosuch
step show-no-card svp show --pattern bars --device nosuch
step show-no-file svp show nosuch.png
step show-no-png svp show sizes
step show-nobody nobody svp show --pattern bars
mkdir $policy/protected,small && echo 64K >$policy/protected,small/size && echo 1 >$policy/protected,small/enabled
step show-full svp show --pattern bars --heap protected,small
rmdir $policy/protected,small

show xr24 --pattern bars
step masters svp masters
step masters-json svp masters --json
step capture-png svp capture panel -o xr24.png
step capture-ppm svp capture panel -o xr24.ppm
step capture-unwritable svp capture panel -o /proc/x.png
step capture-no-crtc svp capture panel --crtc 9 -o none.png
step capture-not-master svp capture writeback -o wb.png
step show-twice svp show --pattern ramp
ffmpeg -v error -nostdin -i xr24.png -pix_fmt rgb24 -y xr24-png.ppm
for fd in /proc/$pid/fd/*; do
	case $(readlink $fd) in /dmabuf*) buffer=${fd##*/};; esac
done
step query svp query $pid:$buffer
step query-json svp query --json $pid:$buffer
step query-no-dmabuf svp query $pid:1
step query-no-fd svp query $pid:99
step query-no-process svp query 4194304:1
step query-own sh -c 'svp query 0'
step query-ordinary query system
step query-inherited query protected,secure-video
step query-nobody nobody svp query $pid:$buffer
step heaps-used svp heaps --json
hide INT
until_true unused
step heaps-after svp heaps --json
step capture-dark-again svp capture panel -o dark.png

# As it is on the panel.
shot()
{
	show "$@"
	step $1-panel svp capture panel -o $1.ppm
	hide TERM
}

shot nv12 --pattern bars --format NV12
shot p010 --pattern bars --format P010
shot placed --pattern bars --at -16,8,80,40
shot cursor --pattern bars --plane cursor --at 20,30
shot primary --pattern bars --plane primary --heap protected,secure-video-dynamic

show file xr24.png --plane primary
step file-panel svp capture panel -o file.ppm
step film-mp4 svp capture panel --frames 6 -o film.mp4
step film-webp svp capture panel --frames 3 --rate 5 -o film.webp
step film-ppm svp capture panel --frames 3 -o film.ppm
ffprobe -v error -count_frames -show_entries stream=width,height,nb_read_frames -of csv=p=0 film.mp4 >film.probe
step film-nowhere svp capture panel --frames 2 -o nowhere/film.mp4
svp capture panel --frames 100000 -o interrupted.mp4 >interrupted.out 2>interrupted.err & filming=$!
until_true grep 'wchar: [1-9][0-9]\{7\}' /proc/$filming/io
kill -INT $filming; wait $filming; echo $? >interrupted.status
ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 interrupted.mp4 >interrupted.probe
hide KILL
until_true unused
svp heaps --json >killed.out
step killed-panel svp capture panel -o killed.ppm

step ledger svp ledger
step ledger-json svp ledger --json
step ledger-nobody nobody svp ledger
svp ledger --follow >follow.out 2>follow.err & follower=$!
svp ledger --follow --json >follow-json.out 2>follow-json.err & follower_json=$!
# They have begun, and look from time to time.
until_true grep poll /proc/$follower/wchan
until_true grep poll /proc/$follower_json/wchan
step selftest svp selftest
# They tell it as it happens, and not in the end.
until_true grep mmap follow.out
until_true grep mmap follow-json.out
kill -INT $follower $follower_json
wait $follower; echo $? >follow.status
wait $follower_json; echo $? >follow-json.status

step selftest-dynamic svp selftest --json --heap protected,secure-video-dynamic
step selftest-no-heap svp selftest --heap nosuch
mkdir $policy/protected,secure-video/devices/vgem
step masters-listed svp masters --json
step selftest-listed svp selftest
rmdir $policy/protected,secure-video/devices/vgem
show busy --pattern bars
step selftest-busy svp selftest --json
hide TERM
step selftest-again svp selftest --json

show revoked --pattern bars
session revoke
until_true grep revoked revoked.out
step revoked-panel svp capture panel -o revoked.ppm
step revoked-alloc svp show --pattern bars
step revoked-heaps svp heaps --json
session restore
hide TERM

rmmod vskms
step no-module svp show --pattern bars
exit 0
"""

BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0),
        (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0))


@dataclass
class Image:
    """A binary PPM's pixels, row by row."""

    width: int
    height: int
    pixels: bytes

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        start = (y * self.width + x) * 3
        return tuple(self.pixels[start:start + 3])


class Arguments(unittest.TestCase):
    def test_every_command_has_help_with_examples(self):
        done = svp("--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        names = re.findall(r"(?m)^  ([a-z-]+) {2,}", done.stdout)
        self.assertLessEqual({"capture", "heaps", "ledger", "masters", "query", "selftest", "show"}, set(names))
        manual = Path("tools/svp/svp.1").read_text().replace(r"\-", "-")
        for name in names:
            with self.subTest(name):
                done = svp(name, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout, rf"(?s)Examples:\n.*svp {name}")
                self.assertIn(f'.SS "svp {name}', manual)

    def test_wrong_arguments_are_one_line_and_status_2(self):
        wrong = [
            [], ["nosuch"], ["--nosuch"], ["heaps", "x"], ["masters", "x"], ["ledger", "--nosuch"],
            ["query"], ["query", "x"], ["query", "-1"], ["query", "1:2:3"], ["query", "0:1"],
            ["show"], ["show", "a.png", "--pattern", "bars"], ["show", "--pattern", "nosuch"],
            ["show", "a.png", "--plane", "nosuch"], ["show", "a.png", "--format", "RG16"],
            ["show", "a.png", "--at", "1"], ["show", "a.png", "--at", "1,2,3"], ["show", "a.png", "--at", "1,2,0,0"],
            ["capture"], ["capture", "panel"], ["capture", "nosuch", "-o", "a.png"],
            ["capture", "panel", "-o", "a.gif"], ["capture", "panel", "-o", "a.png", "--frames", "2"],
            ["capture", "panel", "-o", "a.mp4", "--frames", "0"], ["capture", "panel", "-o", "a.mp4", "--rate", "x"],
            ["selftest", "x"],
            ["play"], ["play", "a", "b"], ["play", "a", "--encrypted"], ["play", "a", "--key", "k"],
            ["play", "a", "--over", "0"], ["play", "a", "--over", "x"], ["play", "a", "--at", "1"],
            ["play", "a", "--frames", "0"], ["play", "a", "--plane", "x"], ["play", "a", "--format", "RG16"],
            ["play", "a", "--encrypted", "--key", "k", "--format", "NV12"],
            ["play", "a", "--encrypted", "--key", "k", "--at", "1,2,3,4"],
            ["encrypt"], ["encrypt", "a"], ["encrypt", "a", "b", "--size", "0x5"], ["encrypt", "a", "b", "--size", "5"],
            ["encrypt", "a", "b", "--frames", "0"], ["steal"], ["steal", "0"], ["steal", "x"],
        ]
        for args in wrong:
            with self.subTest(" ".join(args)):
                done = svp(*args)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertTrue(done.stderr.startswith("svp"), done.stderr)

    def test_manual_page_has_no_fault(self):
        if not shutil.which("groff"):
            self.skipTest("groff is not installed on this machine")
        done = run_command(["groff", "-man", "-Tutf8", "-ww", "-z", "tools/svp/svp.1"])
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Svp(Steps):
    SCRIPT = SCRIPT
    OUT = Path("out/svp")

    def images(self, name: str) -> list[Image]:
        """All that are in a file, one after the other."""
        data = (self.OUT / name).read_bytes()
        found = []
        while data:
            head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
            width, height = int(head[1]), int(head[2])
            end = head.end() + width * height * 3
            if end > len(data):
                raise ValueError(f"{name}: cut off")
            found.append(Image(width, height, data[head.end():end]))
            data = data[end:]
        return found

    def assert_bars(self, name: str, area: tuple[int, int, int, int], tolerance: int = 0) -> None:
        """The panel has the bars in @area, as far as that is on the screen, and else black."""
        image, = self.images(name)
        self.assertEqual((image.width, image.height), (640, 480))
        left, top, width, height = area
        for y in range(480):
            for x in range(640):
                inside = left <= x < left + width and top <= y < top + height
                expected = BARS[(x - left) * 8 // width] if inside else (0, 0, 0)
                seen = image.at(x, y)
                if seen != expected and max(abs(a - b) for a, b in zip(seen, expected)) > tolerance:
                    self.fail(f"{name}: {seen} at {x},{y}, not {expected}")

    def test_heaps_are_those_of_the_kernel(self):
        heaps = {heap["name"]: heap for heap in json.loads(self.succeeded("heaps-json"))}
        sizes = dict(re.findall(r"/sys/class/secure_heap/(.*)/size:(\d+)", (self.OUT / "sizes").read_text()))
        self.assertEqual({name: heap["size"] for name, heap in heaps.items()},
                         {name: int(size) for name, size in sizes.items()})
        self.assertEqual((heaps[CARVEOUT]["type"], heaps[CARVEOUT]["used"], heaps[CARVEOUT]["state"]),
                         ("carveout", 0, "live"))
        table = self.succeeded("heaps").splitlines()
        self.assertRegex(table[0], "NAME .*SIZE .*USED .*HIGH WATER .*PROFILE .*STATE")
        self.assertTrue(any(re.match(rf"{CARVEOUT} .*128 MiB .*0 B .*strict .*live", line) for line in table), table)

    def test_heaps_are_anybodys_but_for_the_high_water(self):
        heaps = json.loads(self.succeeded("heaps-nobody"))
        self.assertEqual([heap["high_water"] for heap in heaps], [None, None])

    def test_show_uses_the_heap_until_it_is_interrupted(self):
        used = lambda name: {heap["name"]: heap["used"] for heap in json.loads(self.succeeded(name))}
        self.assertGreaterEqual(used("heaps-used")[CARVEOUT], 320 * 240 * 4)
        self.assertEqual(self.done("xr24").status, 0)
        self.assertEqual(used("heaps-after"), {CARVEOUT: 0, DYNAMIC: 0})

    def test_show_is_on_the_panel_pixel_by_pixel(self):
        self.assertIn("320x240 XR24 from heap " + CARVEOUT, self.succeeded("xr24"))
        self.assert_bars("xr24.ppm", (160, 120, 320, 240))

    def test_show_in_yuv_formats(self):
        for name in ("nv12", "p010"):
            with self.subTest(name):
                self.assertIn(f" {name.upper()} from heap", self.succeeded(name))
                self.assert_bars(f"{name}.ppm", (160, 120, 320, 240), 3)

    def test_show_scaled_and_clipped(self):
        self.succeeded("placed")
        self.assert_bars("placed.ppm", (-16, 8, 80, 40))

    def test_show_on_the_cursor_plane(self):
        self.assertIn("64x64 AR24", self.succeeded("cursor"))
        self.assert_bars("cursor.ppm", (20, 30, 64, 64))

    def test_show_on_the_primary_plane_from_the_dynamic_heap(self):
        self.assertIn(f"from heap {DYNAMIC}", self.succeeded("primary"))
        self.assert_bars("primary.ppm", (0, 0, 640, 480))

    def test_show_of_a_png_is_what_was_captured(self):
        self.succeeded("file-panel")
        self.assertEqual(self.images("file.ppm"), self.images("xr24.ppm"))

    def test_show_tells_of_a_revocation(self):
        self.assertIn(f"\nheap {CARVEOUT} was revoked", self.succeeded("revoked"))
        image, = self.images("revoked.ppm")
        self.assertFalse(any(image.pixels))
        states = {heap["name"]: heap["state"] for heap in json.loads(self.succeeded("revoked-heaps"))}
        self.assertEqual(states, {CARVEOUT: "revoked", DYNAMIC: "live"})
        self.refused_in_one_line("revoked-alloc", CARVEOUT, "EIO", "is revoked")

    def test_show_killed_leaves_nothing(self):
        self.assertEqual(self.done("file").status, 128 + 9)
        heaps = json.loads((self.OUT / "killed.out").read_text())
        self.assertEqual([heap["used"] for heap in heaps], [0, 0])
        # The kernel takes its framebuffers; the mode stays.
        image, = self.images("killed.ppm")
        self.assertFalse(any(image.pixels))

    def test_show_says_what_it_cannot_do(self):
        self.refused_in_one_line("show-no-heap", "heap nosuch", CARVEOUT)
        self.refused_in_one_line("show-no-card", "card nosuch", "card0 (vskms)")
        self.refused_in_one_line("show-no-file", "nosuch.png", "ENOENT")
        self.refused_in_one_line("show-no-png", "sizes: no PNG")
        self.refused_in_one_line("show-nobody", "EACCES", "as root")
        self.refused_in_one_line("show-full", "protected,small", "300 KiB", "ENOMEM", "64 KiB of 64 KiB are free")
        self.refused_in_one_line("show-twice", "card0 (vskms)", "another program")
        self.refused_in_one_line("no-module", "card vskms", "modprobe vskms")

    def test_masters_are_registered_attached_and_listed(self):
        of = lambda name: {(m["heap"], m["device"]): m for m in json.loads(self.succeeded(name))}
        vskms = of("masters-json")[CARVEOUT, "vskms"]
        self.assertEqual((vskms["registered"], vskms["listed"]), (True, None))
        self.assertGreaterEqual(vskms["attached"], 1)
        self.assertRegex(self.succeeded("masters"), rf"(?m)^{CARVEOUT} +vskms +- +{vskms['attached']} +driver$")
        self.assertEqual(of("masters-listed")[CARVEOUT, "vgem"]["listed"], "read-write")

    def test_capture_is_the_same_in_each_format(self):
        self.assertIn("1 of 1 frame", self.succeeded("capture-png"))
        self.succeeded("capture-ppm")
        self.assertEqual(self.images("xr24-png.ppm"), self.images("xr24.ppm"))

    def test_capture_films_have_their_frames(self):
        for name, frames in (("film-mp4", 6), ("film-webp", 3), ("film-ppm", 3)):
            self.assertIn(f"{frames} of {frames} frames", self.succeeded(name))
        self.assertEqual((self.OUT / "film.probe").read_text().strip(), "640,480,6")
        self.assertRegex((self.OUT / "film.webp").read_bytes(), rb"(?s)\ARIFF....WEBP")
        self.assertEqual(self.images("film.ppm"), 3 * self.images("xr24.ppm"))

    def test_capture_interrupted_keeps_its_frames(self):
        captured = re.search(r"(\d+) of 100000 frames", self.succeeded("interrupted"))
        self.assertEqual(int((self.OUT / "interrupted.probe").read_text()), int(captured[1]))

    def test_capture_says_what_it_cannot_do(self):
        self.refused_in_one_line("capture-dark", "nothing is on")
        self.refused_in_one_line("capture-dark-again", "nothing is on")
        self.refused_in_one_line("capture-no-crtc", "CRTC number 9")
        self.refused_in_one_line("capture-not-master", "another program")
        self.refused_in_one_line("capture-unwritable", "/proc/x.png: cannot write it")
        self.refused_in_one_line("capture-nobody", "EACCES")
        # ffmpeg says why, and svp that it ended.
        nowhere = self.done("film-nowhere")
        self.assertEqual(nowhere.status, 1)
        self.assertRegex(nowhere.err, r"(?s)nowhere/film.mp4.*\nsvp: ffmpeg: ended with status \d+")

    def test_query_knows_a_buffer_of_another_process(self):
        buffer = json.loads(self.succeeded("query-json"))
        self.assertEqual((buffer["protected"], buffer["state"], buffer["heap"], buffer["profile"]),
                         (True, "live", CARVEOUT, "strict"))
        self.assertGreaterEqual(buffer["size"], 320 * 240 * 4)
        self.assertEqual(buffer["generation"], buffer["session"])
        self.assertRegex(self.succeeded("query"), rf"(?s)^protected, live\nheap +{CARVEOUT}\n.*handle +{buffer['handle']}\n")

    def test_query_knows_what_it_inherits(self):
        self.assertEqual(json.loads(self.succeeded("query-ordinary")), {"protected": False, "state": "ordinary"})
        self.assertEqual(json.loads(self.succeeded("query-inherited"))["heap"], CARVEOUT)

    def test_query_says_what_it_cannot_do(self):
        self.refused_in_one_line("query-no-dmabuf", "EINVAL", "is it a dma-buf?")
        self.refused_in_one_line("query-no-fd", "descriptor 99", "EBADF")
        self.refused_in_one_line("query-no-process", "process 4194304", "ESRCH")
        self.refused_in_one_line("query-own", "0: cannot query it", "EINVAL")
        self.refused_in_one_line("query-nobody", "EACCES")

    def test_ledger_has_accounts_and_violations(self):
        ledger = json.loads(self.succeeded("ledger-json"))
        self.assertEqual(ledger["imbalances"], 0)
        self.assertLessEqual({CARVEOUT, DYNAMIC, "total"}, set(ledger["accounts"]))
        self.assertGreater(ledger["accounts"]["total"]["gauges"]["bytes"]["most"], 0)
        self.assertEqual(ledger["accounts"]["total"]["gauges"]["bytes"]["now"], 0)
        self.assertGreater(ledger["accounts"]["protected,secure-video"]["gauges"]["buffers"]["ever"], 0)
        self.assertRegex(self.succeeded("ledger"), r"(?m)^total +bytes +0 +\d+ +\d+$")
        self.refused_in_one_line("ledger-nobody", "EACCES", "as root")

    def test_ledger_follows_violations_as_they_happen(self):
        self.assertRegex(self.succeeded("follow"), r"(?m)^\[ *\d+\.\d+\] svp\[\d+\] mmap heap "
                         rf"{CARVEOUT} buffer \d+: .*: EACCES$")
        violations = [json.loads(line) for line in self.succeeded("follow-json").splitlines()]
        kinds = {violation["kind"]: violation for violation in violations}
        self.assertLessEqual({"mmap", "cpu-access", "attach"}, set(kinds))
        self.assertEqual((kinds["mmap"]["comm"], kinds["mmap"]["errno"], kinds["mmap"]["master"]),
                         ("svp", "EACCES", None))
        self.assertIn("vgem", kinds["attach"]["master"])

    def test_selftest_holds(self):
        out = self.succeeded("selftest")
        self.assertEqual(set(re.findall(r"(?m)^(pass|FAIL) ", out)), {"pass"}, out)
        self.assertTrue(out.endswith("everything holds\n"), out)
        for name in ("selftest-dynamic", "selftest-again"):
            report = json.loads(self.succeeded(name))
            self.assertTrue(report["holds"], report)
            self.assertEqual(len(report["checks"]), out.count("pass "))

    def test_selftest_fails_if_something_does_not_hold(self):
        listed = self.done("selftest-listed")
        self.assertEqual((listed.status, listed.err), (1, ""))
        self.assertEqual(re.findall(r"(?m)^FAIL +(\S+)", listed.out), ["untrusted-device"], listed.out)
        busy = self.done("selftest-busy")
        self.assertEqual((busy.status, busy.err), (1, ""))
        report = json.loads(busy.out)
        self.assertFalse(report["holds"])
        self.assertIn("another program", report["checks"][-2]["text"])
        self.refused_in_one_line("selftest-no-heap", "heap nosuch")


def run(results: Results) -> None:
    run_python("svp", Svp, results)
    run_python("svp", Arguments, results)
