// SPDX-License-Identifier: MIT
/*
 * A heap's policy: what a listed device may do, whatever its driver registered; that a
 * change of it ends what was granted; and that no input harms it.
 */

#include <sys/stat.h>

#include "probe.h"

#define SIZE 65536
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)

static int carveout, dynamic;

static int buffer_new(int heap)
{
	int buffer = heap_alloc(heap, SIZE);

	igt_assert(buffer >= 0);
	return buffer;
}

static int access_set(const char *device, const char *access)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS CARVEOUT_NAME "/devices/%s/access", device);
	return file_write(path, access);
}

static void assert_access(const char *device, const char *expected)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS CARVEOUT_NAME "/devices/%s/access", device);
	igt_assert(file_read(path, text, sizeof(text)) > 0);
	igt_assert(!strcmp(text, expected));
}

/* What a mapped device reaches: its answers to a load and to a store. */
static void assert_reaches(int probe, int reading, int writing)
{
	char byte = 0;

	igt_assert_eq(master_load(probe, 0, 1, &byte), reading);
	igt_assert_eq(master_store(probe, 0, 1, &byte), writing);
}

static void test_listing_narrows(const char *access, int reading, int writing)
{
	int buffer = buffer_new(carveout), probe = probe_open();
	struct bus_probe_name name = probe_name(probe);

	igt_assert_eq(device_list(CARVEOUT_NAME, name.name), 0);
	assert_access(name.name, "read-write");
	igt_assert_eq(access_set(name.name, access), 0);
	assert_access(name.name, access);

	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BUS_PROBE_READ), reading);
	if (!reading)
		igt_assert_eq(ioctl(probe, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BUS_PROBE_WRITE), writing);
	if (!writing)
		igt_assert_eq(ioctl(probe, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	assert_reaches(probe, reading, writing);

	igt_assert_eq(device_delist(CARVEOUT_NAME, name.name), 0);
	close(probe);
	close(buffer);
}

static void test_listing_none(void)
{
	int buffer = buffer_new(carveout), probe = probe_open();
	struct bus_probe_name name = probe_name(probe);

	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BOTH), 0);
	igt_assert_eq(device_list(CARVEOUT_NAME, name.name), 0);
	igt_assert_eq(access_set(name.name, "none"), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), -EACCES);

	/* Barred when it is attached already: it does not get a mapping. */
	igt_assert_eq(access_set(name.name, "read"), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), 0);
	igt_assert_eq(access_set(name.name, "none"), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), -EACCES);

	igt_assert_eq(device_delist(CARVEOUT_NAME, name.name), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	close(probe);
	close(buffer);
}

/* Registered for one thing, listed for another: the administrator has the last word. */
static void test_listing_outranks(void)
{
	int buffer = buffer_new(carveout), other = buffer_new(dynamic), probe = probe_open();
	struct bus_probe_name name = probe_name(probe);

	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BUS_PROBE_READ), 0);
	igt_assert_eq(device_list(CARVEOUT_NAME, name.name), 0);
	igt_assert_eq(access_set(name.name, "write"), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	assert_reaches(probe, -EACCES, 0);

	/* Not in another heap, where it is not listed. */
	igt_assert_eq(ioctl(probe, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_DETACH), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, other), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	assert_reaches(probe, 0, -EACCES);

	igt_assert_eq(device_delist(CARVEOUT_NAME, name.name), 0);
	close(probe);
	close(other);
	close(buffer);
}

/* @change ends the grants of a listed device, which is then listed for both ways again. */
static void test_change_ends_grants(void (*change)(const char *device))
{
	int buffer = buffer_new(carveout), other = buffer_new(dynamic), probe = probe_open();
	struct bus_probe_name name = probe_name(probe);
	int second = master_new(buffer, BOTH), elsewhere;
	uint64_t old, new;

	igt_assert(second >= 0);
	elsewhere = master_new(other, BOTH);
	igt_assert(elsewhere >= 0);
	igt_assert_eq(device_list(CARVEOUT_NAME, name.name), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_GRANT, &old), 0);
	assert_reaches(probe, 0, 0);

	change(name.name);
	assert_reaches(probe, -EACCES, -EACCES);
	/* Nobody else's. */
	assert_reaches(second, 0, 0);
	assert_reaches(elsewhere, 0, 0);

	/* What it may do again takes a new mapping, and the old one stays dead. */
	igt_assert_eq(ioctl(probe, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_GRANT, &new), 0);
	igt_assert(new != old);
	assert_reaches(probe, 0, 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_AIM, &old), 0);
	assert_reaches(probe, -EACCES, -EACCES);

	igt_assert_eq(device_delist(CARVEOUT_NAME, name.name), 0);
	close(probe);
	close(second);
	close(elsewhere);
	close(other);
	close(buffer);
}

static void change_access(const char *device)
{
	igt_assert_eq(access_set(device, "read"), 0);
	igt_assert_eq(access_set(device, "read-write"), 0);
}

static void change_listing(const char *device)
{
	igt_assert_eq(device_delist(CARVEOUT_NAME, device), 0);
	igt_assert_eq(device_list(CARVEOUT_NAME, device), 0);
}

static void test_bad_access(void)
{
	static const char *const bad[] = {
		"\n", "rw", "READ", "read write", "readwrite", "read-", "read-writes", "no", "0",
		"none,read",
	};
	char overlong[8192];

	memset(overlong, 'r', sizeof(overlong) - 1);
	overlong[sizeof(overlong) - 1] = 0;
	igt_assert_eq(device_list(CARVEOUT_NAME, "hostile"), 0);
	igt_assert_eq(access_set("hostile", "read"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		igt_assert_eq(access_set("hostile", bad[i]), -EINVAL);
		assert_access("hostile", "read");
	}
	igt_assert_eq(access_set("hostile", overlong), -EINVAL);
	assert_access("hostile", "read");
	igt_assert_eq(access_set("hostile", "none\n"), 0);
	assert_access("hostile", "none");
	igt_assert_eq(device_delist(CARVEOUT_NAME, "hostile"), 0);
}

static void test_bad_names(void)
{
	char path[512] = CONFIGFS_HEAPS CARVEOUT_NAME "/devices/";
	char *name = path + strlen(path);

	igt_assert_eq(device_list(CARVEOUT_NAME, ""), -EEXIST);	/* the directory itself */
	igt_assert_eq(device_list(CARVEOUT_NAME, "."), -EEXIST);
	igt_assert_eq(device_list(CARVEOUT_NAME, "a/b"), -ENOENT);

	/* Too long for a file's name, and too long for a device's. */
	for (size_t len = 300; len >= 200; len -= 100) {
		memset(name, 'n', len);
		name[len] = 0;
		igt_assert_eq(mkdir(path, 0755), -1);
		igt_assert_eq(errno, ENAMETOOLONG);
	}

	igt_assert_eq(device_list(CARVEOUT_NAME, "twice"), 0);
	igt_assert_eq(device_list(CARVEOUT_NAME, "twice"), -EEXIST);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "twice"), 0);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "twice"), -ENOENT);
}

/* A file that is open when its listing goes is no way to one that is gone. */
static void test_stale_file(void)
{
	const char *path = CONFIGFS_HEAPS CARVEOUT_NAME "/devices/stale/access";
	char text[16];
	int reader, writer;

	igt_assert_eq(device_list(CARVEOUT_NAME, "stale"), 0);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	writer = open(path, O_WRONLY | O_CLOEXEC);
	igt_assert(reader >= 0 && writer >= 0);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "stale"), 0);
	igt_assert_eq(read(reader, text, sizeof(text)), -1);
	igt_assert_eq(errno, ENOENT);
	igt_assert_eq(write(writer, "read", 4), -1);
	igt_assert_eq(errno, ENOENT);
	close(reader);
	close(writer);
}

static bool linked(const char *device, const char *heap)
{
	char path[256], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/faux/devices/%s/secure_heap:%s", device, heap);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = 0;
	igt_assert(strrchr(target, '/') && !strcmp(strrchr(target, '/') + 1, heap));
	return true;
}

static void test_links(void)
{
	int probe = probe_open();
	struct bus_probe_name name = probe_name(probe);

	igt_assert(!linked(name.name, CARVEOUT_NAME));
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BUS_PROBE_READ), 0);
	igt_assert(linked(name.name, CARVEOUT_NAME));
	igt_assert(linked(name.name, DYNAMIC_NAME));

	igt_assert_eq(file_write(CONFIGFS_HEAPS DYNAMIC_NAME "/enabled", "0"), 0);
	igt_assert(linked(name.name, CARVEOUT_NAME));
	igt_assert(!linked(name.name, DYNAMIC_NAME));
	igt_assert_eq(file_write(CONFIGFS_HEAPS DYNAMIC_NAME "/enabled", "1"), 0);
	igt_assert(linked(name.name, DYNAMIC_NAME));

	igt_assert_eq(ioctl(probe, BUS_PROBE_DISTRUST), 0);
	igt_assert(!linked(name.name, CARVEOUT_NAME));
	igt_assert(!linked(name.name, DYNAMIC_NAME));
	close(probe);
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		carveout = heap_open(CARVEOUT_HEAP);
		dynamic = heap_open(DYNAMIC_HEAP);
		igt_require(carveout >= 0 && dynamic >= 0);
		device_delist(CARVEOUT_NAME, "hostile");	/* left by a run that failed */
		igt_require(access("/dev/bus_probe", R_OK) == 0);
	}

	igt_describe("A device listed for reading maps for reading, and reads only.");
	igt_subtest("listed-for-reading")
		test_listing_narrows("read", 0, -EACCES);

	igt_describe("A device listed for writing maps for writing, and writes only.");
	igt_subtest("listed-for-writing")
		test_listing_narrows("write", -EACCES, 0);

	igt_describe("A device listed for nothing is kept out, whatever its driver says.");
	igt_subtest("listed-for-none-refused")
		test_listing_none();

	igt_describe("A listing counts for more than what a driver registered, in its heap.");
	igt_subtest("listing-outranks-registration")
		test_listing_outranks();

	igt_describe("A change of access ends the device's grants, and nobody else's.");
	igt_subtest("access-change-ends-grants")
		test_change_ends_grants(change_access);

	igt_describe("Delisting ends the device's grants, and listing again revives none.");
	igt_subtest("delisting-ends-grants")
		test_change_ends_grants(change_listing);

	igt_describe("An access that is none is refused and changes nothing.");
	igt_subtest("bad-access-refused")
		test_bad_access();

	igt_describe("No name of a device does harm.");
	igt_subtest("bad-names-refused")
		test_bad_names();

	igt_describe("A file of a listing that is gone reads and changes nothing.");
	igt_subtest("stale-file-refused")
		test_stale_file();

	igt_describe("A master's directory in sysfs leads to the enabled heaps.");
	igt_subtest("master-links-to-heaps")
		test_links();

	igt_fixture() {
		close(carveout);
		close(dynamic);
	}
}
