// SPDX-License-Identifier: MIT
/*
 * Protected buffers on the screen: on every plane, in every shape, they show what an
 * ordinary buffer with the same pixels shows. The CRC is the witness.
 *
 * For one of them the module is loaded anew, and left as it comes.
 */

#include <unistd.h>

#include "igt.h"
#include "kms.h"

static struct kms kms;
static int heap;
static struct kms_fb screen;
static uint32_t background[KMS_WIDTH * KMS_HEIGHT];

static uint32_t crc_with(uint32_t plane, const struct kms_fb *fb, struct kms_place at)
{
	uint32_t crc;

	igt_assert_eq(kms_show(&kms, plane, fb, at, DRM_MODE_ATOMIC_TEST_ONLY), 0);
	igt_assert_eq(kms_show(&kms, plane, fb, at, 0), 0);
	crc = kms_crc(&kms);
	igt_assert_eq(kms_show(&kms, plane, NULL, at, 0), 0);
	return crc;
}

/* On @plane at @at: protected is ordinary, and neither is nothing. */
static void test_same(uint32_t plane, uint32_t format, uint32_t w, uint32_t h,
		      struct kms_place at)
{
	static uint32_t pixels[KMS_WIDTH * KMS_HEIGHT];
	struct kms_fb ordinary, protected;
	uint32_t nothing, one, other;

	kms_fb_init(&ordinary, format, w, h);
	kms_fill(pixels, (kms_fb_size(&ordinary) + 3) / 4, 1);
	igt_assert_eq(kms_fb_ordinary(&kms, &ordinary, format, w, h, pixels), 0);
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, format, w, h, pixels), 0);

	nothing = kms_crc(&kms);
	one = crc_with(plane, &ordinary, at);
	other = crc_with(plane, &protected, at);
	igt_assert(one != nothing);
	igt_assert_eq(other, one);
	igt_assert_eq(kms_crc(&kms), nothing);

	kms_fb_free(&kms, &ordinary);
	kms_fb_free(&kms, &protected);
}

/*
 * From each kind of buffer to each, and to another picture each time: a flip leaves nothing of
 * what was there. @plane shows the last when this returns.
 */
static void test_flips(uint32_t plane, uint32_t w, uint32_t h, struct kms_place at)
{
	static uint32_t pixels[2][KMS_WIDTH * KMS_HEIGHT];
	struct kms_fb ordinary[2], protected[2];
	const struct kms_fb *const flips[] = {
		&ordinary[0], &protected[1], &protected[0], &ordinary[1],
	};
	uint32_t crcs[2];

	for (int i = 0; i < 2; i++) {
		kms_fill(pixels[i], w * h, 4 + i);
		igt_assert_eq(kms_fb_ordinary(&kms, &ordinary[i], DRM_FORMAT_XRGB8888, w, h,
					      pixels[i]), 0);
		igt_assert_eq(kms_fb_protected(&kms, &protected[i], heap, DRM_FORMAT_XRGB8888, w, h,
					       pixels[i]), 0);
		igt_assert_eq(kms_show(&kms, plane, &ordinary[i], at, 0), 0);
		crcs[i] = kms_crc(&kms);
	}
	igt_assert(crcs[0] != crcs[1]);
	for (int i = 0; i < 12; i++) {
		igt_assert_eq(kms_show(&kms, plane, flips[i % 4], at, 0), 0);
		igt_assert_eq(kms_crc(&kms), crcs[i % 2]);
	}
	for (int i = 0; i < 2; i++) {
		kms_fb_free(&kms, &ordinary[i]);
		kms_fb_free(&kms, &protected[i]);
	}
}

static void test_formats(void)
{
	uint32_t planes[] = { kms.primary, kms.overlay[0], kms.cursor };
	uint32_t w = 67, h = 45;

	for (size_t i = 0; i < sizeof(planes) / sizeof(planes[0]); i++) {
		drmModePlane *plane = drmModeGetPlane(kms.fd, planes[i]);

		igt_assert(plane);
		/* What it shows is put back below. */
		if (planes[i] == kms.primary)
			igt_assert_eq(kms_show(&kms, kms.primary, NULL, KMS_AT(0, 0), 0), 0);
		igt_assert_eq(plane->count_formats, sizeof(kms_formats) / sizeof(kms_formats[0]));
		for (uint32_t f = 0; f < plane->count_formats; f++)
			test_same(planes[i], plane->formats[f], w, h, KMS_AT(13, 57));
		drmModeFreePlane(plane);
		if (planes[i] == kms.primary)
			igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	}
}

/* Outside there is nothing to be seen of either. */
static void test_hidden(struct kms_place at)
{
	static uint32_t pixels[200 * 100];
	uint32_t nothing = kms_crc(&kms);
	struct kms_fb protected;

	kms_fill(pixels, 200 * 100, 2);
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_XRGB8888, 200, 100,
				       pixels), 0);
	igt_assert_eq(crc_with(kms.overlay[0], &protected, at), nothing);
	kms_fb_free(&kms, &protected);
}

static void set_plane(uint32_t plane, const char *property, uint64_t value)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	igt_assert(kms_add(&kms, req, plane, property, value) >= 0);
	igt_assert_eq(kms_commit(&kms, req, 0), 0);
}

static void test_blend_modes(void)
{
	static const int alphas[] = { 0xffff, 0x8000, 0x0123 };
	drmModePropertyRes *modes =
		drmModeGetProperty(kms.fd, kms_prop(kms.fd, kms.overlay[0], "pixel blend mode", NULL));
	uint64_t usual = 0;

	igt_assert(modes && modes->count_enums == 3);
	kms_prop(kms.fd, kms.overlay[0], "pixel blend mode", &usual);
	for (int m = 0; m < modes->count_enums; m++) {
		set_plane(kms.overlay[0], "pixel blend mode", modes->enums[m].value);
		for (int i = 0; i < 3; i++) {
			struct kms_place at = KMS_AT(40, 50);

			at.alpha = alphas[i];
			test_same(kms.overlay[0], DRM_FORMAT_ARGB8888, 128, 96, at);
			test_same(kms.overlay[0], DRM_FORMAT_ABGR16161616, 65, 33, at);
		}
	}
	set_plane(kms.overlay[0], "pixel blend mode", usual);
	set_plane(kms.overlay[0], "alpha", 0xffff);
	drmModeFreeProperty(modes);
}

static void test_rotations(void)
{
	for (uint32_t turn = DRM_MODE_ROTATE_0; turn <= DRM_MODE_ROTATE_270; turn <<= 1) {
		for (uint32_t mirror = 0; mirror < 4; mirror++) {
			struct kms_place at = KMS_AT(-11, 50);

			at.rotation = turn | mirror * DRM_MODE_REFLECT_X;
			test_same(kms.overlay[0], DRM_FORMAT_XRGB8888, 96, 96, at);
			test_same(kms.overlay[0], DRM_FORMAT_NV12, 96, 96, at);
		}
	}
	set_plane(kms.overlay[0], "rotation", DRM_MODE_ROTATE_0);
}

/* Below a primary plane that is transparent where the video is. */
static void test_underlay(void)
{
	static uint32_t holed[KMS_WIDTH * KMS_HEIGHT], pixels[64 * 64];
	struct kms_place at = KMS_AT(100, 60);
	struct kms_fb primary, protected, ordinary;
	uint32_t empty, one, other;

	for (int i = 0; i < KMS_WIDTH * KMS_HEIGHT; i++)
		holed[i] = background[i] | 0xff000000;
	for (int y = 60; y < 124; y++)
		memset(&holed[y * KMS_WIDTH + 100], 0, 64 * 4);
	kms_fill(pixels, 64 * 64, 3);
	igt_assert_eq(kms_fb_ordinary(&kms, &primary, DRM_FORMAT_ARGB8888, KMS_WIDTH, KMS_HEIGHT,
				      holed), 0);
	igt_assert_eq(kms_fb_ordinary(&kms, &ordinary, DRM_FORMAT_XRGB8888, 64, 64, pixels), 0);
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_XRGB8888, 64, 64,
				       pixels), 0);
	igt_assert_eq(kms_show(&kms, kms.primary, &primary, KMS_AT(0, 0), 0), 0);
	empty = kms_crc(&kms);
	at.zpos = 0;
	one = crc_with(kms.overlay[0], &ordinary, at);
	other = crc_with(kms.overlay[0], &protected, at);
	igt_assert(one != empty);
	igt_assert_eq(other, one);
	/* A pixel to the side it is hidden, but for what the hole still shows. */
	at.x = 300;
	igt_assert_eq(crc_with(kms.overlay[0], &protected, at), empty);
	kms_fb_free(&kms, &protected);
	kms_fb_free(&kms, &ordinary);
	kms_fb_free(&kms, &primary);
}

/*
 * Eight overlays, each over a corner of the next: as a computed picture has it, and as well of
 * protected buffers.
 */
static void test_eight_overlays(void)
{
	static uint32_t pixels[KMS_OVERLAYS][64 * 64];
	static uint32_t expected[KMS_WIDTH * KMS_HEIGHT], captured[KMS_WIDTH * KMS_HEIGHT];
	uint32_t crc[2];

	igt_assert_eq(kms.overlays, KMS_OVERLAYS);
	memcpy(expected, background, sizeof(expected));
	for (int i = KMS_OVERLAYS - 1; i >= 0; i--) {
		kms_fill(pixels[i], 64 * 64, 40 + i);
		for (int y = 0; y < 64; y++)
			memcpy(&expected[(50 * i + y) * KMS_WIDTH + 60 * i], &pixels[i][y * 64],
			       64 * 4);
	}
	for (int is_protected = 0; is_protected < 2; is_protected++) {
		drmModeAtomicReq *req = drmModeAtomicAlloc();
		struct kms_fb fb[KMS_OVERLAYS];

		for (int i = 0; i < KMS_OVERLAYS; i++) {
			struct kms_place at = KMS_AT(60 * i, 50 * i);

			at.zpos = 2 * KMS_OVERLAYS - i;
			igt_assert_eq(is_protected ?
				      kms_fb_protected(&kms, &fb[i], heap, DRM_FORMAT_XRGB8888, 64,
						       64, pixels[i]) :
				      kms_fb_ordinary(&kms, &fb[i], DRM_FORMAT_XRGB8888, 64, 64,
						      pixels[i]), 0);
			kms_add_plane(&kms, req, kms.overlay[i], &fb[i], at);
		}
		igt_assert_eq(kms_commit(&kms, req, 0), 0);
		crc[is_protected] = kms_crc(&kms);
		if (!is_protected) {
			igt_assert_eq(kms_capture(&kms, captured), 0);
			for (int i = 0; i < KMS_WIDTH * KMS_HEIGHT; i++)
				igt_assert_eq(captured[i] & 0xffffff, expected[i] & 0xffffff);
		}
		igt_assert_eq(kms_modeset(&kms, &screen), 0);
		for (int i = 0; i < KMS_OVERLAYS; i++)
			kms_fb_free(&kms, &fb[i]);
	}
	igt_assert_eq(crc[1], crc[0]);
}

/* The display may read it; the application that shows it may not, by any of its ways. */
static void test_no_cpu_access(void)
{
	static uint32_t pixels[64 * 64];
	struct drm_mode_map_dumb map = {};
	struct kms_fb protected;
	drmModeFB2 *fb2;
	int exported;

	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_XRGB8888, 64, 64,
				       pixels), 0);
	map.handle = protected.handle[0];
	igt_assert_eq(ioctl(kms.fd, DRM_IOCTL_MODE_MAP_DUMB, &map), -1);
	igt_assert_eq(errno, EINVAL);

	/* By the framebuffer, as a screenshot tool does. */
	fb2 = drmModeGetFB2(kms.fd, protected.id);
	igt_assert(fb2);
	igt_assert(fb2->handles[0]);
	igt_assert_eq(drmPrimeHandleToFD(kms.fd, fb2->handles[0], O_RDWR | O_CLOEXEC, &exported),
		      0);
	igt_assert(mmap(NULL, 4096, PROT_READ, MAP_SHARED, exported, 0) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	close(exported);
	/* A handle of its own, if it is one. */
	if (fb2->handles[0] != protected.handle[0])
		drmCloseBufferHandle(kms.fd, fb2->handles[0]);
	drmModeFreeFB2(fb2);
	kms_fb_free(&kms, &protected);
}

igt_main()
{
	static struct kms_place at;

	igt_fixture() {
		igt_require(!mounts());
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		kms_fill(background, KMS_WIDTH * KMS_HEIGHT, 0);
		kms_begin(&kms, &screen, background);
	}

	igt_describe("The primary plane flips between ordinary and protected buffers.");
	igt_subtest("primary")
		test_flips(kms.primary, KMS_WIDTH, KMS_HEIGHT, KMS_AT(0, 0));
	igt_fixture()
		igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);

	igt_describe("An overlay shows a protected buffer.");
	igt_subtest("overlay")
		test_same(kms.overlay[0], DRM_FORMAT_XRGB8888, 200, 100, KMS_AT(31, 17));

	igt_describe("An overlay flips between ordinary and protected buffers.");
	igt_subtest("overlay-flips")
		test_flips(kms.overlay[0], 200, 100, KMS_AT(31, 17));

	igt_describe("The cursor shows a protected buffer.");
	igt_subtest("cursor")
		test_same(kms.cursor, DRM_FORMAT_ARGB8888, 64, 64, KMS_AT(301, 207));

	igt_describe("NV12 in two protected buffers is NV12 in one ordinary one.");
	igt_subtest("nv12-in-two-buffers")
		test_same(kms.overlay[0], DRM_FORMAT_NV12, 320, 240, KMS_AT(10, 20));

	igt_describe("Every format of every plane; what has several memory planes in as many buffers.");
	igt_subtest("formats")
		test_formats();

	igt_describe("Clipped at each edge of the screen, to a pixel, and away.");
	igt_subtest("clipped") {
		test_same(kms.overlay[0], DRM_FORMAT_XRGB8888, 200, 100, KMS_AT(-50, -30));
		test_same(kms.overlay[0], DRM_FORMAT_NV12, 200, 100, KMS_AT(KMS_WIDTH - 99, 401));
		test_same(kms.overlay[0], DRM_FORMAT_YUV420, 201, 101, KMS_AT(-199, KMS_HEIGHT - 1));
		test_same(kms.overlay[0], DRM_FORMAT_XRGB8888, KMS_WIDTH + 64, KMS_HEIGHT + 64,
			  KMS_AT(-31, -33));
		test_same(kms.cursor, DRM_FORMAT_ARGB8888, 64, 64, KMS_AT(KMS_WIDTH - 1, -63));
		test_hidden(KMS_AT(-200, 0));
		test_hidden(KMS_AT(KMS_WIDTH, 50));
		test_hidden(KMS_AT(50, -100));
		test_hidden(KMS_AT(0, KMS_HEIGHT));
	}

	igt_describe("Each pixel blend mode, opaque, faint, and not there.");
	igt_subtest("blend-modes")
		test_blend_modes();

	igt_describe("Turned and mirrored in every way, YUV too.");
	igt_subtest("rotations")
		test_rotations();

	igt_describe("Rotated and half transparent.");
	igt_subtest("rotated-and-blended") {
		at = KMS_AT(40, 50);
		at.alpha = 0x8000;
		at.rotation = DRM_MODE_ROTATE_180;
		test_same(kms.overlay[0], DRM_FORMAT_ARGB8888, 128, 96, at);
		at.alpha = 0xffff;
		at.rotation = DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_X;
		test_same(kms.overlay[0], DRM_FORMAT_XRGB8888, 128, 96, at);
		at.rotation = DRM_MODE_ROTATE_0;
		test_same(kms.overlay[0], DRM_FORMAT_XRGB8888, 128, 96, at);
	}

	igt_describe("Below a primary plane with a hole.");
	igt_subtest("underlay")
		test_underlay();
	igt_fixture()
		igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);

	igt_describe("Neither MAP_DUMB nor GETFB2 and PRIME give a way to map it.");
	igt_subtest("no-cpu-access")
		test_no_cpu_access();

	igt_describe("As many overlays as a CRTC can have, each over the next.");
	igt_subtest("eight-overlays") {
		kms_end(&kms, &screen);
		igt_assert_eq(kms_reload("overlays=8"), 0);
		kms_begin(&kms, &screen, background);
		test_eight_overlays();
		kms_end(&kms, &screen);
		igt_assert_eq(kms_reload(""), 0);
		kms_begin(&kms, &screen, background);
	}

	igt_describe("When all is closed nothing is left.");
	igt_subtest("nothing-left") {
		kms_end(&kms, &screen);
		igt_assert_eq(ledger_left(), 0);
	}

	igt_fixture() {
		kms_end(&kms, &screen);
		close(heap);
	}
}
