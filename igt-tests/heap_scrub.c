// SPDX-License-Identifier: MIT
/*
 * What one client wrote is zero for the next, however the first one went. Seen through a
 * trusted device, for the kernel would zero what it maps for a program anyway.
 */

#include <signal.h>
#include <sys/wait.h>

#include "heap.h"
#include "igt.h"

#define MIB (1ull << 20)
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)

struct subject {
	const char *name;
	uint64_t size;
	int fd;
};

static struct subject heaps[] = {
	{ CARVEOUT_NAME, CARVEOUT_SIZE, -1 },
	{ DYNAMIC_NAME, DYNAMIC_SIZE, -1 },
};

static int dev;

static int buffer_new(int heap, uint64_t len)
{
	int buffer = heap_alloc(heap, len);

	igt_assert(buffer >= 0);
	return buffer;
}

/* By the bus, and by INJECT every other time: @len bytes at each @step. */
static void fill(int buffer, uint64_t size, uint64_t step, uint64_t len)
{
	static unsigned char data[MIB];
	int master = master_new(buffer, BOTH);
	bool inject = false;

	igt_assert(master >= 0);
	memset(data, 0xa5, sizeof(data));
	for (uint64_t at = 0; at < size; at += step, inject = !inject) {
		uint64_t piece = size - at < len ? size - at : len;

		if (inject)
			igt_assert_eq(secure_inject(dev, buffer, at, piece, data), 0);
		else
			igt_assert_eq(master_store(master, at, piece, data), 0);
	}
	close(master);
}

static void assert_bytes(int buffer, uint64_t size, uint64_t step, uint64_t len, int expected)
{
	static unsigned char data[MIB];
	int master = master_new(buffer, BUS_PROBE_READ);

	igt_assert(master >= 0);
	for (uint64_t at = 0; at < size; at += step) {
		uint64_t piece = size - at < len ? size - at : len;

		igt_assert_eq(master_load(master, at, piece, data), 0);
		igt_assert_eq(data[0], expected);
		igt_assert_eq(memcmp(data, data + 1, piece - 1), 0);
	}
	close(master);
}

static void fill_all(int buffer, uint64_t size)
{
	fill(buffer, size, MIB, MIB);
}

static void assert_all(int buffer, uint64_t size, int expected)
{
	assert_bytes(buffer, size, MIB, MIB, expected);
}

/*
 * Whoever has the whole heap certainly has what the one before had; and the one before
 * wrote 1 MiB at least.
 */
static void assert_heap_zero(const struct subject *heap)
{
	int buffer = buffer_new(heap->fd, heap->size);

	assert_bytes(buffer, heap->size, 65536, 256, 0);
	close(buffer);
}

/* In steps that are no whole pages, up to the last byte. */
static void test_whole(const struct subject *heap)
{
	const uint64_t step = 17 * 4096 + 40, len = 4096;
	int buffer = buffer_new(heap->fd, heap->size);

	fill(buffer, heap->size, step, len);
	assert_bytes(buffer, heap->size, step, len, 0xa5);
	close(buffer);
	buffer = buffer_new(heap->fd, heap->size);
	assert_bytes(buffer, heap->size, step, len, 0);
	close(buffer);
}

/* Small and large in turn, where others stay: the heap itself goes on. */
static void test_pieces(const struct subject *heap)
{
	int keeper = buffer_new(heap->fd, 4096), piece[32];

	for (int round = 0; round < 2; round++) {
		/* Sizes that the next round cuts otherwise. */
		uint64_t len = round ? 3 * 4096 : 7 * 4096;

		for (int i = 0; i < 32; i++) {
			piece[i] = buffer_new(heap->fd, len);
			assert_all(piece[i], len, 0);
			fill_all(piece[i], len);
		}
		for (int i = 0; i < 32; i += 2)
			close(piece[i]);
		for (int i = 0; i < 32; i += 2) {
			piece[i] = buffer_new(heap->fd, i % 4 ? 4096 : 2 * len);
			assert_all(piece[i], i % 4 ? 4096 : 2 * len, 0);
		}
		/* Nobody's own bytes went with the others'. */
		for (int i = 1; i < 32; i += 2)
			assert_all(piece[i], len, 0xa5);
		for (int i = 0; i < 32; i++)
			close(piece[i]);
	}
	close(keeper);
}

/* The part of the last page that was not asked for is somebody's, too. */
static void test_tail(const struct subject *heap)
{
	int keeper = buffer_new(heap->fd, 4096);

	for (int i = 0; i < 4; i++) {
		int buffer = buffer_new(heap->fd, 4097);

		assert_all(buffer, 8192, 0);
		fill_all(buffer, 8192);
		close(buffer);
	}
	close(keeper);
}

static void test_killed(const struct subject *heap)
{
	int keeper = buffer_new(heap->fd, 4096);
	int ready[2], status;
	pid_t child;
	char byte;

	igt_assert_eq(pipe(ready), 0);
	child = fork();
	if (!child) {
		static char data[MIB];
		int buffer = heap_alloc(heap->fd, MIB), master = master_new(buffer, BOTH);

		memset(data, 0xa5, sizeof(data));
		if (master_store(master, 0, MIB, data) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			master_store(master, 0, MIB, data);
	}
	close(ready[1]);
	igt_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	kill(child, SIGKILL);
	igt_assert_eq(waitpid(child, &status, 0), child);
	igt_assert(WIFSIGNALED(status));

	close(keeper);
	assert_heap_zero(heap);
}

/* A dead buffer's bytes stay nobody's when the heap lives again. */
static void test_revoked(const struct subject *heap)
{
	int keeper, buffer = buffer_new(heap->fd, MIB);

	fill_all(buffer, MIB);
	igt_assert_eq(secure_revoke(dev, heap->name), 0);
	igt_assert_eq(secure_restore(dev, heap->name), 0);
	keeper = buffer_new(heap->fd, MIB);
	assert_all(keeper, MIB, 0);
	close(buffer);
	buffer = buffer_new(heap->fd, MIB);
	assert_all(buffer, MIB, 0);
	close(buffer);
	close(keeper);
	assert_heap_zero(heap);
}

static void each_heap(void (*test)(const struct subject *heap))
{
	for (int i = 0; i < 2; i++)
		test(&heaps[i]);
}

igt_main()
{
	igt_fixture() {
		dev = secure_open();
		igt_require(dev >= 0);
		for (int i = 0; i < 2; i++) {
			char path[128];

			snprintf(path, sizeof(path), "/dev/dma_heap/%s", heaps[i].name);
			heaps[i].fd = heap_open(path);
			igt_require(heaps[i].fd >= 0);
		}
		igt_require(access("/dev/bus_probe", R_OK) == 0);
	}

	igt_describe("A buffer as large as the heap, full of one client's bytes, is zero for the next.");
	igt_subtest("whole-heap-is-zero-for-the-next")
		each_heap(test_whole);

	igt_describe("The same of small buffers among others that stay, and those keep their bytes.");
	igt_subtest("pieces-are-zero-for-the-next")
		each_heap(test_pieces);

	igt_describe("What a length is rounded up by is wiped as the rest is.");
	igt_subtest("rounded-up-tail-is-zero")
		each_heap(test_tail);

	igt_describe("A killed client's bytes are gone with it.");
	igt_subtest("killed-clients-bytes-are-gone")
		each_heap(test_killed);

	igt_describe("A revoked buffer's bytes are in no buffer of the next session.");
	igt_subtest("revoked-bytes-are-gone")
		each_heap(test_revoked);

	igt_fixture() {
		close(heaps[0].fd);
		close(heaps[1].fd);
		close(dev);
	}
}
