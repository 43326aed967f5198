/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_FAULT_H
#define HEAP_FAULT_H

#include <linux/types.h>

struct dentry;

/* The steps that can be made to fail. */
enum fault {
	FAULT_RESERVE,
	FAULT_ALLOC,
	FAULT_EXPORT,
	FAULT_ATTACH,
	FAULT_MAP,
	FAULT_INJECT,
	FAULTS,
};

/**
 * fault_hit() - shall this step fail?
 * @fault: the step
 *
 * Return: whether an administrator asked for it in debugfs. Does not sleep.
 */
bool fault_hit(enum fault fault);

/**
 * fault_init() - make the debugfs files
 * @parent: the directory to make them in
 *
 * "faults/STEP" with N in it makes the N-th next such step fail, once.
 */
void fault_init(struct dentry *parent);

#endif
