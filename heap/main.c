// SPDX-License-Identifier: GPL-2.0
/*
 * secure_heap: protected dma-bufs from a real dma-heap, without the hardware.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "core/core.h"
#include "vskms_version.h"

/**
 * struct carveout - the physical range kept from the kernel at boot
 * @res: our claim on it, NULL without a carve-out; held from module_init to exit,
 *	 so that /dev/mem refuses the range for as long
 * @region: who has which piece of it; lives as long as @res
 *
 * Only module_init and module_exit touch it, so it needs no lock.
 */
static struct carveout {
	struct resource *res;
	struct heap_region *region;
} carveout;

static char *carveout_range;
module_param_named(carveout, carveout_range, charp, 0444);
MODULE_PARM_DESC(carveout, "SIZE@ADDR of memory that memmap=SIZE$ADDR kept from the kernel");

static int parse_range(const char *text, phys_addr_t *base, resource_size_t *size)
{
	char *at, *end;

	*size = memparse(text, &at);
	if (at == text || *at != '@')
		return -EINVAL;
	*base = memparse(at + 1, &end);
	if (end == at + 1 || *end)
		return -EINVAL;
	if (!*size || *base + *size - 1 < *base)
		return -EINVAL;

	return 0;
}

static int carveout_claim(const char *text)
{
	resource_size_t size;
	phys_addr_t base;
	int ret;

	ret = parse_range(text, &base, &size);
	if (ret) {
		pr_err("carveout=%s: not SIZE@ADDR\n", text);
		return ret;
	}

	/* The kernel's own memory cannot be claimed: it is busy already. */
	if (region_intersects(base, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_err("carveout=%s: the kernel uses memory there; boot with memmap=%s\n",
		       text, "SIZE$ADDR");
		return -EBUSY;
	}

	ret = heap_region_create(base, size, &carveout.region);
	if (ret) {
		pr_err("carveout=%s: cannot be managed in whole pages: %d\n", text, ret);
		return ret;
	}

	carveout.res = request_mem_region(base, size, "secure_heap carve-out");
	if (!carveout.res) {
		pr_err("carveout=%s: claimed by another driver, see /proc/iomem\n", text);
		heap_region_destroy(carveout.region);
		carveout.region = NULL;
		return -EBUSY;
	}

	return 0;
}

static void carveout_release(void)
{
	if (!carveout.res)
		return;

	release_mem_region(carveout.res->start, resource_size(carveout.res));
	heap_region_destroy(carveout.region);
}

static int __init secure_heap_init(void)
{
	int ret;

	if (carveout_range) {
		ret = carveout_claim(carveout_range);
		if (ret)
			return ret;
		pr_info("version " VSKMS_VERSION ", carve-out %pR, %llu MiB free\n",
			carveout.res, heap_region_free_bytes(carveout.region) >> 20);
	} else {
		pr_info("version " VSKMS_VERSION ", no carve-out\n");
	}

	return 0;
}

static void __exit secure_heap_exit(void)
{
	carveout_release();
}

module_init(secure_heap_init);
module_exit(secure_heap_exit);

MODULE_AUTHOR("The vskms authors");
MODULE_DESCRIPTION("Virtual secure dma-buf heaps");
MODULE_VERSION(VSKMS_VERSION);
MODULE_LICENSE("GPL");
