// SPDX-License-Identifier: GPL-2.0
/*
 * lab_fault: makes the kernel report a fault, so that the lab's tests can see
 * whether tools/vm notices. Never installed; loaded by hand in a guest.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/module.h>

static int __init lab_fault_init(void)
{
	pr_info("test module: a WARN follows on purpose\n");
	WARN_ON(1);
	return 0;
}

static void __exit lab_fault_exit(void)
{
}

module_init(lab_fault_init);
module_exit(lab_fault_exit);

MODULE_AUTHOR("The vskms authors");
MODULE_DESCRIPTION("A WARN on demand, for the lab's tests");
MODULE_LICENSE("GPL");
