// SPDX-License-Identifier: MIT
/*
 * What software can capture of a screen with protected content: all but that. And what
 * is left on the screen when a heap is revoked: nothing of it either.
 */

#include <poll.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT
#define X 100
#define Y 60
#define SIZE 64

static struct kms kms;
static int heap;
static struct kms_fb screen;
static uint32_t background[W * H];

/* The screen as writeback has it; the caller unmaps it. */
static const uint32_t *capture(void)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	static uint32_t zeroes[W * H];
	struct drm_mode_map_dumb map = {};
	struct kms_fb target;
	struct pollfd done = { .events = POLLIN };
	int32_t fence = -1;
	void *p;

	memset(zeroes, 0x5a, sizeof(zeroes));
	igt_assert_eq(kms_fb_ordinary(&kms, &target, DRM_FORMAT_XRGB8888, W, H, zeroes), 0);
	kms_add(&kms, req, kms.writeback, "CRTC_ID", kms.crtc);
	kms_add(&kms, req, kms.writeback, "WRITEBACK_FB_ID", target.id);
	kms_add(&kms, req, kms.writeback, "WRITEBACK_OUT_FENCE_PTR", (uintptr_t)&fence);
	igt_assert_eq(kms_commit(&kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
	igt_assert(fence >= 0);
	done.fd = fence;
	igt_assert_eq(poll(&done, 1, 10000), 1);
	close(fence);

	map.handle = target.handle[0];
	igt_assert_eq(ioctl(kms.fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	p = mmap(NULL, W * H * 4, PROT_READ, MAP_SHARED, kms.fd, map.offset);
	igt_assert(p != MAP_FAILED);
	kms_fb_free(&kms, &target);
	return p;
}

static void release(const uint32_t *pixels)
{
	munmap((void *)pixels, W * H * 4);
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

static void fill(uint32_t *pixels, uint32_t count, uint32_t seed)
{
	for (uint32_t i = 0; i < count; i++)
		pixels[i] = ((i + seed) * 2654435761u) | 0x010101;
}

static void test_blank(uint32_t plane, uint32_t format, int alpha)
{
	static uint32_t pixels[SIZE * SIZE];
	struct kms_place at = KMS_AT(X, Y);
	struct kms_fb ordinary, protected;
	const uint32_t *captured;

	fill(pixels, SIZE * SIZE, 77);
	/* Opaque, but what is protected is black whatever its alpha says. */
	for (int i = 0; i < SIZE * SIZE; i++)
		pixels[i] |= 0xff000000;
	igt_assert_eq(kms_fb_ordinary(&kms, &ordinary, format, SIZE, SIZE, pixels), 0);
	igt_assert_eq(kms_show(&kms, plane, &ordinary, at, 0), 0);
	captured = capture();
	assert_captured(captured, pixels);
	release(captured);

	if (format == DRM_FORMAT_ARGB8888)
		for (int i = 0; i < SIZE * SIZE; i++)
			pixels[i] = i % 3 ? pixels[i] : 0;
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, format, SIZE, SIZE, pixels), 0);
	at.alpha = alpha;
	igt_assert_eq(kms_show(&kms, plane, &protected, at, 0), 0);
	captured = capture();
	assert_captured(captured, NULL);
	release(captured);

	at.alpha = alpha < 0 ? -1 : 0xffff;
	igt_assert_eq(kms_show(&kms, plane, &ordinary, at, 0), 0);
	igt_assert_eq(kms_show(&kms, plane, NULL, at, 0), 0);
	kms_fb_free(&kms, &ordinary);
	kms_fb_free(&kms, &protected);
}

static void test_protected_target(void)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	struct kms_fb target;

	igt_assert_eq(kms_fb_protected(&kms, &target, heap, DRM_FORMAT_XRGB8888, W, H, background),
		      0);
	kms_add(&kms, req, kms.writeback, "CRTC_ID", kms.crtc);
	kms_add(&kms, req, kms.writeback, "WRITEBACK_FB_ID", target.id);
	igt_assert_eq(kms_commit(&kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET), -EACCES);
	kms_fb_free(&kms, &target);
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

static void test_revoked(void)
{
	static uint32_t pixels[SIZE * SIZE];
	struct kms_fb old, new;
	uint32_t black = crc_of_black(), shown;
	long long refused;

	fill(pixels, SIZE * SIZE, 5);
	igt_assert_eq(kms_fb_protected(&kms, &old, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE, pixels),
		      0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &old, KMS_AT(X, Y), 0), 0);
	shown = kms_crc(&kms);
	igt_assert(shown != black);

	/* Black from the next frame on, without a commit. */
	igt_assert_eq(secure_revoke(kms.secure, CARVEOUT_NAME), 0);
	igt_assert_eq(kms_crc(&kms), black);
	igt_assert_eq(secure_restore(kms.secure, CARVEOUT_NAME), 0);
	igt_assert_eq(kms_crc(&kms), black);
	/* Shown anew it is black, too, and each attempt to read it is the heap's to note. */
	igt_assert_eq(secure_revoke(kms.secure, CARVEOUT_NAME), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &old, KMS_AT(X, Y), 0), 0);
	refused = ledger_refused(CARVEOUT_NAME, "window");
	igt_assert_eq(kms_crc(&kms), black);
	igt_assert(ledger_refused(CARVEOUT_NAME, "window") > refused);
	igt_assert_eq(secure_restore(kms.secure, CARVEOUT_NAME), 0);

	igt_assert_eq(kms_fb_protected(&kms, &new, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE, pixels),
		      0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &new, KMS_AT(X, Y), 0), 0);
	igt_assert_eq(kms_crc(&kms), shown);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(X, Y), 0), 0);
	kms_fb_free(&kms, &old);
	kms_fb_free(&kms, &new);
}

/* The display is a master like any other: an administrator may shut it out. */
static void test_delisted(void)
{
	static uint32_t pixels[SIZE * SIZE];
	uint32_t black = crc_of_black();
	struct kms_fb fb;

	fill(pixels, SIZE * SIZE, 9);
	igt_assert_eq(kms_fb_protected(&kms, &fb, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE, pixels), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, KMS_AT(X, Y), 0), 0);
	igt_assert(kms_crc(&kms) != black);
	igt_assert_eq(device_list(CARVEOUT_NAME, "vskms"), 0);
	igt_assert_eq(file_write(CONFIGFS_HEAPS CARVEOUT_NAME "/devices/vskms/access", "none"), 0);
	igt_assert_eq(kms_crc(&kms), black);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "vskms"), 0);
	/* What it had does not come back. */
	igt_assert_eq(kms_crc(&kms), black);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(X, Y), 0), 0);
	kms_fb_free(&kms, &fb);
}

igt_main()
{
	igt_fixture() {
		igt_require(!mounts());
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		igt_require(kms_open(&kms) == 0);
		igt_require(kms.writeback);
		fill(background, W * H, 0);
		igt_assert_eq(kms_fb_ordinary(&kms, &screen, DRM_FORMAT_XRGB8888, W, H, background),
			      0);
		igt_assert_eq(kms_modeset(&kms, &screen), 0);
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

	igt_describe("A writeback into a protected buffer is refused.");
	igt_subtest("protected-target-refused")
		test_protected_target();

	igt_describe("A revoked buffer is black from the next frame, for good; a new one shows.");
	igt_subtest("revoked-is-black")
		test_revoked();

	igt_describe("When the display loses its trust what it shows is black.");
	igt_subtest("delisted-is-black")
		test_delisted();

	igt_fixture() {
		kms_off(&kms);
		kms_fb_free(&kms, &screen);
		kms_close(&kms);
		close(heap);
	}
}
