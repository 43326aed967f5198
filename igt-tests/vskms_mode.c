// SPDX-License-Identifier: MIT
/*
 * Modes: those whose frames take no time that a display could have are refused, and the panel has
 * the size that the module is asked for, which its EDID tells.
 *
 * The module is loaded anew, and left as it comes.
 */

#include <unistd.h>

#include "igt.h"
#include "kms.h"

static struct kms kms;
static struct kms_fb screen;
static uint32_t background[KMS_WIDTH * KMS_HEIGHT];

/* 640x480 at 60 Hz, to be made worse. */
static const struct drm_mode_modeinfo usual = {
	.hdisplay = KMS_WIDTH, .hsync_start = 656, .hsync_end = 752, .htotal = 800,
	.vdisplay = KMS_HEIGHT, .vsync_start = 490, .vsync_end = 492, .vtotal = 525,
	.clock = 25200,
	.vrefresh = 60,
};

/* What the display says of @mode in a commit, and in one that only asks. */
static int commit_mode(const struct drm_mode_modeinfo *mode)
{
	static const uint32_t flags[] = { DRM_MODE_ATOMIC_TEST_ONLY, 0 };
	uint32_t blob = 0;
	int ret[2];

	igt_assert_eq(drmModeCreatePropertyBlob(kms.fd, mode, sizeof(*mode), &blob), 0);
	for (int i = 0; i < 2; i++) {
		drmModeAtomicReq *req = drmModeAtomicAlloc();

		kms_add(&kms, req, kms.crtc, "MODE_ID", blob);
		ret[i] = kms_commit(&kms, req, flags[i] | DRM_MODE_ATOMIC_ALLOW_MODESET);
	}
	drmModeDestroyPropertyBlob(kms.fd, blob);
	igt_assert_eq(ret[1], ret[0]);
	return ret[0];
}

/* And by SETCRTC, where it is to say the same. */
static int set_mode(const struct drm_mode_modeinfo *mode)
{
	int committed = commit_mode(mode), ret;
	drmModeModeInfo legacy;

	igt_assert_eq(sizeof(legacy), sizeof(*mode));
	memcpy(&legacy, mode, sizeof(legacy));
	ret = drmModeSetCrtc(kms.fd, kms.crtc, screen.id, 0, 0, &kms.connector, 1, &legacy) ?
	      -errno : 0;
	igt_assert_eq(ret, committed);
	return ret;
}

/* What is worse of each; 0 is as usual. */
static const struct {
	uint16_t htotal, vtotal, vscan;
	uint32_t flags, clock;
} timeless[] = {
	/* Of 512 lines of 128 scans each, and of twice 32768 lines, 16 bits have none left. */
	{ .htotal = 1024, .vtotal = 512, .vscan = 128, .clock = 31457 },
	{ .vtotal = 32768, .flags = DRM_MODE_FLAG_DBLSCAN, .clock = 1572864 },
	/* Of these, one. */
	{ .vtotal = 65535, .vscan = 65535, .clock = 3145680 },
	/* More pixels than an int counts. */
	{ .htotal = 65535, .vtotal = 65535, .clock = 5000000 },
	/* Half a frame is none. */
	{ .flags = DRM_MODE_FLAG_INTERLACE },
};

static void test_no_time(void)
{
	struct drm_mode_modeinfo mode = usual;

	igt_assert_eq(set_mode(&mode), 0);
	for (size_t i = 0; i < sizeof(timeless) / sizeof(timeless[0]); i++) {
		mode = usual;
		mode.htotal = timeless[i].htotal ?: usual.htotal;
		mode.vtotal = timeless[i].vtotal ?: usual.vtotal;
		mode.clock = timeless[i].clock ?: usual.clock;
		mode.vscan = timeless[i].vscan;
		mode.flags = timeless[i].flags;
		igt_assert_eq(set_mode(&mode), -EINVAL);
	}
	/* A thousand frames a second are enough, and one is the least. */
	mode = usual;
	mode.clock = 800 * 525 * 1001 / 1000 - 1;
	igt_assert_eq(set_mode(&mode), 0);
	/* To the core it is the same mode as that, and so none to be checked. */
	igt_assert_eq(set_mode(&usual), 0);
	mode.clock++;
	igt_assert_eq(set_mode(&mode), -EINVAL);
	mode.clock = 800 * 525 / 1000 - 1;
	igt_assert_eq(set_mode(&mode), -EINVAL);

	/* Nothing of it is left. */
	igt_assert_eq(kms_modeset(&kms, &screen), 0);
	kms_crc(&kms);
}

/* Two pictures in a frame, of which one would be composed. SETCRTC wants a buffer for both first. */
static void test_stereo(void)
{
	static const uint32_t layouts[] = {
		DRM_MODE_FLAG_3D_FRAME_PACKING, DRM_MODE_FLAG_3D_SIDE_BY_SIDE_FULL,
		DRM_MODE_FLAG_3D_TOP_AND_BOTTOM,
	};

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		struct drm_mode_modeinfo mode = usual;

		mode.flags = layouts[i];
		igt_assert_eq(commit_mode(&mode), -EINVAL);
	}
	igt_assert_eq(kms_modeset(&kms, &screen), 0);
}

/*
 * The connector's EDID is one, of this driver, and its timing is of that size, if it can tell of
 * any that large.
 */
static void check_edid(uint32_t width, uint32_t height, bool told)
{
	static const uint8_t magic[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
	drmModePropertyBlobRes *blob;
	const uint8_t *edid, *timing;
	uint64_t value = 0;
	uint8_t sum = 0;

	igt_assert(kms_prop(kms.fd, kms.connector, "EDID", &value));
	blob = drmModeGetPropertyBlob(kms.fd, value);
	igt_assert(blob);
	igt_assert_eq(blob->length, 128);
	edid = blob->data;
	timing = edid + 54;
	igt_assert(!memcmp(edid, magic, sizeof(magic)));
	igt_assert(!memcmp(edid + 77, "vskms\n", 6));
	for (int i = 0; i < 128; i++)
		sum += edid[i];
	igt_assert_eq(sum, 0);
	igt_assert_eq(timing[0] || timing[1], told);
	igt_assert_eq((timing[4] & 0xf0) << 4 | timing[2], told ? width : 0);
	igt_assert_eq((timing[7] & 0xf0) << 4 | timing[5], told ? height : 0);
	drmModeFreePropertyBlob(blob);
}

static void test_panel(uint32_t width, uint32_t height, bool told)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	drmModeConnector *connector;
	char parameters[64];
	uint32_t blob = 0;

	snprintf(parameters, sizeof(parameters), "mode=%ux%u", width, height);
	igt_assert_eq(kms_reload(parameters), 0);
	igt_assert_eq(kms_open(&kms), 0);
	connector = drmModeGetConnector(kms.fd, kms.connector);
	igt_assert(connector && connector->count_modes);
	/* The first is preferred, and no other size is. */
	igt_assert(connector->modes[0].type & DRM_MODE_TYPE_PREFERRED);
	for (int i = 0; i < connector->count_modes; i++) {
		if (!(connector->modes[i].type & DRM_MODE_TYPE_PREFERRED))
			continue;
		igt_assert_eq(connector->modes[i].hdisplay, width);
		igt_assert_eq(connector->modes[i].vdisplay, height);
	}
	check_edid(width, height, told);
	igt_assert_eq(drmModeCreatePropertyBlob(kms.fd, &connector->modes[0],
						sizeof(connector->modes[0]), &blob), 0);
	kms_add(&kms, req, kms.connector, "CRTC_ID", kms.crtc);
	kms_add(&kms, req, kms.crtc, "MODE_ID", blob);
	kms_add(&kms, req, kms.crtc, "ACTIVE", 1);
	igt_assert_eq(kms_commit(&kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET), 0);
	drmModeFreeConnector(connector);
	igt_assert_eq(kms_off(&kms), 0);
	kms_close(&kms);
}

/* Who asks for what is known of a connector, and not for a probe, is told as well. */
static void test_known(void)
{
	drmModeConnector *connector;
	drmModeRes *res;
	int fd;

	igt_assert_eq(kms_reload(""), 0);
	fd = kms_card();
	igt_assert(fd >= 0);
	res = drmModeGetResources(fd);
	igt_assert(res && res->count_connectors == 1);
	connector = drmModeGetConnectorCurrent(fd, res->connectors[0]);
	igt_assert(connector);
	igt_assert_eq(connector->connection, DRM_MODE_CONNECTED);
	igt_assert(connector->count_modes);
	igt_assert_eq(connector->modes[0].hdisplay, 1024);
	igt_assert_eq(connector->modes[0].vdisplay, 768);
	igt_assert(connector->mmWidth);
	drmModeFreeConnector(connector);
	drmModeFreeResources(res);
	close(fd);
}

igt_main()
{
	igt_fixture() {
		igt_require(!mounts());
		kms_fill(background, KMS_WIDTH * KMS_HEIGHT, 0);
		kms_begin(&kms, &screen, background);
	}

	igt_describe("A frame of no time, or of more than a second, is no mode.");
	igt_subtest("no-time-refused")
		test_no_time();

	igt_describe("So is a mode of two pictures, for two eyes.");
	igt_subtest("stereo-refused")
		test_stereo();

	igt_fixture()
		kms_end(&kms, &screen);

	igt_describe("The preferred mode is of the size that was asked for, whatever it is.");
	igt_subtest("panel-size") {
		static const struct {
			uint32_t width, height;
			bool told;	/* by the EDID, whose timing has 12 bits for each */
		} panels[] = {
			{ 1024, 768, true }, { 1366, 768, true }, { 1170, 2532, true },
			{ 33, 17, true }, { 5120, 2880, false }, { 7680, 4320, false },
			{ 8192, 8192, false },
		};

		for (size_t i = 0; i < sizeof(panels) / sizeof(panels[0]); i++)
			test_panel(panels[i].width, panels[i].height, panels[i].told);
	}

	igt_describe("Its modes are known from the beginning, without a probe.");
	igt_subtest("known-without-a-probe")
		test_known();

	igt_fixture()
		igt_assert_eq(kms_reload(""), 0);
}
