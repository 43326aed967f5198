// SPDX-License-Identifier: MIT
/*
 * Buffers that the driver makes: DRM_IOCTL_VSKMS_GEM_CREATE. A protected one is as protected
 * as any, is there for the DRM master alone, and is charged to its file to its very end.
 */

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vskms_drm.h>	/* include/uapi */

#include "igt.h"
#include "kms.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT
#define MIB (1ull << 20)
#define QUOTA (64 * MIB)

static struct kms kms;
static struct kms_fb screen;
static uint32_t background[W * H];

static int create(int fd, struct drm_vskms_gem_create *args)
{
	return ioctl(fd, DRM_IOCTL_VSKMS_GEM_CREATE, args) ? -errno : 0;
}

/* By its size, of protected memory: the handle, or a negative errno. */
static int create_protected(int fd, const char *name, uint64_t size)
{
	struct drm_vskms_gem_create args = { .flags = VSKMS_GEM_PROTECTED, .size = size };
	int ret;

	strncpy(args.heap, name, sizeof(args.heap) - 1);
	ret = create(fd, &args);
	return ret ? ret : (int)args.handle;
}

static int export(int fd, uint32_t handle)
{
	int dmabuf;

	return drmPrimeHandleToFD(fd, handle, O_RDWR | O_CLOEXEC, &dmabuf) ? -errno : dmabuf;
}

/* What goes with a work item is waited for. */
static bool buffers_settle(long long count)
{
	for (int i = 0; i < 100 && ledger_now("total", "buffers") != count; i++)
		usleep(20000);
	return ledger_now("total", "buffers") == count;
}

/* It shows what an imported one would, and gives nothing to a CPU. */
static void test_protected(void)
{
	struct drm_vskms_gem_create args = {
		.width = W,
		.height = H,
		.bpp = 32,
		.flags = VSKMS_GEM_PROTECTED,
		.heap = CARVEOUT_NAME,
	};
	struct kms_fb fb = { .format = DRM_FORMAT_XRGB8888, .width = W, .height = H,
			     .dmabuf = { -1, -1 } };
	struct drm_mode_map_dumb map = {};
	uint32_t shown = kms_crc(&kms), again;
	struct secure_heap_query query;
	int dmabuf;

	igt_assert_eq(create(kms.fd, &args), 0);
	igt_assert_eq(args.pitch, W * 4);
	igt_assert_eq(args.size, W * H * 4);
	igt_assert(args.handle);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "bytes"), args.size);

	map.handle = args.handle;
	igt_assert_eq(ioctl(kms.fd, DRM_IOCTL_MODE_MAP_DUMB, &map), -1);
	igt_assert_eq(errno, EINVAL);
	dmabuf = export(kms.fd, args.handle);
	igt_assert(dmabuf >= 0);
	igt_assert_eq(secure_query(kms.secure, dmabuf, &query), 0);
	igt_assert_eq(query.state, SECURE_HEAP_STATE_LIVE);
	igt_assert_eq(query.size, args.size);
	igt_assert(!strcmp(query.heap, CARVEOUT_NAME));
	igt_assert(mmap(NULL, 4096, PROT_READ, MAP_SHARED, dmabuf, 0) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	/* The same buffer is the same handle. */
	igt_assert_eq(drmPrimeFDToHandle(kms.fd, dmabuf, &again), 0);
	igt_assert_eq(again, args.handle);

	igt_assert_eq(secure_inject(kms.secure, dmabuf, 0, W * H * 4, background), 0);
	fb.handle[0] = args.handle;
	fb.pitch[0] = args.pitch;
	igt_assert_eq(kms_add_fb(&kms, &fb), 0);
	igt_assert_eq(kms_show(&kms, kms.primary, &fb, KMS_AT(0, 0), 0), 0);
	igt_assert_eq(kms_crc(&kms), shown);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	close(dmabuf);
	kms_fb_free(&kms, &fb);
	igt_assert(buffers_settle(0));
}

static void test_ordinary(void)
{
	struct drm_vskms_gem_create args = { .width = 100, .height = 50, .bpp = 32 };
	struct drm_mode_map_dumb map = {};
	char *p;

	igt_assert_eq(create(kms.fd, &args), 0);
	igt_assert_eq(args.pitch, 400);
	igt_assert_eq(args.size, 20480);
	map.handle = args.handle;
	igt_assert_eq(ioctl(kms.fd, DRM_IOCTL_MODE_MAP_DUMB, &map), 0);
	p = mmap(NULL, args.size, PROT_READ | PROT_WRITE, MAP_SHARED, kms.fd, map.offset);
	igt_assert(p != MAP_FAILED);
	p[args.size - 1] = 1;
	munmap(p, args.size);
	drmCloseBufferHandle(kms.fd, args.handle);

	args = (struct drm_vskms_gem_create){ .size = 5000 };
	igt_assert_eq(create(kms.fd, &args), 0);
	igt_assert_eq(args.pitch, 0);
	igt_assert_eq(args.size, 8192);
	drmCloseBufferHandle(kms.fd, args.handle);
	igt_assert_eq(ledger_now("total", "buffers"), 0);
}

/* A row of @bpp bits a pixel, as a format of several planes has it in one buffer. */
static void test_measures(void)
{
	static const struct {
		uint32_t width, height, bpp, pitch, size;
	} cases[] = {
		{ 1, 1, 1, 1, 4096 },
		{ 9, 3, 1, 2, 4096 },
		{ 1920, 1080, 12, 2880, 3112960 },
		{ 1921, 1080, 12, 2882, 3112960 },
		{ 64, 64, 64, 512, 32768 },
		{ 64, 64, 128, 1024, 65536 },
	};

	for (int protected = 0; protected < 2; protected++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct drm_vskms_gem_create args = {
				.width = cases[i].width,
				.height = cases[i].height,
				.bpp = cases[i].bpp,
			};

			if (protected) {
				args.flags = VSKMS_GEM_PROTECTED;
				strcpy(args.heap, CARVEOUT_NAME);
			}
			igt_assert_eq(create(kms.fd, &args), 0);
			igt_assert_eq(args.pitch, cases[i].pitch);
			igt_assert_eq(args.size, cases[i].size);
			drmCloseBufferHandle(kms.fd, args.handle);
		}
	}
	igt_assert(buffers_settle(0));
}

/* Nothing is made, and not a field of what was asked is changed. */
static void assert_refused(struct drm_vskms_gem_create args, int error)
{
	const struct drm_vskms_gem_create asked = args;

	igt_assert_eq(create(kms.fd, &args), error);
	igt_assert_eq(memcmp(&args, &asked, sizeof(args)), 0);
	igt_assert_eq(ledger_now("total", "buffers"), 0);
}

static void test_hostile(void)
{
	const struct drm_vskms_gem_create good = {
		.width = 64,
		.height = 64,
		.bpp = 32,
		.flags = VSKMS_GEM_PROTECTED,
		.heap = CARVEOUT_NAME,
	};
	struct drm_vskms_gem_create args;

#define REFUSED(error, ...) do {	\
	args = good;			\
	__VA_ARGS__;			\
	assert_refused(args, error);	\
} while (0)

	REFUSED(-EINVAL, args.flags |= 2);
	REFUSED(-EINVAL, args.flags |= 1u << 31);
	REFUSED(-EINVAL, args.reserved = 1);
	REFUSED(-EINVAL, args.reserved = 1ull << 63);
	REFUSED(-EINVAL, args.width = 0);
	REFUSED(-EINVAL, args.height = 0);
	REFUSED(-EINVAL, args.bpp = 0);
	REFUSED(-EINVAL, args.width = args.height = args.bpp = 0);
	REFUSED(-EINVAL, args.size = 4096);
	REFUSED(-EINVAL, args.width = args.height = 0; args.size = 4096);
	REFUSED(-EINVAL, args.bpp = 129);
	REFUSED(-EINVAL, args.bpp = UINT32_MAX);
	REFUSED(-EINVAL, args.width = UINT32_MAX);
	REFUSED(-EINVAL, args.width = 65536; args.height = 65536);
	REFUSED(-EINVAL, args.width = 1u << 30; args.height = 4);
	REFUSED(-EINVAL, args.width = args.height = args.bpp = UINT32_MAX);
	REFUSED(-EINVAL, args.width = args.height = args.bpp = 0; args.size = UINT64_MAX);
	REFUSED(-EINVAL, args.width = args.height = args.bpp = 0; args.size = 1ull << 32);
	REFUSED(-EINVAL, args.width = args.height = args.bpp = 0; args.size = UINT32_MAX);
	REFUSED(-EDQUOT, args.width = args.height = args.bpp = 0; args.size = UINT32_MAX - 4095);
	REFUSED(-EDQUOT, args.width = args.height = args.bpp = 0; args.size = QUOTA + 1);
	/* Names. */
	REFUSED(-EINVAL, args.heap[0] = 0);
	REFUSED(-EINVAL, memset(args.heap, 0, sizeof(args.heap)));
	REFUSED(-EINVAL, memset(args.heap, 'x', sizeof(args.heap)));
	REFUSED(-EINVAL, args.heap[sizeof(args.heap) - 1] = 'x');
	REFUSED(-EINVAL, args.heap[strlen(args.heap) + 1] = 'x');
	REFUSED(-ENOENT, args.heap[0] = 'P');
	REFUSED(-ENOENT, strncpy(args.heap, "system", sizeof(args.heap)));
	REFUSED(-ENOENT, strncpy(args.heap, "../protected", sizeof(args.heap)));
	/* A name is for protected buffers. */
	REFUSED(-EINVAL, args.flags = 0);
	REFUSED(-EINVAL, args.flags = 0; args.heap[0] = 0);
#undef REFUSED

	/* Of a shorter struct the rest is 0: here all but the width and height. */
	args = good;
	igt_assert_eq(ioctl(kms.fd, DRM_IOC(DRM_IOC_READWRITE, DRM_IOCTL_BASE,
					    DRM_COMMAND_BASE + DRM_VSKMS_GEM_CREATE, 8), &args), -1);
	igt_assert_eq(errno, EINVAL);
	igt_assert_eq(ioctl(kms.fd, DRM_IOCTL_VSKMS_GEM_CREATE, NULL), -1);
	igt_assert_eq(errno, EFAULT);
	igt_assert_eq(ioctl(kms.fd, DRM_IOCTL_VSKMS_GEM_CREATE, (void *)8), -1);
	igt_assert_eq(errno, EFAULT);
}

static void test_heap_says_no(void)
{
	int handle;

	igt_assert_eq(secure_revoke(kms.secure, CARVEOUT_NAME), 0);
	igt_assert_eq(create_protected(kms.fd, CARVEOUT_NAME, MIB), -EIO);
	igt_assert_eq(secure_restore(kms.secure, CARVEOUT_NAME), 0);
	igt_assert_eq(device_list(CARVEOUT_NAME, "vskms"), 0);
	igt_assert_eq(file_write(CONFIGFS_HEAPS CARVEOUT_NAME "/devices/vskms/access", "none"), 0);
	igt_assert_eq(create_protected(kms.fd, CARVEOUT_NAME, MIB), -EACCES);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "vskms"), 0);
	/* Nothing of that is charged. */
	handle = create_protected(kms.fd, CARVEOUT_NAME, QUOTA);
	igt_assert(handle > 0);
	drmCloseBufferHandle(kms.fd, handle);
	igt_assert(buffers_settle(0));
}

static void test_not_master(void)
{
	struct drm_vskms_gem_create args = { .size = 4096 };
	int other = kms_card();

	igt_assert(other >= 0);
	igt_assert_eq(create_protected(other, CARVEOUT_NAME, 4096), -EACCES);
	igt_assert_eq(create(other, &args), -EACCES);
	igt_assert_eq(drmDropMaster(kms.fd), 0);
	igt_assert_eq(create_protected(kms.fd, CARVEOUT_NAME, 4096), -EACCES);
	igt_assert_eq(drmSetMaster(kms.fd), 0);
	close(other);
	igt_assert_eq(ledger_now("total", "buffers"), 0);
}

/* A lessee is master of its lease, and has a quota of its own. */
static void test_lessee(void)
{
	const uint32_t objects[] = { kms.crtc, kms.connector, kms.primary };
	int ours = create_protected(kms.fd, CARVEOUT_NAME, QUOTA), theirs;
	uint32_t id;
	int lessee = drmModeCreateLease(kms.fd, objects, sizeof(objects) / sizeof(objects[0]),
					O_CLOEXEC, &id);

	igt_assert(ours > 0 && lessee >= 0);
	theirs = create_protected(lessee, DYNAMIC_NAME, QUOTA);
	igt_assert(theirs > 0);
	igt_assert_eq(create_protected(lessee, DYNAMIC_NAME, 1), -EDQUOT);
	/* Revoked, it is master of nothing; what it has it keeps. */
	igt_assert_eq(drmModeRevokeLease(kms.fd, id), 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, ours), 0);
	igt_assert(buffers_settle(1));
	close(lessee);
	igt_assert(buffers_settle(0));
}

static void test_quota(void)
{
	int handles[4], dmabuf, other;

	for (int i = 0; i < 4; i++) {
		handles[i] = create_protected(kms.fd, i % 2 ? DYNAMIC_NAME : CARVEOUT_NAME,
					      QUOTA / 4);
		igt_assert(handles[i] > 0);
	}
	igt_assert_eq(create_protected(kms.fd, CARVEOUT_NAME, 1), -EDQUOT);

	/* Closed, it is given back. */
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handles[3]), 0);
	handles[3] = create_protected(kms.fd, CARVEOUT_NAME, QUOTA / 4);
	igt_assert(handles[3] > 0);

	/* Not while anybody has it: a file descriptor, then another card's handle. */
	dmabuf = export(kms.fd, handles[0]);
	igt_assert(dmabuf >= 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handles[0]), 0);
	igt_assert_eq(create_protected(kms.fd, CARVEOUT_NAME, 1), -EDQUOT);
	other = kms_card();
	igt_assert(other >= 0);
	igt_assert_eq(drmPrimeFDToHandle(other, dmabuf, (uint32_t *)&handles[0]), 0);
	close(dmabuf);
	igt_assert_eq(create_protected(kms.fd, CARVEOUT_NAME, 1), -EDQUOT);
	close(other);
	handles[0] = create_protected(kms.fd, CARVEOUT_NAME, QUOTA / 4);
	igt_assert(handles[0] > 0);

	for (int i = 0; i < 4; i++)
		igt_assert_eq(drmCloseBufferHandle(kms.fd, handles[i]), 0);
	igt_assert(buffers_settle(0));
}

/* A framebuffer that is shown has its buffer, whether it has a handle or not. */
static void test_quota_framebuffer(void)
{
	struct kms_fb fb = { .format = DRM_FORMAT_XRGB8888, .width = W, .height = H,
			     .pitch = { W * 4 }, .dmabuf = { -1, -1 } };
	int handle = create_protected(kms.fd, CARVEOUT_NAME, QUOTA);

	igt_assert(handle > 0);
	fb.handle[0] = handle;
	igt_assert_eq(kms_add_fb(&kms, &fb), 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	fb.handle[0] = 0;
	igt_assert_eq(create_protected(kms.fd, DYNAMIC_NAME, 1), -EDQUOT);
	igt_assert_eq(kms_show(&kms, kms.primary, &fb, KMS_AT(0, 0), 0), 0);
	igt_assert_eq(create_protected(kms.fd, DYNAMIC_NAME, 1), -EDQUOT);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &fb);
	igt_assert(buffers_settle(0));
	/* The buffer is gone; what its owner was charged goes a moment later. */
	for (int ms = 0; ms < 5000; ms += 10) {
		handle = create_protected(kms.fd, CARVEOUT_NAME, QUOTA);
		if (handle != -EDQUOT)
			break;
		usleep(10000);
	}
	igt_assert(handle > 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	igt_assert(buffers_settle(0));
}

/* The file is gone, and what it made lives on where it was sent. */
static void test_outlives_file(void)
{
	uint32_t word = 0x600d600d;
	int dmabuf, handle;

	igt_assert_eq(drmDropMaster(kms.fd), 0);
	for (int i = 0; i < 2; i++) {
		int fd = kms_card();

		igt_assert(fd >= 0);
		handle = create_protected(fd, CARVEOUT_NAME, QUOTA / 2);
		igt_assert(handle > 0);
		dmabuf = export(fd, handle);
		igt_assert(dmabuf >= 0);
		/* The other half goes with the file. */
		igt_assert(create_protected(fd, CARVEOUT_NAME, QUOTA / 2) > 0);
		close(fd);
		igt_assert(buffers_settle(1));
		igt_assert_eq(secure_inject(kms.secure, dmabuf, 0, 4, &word), 0);
		close(dmabuf);
		igt_assert(buffers_settle(0));
	}
	igt_assert_eq(drmSetMaster(kms.fd), 0);
}

static void *create_many(void *data)
{
	intptr_t most = 0;

	(void)data;
	for (int i = 0; i < 200; i++) {
		int handle = create_protected(kms.fd, CARVEOUT_NAME, QUOTA / 2);
		long long bytes = ledger_now(CARVEOUT_NAME, "bytes");

		if (handle > 0)
			drmCloseBufferHandle(kms.fd, handle);
		else if (handle != -EDQUOT)
			return (void *)-1;
		most = bytes > most ? bytes : most;
	}
	return (void *)most;
}

/* Several threads of one file have no more than it may. */
static void test_race(void)
{
	pthread_t threads[4];
	void *most;

	for (int i = 0; i < 4; i++)
		igt_assert_eq(pthread_create(&threads[i], NULL, create_many, NULL), 0);
	for (int i = 0; i < 4; i++) {
		igt_assert_eq(pthread_join(threads[i], &most), 0);
		igt_assert((intptr_t)most > 0 && (uintptr_t)most <= QUOTA);
	}
	igt_assert(buffers_settle(0));
}

/* Each step of the way fails once, and leaves nothing. */
static void test_faults(void)
{
	static const char *const steps[] = { "alloc", "export", "attach", "map" };
	int handle;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), DEBUGFS_HEAPS "faults/%s", steps[i]);
		igt_assert_eq(file_write(path, "1"), 0);
		igt_assert_eq(create_protected(kms.fd, CARVEOUT_NAME, QUOTA), -ENOMEM);
		igt_assert(buffers_settle(0));
		igt_assert_eq(ledger_now("total", "attachments"), 0);
	}
	handle = create_protected(kms.fd, CARVEOUT_NAME, QUOTA);
	igt_assert(handle > 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	igt_assert(buffers_settle(0));
}

igt_main()
{
	igt_fixture() {
		igt_require(!mounts());
		kms_fill(background, W * H, 0);
		kms_begin(&kms, &screen, background);
	}

	igt_describe("A protected buffer is the heap's, is shown, and no CPU maps it.");
	igt_subtest("protected")
		test_protected();

	igt_describe("Without the flag it is a dumb buffer.");
	igt_subtest("ordinary")
		test_ordinary();

	igt_describe("Pitch and size are whole bytes and pages, of both kinds the same.");
	igt_subtest("measures")
		test_measures();

	igt_describe("Bad input is refused field by field, and changes nothing.");
	igt_subtest("hostile-input-refused")
		test_hostile();

	igt_describe("A heap that is revoked, or does not trust the display, gives nothing.");
	igt_subtest("heap-refuses")
		test_heap_says_no();

	igt_describe("It is for the master.");
	igt_subtest("not-master-refused")
		test_not_master();

	igt_describe("A lessee may, too, within a quota of its own.");
	igt_subtest("lessee")
		test_lessee();

	igt_describe("A file has its quota, until the memory is free again.");
	igt_subtest("quota")
		test_quota();

	igt_describe("A framebuffer without a handle counts, and on the screen, too.");
	igt_subtest("quota-of-framebuffers")
		test_quota_framebuffer();

	igt_describe("What was sent elsewhere outlives the file; the rest goes with it.");
	igt_subtest("outlives-its-file")
		test_outlives_file();

	igt_describe("Threads that race for it get no more than the quota.");
	igt_subtest("quota-race")
		test_race();

	igt_describe("Where it fails halfway nothing is left, and nothing charged.");
	igt_subtest("failures-leave-nothing")
		test_faults();

	igt_fixture() {
		kms_end(&kms, &screen);
		igt_assert_eq(ledger_left(), 0);
	}
}
