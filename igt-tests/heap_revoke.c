// SPDX-License-Identifier: MIT
/*
 * SECURE_HEAP_IOCTL_REVOKE and RESTORE: a session that ended is over for good, for
 * every buffer, mapping and key of it; and the next one works.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <xf86drm.h>

#include "heap.h"
#include "igt.h"

#define SIZE 65536
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)
#define REVOKE SECURE_HEAP_IOCTL_REVOKE
#define RESTORE SECURE_HEAP_IOCTL_RESTORE

static int dev, heap;

static struct secure_heap_query query_of(int fd)
{
	struct secure_heap_query query;

	igt_assert_eq(secure_query(dev, fd, &query), 0);
	return query;
}

static int buffer_new(uint64_t len)
{
	int buffer = heap_alloc(heap, len);

	igt_assert(buffer >= 0);
	return buffer;
}

static int master_of(int buffer)
{
	int master = master_new(buffer, BOTH);

	igt_assert(master >= 0);
	return master;
}

static void cycle(void)
{
	igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
}

/* The session is the one that it was, and goes on. */
static void assert_live(uint64_t session)
{
	int buffer = buffer_new(4096);
	struct secure_heap_query query = query_of(buffer);

	igt_assert_eq(query.state, SECURE_HEAP_STATE_LIVE);
	igt_assert_eq(query.generation, session);
	igt_assert_eq(query.session, session);
	close(buffer);
}

static uint64_t session_now(void)
{
	int buffer = buffer_new(4096);
	uint64_t session = query_of(buffer).session;

	close(buffer);
	return session;
}

/* A trusted device that is attached to @buffer but has not mapped it, or an errno. */
static int attached_new(int buffer)
{
	int master = open("/dev/bus_probe", O_RDWR | O_CLOEXEC), ret;
	uint32_t both = BOTH;

	igt_assert(master >= 0);
	igt_assert_eq(ioctl(master, BUS_PROBE_TRUST, &both), 0);
	if (!ioctl(master, BUS_PROBE_ATTACH, &buffer))
		return master;
	ret = -errno;
	close(master);
	return ret;
}

static int map(int master)
{
	uint32_t both = BOTH;

	return ioctl(master, BUS_PROBE_MAP, &both) ? -errno : 0;
}

static void assert_dead(int buffer, int mapped, int attached)
{
	char byte = 'x';

	igt_assert_eq(master_load(mapped, 0, 1, &byte), -EIO);
	igt_assert_eq(byte, 'x');
	igt_assert_eq(master_store(mapped, 0, 1, &byte), -EIO);
	igt_assert_eq(map(attached), -EIO);
	igt_assert_eq(attached_new(buffer), -EIO);
	igt_assert_eq(secure_inject(dev, buffer, 0, 1, &byte), -EIO);
	igt_assert_eq(query_of(buffer).state, SECURE_HEAP_STATE_REVOKED);
	igt_assert(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, buffer, 0) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
}

static void test_dead_for_good(void)
{
	int buffer = buffer_new(SIZE), mapped = master_of(buffer), attached = attached_new(buffer);

	igt_assert(attached >= 0);
	igt_assert_eq(secure_inject(dev, buffer, 0, 7, "secret"), 0);
	igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
	assert_dead(buffer, mapped, attached);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
	assert_dead(buffer, mapped, attached);
	cycle();
	assert_dead(buffer, mapped, attached);

	/* It is not mapped anew, either. */
	igt_assert_eq(ioctl(mapped, BUS_PROBE_UNMAP), 0);
	igt_assert_eq(map(mapped), -EIO);
	close(mapped);
	close(attached);
	close(buffer);
}

static void test_new_work(void)
{
	static const char zeros[SIZE];
	int old = buffer_new(SIZE), buffer, master;
	static char data[SIZE];

	igt_assert_eq(secure_inject(dev, old, 0, 7, "secret"), 0);
	cycle();
	close(old);	/* its place may be the next one's */
	buffer = buffer_new(SIZE);
	master = master_of(buffer);
	igt_assert_eq(master_load(master, 0, SIZE, data), 0);
	igt_assert_eq(memcmp(data, zeros, SIZE), 0);
	igt_assert_eq(secure_inject(dev, buffer, SIZE - 4, 4, "new"), 0);
	igt_assert_eq(master_load(master, SIZE - 4, 4, data), 0);
	igt_assert_eq(strcmp(data, "new"), 0);
	close(master);
	close(buffer);
}

static void test_alloc_refused(void)
{
	long long buffers = ledger_now(CARVEOUT_NAME, "buffers");

	igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
	igt_assert_eq(heap_alloc(heap, 4096), -EIO);
	igt_assert_eq(heap_alloc(heap, 4096), -EIO);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "buffers"), buffers);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
	close(buffer_new(4096));
}

static void test_other_heap(void)
{
	int dynamic = heap_open(DYNAMIC_HEAP), buffer, master, another;
	struct secure_heap_query before, after;
	char text[7] = "";

	igt_require(dynamic >= 0);
	buffer = heap_alloc(dynamic, SIZE);
	igt_assert(buffer >= 0);
	master = master_of(buffer);
	before = query_of(buffer);
	igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
	igt_assert_eq(secure_inject(dev, buffer, 0, 7, "secret"), 0);
	igt_assert_eq(master_load(master, 0, 7, text), 0);
	igt_assert_eq(strcmp(text, "secret"), 0);
	another = heap_alloc(dynamic, SIZE);
	igt_assert(another >= 0);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
	after = query_of(buffer);
	igt_assert_eq(memcmp(&before, &after, sizeof(after)), 0);
	close(another);
	close(master);
	close(buffer);
	close(dynamic);
}

/* Half of one is freed while the heap is revoked, half when it is restored. */
static void test_returned(const char *name, const char *node, uint64_t size)
{
	int from = heap_open(node), buffers[8], masters[8], all[128];
	long long bytes = ledger_now(name, "bytes");

	igt_require(from >= 0);
	igt_assert_eq(bytes, 0);
	for (int i = 0; i < 8; i++) {
		buffers[i] = heap_alloc(from, 8 << 20);
		igt_assert(buffers[i] >= 0);
		masters[i] = master_of(buffers[i]);
		igt_assert_eq(secure_inject(dev, buffers[i], 0, 7, "secret"), 0);
	}
	igt_assert_eq(secure_revoke(dev, name), 0);
	for (int i = 0; i < 8; i++) {
		if (i == 4)
			igt_assert_eq(secure_restore(dev, name), 0);
		close(buffers[i]);
		close(masters[i]);
	}
	igt_assert_eq(ledger_now(name, "buffers"), 0);
	igt_assert_eq(ledger_now(name, "bytes"), 0);
	igt_assert_eq(ledger_now(name, "mappings"), 0);
	igt_assert_eq(ledger_now(name, "attachments"), 0);
	igt_assert_eq(ledger_imbalances(), 0);

	for (uint64_t i = 0; i < size >> 20; i++) {
		char text[7] = "";

		all[i] = heap_alloc(from, 1 << 20);
		igt_assert(all[i] >= 0);
		masters[0] = master_of(all[i]);
		igt_assert_eq(master_load(masters[0], 0, 7, text), 0);
		igt_assert_eq(memcmp(text, "\0\0\0\0\0\0", 7), 0);
		close(masters[0]);
	}
	igt_assert_eq(heap_alloc(from, 4096), -ENOMEM);
	for (uint64_t i = 0; i < size >> 20; i++)
		close(all[i]);
	close(from);
}

static void assert_sysfs(const char *file, const char *expected)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), SYSFS_HEAPS CARVEOUT_NAME "/%s", file);
	igt_assert(file_read(path, text, sizeof(text)) > 0);
	igt_assert_eq(strcmp(text, expected), 0);
}

static void assert_buffer_state(uint32_t handle, const char *expected)
{
	static char text[65536];
	char head[16], *line;

	igt_assert(file_read(DEBUGFS_HEAPS "buffers", text, sizeof(text)) > 0);
	snprintf(head, sizeof(head), "%u ", handle);
	line = strtok(text, "\n");
	while (line && strncmp(line, head, strlen(head)))
		line = strtok(NULL, "\n");
	igt_assert(line);
	igt_assert(strstr(line, expected));
}

static void test_told(void)
{
	int buffer = buffer_new(SIZE);
	struct secure_heap_query before = query_of(buffer), after;
	uint64_t revoked = 0, restored = 0;
	char text[32];

	assert_sysfs("state", "live");
	igt_assert_eq(secure_session(dev, REVOKE, CARVEOUT_NAME, &revoked), 0);
	igt_assert(revoked > before.session);
	after = query_of(buffer);
	igt_assert_eq(after.state, SECURE_HEAP_STATE_REVOKED);
	igt_assert_eq(after.generation, before.generation);
	igt_assert_eq(after.session, revoked);
	igt_assert_eq(after.handle, before.handle);
	igt_assert_eq(after.size, before.size);
	igt_assert_eq(strcmp(after.heap, before.heap), 0);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)revoked);
	assert_sysfs("generation", text);
	assert_sysfs("state", "revoked");
	assert_buffer_state(before.handle, " revoked ");

	igt_assert_eq(secure_session(dev, RESTORE, CARVEOUT_NAME, &restored), 0);
	igt_assert_eq(restored, revoked);
	assert_sysfs("generation", text);
	assert_sysfs("state", "live");
	assert_live(restored);
	igt_assert_eq(query_of(buffer).state, SECURE_HEAP_STATE_REVOKED);
	close(buffer);
}

static void test_already(void)
{
	uint64_t session = session_now();

	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), -EALREADY);
	assert_live(session);
	igt_assert_eq(secure_session(dev, REVOKE, CARVEOUT_NAME, &session), 0);
	igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), -EALREADY);
	igt_assert_eq(heap_alloc(heap, 4096), -EIO);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), -EALREADY);
	assert_live(session);
}

static int session_ioctl(unsigned long number, struct secure_heap_session session)
{
	return ioctl(dev, number, &session) ? -errno : 0;
}

static void test_bad_refused(unsigned long number)
{
	struct secure_heap_session good = { .heap = CARVEOUT_NAME }, bad = good;

	bad.flags = 1;
	igt_assert_eq(session_ioctl(number, bad), -EINVAL);
	bad.flags = 1u << 31;
	igt_assert_eq(session_ioctl(number, bad), -EINVAL);
	bad = good;
	bad.reserved = 1;
	igt_assert_eq(session_ioctl(number, bad), -EINVAL);
	memset(bad.heap, 'x', sizeof(bad.heap));
	bad.reserved = 0;
	igt_assert_eq(session_ioctl(number, bad), -EINVAL);
	bad.heap[SECURE_HEAP_NAME_MAX - 1] = 0;
	igt_assert_eq(session_ioctl(number, bad), -ENOENT);
	bad.heap[0] = 0;
	igt_assert_eq(session_ioctl(number, bad), -ENOENT);
	igt_assert_eq(secure_session(dev, number, CARVEOUT_NAME "x", NULL), -ENOENT);
	igt_assert_eq(secure_session(dev, number, "protected,secure-vide", NULL), -ENOENT);
	igt_assert_eq(secure_session(dev, number, "system", NULL), -ENOENT);
}

/* One who has the file open, but is not an administrator. */
static int as_nobody(unsigned long number)
{
	int status;

	if (!fork())
		_exit(setresuid(65534, 65534, 65534) ? 255 :
		      -secure_session(dev, number, CARVEOUT_NAME, NULL));
	igt_assert(wait(&status) > 0);
	igt_assert(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void test_keys_wiped(void)
{
	struct secure_heap_inject inject = { .flags = SECURE_HEAP_INJECT_AES_CTR, .len = 1 };
	static const unsigned char key[16] = { 1 };
	int slot = secure_key(dev, CARVEOUT_NAME, SECURE_HEAP_KEY_ANY, key);
	int kept = secure_key(dev, DYNAMIC_NAME, SECURE_HEAP_KEY_ANY, key), other = secure_open();
	int dead = buffer_new(4096);

	igt_assert(slot >= 0 && kept >= 0 && other >= 0);
	igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
	/* A dead buffer is dead whatever became of the key. */
	inject.fd = dead;
	inject.data = (uintptr_t)key;
	inject.key = slot;
	igt_assert_eq(ioctl(dev, SECURE_HEAP_IOCTL_INJECT, &inject), -1);
	igt_assert_eq(errno, EIO);
	close(dead);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "keys"), 0);
	igt_assert_eq(secure_key_clear(dev, slot), -ENOKEY);
	igt_assert_eq(secure_key(dev, CARVEOUT_NAME, slot, key), -EIO);
	igt_assert_eq(secure_key(dev, CARVEOUT_NAME, SECURE_HEAP_KEY_ANY, key), -EIO);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);

	inject.fd = buffer_new(4096);
	inject.data = (uintptr_t)key;
	inject.key = slot;
	igt_assert_eq(ioctl(dev, SECURE_HEAP_IOCTL_INJECT, &inject), -1);
	igt_assert_eq(errno, ENOKEY);
	igt_assert_eq(secure_key(other, CARVEOUT_NAME, slot, key), slot);
	igt_assert_eq(secure_key_clear(dev, kept), 0);
	close(other);
	close(inject.fd);
}

struct race {
	int master;
	atomic_bool revoked, stop;
	atomic_long loads, wrong;
};

static void *reader(void *arg)
{
	static _Thread_local char data[SIZE];
	struct race *race = arg;

	while (!race->stop) {
		bool after = race->revoked;
		int ret = master_load(race->master, 0, SIZE, data);

		/* All of the own bytes; and none once the heap has been revoked. */
		if (ret ? ret != -EIO : after || data[0] != 'a' ||
					memcmp(data, data + 1, SIZE - 1))
			race->wrong++;
		race->loads += !ret;
	}
	return NULL;
}

static void test_race(void)
{
	static char own[SIZE], foreign[SIZE];

	memset(own, 'a', SIZE);
	memset(foreign, 'x', SIZE);
	for (int round = 0; round < 30; round++) {
		int buffer = buffer_new(SIZE), next;
		struct race race = { .master = master_of(buffer) };
		pthread_t threads[2];

		igt_assert_eq(secure_inject(dev, buffer, 0, SIZE, own), 0);
		close(buffer);
		for (int i = 0; i < 2; i++)
			igt_assert_eq(pthread_create(&threads[i], NULL, reader, &race), 0);
		while (race.loads < 2 && !race.wrong)
			usleep(100);
		igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
		race.revoked = true;
		igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
		next = buffer_new(SIZE);
		igt_assert_eq(secure_inject(dev, next, 0, SIZE, foreign), 0);
		usleep(1000);
		race.stop = true;
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		close(next);
		close(race.master);
		igt_assert_eq(race.wrong, 0);
	}
}

/* Two files of one card: the first has the buffer from before. */
static void test_imported(void)
{
	int cards[2] = {
		drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY),
		drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY),
	};
	int buffer = buffer_new(SIZE);
	uint32_t handle, none;

	igt_require(cards[0] >= 0 && cards[1] >= 0);
	igt_assert_eq(device_list(CARVEOUT_NAME, "vgem"), 0);
	igt_assert_eq(drmPrimeFDToHandle(cards[0], buffer, &handle), 0);
	igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
	igt_assert_eq(drmPrimeFDToHandle(cards[1], buffer, &none), -1);
	igt_assert_eq(errno, EIO);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
	igt_assert_eq(drmPrimeFDToHandle(cards[1], buffer, &none), -1);
	igt_assert_eq(errno, EIO);
	igt_assert_eq(drmCloseBufferHandle(cards[0], handle), 0);
	igt_assert_eq(drmPrimeFDToHandle(cards[0], buffer, &handle), -1);
	igt_assert_eq(errno, EIO);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "vgem"), 0);
	close(buffer);
	drmClose(cards[0]);
	drmClose(cards[1]);
}

igt_main()
{
	igt_fixture() {
		igt_require(mounts() == 0);
		dev = secure_open();
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(dev >= 0 && heap >= 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
	}

	igt_describe("No device reaches an old buffer, nor anybody else, after RESTORE either.");
	igt_subtest("old-buffers-dead-for-good")
		test_dead_for_good();

	igt_describe("A buffer allocated after RESTORE is clean and works.");
	igt_subtest("new-buffers-work")
		test_new_work();

	igt_describe("Nothing is allocated between REVOKE and RESTORE.");
	igt_subtest("alloc-while-revoked-refused")
		test_alloc_refused();

	igt_describe("The other heap's buffers, devices and allocations do not notice.");
	igt_subtest("other-heap-unaffected")
		test_other_heap();

	igt_describe("Freeing dead buffers returns all the carve-out's memory, clean.");
	igt_subtest("dead-carveout-buffers-returned")
		test_returned(CARVEOUT_NAME, CARVEOUT_HEAP, CARVEOUT_SIZE);

	igt_describe("Freeing dead buffers returns all the dynamic heap's memory, clean.");
	igt_subtest("dead-dynamic-buffers-returned")
		test_returned(DYNAMIC_NAME, DYNAMIC_HEAP, DYNAMIC_SIZE);

	igt_describe("QUERY, sysfs and debugfs tell the session, and which buffers are dead.");
	igt_subtest("session-is-told")
		test_told();

	igt_describe("Revoking what is revoked, and restoring what is live, is -EALREADY.");
	igt_subtest("already-refused")
		test_already();

	igt_describe("Flags, reserved fields and heaps that are not known are refused.");
	igt_subtest("bad-arguments-refused") {
		uint64_t session = session_now();

		test_bad_refused(REVOKE);
		assert_live(session);
		igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
		test_bad_refused(RESTORE);
		igt_assert_eq(heap_alloc(heap, 4096), -EIO);
		igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
	}

	igt_describe("Who is no administrator neither revokes nor restores.");
	igt_subtest("unprivileged-refused") {
		uint64_t session = session_now();

		igt_assert_eq(as_nobody(REVOKE), -EPERM);
		assert_live(session);
		igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
		igt_assert_eq(as_nobody(RESTORE), -EPERM);
		igt_assert_eq(heap_alloc(heap, 4096), -EIO);
		igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
	}

	igt_describe("The heap's keys are wiped, and the other heap's are not.");
	igt_subtest("keys-wiped")
		test_keys_wiped();

	igt_describe("Devices that read meanwhile see their own bytes until REVOKE returns, then none.");
	igt_subtest("race-with-windows")
		test_race();

	igt_describe("A card that an administrator listed gets no dead buffer either.");
	igt_subtest("listed-device-refused")
		test_imported();

	igt_fixture() {
		secure_restore(dev, CARVEOUT_NAME);	/* if a subtest failed in between */
		secure_restore(dev, DYNAMIC_NAME);
		device_delist(CARVEOUT_NAME, "vgem");
		close(heap);
		close(dev);
	}
}
