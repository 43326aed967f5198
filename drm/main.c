// SPDX-License-Identifier: GPL-2.0
/*
 * vskms: a virtual display controller that scans out protected buffers.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>

#include "compositor/compositor.h"
#include "vskms_version.h"

static int __init vskms_init(void)
{
	pr_info("version " VSKMS_VERSION ", %u formats\n", compositor_formats(NULL, 0));
	return 0;
}

static void __exit vskms_exit(void)
{
}

module_init(vskms_init);
module_exit(vskms_exit);

MODULE_AUTHOR("The vskms authors");
MODULE_DESCRIPTION("Virtual secure kernel mode setting");
MODULE_VERSION(VSKMS_VERSION);
MODULE_LICENSE("GPL");
