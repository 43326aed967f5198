// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's side of the C++ runtime; cxx_runtime.hpp is the other side.
 */

#include <linux/bug.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "cxx_runtime.h"

void cxx_bug(const char *file, int line, const char *func, const char *condition)
{
	pr_emerg("%s: %s:%d: %s: %s\n", KBUILD_MODNAME, file, line, func, condition);
	BUG();
}

void *cxx_alloc(size_t size)
{
	return kvmalloc(size, GFP_KERNEL);
}

void cxx_free(void *p)
{
	kvfree(p);
}
