// SPDX-License-Identifier: GPL-2.0
/*
 * Key slots: where an application leaves the key of its stream, and never sees it again.
 *
 * A slot is bound to the file that filled it and to one heap. It is wiped when either
 * goes, and when the heap is revoked. A heap is marked as revoked or disabled before its
 * slots are wiped, and a slot is filled only for a heap without that mark, both under
 * the lock here: so no slot outlives its heap, and none needs a reference to it. A heap
 * may be restored before its slots are wiped, so each has the session it was filled in:
 * of another one it is as good as empty, and a new session's is not wiped with the old.
 */

#include <crypto/aes.h>
#include <linux/cleanup.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "bus.h"
#include "heap.h"
#include "hidden.h"
#include "keys.h"
#include "ledger.h"

/**
 * struct slot - room for a key
 * @owner: whose it is, NULL if it is empty
 * @heap: for which heap
 * @generation: in which session of it
 * @key: the key, ready to encrypt counters
 */
struct slot {
	const void *owner;
	struct secure_heap *heap;
	u64 generation;
	struct aes_enckey key;
};

static DEFINE_MUTEX(keys_lock);		/* guards slots */
static struct hidden slots_memory;	/* no file shows a key */
static struct slot *slots;

int keys_init(void)
{
	int ret = hidden_alloc(&slots_memory, SECURE_HEAP_KEY_SLOTS * sizeof(*slots));

	slots = slots_memory.mem;
	return ret;
}

void keys_exit(void)
{
	hidden_free(&slots_memory);
}

static void wipe(struct slot *slot)
{
	if (slot->owner)
		ledger_sub(slot->heap, HEAP_KEYS, 1);
	memzero_explicit(slot, sizeof(*slot));
}

static bool is_stale(const struct slot *slot)
{
	return slot->owner && slot->generation != bus_generation(slot->heap, NULL);
}

static int refuse(struct secure_heap *heap, int error, const char *reason)
{
	const struct refusal refusal = {
		.kind = HEAP_KIND_KEY,
		.error = error,
		.reason = reason,
	};

	return ledger_refuse(heap, &refusal);
}

static int choose(const void *owner, u32 *number)
{
	for (u32 i = 0; i < SECURE_HEAP_KEY_SLOTS; i++)
		if (is_stale(&slots[i]))
			wipe(&slots[i]);

	if (*number != SECURE_HEAP_KEY_ANY) {
		if (*number >= SECURE_HEAP_KEY_SLOTS)
			return -EINVAL;
		if (slots[*number].owner && slots[*number].owner != owner)
			return refuse(slots[*number].heap, -EBUSY, "not-its-owner");
		return 0;
	}
	for (u32 i = 0; i < SECURE_HEAP_KEY_SLOTS; i++) {
		if (!slots[i].owner) {
			*number = i;
			return 0;
		}
	}

	return -ENOSPC;
}

int keys_set(const void *owner, struct secure_heap *heap, u32 *number, const u8 *key)
{
	struct aes_enckey prepared;
	u64 generation;
	bool revoked;
	int ret;

	ret = aes_prepareenckey(&prepared, key, AES_KEYSIZE_128);
	if (ret)
		return ret;

	scoped_guard(mutex, &keys_lock) {
		generation = bus_generation(heap, &revoked);
		if (!READ_ONCE(heap->enabled))
			ret = -ENOENT;
		else if (revoked)
			ret = refuse(heap, -EIO, "revoked");
		else if (bus_frozen())
			ret = -EBUSY;
		else
			ret = choose(owner, number);
		if (!ret) {
			struct slot *slot = &slots[*number];

			wipe(slot);
			slot->owner = owner;
			slot->heap = heap;
			slot->generation = generation;
			slot->key = prepared;
			ledger_add(heap, HEAP_KEYS, 1);
		}
	}
	memzero_explicit(&prepared, sizeof(prepared));

	return ret;
}

int keys_clear(const void *owner, u32 number)
{
	if (number >= SECURE_HEAP_KEY_SLOTS)
		return -EINVAL;

	guard(mutex)(&keys_lock);
	if (!slots[number].owner)
		return -ENOKEY;
	if (slots[number].owner != owner)
		return refuse(slots[number].heap, -EBUSY, "not-its-owner");
	wipe(&slots[number]);

	return 0;
}

int keys_get(const void *owner, const struct secure_heap *heap, u32 number,
	     struct aes_enckey *key)
{
	const struct slot *slot;

	if (number >= SECURE_HEAP_KEY_SLOTS)
		return -EINVAL;

	guard(mutex)(&keys_lock);
	slot = &slots[number];
	if (!slot->owner || is_stale(slot))
		return -ENOKEY;
	if (slot->owner != owner)
		return refuse(slot->heap, -EACCES, "not-its-owner");
	if (slot->heap != heap)
		return refuse(slot->heap, -EACCES, "key-of-another-heap");
	*key = slot->key;

	return 0;
}

void keys_release(const void *owner)
{
	guard(mutex)(&keys_lock);
	for (int i = 0; i < SECURE_HEAP_KEY_SLOTS; i++)
		if (slots[i].owner == owner)
			wipe(&slots[i]);
}

void keys_forget(const struct secure_heap *heap)
{
	guard(mutex)(&keys_lock);
	for (int i = 0; i < SECURE_HEAP_KEY_SLOTS; i++)
		if (slots[i].heap == heap && (is_stale(&slots[i]) || !READ_ONCE(heap->enabled)))
			wipe(&slots[i]);
}
