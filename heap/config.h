/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_CONFIG_H
#define HEAP_CONFIG_H

#include <linux/types.h>

/**
 * config_init() - make /sys/kernel/config/secure_heap
 *
 * Return: 0 or a negative errno.
 */
int config_init(void);

/**
 * config_exit() - remove it, with no heap enabled
 */
void config_exit(void);

/**
 * config_add_heap() - make a directory for a heap of the module's own, and enable it
 * @name: the heap's
 * @carveout: a carve-out, else dynamic
 * @base: with @carveout its first address
 * @size: bytes; 0 for a dynamic heap as large as can be
 *
 * Nobody can remove the directory, but the heap can be disabled. If the heap cannot be
 * enabled the directory is not made.
 *
 * Return: 0 or heap_enable()'s errors.
 */
int config_add_heap(const char *name, bool carveout, phys_addr_t base, u64 size);

#endif
