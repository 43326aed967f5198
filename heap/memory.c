// SPDX-License-Identifier: GPL-2.0
/*
 * A heap's physical range, handed out in pieces.
 *
 * Where a piece goes is decided by the core (core/region.hpp). Here is the lock, and
 * the two edges of memory that is not had for good: the first piece reserves the
 * range, the last one freed returns it. Both are made under the lock, so clients that
 * race over an edge see the range whole or not at all.
 */

#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "core/core.h"
#include "fault.h"
#include "memory.h"
#include "trace.h"

void memory_init(struct memory *memory, const struct memory_ops *ops, const char *heap)
{
	memory->ops = ops;
	memory->heap = heap;
	mutex_init(&memory->lock);
}

void memory_destroy(struct memory *memory)
{
	if (memory)
		memory->ops->destroy(memory);
}

static void unreserve(struct memory *memory)
{
	heap_region_destroy(memory->region);
	memory->region = NULL;
	trace_release(memory->heap, memory->base, memory->size);
	memory->ops->unreserve(memory);
	memory->mem = NULL;
}

static int reserve(struct memory *memory)
{
	int ret;

	if (fault_hit(FAULT_RESERVE))
		return -ENOMEM;

	ret = memory->ops->reserve(memory);
	if (ret)
		return ret;

	ret = heap_region_create(memory->base, memory->size, &memory->region);
	if (ret) {
		memory->ops->unreserve(memory);
		memory->mem = NULL;
		return ret;
	}
	trace_reserve(memory->heap, memory->base, memory->size);

	return 0;
}

/*
 * For the large pages of a device's tables, but at the cost of an eighth of the piece at
 * most: a 1080p frame of 3 MiB at every 2 MiB would take 4 (docs/heap-allocator.md).
 */
static u64 alignment(u64 len)
{
	return clamp_t(u64, rounddown_pow_of_two(max_t(u64, len / 8, PAGE_SIZE)), PAGE_SIZE, SZ_2M);
}

int memory_alloc(struct memory *memory, u64 len, phys_addr_t *phys)
{
	unsigned long long address;
	int ret;

	/* Not worth a reservation. */
	if (len > memory->size)
		return -ENOMEM;

	guard(mutex)(&memory->lock);
	if (!memory->mem) {
		ret = reserve(memory);
		/* Every heap answers so when it is full; which limit it was is our affair. */
		if (ret)
			return -ENOMEM;
	}
	ret = heap_region_alloc(memory->region, len, alignment(len), &address);
	/* Better somewhere than nowhere: dynamic memory begins where it can. */
	if (ret)
		ret = heap_region_alloc(memory->region, len, PAGE_SIZE, &address);
	if (ret) {
		if (!memory->pieces && memory->ops->unreserve)
			unreserve(memory);
		return -ENOMEM;
	}
	memory->pieces++;
	*phys = address;

	return 0;
}

/*
 * memset() is one "rep stosb" on x86, which an emulated CPU takes a step for each byte of:
 * plain stores are six times as fast there (make bench), and this runs in emulated guests
 * more than anywhere else. WRITE_ONCE() keeps the compiler from making a memset() of it.
 */
void memory_wipe(void *mem, u64 len)
{
	u64 *end = mem + len;

	for (u64 *at = mem; at < end; at += 8) {
		WRITE_ONCE(at[0], 0);
		WRITE_ONCE(at[1], 0);
		WRITE_ONCE(at[2], 0);
		WRITE_ONCE(at[3], 0);
		WRITE_ONCE(at[4], 0);
		WRITE_ONCE(at[5], 0);
		WRITE_ONCE(at[6], 0);
		WRITE_ONCE(at[7], 0);
	}
}

void memory_scrub(struct memory *memory, phys_addr_t phys, u64 len)
{
	memory_wipe(memory_at(memory, phys), len);
}

void memory_free(struct memory *memory, phys_addr_t phys)
{
	guard(mutex)(&memory->lock);
	/* Only what was allocated is freed, and once: the dma-buf's release. */
	if (WARN_ON(heap_region_free(memory->region, phys)))
		return;
	if (!--memory->pieces && memory->ops->unreserve)
		unreserve(memory);
}
