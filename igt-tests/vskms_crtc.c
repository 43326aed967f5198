// SPDX-License-Identifier: MIT
/*
 * What a CRTC adds to its planes: the colour behind them, and the matrix and the gamma that all of
 * the picture goes through, black in place of protected pixels too.
 */

#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT
#define X 100
#define Y 60
#define SIZE 64
#define ENTRIES 256

/* Each of 8 bits as 16 have it, so that rounding has no part in it. */
#define COLOUR 0x12569a
#define COLOUR_16 0xffff121256569a9aull
#define BLACK_16 0xffff000000000000ull

#define ONE (1ull << 32)
#define NEGATIVE (1ull << 63)

static struct kms kms;
static int heap;
static struct kms_fb screen;
static uint32_t background[W * H], captured[W * H];

static int set_crtc(const char *property, uint64_t value, uint32_t flags)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	igt_assert(kms_add(&kms, req, kms.crtc, property, value) >= 0);
	return kms_commit(&kms, req, flags);
}

/* Sets a property to @data, or says why not, as TEST_ONLY has to say as well. */
static int set_blob(const char *property, const void *data, size_t size)
{
	uint32_t blob = 0;
	int ret;

	igt_assert_eq(drmModeCreatePropertyBlob(kms.fd, data, size, &blob), 0);
	ret = set_crtc(property, blob, DRM_MODE_ATOMIC_TEST_ONLY);
	igt_assert_eq(set_crtc(property, blob, 0), ret);
	drmModeDestroyPropertyBlob(kms.fd, blob);
	return ret;
}

/* Also of a CRTC that is off: who switches it on is not to fail for what another has left. */
static void assert_refused(const char *property, const void *data, size_t size)
{
	igt_assert_eq(set_blob(property, data, size), -EINVAL);
	igt_assert_eq(kms_off(&kms), 0);
	igt_assert_eq(set_blob(property, data, size), -EINVAL);
	igt_assert_eq(kms_modeset(&kms, &screen), 0);
}

/* Only the screen, as it is. */
static void plain(void)
{
	igt_assert_eq(set_crtc("BACKGROUND_COLOR", BLACK_16, 0), 0);
	igt_assert_eq(set_crtc("GAMMA_LUT", 0, 0), 0);
	igt_assert_eq(set_crtc("CTM", 0, 0), 0);
	igt_assert_eq(kms_modeset(&kms, &screen), 0);
}

static bool in_square(int x, int y)
{
	return x >= X && x < X + SIZE && y >= Y && y < Y + SIZE;
}

static uint32_t captured_at(int x, int y)
{
	return captured[y * W + x] & 0xffffff;
}

/* The square is of one colour, and the rest of another. */
static void assert_two_colours(uint32_t square, uint32_t rest)
{
	igt_assert_eq(kms_capture(&kms, captured), 0);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			igt_assert_eq(captured_at(x, y), in_square(x, y) ? square : rest);
}

static void fill(uint32_t *pixels, int count, uint32_t colour)
{
	for (int i = 0; i < count; i++)
		pixels[i] = colour;
}

/* A square of one colour. */
static void square_new(struct kms_fb *fb, uint32_t colour)
{
	static uint32_t pixels[SIZE * SIZE];

	fill(pixels, SIZE * SIZE, colour);
	igt_assert_eq(kms_fb_ordinary(&kms, fb, DRM_FORMAT_XRGB8888, SIZE, SIZE, pixels), 0);
}

/* With planes of all of the screen, of a part, and of none. */
static void test_background(void)
{
	static uint32_t pixels[W * H];
	struct kms_fb same, square;
	uint32_t crc;

	crc = kms_crc(&kms);
	igt_assert_eq(set_crtc("BACKGROUND_COLOR", COLOUR_16, 0), 0);
	igt_assert_eq(kms_crc(&kms), crc);

	igt_assert_eq(kms_show(&kms, kms.primary, NULL, KMS_AT(0, 0), 0), 0);
	assert_two_colours(COLOUR, COLOUR);
	crc = kms_crc(&kms);
	fill(pixels, W * H, COLOUR);
	igt_assert_eq(kms_fb_ordinary(&kms, &same, DRM_FORMAT_XRGB8888, W, H, pixels), 0);
	igt_assert_eq(kms_show(&kms, kms.primary, &same, KMS_AT(0, 0), 0), 0);
	igt_assert_eq(kms_crc(&kms), crc);

	square_new(&square, 0xfedcba);
	igt_assert_eq(kms_show(&kms, kms.primary, &square, KMS_AT(X, Y), 0), 0);
	assert_two_colours(0xfedcba, COLOUR);
	/* It is as opaque as can be, whatever the alpha that it is told. */
	igt_assert_eq(set_crtc("BACKGROUND_COLOR", COLOUR_16 & ~(0xffffull << 48), 0), 0);
	assert_two_colours(0xfedcba, COLOUR);
	kms_fb_free(&kms, &same);
	kms_fb_free(&kms, &square);
}

/* Half of white over it, and black in place of half of what is protected. */
static void test_blended(void)
{
	static const uint8_t expected[] = { (0x12 + 0xff + 1) / 2, (0x56 + 0xff + 1) / 2,
					    (0x9a + 0xff + 1) / 2 };
	static uint32_t pixels[SIZE * SIZE];
	struct kms_place at = KMS_AT(X, Y);
	struct kms_fb square, protected;
	uint32_t got;

	igt_assert_eq(set_crtc("BACKGROUND_COLOR", COLOUR_16, 0), 0);
	igt_assert_eq(kms_show(&kms, kms.primary, NULL, KMS_AT(0, 0), 0), 0);
	square_new(&square, 0xffffff);
	at.alpha = 0x8000;
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &square, at, 0), 0);
	igt_assert_eq(kms_capture(&kms, captured), 0);
	got = captured_at(X, Y);
	for (int i = 0; i < 3; i++)
		igt_assert(abs((int)(got >> (16 - 8 * i) & 0xff) - expected[i]) <= 1);
	assert_two_colours(got, COLOUR);

	kms_fill(pixels, SIZE * SIZE, 5);
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE,
				       pixels), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &protected, at, 0), 0);
	assert_two_colours(0, COLOUR);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, at, 0), 0);
	kms_fb_free(&kms, &square);
	kms_fb_free(&kms, &protected);
}

/* Each channel by a table of its own. */
static void test_gamma(void)
{
	struct drm_color_lut lut[ENTRIES];
	uint32_t crc = kms_crc(&kms), changed;

	for (int i = 0; i < ENTRIES; i++)
		lut[i] = (struct drm_color_lut){ .red = 0xffff - 0x101 * i, .green = 0x101 * i,
						 .blue = 0x4040 };
	igt_assert_eq(set_blob("GAMMA_LUT", lut, sizeof(lut)), 0);
	igt_assert_eq(kms_capture(&kms, captured), 0);
	for (int i = 0; i < W * H; i++)
		igt_assert_eq(captured[i] & 0xffffff,
			      ((background[i] & 0xffff00) ^ 0xff0000) | 0x40);
	/* One entry is no curve, and nothing changes by it. */
	changed = kms_crc(&kms);
	assert_refused("GAMMA_LUT", lut, sizeof(lut[0]));
	igt_assert_eq(kms_crc(&kms), changed);
	igt_assert_eq(set_crtc("GAMMA_LUT", 0, 0), 0);
	igt_assert_eq(kms_crc(&kms), crc);
}

static void test_ctm(void)
{
	/* Blue for red; green less all of it; red for blue. */
	struct drm_color_ctm swap = { { 0, 0, ONE, 0, NEGATIVE | ONE, 0, ONE, 0, 0 } };
	struct drm_color_ctm beyond = { { ONE, 0, 0, 0, 4097 * ONE, 0, 0, 0, ONE } };
	uint32_t crc = kms_crc(&kms), swapped;

	igt_assert_eq(set_blob("CTM", &swap, sizeof(swap)), 0);
	igt_assert_eq(kms_capture(&kms, captured), 0);
	for (int i = 0; i < W * H; i++)
		igt_assert_eq(captured[i] & 0xffffff,
			      (background[i] & 0xff) << 16 | (background[i] >> 16 & 0xff));
	swapped = kms_crc(&kms);
	igt_assert(swapped != crc);
	assert_refused("CTM", &beyond, sizeof(beyond));
	igt_assert_eq(kms_crc(&kms), swapped);
	igt_assert_eq(set_crtc("CTM", 0, 0), 0);
	igt_assert_eq(kms_crc(&kms), crc);
}

/* Whatever is in a protected buffer, what is captured is what a black one would be. */
static void test_black_under_gamma(uint32_t plane)
{
	static uint32_t pixels[SIZE * SIZE], expected[W * H];
	struct drm_color_lut lut[ENTRIES];
	struct kms_fb black, protected;
	uint32_t crc[2];

	for (int i = 0; i < ENTRIES; i++)
		lut[i].red = lut[i].green = lut[i].blue = 0xffff - 0x101 * i;
	igt_assert_eq(set_blob("GAMMA_LUT", lut, sizeof(lut)), 0);
	fill(pixels, SIZE * SIZE, 0xff000000);
	igt_assert_eq(kms_fb_ordinary(&kms, &black, DRM_FORMAT_ARGB8888, SIZE, SIZE, pixels), 0);
	igt_assert_eq(kms_show(&kms, plane, &black, KMS_AT(X, Y), 0), 0);
	igt_assert_eq(kms_capture(&kms, expected), 0);
	igt_assert_eq(expected[Y * W + X] & 0xffffff, 0xffffff);
	igt_assert_eq(expected[0] & 0xffffff, ~background[0] & 0xffffff);

	for (int i = 0; i < 2; i++) {
		kms_fill(pixels, SIZE * SIZE, 6 + i);	/* transparent here and there */
		igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_ARGB8888, SIZE,
					       SIZE, pixels), 0);
		igt_assert_eq(kms_show(&kms, plane, &protected, KMS_AT(X, Y), 0), 0);
		igt_assert_eq(kms_capture(&kms, captured), 0);
		for (int p = 0; p < W * H; p++)
			igt_assert_eq(captured[p] & 0xffffff, expected[p] & 0xffffff);
		crc[i] = kms_crc(&kms);
		igt_assert_eq(kms_show(&kms, plane, NULL, KMS_AT(X, Y), 0), 0);
		kms_fb_free(&kms, &protected);
	}
	/* A viewer sees what it is. */
	igt_assert(crc[0] != crc[1]);
	kms_fb_free(&kms, &black);
}

igt_main()
{
	igt_fixture() {
		igt_require(!mounts());
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		kms_fill_opaque(background, W * H, 0);
		kms_begin(&kms, &screen, background);
		igt_require(kms.writeback);
	}

	igt_describe("Where no plane is there is the background, and nowhere else.");
	igt_subtest("background") {
		plain();
		test_background();
	}

	igt_describe("A translucent plane is blended with it, and a protected one is black.");
	igt_subtest("background-behind-translucent") {
		plain();
		test_blended();
	}

	igt_describe("Gamma is a table for each channel; a table of one entry is refused.");
	igt_subtest("gamma") {
		plain();
		test_gamma();
	}

	igt_describe("The matrix mixes channels; factors beyond its range are refused.");
	igt_subtest("matrix") {
		plain();
		test_ctm();
	}

	igt_describe("In a writeback gamma has black to work on in place of protected pixels.");
	igt_subtest("black-under-gamma") {
		plain();
		test_black_under_gamma(kms.overlay[0]);
		test_black_under_gamma(kms.cursor);
	}

	igt_describe("When all is closed nothing is left.");
	igt_subtest("nothing-left") {
		plain();
		kms_end(&kms, &screen);
		igt_assert_eq(ledger_left(), 0);
	}

	igt_fixture() {
		if (kms.fd >= 0)
			plain();
		kms_end(&kms, &screen);
		close(heap);
	}
}
