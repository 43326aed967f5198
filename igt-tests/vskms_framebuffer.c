// SPDX-License-Identifier: MIT
/*
 * Framebuffers of foreign buffers: of one or several, at their offsets, with nothing read that
 * is beyond a buffer's end; and those that are refused.
 */

#include "igt.h"
#include "foreign.h"
#include "kms.h"

#define W FOREIGN_WIDTH
#define H FOREIGN_HEIGHT
#define BYTES (W * H * 4)
#define SIZE ((BYTES + 4095) & ~4095)	/* whole pages */

static struct kms kms;
static struct kms_fb screen;

/* What AddFB2 is asked for, as it would be right, and the ways in which it is wrong. */
struct request {
	uint32_t width, height, format;
	uint32_t pitch[4], offset[4];
	int buffers;		/* handles given, all of one buffer */
	uint64_t modifier;
};

static int add_fb(uint32_t handle, const struct request *request)
{
	struct drm_mode_fb_cmd2 cmd = {
		.width = request->width,
		.height = request->height,
		.pixel_format = request->format,
	};

	for (int i = 0; i < 4; i++) {
		cmd.pitches[i] = request->pitch[i];
		cmd.offsets[i] = request->offset[i];
		if (i >= request->buffers)
			continue;
		cmd.handles[i] = handle;
		if (request->modifier) {
			cmd.flags = DRM_MODE_FB_MODIFIERS;
			cmd.modifier[i] = request->modifier;
		}
	}
	if (ioctl(kms.fd, DRM_IOCTL_MODE_ADDFB2, &cmd))
		return -errno;
	drmModeRmFB(kms.fd, cmd.fb_id);
	return 0;
}

static const struct request rgb = { W, H, DRM_FORMAT_XRGB8888, { W * 4 }, {}, 1, 0 };

static void test_bad_framebuffers(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	const uint32_t whole = SIZE, spare = whole - BYTES;
	const struct request nv12 = { W, H, DRM_FORMAT_NV12, { W, W }, { 0, W * H }, 2, 0 };
	const struct request yuv420 = { W, H, DRM_FORMAT_YUV420, { W, W / 2, W / 2 },
					{ 0, W * H, W * H * 5 / 4 }, 3, 0 };
	struct held before = held();
	int buffer = buffer_new(exporter, whole, pixels);
	uint32_t handle = buffer_import(kms.fd, buffer);
	struct held imported = held();

#define WITH(base, ...) ({ struct request r = base; __VA_ARGS__; add_fb(handle, &r); })
	igt_assert_eq(WITH(rgb, ), 0);
	igt_assert_eq(WITH(nv12, ), 0);
	igt_assert_eq(WITH(yuv420, ), 0);

	/* Larger than the buffer, by a line, by what is left of a page, and by offset. */
	igt_assert_eq(WITH(rgb, r.height = H + spare / (W * 4)), 0);
	igt_assert_eq(WITH(rgb, r.height = H + spare / (W * 4) + 1), -EINVAL);
	igt_assert_eq(WITH(rgb, r.offset[0] = spare), 0);
	igt_assert_eq(WITH(rgb, r.offset[0] = spare + 4), -EINVAL);
	igt_assert_eq(WITH(rgb, r.offset[0] = whole), -EINVAL);
	igt_assert_eq(WITH(rgb, r.offset[0] = UINT32_MAX & ~3), -ERANGE);
	igt_assert_eq(WITH(nv12, r.offset[1] = whole - W * (H / 2)), 0);
	igt_assert_eq(WITH(nv12, r.offset[1] = whole - W * (H / 2) + 1), -EINVAL);
	igt_assert_eq(WITH(yuv420, r.offset[2] = whole - W / 2 * (H / 2) + 1), -EINVAL);

	/* Pitches that hold no line, or take the last one out of the buffer. */
	igt_assert_eq(WITH(rgb, r.pitch[0] = W * 4 - 1), -EINVAL);
	igt_assert_eq(WITH(rgb, r.pitch[0] = 0), -EINVAL);
	igt_assert_eq(WITH(rgb, r.pitch[0] = W * 8), -EINVAL);
	igt_assert_eq(WITH(rgb, r.pitch[0] = UINT32_MAX), -ERANGE);
	igt_assert_eq(WITH(nv12, r.pitch[1] = W - 1), -EINVAL);
	igt_assert_eq(WITH(yuv420, r.pitch[2] = W / 2 - 1), -EINVAL);

	/* Sizes that no framebuffer has. */
	igt_assert_eq(WITH(rgb, r.width = 0), -EINVAL);
	igt_assert_eq(WITH(rgb, r.height = 0), -EINVAL);
	igt_assert_eq(WITH(rgb, r.width = 8193), -EINVAL);
	igt_assert_eq(WITH(rgb, r.height = 8193), -EINVAL);

	/* Formats that are none, or none of the display's. */
	igt_assert_eq(WITH(rgb, r.format = 0x30313233), -EINVAL);
	igt_assert_eq(WITH(rgb, r.format = DRM_FORMAT_XRGB2101010), -EINVAL);
	igt_assert_eq(WITH(rgb, r.modifier = DRM_FORMAT_MOD_ARM_16X16_BLOCK_U_INTERLEAVED), -EINVAL);
	igt_assert_eq(WITH(rgb, r.modifier = DRM_FORMAT_MOD_INVALID), -EINVAL);

	/* Too few buffers. */
	igt_assert_eq(WITH(rgb, r.buffers = 0), -EINVAL);
	igt_assert_eq(WITH(nv12, r.buffers = 1), -EINVAL);
	igt_assert_eq(WITH(yuv420, r.buffers = 2), -EINVAL);
#undef WITH
	assert_held(imported);

	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	igt_assert_eq(add_fb(handle, &rgb), -ENOENT);
	close(buffer);
	assert_held(before);
}

static void test_small_buffer(enum exporter exporter)
{
	static uint32_t page[1024];
	struct held before = held();
	int buffer = buffer_new(exporter, 4096, page);
	uint32_t handle = buffer_import(kms.fd, buffer);

	igt_assert_eq(add_fb(handle, &rgb), -EINVAL);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	close(buffer);
	assert_held(before);
}

/*
 * Each memory plane in a buffer of its own, at an offset of its own, shows what all of them do
 * in one. The offsets are not whole pages, and before them lies something else.
 */
static void test_several_buffers(enum exporter exporter, uint32_t format)
{
	static unsigned char data[W * H * 3], page[W * H * 2 + 8192];
	struct held before = held();
	struct kms_fb fb;
	uint32_t expected;
	size_t from = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = 16 + (i * 7 + i / 61) % 220;
	expected = foreign_expected(&kms, format, data);

	kms_fb_init(&fb, format, W, H);
	for (int i = 0; i < KMS_PLANES && fb.size[i]; i++) {
		fb.offset[i] = 256 + 1040 * i;
		memset(page, 0x77, sizeof(page));
		memcpy(page + fb.offset[i], data + from, fb.size[i]);
		from += fb.size[i];
		fb.dmabuf[i] = buffer_new(exporter, (fb.offset[i] + fb.size[i] + 4095) & ~4095,
					  page);
		fb.handle[i] = buffer_import(kms.fd, fb.dmabuf[i]);
	}
	igt_assert_eq(kms_add_fb(&kms, &fb), 0);
	igt_assert_eq(foreign_show(&kms, fb.id), expected);
	foreign_hide(&kms);
	kms_fb_free(&kms, &fb);
	assert_held(before);
}

/* One that is protected and one that is not, and the screen shows both. */
static void test_mixed_buffers(void)
{
	static unsigned char data[W * H * 2];
	struct held before = held();
	struct kms_fb fb;
	uint32_t expected;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = 16 + (i * 11 + i / 53) % 220;
	expected = foreign_expected(&kms, DRM_FORMAT_NV12, data);
	for (int protected = 0; protected < 2; protected++) {
		kms_fb_init(&fb, DRM_FORMAT_NV12, W, H);
		for (int i = 0; i < 2; i++) {
			fb.dmabuf[i] = buffer_new(i == protected ? PROTECTED : SYSTEM,
						  (fb.size[i] + 4095) & ~4095,
						  data + (i ? fb.size[0] : 0));
			fb.handle[i] = buffer_import(kms.fd, fb.dmabuf[i]);
		}
		igt_assert_eq(kms_add_fb(&kms, &fb), 0);
		igt_assert_eq(foreign_show(&kms, fb.id), expected);
		foreign_hide(&kms);
		kms_fb_free(&kms, &fb);
	}
	assert_held(before);
}

igt_main()
{
	igt_fixture()
		foreign_begin(&kms, &screen);

	for (int e = 0; e < EXPORTERS; e++) {
		igt_describe("Framebuffers that would not fit the buffer are refused.");
		igt_subtest(exporter_subtest("bad-framebuffers", e))
			test_bad_framebuffers(e);

		igt_describe("So is one that is smaller than the framebuffer as a whole.");
		igt_subtest(exporter_subtest("small-buffer", e))
			test_small_buffer(e);

		igt_describe("YUV in several buffers, each at its own offset.");
		igt_subtest(exporter_subtest("several-buffers", e)) {
			test_several_buffers(e, DRM_FORMAT_NV12);
			test_several_buffers(e, DRM_FORMAT_P010);
			test_several_buffers(e, DRM_FORMAT_YUV420);
			test_several_buffers(e, DRM_FORMAT_YVU420);
		}
	}

	igt_describe("YUV with one protected buffer.");
	igt_subtest("mixed-buffers")
		test_mixed_buffers();

	igt_fixture()
		kms_end(&kms, &screen);
}
