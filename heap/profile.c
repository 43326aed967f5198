// SPDX-License-Identifier: GPL-2.0
/*
 * Errno profiles: what other platforms' heaps answer.
 *
 * None of them agree. An application that runs on one of these can be tested against
 * its answers; "strict" is what we think right, and the only one that refuses devices.
 * No profile maps anything: they differ in the words of the refusal.
 *
 *	tee		drivers/tee/tee_heap.c: no mmap op and no CPU access ops
 *	mtk		the MediaTek secure heap series of 2023
 *	tegra		the Tegra VPR heap series
 *	chromeos	restricted_heap.c of ChromeOS kernels
 */

#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/string.h>

#include <uapi/secure_heap.h>

#include "profile.h"

static const struct profile profiles[] = {
	[SECURE_HEAP_PROFILE_STRICT] = { "strict", -EACCES, -EACCES, false },
	[SECURE_HEAP_PROFILE_TEE] = { "tee", -EINVAL, 0, true },
	[SECURE_HEAP_PROFILE_MTK] = { "mtk", -EPERM, -EPERM, true },
	[SECURE_HEAP_PROFILE_TEGRA] = { "tegra", -EPERM, -EPERM, true },
	[SECURE_HEAP_PROFILE_CHROMEOS] = { "chromeos", -EACCES, -EACCES, true },
};

const struct profile *profile_get(unsigned int number)
{
	return &profiles[number];
}

int profile_find(const char *name)
{
	for (int i = 0; i < ARRAY_SIZE(profiles); i++)
		if (sysfs_streq(name, profiles[i].name))
			return i;

	return -EINVAL;
}
