// SPDX-License-Identifier: MIT
/*
 * /proc/kcore shows all of the kernel's memory to root: but no byte of the dynamic heap's
 * while the heap has it, and none of a client's afterwards.
 */

#include <sys/mman.h>
#include <sys/stat.h>

#include "dynamic.h"
#include "kcore.h"

static int heap, dev, kcore;

/* The range that the heap takes: it is nearly all of the area, so always the same. */
static uint64_t heap_base(void)
{
	int buffer = buffer_new(heap, DYNAMIC_SIZE);
	uint64_t base = address_of(buffer);

	close(buffer);
	return base;
}

/* The positive control: an ordinary dma-buf is there to be read. */
static void test_system_seen(void)
{
	int system = heap_open(SYSTEM_HEAP), buffer;
	unsigned char *data;

	igt_assert(system >= 0);
	buffer = heap_alloc(system, PAGE);
	igt_assert(buffer >= 0);
	data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);
	igt_assert(data != MAP_FAILED);
	for (size_t i = 0; i < PAGE; i++)
		data[i] = clear_byte(i);
	igt_assert(kcore_sight(kcore, address_of(buffer), PAGE, true).clear);
	munmap(data, PAGE);
	close(buffer);
	close(system);
}

/*
 * With a pattern in one buffer of a heap that has @size bytes, seen to be there: what does
 * kcore show of all of them?
 */
static void test_kcore_blind(int from, uint64_t size)
{
	int rest = buffer_new(from, size - sizeof(clear));
	int buffer = buffer_new(from, sizeof(clear)), master = master_new(buffer, BOTH);
	static unsigned char seen[sizeof(clear)];

	igt_assert(master >= 0);
	clear_set();
	igt_assert_eq(secure_inject(dev, buffer, 0, sizeof(clear), clear), 0);
	clear_wipe();
	igt_assert_eq(master_load(master, 0, sizeof(seen), seen), 0);
	igt_assert(is_clear(seen) && is_clear(seen + sizeof(seen) - 16));
	explicit_bzero(seen, sizeof(seen));

	igt_assert_eq(kcore_sight(kcore, address_of(buffer), sizeof(clear), true).nonzero, 0);
	igt_assert_eq(kcore_sight(kcore, address_of(rest), size - sizeof(clear), true).nonzero, 0);
	close(master);
	close(buffer);
	close(rest);
}

/* The heap's own mapping has an address, too; /proc/vmallocinfo tells it to root. */
static void test_kcore_bus(void)
{
	int buffer = buffer_new(heap, DYNAMIC_SIZE), looked = 0;
	FILE *file = fopen("/proc/vmallocinfo", "re");
	char line[512];

	igt_assert(file);
	clear_set();
	igt_assert_eq(secure_inject(dev, buffer, 0, sizeof(clear), clear), 0);
	clear_wipe();
	igt_assert_eq(file_write("/proc/sys/kernel/kptr_restrict", "1"), 0);
	while (fgets(line, sizeof(line), file)) {
		unsigned long long start, end;

		if (sscanf(line, "0x%llx-0x%llx", &start, &end) != 2 ||
		    end - start < DYNAMIC_SIZE || kcore_find(kcore, start, false) < 0)
			continue;
		igt_assert_eq(kcore_sight(kcore, start, sizeof(clear), false).nonzero, 0);
		looked++;
	}
	fclose(file);
	close(buffer);
	igt_require(looked > 0);
}

static void test_scrubbed_first(void)
{
	uint64_t base = heap_base();
	int buffer = buffer_new(heap, DYNAMIC_SIZE);

	clear_set();
	for (uint64_t at = 0; at < DYNAMIC_SIZE; at += MIB)
		igt_assert_eq(secure_inject(dev, buffer, at, sizeof(clear), clear), 0);
	clear_wipe();
	close(buffer);
	igt_assert(!kcore_sight(kcore, base, DYNAMIC_SIZE, true).clear);
}

/* The stronger protection, which is a choice: no page of it has an address left. */
static void test_linear_map(void)
{
	int small;

	igt_require(access(LINEAR_MAP, W_OK) == 0);
	small = small_new("8M");
	igt_assert_eq(file_write(LINEAR_MAP, "1"), 0);
	test_kcore_blind(small, 8 * MIB);
	igt_assert_eq(file_write(LINEAR_MAP, "0"), 0);
	close(small);
	small_gone();
}

/* Where the module keeps a variable; 0 if /proc/kallsyms does not tell. */
static uint64_t symbol(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long found = 0;
	char line[512];

	igt_assert(file);
	while (!found && fgets(line, sizeof(line), file)) {
		unsigned long long address;
		char type, symbol[256], module[256] = "";

		if (sscanf(line, "%llx %c %255s %255s", &address, &type, symbol, module) == 4 &&
		    !strcmp(symbol, name) && !strcmp(module, "[secure_heap]"))
			found = address;
	}
	fclose(file);
	return found;
}

/* Root knows where the slots are, and reads that very pointer; but not what is there. */
static void test_kcore_key(void)
{
	uint64_t pointer = symbol("slots"), slots = 0;
	off_t offset;

	igt_require(pointer);
	igt_assert(secure_key(dev, DYNAMIC_NAME, SECURE_HEAP_KEY_ANY, "0123456789abcdef") >= 0);
	offset = kcore_find(kcore, pointer, false);
	igt_require(offset >= 0);
	igt_assert_eq(pread(kcore, &slots, sizeof(slots), offset), sizeof(slots));
	igt_assert(slots);
	igt_assert_eq(kcore_sight(kcore, slots, 2 * PAGE, false).nonzero, 0);
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		heap = heap_open(DYNAMIC_HEAP);
		dev = secure_open();
		igt_require(heap >= 0 && dev >= 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
		kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC);
		igt_require(kcore >= 0);
	}

	igt_describe("/proc/kcore shows a buffer of the system heap.");
	igt_subtest("kcore-shows-system-heap")
		test_system_seen();

	igt_describe("/proc/kcore shows nothing of the heap's memory, of all of it.");
	igt_subtest("kcore-shows-no-protected-byte")
		test_kcore_blind(heap, DYNAMIC_SIZE);

	igt_describe("/proc/kcore does not read the heap's own mapping.");
	igt_subtest("kcore-does-not-read-the-bus")
		test_kcore_bus();

	igt_describe("/proc/kcore does not show the keys in the slots.");
	igt_subtest("kcore-shows-no-key")
		test_kcore_key();

	igt_describe("The memory is returned to the kernel without a byte of a client's.");
	igt_subtest("released-memory-is-scrubbed")
		test_scrubbed_first();

	igt_describe("Memory that is out of the linear map works, and kcore shows nothing of it.");
	igt_subtest("kcore-shows-nothing-without-linear-map")
		test_linear_map();

	igt_fixture() {
		file_write(LINEAR_MAP, "0");
		small_gone();
		close(heap);
		close(dev);
		close(kcore);
	}
}
