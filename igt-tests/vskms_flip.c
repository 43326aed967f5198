// SPDX-License-Identifier: MIT
/*
 * Time: what a flip's event says of it, what a CRC says of its frame, and who waits for
 * whom. The screens here are chosen so that waiting shows: few frames a second where
 * something must not wait for a frame, and more pixels than can be composed in a frame
 * where something must wait for that.
 */

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define SCREENS 2
#define FLIPS 30
#define TOLERANCE_US 3		/* times are whole microseconds, each rounded */
#define STRETCH_US 500000	/* for longer no vblank waits for a frame's composition */
#define STALLS 5
#define LATE_MS 70		/* several frames at 60 Hz */

static struct kms kms;
static struct kms_fb screen[SCREENS];
static uint32_t *pixels[SCREENS];	/* where each can be written to */
static double period_us;

struct flip {
	bool done;
	uint32_t sequence;
	int64_t us;
};

static void on_flip(int, unsigned int sequence, unsigned int seconds, unsigned int us,
		    void *data)
{
	struct flip *flip = data;

	flip->done = true;
	flip->sequence = sequence;
	flip->us = seconds * 1000000ll + us;
}

static void begin_flip(int i, uint32_t flags, struct flip *flip)
{
	*flip = (struct flip){};
	igt_assert_eq(drmModePageFlip(kms.fd, kms.crtc, screen[i].id,
				      DRM_MODE_PAGE_FLIP_EVENT | flags, flip), 0);
}

static void end_flip(struct flip *flip)
{
	drmEventContext context = { .version = 2, .page_flip_handler = on_flip };
	struct pollfd events = { .fd = kms.fd, .events = POLLIN };

	while (!flip->done) {
		igt_assert_eq(poll(&events, 1, 10000), 1);
		igt_assert_eq(drmHandleEvent(kms.fd, &context), 0);
	}
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

/* An async one may be of the frame before it was asked for; another never is. */
static struct flip flip(int i, uint32_t flags)
{
	int64_t asked = now_us();
	struct flip flip;

	begin_flip(i, flags, &flip);
	end_flip(&flip);
	igt_assert((flags & DRM_MODE_PAGE_FLIP_ASYNC) || flip.us >= asked);
	return flip;
}

/* The vblank that comes @ahead after the last one; that itself, without waiting, if that is 0. */
static struct flip vblank_ahead(unsigned int ahead)
{
	drmVBlank vblank = { .request = { .type = DRM_VBLANK_RELATIVE, .sequence = ahead } };

	igt_assert_eq(drmWaitVBlank(kms.fd, &vblank), 0);
	return (struct flip){ .sequence = vblank.reply.sequence,
			      .us = vblank.reply.tval_sec * 1000000ll + vblank.reply.tval_usec };
}

static void paint(int i, uint32_t value)
{
	for (uint32_t p = 0; p < screen[i].size[0] / 4; p++)
		pixels[i][p] = value + p;
}

static uint32_t *map_screen(const struct kms_fb *fb)
{
	struct drm_mode_map_dumb map = { .handle = fb->handle[0] };
	void *p;

	igt_assert_eq(ioctl(kms.fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	p = mmap(NULL, fb->size[0], PROT_WRITE, MAP_SHARED, kms.fd, map.offset);
	igt_assert(p != MAP_FAILED);
	return p;
}

/* A mode of this size and rate, with screens that differ. */
static void set_mode(uint32_t width, uint32_t height, uint32_t hz)
{
	drmModeModeInfo mode = {
		.hdisplay = width, .hsync_start = width + 8, .hsync_end = width + 16,
		.htotal = width + 40,
		.vdisplay = height, .vsync_start = height + 2, .vsync_end = height + 4,
		.vtotal = height + 10, .vrefresh = hz,
	};
	uint32_t *black = calloc(width * height, 4);

	igt_assert(black);
	mode.clock = mode.htotal * mode.vtotal * hz / 1000;
	period_us = mode.htotal * mode.vtotal * 1000.0 / mode.clock;
	igt_assert_eq(drmModeCreatePropertyBlob(kms.fd, &mode, sizeof(mode), &kms.mode_blob), 0);
	for (int i = 0; i < SCREENS; i++) {
		igt_assert_eq(kms_fb_ordinary(&kms, &screen[i], DRM_FORMAT_XRGB8888, width, height,
					      black), 0);
		pixels[i] = map_screen(&screen[i]);
		paint(i, i);
	}
	igt_assert_eq(kms_modeset(&kms, &screen[0]), 0);
	free(black);
}

static void unset_mode(void)
{
	igt_assert_eq(kms_off(&kms), 0);
	for (int i = 0; i < SCREENS; i++) {
		munmap(pixels[i], screen[i].size[0]);
		kms_fb_free(&kms, &screen[i]);
	}
	drmModeDestroyPropertyBlob(kms.fd, kms.mode_blob);
}

/* Are both of one row of vblanks, a whole period apart from each to the next? */
static void assert_in_step(struct flip first, struct flip second)
{
	double frames = (int32_t)(second.sequence - first.sequence);
	double off = second.us - first.us - frames * period_us;

	igt_assert(frames >= 0);
	igt_assert(off >= -TOLERANCE_US && off <= TOLERANCE_US);
}

static void test_in_step(void)
{
	struct flip first = flip(1, 0), last = first;

	for (int i = 0; i < FLIPS; i++) {
		struct flip next = flip(i % SCREENS, 0);

		igt_assert((int32_t)(next.sequence - last.sequence) > 0);
		igt_assert(next.us > last.us);
		assert_in_step(first, next);
		last = next;
	}
}

static void set_vblank_delay(const char *ms)
{
	int fd = open("/sys/module/drm/parameters/vblankoffdelay", O_WRONLY);

	igt_assert(fd >= 0);
	igt_assert(write(fd, ms, strlen(ms)) > 0);
	close(fd);
}

/*
 * With nobody to count vblanks the timer is off, 10 ms later here; who comes back finds them all
 * counted. The delay is taken over when a CRTC goes on.
 */
static void test_idle(void)
{
	struct flip before, after;

	set_vblank_delay("10");
	igt_assert_eq(kms_off(&kms), 0);
	igt_assert_eq(kms_modeset(&kms, &screen[0]), 0);
	for (int i = 0; i < 3; i++) {
		before = flip(i % SCREENS, 0);
		usleep(200000);
		after = vblank_ahead(0);
		igt_assert(after.sequence - before.sequence >= 200000 / period_us - 1);
		assert_in_step(before, after);
		assert_in_step(before, flip((i + 1) % SCREENS, 0));
	}
	set_vblank_delay("5000");
	igt_assert_eq(kms_off(&kms), 0);
	igt_assert_eq(kms_modeset(&kms, &screen[0]), 0);
}

/*
 * Many within a frame, also while frames are composed; each says which frame that was, and
 * changes no vblank.
 */
static void test_async(void)
{
	struct flip first = flip(0, 0), last = first;
	int in_one_frame = 0;

	for (int i = 0; i < FLIPS; i++) {
		struct flip next = flip((i + 1) % SCREENS, DRM_MODE_PAGE_FLIP_ASYNC);

		igt_assert(next.us >= last.us);
		assert_in_step(first, next);
		in_one_frame += next.sequence == last.sequence;
		last = next;
	}
	igt_assert(in_one_frame > FLIPS / 2);
	/* And a synchronous one afterwards waits for its vblank. */
	igt_assert((int32_t)(flip(0, 0).sequence - last.sequence) > 0);
}

/*
 * The legacy cursor moves while a flip is pending, which it neither waits for nor
 * completes; and who comes behind both still waits for the flip.
 */
static void test_cursor(void)
{
	struct pollfd events = { .fd = kms.fd, .events = POLLIN };
	static uint32_t white[64 * 64];
	struct kms_fb cursor;
	struct flip pending;

	memset(white, 0xff, sizeof(white));
	igt_assert_eq(kms_fb_ordinary(&kms, &cursor, DRM_FORMAT_ARGB8888, 64, 64, white), 0);
	igt_assert_eq(drmModeSetCursor(kms.fd, kms.crtc, cursor.handle[0], 64, 64), 0);
	for (int i = 0; i < 3; i++) {
		/* Begins with a vblank, so that nearly a frame is left. */
		flip(0, 0);
		begin_flip(1, 0, &pending);
		for (int move = 0; move < 4; move++)
			igt_assert_eq(drmModeMoveCursor(kms.fd, kms.crtc, 10 * i, move), 0);
		igt_assert_eq(poll(&events, 1, 0), 0);
		igt_assert_eq(kms_show(&kms, kms.primary, &screen[0], KMS_AT(0, 0), 0), 0);
		end_flip(&pending);
		igt_assert((int32_t)(vblank_ahead(0).sequence - pending.sequence) > 0);
	}
	igt_assert_eq(drmModeSetCursor(kms.fd, kms.crtc, 0, 0, 0), 0);
	kms_fb_free(&kms, &cursor);
}

/* However many flips there are in a frame it has one CRC, and each frame has. */
static void test_async_watched(void)
{
	igt_pipe_crc_t *crcs = igt_pipe_crc_new(kms.fd, 0, "auto");
	igt_crc_t crc, next;

	igt_pipe_crc_start(crcs);
	test_async();
	igt_pipe_crc_get_single(crcs, &crc);
	for (int i = 0; i < 3; i++) {
		igt_pipe_crc_get_single(crcs, &next);
		igt_assert_eq(next.frame, crc.frame + 1);
		crc = next;
	}
	igt_pipe_crc_stop(crcs);
	igt_pipe_crc_free(crcs);
}

/* What modules/cpu_stall.c has as parameter @name; 0 or a negative errno. */
static int stall(const char *name, int ms)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/module/cpu_stall/parameters/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = dprintf(fd, "%d\n", ms) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/*
 * Reads @count CRCs: each is of the frame behind the one that @crc is of; unless a composition
 * since @since can have taken longer than a vblank waits. Of how many it was asserted.
 */
static int assert_next_frames(igt_pipe_crc_t *crcs, igt_crc_t *crc, int count, int64_t since)
{
	int asserted = 0;

	for (int i = 0; i < count; i++) {
		uint32_t frame = crc->frame;

		igt_pipe_crc_get_single(crcs, crc);
		if (now_us() - since >= STRETCH_US)
			continue;
		igt_assert_eq(crc->frame, frame + 1);
		asserted++;
	}
	return asserted;
}

/* What a timer that came late slept through were vblanks: time and counter go together. */
static void test_late_timer(void)
{
	for (int i = 0; i < STALLS; i++) {
		struct flip before = vblank_ahead(1), after;

		igt_assert_eq(stall("all", LATE_MS), 0);
		/* Not the last one: the timer that counts may be late, and the next is counted already. */
		after = vblank_ahead(2);
		assert_in_step(before, after);
		igt_assert(after.us - before.us >= LATE_MS * 1000);
	}
}

/* But no frame is skipped for that while somebody looks. */
static void test_late_timer_watched(void)
{
	igt_pipe_crc_t *crcs = igt_pipe_crc_new(kms.fd, 0, "auto");
	int64_t before, now = now_us();
	int asserted = 0;
	igt_crc_t crc;

	igt_pipe_crc_start(crcs);
	igt_pipe_crc_get_single(crcs, &crc);
	for (int i = 0; i < STALLS; i++) {
		before = now;
		now = now_us();
		igt_assert_eq(stall("all", LATE_MS), 0);
		/* All that is read here was composed since the stall before. */
		asserted += assert_next_frames(crcs, &crc, 4, before);
	}
	igt_pipe_crc_stop(crcs);
	igt_pipe_crc_free(crcs);
	/* Or the machine was too slow to tell. */
	igt_require(asserted);
}

/*
 * The vblank that waited for a composition is counted, and the timer's next one is due before
 * its frame begins.
 */
static void test_two_vblanks(void)
{
	igt_pipe_crc_t *crcs = igt_pipe_crc_new(kms.fd, 0, "auto");
	int64_t begun = now_us();
	int asserted;
	igt_crc_t crc;

	igt_pipe_crc_start(crcs);
	igt_pipe_crc_get_single(crcs, &crc);
	igt_assert_eq(stall("vblank", 3 * period_us / 1000), 0);
	asserted = assert_next_frames(crcs, &crc, STALLS, begun);
	igt_assert_eq(stall("vblank", 0), 0);
	igt_pipe_crc_stop(crcs);
	igt_pipe_crc_free(crcs);
	/* Or the machine was too slow to tell. */
	igt_require(asserted);
}

/* A CRC file that is opened while the frame of the one before is composed gets later ones alone. */
static void test_reopened(void)
{
	igt_pipe_crc_t *crcs = igt_pipe_crc_new(kms.fd, 0, "auto");
	igt_crc_t crc;

	igt_pipe_crc_start(crcs);
	for (int i = 0; i < FLIPS; i++) {
		uint32_t opened;

		/* When it is there the next frame begins. */
		igt_pipe_crc_get_single(crcs, &crc);
		igt_pipe_crc_stop(crcs);
		opened = vblank_ahead(0).sequence;
		igt_pipe_crc_start(crcs);
		igt_pipe_crc_get_single(crcs, &crc);
		igt_assert((int32_t)(crc.frame - opened) > 0);
	}
	igt_pipe_crc_stop(crcs);
	igt_pipe_crc_free(crcs);
}

static uint32_t crc_of(int i)
{
	igt_assert_eq(kms_show(&kms, kms.primary, &screen[i], KMS_AT(0, 0), 0), 0);
	return kms_crc(&kms);
}

/*
 * Every frame has its CRC, of what was flipped to in it: nothing is skipped, though
 * composing takes longer than a frame should.
 */
static void test_no_frame_skipped(void)
{
	uint32_t expected[SCREENS] = { crc_of(0), crc_of(1) };
	igt_pipe_crc_t *crcs = igt_pipe_crc_new(kms.fd, 0, "auto");
	int64_t asked_before, asked = now_us();
	struct flip last = {};
	bool first = true;
	igt_crc_t crc;
	uint32_t frame = 0;

	igt_assert(expected[0] != expected[1]);
	igt_pipe_crc_start(crcs);
	for (int i = 0; i < FLIPS; i++) {
		struct flip next;

		asked_before = asked;
		asked = now_us();
		next = flip(i % SCREENS, 0);
		/* Those between belong to the flip before. */
		do {
			igt_pipe_crc_get_single(crcs, &crc);
			igt_assert(crc.has_valid_frame);
			/* All that is read here was composed since the flip before was asked for. */
			if (!first && now_us() - asked_before < STRETCH_US)
				igt_assert_eq(crc.frame, frame + 1);
			first = false;
			frame = crc.frame;
			if (i && crc.frame != next.sequence)
				igt_assert_eq(crc.crc[0], expected[(i - 1) % SCREENS]);
		} while ((int32_t)(crc.frame - next.sequence) < 0);
		igt_assert_eq(crc.frame, next.sequence);
		igt_assert_eq(crc.crc[0], expected[i % SCREENS]);
		/* In time as in number: later by a frame at least. */
		if (i) {
			igt_assert(next.us - last.us >= (next.sequence - last.sequence) *
				   period_us / 2);
		}
		last = next;
	}
	igt_pipe_crc_stop(crcs);
	igt_pipe_crc_free(crcs);
}

/*
 * When a flip's event is there what it replaced is not read any more: whatever is written
 * there then shows in no CRC.
 */
static void test_last_read(uint32_t flags)
{
	uint32_t expected[SCREENS] = { crc_of(0), crc_of(1) };
	igt_pipe_crc_t *crcs = igt_pipe_crc_new(kms.fd, 0, "auto");
	igt_crc_t crc;

	igt_pipe_crc_start(crcs);
	/* The first frame of all may be of before the start. */
	igt_pipe_crc_get_single(crcs, &crc);
	for (int i = 0; i < FLIPS; i++) {
		paint(i % SCREENS, i % SCREENS);
		flip(i % SCREENS, flags);
		memset(pixels[(i + 1) % SCREENS], i, screen[0].size[0]);
		igt_pipe_crc_get_single(crcs, &crc);
		igt_assert(crc.crc[0] == expected[0] || crc.crc[0] == expected[1]);
	}
	igt_pipe_crc_stop(crcs);
	igt_pipe_crc_free(crcs);
	paint(0, 0);
	paint(1, 1);
}

/* Vblanks keep to the clock, though no frame is ready in time. */
static void test_realtime(void)
{
	igt_pipe_crc_t *crcs = igt_pipe_crc_new(kms.fd, 0, "auto");
	struct flip first, last;
	igt_crc_t crc;

	igt_pipe_crc_start(crcs);
	igt_pipe_crc_get_single(crcs, &crc);
	first = vblank_ahead(1);
	usleep(300000);
	/* Not the last one: the timer that counts may be late, and the next is counted already. */
	last = vblank_ahead(2);
	igt_pipe_crc_stop(crcs);
	igt_pipe_crc_free(crcs);
	assert_in_step(first, last);
	igt_assert(last.us - first.us >= 300000 - 2 * period_us);
}

/* A commit that does not return before its flip is done has the flip's event ready by then. */
static void test_event_at_return(void)
{
	drmEventContext context = { .version = 2, .page_flip_handler = on_flip };
	struct pollfd events = { .fd = kms.fd, .events = POLLIN };

	for (int i = 0; i < FLIPS; i++) {
		drmModeAtomicReq *req = drmModeAtomicAlloc();
		struct flip flip = {};

		kms_add(&kms, req, kms.primary, "FB_ID", screen[i % SCREENS].id);
		igt_assert_eq(drmModeAtomicCommit(kms.fd, req, DRM_MODE_PAGE_FLIP_EVENT, &flip), 0);
		drmModeAtomicFree(req);
		igt_assert_eq(poll(&events, 1, 0), 1);
		igt_assert_eq(drmHandleEvent(kms.fd, &context), 0);
		igt_assert(flip.done);
	}
}

/* A black screen has a CRC as any other has. */
static void test_black(void)
{
	memset(pixels[0], 0, screen[0].size[0]);
	igt_assert(crc_of(0) != 0);
	paint(0, 0);
}

igt_main()
{
	igt_fixture()
		igt_require(kms_open(&kms) == 0);

	igt_fixture()
		set_mode(640, 480, 60);

	igt_describe("Times of flips are those of vblanks, a period from one to the next.");
	igt_subtest("in-step")
		test_in_step();

	igt_describe("Vblanks that nobody counted are counted all the same.");
	igt_subtest("idle")
		test_idle();

	igt_describe("Nor are those lost that came while no interrupt did.");
	igt_subtest("late-timer") {
		igt_require(stall("all", 0) == 0);
		test_late_timer();
	}

	igt_describe("A frame that somebody looks at is not skipped for that.");
	igt_subtest("late-timer-watched") {
		igt_require(stall("all", 0) == 0);
		test_late_timer_watched();
	}

	igt_describe("The event of a flip that was waited for is there.");
	igt_subtest("event-at-return")
		test_event_at_return();

	igt_describe("A black frame's CRC is not 0.");
	igt_subtest("black")
		test_black();

	igt_fixture() {
		unset_mode();
		set_mode(640, 480, 10);
	}

	igt_describe("Async flips do not wait for vblanks.");
	igt_subtest("async")
		test_async();

	igt_fixture() {
		unset_mode();
		set_mode(640, 480, 2);
	}

	igt_describe("Nor for each other's frames to be composed.");
	igt_subtest("async-watched")
		test_async_watched();

	igt_describe("The legacy cursor does not wait for flips, and hides them from nobody.");
	igt_subtest("cursor")
		test_cursor();

	igt_fixture() {
		unset_mode();
		set_mode(2048, 1536, 250);
	}

	igt_describe("Each frame has its CRC, however long it takes.");
	igt_subtest("no-frame-skipped")
		test_no_frame_skipped();

	igt_describe("Though its vblank and the timer's next one come together.");
	igt_subtest("two-vblanks") {
		/* There are no kprobes in every kernel. */
		igt_require(stall("vblank", 1) == 0);
		igt_assert_eq(stall("vblank", 0), 0);
		test_two_vblanks();
	}

	igt_fixture()
		stall("vblank", 0);

	igt_describe("A CRC file has no CRC of a frame that began before it was opened.");
	igt_subtest("reopened")
		test_reopened();

	igt_describe("A flip completes after the last read of what it replaces.");
	igt_subtest("last-read")
		test_last_read(0);

	igt_describe("An async one, too.");
	igt_subtest("last-read-async")
		test_last_read(DRM_MODE_PAGE_FLIP_ASYNC);

	igt_fixture() {
		unset_mode();
		kms_close(&kms);
		igt_require(kms_reload("vblank_mode=realtime") == 0);
		igt_require(kms_open(&kms) == 0);
		set_mode(2048, 1536, 250);
	}

	igt_describe("With vblank_mode=realtime nothing makes a vblank wait.");
	igt_subtest("realtime")
		test_realtime();

	igt_describe("But flips wait for the last read all the same.");
	igt_subtest("realtime-last-read")
		test_last_read(0);

	igt_fixture() {
		unset_mode();
		kms_close(&kms);
		igt_assert_eq(kms_reload(""), 0);
	}
}
