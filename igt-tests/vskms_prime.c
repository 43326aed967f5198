// SPDX-License-Identifier: MIT
/*
 * Foreign buffers: how they come to the display by PRIME, are shown, and go without a trace,
 * whatever is closed first; and what is refused.
 */

#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define W 160
#define H 120
#define BYTES (W * H * 4)

static struct kms kms;
static struct kms_fb screen;
static int heap;

static const char *const gauges[] = { "buffers", "bytes", "attachments", "mappings", "windows" };
#define GAUGES (sizeof(gauges) / sizeof(gauges[0]))

struct held {
	long long now[GAUGES];
};

static struct held held(void)
{
	struct held held;

	for (size_t i = 0; i < GAUGES; i++)
		held.now[i] = ledger_now("total", gauges[i]);
	return held;
}

/* The ledger is back where it was; the last steps are the driver's, in its own time. */
static void assert_held(struct held before)
{
	for (int tries = 0; tries < 100; tries++) {
		struct held now = held();

		if (!memcmp(&now, &before, sizeof(now)))
			break;
		usleep(20000);
	}
	for (size_t i = 0; i < GAUGES; i++)
		igt_assert_eq(ledger_now("total", gauges[i]), before.now[i]);
	igt_assert_eq(ledger_imbalances(), 0);
}

static void fill(void *data, size_t bytes, uint32_t seed)
{
	for (size_t i = 0; i < bytes / 4; i++)
		((uint32_t *)data)[i] = (i + seed) * 2654435761u;
}

/* Who exports a buffer that is to be shown. */
enum exporter { PROTECTED, SYSTEM, UDMABUF, VGEM, EXPORTERS };

static int udmabuf_new(size_t len, const void *data)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = len };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memory = memfd_create("vskms", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	int fd;

	igt_require(node >= 0);
	igt_assert(memory >= 0);
	igt_assert_eq(ftruncate(memory, len), 0);
	igt_assert_eq(pwrite(memory, data, len, 0), len);
	igt_assert_eq(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	create.memfd = memory;
	fd = ioctl(node, UDMABUF_CREATE, &create);
	igt_assert(fd >= 0);
	close(memory);
	close(node);
	return fd;
}

static int vgem_open(void)
{
	int vgem = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);

	igt_require(vgem >= 0);
	return vgem;
}

static int vgem_new(size_t len, const void *data)
{
	struct drm_mode_create_dumb create = { .width = len / 4, .height = 1, .bpp = 32 };
	struct drm_mode_map_dumb map = {};
	int vgem = vgem_open();
	int fd = -1;
	void *p;

	igt_assert_eq(ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create), 0);
	map.handle = create.handle;
	igt_assert_eq(ioctl(vgem, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	p = mmap(NULL, len, PROT_WRITE, MAP_SHARED, vgem, map.offset);
	igt_assert(p != MAP_FAILED);
	memcpy(p, data, len);
	munmap(p, len);
	igt_assert_eq(drmPrimeHandleToFD(vgem, create.handle, O_RDWR | O_CLOEXEC, &fd), 0);
	close(vgem);
	return fd;
}

static int system_new(size_t len, const void *data)
{
	int node = heap_open(SYSTEM_HEAP);
	int fd;
	void *p;

	igt_require(node >= 0);
	fd = heap_alloc(node, len);
	close(node);
	igt_assert(fd >= 0);
	p = mmap(NULL, len, PROT_WRITE, MAP_SHARED, fd, 0);
	igt_assert(p != MAP_FAILED);
	memcpy(p, data, len);
	munmap(p, len);
	return fd;
}

static int protected_new(size_t len, const void *data)
{
	int fd = heap_alloc(heap, len);

	igt_assert(fd >= 0);
	igt_assert_eq(secure_inject(kms.secure, fd, 0, len, data), 0);
	return fd;
}

/* A dma-buf of whole pages that begins with @data; the caller closes it. */
static int buffer_new(enum exporter exporter, size_t len, const void *data)
{
	int (*const makers[])(size_t, const void *) = {
		[PROTECTED] = protected_new,
		[SYSTEM] = system_new,
		[UDMABUF] = udmabuf_new,
		[VGEM] = vgem_new,
	};

	return makers[exporter](len, data);
}

static uint32_t import(int card, int buffer)
{
	uint32_t handle = 0;

	igt_assert_eq(drmPrimeFDToHandle(card, buffer, &handle), 0);
	igt_assert(handle);
	return handle;
}

/* A framebuffer of XRGB8888 on @card; 0, or a negative errno and nothing made. */
static int fb_of(int card, uint32_t handle, uint32_t *id)
{
	uint32_t handles[4] = { handle }, pitches[4] = { W * 4 }, offsets[4] = {};

	*id = 0;
	return drmModeAddFB2(card, W, H, DRM_FORMAT_XRGB8888, handles, pitches, offsets, id, 0) ?
	       -errno : 0;
}

static uint32_t crc_with(uint32_t id)
{
	struct kms_fb fb = { .id = id, .width = W, .height = H };

	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, KMS_AT(30, 40),
			       DRM_MODE_ATOMIC_TEST_ONLY), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, KMS_AT(30, 40), 0), 0);
	return kms_crc(&kms);
}

static void hide(void)
{
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(0, 0), 0), 0);
}

/* The CRC of @data in a dumb buffer. */
static uint32_t crc_of(uint32_t format, const void *data)
{
	struct kms_fb fb;
	uint32_t crc;

	igt_assert_eq(kms_fb_ordinary(&kms, &fb, format, W, H, data), 0);
	crc = crc_with(fb.id);
	hide();
	kms_fb_free(&kms, &fb);
	return crc;
}

static void test_reimport(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();
	int buffer = buffer_new(exporter, (BYTES + 4095) & ~4095, pixels);
	int again = dup(buffer);
	uint32_t handle = import(kms.fd, buffer), id;

	igt_assert_eq(import(kms.fd, buffer), handle);
	igt_assert_eq(import(kms.fd, again), handle);
	close(again);
	/* One handle, so one close. */
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	igt_assert_eq(fb_of(kms.fd, handle, &id), -ENOENT);
	igt_assert(drmCloseBufferHandle(kms.fd, handle) != 0);
	/* And it can come again, while its old object may still be going. */
	for (int i = 0; i < 50; i++) {
		handle = import(kms.fd, buffer);
		igt_assert_eq(fb_of(kms.fd, handle, &id), 0);
		igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
		igt_assert_eq(drmModeRmFB(kms.fd, id), 0);
	}
	close(buffer);
	assert_held(before);
}

/* Handles are a file's own: each has its mapping, and loses none to the other. */
static void test_two_clients(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();
	int other = kms_card();
	uint32_t handle, others, id, expected;
	int buffer;

	igt_assert(other >= 0);
	fill(pixels, sizeof(pixels), 3);
	expected = crc_of(DRM_FORMAT_XRGB8888, pixels);
	buffer = buffer_new(exporter, (BYTES + 4095) & ~4095, pixels);
	handle = import(kms.fd, buffer);
	others = import(other, buffer);
	if (exporter == PROTECTED)
		igt_assert_eq(ledger_now("total", "mappings"), before.now[3] + 2);
	igt_assert_eq(fb_of(kms.fd, handle, &id), 0);
	igt_assert_eq(crc_with(id), expected);
	igt_assert_eq(drmCloseBufferHandle(other, others), 0);
	igt_assert_eq(kms_crc(&kms), expected);
	/* The other file's number is none here, if it is not by chance the same. */
	others = import(other, buffer);
	close(other);
	igt_assert_eq(kms_crc(&kms), expected);
	hide();
	igt_assert_eq(drmModeRmFB(kms.fd, id), 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	close(buffer);
	assert_held(before);
}

/* What a client holds of a buffer, to be let go one by one. */
struct client {
	int card, buffer;
	uint32_t handle, id;
};

enum { FD, HANDLE, FRAMEBUFFER, FILE_, HOLDS };

static void let_go(struct client *client, int what)
{
	switch (what) {
	case FD:
		close(client->buffer);
		break;
	case HANDLE:
		if (client->card >= 0)
			igt_assert_eq(drmCloseBufferHandle(client->card, client->handle), 0);
		break;
	case FRAMEBUFFER:
		if (client->card >= 0)
			igt_assert_eq(drmModeRmFB(client->card, client->id), 0);
		break;
	case FILE_:
		close(client->card);
		client->card = -1;
		break;
	}
}

/* All 24 orders: @order is a number of the factorial system. */
static void permutation(int order, int out[HOLDS])
{
	int left[HOLDS] = { FD, HANDLE, FRAMEBUFFER, FILE_ };

	for (int i = 0; i < HOLDS; i++) {
		int n = HOLDS - i, at = order % n;

		out[i] = left[at];
		order /= n;
		memmove(left + at, left + at + 1, (n - at - 1) * sizeof(left[0]));
	}
}

static void test_close_orders(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();

	for (int order = 0; order < 24; order++) {
		struct client client = { .card = kms_card() };
		int holds[HOLDS];

		client.buffer = buffer_new(exporter, (BYTES + 4095) & ~4095, pixels);
		client.handle = import(client.card, client.buffer);
		igt_assert_eq(fb_of(client.card, client.handle, &client.id), 0);
		permutation(order, holds);
		for (int i = 0; i < HOLDS; i++)
			let_go(&client, holds[i]);
		assert_held(before);
	}
}

/* On the screen a framebuffer is enough, and when it is removed, it goes. */
static void test_close_while_shown(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();
	uint32_t empty = kms_crc(&kms), expected;

	fill(pixels, sizeof(pixels), 4);
	expected = crc_of(DRM_FORMAT_XRGB8888, pixels);
	for (int order = 0; order < 2; order++) {
		struct client client = { .card = kms.fd };

		client.buffer = buffer_new(exporter, (BYTES + 4095) & ~4095, pixels);
		client.handle = import(client.card, client.buffer);
		igt_assert_eq(fb_of(client.card, client.handle, &client.id), 0);
		igt_assert_eq(crc_with(client.id), expected);
		let_go(&client, order ? FD : HANDLE);
		igt_assert_eq(kms_crc(&kms), expected);
		let_go(&client, order ? HANDLE : FD);
		igt_assert_eq(kms_crc(&kms), expected);
		let_go(&client, FRAMEBUFFER);
		igt_assert_eq(kms_crc(&kms), empty);
		assert_held(before);
	}
}

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

static void test_bad_framebuffers(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	const uint32_t whole = (BYTES + 4095) & ~4095, spare = whole - BYTES;
	const struct request rgb = { W, H, DRM_FORMAT_XRGB8888, { W * 4 }, {}, 1, 0 };
	const struct request nv12 = { W, H, DRM_FORMAT_NV12, { W, W }, { 0, W * H }, 2, 0 };
	const struct request yuv420 = { W, H, DRM_FORMAT_YUV420, { W, W / 2, W / 2 },
					{ 0, W * H, W * H * 5 / 4 }, 3, 0 };
	struct held before = held();
	int buffer = buffer_new(exporter, whole, pixels);
	uint32_t handle = import(kms.fd, buffer);
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
	uint32_t handle = import(kms.fd, buffer), id;

	igt_assert_eq(fb_of(kms.fd, handle, &id), -EINVAL);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	close(buffer);
	assert_held(before);
}

/* Nothing but dma-bufs comes in, and nothing that is not open. */
static void test_bad_descriptors(void)
{
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);
	uint32_t handle = 0;

	igt_assert(drmPrimeFDToHandle(kms.fd, file, &handle) != 0);
	igt_assert_eq(errno, EINVAL);
	igt_assert(drmPrimeFDToHandle(kms.fd, kms.fd, &handle) != 0);
	igt_assert_eq(errno, EINVAL);
	close(file);
	igt_assert(drmPrimeFDToHandle(kms.fd, file, &handle) != 0);
	igt_assert_eq(errno, EBADF);
	igt_assert_eq(handle, 0);
}

/* Counts the calls of a kernel function; false if the kernel has no probes for that. */
static bool calls_begin(const char *function)
{
	char text[128];

	snprintf(text, sizeof(text), "p:vskms_%s %s", function, function);
	if (file_write("/sys/kernel/tracing/kprobe_events", text))
		return false;
	snprintf(text, sizeof(text), "/sys/kernel/tracing/events/kprobes/vskms_%s/enable", function);
	igt_assert_eq(file_write(text, "1"), 0);
	return true;
}

static long long calls(const char *function)
{
	char text[4096], name[64], *at;

	snprintf(name, sizeof(name), "vskms_%s", function);
	igt_assert(file_read("/sys/kernel/tracing/kprobe_profile", text, sizeof(text)) > 0);
	at = strstr(text, name);
	igt_assert(at);
	return strtoll(at + strlen(name), NULL, 10);
}

static void calls_end(const char *function)
{
	char text[128];

	snprintf(text, sizeof(text), "/sys/kernel/tracing/events/kprobes/vskms_%s/enable", function);
	file_write(text, "0");
	snprintf(text, sizeof(text), "-:vskms_%s", function);
	file_write("/sys/kernel/tracing/kprobe_events", text);
}

/*
 * Shown as a dumb buffer with the same pixels is. The CPU's access is begun and ended, as
 * often: that is what makes it see what a device wrote.
 */
static void test_shown(enum exporter exporter)
{
	static const char begin[] = "dma_buf_begin_cpu_access", end[] = "dma_buf_end_cpu_access";
	static uint32_t pixels[W * H + 1024];
	bool counted = calls_begin(begin) && calls_begin(end);
	struct held before = held();
	uint32_t handle, id, expected;
	long long began = 0;
	int buffer;

	fill(pixels, sizeof(pixels), 5 + exporter);
	expected = crc_of(DRM_FORMAT_XRGB8888, pixels);
	buffer = buffer_new(exporter, (BYTES + 4095) & ~4095, pixels);
	handle = import(kms.fd, buffer);
	igt_assert_eq(fb_of(kms.fd, handle, &id), 0);
	igt_assert_eq(crc_with(id), expected);
	hide();
	igt_assert_eq(drmModeRmFB(kms.fd, id), 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	close(buffer);
	if (counted) {
		began = calls(begin);
		for (int i = 0; i < 100 && calls(end) < began; i++)
			usleep(20000);
		igt_assert_eq(calls(begin), began);
		igt_assert_eq(calls(end), began);
		/* No CPU looks at a protected one. */
		igt_assert_eq(!began, exporter == PROTECTED);
		calls_end(begin);
		calls_end(end);
	}
	assert_held(before);
}

/* What TEST_ONLY says of a buffer, on every plane, a commit says too. */
static void test_test_only(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	uint32_t planes[] = { kms.primary, kms.overlay[0], kms.cursor };
	int buffer = buffer_new(exporter, (BYTES + 4095) & ~4095, pixels);
	uint32_t handle = import(kms.fd, buffer);
	struct kms_fb fb = { .width = W, .height = H };

	igt_assert_eq(fb_of(kms.fd, handle, &fb.id), 0);
	for (size_t i = 0; i < sizeof(planes) / sizeof(planes[0]); i++) {
		struct kms_place larger = KMS_AT(0, 0);
		uint32_t plane = planes[i];

		larger.w = W + 1;
		larger.h = H;
		if (!plane)
			continue;
		for (int flags = DRM_MODE_ATOMIC_TEST_ONLY; flags >= 0; flags -= DRM_MODE_ATOMIC_TEST_ONLY) {
			igt_assert_eq(kms_show(&kms, plane, &fb, larger, flags), -ENOSPC);
			igt_assert_eq(kms_show(&kms, plane, &fb, KMS_AT(-20, 3), flags), 0);
		}
		if (plane == kms.primary)
			igt_assert_eq(kms_show(&kms, plane, &screen, KMS_AT(0, 0), 0), 0);
		else
			igt_assert_eq(kms_show(&kms, plane, NULL, KMS_AT(0, 0), 0), 0);
	}
	igt_assert_eq(drmModeRmFB(kms.fd, fb.id), 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	close(buffer);
}

/* Not by the back door: vgem is nobody's master, and so has nothing to pass on. */
static void test_not_through_vgem(void)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();
	int vgem = vgem_open();
	int buffer = buffer_new(PROTECTED, (BYTES + 4095) & ~4095, pixels);
	long long refused = ledger_refused(CARVEOUT_NAME, "attach");
	uint32_t handle = 0;

	igt_assert(drmPrimeFDToHandle(vgem, buffer, &handle) != 0);
	igt_assert_eq(errno, EACCES);
	igt_assert_eq(handle, 0);
	igt_assert(ledger_refused(CARVEOUT_NAME, "attach") > refused);
	close(vgem);
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
	expected = crc_of(format, data);

	kms_fb_init(&fb, format, W, H);
	for (int i = 0; i < KMS_PLANES && fb.size[i]; i++) {
		fb.offset[i] = 256 + 1040 * i;
		memset(page, 0x77, sizeof(page));
		memcpy(page + fb.offset[i], data + from, fb.size[i]);
		from += fb.size[i];
		fb.dmabuf[i] = buffer_new(exporter, (fb.offset[i] + fb.size[i] + 4095) & ~4095, page);
		fb.handle[i] = import(kms.fd, fb.dmabuf[i]);
	}
	igt_assert_eq(kms_add_fb(&kms, &fb), 0);
	igt_assert_eq(crc_with(fb.id), expected);
	hide();
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
	expected = crc_of(DRM_FORMAT_NV12, data);
	for (int protected = 0; protected < 2; protected++) {
		kms_fb_init(&fb, DRM_FORMAT_NV12, W, H);
		for (int i = 0; i < 2; i++) {
			fb.dmabuf[i] = buffer_new(i == protected ? PROTECTED : SYSTEM,
						  (fb.size[i] + 4095) & ~4095,
						  data + (i ? fb.size[0] : 0));
			fb.handle[i] = import(kms.fd, fb.dmabuf[i]);
		}
		igt_assert_eq(kms_add_fb(&kms, &fb), 0);
		igt_assert_eq(crc_with(fb.id), expected);
		hide();
		kms_fb_free(&kms, &fb);
	}
	assert_held(before);
}

igt_main()
{
	static const char *const names[EXPORTERS] = { "protected", "system", "udmabuf", "vgem" };
	static uint32_t background[KMS_WIDTH * KMS_HEIGHT];
	static char name[64];

	igt_fixture() {
		igt_require(!mounts());
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		igt_require(kms_open(&kms) == 0);
		igt_require(kms.overlays);
		fill(background, sizeof(background), 0);
		igt_assert_eq(kms_fb_ordinary(&kms, &screen, DRM_FORMAT_XRGB8888, KMS_WIDTH,
					      KMS_HEIGHT, background), 0);
		igt_assert_eq(kms_modeset(&kms, &screen), 0);
	}

#define subtest(what) (snprintf(name, sizeof(name), "%s-%s", what, names[e]), name)
	for (int e = 0; e < EXPORTERS; e++) {
		igt_describe("A buffer has one handle in a file, however often it comes.");
		igt_subtest(subtest("reimport"))
			test_reimport(e);

		igt_describe("Two files have handles of their own.");
		igt_subtest(subtest("two-clients"))
			test_two_clients(e);

		igt_describe("Descriptor, handle, framebuffer and file are closed in every order.");
		igt_subtest(subtest("close-orders"))
			test_close_orders(e);

		igt_describe("What is shown stays as long as its framebuffer.");
		igt_subtest(subtest("close-while-shown"))
			test_close_while_shown(e);

		igt_describe("Framebuffers that would not fit the buffer are refused.");
		igt_subtest(subtest("bad-framebuffers"))
			test_bad_framebuffers(e);

		igt_describe("So is one that is smaller than the framebuffer as a whole.");
		igt_subtest(subtest("small-buffer"))
			test_small_buffer(e);

		igt_describe("It shows what a dumb buffer shows, and is read between begin and end.");
		igt_subtest(subtest("shown"))
			test_shown(e);

		igt_describe("TEST_ONLY and commit agree on it.");
		igt_subtest(subtest("test-only"))
			test_test_only(e);

		igt_describe("YUV in several buffers, each at its own offset.");
		igt_subtest(subtest("several-buffers")) {
			test_several_buffers(e, DRM_FORMAT_NV12);
			test_several_buffers(e, DRM_FORMAT_P010);
			test_several_buffers(e, DRM_FORMAT_YUV420);
			test_several_buffers(e, DRM_FORMAT_YVU420);
		}
	}
#undef subtest

	igt_describe("YUV with one protected buffer.");
	igt_subtest("mixed-buffers")
		test_mixed_buffers();

	igt_describe("A protected buffer does not come through vgem.");
	igt_subtest("not-through-vgem")
		test_not_through_vgem();

	igt_describe("What is no dma-buf is refused.");
	igt_subtest("bad-descriptors")
		test_bad_descriptors();

	igt_fixture() {
		kms_off(&kms);
		kms_fb_free(&kms, &screen);
		kms_close(&kms);
		close(heap);
	}
}
