// SPDX-License-Identifier: MIT
/*
 * Heaps that come and go by configfs: made, enabled, disabled, removed, made again under
 * the same name, of memory that is free or is not, and from input that is wrong.
 */

#include <sys/mman.h>
#include <sys/stat.h>

#include "heap.h"
#include "igt.h"

#define MIB (1ull << 20)
#define PAGE 4096

/* What the names are for; a node stays for good, so there are few. */
#define A "test,a"
#define B "test,b"

static int dev;

static int heap_set(const char *heap, const char *attribute, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS "%s/%s", heap, attribute);
	return file_write(path, value);
}

static void assert_is(const char *heap, const char *attribute, const char *expected)
{
	char path[256], text[128];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS "%s/%s", heap, attribute);
	igt_assert(file_read(path, text, sizeof(text)) >= 0);
	igt_assert(!strcmp(text, expected));
}

static int dir_make(const char *heap)
{
	char path[512];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS "%s", heap);
	return mkdir(path, 0755) ? -errno : 0;
}

static int dir_remove(const char *heap)
{
	char path[512];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS "%s", heap);
	return rmdir(path) ? -errno : 0;
}

static void heap_make(const char *heap, const char *type, const char *base, const char *size)
{
	igt_assert_eq(dir_make(heap), 0);
	igt_assert_eq(heap_set(heap, "type", type), 0);
	igt_assert_eq(heap_set(heap, "base", base), 0);
	igt_assert_eq(heap_set(heap, "size", size), 0);
}

/* As things were before: what a failed subtest left is no other's trouble. */
static void clean(void)
{
	device_delist(A, "listed");
	dir_remove(A);
	dir_remove(B);
	heap_set(CARVEOUT_NAME, "enabled", "1");
}

static int node_open(const char *heap)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/dev/dma_heap/%s", heap);
	for (int i = 0; (fd = heap_open(path)) == -ENOENT && i < 100; i++)
		usleep(20000);	/* devtmpfs makes the node a moment later */
	igt_assert(fd >= 0);
	return fd;
}

static int in_class(const char *heap, const char *attribute, char *text, size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), SYSFS_HEAPS "%s/%s", heap, attribute);
	return file_read(path, text, size);
}

static void assert_class(const char *heap, const char *attribute, const char *expected)
{
	char text[128];

	igt_assert(in_class(heap, attribute, text, sizeof(text)) >= 0);
	igt_assert(!strcmp(text, expected));
}

/* @fd can be allocated from, all @size of it. */
static void assert_works(int fd, uint64_t size)
{
	int buffer = heap_alloc(fd, size);

	igt_assert(buffer >= 0);
	igt_assert_eq(secure_inject(dev, buffer, size - 1, 1, "x"), 0);
	close(buffer);
}

static void test_life(void)
{
	struct secure_heap_query query;
	int fd, buffer;
	char text[64];

	igt_assert_eq(dir_make(A), 0);
	igt_assert_eq(dir_make(A), -EEXIST);
	assert_is(A, "type", "dynamic");
	assert_is(A, "size", "0");
	assert_is(A, "profile", "strict");
	assert_is(A, "enabled", "0");
	igt_assert_eq(in_class(A, "size", text, sizeof(text)), -ENOENT);

	igt_assert_eq(heap_set(A, "size", "8M"), 0);
	assert_is(A, "size", "8388608");
	igt_assert_eq(heap_set(A, "enabled", "1"), 0);
	igt_assert_eq(heap_set(A, "enabled", "1"), 0);
	assert_is(A, "enabled", "1");
	assert_class(A, "size", "8388608");
	assert_class(A, "type", "dynamic");
	assert_class(A, "profile", "strict");
	assert_class(A, "state", "live");
	assert_class(A, "used", "0");
	assert_class(A, "node", "/dev/dma_heap/" A);

	fd = node_open(A);
	buffer = heap_alloc(fd, MIB);
	igt_assert(buffer >= 0);
	assert_class(A, "used", "1048576");
	igt_assert_eq(ledger_now(A, "bytes"), MIB);
	igt_assert_eq(secure_query(dev, buffer, &query), 0);
	igt_assert(!strcmp(query.heap, A));
	close(buffer);

	igt_assert_eq(heap_set(A, "enabled", "0"), 0);
	assert_is(A, "enabled", "0");
	igt_assert_eq(heap_alloc(fd, PAGE), -ENODEV);
	igt_assert_eq(in_class(A, "size", text, sizeof(text)), -ENOENT);
	igt_assert_eq(ledger_now(A, "bytes"), -1);
	igt_assert_eq(dir_remove(A), 0);
	igt_assert_eq(heap_alloc(fd, PAGE), -ENODEV);
	close(fd);

	/* The node stays, and leads nowhere. */
	fd = node_open(A);
	igt_assert_eq(heap_alloc(fd, PAGE), -ENODEV);
	close(fd);
}

static void test_again(void)
{
	int fd, again;

	heap_make(A, "dynamic", "0", "4M");
	igt_assert_eq(heap_set(A, "enabled", "1"), 0);
	fd = node_open(A);
	assert_works(fd, 4 * MIB);
	igt_assert_eq(dir_remove(A), 0);	/* enabled as it is */
	igt_assert_eq(heap_alloc(fd, PAGE), -ENODEV);

	heap_make(A, "dynamic", "0", "8M");
	igt_assert_eq(heap_alloc(fd, PAGE), -ENODEV);
	igt_assert_eq(heap_set(A, "enabled", "1"), 0);
	again = node_open(A);
	assert_works(again, 8 * MIB);
	assert_works(fd, 8 * MIB);
	igt_assert_eq(dir_remove(A), 0);
	close(again);
	close(fd);
}

/* The buffer of a heap that is removed, or only disabled, is as good as before. */
static void test_live_buffers(bool remove)
{
	struct secure_heap_query query;
	int fd, buffer, master;
	char text[4];

	heap_make(A, "dynamic", "0", "8M");
	igt_assert_eq(heap_set(A, "enabled", "1"), 0);
	fd = node_open(A);
	buffer = heap_alloc(fd, MIB);
	igt_assert(buffer >= 0);
	igt_assert_eq(secure_inject(dev, buffer, 0, 4, "kept"), 0);
	igt_assert_eq(remove ? dir_remove(A) : heap_set(A, "enabled", "0"), 0);
	igt_assert_eq(heap_alloc(fd, PAGE), -ENODEV);

	igt_assert_eq(secure_query(dev, buffer, &query), 0);
	igt_assert_eq(query.state, SECURE_HEAP_STATE_LIVE);
	igt_assert(!strcmp(query.heap, A));
	igt_assert(mmap(NULL, MIB, PROT_READ, MAP_SHARED, buffer, 0) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	master = master_new(buffer, BUS_PROBE_READ);
	igt_assert(master >= 0);
	igt_assert_eq(master_load(master, 0, 4, text), 0);
	igt_assert_eq(memcmp(text, "kept", 4), 0);

	/* Another heap of that name has nothing to do with it. */
	if (remove)
		heap_make(A, "dynamic", "0", "4M");
	igt_assert_eq(heap_set(A, "enabled", "1"), 0);
	igt_assert_eq(secure_revoke(dev, A), 0);
	igt_assert_eq(master_load(master, 0, 4, text), 0);
	igt_assert_eq(memcmp(text, "kept", 4), 0);
	igt_assert_eq(secure_restore(dev, A), 0);
	assert_works(fd, 4 * MIB);
	close(master);
	close(buffer);
	igt_assert_eq(ledger_now("total", "buffers"), 0);
	igt_assert_eq(dir_remove(A), 0);
	close(fd);
}

static void test_constant(void)
{
	int fd, strict, tegra;

	heap_make(A, "dynamic", "0", "4M");
	igt_assert_eq(heap_set(A, "enabled", "1"), 0);
	igt_assert_eq(heap_set(A, "type", "carveout"), -EBUSY);
	igt_assert_eq(heap_set(A, "base", "0x60000000"), -EBUSY);
	igt_assert_eq(heap_set(A, "size", "8M"), -EBUSY);
	assert_is(A, "type", "dynamic");
	assert_is(A, "size", "4194304");

	/* The profile may change, for the buffers to come. */
	fd = node_open(A);
	strict = heap_alloc(fd, PAGE);
	igt_assert_eq(heap_set(A, "profile", "tegra"), 0);
	tegra = heap_alloc(fd, PAGE);
	igt_assert(strict >= 0 && tegra >= 0);
	igt_assert(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, strict, 0) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	igt_assert(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, tegra, 0) == MAP_FAILED);
	igt_assert_eq(errno, EPERM);
	close(strict);
	close(tegra);
	close(fd);

	igt_assert_eq(heap_set(A, "enabled", "0"), 0);
	igt_assert_eq(heap_set(A, "size", "8M"), 0);
	igt_assert_eq(dir_remove(A), 0);
}

static void test_overlap(void)
{
	static const struct { const char *base, *size; } overlaps[] = {
		{ "0x60000000", "128M" }, { "0x60000000", "64M" }, { "0x67fff000", "4K" },
		{ "0x5ffff000", "8K" }, { "0x67fff000", "8K" }, { "0x50000000", "512M" },
		{ "0x1000000", "1M" },	/* the kernel's own memory */
	};

	for (size_t i = 0; i < sizeof(overlaps) / sizeof(overlaps[0]); i++) {
		heap_make(A, "carveout", overlaps[i].base, overlaps[i].size);
		igt_assert_eq(heap_set(A, "enabled", "1"), -EBUSY);
		assert_is(A, "enabled", "0");
		igt_assert_eq(dir_remove(A), 0);
	}
	/* The heap that has it is none the worse. */
	int fd = node_open(CARVEOUT_NAME);

	assert_works(fd, CARVEOUT_SIZE);
	close(fd);
}

static void test_halves(void)
{
	int whole = node_open(CARVEOUT_NAME), a, b, first, second;

	igt_assert_eq(heap_set(CARVEOUT_NAME, "enabled", "0"), 0);
	igt_assert_eq(heap_alloc(whole, PAGE), -ENODEV);
	heap_make(A, "carveout", "0x60000000", "64M");
	heap_make(B, "carveout", "0x64000000", "64M");
	igt_assert_eq(heap_set(A, "enabled", "1"), 0);
	igt_assert_eq(heap_set(B, "enabled", "1"), 0);
	assert_class(A, "type", "carveout");
	a = node_open(A);
	b = node_open(B);
	first = heap_alloc(a, 64 * MIB);
	second = heap_alloc(b, 64 * MIB);
	igt_assert(first >= 0 && second >= 0);
	igt_assert_eq(heap_alloc(a, PAGE), -ENOMEM);
	igt_assert_eq(heap_set(CARVEOUT_NAME, "enabled", "1"), -EBUSY);

	/* The memory of a heap that is gone is free with its last buffer, not before. */
	igt_assert_eq(dir_remove(A), 0);
	igt_assert_eq(dir_remove(B), 0);
	close(first);
	igt_assert_eq(heap_set(CARVEOUT_NAME, "enabled", "1"), -EBUSY);
	close(second);
	igt_assert_eq(heap_set(CARVEOUT_NAME, "enabled", "1"), 0);
	assert_works(whole, CARVEOUT_SIZE);
	close(a);
	close(b);
	close(whole);
}

static void test_default_stays(void)
{
	igt_assert_eq(dir_remove(CARVEOUT_NAME), -EPERM);
	igt_assert_eq(dir_remove(DYNAMIC_NAME), -EPERM);
	igt_assert_eq(dir_remove(CARVEOUT_NAME "/devices"), -EPERM);
	igt_assert_eq(dir_make(CARVEOUT_NAME), -EEXIST);
	assert_is(CARVEOUT_NAME, "enabled", "1");
	assert_is(CARVEOUT_NAME, "type", "carveout");
	assert_is(DYNAMIC_NAME, "type", "dynamic");
}

static void test_listed_devices(void)
{
	igt_assert_eq(dir_make(A), 0);
	igt_assert_eq(device_list(A, "listed"), 0);
	igt_assert_eq(dir_remove(A), -ENOTEMPTY);
	igt_assert_eq(device_delist(A, "listed"), 0);
	igt_assert_eq(dir_remove(A), 0);
}

static void test_bad_values(void)
{
	static const struct { const char *attribute, *good; const char *bad[14]; } values[] = {
		{ "type", "carveout", { "\n", "cma", "CARVEOUT", "carveout dynamic", "carve", "0" } },
		{ "size", "8388608", { "\n", "-1", "M", "8Q", "8MM", "8M 8M", "eight", "0x", "8M,",
				       "18446744073709551616", "99999999999999999999", "16E",
				       "1.5M" } },
		{ "base", "0x0000000060000000", { "\n", "-1", "0xg", "here", "0x60000000 0", "@0",
						  "0x10000000000000000" } },
		{ "profile", "mtk", { "\n", "STRICT", "strictest", "stric", "0", "strict,mtk" } },
		{ "enabled", "0", { "\n", "2", "-1", "maybe", "x" } },
	};
	char overlong[5000];

	memset(overlong, '7', sizeof(overlong) - 1);
	overlong[sizeof(overlong) - 1] = 0;
	igt_assert_eq(dir_make(A), 0);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const char *attribute = values[i].attribute;

		igt_assert_eq(heap_set(A, attribute, values[i].good), 0);
		assert_is(A, attribute, values[i].good);
		for (int k = 0; k < 14 && values[i].bad[k]; k++) {
			igt_assert_eq(heap_set(A, attribute, values[i].bad[k]), -EINVAL);
			assert_is(A, attribute, values[i].good);
		}
		igt_assert_eq(heap_set(A, attribute, overlong), -EINVAL);
		assert_is(A, attribute, values[i].good);
	}
	igt_assert_eq(dir_remove(A), 0);
}

/* Each value is one, but there can be no heap like that. */
static void test_impossible(void)
{
	static const struct { const char *type, *base, *size; } impossible[] = {
		{ "dynamic", "0", "4095" }, { "dynamic", "0", "129M" }, { "dynamic", "0", "1G" },
		{ "dynamic", "0", "0xfffffffffffff000" },
		{ "carveout", "0x60000000", "0" }, { "carveout", "0x60000000", "4095" },
		{ "carveout", "0x60000001", "4K" }, { "carveout", "0xfffffffffffff000", "8K" },
	};

	igt_assert_eq(heap_set(CARVEOUT_NAME, "enabled", "0"), 0);
	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
		heap_make(A, impossible[i].type, impossible[i].base, impossible[i].size);
		igt_assert_eq(heap_set(A, "enabled", "1"), -EINVAL);
		assert_is(A, "enabled", "0");
		igt_assert_eq(dir_remove(A), 0);
	}
	igt_assert_eq(heap_set(CARVEOUT_NAME, "enabled", "1"), 0);
}

static void test_names(void)
{
	static const char *const bad[] = { "a b", "a:b", "a\nb", "h\xc3\xa9" "ap", "*", "a;b", "~" };
	char name[SECURE_HEAP_NAME_MAX + 2];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		igt_assert_eq(dir_make(bad[i]), -EINVAL);
	memset(name, 'n', sizeof(name) - 1);
	name[SECURE_HEAP_NAME_MAX] = 0;
	igt_assert_eq(dir_make(name), -EINVAL);
	name[SECURE_HEAP_NAME_MAX - 1] = 0;
	igt_assert_eq(dir_make(name), 0);
	igt_assert_eq(dir_remove(name), 0);
	igt_assert_eq(dir_make("Az09,._-"), 0);
	igt_assert_eq(dir_remove("Az09,._-"), 0);
}

/* Another driver's heap is not taken over. */
static void test_foreign_name(void)
{
	int fd = heap_open(SYSTEM_HEAP), buffer;

	igt_assert(fd >= 0);
	heap_make("system", "dynamic", "0", "4M");
	igt_assert_eq(heap_set("system", "enabled", "1"), -EEXIST);
	igt_assert_eq(dir_remove("system"), 0);
	buffer = heap_alloc(fd, PAGE);
	igt_assert(buffer >= 0);
	close(buffer);
	close(fd);
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		dev = secure_open();
		igt_require(dev >= 0);
		igt_require(access(CONFIGFS_HEAPS, R_OK) == 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
		clean();
	}

	igt_describe("A heap is made, enabled, used, disabled and removed; then its node says -ENODEV.");
	igt_subtest("comes-and-goes") {
		clean();
		test_life();
	}

	igt_describe("A heap made again under a name has that name's node.");
	igt_subtest("same-name-again") {
		clean();
		test_again();
	}

	igt_describe("Buffers outlive a heap that is removed, and are of no other of that name.");
	igt_subtest("removed-with-live-buffers") {
		clean();
		test_live_buffers(true);
	}

	igt_describe("Buffers outlive a heap that is disabled, and enabled again.");
	igt_subtest("disabled-with-live-buffers") {
		clean();
		test_live_buffers(false);
	}

	igt_describe("What a heap is made from cannot be changed while it is enabled.");
	igt_subtest("attributes-constant-while-enabled") {
		clean();
		test_constant();
	}

	igt_describe("No heap has memory that the kernel or another heap has.");
	igt_subtest("overlapping-carve-out-refused") {
		clean();
		test_overlap();
	}

	igt_describe("A carve-out is made into two heaps, and one again when their last buffer is gone.");
	igt_subtest("carve-out-in-halves") {
		clean();
		test_halves();
	}

	igt_describe("The heaps that were there from the start can be disabled and not removed.");
	igt_subtest("default-heap-stays") {
		clean();
		test_default_stays();
	}

	igt_describe("A heap is removed when no device is listed for it any more.");
	igt_subtest("listed-devices-first") {
		clean();
		test_listed_devices();
	}

	igt_describe("A value that is none is refused and changes nothing.");
	igt_subtest("bad-values-refused") {
		clean();
		test_bad_values();
	}

	igt_describe("A heap that there cannot be is refused when it is enabled.");
	igt_subtest("impossible-heap-refused") {
		clean();
		test_impossible();
	}

	igt_describe("A heap's name is short and of harmless characters.");
	igt_subtest("bad-names-refused") {
		clean();
		test_names();
	}

	igt_describe("A name that another driver's dma-heap has is not to be had.");
	igt_subtest("foreign-name-refused") {
		clean();
		test_foreign_name();
	}

	igt_fixture() {
		clean();
		close(dev);
	}
}
