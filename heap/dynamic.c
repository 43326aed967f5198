// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic memory: the kernel's own, from its CMA area, while it is needed.
 *
 * Until the first piece is allocated the kernel uses the pages for what can be moved;
 * then they are had and protected all at once, as hardware protects a range and not
 * pages. Protected means here:
 *
 *	- marked offline, which /proc/kcore and a crash dump do not read;
 *	- out of the linear map, so a stray pointer in the kernel faults rather than
 *	  reads (x86, if linear_map=1; a flush on all CPUs for each page, see docs/heap.md);
 *	- mapped once, as I/O memory is, for the bus and for scrubbing.
 *
 * What remains: the pages still have a struct page, and without linear_map=1 kernel code
 * that computes their address reads them. Other kernel code is trusted here.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cma.h>
#include <linux/dma-map-ops.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/set_memory.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "hidden.h"
#include "memory.h"

static bool linear_map;
module_param(linear_map, bool, 0644);
MODULE_PARM_DESC(linear_map, "Take dynamic memory out of the linear map, too (x86; slow)");

/**
 * struct dynamic - memory of a CMA area
 * @memory: what heaps see of it; reserved while a piece is allocated
 * @area: where it comes from
 * @unmapped: it is out of the linear map; guarded by the memory's lock
 */
struct dynamic {
	struct memory memory;
	struct cma *area;
	bool unmapped;
};

static int linear_map_restore(unsigned long pfn, unsigned long count)
{
	int ret = 0;

	for (unsigned long i = 0; i < count; i++)
		ret = clear_mce_nospec(pfn + i) ?: ret;

	return ret;
}

static int linear_map_remove(unsigned long pfn, unsigned long count)
{
	int ret;

	for (unsigned long i = 0; i < count; i++) {
		ret = set_mce_nospec(pfn + i);
		if (ret)
			return linear_map_restore(pfn, i) ? -EIO : ret;
	}

	return 0;
}

static int dynamic_reserve(struct memory *memory)
{
	struct dynamic *dynamic = container_of(memory, struct dynamic, memory);
	unsigned long count = memory->size >> PAGE_SHIFT;
	struct page *pages;
	int ret;

	pages = cma_alloc(dynamic->area, count, 0, true);
	if (!pages)
		return -ENOMEM;

	/* What the kernel had there is not the first client's to read: it is wiped. */
	memory->mem = hidden_map(pages, count);
	if (!memory->mem) {
		ret = -ENOMEM;
		goto err_pages;
	}
	dynamic->unmapped = linear_map;
	if (dynamic->unmapped) {
		ret = linear_map_remove(page_to_pfn(pages), count);
		if (ret)
			goto err_mapped;
	}
	memory->base = page_to_phys(pages);

	return 0;

err_mapped:
	hidden_unmap(memory->mem, pages, count);
	memory->mem = NULL;
	/* With a hole in the linear map nobody else may have them. */
	if (ret == -EIO)
		return ret;
err_pages:
	cma_release(dynamic->area, pages, count);
	return ret;
}

static void dynamic_unreserve(struct memory *memory)
{
	struct dynamic *dynamic = container_of(memory, struct dynamic, memory);
	struct page *pages = phys_to_page(memory->base);
	unsigned long count = memory->size >> PAGE_SHIFT;

	/* With a hole in the linear map nobody else may have them: they are lost. */
	if (dynamic->unmapped && WARN_ON(linear_map_restore(page_to_pfn(pages), count)))
		return;
	hidden_unmap(memory->mem, pages, count);
	cma_release(dynamic->area, pages, count);
}

static void dynamic_destroy(struct memory *memory)
{
	mutex_destroy(&memory->lock);
	kfree(container_of(memory, struct dynamic, memory));
}

static const struct memory_ops dynamic_ops = {
	.type = "dynamic",
	/*
	 * RAM, but none the CPU may touch: no cache maintenance, and above all no copy of
	 * it in a bounce buffer.
	 */
	.dma_attrs = DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_REQUIRE_COHERENT,
	.reserve = dynamic_reserve,
	.unreserve = dynamic_unreserve,
	.destroy = dynamic_destroy,
};

/* Bytes of a CMA area, or 0. The kernel tells user space, but not modules. */
static u64 area_size(struct cma *area)
{
	unsigned long pages;
	struct file *file;
	char text[24];
	loff_t pos = 0;
	ssize_t len;
	char *path;

	path = kasprintf(GFP_KERNEL, "/sys/kernel/mm/cma/%s/total_pages", cma_get_name(area));
	if (!path)
		return 0;
	file = filp_open(path, O_RDONLY, 0);
	kfree(path);
	if (IS_ERR(file))
		return 0;
	len = kernel_read(file, text, sizeof(text) - 1, &pos);
	filp_close(file, NULL);
	if (len <= 0)
		return 0;
	text[len] = '\0';

	return kstrtoul(text, 10, &pages) ? 0 : (u64)pages << PAGE_SHIFT;
}

struct memory *dynamic_create(const char *heap, u64 size)
{
	struct dynamic *dynamic;
	struct cma *area;
	u64 most;

	area = dev_get_cma_area(NULL);
	if (!area)
		return ERR_PTR(-ENODEV);

	most = area_size(area);
	if (!size && most > SZ_1M)
		size = most - SZ_1M;
	if (!size || !PAGE_ALIGNED(size) || (most && size > most)) {
		pr_notice("heap %s: %llu bytes are not whole pages of the CMA area's %llu bytes\n",
		       heap, size, most);
		return ERR_PTR(-EINVAL);
	}

	dynamic = kzalloc_obj(*dynamic);
	if (!dynamic)
		return ERR_PTR(-ENOMEM);
	memory_init(&dynamic->memory, &dynamic_ops, heap);
	dynamic->memory.size = size;
	dynamic->area = area;
	pr_info("heap %s: %llu MiB of CMA area %s, when needed\n", heap, size >> 20,
		cma_get_name(area));

	return &dynamic->memory;
}
