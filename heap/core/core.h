/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C boundary of the heap's C++ core.
 *
 * The core is pure: it takes no lock, sleeps only to allocate, and knows no
 * address but as a number. The caller serialises all calls on one object.
 * Errors are negative errnos.
 */
#ifndef HEAP_CORE_H
#define HEAP_CORE_H

#ifdef __cplusplus
#include <cstddef>
extern "C" {
#else
#include <linux/types.h>
#endif

/**
 * struct heap_region - a range of physical addresses, handed out in pieces
 *
 * Made by heap_region_create() and owned by the caller until
 * heap_region_destroy(). It keeps no reference to the memory it speaks of.
 */
struct heap_region;

/**
 * heap_region_create() - a region with nothing allocated
 * @base: first byte, page aligned
 * @size: bytes, a non-zero multiple of the page size, less than 16 TiB;
 *	  @base + @size may be 2^64
 * @region: where the new region is stored
 *
 * Return: 0, -EINVAL for a range that is not as described, -ENOMEM.
 */
int heap_region_create(unsigned long long base, unsigned long long size,
		       struct heap_region **region);

/**
 * heap_region_destroy() - forget a region and all that is allocated from it
 * @region: the region, or NULL
 */
void heap_region_destroy(struct heap_region *region);

/**
 * heap_region_alloc() - take a piece of a region
 * @region: the region
 * @len: bytes, rounded up to whole pages
 * @align: a power of two from the page size to 2 MiB
 * @address: where the piece's first address is stored
 *
 * Return: 0, -EINVAL for no length, -EDOM for a bad alignment, -E2BIG for more
 * than the whole region, -ENOSPC if no free piece holds it, -ENOMEM if there is
 * no memory to note it down. After an error nothing has changed.
 */
int heap_region_alloc(struct heap_region *region, unsigned long long len,
		      unsigned long long align, unsigned long long *address);

/**
 * heap_region_free() - give a piece back
 * @region: the region
 * @address: what heap_region_alloc() stored
 *
 * Return: 0, -ENOENT if no allocated piece begins there.
 */
int heap_region_free(struct heap_region *region, unsigned long long address);

/**
 * heap_region_free_bytes() - how much is not allocated
 * @region: the region
 *
 * Return: bytes.
 */
unsigned long long heap_region_free_bytes(const struct heap_region *region);

#ifdef __cplusplus
}
#endif

#endif
