// SPDX-License-Identifier: MIT
/*
 * Fences: a frame shows what was rendered up to the fence that it came with, implicit or
 * explicit, and until then nobody waits but that frame. vgem has fences that a test signals.
 */

#include <drm/vgem_drm.h>
#include <linux/dma-buf.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT

static struct kms kms;
static int vgem;
static struct kms_fb screen;
static uint32_t background[W * H], picture[W * H];

/* A framebuffer of vgem's memory. */
struct foreign {
	struct kms_fb fb;
	uint32_t handle;	/* vgem's */
	uint32_t *pixels;
};

static void foreign_new(struct foreign *foreign)
{
	struct drm_mode_create_dumb create = { .width = W, .height = H, .bpp = 32 };
	struct drm_mode_map_dumb map = {};

	kms_fb_init(&foreign->fb, DRM_FORMAT_XRGB8888, W, H);
	igt_assert_eq(ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create), 0);
	foreign->handle = map.handle = create.handle;
	igt_assert_eq(ioctl(vgem, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	foreign->pixels = mmap(NULL, W * H * 4, PROT_READ | PROT_WRITE, MAP_SHARED, vgem,
			       map.offset);
	igt_assert(foreign->pixels != MAP_FAILED);
	igt_assert_eq(drmPrimeHandleToFD(vgem, create.handle, O_RDWR | O_CLOEXEC,
					 &foreign->fb.dmabuf[0]), 0);
	igt_assert_eq(drmPrimeFDToHandle(kms.fd, foreign->fb.dmabuf[0], &foreign->fb.handle[0]), 0);
	igt_assert_eq(kms_add_fb(&kms, &foreign->fb), 0);
	memcpy(foreign->pixels, background, W * H * 4);
}

static void foreign_free(struct foreign *foreign)
{
	munmap(foreign->pixels, W * H * 4);
	kms_fb_free(&kms, &foreign->fb);
	drmCloseBufferHandle(vgem, foreign->handle);
}

/* Somebody renders to it, or with 0 for @flags from it. */
static uint32_t busy(const struct foreign *foreign, uint32_t flags)
{
	struct drm_vgem_fence_attach attach = { .handle = foreign->handle, .flags = flags };

	igt_assert_eq(ioctl(vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach), 0);
	return attach.out_fence;
}

static void signal(uint32_t fence)
{
	struct drm_vgem_fence_signal signal = { .fence = fence };

	igt_assert_eq(ioctl(vgem, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal), 0);
}

static bool readable(int fd, int ms)
{
	struct pollfd event = { .fd = fd, .events = POLLIN };

	return poll(&event, 1, ms) == 1;
}

/* Commits @req without waiting; its flip is to be waited for. */
static void commit(drmModeAtomicReq *req)
{
	igt_assert_eq(kms_commit(&kms, req, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT),
		      0);
}

/* The flip waits for @fence, and shows what is in the buffer then. */
static void assert_flips_after(uint32_t fence, uint32_t *pixels, uint32_t expected)
{
	char event[256];

	igt_assert(!readable(kms.fd, 200));
	memcpy(pixels, picture, W * H * 4);
	signal(fence);
	igt_assert(readable(kms.fd, 5000));
	igt_assert(read(kms.fd, event, sizeof(event)) > 0);
	igt_assert_eq(kms_crc(&kms), expected);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
}

static uint32_t crc_of_picture(void)
{
	struct kms_fb fb;
	uint32_t crc;

	igt_assert_eq(kms_fb_ordinary(&kms, &fb, DRM_FORMAT_XRGB8888, W, H, picture), 0);
	igt_assert_eq(kms_show(&kms, kms.primary, &fb, KMS_AT(0, 0), 0), 0);
	crc = kms_crc(&kms);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &fb);
	return crc;
}

static void test_implicit(void)
{
	uint32_t expected = crc_of_picture(), fence;
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	struct foreign foreign;

	foreign_new(&foreign);
	fence = busy(&foreign, VGEM_FENCE_WRITE);
	kms_add_plane(&kms, req, kms.primary, &foreign.fb, KMS_AT(0, 0));
	commit(req);
	assert_flips_after(fence, foreign.pixels, expected);
	foreign_free(&foreign);
}

/* The fence is of another buffer than the one that is shown. */
static void test_explicit(void)
{
	uint32_t expected = crc_of_picture(), fence;
	struct dma_buf_export_sync_file sync = { .flags = DMA_BUF_SYNC_RW };
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	struct foreign foreign, other;

	foreign_new(&foreign);
	foreign_new(&other);
	fence = busy(&other, VGEM_FENCE_WRITE);
	igt_assert_eq(ioctl(other.fb.dmabuf[0], DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &sync), 0);
	kms_add_plane(&kms, req, kms.primary, &foreign.fb, KMS_AT(0, 0));
	kms_add(&kms, req, kms.primary, "IN_FENCE_FD", sync.fd);
	commit(req);
	close(sync.fd);
	assert_flips_after(fence, foreign.pixels, expected);
	foreign_free(&foreign);
	foreign_free(&other);
}

/* Who only reads it, as the display does, is not waited for. */
static void test_readers(void)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	struct foreign foreign;
	char event[256];
	uint32_t fence;

	foreign_new(&foreign);
	fence = busy(&foreign, 0);
	kms_add_plane(&kms, req, kms.primary, &foreign.fb, KMS_AT(0, 0));
	commit(req);
	igt_assert(readable(kms.fd, 5000));
	igt_assert(read(kms.fd, event, sizeof(event)) > 0);
	signal(fence);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	foreign_free(&foreign);
}

/* What is written back waits for who still reads the buffer. */
static void test_target(void)
{
	struct foreign foreign;
	uint32_t fence;
	int written;

	foreign_new(&foreign);
	/* Once without: turning the connector on is a modeset, which is never without waiting. */
	igt_assert_eq(kms_write_back(&kms, &foreign.fb, DRM_MODE_ATOMIC_ALLOW_MODESET, &written),
		      0);
	igt_assert_eq(kms_fence_wait(written), 0);
	memset(foreign.pixels, 0x5a, W * H * 4);

	fence = busy(&foreign, 0);
	igt_assert_eq(kms_write_back(&kms, &foreign.fb, DRM_MODE_ATOMIC_NONBLOCK, &written), 0);
	igt_assert(!readable(written, 200));
	for (int i = 0; i < W * H; i++)
		igt_assert_eq(foreign.pixels[i], 0x5a5a5a5a);
	signal(fence);
	igt_assert_eq(kms_fence_wait(written), 0);
	for (int i = 0; i < W * H; i++)
		igt_assert_eq(foreign.pixels[i] & 0xffffff, background[i] & 0xffffff);
	foreign_free(&foreign);
}

/* A fence that came with the commit is waited for in place of the buffer's own. */
static void test_explicit_alone(void)
{
	struct dma_buf_export_sync_file sync = { .flags = DMA_BUF_SYNC_RW };
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	struct foreign foreign, idle;
	char event[256];
	uint32_t fence;

	foreign_new(&foreign);
	foreign_new(&idle);
	fence = busy(&foreign, VGEM_FENCE_WRITE);
	igt_assert_eq(ioctl(idle.fb.dmabuf[0], DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &sync), 0);
	kms_add_plane(&kms, req, kms.primary, &foreign.fb, KMS_AT(0, 0));
	kms_add(&kms, req, kms.primary, "IN_FENCE_FD", sync.fd);
	commit(req);
	close(sync.fd);
	igt_assert(readable(kms.fd, 5000));
	igt_assert(read(kms.fd, event, sizeof(event)) > 0);
	signal(fence);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	foreign_free(&foreign);
	foreign_free(&idle);
}

/*
 * The fence of a writeback is on its buffer, for who renders from that next, before the commit has
 * begun to be carried out.
 */
static void test_own_fence(void)
{
	struct dma_buf_import_sync_file sync = { .flags = DMA_BUF_SYNC_WRITE };
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	struct foreign shown, target;
	int written = -1;
	uint32_t fence;

	foreign_new(&shown);
	foreign_new(&target);
	/* Once without, as above. */
	igt_assert_eq(kms_write_back(&kms, &target.fb, DRM_MODE_ATOMIC_ALLOW_MODESET, &written), 0);
	igt_assert_eq(kms_fence_wait(written), 0);

	fence = busy(&shown, VGEM_FENCE_WRITE);
	kms_add_plane(&kms, req, kms.primary, &shown.fb, KMS_AT(0, 0));
	kms_add(&kms, req, kms.writeback, "WRITEBACK_FB_ID", target.fb.id);
	kms_add(&kms, req, kms.writeback, "WRITEBACK_OUT_FENCE_PTR", (uintptr_t)&written);
	igt_assert_eq(kms_commit(&kms, req, DRM_MODE_ATOMIC_NONBLOCK), 0);
	sync.fd = written;
	igt_assert_eq(ioctl(target.fb.dmabuf[0], DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &sync), 0);
	igt_assert(!readable(written, 200));
	memcpy(shown.pixels, picture, W * H * 4);
	signal(fence);
	igt_assert_eq(kms_fence_wait(written), 0);
	for (int i = 0; i < W * H; i++)
		igt_assert_eq(target.pixels[i] & 0xffffff, picture[i] & 0xffffff);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	foreign_free(&shown);
	foreign_free(&target);
}

igt_main()
{
	igt_fixture() {
		igt_require(!mounts());
		vgem = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);
		igt_require(vgem >= 0);
		kms_fill(background, W * H, 0);
		kms_fill(picture, W * H, 1);
		kms_begin(&kms, &screen, background);
	}

	igt_describe("Who commits does not wait for a buffer's writer; the flip does.");
	igt_subtest("implicit")
		test_implicit();

	igt_describe("The same of a fence that comes with the commit.");
	igt_subtest("explicit")
		test_explicit();

	igt_describe("Who brings a fence does not wait for a buffer's writer as well.");
	igt_subtest("explicit-alone")
		test_explicit_alone();

	igt_describe("A flip does not wait for other readers.");
	igt_subtest("readers-do-not-matter")
		test_readers();

	igt_describe("A writeback waits for those who read its buffer, and nobody else does.");
	igt_subtest("writeback-target") {
		igt_require(kms.writeback);
		test_target();
	}

	igt_describe("A writeback does not wait for itself.");
	igt_subtest("writeback-own-fence") {
		igt_require(kms.writeback);
		test_own_fence();
	}

	igt_fixture() {
		kms_end(&kms, &screen);
		close(vgem);
	}
}
