/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_MEMORY_H
#define HEAP_MEMORY_H

#include <linux/mutex.h>
#include <linux/types.h>

struct heap_region;
struct memory;

/**
 * struct memory_ops - what kinds of memory differ in
 * @type: the kind's name, for user space
 * @dma_attrs: for dma_map_phys()
 * @reserve: take possession of the whole range, hide it from the kernel and set base,
 *	     size and mem; before the first piece is allocated. NULL if it is had for good
 * @unreserve: the reverse, after the last piece was freed; NULL with @reserve
 * @destroy: give back what is left and free the memory; no piece is allocated
 *
 * @reserve and @unreserve are called with the memory's lock held. All may sleep.
 */
struct memory_ops {
	const char *type;
	unsigned long dma_attrs;
	int (*reserve)(struct memory *memory);
	void (*unreserve)(struct memory *memory);
	void (*destroy)(struct memory *memory);
};

/**
 * struct memory - a physical range that a heap hands out in pieces
 * @ops: its kind
 * @heap: the heap's name, for logs and tracepoints; outlives the memory
 * @base: first physical address
 * @size: bytes; constant
 * @mem: the only mapping of it, which /proc/kcore does not read. Not NULL from the
 *	 moment it is reserved
 * @lock: guards @region, @pieces and the reservation
 * @region: which piece is whose; while reserved
 * @pieces: how many are allocated
 *
 * Made by carveout_create() or dynamic_create(); owned by its heap, which every
 * buffer has a reference to. @base, @mem and @region change only while there is no
 * piece, so whoever has one may read @base and @mem without the lock.
 */
struct memory {
	const struct memory_ops *ops;
	const char *heap;
	phys_addr_t base;
	u64 size;
	void *mem;
	struct mutex lock;	/* guards region, pieces, the reservation */
	struct heap_region *region;
	unsigned long pieces;
};

/**
 * carveout_create() - the range that was kept from the kernel at boot
 * @heap: the heap's name
 * @base: first byte
 * @size: bytes
 *
 * Claims the range, maps it and wipes it: what was there before is nobody's business.
 * It is had until the memory is destroyed.
 *
 * Return: the memory, for memory_destroy(); ERR_PTR(-EINVAL) if it is not of whole pages,
 * -EBUSY if the kernel or another driver uses memory there, -ENOMEM. Each is logged.
 */
struct memory *carveout_create(const char *heap, phys_addr_t base, u64 size);

/**
 * dynamic_create() - memory of the kernel's default CMA area, when it is needed
 * @heap: the heap's name
 * @size: bytes; 0 for the area's size less 1 MiB, as some pages are always taken
 *
 * Return: the memory, for memory_destroy(); ERR_PTR(-ENODEV) if there is no area,
 * -EINVAL if @size is not of whole pages, or larger than the area. Each but the first is
 * logged.
 */
struct memory *dynamic_create(const char *heap, u64 size);

/**
 * memory_destroy() - give the range back
 * @memory: the memory, with nothing allocated, or NULL
 */
void memory_destroy(struct memory *memory);

/**
 * memory_alloc() - take a zeroed piece
 * @memory: the memory
 * @len: bytes, a multiple of the page size
 * @phys: where its first physical address is stored
 *
 * A piece is aligned to the power of two that is at most an eighth of it, up to 2 MiB,
 * where there is room, so that a device's tables can map it with large pages. The first
 * piece reserves the whole range.
 *
 * Return: 0, or -ENOMEM if there is no room, or the range cannot be reserved.
 */
int memory_alloc(struct memory *memory, u64 len, phys_addr_t *phys);

/**
 * memory_scrub() - wipe a piece
 * @memory: the memory
 * @phys: what memory_alloc() stored
 * @len: its length
 *
 * Nobody else may have the piece.
 */
void memory_scrub(struct memory *memory, phys_addr_t phys, u64 len);

/**
 * memory_free() - give a piece back
 * @memory: the memory
 * @phys: what memory_alloc() stored; scrubbed
 */
void memory_free(struct memory *memory, phys_addr_t phys);

/**
 * memory_at() - where the mapping has an address
 * @memory: the memory, with a piece allocated
 * @phys: an address in that piece
 *
 * Return: the kernel's address.
 */
static inline void *memory_at(const struct memory *memory, phys_addr_t phys)
{
	return memory->mem + (phys - memory->base);
}

/* For the kinds of memory: fills in what they have in common. */
void memory_init(struct memory *memory, const struct memory_ops *ops, const char *heap);

/* And zeroes whole pages. */
void memory_wipe(void *mem, u64 len);

#endif
