// SPDX-License-Identifier: GPL-2.0
/*
 * secure_heap: protected dma-bufs from real dma-heaps, without the hardware.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "bus.h"
#include "config.h"
#include "control.h"
#include "fault.h"
#include "heap.h"
#include "ledger.h"
#include "vskms_version.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#define CARVEOUT_HEAP "protected,secure-video"
#define DYNAMIC_HEAP "protected,secure-video-dynamic"

static char *carveout;
module_param(carveout, charp, 0444);
MODULE_PARM_DESC(carveout, "SIZE@ADDR of memory that memmap=SIZE$ADDR kept from the kernel");

static char *dynamic;
module_param(dynamic, charp, 0444);
MODULE_PARM_DESC(dynamic, "SIZE of the dynamic heap, 0 for none (the CMA area less 1M)");

static struct dentry *debugfs;

/* Reads "SIZE@ADDR" into a range that does not wrap around. */
static int parse_range(const char *text, phys_addr_t *base, u64 *size)
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

static int __init add_carveout(void)
{
	phys_addr_t base;
	u64 size;
	int ret;

	if (!carveout)
		return 0;
	ret = parse_range(carveout, &base, &size);
	if (ret) {
		pr_err("carveout=%s: not SIZE@ADDR\n", carveout);
		return ret;
	}

	return config_add_heap(CARVEOUT_HEAP, true, base, size);
}

static int __init add_dynamic(void)
{
	u64 size = 0;
	char *end;
	int ret;

	if (dynamic) {
		size = memparse(dynamic, &end);
		if (end == dynamic || *end) {
			pr_err("dynamic=%s: not a SIZE\n", dynamic);
			return -EINVAL;
		}
		if (!size)
			return 0;
	}

	ret = config_add_heap(DYNAMIC_HEAP, false, 0, size);
	if (ret == -ENODEV && !dynamic) {
		pr_info("no CMA area, and so no heap %s; see cma=SIZE\n", DYNAMIC_HEAP);
		return 0;
	}

	return ret;
}

/* What is protected must not get into an image on a disk. */
static int pm_event(struct notifier_block *block, unsigned long event, void *unused)
{
	u64 buffers;

	if (event != PM_HIBERNATION_PREPARE)
		return NOTIFY_DONE;
	buffers = ledger_now(NULL, HEAP_BUFFERS);
	if (!buffers)
		return NOTIFY_DONE;
	pr_info("no hibernation while %llu protected buffers live\n", buffers);

	return notifier_from_errno(-EBUSY);
}

static struct notifier_block pm_block = {
	.notifier_call = pm_event,
};

static int __init secure_heap_init(void)
{
	int ret;

	ret = ledger_init();
	if (ret)
		return ret;
	ret = bus_init();
	if (ret)
		goto err_ledger;
	ret = heap_class_init();
	if (ret)
		goto err_bus;
	ret = control_init();
	if (ret)
		goto err_class;
	ret = config_init();
	if (ret)
		goto err_control;
	ret = register_pm_notifier(&pm_block);
	if (ret)
		goto err_config;
	debugfs = debugfs_create_dir("secure_heap", NULL);
	ledger_debugfs(debugfs);
	fault_init(debugfs);

	ret = add_carveout();
	if (ret)
		goto err_debugfs;
	ret = add_dynamic();
	/* Once there is a node the module cannot go any more. */
	if (ret && !heap_pinned())
		goto err_debugfs;
	pr_info("version " VSKMS_VERSION "\n");

	return 0;

err_debugfs:
	debugfs_remove(debugfs);
	unregister_pm_notifier(&pm_block);
err_config:
	config_exit();
err_control:
	control_exit();
err_class:
	heap_class_exit();
err_bus:
	bus_exit();
err_ledger:
	ledger_exit();
	return ret;
}

static void __exit secure_heap_exit(void)
{
	/*
	 * Only "rmmod -f" gets here with a heap. The dma-heap core goes on calling our ops,
	 * so our code must stay: exit never returns.
	 */
	if (heap_pinned()) {
		pr_err("a heap cannot be removed; this module stays until the next boot\n");
		for (;;)
			schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
	}

	debugfs_remove(debugfs);
	unregister_pm_notifier(&pm_block);
	config_exit();
	control_exit();
	heap_class_exit();
	bus_exit();
	ledger_exit();
}

module_init(secure_heap_init);
module_exit(secure_heap_exit);

MODULE_AUTHOR("The vskms authors");
MODULE_DESCRIPTION("Virtual secure dma-buf heaps");
MODULE_VERSION(VSKMS_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("DMA_BUF_HEAP");
