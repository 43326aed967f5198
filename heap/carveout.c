// SPDX-License-Identifier: GPL-2.0
/*
 * The carve-out: memory that the kernel was told at boot to leave alone.
 *
 * No struct page describes it and the linear map does not contain it, so nothing
 * in the kernel reaches it by accident. Here it is claimed, mapped for scrubbing,
 * and handed out in pieces.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "carveout.h"
#include "core/core.h"

/* Reads "SIZE@ADDR" into a range that does not wrap around. */
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

int carveout_claim(struct carveout *carveout, const char *range)
{
	resource_size_t size;
	phys_addr_t base;
	int ret;

	ret = parse_range(range, &base, &size);
	if (ret) {
		pr_err("carveout=%s: not SIZE@ADDR\n", range);
		return ret;
	}

	/* Memory in use may be no busy resource: ask for it by kind. */
	if (region_intersects(base, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_err("carveout=%s: the kernel uses memory there; boot with memmap=%s\n",
		       range, "SIZE$ADDR");
		return -EBUSY;
	}

	ret = heap_region_create(base, size, &carveout->region);
	if (ret) {
		pr_err("carveout=%s: cannot be managed in whole pages: %d\n", range, ret);
		return ret;
	}

	/* Exclusive: /dev/mem must refuse it on kernels that let root see busy ranges too. */
	carveout->res = request_mem_region_exclusive(base, size, "secure_heap carve-out");
	if (!carveout->res) {
		pr_err("carveout=%s: claimed by another driver, see /proc/iomem\n", range);
		ret = -EBUSY;
		goto err_region;
	}

	carveout->mem = memremap(base, size, MEMREMAP_WB);
	if (!carveout->mem) {
		pr_err("carveout=%s: no address space to map it\n", range);
		ret = -ENOMEM;
		goto err_res;
	}

	mutex_init(&carveout->lock);
	memset(carveout->mem, 0, size);
	pr_info("carve-out %pR, %llu MiB free\n", carveout->res,
		heap_region_free_bytes(carveout->region) >> 20);

	return 0;

err_res:
	release_mem_region(base, size);
err_region:
	heap_region_destroy(carveout->region);
	return ret;
}

void carveout_release(struct carveout *carveout)
{
	memunmap(carveout->mem);
	mutex_destroy(&carveout->lock);
	release_mem_region(carveout->res->start, resource_size(carveout->res));
	heap_region_destroy(carveout->region);
}

int carveout_alloc(struct carveout *carveout, size_t len, phys_addr_t *phys)
{
	unsigned long long address;
	int ret;

	mutex_lock(&carveout->lock);
	ret = heap_region_alloc(carveout->region, len, len < SZ_2M ? PAGE_SIZE : SZ_2M,
				&address);
	mutex_unlock(&carveout->lock);

	/* Every heap answers so when it is full; which limit it was is our affair. */
	if (ret)
		return -ENOMEM;

	*phys = address;
	return 0;
}

void carveout_free(struct carveout *carveout, phys_addr_t phys, size_t len)
{
	/* Still ours alone: a large buffer must not keep others waiting. */
	memset(carveout->mem + (phys - carveout->res->start), 0, len);

	mutex_lock(&carveout->lock);
	/* Only what was allocated is freed, and once: the dma-buf's release. */
	WARN_ON(heap_region_free(carveout->region, phys));
	mutex_unlock(&carveout->lock);
}
