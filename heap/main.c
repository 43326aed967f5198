// SPDX-License-Identifier: GPL-2.0
/*
 * secure_heap: protected dma-bufs from a real dma-heap, without the hardware.
 *
 * The kernel has no way to remove a dma-heap: the core keeps our ops and calls
 * them whenever somebody opens the node. So a module that has registered one pins
 * itself, and "rmmod" says that it is in use.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-heap.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

#include "buffer.h"
#include "bus.h"
#include "carveout.h"
#include "vskms_version.h"

#define HEAP_NAME "protected,secure-video"

static char *carveout_range;
module_param_named(carveout, carveout_range, charp, 0444);
MODULE_PARM_DESC(carveout, "SIZE@ADDR of memory that memmap=SIZE$ADDR kept from the kernel");

static struct carveout carveout;

/* The core has checked @fd_flags and @heap_flags and rounded @len up to pages. */
static struct dma_buf *heap_allocate(struct dma_heap *heap, unsigned long len,
				     u32 fd_flags, u64 heap_flags)
{
	return buffer_export(&carveout, HEAP_NAME, len, fd_flags);
}

static const struct dma_heap_ops heap_ops = {
	.allocate = heap_allocate,
};

static int __init heap_register(void)
{
	const struct dma_heap_export_info info = {
		.name = HEAP_NAME,
		.ops = &heap_ops,
	};
	struct dma_heap *heap;
	int ret;

	ret = carveout_claim(&carveout, carveout_range);
	if (ret)
		return ret;

	ret = bus_init(&carveout);
	if (ret)
		goto err_carveout;

	/* Last, for it cannot be undone. */
	heap = dma_heap_add(&info);
	if (IS_ERR(heap)) {
		pr_err("heap %s: cannot be registered: %pe\n", HEAP_NAME, heap);
		ret = PTR_ERR(heap);
		goto err_bus;
	}
	__module_get(THIS_MODULE);

	return 0;

err_bus:
	bus_exit();
err_carveout:
	carveout_release(&carveout);
	return ret;
}

static int __init secure_heap_init(void)
{
	int ret;

	if (!carveout_range) {
		pr_info("version " VSKMS_VERSION ", no carve-out\n");
		return 0;
	}

	ret = heap_register();
	if (ret)
		return ret;
	pr_info("version " VSKMS_VERSION ", heap %s\n", HEAP_NAME);

	return 0;
}

static void __exit secure_heap_exit(void)
{
	if (!carveout.mem)
		return;

	/*
	 * Only "rmmod -f" gets here. The dma-heap core goes on calling our ops, so
	 * our code must stay: exit never returns.
	 */
	pr_err("a heap cannot be removed; this module stays until the next boot\n");
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

module_init(secure_heap_init);
module_exit(secure_heap_exit);

MODULE_AUTHOR("The vskms authors");
MODULE_DESCRIPTION("Virtual secure dma-buf heaps");
MODULE_VERSION(VSKMS_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("DMA_BUF_HEAP");
