/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_PROFILE_H
#define HEAP_PROFILE_H

#include <linux/types.h>

/**
 * struct profile - whose behaviour a heap imitates
 * @name: for user space
 * @mmap: what mmap() returns, a negative errno
 * @sync: what DMA_BUF_IOCTL_SYNC returns, a negative errno or 0
 * @admits_all: whether any device may attach. Such a profile promises no isolation from
 *		devices
 */
struct profile {
	const char *name;
	int mmap;
	int sync;
	bool admits_all;
};

/**
 * profile_get() - a profile by its number
 * @number: enum secure_heap_profile
 *
 * Return: the profile, constant.
 */
const struct profile *profile_get(unsigned int number);

/**
 * profile_find() - a profile's number by its name
 * @name: "strict", ..., a newline at its end is ignored
 *
 * Return: enum secure_heap_profile, or -EINVAL.
 */
int profile_find(const char *name);

#endif
