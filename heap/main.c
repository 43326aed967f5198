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
#include "keys.h"
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

/*
 * What is protected must not get into an image on a disk. User space still runs when this
 * is called, so nothing may begin from now on.
 */
static int pm_event(struct notifier_block *block, unsigned long event, void *unused)
{
	switch (event) {
	case PM_HIBERNATION_PREPARE:
		if (bus_freeze(true))
			break;
		pr_info("no hibernation while there are protected buffers, or keys\n");
		return notifier_from_errno(-EBUSY);
	case PM_POST_HIBERNATION:
		bus_freeze(false);
		break;
	}

	return NOTIFY_DONE;
}

static struct notifier_block pm_block = {
	.notifier_call = pm_event,
};

/*
 * Does anybody but the loading of the module hold it? Then it cannot go any more, whatever
 * fails: user space may have made a heap or opened a file as soon as it could be seen.
 */
static bool __init is_held(void)
{
	return heap_pinned() || module_refcount(THIS_MODULE) > 1;
}

static int __init add_heaps(void)
{
	int ret = add_carveout();

	if (ret && !is_held())
		return ret;
	ret = add_dynamic();

	return is_held() ? 0 : ret;
}

static int __init secure_heap_init(void)
{
	int ret;

	ret = ledger_init();
	if (ret)
		return ret;
	ret = bus_init();
	if (ret)
		goto err_ledger;
	ret = keys_init();
	if (ret)
		goto err_bus;
	ret = heap_class_init();
	if (ret)
		goto err_keys;
	ret = register_pm_notifier(&pm_block);
	if (ret)
		goto err_class;
	ret = config_init();
	if (ret)
		goto err_pm;
	ret = add_heaps();
	if (ret)
		goto err_config;
	ret = control_init();
	if (ret) {
		pr_err("no /dev/secure_heap: %d\n", ret);
		if (!is_held())
			goto err_config;
	}
	debugfs = debugfs_create_dir("secure_heap", NULL);
	ledger_debugfs(debugfs);
	fault_init(debugfs);
	pr_info("version " VSKMS_VERSION "\n");

	return 0;

err_config:
	config_exit();
err_pm:
	unregister_pm_notifier(&pm_block);
err_class:
	heap_class_exit();
err_keys:
	keys_exit();
err_bus:
	bus_exit();
err_ledger:
	ledger_exit();
	return ret;
}

static void __exit secure_heap_exit(void)
{
	/*
	 * Only "rmmod -f" gets here with a heap, an open file or a directory of somebody's.
	 * They go on calling us, the dma-heap core above all, so our code must stay: exit
	 * never returns.
	 */
	if (heap_pinned() || module_refcount(THIS_MODULE) > 0) {
		pr_err("a heap cannot be removed; this module stays until the next boot\n");
		for (;;) {
			set_current_state(TASK_IDLE | TASK_FREEZABLE);
			schedule();
		}
	}

	debugfs_remove(debugfs);
	control_exit();
	config_exit();
	unregister_pm_notifier(&pm_block);
	heap_class_exit();
	keys_exit();
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
