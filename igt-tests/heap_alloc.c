// SPDX-License-Identifier: MIT
/*
 * Allocation from the carve-out heap: sizes, limits, bad input, and that all of it
 * comes back.
 */

#include <dirent.h>
#include <pthread.h>
#include <sys/mman.h>

#include "heap.h"
#include "igt.h"

#define KIB 1024ull
#define MIB (1024 * KIB)

static int alloc_ioctl(int heap, struct dma_heap_allocation_data data)
{
	return ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -errno : (int)data.fd;
}

static int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	igt_assert(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/*
 * How much can be had in buffers of @piece bytes: takes them all, gives them all
 * back. The heap's size where nothing is held.
 */
static uint64_t room(int heap, uint64_t piece)
{
	int fds[512 + 1];	/* half of what a process may have open */
	int n = 0, last;

	igt_assert(CARVEOUT_SIZE / piece <= 512);
	while ((last = heap_alloc(heap, piece)) >= 0 && n < 512)
		fds[n++] = last;
	for (int i = 0; i < n; i++)
		close(fds[i]);
	igt_assert_eq(last, -ENOMEM);
	return n * piece;
}

static void test_size(int heap, uint64_t len, uint64_t expected)
{
	int fd = heap_alloc(heap, len);

	igt_assert(fd >= 0);
	igt_assert_eq(lseek(fd, 0, SEEK_END), expected);
	close(fd);
}

static void test_refused(int heap, struct dma_heap_allocation_data data, int expected)
{
	int before = open_files();

	igt_assert_eq(alloc_ioctl(heap, data), expected);
	igt_assert_eq(open_files(), before);
}

static void test_length_refused(int heap, uint64_t len, int expected)
{
	test_refused(heap, (struct dma_heap_allocation_data){ .len = len, .fd_flags = O_RDWR },
		     expected);
}

static void test_cloexec(int heap, bool wanted)
{
	const struct dma_heap_allocation_data data = {
		.len = 4096,
		.fd_flags = O_RDWR | (wanted ? O_CLOEXEC : 0),
	};
	int fd = alloc_ioctl(heap, data);

	igt_assert(fd >= 0);
	igt_assert_eq(!!(fcntl(fd, F_GETFD) & FD_CLOEXEC), wanted);
	close(fd);
}

static void test_exhaustion(int heap)
{
	int whole = heap_alloc(heap, CARVEOUT_SIZE);

	igt_assert(whole >= 0);
	igt_assert_eq(heap_alloc(heap, 4096), -ENOMEM);
	close(whole);
	igt_assert_eq(room(heap, 256 * KIB), CARVEOUT_SIZE);
	igt_assert_eq(room(heap, MIB), CARVEOUT_SIZE);
}

/* Small buffers that stay must leave the space between them whole. */
static void test_small_spare_large(int heap)
{
	int frames[8], small[8], large;

	for (int i = 0; i < 8; i++) {
		frames[i] = heap_alloc(heap, 12 * MIB);
		small[i] = heap_alloc(heap, 16 * KIB);
		igt_assert(frames[i] >= 0 && small[i] >= 0);
	}
	for (int i = 0; i < 8; i++)
		close(frames[i]);

	large = heap_alloc(heap, CARVEOUT_SIZE - 2 * MIB);
	igt_assert(large >= 0);
	close(large);
	for (int i = 0; i < 8; i++)
		close(small[i]);
}

/* What an older program calls the ioctl with: the structure without its last field. */
static void test_older_struct(int heap)
{
	struct {
		uint64_t len;
		uint32_t fd, fd_flags;
	} data = { .len = 4096, .fd_flags = O_RDWR };

	igt_assert_eq(ioctl(heap, _IOWR(DMA_HEAP_IOC_MAGIC, 0, typeof(data)), &data), 0);
	igt_assert(data.fd > 0);
	close(data.fd);
}

/* A newer one: the structure with a field the kernel does not know. */
static void test_newer_struct(int heap)
{
	struct {
		struct dma_heap_allocation_data known;
		uint64_t unknown;
	} data = { .known = { .len = 4096, .fd_flags = O_RDWR } };

	igt_assert_eq(ioctl(heap, _IOWR(DMA_HEAP_IOC_MAGIC, 0, typeof(data)), &data), 0);
	igt_assert(data.known.fd > 0);
	close(data.known.fd);
}

/* The fd cannot be told to a caller whose structure is read-only: it must not stay. */
static void test_no_fd_on_efault(int heap)
{
	struct dma_heap_allocation_data *data;
	int before;

	data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	igt_assert(data != MAP_FAILED);
	*data = (struct dma_heap_allocation_data){ .len = 4096, .fd_flags = O_RDWR };
	igt_assert_eq(mprotect(data, 4096, PROT_READ), 0);

	before = open_files();
	igt_assert_eq(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, data), -1);
	igt_assert_eq(errno, EFAULT);
	igt_assert_eq(open_files(), before);
	munmap(data, 4096);
}

static void *churn(void *arg)
{
	unsigned int seed = (uintptr_t)pthread_self();
	int heap = *(int *)arg;
	uintptr_t failed = 0;

	for (int i = 0; i < 1000; i++) {
		int fd = heap_alloc(heap, 4096u << (rand_r(&seed) % 6));

		if (fd < 0)
			failed++;
		else
			close(fd);
	}
	return (void *)failed;
}

static void test_threads(int heap)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		igt_assert_eq(pthread_create(&threads[i], NULL, churn, &heap), 0);
	for (int i = 0; i < 4; i++) {
		void *failed;

		igt_assert_eq(pthread_join(threads[i], &failed), 0);
		igt_assert_eq((uintptr_t)failed, 0);
	}
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "buffers"), 0);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "bytes"), 0);
	igt_assert_eq(ledger_imbalances(), 0);
}

igt_main()
{
	const struct dma_heap_allocation_data good = { .len = 4096, .fd_flags = O_RDWR };
	static int heap;	/* static: subtests jump */

	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
	}

	igt_describe("Common sizes are had, and the dma-buf is exactly that large.");
	igt_subtest("sizes") {
		test_size(heap, 4 * KIB, 4 * KIB);
		test_size(heap, 64 * KIB, 64 * KIB);
		test_size(heap, MIB, MIB);
		test_size(heap, 8 * MIB, 8 * MIB);
	}

	igt_describe("A length that is no multiple of the page size is rounded up.");
	igt_subtest("length-rounds-up-to-pages") {
		test_size(heap, 1, 4 * KIB);
		test_size(heap, 4 * KIB + 1, 8 * KIB);
		test_size(heap, MIB - 1, MIB);
	}

	igt_describe("No length is an error, as is one that wraps to none when rounded.");
	igt_subtest("zero-length-refused") {
		test_length_refused(heap, 0, -EINVAL);
		test_length_refused(heap, ~0ull, -EINVAL);
	}

	igt_describe("More than the heap has is not had.");
	igt_subtest("larger-than-heap-refused") {
		test_length_refused(heap, CARVEOUT_SIZE + 1, -ENOMEM);
		test_length_refused(heap, 1ull << 62, -ENOMEM);
	}

	igt_describe("Unknown file flags, heap flags and a preset fd are errors.");
	igt_subtest("bad-flags-refused") {
		struct dma_heap_allocation_data bad = good;

		bad.fd_flags |= O_APPEND;
		test_refused(heap, bad, -EINVAL);
		bad = good;
		bad.heap_flags = 1;
		test_refused(heap, bad, -EINVAL);
		bad = good;
		bad.fd = 1;
		test_refused(heap, bad, -EINVAL);
	}

	igt_describe("O_CLOEXEC is honoured, asked for or not.");
	igt_subtest("cloexec") {
		test_cloexec(heap, true);
		test_cloexec(heap, false);
	}

	igt_describe("A full heap refuses, and when all is freed all of it is had again.");
	igt_subtest("exhaustion-then-recovery")
		test_exhaustion(heap);

	igt_describe("Small buffers that stay do not split the space of large ones.");
	igt_subtest("small-buffers-spare-large-space")
		test_small_spare_large(heap);

	igt_describe("A program built against an older kernel's structure works.");
	igt_subtest("older-struct")
		test_older_struct(heap);

	igt_describe("A program built against a newer kernel's structure works.");
	igt_subtest("newer-struct")
		test_newer_struct(heap);

	igt_describe("A caller who cannot be told the fd is not left with one.");
	igt_subtest("no-fd-on-efault")
		test_no_fd_on_efault(heap);

	igt_describe("Four threads allocate and free at once, and nothing is lost.");
	igt_subtest("threads-lose-nothing") {
		test_threads(heap);
		igt_assert_eq(room(heap, MIB), CARVEOUT_SIZE);
	}

	igt_fixture()
		close(heap);
}
