# SPDX-License-Identifier: GPL-2.0
"""svp play, encrypt and steal, and --over a program that must not notice."""

import json
import re
from pathlib import Path

from pictures import Area, Picture

from .result import Results, run_python
from .steps import Steps

AREA = Area(7, 9, 96, 64)	# of a video that is captured

SCRIPT = r"""
dri=/sys/kernel/debug/dri/0

# Which of kmscube's framebuffers is shown; not the one it begins with, which is black.
cubes() { grep -B 1 "allocated by = kmscube" $dri/state | grep fb=; }
draws() { [ "$(cubes)" ] && [ "$(cubes)" != "$first" ]; }

# kmscube with OPTIONS until a key, as NAME.
cube()
{
	name=$1; shift
	mkfifo /tmp/keys-$name; exec 5<>/tmp/keys-$name
	kmscube "$@" -D /dev/dri/card0 <&5 >$name.log 2>&1 &
	cube=$!
	until_true cubes
	first=$(cubes)
	until_true draws
}

key()
{
	kill -0 $cube && echo >&5
	wait $cube; echo $? >$name.status
}

# What the cube has open, but for the fences of the frames that it has under way.
# One may go while it is looked at: it has no target, then.
files() { ls -l /proc/$cube/fd 2>/dev/null | sed '/ -> /!d; s/.*[0-9][0-9]:[0-9][0-9] //; /sync_file/d'; }

rendered() { sed -n 's/^Rendered \([0-9]*\) .*/\1/p' $1.log | tail -n 1; }
overlays() { grep -c 'allocated by = svp' $dri/state; }
shown() { [ $(overlays) = 1 ]; }
used() { cat /sys/class/secure_heap/protected,secure-video/used; }
alone() { ! pgrep ffmpeg; }
unused() { [ $(used) = 0 ]; }

ended() { ! kill -0 $1; }

modprobe vgem
# Frames that differ at each pixel, so that one is not taken for another.
ffmpeg -v error -f lavfi -i "mandelbrot=size=96x64:rate=20" -frames:v 40 -vf format=nv12 -colorspace bt709 \
	-color_range tv -c:v rawvideo video.mkv
ffmpeg -v error -i video.mkv -f rawvideo video.nv12
ffmpeg -v error -f lavfi -i "sine=duration=1" sound.wav
head -c 3000 /dev/urandom >noise.mkv
ffmpeg -v error -f lavfi -i "testsrc=size=75x41:rate=30000/1001" -frames:v 9 -c:v ffv1 odd.mkv

step encrypt svp encrypt --key $PWD/key video.mkv clip
step encrypt-again svp encrypt --key key --frames 10 --format XR24 --size 64x32 video.mkv small.clip
step encrypt-own-key svp encrypt --frames 2 video.mkv own.clip
ls -l key own.clip.key >keys
step encrypt-no-file svp encrypt nosuch.mkv x.clip
step encrypt-sound svp encrypt sound.wav x.clip
step encrypt-noise svp encrypt noise.mkv x.clip
step encrypt-bad-key svp encrypt --key video.mkv video.mkv x.clip
step encrypt-unwritable svp encrypt --key key video.mkv /proc/x.clip
ls x.clip* >leftovers 2>/dev/null

step clear svp play --json --frames 20 video.mkv
step odd svp play odd.mkv
step at svp play --json --at -10,5,50,40 --format P010 --frames 5 video.mkv
step encrypted svp play --json --encrypted --key key clip
step loop svp play --json --encrypted --key $(cat key) --loop --frames 50 clip
step primary svp play --json --plane primary --format XR24 --at 0,0,640,480 --frames 5 video.mkv
step play-no-file svp play nosuch.mkv
step play-sound svp play sound.wav
step play-noise svp play noise.mkv
step play-no-heap svp play --heap nosuch video.mkv
step play-no-clip svp play --encrypted --key key video.mkv
step play-no-key svp play --encrypted --key nosuch clip
head -c 9000 clip >short.clip
mkfifo /tmp/fifo
svp play /tmp/fifo >play-fifo.out 2>play-fifo.err & pid=$!
until_true pgrep ffprobe
kill -INT $pid
until_true ended $pid
kill -KILL $pid 2>/dev/null; wait $pid; echo $? >play-fifo.status
step play-short svp play --encrypted --key key short.clip
printf '\377\377' | dd of=short.clip bs=1 seek=12 conv=notrunc status=none
step play-huge svp play --encrypted --key key short.clip
step play-nobody nobody svp play --frames 1 video.mkv
sleep 0 & gone=$!; wait $gone
step over-nothing svp play --over $gone video.mkv
step over-no-card svp play --over $$ video.mkv
used >used-after-plays

for mode in legacy atomic; do
	option=; [ $mode = legacy ] || option=-A
	cube $mode $option
	step over-$mode svp play --json --over $cube --encrypted --key key --loop --frames 150 clip
	svp show --over $cube --plane cursor --pattern checker --at 600,400 >cursor-$mode.out 2>cursor-$mode.err & pid=$!
	until_true shown
	step cursor-panel-$mode svp capture panel -o cursor-$mode.ppm
	kill $pid; wait $pid; echo $? >cursor-$mode.status
	step over-primary-$mode svp play --over $cube --plane primary video.mkv
	step over-nobody-$mode nobody svp play --over $cube video.mkv
	files >files-before-$mode

	# Killed where it stands: the plane goes, the program does not.
	svp play --over $cube --encrypted --key key --loop --at 7,9 clip >killed-$mode.out 2>&1 & pid=$!
	until_true shown; sleep 1
	overlays >overlays-over-$mode
	step over-twice-$mode svp play --over $cube video.mkv
	step steal-$mode svp steal --json --like video.nv12 $pid
	kill -STOP $pid $cube; sleep 0.3
	step still-$mode svp capture writeback --over $pid -o screenshot-$mode.ppm
	step panel-$mode svp capture panel -o panel-$mode.ppm
	kill -CONT $pid $cube
	kill -KILL $pid; wait $pid 2>/dev/null
	until_true unused
	used >used-killed-$mode; overlays >overlays-killed-$mode
	step alone-$mode svp capture writeback --over $cube -o alone-$mode.ppm
	cat $dri/state >state-$mode
	files >files-after-$mode

	# Clear frames are in the memory of who plays in clear: it is found if it is there.
	svp play --over $cube --loop video.mkv >/dev/null 2>&1 & pid=$!
	until_true shown; sleep 1
	step steal-clear-$mode svp steal --json --like video.nv12 $pid
	kill -KILL $pid; wait $pid 2>/dev/null
	until_true alone

	# The program ends first.
	(step over-ended-$mode svp play --over $cube --encrypted --key key --loop clip) & pid=$!
	until_true shown; sleep 1
	key
	wait $pid
	rendered $mode >rendered-$mode
done
step steal-nothing svp steal $$
step steal-no-process svp steal 4194304
grep '^imbalances' /sys/kernel/debug/secure_heap/ledger >imbalances
used >used-in-the-end
exit 0
"""


class Play(Steps):
    SCRIPT = SCRIPT
    OUT = Path("out/play")
    SHOWN = 1 / 3		# of all frames, at least

    def played(self, name: str, frames: int) -> dict:
        """All @frames were shown or dropped, and not too many were dropped."""
        played = json.loads(self.succeeded(name))
        self.assertEqual(played["shown"] + played["dropped"], frames, played)
        self.assertGreaterEqual(played["shown"], max(1, self.SHOWN * frames), played)
        return played

    def test_encrypt_makes_a_clip_and_a_key(self):
        self.assertIn("clip: 40 frames of 96x64 NV12 at 20 a second", self.succeeded("encrypt"))
        self.assertIn("10 frames of 64x32 XR24", self.succeeded("encrypt-again"))
        self.assertIn("own.clip.key", self.succeeded("encrypt-own-key"))
        self.assertEqual(re.findall(r"(?m)^(\S+)", self.read("keys")), ["-rw-------", "-rw-------"])
        self.assertEqual((self.OUT / "clip").stat().st_size, 64 + 40 * 96 * 64 * 3 // 2)

    def test_a_clip_has_no_frame_in_clear(self):
        clip, clear = (self.OUT / "clip").read_bytes(), (self.OUT / "video.nv12").read_bytes()
        self.assertFalse([at for at in range(0, len(clear) - 16, 512)
                          if len(set(clear[at:at + 16])) > 4 and clear[at:at + 16] in clip])

    def test_encrypt_says_what_it_cannot_do_and_leaves_nothing(self):
        self.refused("encrypt-no-file", "nosuch.mkv", "ENOENT")
        self.refused("encrypt-sound", "no video in it")
        self.refused("encrypt-noise", "ffprobe")
        self.refused("encrypt-bad-key", "key video.mkv", "hexadecimal")
        self.refused("encrypt-unwritable", "/proc/x.clip")
        self.assertEqual(self.read("leftovers"), "")

    def test_play_in_time(self):
        played = self.played("clear", 20)
        self.assertEqual((played["width"], played["height"], played["format"], played["rate"]), (96, 64, "NV12", 20.0))
        self.assertGreater(played["seconds"], 0.9)
        self.assertIn("74x40 NV12 at 29.97", self.succeeded("odd"))

    def test_play_scaled_on_any_plane(self):
        played = self.played("at", 5)
        self.assertEqual((played["width"], played["height"], played["format"]), (50, 40, "P010"))
        self.assertGreaterEqual(json.loads(self.succeeded("primary"))["shown"], 1)

    def test_play_encrypted(self):
        self.assertTrue(self.played("encrypted", 40)["encrypted"])
        self.played("loop", 50)

    def test_play_says_what_it_cannot_do(self):
        self.refused("play-no-file", "nosuch.mkv", "ENOENT")
        self.refused("play-sound", "no video in it")
        self.refused("play-noise", "ffprobe")
        self.refused("play-no-heap", "heap nosuch")
        self.refused("play-no-clip", "video.mkv: it is no clip", "svp encrypt")
        self.refused("play-no-key", "nosuch", "hexadecimal")
        self.refused("play-short", "short.clip: it has 0 frames, and should have 40")
        self.refused("play-huge", "short.clip", "8192")
        self.refused("play-nobody", "EACCES", "as root")
        self.assertEqual(self.read("used-after-plays"), "0")

    def test_play_is_interrupted_before_there_is_a_video(self):
        self.refused("play-fifo", "ffprobe: interrupted")

    def test_over_says_what_it_cannot_do(self):
        self.refused("over-nothing", "there is none", "ESRCH")
        self.refused("over-no-card", "(bash)", "no card open")
        for mode in ("legacy", "atomic"):
            self.refused(f"over-primary-{mode}", "primary plane is the program's own")
            self.refused(f"over-nobody-{mode}", "EACCES", "as root")
            self.refused(f"over-twice-{mode}", "EBUSY", "leased already")

    def test_over_a_program_that_goes_on(self):
        for mode in ("legacy", "atomic"):
            with self.subTest(mode):
                self.played(f"over-{mode}", 150)
                self.assertEqual(self.read(f"{mode}.status"), "0", self.read(f"{mode}.log"))
                self.assertGreater(int(self.read(f"rendered-{mode}")), 100)

    def test_show_over_a_program_on_its_cursor_plane(self):
        area = Area(600, 400, 40, 64)	# what of it is on the screen
        for mode in ("legacy", "atomic"):
            self.assertIn("64x64 AR24", self.succeeded(f"cursor-{mode}"))
            self.succeeded(f"cursor-panel-{mode}")
            panel = Picture.from_ppm(self.OUT / f"cursor-{mode}.ppm").cut(area)
            self.assertEqual(set(panel.pixels), {0, 255})

    def test_over_killed_leaves_nothing(self):
        for mode in ("legacy", "atomic"):
            with self.subTest(mode):
                self.assertEqual(self.read(f"overlays-over-{mode}"), "1")
                self.assertEqual((self.read(f"overlays-killed-{mode}"), self.read(f"used-killed-{mode}")), ("0", "0"))
                self.assertEqual(self.read(f"files-after-{mode}"), self.read(f"files-before-{mode}"))
                self.succeeded(f"alone-{mode}")

    def test_a_writeback_leaves_its_connector_off(self):
        # Else who knows nothing of it could not switch its CRTC off: EINVAL.
        for mode in ("legacy", "atomic"):
            with self.subTest(mode):
                self.assertRegex(self.read(f"state-{mode}"), r"connector\[\d+\]: Writeback-1\n\s*crtc=\(null\)\n")

    def test_over_a_program_that_ends(self):
        for mode in ("legacy", "atomic"):
            self.refused(f"over-ended-{mode}", "(kmscube) has ended")

    def test_a_screenshot_has_all_but_the_video(self):
        for mode in ("legacy", "atomic"):
            with self.subTest(mode):
                self.succeeded(f"still-{mode}")
                self.succeeded(f"panel-{mode}")
                panel, shot = (Picture.from_ppm(self.OUT / f"{what}-{mode}.ppm") for what in ("panel", "screenshot"))
                self.assertTrue(shot.cut(AREA).black())
                self.assertFalse(panel.cut(AREA).black())
                self.assertEqual(shot.around(AREA), panel.around(AREA))
                self.assertTrue(any(shot.around(AREA)))

    def test_steal_gets_nothing(self):
        for mode in ("legacy", "atomic"):
            tries = {attempt["tried"]: attempt for attempt in json.loads(self.succeeded(f"steal-{mode}"))}
            self.assertGreaterEqual(len(tries), 10)
            self.assertEqual({attempt["result"] for attempt in tries.values()}, {"refused", "nothing"}, tries)
            self.assertIn("all black", tries["a screenshot"]["by"])

    def test_steal_finds_clear_frames_where_they_are(self):
        for mode in ("legacy", "atomic"):
            done = self.done(f"steal-clear-{mode}")
            self.assertEqual((done.status, done.err), (1, ""))
            self.assertEqual([attempt["tried"] for attempt in json.loads(done.out) if attempt["result"] == "STOLEN"],
                             ["its own memory"])

    def test_steal_says_what_it_cannot_do(self):
        self.refused("steal-nothing", "no protected buffer open")
        self.refused("steal-no-process", "process 4194304", "ENOENT")

    def test_nothing_is_left(self):
        self.assertEqual((self.read("imbalances"), self.read("used-in-the-end")), ("imbalances 0", "0"))


def run(results: Results) -> None:
    run_python("play", Play, results)
