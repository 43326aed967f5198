/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_INJECT_H
#define HEAP_INJECT_H

struct secure_heap_inject;

/**
 * inject() - write what user space has into a protected buffer
 * @owner: whose keys may be used
 * @args: as the ioctl has it; flags and reserved fields are checked
 *
 * Return: 0 or the errors of SECURE_HEAP_IOCTL_INJECT.
 */
int inject(const void *owner, const struct secure_heap_inject *args);

#endif
