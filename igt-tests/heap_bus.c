// SPDX-License-Identifier: MIT
/*
 * The secure bus, driven through a test module: a trusted device reaches what its
 * mapping grants, for as long as the mapping and the trust last, and nothing else. What
 * ends a grant waits for its open windows.
 */

#include <pthread.h>

#include "probe.h"

#define SIZE 65536
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)

static int heap, dev;

static int hold(int probe, uint64_t offset, uint64_t len, uint32_t access)
{
	struct bus_probe_window window = { .offset = offset, .len = len, .access = access };

	return ioctl(probe, BUS_PROBE_HOLD, &window) ? -errno : 0;
}

static uint64_t probe_grant(int probe)
{
	uint64_t grant = 0;

	igt_assert_eq(ioctl(probe, BUS_PROBE_GRANT, &grant), 0);
	return grant;
}

static int master_mapped(int buffer, uint32_t access)
{
	int master = master_new(buffer, access);

	igt_assert(master >= 0);
	return master;
}

static int buffer_new(void)
{
	int buffer = heap_alloc(heap, SIZE);

	igt_assert(buffer >= 0);
	return buffer;
}

static void test_round_trip(void)
{
	static unsigned char out[SIZE], in[SIZE];
	int buffer = buffer_new();
	int probe = master_mapped(buffer, BOTH);

	for (int i = 0; i < SIZE; i++)
		out[i] = i * 7 + (i >> 8);
	igt_assert_eq(master_store(probe, 0, SIZE, out), 0);
	igt_assert_eq(master_load(probe, 0, SIZE, in), 0);
	igt_assert_eq(memcmp(in, out, SIZE), 0);

	/* Unaligned, short, and the last byte. */
	igt_assert_eq(master_store(probe, 4093, 7, "window"), 0);
	igt_assert_eq(master_load(probe, 4094, 5, in), 0);
	igt_assert_eq(memcmp(in, "indow", 5), 0);
	igt_assert_eq(master_load(probe, SIZE - 1, 1, in), 0);
	igt_assert_eq(in[0], out[SIZE - 1]);

	close(probe);
	close(buffer);
}

static void test_outside(void)
{
	static const struct { uint64_t offset, len; } outside[] = {
		{ 0, 0 }, { 0, SIZE + 1 }, { SIZE, 1 }, { SIZE - 1, 2 }, { SIZE + 4096, 1 },
		{ ~0ull, 1 }, { ~0ull, 2 }, { 1, ~0ull }, { 2, ~0ull - 1 }, { 4096, ~0ull - 4095 },
	};
	int buffer = buffer_new();
	int probe = master_mapped(buffer, BOTH);
	char byte;

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		igt_assert_eq(master_load(probe, outside[i].offset, outside[i].len, &byte), -ERANGE);
		if (outside[i].len <= 4096)
			igt_assert_eq(master_store(probe, outside[i].offset, outside[i].len,
					    "................"), -ERANGE);
	}
	close(probe);
	close(buffer);
}

static void test_direction(void)
{
	int buffer = buffer_new();
	int probe = master_mapped(buffer, BUS_PROBE_READ);
	char byte = 0;

	/* Mapped for both, granted one. */
	igt_assert_eq(master_load(probe, 0, 1, &byte), 0);
	igt_assert_eq(master_store(probe, 0, 1, &byte), -EACCES);
	close(probe);

	/* Nothing remains of what is asked for: no mapping at all. */
	probe = probe_open();
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BUS_PROBE_READ), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BUS_PROBE_WRITE), -EACCES);
	igt_assert_eq(master_load(probe, 0, 1, &byte), -EACCES);
	close(probe);
	close(buffer);
}

static void test_unmapped(void)
{
	int buffer = buffer_new();
	int probe = master_mapped(buffer, BOTH);
	int other = master_mapped(buffer, BOTH);
	char byte;

	igt_assert_eq(master_load(probe, 0, 1, &byte), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(master_load(probe, 0, 1, &byte), -EACCES);
	igt_assert_eq(master_load(other, 0, 1, &byte), 0);

	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	igt_assert_eq(master_load(probe, 0, 1, &byte), 0);
	close(probe);
	close(other);
	close(buffer);
}

static void test_distrusted(void)
{
	int buffer = buffer_new();
	int probe = master_mapped(buffer, BOTH);
	uint64_t old, new;
	char byte;

	igt_assert_eq(master_store(probe, 0, 2, "o"), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_DISTRUST), 0);
	igt_assert_eq(master_load(probe, 0, 1, &byte), -EACCES);
	igt_assert_eq(ioctl(probe, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), -EACCES);
	igt_assert_eq(ioctl(probe, BUS_PROBE_DETACH), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), -EACCES);
	igt_assert_eq(master_load(probe, 0, 1, &byte), -EACCES);
	close(probe);

	/* Trusted anew while it was mapped: that mapping stays dead. */
	probe = master_mapped(buffer, BOTH);
	old = probe_grant(probe);
	igt_assert_eq(ioctl(probe, BUS_PROBE_DISTRUST), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BOTH), 0);
	igt_assert_eq(master_load(probe, 0, 1, &byte), -EACCES);

	/* Its attachment can be mapped anew, which gives another grant. */
	igt_assert_eq(ioctl(probe, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	new = probe_grant(probe);
	igt_assert(new != old);
	igt_assert_eq(master_load(probe, 0, 1, &byte), 0);
	igt_assert_eq(byte, 'o');
	igt_assert_eq(ioctl(probe, BUS_PROBE_AIM, &old), 0);
	igt_assert_eq(master_load(probe, 0, 1, &byte), -EACCES);
	close(probe);
	close(buffer);
}

static void test_second_map(void)
{
	int buffer = buffer_new();
	int probe = master_mapped(buffer, BOTH);

	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), -EBUSY);
	close(probe);
	close(buffer);
}

/* What is mapped lives on when the application has closed its last fd. */
static void test_outlives_fd(void)
{
	int buffer = buffer_new();
	int probe = master_mapped(buffer, BOTH);
	char text[7] = "";

	igt_assert_eq(master_store(probe, 100, 7, "secret"), 0);
	close(buffer);
	igt_assert_eq(master_load(probe, 100, 7, text), 0);
	igt_assert_eq(strcmp(text, "secret"), 0);
	close(probe);
}

struct race {
	int probe;
	volatile bool stop;
	long wrong;
};

static void *reader(void *arg)
{
	struct race *race = arg;
	char data[4096];

	while (!race->stop) {
		int ret = master_load(race->probe, 0, sizeof(data), data);

		/* The device's own buffer or none: never another client's bytes. */
		if (ret ? ret != -EACCES : memchr(data, 'x', sizeof(data)) != NULL)
			race->wrong++;
	}
	return NULL;
}

/*
 * One device reads while its trust comes and goes, and while another client fills
 * and frees the memory around it.
 */
static void test_race(void)
{
	static char data[SIZE];
	struct race race = {};
	pthread_t thread;
	int buffer = buffer_new();

	memset(data, 'x', sizeof(data));
	race.probe = master_mapped(buffer, BUS_PROBE_READ);
	close(buffer);
	igt_assert_eq(pthread_create(&thread, NULL, reader, &race), 0);
	for (int i = 0; i < 200; i++) {
		int theirs = buffer_new();
		int writer = master_mapped(theirs, BOTH);

		igt_assert_eq(master_store(writer, 0, SIZE, data), 0);
		if (i == 100)
			igt_assert_eq(ioctl(race.probe, BUS_PROBE_UNMAP), 0);
		if (i == 150)
			igt_assert_eq(ioctl(race.probe, BUS_PROBE_DISTRUST), 0);
		close(writer);
		close(theirs);
	}
	race.stop = true;
	pthread_join(thread, NULL);
	close(race.probe);
	igt_assert_eq(race.wrong, 0);
}

static void test_windows_refused(void)
{
	int buffer = heap_alloc(heap, SIZE), master = master_new(buffer, BUS_PROBE_READ);
	int other = master_new(buffer, BOTH);
	uint64_t grant, none = 0, all = ~0ull;

	igt_assert(master >= 0 && other >= 0);
	igt_assert_eq(hold(master, 0, SIZE + 1, BUS_PROBE_READ), -ERANGE);
	igt_assert_eq(hold(master, SIZE, 1, BUS_PROBE_READ), -ERANGE);
	igt_assert_eq(hold(master, 1, ~0ull, BUS_PROBE_READ), -ERANGE);
	igt_assert_eq(hold(master, ~0ull, 2, BUS_PROBE_READ), -ERANGE);
	igt_assert_eq(hold(master, 0, 0, BUS_PROBE_READ), -ERANGE);
	igt_assert_eq(hold(master, 0, 1, BUS_PROBE_WRITE), -EACCES);
	igt_assert_eq(hold(master, 0, 1, BOTH), -EACCES);
	igt_assert_eq(hold(master, 0, 1, BUS_PROBE_READ | 4), -EACCES);
	igt_assert_eq(hold(master, 0, 1, 0), -EACCES);
	igt_assert_eq(ioctl(master, BUS_PROBE_GRANT, &grant), 0);
	igt_assert(grant != 0);
	igt_assert_eq(ioctl(master, BUS_PROBE_AIM, &none), 0);
	igt_assert_eq(hold(master, 0, 1, BUS_PROBE_READ), -EACCES);
	igt_assert_eq(ioctl(master, BUS_PROBE_AIM, &all), 0);
	igt_assert_eq(hold(master, 0, 1, BUS_PROBE_READ), -EACCES);

	/* None of that was a window: nothing is held, and the good one opens. */
	igt_assert_eq(ledger_now("total", "windows"), 0);
	igt_assert_eq(ioctl(master, BUS_PROBE_AIM, &grant), 0);
	igt_assert_eq(hold(master, SIZE - 1, 1, BUS_PROBE_READ), 0);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "windows"), 1);
	igt_assert_eq(ioctl(master, BUS_PROBE_RELEASE), 0);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "windows"), 0);
	igt_assert_eq(ioctl(master, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(hold(master, 0, 1, BUS_PROBE_READ), -EACCES);
	igt_assert_eq(hold(other, 0, SIZE, BOTH), 0);
	close(master);
	close(other);
	close(buffer);
	igt_assert_eq(ledger_now("total", "windows"), 0);
}

/* Something that ends a grant, done by a thread, as it may have to wait. */
struct ending {
	int (*end)(struct ending *ending);
	int probe;
	struct bus_probe_name device;	/* the probe's */
	pthread_t thread;
	volatile bool over;
	int ret;
};

static int end_unmap(struct ending *ending)
{
	return ioctl(ending->probe, BUS_PROBE_UNMAP) ? -errno : 0;
}

static int end_trust(struct ending *ending)
{
	return ioctl(ending->probe, BUS_PROBE_DISTRUST) ? -errno : 0;
}

static int end_listing(struct ending *ending)
{
	return device_delist(CARVEOUT_NAME, ending->device.name);
}

static int end_access(struct ending *ending)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS CARVEOUT_NAME "/devices/%s/access",
		 ending->device.name);
	return file_write(path, "none");
}

static int end_session(struct ending *ending)
{
	(void)ending;
	return secure_revoke(dev, CARVEOUT_NAME);
}

static void *ending_thread(void *arg)
{
	struct ending *ending = arg;

	ending->ret = ending->end(ending);
	ending->over = true;
	return NULL;
}

/* Nothing is asserted while the thread waits: a test that gave up would wait with it. */
static void test_window_waited_for(int (*end)(struct ending *ending), int error)
{
	int buffer = heap_alloc(heap, SIZE);
	struct ending ending = { .end = end, .probe = probe_open() };
	struct bus_probe_io io = { .offset = 1, .len = 4 };
	bool listed = end == end_listing || end == end_access;
	bool early, peeked;
	char text[5] = "", byte;
	int fresh, released;

	igt_assert(buffer >= 0);
	io.data = (uintptr_t)text;
	igt_assert_eq(ioctl(ending.probe, BUS_PROBE_NAME, &ending.device), 0);
	if (listed)
		igt_assert_eq(device_list(CARVEOUT_NAME, ending.device.name), 0);
	else
		igt_assert_eq(probe_word(ending.probe, BUS_PROBE_TRUST, BOTH), 0);
	igt_assert_eq(probe_word(ending.probe, BUS_PROBE_ATTACH, buffer), 0);
	igt_assert_eq(probe_word(ending.probe, BUS_PROBE_MAP, BOTH), 0);
	igt_assert_eq(master_store(ending.probe, 0, 5, ".held"), 0);
	igt_assert_eq(hold(ending.probe, 0, SIZE, BUS_PROBE_READ), 0);
	igt_assert_eq(hold(ending.probe, 0, SIZE, BUS_PROBE_READ), -EBUSY);	/* bus_probe's */
	close(buffer);

	igt_assert_eq(pthread_create(&ending.thread, NULL, ending_thread, &ending), 0);
	/* The thread has come as far as to end the grant, and may then return if it dares. */
	for (int ms = 0; ms < 10000; ms += 10) {
		fresh = master_load(ending.probe, 0, 1, &byte);
		if (fresh)
			break;
		usleep(10000);
	}
	usleep(200000);
	early = ending.over;
	peeked = !ioctl(ending.probe, BUS_PROBE_PEEK, &io) && !strcmp(text, "held");
	early |= ending.over;
	released = ioctl(ending.probe, BUS_PROBE_RELEASE);
	pthread_join(ending.thread, NULL);

	igt_assert_eq(released, 0);
	if (end == end_session)
		igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
	if (end == end_access)
		igt_assert_eq(device_delist(CARVEOUT_NAME, ending.device.name), 0);
	igt_assert(!early);
	igt_assert_eq(ending.ret, 0);
	igt_assert_eq(fresh, error);
	igt_assert(peeked);
	close(ending.probe);
	igt_assert_eq(ledger_now("total", "windows"), 0);
	igt_assert_eq(ledger_now("total", "buffers"), 0);
}

/* A window on another grant of the same bytes is nobody's to wait for. */
static void test_other_window(void)
{
	int buffer = heap_alloc(heap, SIZE), other = master_new(buffer, BOTH);
	struct ending ending = { .end = end_unmap, .probe = master_new(buffer, BOTH) };
	bool over = false;

	igt_assert(ending.probe >= 0 && other >= 0);
	igt_assert_eq(hold(other, 0, SIZE, BOTH), 0);
	igt_assert_eq(pthread_create(&ending.thread, NULL, ending_thread, &ending), 0);
	for (int i = 0; i < 100 && !over; i++) {
		usleep(20000);
		over = ending.over;
	}
	ioctl(other, BUS_PROBE_RELEASE);
	pthread_join(ending.thread, NULL);
	igt_assert(over);
	igt_assert_eq(ending.ret, 0);
	close(other);
	close(ending.probe);
	close(buffer);
}

igt_main()
{
	static const struct {
		const char *what, *describe;
		int (*end)(struct ending *ending);
		int error;
	} ends[] = {
		{ "unmap", "Unmapping", end_unmap, -EACCES },
		{ "unregister", "Unregistering the master", end_trust, -EACCES },
		{ "delisting", "Delisting the device", end_listing, -EACCES },
		{ "access-change", "Changing the listing", end_access, -EACCES },
		{ "revocation", "Revoking the heap", end_session, -EIO },
	};

	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		heap = heap_open(CARVEOUT_HEAP);
		dev = secure_open();
		igt_require(heap >= 0 && dev >= 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
	}

	igt_describe("A trusted device reads back what it wrote, at any offset.");
	igt_subtest("round-trip")
		test_round_trip();

	igt_describe("A window must lie inside the buffer, however the numbers wrap.");
	igt_subtest("outside-refused")
		test_outside();

	igt_describe("A mapping for both ways grants only what the device may do.");
	igt_subtest("direction-narrowed")
		test_direction();

	igt_describe("The grant ends with its mapping, and with no other one.");
	igt_subtest("unmapped-refused")
		test_unmapped();

	igt_describe("A device that lost its trust reaches nothing; trusted again, it needs a new mapping.");
	igt_subtest("distrusted-refused")
		test_distrusted();

	igt_describe("An attachment is mapped once at a time.");
	igt_subtest("second-map-refused")
		test_second_map();

	igt_describe("A mapping keeps the buffer when its fd is closed.");
	igt_subtest("mapping-outlives-fd")
		test_outlives_fd();

	igt_describe("Reading while mapping and trust end shows one's own bytes or nothing.");
	igt_subtest("race-shows-no-foreign-bytes")
		test_race();

	igt_describe("No window outside, in the wrong direction, of nobody's grant, or after unmap.");
	igt_subtest("windows-outside-grant-refused")
		test_windows_refused();

	for (static size_t i; i < sizeof(ends) / sizeof(ends[0]); i++) {
		static char name[64];

		snprintf(name, sizeof(name), "%s-waits-for-window", ends[i].what);
		igt_describe_f("%s waits for the open window, which stays good, and lets no other open.",
			       ends[i].describe);
		igt_subtest(name)
			test_window_waited_for(ends[i].end, ends[i].error);
	}

	igt_describe("Nobody waits for a window of another grant.");
	igt_subtest("other-window-not-waited-for")
		test_other_window();

	igt_fixture() {
		close(heap);
		close(dev);
	}
}
