// SPDX-License-Identifier: GPL-2.0
/*
 * The carve-out: memory that the kernel was told at boot to leave alone.
 *
 * No struct page describes it and the linear map does not contain it, so nothing
 * in the kernel reaches it by accident. Here it is claimed and mapped.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "core/core.h"
#include "memory.h"

/**
 * struct carveout - memory that is had for good
 * @memory: what heaps see of it
 * @res: our claim on it, named in /proc/iomem; /dev/mem refuses the range for as
 *	 long as we hold it
 */
struct carveout {
	struct memory memory;
	struct resource *res;
};

static void carveout_destroy(struct memory *memory)
{
	struct carveout *carveout = container_of(memory, struct carveout, memory);

	memunmap(memory->mem);
	release_mem_region(carveout->res->start, resource_size(carveout->res));
	heap_region_destroy(memory->region);
	mutex_destroy(&memory->lock);
	kfree(carveout);
}

static const struct memory_ops carveout_ops = {
	.type = "carveout",
	/* No struct page describes it, so it is mapped as registers are. */
	.dma_attrs = DMA_ATTR_MMIO | DMA_ATTR_SKIP_CPU_SYNC,
	.destroy = carveout_destroy,
};

struct memory *carveout_create(const char *heap, phys_addr_t base, u64 size)
{
	struct carveout *carveout;
	struct memory *memory;
	int ret;

	carveout = kzalloc_obj(*carveout);
	if (!carveout)
		return ERR_PTR(-ENOMEM);
	memory = &carveout->memory;
	memory_init(memory, &carveout_ops, heap);
	memory->base = base;
	memory->size = size;

	ret = heap_region_create(base, size, &memory->region);
	if (ret) {
		pr_notice("heap %s: %#llx bytes at %pa cannot be managed in whole pages: %d\n",
		       heap, size, &base, ret);
		goto err_carveout;
	}

	/* Memory in use may be no busy resource: ask for it by kind. */
	if (region_intersects(base, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_notice("heap %s: the kernel uses memory at %#llx@%pa; boot with memmap=%s\n",
		       heap, size, &base, "SIZE$ADDR");
		ret = -EBUSY;
		goto err_region;
	}

	/* Exclusive: /dev/mem must refuse it on kernels that let root see busy ranges too. */
	carveout->res = request_mem_region_exclusive(base, size, "secure_heap carve-out");
	if (!carveout->res) {
		pr_notice("heap %s: %#llx@%pa is claimed already, see /proc/iomem\n", heap, size,
		       &base);
		ret = -EBUSY;
		goto err_region;
	}

	memory->mem = memremap(base, size, MEMREMAP_WB);
	if (!memory->mem) {
		pr_notice("heap %s: no address space to map %#llx@%pa\n", heap, size, &base);
		ret = -ENOMEM;
		goto err_res;
	}
	memory_wipe(memory->mem, size);
	pr_info("heap %s: carve-out %pR\n", heap, carveout->res);

	return memory;

err_res:
	release_mem_region(base, size);
err_region:
	heap_region_destroy(memory->region);
err_carveout:
	mutex_destroy(&memory->lock);
	kfree(carveout);
	return ERR_PTR(ret);
}
