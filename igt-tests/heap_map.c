// SPDX-License-Identifier: MIT
/*
 * No CPU access to a protected buffer: whatever a program may try with the file
 * descriptor, with /dev/mem or by way of another device is refused.
 */

#include <linux/dma-buf.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include <xf86drm.h>

#include "heap.h"
#include "igt.h"

#define SIZE 65536
#define CARVEOUT_BASE 0x60000000

static int map(int fd, int prot, int flags, off_t offset, size_t len)
{
	void *p = mmap(NULL, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, len);
	return 0;
}

static void test_mmap(int buffer)
{
	igt_assert_eq(map(buffer, PROT_READ | PROT_WRITE, MAP_SHARED, 0, SIZE), -EACCES);
	igt_assert_eq(map(buffer, PROT_READ, MAP_SHARED, 0, SIZE), -EACCES);
	igt_assert_eq(map(buffer, PROT_WRITE, MAP_SHARED, 0, SIZE), -EACCES);
	igt_assert_eq(map(buffer, PROT_READ, MAP_PRIVATE, 0, SIZE), -EACCES);
	igt_assert_eq(map(buffer, PROT_READ, MAP_SHARED, 4096, 4096), -EACCES);
	igt_assert_eq(map(buffer, PROT_NONE, MAP_SHARED, 0, SIZE), -EACCES);
	igt_assert(map(buffer, PROT_READ | PROT_EXEC, MAP_SHARED, 0, SIZE) < 0);
	igt_assert(map(buffer, PROT_READ, MAP_SHARED, 0, 2 * SIZE) < 0);
}

static void test_sync(int buffer)
{
	static const uint64_t access[] = {
		DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW,
	};

	for (size_t i = 0; i < sizeof(access) / sizeof(access[0]); i++) {
		struct dma_buf_sync sync = { .flags = access[i] | DMA_BUF_SYNC_START };

		igt_assert_eq(ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync), -1);
		igt_assert_eq(errno, EACCES);
		sync.flags = access[i] | DMA_BUF_SYNC_END;
		igt_assert_eq(ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync), -1);
		igt_assert_eq(errno, EACCES);
	}
}

static void test_file(int buffer)
{
	char byte = 0;
	int null;

	igt_assert(read(buffer, &byte, 1) < 0);
	igt_assert(write(buffer, &byte, 1) < 0);
	igt_assert(pread(buffer, &byte, 1, 0) < 0);
	igt_assert(pwrite(buffer, &byte, 1, 0) < 0);
	null = open("/dev/null", O_WRONLY);
	igt_assert(null >= 0);
	igt_assert(sendfile(null, buffer, NULL, 1) < 0);
	close(null);
	igt_assert_eq(lseek(buffer, 0, SEEK_END), SIZE);
}

static void test_dev_mem(void)
{
	char byte;
	int mem = open("/dev/mem", O_RDONLY);

	igt_require(mem >= 0);
	igt_assert_eq(pread(mem, &byte, 1, CARVEOUT_BASE), -1);
	igt_assert_eq(errno, EPERM);
	igt_assert(map(mem, PROT_READ, MAP_SHARED, CARVEOUT_BASE, 4096) < 0);
	close(mem);
}

/* The card of the kernel's vgem, which exists to share buffers: nobody's master. */
static int open_vgem(void)
{
	return drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);
}

static void test_untrusted(int buffer, int system)
{
	int vgem = open_vgem();
	uint32_t handle = 0;

	igt_require(vgem >= 0);
	igt_assert_eq(drmPrimeFDToHandle(vgem, system, &handle), 0);
	igt_assert_eq(drmPrimeFDToHandle(vgem, buffer, &handle), -1);
	igt_assert_eq(errno, EACCES);
	/* Refusing must not have harmed the buffer. */
	igt_assert_eq(drmPrimeFDToHandle(vgem, buffer, &handle), -1);
	igt_assert_eq(errno, EACCES);
	drmClose(vgem);
}

igt_main()
{
	static int buffer, system;	/* static: subtests jump */

	igt_fixture() {
		int heap = heap_open(CARVEOUT_HEAP);
		int ordinary = heap_open("/dev/dma_heap/system");

		igt_require(heap >= 0 && ordinary >= 0);
		buffer = heap_alloc(heap, SIZE);
		system = heap_alloc(ordinary, SIZE);
		igt_assert(buffer >= 0 && system >= 0);
		close(heap);
		close(ordinary);
	}

	igt_describe("The same calls succeed on a buffer of the system heap.");
	igt_subtest("ordinary-buffer-maps") {
		struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START };

		igt_assert_eq(map(system, PROT_READ | PROT_WRITE, MAP_SHARED, 0, SIZE), 0);
		igt_assert_eq(ioctl(system, DMA_BUF_IOCTL_SYNC, &sync), 0);
	}

	igt_describe("mmap of every kind is refused.");
	igt_subtest("mmap-refused")
		test_mmap(buffer);

	igt_describe("DMA_BUF_IOCTL_SYNC is refused, its end as well as its start.");
	igt_subtest("sync-refused")
		test_sync(buffer);

	igt_describe("The file has a size, and nothing to read or write.");
	igt_subtest("read-write-refused")
		test_file(buffer);

	igt_describe("/dev/mem does not show the carve-out.");
	igt_subtest("dev-mem-refused")
		test_dev_mem();

	igt_describe("A device that no driver vouches for cannot import the buffer.");
	igt_subtest("attach-untrusted-refused")
		test_untrusted(buffer, system);

	igt_fixture() {
		close(buffer);
		close(system);
	}
}
