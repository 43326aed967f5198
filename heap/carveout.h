/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_CARVEOUT_H
#define HEAP_CARVEOUT_H

#include <linux/ioport.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct heap_region;

/**
 * struct carveout - the physical range kept from the kernel at boot
 * @res: our claim on it, named in /proc/iomem; /dev/mem refuses the range for as
 *	 long as we hold it
 * @mem: the only mapping of it, for scrubbing; an I/O mapping, which /proc/kcore
 *	 does not read. NULL while the carve-out is not claimed
 * @lock: guards @region
 * @region: which piece is whose
 *
 * Claimed once before the heap is registered, and never given back after that:
 * the module that owns it cannot be unloaded then (see main.c).
 */
struct carveout {
	struct resource *res;
	void *mem;
	struct mutex lock;	/* guards region */
	struct heap_region *region;
};

/**
 * carveout_claim() - take possession of a range, and wipe it
 * @carveout: a zeroed structure
 * @range: "SIZE@ADDR"
 *
 * What was there before the boot is nobody's business: the range is zeroed.
 *
 * Return: 0; -EINVAL if @range cannot be read or is not of whole pages, -EBUSY if
 * the kernel or another driver uses memory there, -ENOMEM. Each is logged.
 */
int carveout_claim(struct carveout *carveout, const char *range);

/**
 * carveout_release() - give back what carveout_claim() took
 * @carveout: the carve-out, with nothing allocated from it
 */
void carveout_release(struct carveout *carveout);

/**
 * carveout_alloc() - take a zeroed piece
 * @carveout: the carve-out
 * @len: bytes, a multiple of the page size
 * @phys: where its first physical address is stored
 *
 * Pieces of 2 MiB and more are aligned to that, so that a device's tables can
 * map them with huge pages.
 *
 * Return: 0, or -ENOMEM if there is no room or no memory to note it down.
 */
int carveout_alloc(struct carveout *carveout, size_t len, phys_addr_t *phys);

/**
 * carveout_free() - wipe a piece and give it back
 * @carveout: the carve-out
 * @phys: what carveout_alloc() stored
 * @len: the length it was asked for
 */
void carveout_free(struct carveout *carveout, phys_addr_t phys, size_t len);

#endif
