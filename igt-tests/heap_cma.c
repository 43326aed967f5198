// SPDX-License-Identifier: MIT
/*
 * The pages of the dynamic heap belong to the kernel until the heap takes them, and again
 * when it has returned them. /proc/pagemap tells where a program's pages are.
 */

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "dynamic.h"
#include "kcore.h"

static int heap, kcore;

#define CHUNK (32 * MIB)
#define CHUNKS 60
#define HOLES 28

/* A program's memory, page by page: which of it lies in a physical range? */
struct memory {
	unsigned char *chunks[CHUNKS];
	int count;
	unsigned char *inside[16];	/* pages that do */
	int found;
};

static void look(struct memory *memory, uint64_t base)
{
	static uint64_t entries[CHUNK / PAGE];
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	igt_assert(pagemap >= 0);
	memory->found = 0;
	for (int c = 0; c < memory->count; c++) {
		off_t at = (uintptr_t)memory->chunks[c] / PAGE * sizeof(entries[0]);

		igt_assert_eq(pread(pagemap, entries, sizeof(entries), at), sizeof(entries));
		for (size_t i = 0; i < CHUNK / PAGE && memory->found < 16; i++) {
			uint64_t physical = (entries[i] & ((1ull << 55) - 1)) * PAGE;

			if (physical >= base && physical - base < DYNAMIC_SIZE)
				memory->inside[memory->found++] = memory->chunks[c] + i * PAGE;
		}
	}
	close(pagemap);
}

static long long available(void)
{
	char text[4096], *at;

	igt_assert(file_read("/proc/meminfo", text, sizeof(text)) > 0);
	at = strstr(text, "MemAvailable:");
	igt_assert(at);
	return strtoll(at + 13, NULL, 10) * 1024;
}

static void take(struct memory *memory)
{
	unsigned char *chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	igt_assert(chunk != MAP_FAILED);
	madvise(chunk, CHUNK, MADV_NOHUGEPAGE);
	memory->chunks[memory->count++] = chunk;
	for (uint64_t at = 0; at < CHUNK; at += PAGE)
		memcpy(chunk + at, clear, PAGE);
}

/*
 * Makes holes in the area, 2 MiB less a page each, for pages to be moved to: blocks that
 * are wholly free are left alone. Each piece is a heap that is removed, and lives by its
 * buffer; every other one is freed again.
 */
static void riddle(int buffers[2 * HOLES])
{
	for (int i = 0; i < 2 * HOLES; i++) {
		int small = small_new(i % 2 ? "4K" : "2044K");

		buffers[i] = buffer_new(small, PAGE);
		close(small);
		small_gone();
	}
	for (int i = 0; i < 2 * HOLES; i += 2)
		close(buffers[i]);
}

/*
 * Takes memory until some of it is in the heap's range. Compaction moves pages there, to
 * the holes. Else the kernel uses the area for programs when it has little else left.
 */
static void fill(struct memory *memory, uint64_t base)
{
	int buffers[2 * HOLES];

	memset(memory, 0, sizeof(*memory));
	riddle(buffers);
	take(memory);
	igt_assert_eq(file_write("/proc/sys/vm/compact_memory", "1"), 0);
	look(memory, base);
	for (int i = 1; i < 2 * HOLES; i += 2)
		close(buffers[i]);

	while (!memory->found && memory->count < CHUNKS && available() > (long long)(3 * CHUNK)) {
		take(memory);
		look(memory, base);
	}
}

static void empty(struct memory *memory)
{
	for (int c = 0; c < memory->count; c++)
		munmap(memory->chunks[c], CHUNK);
	memory->count = 0;
}

/* The range that the heap takes: it is nearly all of the area, so always the same. */
static uint64_t heap_base(void)
{
	int buffer = buffer_new(heap, DYNAMIC_SIZE);
	uint64_t base = address_of(buffer);

	close(buffer);
	return base;
}

static void assert_balanced(long long taken, long long released)
{
	igt_assert_eq(cma_count("alloc_pages_success") - taken,
		      cma_count("release_pages_success") - released);
	igt_assert_eq(ledger_now("total", "buffers"), 0);
	igt_assert_eq(ledger_now("total", "bytes"), 0);
}

static void test_pinned(void)
{
	long long taken, released, failed;
	uint64_t base = heap_base();
	struct memory memory;
	struct iovec pages[16];
	int pin[2], buffer, found;

	igt_assert_eq(pipe(pin), 0);
	clear_set();
	fill(&memory, base);
	clear_wipe();
	found = memory.found;
	for (int i = 0; i < found; i++)
		pages[i] = (struct iovec){ memory.inside[i], PAGE };
	if (found)
		igt_assert_eq(vmsplice(pin[1], pages, found, 0), found * PAGE);
	empty(&memory);
	if (!found)
		igt_skip("no page of a program could be had in the CMA area\n");

	taken = cma_count("alloc_pages_success");
	released = cma_count("release_pages_success");
	failed = cma_count("alloc_pages_fail");
	for (int i = 0; i < 2; i++) {
		igt_assert_eq(heap_alloc(heap, PAGE), -ENOMEM);
		assert_balanced(taken, released);
	}
	igt_assert_eq(cma_count("alloc_pages_fail") - failed, 2 * (DYNAMIC_SIZE / PAGE));

	close(pin[0]);
	close(pin[1]);
	buffer = heap_alloc(heap, DYNAMIC_SIZE);
	igt_assert(buffer >= 0);
	close(buffer);
	assert_balanced(taken, released);
}

/* What the kernel had in the area is moved, and nobody loses a byte. */
static void test_moved_out(void)
{
	uint64_t base = heap_base();
	struct memory memory;
	int buffer, found;

	clear_set();
	fill(&memory, base);
	found = memory.found;
	buffer = heap_alloc(heap, PAGE);
	look(&memory, base);
	if (!found)
		empty(&memory);
	igt_require(found > 0);
	igt_assert(buffer >= 0);
	igt_assert_eq(memory.found, 0);
	for (int c = 0; c < memory.count; c++)
		for (uint64_t at = 0; at < CHUNK; at += PAGE)
			igt_assert_eq(memcmp(memory.chunks[c] + at, clear, PAGE), 0);
	empty(&memory);
	clear_wipe();
	close(buffer);
}

/* What a program left there is not the first client's to read. */
static void test_taken_zero(void)
{
	static unsigned char data[MIB];
	uint64_t base = heap_base();
	struct memory memory;
	int buffer, master, found;

	clear_set();
	fill(&memory, base);
	clear_wipe();
	found = memory.found;
	empty(&memory);
	igt_require(found > 0);

	buffer = buffer_new(heap, DYNAMIC_SIZE);
	master = master_new(buffer, BUS_PROBE_READ);
	igt_assert(master >= 0);
	for (uint64_t at = 0; at < DYNAMIC_SIZE; at += MIB) {
		igt_assert_eq(master_load(master, at, MIB, data), 0);
		igt_assert_eq(data[0], 0);
		igt_assert_eq(memcmp(data, data + 1, MIB - 1), 0);
	}
	close(master);
	close(buffer);
}

static void test_ordinary_again(void)
{
	uint64_t base = heap_base();
	struct memory memory;
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool seen = false;
	int found;

	clear_set();
	fill(&memory, base);
	found = memory.found;
	for (int i = 0; i < found; i++) {
		uint64_t entry, physical;

		igt_assert_eq(pread(pagemap, &entry, 8, (uintptr_t)memory.inside[i] / PAGE * 8), 8);
		physical = (entry & ((1ull << 55) - 1)) * PAGE;
		seen |= kcore_sight(kcore, physical, PAGE, true).clear;
	}
	empty(&memory);
	clear_wipe();
	close(pagemap);
	igt_require(found > 0);
	igt_assert(seen);
}

/* Taken out as one wants, and put back though one wants otherwise by then. */
static void test_linear_map(void)
{
	int small, buffer;

	igt_require(access(LINEAR_MAP, W_OK) == 0);
	small = small_new("8M");
	igt_assert_eq(file_write(LINEAR_MAP, "1"), 0);
	close(buffer_new(small, PAGE));
	buffer = buffer_new(small, PAGE);
	igt_assert_eq(file_write(LINEAR_MAP, "0"), 0);
	close(buffer);
	close(small);
	small_gone();
	test_ordinary_again();
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		heap = heap_open(DYNAMIC_HEAP);
		igt_require(heap >= 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
		kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
		igt_require(kcore >= 0);
	}

	igt_describe("Programs' pages are moved out when the heap takes the memory, none is lost.");
	igt_subtest("pages-are-moved-out")
		test_moved_out();

	igt_describe("What programs left in the memory is zero for the heap's first client.");
	igt_subtest("taken-memory-is-zero")
		test_taken_zero();

	igt_describe("When the heap has returned the memory, programs use it, and kcore shows it.");
	igt_subtest("released-memory-is-ordinary")
		test_ordinary_again();

	igt_describe("A page pinned in the area is -ENOMEM, and when it goes the heap is had.");
	igt_subtest("pinned-page-fails-reserve")
		test_pinned();

	igt_describe("Memory that was out of the linear map is ordinary again afterwards.");
	igt_subtest("linear-map-restored")
		test_linear_map();

	igt_fixture() {
		file_write(LINEAR_MAP, "0");
		small_gone();
		close(heap);
		close(kcore);
	}
}
