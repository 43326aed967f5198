// SPDX-License-Identifier: MIT
/*
 * The secure bus, driven through a test module: a trusted device reaches what its
 * mapping grants, for as long as the mapping and the trust last, and nothing else.
 */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heap.h"
#include "igt.h"
#include "modules/bus_probe.h"

#define SIZE 65536
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)

static int heap;

static int probe_word(int probe, unsigned long request, uint32_t word)
{
	return ioctl(probe, request, &word) ? -errno : 0;
}

static int load(int probe, uint64_t offset, uint64_t len, void *data)
{
	struct bus_probe_io io = { .offset = offset, .len = len, .data = (uintptr_t)data };

	return ioctl(probe, BUS_PROBE_LOAD, &io) ? -errno : 0;
}

static int store(int probe, uint64_t offset, uint64_t len, const void *data)
{
	struct bus_probe_io io = { .offset = offset, .len = len, .data = (uintptr_t)data };

	return ioctl(probe, BUS_PROBE_STORE, &io) ? -errno : 0;
}

static int probe_open(void)
{
	int probe = open("/dev/bus_probe", O_RDWR | O_CLOEXEC);

	igt_assert(probe >= 0);
	return probe;
}

/* A device that may do @access and has @buffer mapped for both ways, as PRIME maps. */
static int probe_mapped(int buffer, uint32_t access)
{
	int probe = probe_open();

	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, access), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	return probe;
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
	int probe = probe_mapped(buffer, BOTH);

	for (int i = 0; i < SIZE; i++)
		out[i] = i * 7 + (i >> 8);
	igt_assert_eq(store(probe, 0, SIZE, out), 0);
	igt_assert_eq(load(probe, 0, SIZE, in), 0);
	igt_assert_eq(memcmp(in, out, SIZE), 0);

	/* Unaligned, short, and the last byte. */
	igt_assert_eq(store(probe, 4093, 7, "window"), 0);
	igt_assert_eq(load(probe, 4094, 5, in), 0);
	igt_assert_eq(memcmp(in, "indow", 5), 0);
	igt_assert_eq(load(probe, SIZE - 1, 1, in), 0);
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
	int probe = probe_mapped(buffer, BOTH);
	char byte;

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		igt_assert_eq(load(probe, outside[i].offset, outside[i].len, &byte), -ERANGE);
		if (outside[i].len <= 4096)
			igt_assert_eq(store(probe, outside[i].offset, outside[i].len,
					    "................"), -ERANGE);
	}
	close(probe);
	close(buffer);
}

static void test_direction(void)
{
	int buffer = buffer_new();
	int probe = probe_mapped(buffer, BUS_PROBE_READ);
	char byte = 0;

	/* Mapped for both, granted one. */
	igt_assert_eq(load(probe, 0, 1, &byte), 0);
	igt_assert_eq(store(probe, 0, 1, &byte), -EACCES);
	close(probe);

	/* Nothing remains of what is asked for: no mapping at all. */
	probe = probe_open();
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BUS_PROBE_READ), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BUS_PROBE_WRITE), -EACCES);
	igt_assert_eq(load(probe, 0, 1, &byte), -EACCES);
	close(probe);
	close(buffer);
}

static void test_unmapped(void)
{
	int buffer = buffer_new();
	int probe = probe_mapped(buffer, BOTH);
	int other = probe_mapped(buffer, BOTH);
	char byte;

	igt_assert_eq(load(probe, 0, 1, &byte), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(load(probe, 0, 1, &byte), -EACCES);
	igt_assert_eq(load(other, 0, 1, &byte), 0);

	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	igt_assert_eq(load(probe, 0, 1, &byte), 0);
	close(probe);
	close(other);
	close(buffer);
}

static void test_distrusted(void)
{
	int buffer = buffer_new();
	int probe = probe_mapped(buffer, BOTH);
	char byte;

	igt_assert_eq(ioctl(probe, BUS_PROBE_DISTRUST), 0);
	igt_assert_eq(load(probe, 0, 1, &byte), -EACCES);

	/* Trusted anew: the old mapping stays dead, and so does its attachment. */
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BOTH), 0);
	igt_assert_eq(load(probe, 0, 1, &byte), -EACCES);
	igt_assert_eq(ioctl(probe, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), -EACCES);
	close(probe);

	probe = probe_open();
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), -EACCES);
	close(probe);
	close(buffer);
}

static void test_second_map(void)
{
	int buffer = buffer_new();
	int probe = probe_mapped(buffer, BOTH);

	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), -EBUSY);
	close(probe);
	close(buffer);
}

/* What is mapped lives on when the application has closed its last fd. */
static void test_outlives_fd(void)
{
	int buffer = buffer_new();
	int probe = probe_mapped(buffer, BOTH);
	char text[7] = "";

	igt_assert_eq(store(probe, 100, 7, "secret"), 0);
	close(buffer);
	igt_assert_eq(load(probe, 100, 7, text), 0);
	igt_assert_eq(strcmp(text, "secret"), 0);
	close(probe);
}

/* Whole heap: whoever comes next certainly gets what the one before had. */
static void test_scrub(void)
{
	static unsigned char data[1 << 20];
	int buffer = heap_alloc(heap, CARVEOUT_SIZE);
	int probe;

	igt_assert(buffer >= 0);
	probe = probe_mapped(buffer, BOTH);
	memset(data, 0xa5, sizeof(data));
	for (uint64_t at = 0; at < CARVEOUT_SIZE; at += sizeof(data))
		igt_assert_eq(store(probe, at, sizeof(data), data), 0);
	close(probe);
	close(buffer);

	buffer = heap_alloc(heap, CARVEOUT_SIZE);
	igt_assert(buffer >= 0);
	probe = probe_mapped(buffer, BUS_PROBE_READ);
	for (uint64_t at = 0; at < CARVEOUT_SIZE; at += sizeof(data)) {
		igt_assert_eq(load(probe, at, sizeof(data), data), 0);
		igt_assert_eq(data[0], 0);
		igt_assert_eq(memcmp(data, data + 1, sizeof(data) - 1), 0);
	}
	close(probe);
	close(buffer);
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
		int ret = load(race->probe, 0, sizeof(data), data);

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
	race.probe = probe_mapped(buffer, BUS_PROBE_READ);
	close(buffer);
	igt_assert_eq(pthread_create(&thread, NULL, reader, &race), 0);
	for (int i = 0; i < 200; i++) {
		int theirs = buffer_new();
		int writer = probe_mapped(theirs, BOTH);

		igt_assert_eq(store(writer, 0, SIZE, data), 0);
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

igt_main()
{
	igt_fixture() {
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
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

	igt_describe("A device that lost its trust reaches nothing, nor ever by the old mapping.");
	igt_subtest("distrusted-refused")
		test_distrusted();

	igt_describe("An attachment is mapped once at a time.");
	igt_subtest("second-map-refused")
		test_second_map();

	igt_describe("A mapping keeps the buffer when its fd is closed.");
	igt_subtest("mapping-outlives-fd")
		test_outlives_fd();

	igt_describe("What one client wrote is zero for the next, in the whole heap.");
	igt_subtest("freed-buffer-is-scrubbed")
		test_scrub();

	igt_describe("Reading while mapping and trust end shows one's own bytes or nothing.");
	igt_subtest("race-shows-no-foreign-bytes")
		test_race();

	igt_fixture()
		close(heap);
}
