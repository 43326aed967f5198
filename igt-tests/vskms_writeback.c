// SPDX-License-Identifier: MIT
/*
 * What software can capture of a screen with protected content: all but that, and that, too,
 * where it stays as protected.
 *
 * The module is loaded anew, and left as it comes.
 */

#include <sys/stat.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT
#define X 100
#define Y 60
#define SIZE 64

/* A heap that may come and go. */
#define OURS "test,writeback"
#define OURS_DIR CONFIGFS_HEAPS OURS

static struct kms kms;
static int heap;
static struct kms_fb screen;
static uint32_t background[W * H];

static const uint32_t *map_target(const struct kms_fb *target)
{
	struct drm_mode_map_dumb map = { .handle = target->handle[0] };
	void *p;

	igt_assert_eq(ioctl(kms.fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	p = mmap(NULL, W * H * 4, PROT_READ, MAP_SHARED, kms.fd, map.offset);
	igt_assert(p != MAP_FAILED);
	return p;
}

/* What no screen here shows, so that what was not written is seen. */
static const uint32_t *poison(void)
{
	static uint32_t pixels[W * H];

	memset(pixels, 0x5a, sizeof(pixels));
	return pixels;
}

static void target_new(struct kms_fb *target)
{
	igt_assert_eq(kms_fb_ordinary(&kms, target, DRM_FORMAT_XRGB8888, W, H, poison()), 0);
}

/* The screen as writeback has it. */
static const uint32_t *capture(void)
{
	static uint32_t pixels[W * H];

	igt_assert_eq(kms_capture(&kms, pixels), 0);
	return pixels;
}

/* Is the square at X, Y what @pixels has, and the rest the background? */
static void assert_captured(const uint32_t *captured, const uint32_t *pixels)
{
	for (int y = 0; y < H; y++) {
		for (int x = 0; x < W; x++) {
			bool inside = x >= X && x < X + SIZE && y >= Y && y < Y + SIZE;
			uint32_t expected = background[y * W + x];

			if (inside)
				expected = pixels ? pixels[(y - Y) * SIZE + x - X] : 0;
			igt_assert_eq(captured[y * W + x] & 0xffffff, expected & 0xffffff);
		}
	}
}

static void test_blank(uint32_t plane, uint32_t format, int alpha)
{
	static uint32_t pixels[SIZE * SIZE];
	struct kms_place at = KMS_AT(X, Y);
	struct kms_fb ordinary, protected;
	const uint32_t *captured;

	kms_fill_opaque(pixels, SIZE * SIZE, 77);
	igt_assert_eq(kms_fb_ordinary(&kms, &ordinary, format, SIZE, SIZE, pixels), 0);
	igt_assert_eq(kms_show(&kms, plane, &ordinary, at, 0), 0);
	captured = capture();
	assert_captured(captured, pixels);

	/* What is protected is black whatever its alpha says. */
	if (format == DRM_FORMAT_ARGB8888)
		for (int i = 0; i < SIZE * SIZE; i++)
			pixels[i] = i % 3 ? pixels[i] : 0;
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, format, SIZE, SIZE, pixels), 0);
	at.alpha = alpha;
	igt_assert_eq(kms_show(&kms, plane, &protected, at, 0), 0);
	captured = capture();
	assert_captured(captured, NULL);

	at.alpha = alpha < 0 ? -1 : 0xffff;
	igt_assert_eq(kms_show(&kms, plane, &ordinary, at, 0), 0);
	igt_assert_eq(kms_show(&kms, plane, NULL, at, 0), 0);
	kms_fb_free(&kms, &ordinary);
	kms_fb_free(&kms, &protected);
}

/* All of a screen. */
static void test_blank_primary(void)
{
	struct kms_fb protected;
	const uint32_t *captured;

	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_XRGB8888, W, H,
				       background), 0);
	igt_assert_eq(kms_show(&kms, kms.primary, &protected, KMS_AT(0, 0), 0), 0);
	captured = capture();
	for (int i = 0; i < W * H; i++)
		igt_assert_eq(captured[i] & 0xffffff, 0);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &protected);
}

/* NV12, turned, over the picture and below a hole in it. */
static void test_blank_video(void)
{
	static uint32_t samples[SIZE * SIZE], holed[W * H];
	struct kms_place at = KMS_AT(X, Y);
	struct kms_fb video, holed_fb;

	kms_fill(samples, SIZE * SIZE, 9);
	memcpy(holed, background, sizeof(holed));
	for (int y = Y; y < Y + SIZE; y++)
		memset(&holed[y * W + X], 0, SIZE * 4);
	igt_assert_eq(kms_fb_protected(&kms, &video, heap, DRM_FORMAT_NV12, SIZE, SIZE,
				       samples), 0);
	igt_assert_eq(kms_fb_ordinary(&kms, &holed_fb, DRM_FORMAT_ARGB8888, W, H, holed), 0);
	at.rotation = DRM_MODE_ROTATE_90;
	for (int below = 0; below < 2; below++) {
		uint32_t without;

		if (below) {
			at.zpos = 0;
			igt_assert_eq(kms_show(&kms, kms.primary, &holed_fb, KMS_AT(0, 0), 0), 0);
		}
		without = kms_crc(&kms);
		igt_assert_eq(kms_show(&kms, kms.overlay[0], &video, at, 0), 0);
		/* It is there to be seen. */
		igt_assert(kms_crc(&kms) != without);
		assert_captured(capture(), NULL);
		igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, at, 0), 0);
	}
	at.rotation = DRM_MODE_ROTATE_0;
	at.zpos = kms.overlays + 1;
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &video, at, 0), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, at, 0), 0);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &video);
	kms_fb_free(&kms, &holed_fb);
}

static void protected_new(struct kms_fb *fb, int node, uint32_t w, uint32_t h,
			  const uint32_t *pixels)
{
	igt_assert_eq(kms_fb_protected(&kms, fb, node, DRM_FORMAT_XRGB8888, w, h, pixels), 0);
}

/* What is in @fb, in a word: there is no other way to know than to show it. */
static uint32_t crc_of(const struct kms_fb *fb)
{
	uint32_t crc;

	igt_assert_eq(kms_modeset(&kms, fb), 0);
	crc = kms_crc(&kms);
	igt_assert_eq(kms_modeset(&kms, &screen), 0);
	return crc;
}

/* A heap of our own with no device listed. */
static int ours_new(void)
{
	int node;

	file_write(OURS_DIR "/enabled", "0");	/* left by a subtest that failed */
	rmdir(OURS_DIR);
	igt_assert_eq(mkdir(OURS_DIR, 0755), 0);
	igt_assert_eq(file_write(OURS_DIR "/size", "8M"), 0);
	igt_assert_eq(file_write(OURS_DIR "/enabled", "1"), 0);
	node = heap_open("/dev/dma_heap/" OURS);
	igt_assert(node >= 0);
	return node;
}

static void ours_gone(int node)
{
	close(node);
	igt_assert_eq(file_write(OURS_DIR "/enabled", "0"), 0);
	igt_assert_eq(rmdir(OURS_DIR), 0);
}

/* Over the background a protected square, of @node's heap; @pixels are its. */
static void show_protected(struct kms_fb *fb, int node, uint32_t *pixels)
{
	kms_fill_opaque(pixels, SIZE * SIZE, 31);
	protected_new(fb, node, SIZE, SIZE, pixels);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], fb, KMS_AT(X, Y), 0), 0);
}

static void hide(struct kms_fb *fb)
{
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(X, Y), 0), 0);
	kms_fb_free(&kms, fb);
}

/* Writes the screen into a buffer of @node's; the CRC of what is there then. */
static uint32_t crc_written(int node)
{
	struct kms_fb target;
	uint32_t crc;
	int fence;

	protected_new(&target, node, W, H, poison());
	igt_assert_eq(kms_write_back(&kms, &target, DRM_MODE_ATOMIC_TEST_ONLY |
				     DRM_MODE_ATOMIC_ALLOW_MODESET, &fence), 0);
	igt_assert_eq(kms_write_back(&kms, &target, DRM_MODE_ATOMIC_ALLOW_MODESET, &fence), 0);
	igt_assert_eq(kms_fence_wait(fence), 0);
	crc = crc_of(&target);
	kms_fb_free(&kms, &target);
	return crc;
}

static void assert_refused(const struct kms_fb *target)
{
	int fence;

	igt_assert_eq(kms_write_back(&kms, target, DRM_MODE_ATOMIC_TEST_ONLY |
				     DRM_MODE_ATOMIC_ALLOW_MODESET, &fence), -EACCES);
	igt_assert_eq(kms_write_back(&kms, target, DRM_MODE_ATOMIC_ALLOW_MODESET, &fence),
		      -EACCES);
	igt_assert_eq(fence, -1);
}

/* Also with ordinary planes beside it, and of those alone. */
static void test_protected_target(void)
{
	static uint32_t pixels[SIZE * SIZE];
	struct kms_fb protected, ordinary;
	int node = ours_new();
	uint32_t plain = kms_crc(&kms), shown;

	igt_assert_eq(crc_written(heap), plain);
	igt_assert_eq(crc_written(node), plain);

	show_protected(&protected, heap, pixels);
	shown = kms_crc(&kms);
	igt_assert(shown != plain);
	igt_assert_eq(crc_written(heap), shown);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &protected, KMS_AT(X, Y), 0), 0);
	/* Another heap, where no more devices are trusted. */
	igt_assert_eq(crc_written(node), shown);

	kms_fill_opaque(pixels, SIZE * SIZE, 8);
	igt_assert_eq(kms_fb_ordinary(&kms, &ordinary, DRM_FORMAT_XRGB8888, SIZE, SIZE, pixels),
		      0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &protected, KMS_AT(X, Y), 0), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[1], &ordinary, KMS_AT(X + 20, Y + 9), 0), 0);
	shown = kms_crc(&kms);
	igt_assert_eq(crc_written(heap), shown);
	kms_fb_free(&kms, &ordinary);
	hide(&protected);
	ours_gone(node);
}

static void test_weaker_target(void)
{
	static uint32_t pixels[SIZE * SIZE];
	struct kms_fb protected, listed, tee;
	int node = ours_new(), fence;

	igt_assert_eq(profile_set(CARVEOUT_NAME, "tee"), 0);
	protected_new(&tee, heap, W, H, background);
	igt_assert_eq(profile_set(CARVEOUT_NAME, "strict"), 0);
	protected_new(&listed, node, W, H, background);

	show_protected(&protected, heap, pixels);
	assert_refused(&tee);
	igt_assert_eq(device_list(OURS, "vgem"), 0);
	assert_refused(&listed);
	/* Where the source trusts it as well there is no harm. */
	igt_assert_eq(device_list(CARVEOUT_NAME, "vgem"), 0);
	igt_assert_eq(kms_write_back(&kms, &listed, DRM_MODE_ATOMIC_TEST_ONLY |
				     DRM_MODE_ATOMIC_ALLOW_MODESET, &fence), 0);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "vgem"), 0);
	assert_refused(&listed);
	/* Nor if nothing protected is shown. */
	hide(&protected);
	igt_assert_eq(kms_write_back(&kms, &listed, DRM_MODE_ATOMIC_ALLOW_MODESET, &fence), 0);
	igt_assert_eq(kms_fence_wait(fence), 0);
	igt_assert_eq(device_delist(OURS, "vgem"), 0);
	kms_fb_free(&kms, &tee);
	kms_fb_free(&kms, &listed);
	ours_gone(node);
}

/* The CRC of the screen with black where the square is. */
static uint32_t crc_of_black(void)
{
	static uint32_t black[SIZE * SIZE];
	struct kms_fb fb;
	uint32_t crc;

	igt_assert_eq(kms_fb_ordinary(&kms, &fb, DRM_FORMAT_XRGB8888, SIZE, SIZE, black), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, KMS_AT(X, Y), 0), 0);
	crc = kms_crc(&kms);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(X, Y), 0), 0);
	kms_fb_free(&kms, &fb);
	return crc;
}

/*
 * At a frame a second, so that much can happen between a commit and its vblank. Once with the
 * writeback connector on already: a modeset would have it shown at once.
 */
static uint32_t slow_begin(void)
{
	uint32_t blob = kms.mode_blob;
	struct kms_fb target;
	int fence;

	igt_assert_eq(kms_slow(&kms, 1), 0);
	igt_assert_eq(kms_modeset(&kms, &screen), 0);
	target_new(&target);
	igt_assert_eq(kms_write_back(&kms, &target, DRM_MODE_ATOMIC_ALLOW_MODESET, &fence), 0);
	igt_assert_eq(kms_fence_wait(fence), 0);
	kms_fb_free(&kms, &target);
	return blob;
}

static void slow_end(uint32_t blob)
{
	drmModeDestroyPropertyBlob(kms.fd, kms.mode_blob);
	kms.mode_blob = blob;
	igt_assert_eq(kms_modeset(&kms, &screen), 0);
}

/* Allowed when it was committed, and no more when it is composed. */
static void test_policy_changes(bool rejects)
{
	static uint32_t pixels[SIZE * SIZE], grey[W * H];
	uint32_t black = crc_of_black(), blob = slow_begin(), before;
	struct kms_fb protected, target;
	int node = ours_new(), fence;

	memset(grey, 0x40, sizeof(grey));
	protected_new(&target, node, W, H, grey);
	show_protected(&protected, heap, pixels);
	igt_assert_eq(kms_write_back(&kms, &target, DRM_MODE_ATOMIC_NONBLOCK, &fence), 0);
	igt_assert_eq(device_list(OURS, "vgem"), 0);
	igt_assert_eq(kms_fence_wait(fence), rejects ? -EACCES : 0);
	igt_assert_eq(device_delist(OURS, "vgem"), 0);
	hide(&protected);
	slow_end(blob);
	before = crc_of(&target);
	kms_fb_free(&kms, &target);
	protected_new(&target, heap, W, H, grey);
	igt_assert_eq(before, rejects ? crc_of(&target) : black);
	kms_fb_free(&kms, &target);
	ours_gone(node);
}

/* A cursor that is protected comes by its own ioctl, after the commit and before its frame. */
static void test_late_cursor(bool rejects)
{
	static uint32_t pixels[SIZE * SIZE];
	struct kms_fb cursor, target;
	uint32_t blob = slow_begin();
	const uint32_t *captured;
	int fence;

	kms_fill_opaque(pixels, SIZE * SIZE, 12);
	igt_assert_eq(kms_fb_protected(&kms, &cursor, heap, DRM_FORMAT_ARGB8888, SIZE, SIZE,
				       pixels), 0);
	target_new(&target);
	igt_assert_eq(kms_write_back(&kms, &target, DRM_MODE_ATOMIC_NONBLOCK, &fence), 0);
	igt_assert_eq(drmModeMoveCursor(kms.fd, kms.crtc, X, Y), 0);
	igt_assert_eq(drmModeSetCursor(kms.fd, kms.crtc, cursor.handle[0], SIZE, SIZE), 0);
	/* Not by waiting for the frame: then it would be in the next one. */
	igt_assert_eq(poll(&(struct pollfd){ .fd = fence, .events = POLLIN }, 1, 0), 0);
	igt_assert_eq(kms_fence_wait(fence), rejects ? -EACCES : 0);
	captured = map_target(&target);
	for (int i = 0; rejects && i < W * H; i++)
		igt_assert_eq(captured[i], 0x5a5a5a5a);
	if (!rejects)
		assert_captured(captured, NULL);
	munmap((void *)captured, W * H * 4);
	igt_assert_eq(drmModeSetCursor(kms.fd, kms.crtc, 0, 0, 0), 0);
	kms_fb_free(&kms, &target);
	kms_fb_free(&kms, &cursor);
	slow_end(blob);
}

/* Dead when it was committed, and before it is composed. */
static void test_revoked_target(void)
{
	uint32_t blob = slow_begin();
	int node = ours_new(), fence;
	struct kms_fb target;

	protected_new(&target, node, W, H, background);
	igt_assert_eq(kms_write_back(&kms, &target, DRM_MODE_ATOMIC_NONBLOCK, &fence), 0);
	igt_assert_eq(secure_revoke(kms.secure, OURS), 0);
	igt_assert_eq(kms_fence_wait(fence), -EIO);
	slow_end(blob);
	igt_assert_eq(kms_write_back(&kms, &target, DRM_MODE_ATOMIC_ALLOW_MODESET, &fence), 0);
	igt_assert_eq(kms_fence_wait(fence), -EIO);
	igt_assert_eq(secure_restore(kms.secure, OURS), 0);
	kms_fb_free(&kms, &target);
	ours_gone(node);
}

static void test_reject(void)
{
	static uint32_t pixels[SIZE * SIZE];
	struct kms_fb protected, target;
	const uint32_t *captured;
	uint32_t shown;

	/* What is not protected is written. */
	captured = capture();
	for (int i = 0; i < W * H; i++)
		igt_assert_eq(captured[i] & 0xffffff, background[i] & 0xffffff);

	show_protected(&protected, heap, pixels);
	shown = kms_crc(&kms);
	target_new(&target);
	assert_refused(&target);
	captured = map_target(&target);
	for (int i = 0; i < W * H; i++)
		igt_assert_eq(captured[i], 0x5a5a5a5a);
	munmap((void *)captured, W * H * 4);
	kms_fb_free(&kms, &target);
	igt_assert_eq(crc_written(heap), shown);
	hide(&protected);
}

static void begin(void)
{
	kms_begin(&kms, &screen, background);
	igt_require(kms.writeback);
}

igt_main()
{
	igt_fixture() {
		igt_require(!mounts());
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		kms_fill_opaque(background, W * H, 0);
		begin();
	}

	igt_describe("An overlay with protected pixels is black in a writeback, the rest is not.");
	igt_subtest("overlay-is-black")
		test_blank(kms.overlay[0], DRM_FORMAT_XRGB8888, -1);

	igt_describe("Pixels that are transparent are black, too, and so is a faint plane.");
	igt_subtest("alpha-shows-nothing") {
		test_blank(kms.overlay[0], DRM_FORMAT_ARGB8888, -1);
		test_blank(kms.overlay[0], DRM_FORMAT_ARGB8888, 0x1000);
	}

	igt_describe("So is the cursor.");
	igt_subtest("cursor-is-black")
		test_blank(kms.cursor, DRM_FORMAT_ARGB8888, -1);

	igt_describe("So is the primary plane.");
	igt_subtest("primary-is-black")
		test_blank_primary();

	igt_describe("So is a video that is turned, as an overlay and as an underlay.");
	igt_subtest("video-is-black")
		test_blank_video();

	igt_describe("A protected buffer that no more devices may read gets all that is shown.");
	igt_subtest("protected-target-gets-all")
		test_protected_target();

	igt_describe("One that more devices may read gets nothing protected.");
	igt_subtest("weaker-target-refused")
		test_weaker_target();

	igt_describe("If more may read it by the time of the frame, that is black.");
	igt_subtest("policy-changes-before-the-frame")
		test_policy_changes(false);

	igt_describe("A protected cursor that comes before the frame is black in it.");
	igt_subtest("cursor-comes-before-the-frame")
		test_late_cursor(false);

	igt_describe("A target that was revoked is an error of the fence.");
	igt_subtest("revoked-target-fails")
		test_revoked_target();

	igt_fixture() {
		kms_end(&kms, &screen);
		igt_assert_eq(kms_reload("writeback_policy=reject"), 0);
		begin();
	}

	igt_describe("With writeback_policy=reject there is no writeback of what is protected.");
	igt_subtest("reject")
		test_reject();

	igt_describe("Nor if that is so only by the time of the frame.");
	igt_subtest("reject-before-the-frame")
		test_policy_changes(true);

	igt_describe("Nor if a protected cursor comes before the frame.");
	igt_subtest("reject-a-cursor-before-the-frame")
		test_late_cursor(true);

	igt_describe("When all is closed nothing is left.");
	igt_subtest("nothing-left") {
		kms_end(&kms, &screen);
		igt_assert_eq(ledger_left(), 0);
	}

	igt_fixture() {
		kms_end(&kms, &screen);
		close(heap);
		igt_assert_eq(kms_reload(""), 0);
	}
}
