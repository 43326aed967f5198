// SPDX-License-Identifier: GPL-2.0
/*
 * Faults on demand: any step on the way of a buffer can be made to fail, so that
 * what comes after a failure can be tested, here and in applications.
 */

#include <linux/atomic.h>
#include <linux/debugfs.h>

#include "fault.h"

static const char * const fault_names[FAULTS] = {
	[FAULT_RESERVE] = "reserve",
	[FAULT_ALLOC] = "alloc",
	[FAULT_EXPORT] = "export",
	[FAULT_ATTACH] = "attach",
	[FAULT_MAP] = "map",
	[FAULT_INJECT] = "inject",
};

/* Steps until the one that fails, that one included; 0 for none. */
static atomic_t fault_steps[FAULTS];

bool fault_hit(enum fault fault)
{
	return atomic_read(&fault_steps[fault]) > 0 &&
	       atomic_dec_if_positive(&fault_steps[fault]) == 0;
}

void fault_init(struct dentry *parent)
{
	struct dentry *dir = debugfs_create_dir("faults", parent);

	for (int i = 0; i < FAULTS; i++)
		debugfs_create_atomic_t(fault_names[i], 0600, dir, &fault_steps[i]);
}
