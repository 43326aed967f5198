# SPDX-License-Identifier: GPL-2.0
"""svp wayland: with Weston on vskms, with compositors that misbehave, and with none."""

import json
import re
from pathlib import Path

from pictures import Area, Picture

from .result import Results, run_python
from .steps import Steps, svp

FRAMES = 20
SCREEN = Area(0, 0, 640, 480)
INSIDE = Area(40, 30, 320, 240)		# a sub-surface

SCRIPT = r"""
export XDG_RUNTIME_DIR=/tmp/run WAYLAND_DISPLAY=w
export LIBSEAT_BACKEND=builtin SEATD_VTBOUND=0 GBM_ALWAYS_SOFTWARE=1
mkdir -m 700 /tmp/run
dri=/sys/kernel/debug/dri/0
heap=/sys/class/secure_heap/protected,secure-video

# Nothing but what clients show is on the screen, and nothing moves.
cat >weston.ini <<end
[shell]
panel-position=none
background-color=0xff000000
startup-animation=none
close-animation=none
animation=none
locking=false
end

# Weston as $weston, with OPTIONS; clients wait for it.
start()
{
	weston --config=$PWD/weston.ini --socket=w --backend=drm --drm-device=card0 --continue-without-input \
		--idle-time=0 "$@" >>weston.log 2>&1 &
	weston=$!
}

stop() { kill -$1 $weston; wait $weston 2>/dev/null; }

# until_true COMMAND: for 90 s.
until_true()
{
	for i in $(seq 450); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
	echo "never true: $*"
}

bars="svp wayland --json --pattern bars --direct-display"
frames() { $bars --frames 20 "$@"; }
shown() { [ $(grep -c '"zero_copy":true' $client.out) -ge 5 ]; }

# hold NAME OPTIONS: a client until it is told to end; what is on the panel is NAME.ppm.
hold()
{
	client=$1; shift
	$bars "$@" >$client.out 2>$client.err </dev/null & pid=$!
	until_true shown
	step $client-panel svp capture panel -o $client.ppm
	cat $dri/state >$client.state
}

let_go()
{
	kill -$1 $pid; wait $pid 2>/dev/null
	echo $? >$client.status
}

# A compositor that answers each client with HEX bytes, and hangs up (1) or never does (0).
impostor()
{
	perl -MIO::Socket::UNIX -e 'my ($bytes, $hangs_up) = @ARGV;
		my $socket = IO::Socket::UNIX->new(Local => "/tmp/run/impostor", Listen => 1) or die "$!";
		while (my $client = $socket->accept) {
			sysread($client, my $asked, 4096);
			syswrite($client, pack("H*", $bytes));
			if ($hangs_up) { close($client) } else { push(@kept, $client) }
		}' "$@" & impostor=$!
	until_true test -S /tmp/run/impostor
}

step none svp wayland --pattern bars
step none-in-time svp wayland --pattern bars --wait 1
step no-directory env -u XDG_RUNTIME_DIR svp wayland --pattern bars
step no-heap svp wayland --pattern bars --heap nosuch
step no-file svp wayland nosuch.png
step no-clip svp wayland --encrypted --key 00112233445566778899aabbccddeeff weston.ini
step system-encrypted svp wayland --encrypted --key 00112233445566778899aabbccddeeff --heap system weston.ini
step nobody nobody svp wayland --pattern bars
# An event 99 of wl_display there is not.
for kind in silent::0 hangs-up::1 talks-nonsense:0100000063000800:0; do
	IFS=: read name bytes hangs_up <<<"$kind"
	impostor "$bytes" $hangs_up
	step $name svp wayland --pattern bars --display impostor --timeout 2
	kill $impostor; wait $impostor 2>/dev/null; rm /tmp/run/impostor
done

ffmpeg -v error -f lavfi -i testsrc2=size=160x120:rate=15 -frames:v 30 video.mkv
step encrypt svp encrypt --key $PWD/key video.mkv clip

start --renderer=gl
step first frames --fullscreen --wait 60
step protected frames --fullscreen
step system frames --fullscreen --heap system
step system-composed svp wayland --json --pattern bars --fullscreen --heap system --frames 20
step nv12-system frames --fullscreen --format NV12 --heap system --objects 2
step window frames
step rotated frames --fullscreen --transform 90
step scaled frames --size 100x100 --scale 200x200
step outside frames --fullscreen --subsurface -100,-80
step below frames --fullscreen --subsurface 40,30 --below
step clip svp wayland --json --direct-display --encrypted --key key clip
step video svp wayland --json --direct-display --format P010 --size 96x64 video.mkv
step words svp wayland --pattern bars --direct-display --frames 2
step lie-short svp wayland --json --pattern bars --direct-display --lie pitch=100
step lie-long svp wayland --json --pattern bars --direct-display --lie pitch=100000
step lie-immediate svp wayland --json --pattern bars --direct-display --lie pitch=100 --immediate
hold fullscreen --fullscreen
step writeback svp capture writeback --over $weston -o writeback.ppm
let_go TERM
hold nv12 --fullscreen --format NV12
let_go INT
hold nv12-objects --fullscreen --format NV12 --objects 2
let_go TERM
hold inside --fullscreen --subsurface 40,30
let_go KILL
unused() { [ $(cat $heap/used) = 0 ]; }
until_true unused
step after-kill frames --fullscreen

# It does not answer, goes on, is killed, and comes again.
kill -STOP $weston
step stopped svp wayland --json --pattern bars --direct-display --timeout 2
kill -CONT $weston
client=waiting
$bars --fullscreen --wait 60 >$client.out 2>$client.err </dev/null & pid=$!
until_true shown
stop KILL
start --renderer=gl
again() { [ $(grep -c '"connected"' $client.out) = 2 ] && tail -n 1 $client.out | grep zero_copy\":true; }
until_true again
let_go TERM

client=killed
$bars --fullscreen >$client.out 2>$client.err </dev/null & pid=$!
until_true shown
stop KILL
wait $pid; echo $? >$client.status

# A CPU that plays the GPU samples a protected buffer, and has none.
start --renderer=gl
step ready frames --wait 60
step sampled timeout 60 svp wayland --json --pattern bars --frames 20
stop KILL

# What has no GL takes no dma-bufs.
start --renderer=pixman
step pixman svp wayland --json --pattern bars --wait 60
stop TERM
until_true unused
grep '^imbalances' /sys/kernel/debug/secure_heap/ledger >imbalances
exit 0
"""


class Compositors(Steps):
    SCRIPT = SCRIPT
    OUT = Path("out/compositors")

    def events(self, name: str, status: int = 0) -> list[dict]:
        """What it told, in order; standard error has the last word, if it failed."""
        done = self.done(name)
        self.assertEqual((done.status, done.err.count("\n")), (status, status), done.out + done.err)
        return [json.loads(line) for line in done.out.splitlines()]

    def told(self, name: str, event: str, status: int = 0) -> list[dict]:
        return [told for told in self.events(name, status) if told["event"] == event]

    def presented(self, name: str, frames: int = FRAMES) -> list[dict]:
        """All of its @frames, in order, each later than the one before."""
        presented = self.told(name, "frame")
        self.assertEqual([frame["frame"] for frame in presented], list(range(frames)))
        self.assertEqual({frame["result"] for frame in presented}, {"presented"})
        times = [(frame["time"], frame["sequence"]) for frame in presented]
        self.assertEqual(times, sorted(set(times)))
        summary = self.events(name)[-1]
        self.assertEqual((summary["event"], summary["committed"], summary["presented"], summary["lost"]),
                         ("summary", frames, frames, 0))
        return presented

    def on_a_plane(self, name: str, frames: int = FRAMES) -> None:
        """But for the first few, as Weston tries a surface's planes from its second frame on."""
        self.assertGreaterEqual(sum(frame["zero_copy"] for frame in self.presented(name, frames)), frames - 5)

    def wrong(self, name: str, kind: str, *words: str) -> None:
        """The one error has that kind, and is what standard error says."""
        error, = self.told(name, "error", 1)
        self.assertEqual(error["kind"], kind, error)
        self.assertEqual(self.events(name, 1)[-1]["end"], "error")
        self.refused_in_one_line(name, error["text"], *words)

    def panel(self, name: str) -> Picture:
        self.succeeded(f"{name}-panel")
        return Picture.from_ppm(self.OUT / f"{name}.ppm")

    def test_guest_ran_to_the_end(self):
        self.assertEqual(self.guest.returncode, 0, self.guest.stdout + self.guest.stderr)
        self.assertEqual(self.guest.stdout, "")

    def test_wrong_arguments_are_one_line_and_status_2(self):
        picture = ["wayland", "--pattern", "bars"]
        wrong = [["wayland"], ["wayland", "--pattern", "nosuch"], [*picture, "x.png"], [*picture, "--format", "RG16"],
                 [*picture, "--frames", "0"], [*picture, "--size", "0x5"], [*picture, "--size", "5"], [*picture, "--size", "1x2x3"],
                 [*picture, "--objects", "3"], [*picture, "--transform", "45"], [*picture, "--scale", "1"],
                 [*picture, "--subsurface", "1"], [*picture, "--subsurface", "1,2,3,4"], [*picture, "--below"],
                 [*picture, "--window", "9x9"], [*picture, "--lie", "pitch"], [*picture, "--lie", "pitch=-1"],
                 [*picture, "--lie", "size=1"], [*picture, "--timeout", "0"], [*picture, "--wait", "-1"],
                 [*picture, "--fullscreen", "--subsurface", "1,2", "--window", "9x9"],
                 ["wayland", "a", "--encrypted"], ["wayland", "a", "--key", "k"], [*picture, "--encrypted", "--key", "k"],
                 ["wayland", "a", "--encrypted", "--key", "k", "--format", "NV12"]]
        for args in wrong:
            with self.subTest(" ".join(args)):
                done = svp(*args)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_says_what_it_cannot_do(self):
        self.refused_in_one_line("none", "compositor w", "ENOENT", "/tmp/run")
        self.refused_in_one_line("none-in-time", "compositor w", "ENOENT")
        self.refused_in_one_line("no-directory", "XDG_RUNTIME_DIR is not set")
        self.refused_in_one_line("no-heap", "nosuch", "ENOENT")
        self.refused_in_one_line("no-clip", "weston.ini: it is no clip")
        self.refused_in_one_line("system-encrypted", "heap system", "not protected")
        self.refused_in_one_line("nobody", "EACCES")

    def test_impostors_are_found_out(self):
        self.refused_in_one_line("silent", "compositor impostor: an answer does not come", "ETIMEDOUT")
        self.refused_in_one_line("hangs-up", "compositor impostor", "it is gone")
        self.refused_in_one_line("talks-nonsense", "compositor impostor: interface 'wl_display' has no event 99", "EPROTO")

    def test_tells_what_the_compositor_has(self):
        connected, = self.told("first", "connected")
        self.assertEqual(connected["display"], "w")
        self.assertLessEqual({"wl_compositor", "xdg_wm_base", "weston_direct_display_v1"}, set(connected["globals"]))
        self.assertGreaterEqual(connected["dmabuf_version"], 3)
        for fourcc in ("XR24", "NV12"):
            self.assertIn("LINEAR", connected["formats"][fourcc])
        configured, = self.told("first", "configured")
        self.assertEqual((configured["width"], configured["height"], configured["fullscreen"]), (640, 480, True))

    def test_protected_buffers_reach_a_plane(self):
        for name in ("protected", "window", "after-kill"):
            with self.subTest(name):
                self.on_a_plane(name)
                buffers = self.told(name, "buffer")
                self.assertEqual({(buffer["result"], buffer["heap"], buffer["direct_display"]) for buffer in buffers},
                                 {("created", "protected,secure-video", True)})

    def test_ordinary_buffers_do_too(self):
        self.on_a_plane("system")
        self.on_a_plane("nv12-system")
        self.assertEqual({buffer["objects"] for buffer in self.told("nv12-system", "buffer")}, {2})
        self.presented("system-composed")

    def test_the_panel_shows_them(self):
        panel = self.panel("fullscreen")
        colours = [panel.row(240, x, x + 1) for x in range(40, 640, 80)]
        self.assertEqual(colours, [bytes(255 * on for on in rgb) for rgb in
                                   ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0))])
        self.assertEqual(panel.cut(SCREEN).pixels, 480 * panel.row(0, 0, 640))
        for name in ("nv12", "nv12-objects"):
            with self.subTest(name):
                self.assertLessEqual(self.panel(name).difference(panel), 2)

    def test_the_driver_has_them_on_a_plane(self):
        for name, fourcc, size in (("nv12", "NV12", "640x480"), ("nv12-objects", "NV12", "640x480"),
                                   ("inside", "XR24", "320x240")):
            with self.subTest(name):
                planes = re.findall(r"\tcrtc=crtc-0\n\tfb=[1-9]\d*\n(?:\t\t.*\n)*?\t\tformat=(\w+).*\n"
                                    r"(?:\t\t.*\n)*?\t\tsize=(\w+)", self.read(f"{name}.state"))
                self.assertIn((fourcc, size), planes)

    def test_a_screenshot_does_not(self):
        self.succeeded("writeback")
        self.assertTrue(Picture.from_ppm(self.OUT / "writeback.ppm").black())

    def test_a_subsurface_is_where_it_was_put(self):
        panel = self.panel("inside")
        self.assertEqual(set(panel.around(INSIDE)), {0x30})
        row = panel.row(INSIDE.y, INSIDE.x, INSIDE.x + INSIDE.width)
        self.assertEqual(row, b"".join(40 * panel.row(240, x, x + 1) for x in range(60, 360, 40)))
        self.assertEqual(panel.cut(INSIDE).pixels, INSIDE.height * row)

    def test_what_no_plane_can_show_is_presented_for_all_that(self):
        for name in ("rotated", "outside", "below"):
            self.presented(name)
        self.assertEqual({frame["zero_copy"] for frame in self.presented("scaled")}, {False})

    def test_films(self):
        for name in ("clip", "video"):
            summary = self.events(name)[-1]
            self.assertEqual((summary["end"], summary["committed"] + summary["dropped"]), ("video", 30), summary)
            self.assertEqual(summary["presented"] + summary["discarded"], summary["committed"])
            self.assertGreaterEqual(3 * summary["presented"], 30)
            self.assertGreater(summary["zero_copy"], 0)

    def test_words(self):
        self.assertRegex(self.succeeded("words"),
                         r"\Acompositor w: \d+ globals, linux-dmabuf \d with \d+ formats\n"
                         r"frame 0: presented at [\d.]+ s, refresh [\d.]+ ms, sequence \d+: .*\nframe 1: .*\n"
                         r"2 frames committed in .* \(limit\): 2 presented, \d of them without a copy, ")

    def test_lies_are_refused(self):
        self.wrong("lie-short", "refused", "320x240 XR24", "EREMOTEIO")
        self.wrong("lie-long", "protocol", "zwp_linux_buffer_params_v1", "EPROTO")
        self.wrong("lie-immediate", "protocol", "error 7", "EPROTO")
        for name in ("lie-short", "lie-long", "lie-immediate"):
            self.assertEqual(self.told(name, "buffer", 1)[-1]["result"], "failed")

    def test_signals_end_it(self):
        for name in ("fullscreen", "nv12"):
            self.assertEqual(self.events(name)[-1]["end"], "told")

    def test_a_compositor_that_stops(self):
        self.wrong("stopped", "silent", "compositor w", "ETIMEDOUT")

    def test_a_compositor_that_is_killed(self):
        self.wrong("killed", "gone", "compositor w: it is gone")
        summary = self.events("killed", 1)[-1]
        self.assertEqual(summary["committed"], summary["presented"] + summary["discarded"] + summary["lost"])

    def test_a_compositor_that_comes_again(self):
        self.assertEqual(len(self.told("waiting", "connected")), 2)
        frames = [frame["frame"] for frame in self.told("waiting", "frame")]
        self.assertEqual(sorted(frames), list(range(len(frames))))

    def test_a_compositor_that_samples_protected_buffers(self):
        # Weston's own end it may be, but not svp's.
        if self.done("sampled").status:
            self.wrong("sampled", "gone")
        else:
            self.presented("sampled")

    def test_a_compositor_without_linux_dmabuf(self):
        self.wrong("pixman", "unsupported", "zwp_linux_dmabuf_v1", "EOPNOTSUPP")

    def test_nothing_is_left(self):
        self.assertRegex(self.read("imbalances"), r"^imbalances\s+0$")


def run(results: Results) -> None:
    run_python("compositors", Compositors, results)
