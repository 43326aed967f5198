// SPDX-License-Identifier: MIT
/*
 * The plane colour pipeline, as far as IGT's kms_colorop and kms_color_pipeline do not see it:
 * several planes at once, protected ones, what stays from commit to commit, and what is
 * refused. What a pipeline makes is compared, by CRC, with the same painted.
 */

#include <limits.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define SIZE 64
#define STEPS 16
#define ONE (1ull << 32)
#define LUT_ENTRIES 4096
#define LUT3D_SIZE 17

/* A plane's pipeline: its steps' objects. */
struct pipeline {
	uint32_t step[STEPS];
	uint64_t type[STEPS];
	int steps;
};

static struct kms kms;
static int heap;
static struct kms_fb screen;

static void find_pipeline(uint32_t plane, struct pipeline *pipeline)
{
	uint32_t id = kms_prop(kms.fd, plane, "COLOR_PIPELINE", NULL);
	drmModePropertyRes *prop = drmModeGetProperty(kms.fd, id);
	uint64_t step;

	igt_assert(prop);
	igt_assert_eq(prop->count_enums, 2);	/* none, and one */
	step = prop->enums[1].value;
	*pipeline = (struct pipeline){};
	while (step) {
		uint64_t type = ~0ull;

		igt_assert(pipeline->steps < STEPS);
		igt_assert(kms_prop(kms.fd, step, "TYPE", &type));
		pipeline->step[pipeline->steps] = step;
		pipeline->type[pipeline->steps++] = type;
		igt_assert(kms_prop(kms.fd, step, "NEXT", &step));
	}
	drmModeFreeProperty(prop);
}

/* The @n-th step of a type. */
static uint32_t step_of(const struct pipeline *pipeline, uint64_t type, int n)
{
	for (int i = 0; i < pipeline->steps; i++)
		if (pipeline->type[i] == type && !n--)
			return pipeline->step[i];
	return 0;
}

static uint32_t blob_new(const void *data, size_t size)
{
	uint32_t blob = 0;

	igt_assert_eq(drmModeCreatePropertyBlob(kms.fd, data, size, &blob), 0);
	return blob;
}

/* All steps bypassed, without data, and the pipeline chosen or not. */
static void add_reset(drmModeAtomicReq *req, uint32_t plane, bool chosen)
{
	struct pipeline pipeline;

	find_pipeline(plane, &pipeline);
	kms_add(&kms, req, plane, "COLOR_PIPELINE", chosen ? pipeline.step[0] : 0);
	for (int i = 0; i < pipeline.steps; i++) {
		kms_add(&kms, req, pipeline.step[i], "BYPASS", 1);
		kms_add(&kms, req, pipeline.step[i], "DATA", 0);
	}
}

static void reset(uint32_t plane)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	add_reset(req, plane, false);
	igt_assert_eq(kms_commit(&kms, req, 0), 0);
}

/* What a step is to do: a property of it, besides its BYPASS, and its value or blob. */
struct setting {
	uint64_t type;
	int n;			/* which one of the type */
	const char *property;
	uint64_t value;
};

static void add_setting(drmModeAtomicReq *req, uint32_t plane, const struct setting *setting)
{
	struct pipeline pipeline;
	uint32_t step;

	find_pipeline(plane, &pipeline);
	step = step_of(&pipeline, setting->type, setting->n);
	igt_assert(step);
	kms_add(&kms, req, plane, "COLOR_PIPELINE", pipeline.step[0]);
	kms_add(&kms, req, step, "BYPASS", 0);
	if (setting->property)
		kms_add(&kms, req, step, setting->property, setting->value);
}

static int set(uint32_t plane, const struct setting *setting, uint32_t flags)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	add_reset(req, plane, true);
	add_setting(req, plane, setting);
	return kms_commit(&kms, req, flags);
}

/* A matrix of nine factors in quarters, and what is added, in quarters too. */
static uint32_t matrix_new(const int quarters[12])
{
	struct drm_color_ctm_3x4 ctm;

	for (int i = 0; i < 12; i++) {
		ctm.matrix[i] = ONE / 4 * abs(quarters[i]);
		if (quarters[i] < 0)
			ctm.matrix[i] |= 1ull << 63;
	}
	return blob_new(&ctm, sizeof(ctm));
}

static void fb_new(struct kms_fb *fb, uint32_t colour)
{
	static uint32_t pixels[SIZE * SIZE];

	for (int i = 0; i < SIZE * SIZE; i++)
		pixels[i] = colour;
	igt_assert_eq(kms_fb_ordinary(&kms, fb, DRM_FORMAT_XRGB8888, SIZE, SIZE, pixels), 0);
}

/* The CRC of a square of one colour on an overlay, as it is. */
static uint32_t crc_of(uint32_t colour)
{
	struct kms_fb fb;
	uint32_t crc;

	fb_new(&fb, colour);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, KMS_AT(10, 20), 0), 0);
	crc = kms_crc(&kms);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &fb);
	return crc;
}

/* With @setting @from is shown as @to, and without it as it is. */
static void assert_makes(const struct setting *setting, uint32_t from, uint32_t to)
{
	uint32_t plain = crc_of(from), expected = crc_of(to);
	struct kms_fb fb;

	fb_new(&fb, from);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, KMS_AT(10, 20), 0), 0);
	igt_assert_eq(set(kms.overlay[0], setting, DRM_MODE_ATOMIC_TEST_ONLY), 0);
	igt_assert_eq(kms_crc(&kms), plain);
	igt_assert_eq(set(kms.overlay[0], setting, 0), 0);
	igt_assert_eq(kms_crc(&kms), expected);
	reset(kms.overlay[0]);
	igt_assert_eq(kms_crc(&kms), plain);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &fb);
}

/* Who does not ask for it sees no pipeline, but what it stands in for. */
static void test_capability(void)
{
	bool pipeline, encoding;

	igt_assert_eq(drmSetClientCap(kms.fd, DRM_CLIENT_CAP_PLANE_COLOR_PIPELINE, 0), 0);
	pipeline = kms_prop(kms.fd, kms.primary, "COLOR_PIPELINE", NULL);
	encoding = kms_prop(kms.fd, kms.primary, "COLOR_ENCODING", NULL);
	igt_assert_eq(drmSetClientCap(kms.fd, DRM_CLIENT_CAP_PLANE_COLOR_PIPELINE, 1), 0);
	igt_assert(!pipeline);
	igt_assert(encoding);
	igt_assert(kms_prop(kms.fd, kms.primary, "COLOR_PIPELINE", NULL));
}

static void test_all_planes(void)
{
	static const uint64_t types[] = {
		DRM_COLOROP_1D_CURVE, DRM_COLOROP_1D_LUT, DRM_COLOROP_MULTIPLIER,
		DRM_COLOROP_CTM_3X4, DRM_COLOROP_CTM_3X4, DRM_COLOROP_1D_CURVE,
		DRM_COLOROP_1D_LUT, DRM_COLOROP_3D_LUT, DRM_COLOROP_1D_CURVE,
	};
	uint32_t planes[2 + KMS_OVERLAYS] = { kms.primary, kms.cursor };

	memcpy(planes + 2, kms.overlay, sizeof(kms.overlay));
	for (int p = 0; p < 2 + kms.overlays; p++) {
		struct pipeline pipeline;
		uint64_t value = 0;

		find_pipeline(planes[p], &pipeline);
		igt_assert_eq(pipeline.steps, sizeof(types) / sizeof(types[0]));
		for (int i = 0; i < pipeline.steps; i++) {
			igt_assert_eq(pipeline.type[i], types[i]);
			igt_assert(kms_prop(kms.fd, pipeline.step[i], "BYPASS", &value));
			igt_assert_eq(value, 1);
		}
		igt_assert(kms_prop(kms.fd, step_of(&pipeline, DRM_COLOROP_1D_LUT, 0), "SIZE", &value));
		igt_assert_eq(value, LUT_ENTRIES);
		igt_assert(kms_prop(kms.fd, step_of(&pipeline, DRM_COLOROP_3D_LUT, 0), "SIZE", &value));
		igt_assert_eq(value, LUT3D_SIZE);
	}
}

static void test_steps(void)
{
	/* Red, green and blue go round, and half is added to blue. */
	static const int round[12] = { 0, 0, 4, 0, 4, 0, 0, 0, 0, 4, 0, 2 };
	static struct drm_color_lut32 lut[LUT_ENTRIES];
	static struct drm_color_lut32 lut3d[LUT3D_SIZE * LUT3D_SIZE * LUT3D_SIZE];
	struct setting matrix = { DRM_COLOROP_CTM_3X4, 1, "DATA", matrix_new(round) };
	/* 0x80 is 0.2159 in light: 0x37. */
	struct setting curve = { DRM_COLOROP_1D_CURVE, 0, "CURVE_1D_TYPE", 0 };
	struct setting multiplier = { DRM_COLOROP_MULTIPLIER, 0, "MULTIPLIER", ONE * 5 / 2 };

	assert_makes(&matrix, 0x204060, 0x6020c0);
	assert_makes(&curve, 0x8000ff, 0x3700ff);
	assert_makes(&multiplier, 0x204080, 0x50a0ff);

	/* A negative: each channel of its own table. */
	for (uint32_t i = 0; i < LUT_ENTRIES; i++) {
		lut[i].red = UINT_MAX - (uint64_t)i * UINT_MAX / (LUT_ENTRIES - 1);
		lut[i].green = (uint64_t)i * UINT_MAX / (LUT_ENTRIES - 1);
		lut[i].blue = UINT_MAX;
	}
	assert_makes(&(struct setting){ DRM_COLOROP_1D_LUT, 1, "DATA", blob_new(lut, sizeof(lut)) },
		     0x204060, 0xdf40ff);

	/* Red and blue change places; red is the innermost index. */
	for (uint32_t i = 0; i < LUT3D_SIZE * LUT3D_SIZE * LUT3D_SIZE; i++) {
		uint64_t step = UINT_MAX / (LUT3D_SIZE - 1.0);

		lut3d[i].blue = i % LUT3D_SIZE * step;
		lut3d[i].green = i / LUT3D_SIZE % LUT3D_SIZE * step;
		lut3d[i].red = i / LUT3D_SIZE / LUT3D_SIZE * step;
	}
	assert_makes(&(struct setting){ DRM_COLOROP_3D_LUT, 0, "DATA",
					blob_new(lut3d, sizeof(lut3d)) }, 0x123456, 0x563412);
}

/* Each with a pipeline of its own, and what is below with none. */
static void test_several_planes(void)
{
	static const int no_red[12] = { 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0 };
	static const int negative[12] = { -4, 0, 0, 4, 0, -4, 0, 4, 0, 0, -4, 4 };
	struct setting settings[] = {
		{ DRM_COLOROP_CTM_3X4, 0, "DATA", matrix_new(no_red) },
		{ DRM_COLOROP_CTM_3X4, 0, "DATA", matrix_new(negative) },
		{ DRM_COLOROP_MULTIPLIER, 0, "MULTIPLIER", 2 * ONE },
	};
	static const uint32_t expected[] = { 0x003040, 0xdfcfbf, 0x406080 };
	uint32_t planes[] = { kms.overlay[0], kms.overlay[1], kms.cursor };
	struct kms_fb fb, painted[3];
	uint32_t crc;

	igt_require(kms.overlays >= 2 && kms.cursor);
	fb_new(&fb, 0xff203040);
	for (int i = 0; i < 3; i++) {
		fb_new(&painted[i], 0xff000000 | expected[i]);
		igt_assert_eq(kms_show(&kms, planes[i], &painted[i], KMS_AT(i * 40, i * 30), 0), 0);
	}
	crc = kms_crc(&kms);
	for (int i = 0; i < 3; i++)
		igt_assert_eq(kms_show(&kms, planes[i], &fb, KMS_AT(i * 40, i * 30), 0), 0);
	igt_assert(kms_crc(&kms) != crc);
	for (int i = 0; i < 3; i++)
		igt_assert_eq(set(planes[i], &settings[i], 0), 0);
	igt_assert_eq(kms_crc(&kms), crc);

	for (int i = 0; i < 3; i++) {
		reset(planes[i]);
		igt_assert_eq(kms_show(&kms, planes[i], NULL, KMS_AT(0, 0), 0), 0);
		kms_fb_free(&kms, &painted[i]);
	}
	kms_fb_free(&kms, &fb);
}

/* A pipeline is the plane's until it is changed, whatever else a commit is about. */
static void test_stays(void)
{
	struct setting curve = { DRM_COLOROP_1D_CURVE, 0, "CURVE_1D_TYPE", 0 };
	struct kms_place at = KMS_AT(10, 20);
	uint32_t expected = crc_of(0x3737ff);
	struct kms_fb fb, other;

	fb_new(&fb, 0x8080ff);
	fb_new(&other, 0x8080ff);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, at, 0), 0);
	igt_assert_eq(set(kms.overlay[0], &curve, 0), 0);
	/* Another plane, this one's next buffer, away and back, off and on. */
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	igt_assert_eq(kms_crc(&kms), expected);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &other, at, 0), 0);
	igt_assert_eq(kms_crc(&kms), expected);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &other, KMS_AT(-SIZE, 0), 0), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &other, at, 0), 0);
	igt_assert_eq(kms_crc(&kms), expected);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, at, 0), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, at, 0), 0);
	igt_assert_eq(kms_crc(&kms), expected);
	igt_assert_eq(kms_off(&kms), 0);
	igt_assert_eq(kms_modeset(&kms, &screen), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, at, 0), 0);
	igt_assert_eq(kms_crc(&kms), expected);

	reset(kms.overlay[0]);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, at, 0), 0);
	kms_fb_free(&kms, &fb);
	kms_fb_free(&kms, &other);
}

/* Chosen, but every step bypassed: nothing happens, whatever data the steps have. */
static void test_bypass(void)
{
	static const int none[12] = { 0 };
	struct setting black = { DRM_COLOROP_CTM_3X4, 0, "DATA", matrix_new(none) };
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	uint32_t plain = crc_of(0x204060), empty = crc_of(0);
	struct pipeline pipeline;
	struct kms_fb fb;

	find_pipeline(kms.overlay[0], &pipeline);
	fb_new(&fb, 0x204060);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, KMS_AT(10, 20), 0), 0);
	igt_assert_eq(set(kms.overlay[0], &black, 0), 0);
	igt_assert_eq(kms_crc(&kms), empty);
	kms_add(&kms, req, step_of(&pipeline, DRM_COLOROP_CTM_3X4, 0), "BYPASS", 1);
	igt_assert_eq(kms_commit(&kms, req, 0), 0);
	igt_assert_eq(kms_crc(&kms), plain);
	/* And a pipeline that is not chosen may be set as it likes. */
	req = drmModeAtomicAlloc();
	kms_add(&kms, req, kms.overlay[0], "COLOR_PIPELINE", 0);
	kms_add(&kms, req, step_of(&pipeline, DRM_COLOROP_CTM_3X4, 0), "BYPASS", 0);
	igt_assert_eq(kms_commit(&kms, req, 0), 0);
	igt_assert_eq(kms_crc(&kms), plain);

	reset(kms.overlay[0]);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &fb);
}

/* A protected plane's colours are made as an ordinary one's. */
static void test_protected(uint32_t format)
{
	static const int round[12] = { 0, 0, 4, 0, 4, 0, 0, 0, 0, 2, 0, 1 };
	struct setting settings[] = {
		{ DRM_COLOROP_1D_CURVE, 0, "CURVE_1D_TYPE", 0 },
		{ DRM_COLOROP_CTM_3X4, 0, "DATA", matrix_new(round) },
		{ DRM_COLOROP_1D_CURVE, 1, "CURVE_1D_TYPE", 1 },
	};
	static uint32_t pixels[SIZE * SIZE];
	struct kms_fb ordinary, protected;
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	uint32_t plain, coloured;

	for (int i = 0; i < SIZE * SIZE; i++)
		pixels[i] = (i + 1) * 2654435761u;
	igt_assert_eq(kms_fb_ordinary(&kms, &ordinary, format, SIZE, SIZE, pixels), 0);
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, format, SIZE, SIZE, pixels), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &ordinary, KMS_AT(10, 20), 0), 0);
	plain = kms_crc(&kms);
	add_reset(req, kms.overlay[0], true);
	for (int i = 0; i < 3; i++)
		add_setting(req, kms.overlay[0], &settings[i]);
	igt_assert_eq(kms_commit(&kms, req, 0), 0);
	coloured = kms_crc(&kms);
	igt_assert(coloured != plain);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &protected, KMS_AT(10, 20), 0), 0);
	igt_assert_eq(kms_crc(&kms), coloured);
	reset(kms.overlay[0]);
	igt_assert_eq(kms_crc(&kms), plain);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &ordinary);
	kms_fb_free(&kms, &protected);
}

/* A matrix that makes white of all makes no white of what may not be seen. */
static void test_blanked(void)
{
	static const int white[12] = { 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4 };
	struct setting setting = { DRM_COLOROP_CTM_3X4, 0, "DATA", matrix_new(white) };
	uint32_t black = crc_of(0), shown = crc_of(0xffffff);
	static uint32_t pixels[SIZE * SIZE];
	struct kms_fb protected;

	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE,
				       pixels), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &protected, KMS_AT(10, 20), 0), 0);
	igt_assert_eq(set(kms.overlay[0], &setting, 0), 0);
	igt_assert_eq(kms_crc(&kms), shown);
	igt_assert_eq(secure_revoke(kms.secure, CARVEOUT_NAME), 0);
	igt_assert_eq(kms_crc(&kms), black);
	igt_assert_eq(secure_restore(kms.secure, CARVEOUT_NAME), 0);
	igt_assert_eq(kms_crc(&kms), black);
	reset(kms.overlay[0]);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &protected);
}

/* As TEST_ONLY, and then: by the same errno, and nothing is changed. */
static void assert_refused(const struct setting *setting, uint32_t crc)
{
	struct pipeline pipeline;
	uint64_t bypass = 0;

	find_pipeline(kms.overlay[0], &pipeline);
	igt_assert_eq(set(kms.overlay[0], setting, DRM_MODE_ATOMIC_TEST_ONLY), -EINVAL);
	igt_assert_eq(set(kms.overlay[0], setting, 0), -EINVAL);
	igt_assert(kms_prop(kms.fd, step_of(&pipeline, setting->type, setting->n), "BYPASS",
			    &bypass));
	igt_assert_eq(bypass, 1);
	igt_assert_eq(kms_crc(&kms), crc);
}

static void test_refused(void)
{
	static char zeroes[(LUT_ENTRIES + 1) * sizeof(struct drm_color_lut32)];
	const size_t lut = LUT_ENTRIES * sizeof(struct drm_color_lut32);
	struct drm_color_ctm_3x4 large = { .matrix[7] = 4096 * ONE + 1 };
	struct drm_color_ctm_3x4 small = { .matrix[11] = 1ull << 63 | (4096 * ONE + 1) };
	struct drm_color_ctm_3x4 most = { .matrix = { 4096 * ONE, 1ull << 63 | 4096 * ONE } };
	const struct setting refused[] = {
		{ DRM_COLOROP_CTM_3X4, 0, "DATA", 0 },
		{ DRM_COLOROP_CTM_3X4, 1, "DATA", blob_new(&large, sizeof(large)) },
		{ DRM_COLOROP_CTM_3X4, 1, "DATA", blob_new(&small, sizeof(small)) },
		{ DRM_COLOROP_CTM_3X4, 1, "DATA", blob_new(zeroes, sizeof(large) - 8) },
		{ DRM_COLOROP_MULTIPLIER, 0, "MULTIPLIER", 4096 * ONE + 1 },
		{ DRM_COLOROP_MULTIPLIER, 0, "MULTIPLIER", ~0ull },
		{ DRM_COLOROP_1D_LUT, 0, "DATA", 0 },
		{ DRM_COLOROP_1D_LUT, 0, "DATA", blob_new(zeroes, lut - 16) },
		{ DRM_COLOROP_1D_LUT, 1, "DATA", blob_new(zeroes, lut + 16) },
		{ DRM_COLOROP_3D_LUT, 0, "DATA", 0 },
		{ DRM_COLOROP_3D_LUT, 0, "DATA", blob_new(zeroes, lut) },
		{ DRM_COLOROP_1D_CURVE, 0, "CURVE_1D_TYPE", 8 },
	};
	const struct setting accepted[] = {
		{ DRM_COLOROP_CTM_3X4, 0, "DATA", blob_new(&most, sizeof(most)) },
		{ DRM_COLOROP_MULTIPLIER, 0, "MULTIPLIER", 4096 * ONE },
		{ DRM_COLOROP_1D_CURVE, 2, "CURVE_1D_TYPE", 7 },
	};
	uint32_t plain = crc_of(0x204060);
	struct kms_fb fb;

	fb_new(&fb, 0x204060);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, KMS_AT(10, 20), 0), 0);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_refused(&refused[i], plain);
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		igt_assert_eq(set(kms.overlay[0], &accepted[i], DRM_MODE_ATOMIC_TEST_ONLY), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(0, 0), 0), 0);
	/* While it is off, too: who puts it on may not see pipelines, and is not to fail. */
	plain = kms_crc(&kms);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_refused(&refused[i], plain);
	kms_fb_free(&kms, &fb);
}

/* Nor another plane's pipeline, nor one that begins in the middle. */
static void test_foreign_pipeline(void)
{
	struct pipeline own, other;

	find_pipeline(kms.overlay[0], &own);
	find_pipeline(kms.primary, &other);
	for (int i = 0; i < 3; i++) {
		const uint64_t wrong[] = { other.step[0], own.step[1], kms.crtc };
		drmModeAtomicReq *req = drmModeAtomicAlloc();

		kms_add(&kms, req, kms.overlay[0], "COLOR_PIPELINE", wrong[i]);
		igt_assert_eq(kms_commit(&kms, req, 0), -EINVAL);
	}
}

static void test_crtc_matrix(void)
{
	struct drm_color_ctm ctm = { .matrix[8] = 1ull << 63 | (4096 * ONE + 1) };

	for (int i = 0; i < 2; i++) {
		drmModeAtomicReq *req = drmModeAtomicAlloc();

		kms_add(&kms, req, kms.crtc, "CTM", blob_new(&ctm, sizeof(ctm)));
		igt_assert_eq(kms_commit(&kms, req, i ? 0 : DRM_MODE_ATOMIC_TEST_ONLY), -EINVAL);
	}
}

igt_main()
{
	static uint32_t background[KMS_WIDTH * KMS_HEIGHT];

	igt_fixture() {
		igt_require(!mounts());
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		igt_require(kms_open(&kms) == 0);
		igt_assert_eq(drmSetClientCap(kms.fd, DRM_CLIENT_CAP_PLANE_COLOR_PIPELINE, 1), 0);
		for (int i = 0; i < KMS_WIDTH * KMS_HEIGHT; i++)
			background[i] = i * 40503u;
		igt_assert_eq(kms_fb_ordinary(&kms, &screen, DRM_FORMAT_XRGB8888, KMS_WIDTH,
					      KMS_HEIGHT, background), 0);
		igt_assert_eq(kms_modeset(&kms, &screen), 0);
	}

	igt_describe("A client that does not ask for pipelines does not see them.");
	igt_subtest("capability")
		test_capability();

	igt_describe("Every plane has one, with all its steps, bypassed.");
	igt_subtest("all-planes")
		test_all_planes();

	igt_describe("Each kind of step makes of a colour what it should.");
	igt_subtest("steps")
		test_steps();

	igt_describe("A step that is bypassed does nothing, nor does a pipeline not chosen.");
	igt_subtest("bypass")
		test_bypass();

	igt_describe("Planes have pipelines of their own, at the same time.");
	igt_subtest("several-planes")
		test_several_planes();

	igt_describe("It stays while other things change, and the plane or the screen is off.");
	igt_subtest("stays")
		test_stays();

	igt_describe("A protected plane's colours are made as an ordinary one's.");
	igt_subtest("protected-is-ordinary") {
		test_protected(DRM_FORMAT_XRGB8888);
		test_protected(DRM_FORMAT_ARGB8888);
		test_protected(DRM_FORMAT_NV12);
	}

	igt_describe("What is revoked is black, whatever the pipeline makes of black.");
	igt_subtest("blanked-is-black")
		test_blanked();

	igt_describe("Missing data, blobs of another size and factors out of range are refused.");
	igt_subtest("refused")
		test_refused();

	igt_describe("So is a pipeline that is not the plane's.");
	igt_subtest("foreign-pipeline")
		test_foreign_pipeline();

	igt_describe("A CRTC's matrix has the same range.");
	igt_subtest("crtc-matrix")
		test_crtc_matrix();

	igt_fixture() {
		kms_off(&kms);
		kms_fb_free(&kms, &screen);
		kms_close(&kms);
		close(heap);
	}
}
