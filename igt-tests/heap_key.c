// SPDX-License-Identifier: MIT
/*
 * SECURE_HEAP_IOCTL_KEY: whose a slot is, for which heap, and until when. What the keys
 * do is heap_inject.c's.
 */

#include "probe.h"

#define ANY SECURE_HEAP_KEY_ANY

static int dev, heap;

static int key_ioctl(struct secure_heap_key key)
{
	return ioctl(dev, SECURE_HEAP_IOCTL_KEY, &key) ? -errno : 0;
}

static int slot_new(int file, const char *name)
{
	static const unsigned char key[16] = { 42 };
	int slot = secure_key(file, name, ANY, key);

	igt_assert(slot >= 0 && slot < SECURE_HEAP_KEY_SLOTS);
	return slot;
}

static int open_own(void)
{
	int file = secure_open();

	igt_assert(file >= 0);
	return file;
}

static int buffer_new(uint64_t len)
{
	int buffer = heap_alloc(heap, len);

	igt_assert(buffer >= 0);
	return buffer;
}

static void test_wrong_slot(void)
{
	static const unsigned char iv[16], zeros[4096];
	static unsigned char there[4096];
	int buffer = buffer_new(4096), master = master_of(buffer), other = open_own();
	int foreign = slot_new(other, CARVEOUT_NAME), dynamic = slot_new(dev, DYNAMIC_NAME);
	int cleared = slot_new(dev, CARVEOUT_NAME);

	igt_assert_eq(secure_key_clear(dev, cleared), 0);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", SECURE_HEAP_KEY_SLOTS, iv, 0), -EINVAL);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", ANY, iv, 0), -EINVAL);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", 1u << 31, iv, 0), -EINVAL);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", cleared, iv, 0), -ENOKEY);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", foreign, iv, 0), -EACCES);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", dynamic, iv, 0), -EACCES);
	igt_assert_eq(master_load(master, 0, 4096, there), 0);
	igt_assert_eq(memcmp(there, zeros, 4096), 0);

	/* Nobody else's to replace or wipe, and still as good as it was. */
	igt_assert_eq(secure_key(dev, CARVEOUT_NAME, foreign, zeros), -EBUSY);
	igt_assert_eq(secure_key_clear(dev, foreign), -EBUSY);
	igt_assert_eq(secure_key_clear(dev, cleared), -ENOKEY);
	igt_assert_eq(secure_key_clear(dev, dynamic), 0);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", dynamic, iv, 0), -ENOKEY);
	igt_assert_eq(secure_key_clear(other, foreign), 0);
	close(other);
	close(master);
	close(buffer);
}

static void test_key_refused(void)
{
	int slot = slot_new(dev, CARVEOUT_NAME);
	long long keys = ledger_now("total", "keys");
	struct secure_heap_key good = { .heap = CARVEOUT_NAME, .slot = slot }, bad = good;

	bad.flags = 2;
	igt_assert_eq(key_ioctl(bad), -EINVAL);
	bad = good;
	bad.slot = SECURE_HEAP_KEY_SLOTS;
	igt_assert_eq(key_ioctl(bad), -EINVAL);
	bad.slot = ANY - 1;
	igt_assert_eq(key_ioctl(bad), -EINVAL);
	bad = good;
	memset(bad.heap, 'x', sizeof(bad.heap));
	igt_assert_eq(key_ioctl(bad), -EINVAL);
	bad.heap[SECURE_HEAP_NAME_MAX - 1] = 0;
	igt_assert_eq(key_ioctl(bad), -ENOENT);
	bad.heap[0] = 0;
	igt_assert_eq(key_ioctl(bad), -ENOENT);
	bad.slot = ANY;
	igt_assert_eq(key_ioctl(bad), -ENOENT);

	bad = (struct secure_heap_key){ .slot = slot, .flags = SECURE_HEAP_KEY_CLEAR };
	bad.heap[0] = 'p';
	igt_assert_eq(key_ioctl(bad), -EINVAL);
	bad.heap[0] = 0;
	bad.key[15] = 1;
	igt_assert_eq(key_ioctl(bad), -EINVAL);
	igt_assert_eq(secure_key_clear(dev, ANY), -EINVAL);
	igt_assert_eq(secure_key_clear(dev, SECURE_HEAP_KEY_SLOTS), -EINVAL);

	igt_assert_eq(ledger_now("total", "keys"), keys);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	igt_assert_eq(ledger_now("total", "keys"), keys - 1);
}

/* In its place, for another heap too; the account goes with it. */
static void test_replace(void)
{
	static const unsigned char key[16] = { 1 }, iv[16], zeros[16];
	int buffer = buffer_new(4096), master = master_of(buffer);
	int slot = slot_new(dev, CARVEOUT_NAME);
	long long here = ledger_now(CARVEOUT_NAME, "keys"), there = ledger_now(DYNAMIC_NAME, "keys");
	unsigned char first[16], second[16];

	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 16, zeros, slot, iv, 0), 0);
	igt_assert_eq(master_load(master, 0, 16, first), 0);
	igt_assert_eq(secure_key(dev, CARVEOUT_NAME, slot, key), slot);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 16, zeros, slot, iv, 0), 0);
	igt_assert_eq(master_load(master, 0, 16, second), 0);
	igt_assert(memcmp(first, second, 16));

	igt_assert_eq(secure_key(dev, DYNAMIC_NAME, slot, key), slot);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 16, zeros, slot, iv, 0), -EACCES);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "keys"), here - 1);
	igt_assert_eq(ledger_now(DYNAMIC_NAME, "keys"), there + 1);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	igt_assert_eq(ledger_now(DYNAMIC_NAME, "keys"), there);
	close(master);
	close(buffer);
}

static void test_all_slots(void)
{
	int files[2] = { open_own(), open_own() }, slot;
	static const unsigned char key[16];
	long long held = ledger_now("total", "keys");
	uint32_t seen = 0;

	igt_assert(held >= 0 && held < SECURE_HEAP_KEY_SLOTS);
	for (int i = held; i < SECURE_HEAP_KEY_SLOTS; i++) {
		slot = slot_new(files[i % 2], i % 3 ? CARVEOUT_NAME : DYNAMIC_NAME);
		igt_assert(!(seen & 1u << slot));
		seen |= 1u << slot;
	}
	igt_assert_eq(secure_key(files[0], CARVEOUT_NAME, ANY, key), -ENOSPC);
	igt_assert_eq(secure_key(dev, CARVEOUT_NAME, ANY, key), -ENOSPC);
	igt_assert_eq(secure_key_clear(files[0], slot), -EBUSY);
	igt_assert_eq(secure_key_clear(files[1], slot), 0);
	igt_assert_eq(secure_key(dev, CARVEOUT_NAME, ANY, key), slot);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	close(files[0]);
	close(files[1]);
	igt_assert_eq(ledger_now("total", "keys"), held);
}

static void test_wiped_at_close(void)
{
	int own = dev, buffer = buffer_new(4096), slot, copy;
	static const unsigned char iv[16];

	dev = open_own();
	slot = slot_new(dev, CARVEOUT_NAME);
	copy = dup(dev);
	close(dev);
	dev = copy;	/* the same open file */
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", slot, iv, 0), 0);
	close(dev);
	dev = own;
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", slot, iv, 0), -ENOKEY);
	igt_assert_eq(secure_key_clear(dev, slot), -ENOKEY);
	igt_assert_eq(secure_key(dev, CARVEOUT_NAME, slot, iv), slot);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	close(buffer);
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

	igt_describe("Only one's own key, for the buffer's own heap, is used; nobody else's changes.");
	igt_subtest("wrong-slot-refused")
		test_wrong_slot();

	igt_describe("A key with anything wrong about it is refused and changes nothing.");
	igt_subtest("bad-key-refused")
		test_key_refused();

	igt_describe("A slot's owner puts another key there, for another heap too.");
	igt_subtest("key-replaced")
		test_replace();

	igt_describe("Every slot is had once, then none, and all again when the files close.");
	igt_subtest("all-slots")
		test_all_slots();

	igt_describe("A key lives as long as the open file, and not longer.");
	igt_subtest("key-wiped-at-close")
		test_wiped_at_close();

	igt_fixture() {
		close(heap);
		close(dev);
	}
}
