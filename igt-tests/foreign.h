/* SPDX-License-Identifier: MIT */
/*
 * Foreign buffers, for tests: the kinds that there are, how they come to a card by PRIME and
 * are shown, and whether all of them have gone.
 */
#ifndef VSKMS_FOREIGN_H
#define VSKMS_FOREIGN_H

#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

/* Of the pictures in them. */
#define FOREIGN_WIDTH 160
#define FOREIGN_HEIGHT 120

/* What is held of all heaps. */
struct held {
	long long buffers, bytes, attachments, mappings, windows;
};

static inline struct held held(void)
{
	return (struct held){
		.buffers = ledger_now("total", "buffers"),
		.bytes = ledger_now("total", "bytes"),
		.attachments = ledger_now("total", "attachments"),
		.mappings = ledger_now("total", "mappings"),
		.windows = ledger_now("total", "windows"),
	};
}

/* The ledger is back where it was; the last steps are the driver's, in its own time. */
static inline void assert_held(struct held before)
{
	struct held now = held();

	for (int tries = 0; tries < 100 && memcmp(&now, &before, sizeof(now)); tries++) {
		usleep(20000);
		now = held();
	}
	igt_assert_eq(now.buffers, before.buffers);
	igt_assert_eq(now.bytes, before.bytes);
	igt_assert_eq(now.attachments, before.attachments);
	igt_assert_eq(now.mappings, before.mappings);
	igt_assert_eq(now.windows, before.windows);
	igt_assert_eq(ledger_imbalances(), 0);
}

/* Who exports a buffer that is to be shown. */
enum exporter { PROTECTED, SYSTEM, UDMABUF, VGEM, EXPORTERS };

static const char *const exporter_names[EXPORTERS] = { "protected", "system", "udmabuf", "vgem" };

/* "WHAT-protected", until the next is asked for. */
static inline const char *exporter_subtest(const char *what, enum exporter exporter)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s-%s", what, exporter_names[exporter]);
	return name;
}

/* What the tests of foreign buffers begin with: a screen, and an overlay to show them on. */
static inline void foreign_begin(struct kms *kms, struct kms_fb *screen)
{
	static uint32_t background[KMS_WIDTH * KMS_HEIGHT];

	igt_require(!mounts());
	kms_fill(background, KMS_WIDTH * KMS_HEIGHT, 0);
	kms_begin(kms, screen, background);
	igt_require(kms->overlays);
}

static inline int udmabuf_new(size_t len, const void *data)
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

static inline int vgem_open(void)
{
	int vgem = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);

	igt_require(vgem >= 0);
	return vgem;
}

static inline int vgem_new(size_t len, const void *data)
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

static inline int system_new(size_t len, const void *data)
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

static inline int protected_new(size_t len, const void *data)
{
	int secure = secure_open(), node = heap_open(CARVEOUT_HEAP);
	int fd;

	igt_require(node >= 0);
	igt_assert(secure >= 0);
	fd = heap_alloc(node, len);
	igt_assert(fd >= 0);
	igt_assert_eq(secure_inject(secure, fd, 0, len, data), 0);
	close(node);
	close(secure);
	return fd;
}

/* A dma-buf of whole pages that begins with @data; the caller closes it. */
static inline int buffer_new(enum exporter exporter, size_t len, const void *data)
{
	int (*const makers[])(size_t, const void *) = {
		[PROTECTED] = protected_new,
		[SYSTEM] = system_new,
		[UDMABUF] = udmabuf_new,
		[VGEM] = vgem_new,
	};

	return makers[exporter](len, data);
}

/* A buffer's handle on @card. */
static inline uint32_t buffer_import(int card, int buffer)
{
	uint32_t handle = 0;

	igt_assert_eq(drmPrimeFDToHandle(card, buffer, &handle), 0);
	igt_assert(handle);
	return handle;
}

/* The CRC with framebuffer @id on an overlay; it stays there. */
static inline uint32_t foreign_show(struct kms *kms, uint32_t id)
{
	struct kms_fb fb = { .id = id, .width = FOREIGN_WIDTH, .height = FOREIGN_HEIGHT };
	uint32_t overlay = kms->overlay[0];

	igt_assert_eq(kms_show(kms, overlay, &fb, KMS_AT(30, 40), DRM_MODE_ATOMIC_TEST_ONLY), 0);
	igt_assert_eq(kms_show(kms, overlay, &fb, KMS_AT(30, 40), 0), 0);
	return kms_crc(kms);
}

static inline void foreign_hide(struct kms *kms)
{
	igt_assert_eq(kms_show(kms, kms->overlay[0], NULL, KMS_AT(0, 0), 0), 0);
}

/* The CRC with @data there in a dumb buffer. */
static inline uint32_t foreign_expected(struct kms *kms, uint32_t format, const void *data)
{
	struct kms_fb fb;
	uint32_t crc;

	igt_assert_eq(kms_fb_ordinary(kms, &fb, format, FOREIGN_WIDTH, FOREIGN_HEIGHT, data), 0);
	crc = foreign_show(kms, fb.id);
	foreign_hide(kms);
	kms_fb_free(kms, &fb);
	return crc;
}

#endif
