/* SPDX-License-Identifier: MIT */
/* The trusted device of modules/bus_probe.c, step by step, for tests. */
#ifndef VSKMS_PROBE_H
#define VSKMS_PROBE_H

#include "heap.h"
#include "igt.h"

/* A device that nobody trusts yet; the caller closes it. */
static inline int probe_open(void)
{
	int probe = open("/dev/bus_probe", O_RDWR | O_CLOEXEC);

	igt_assert(probe >= 0);
	return probe;
}

static inline int probe_word(int probe, unsigned long request, uint32_t word)
{
	return ioctl(probe, request, &word) ? -errno : 0;
}

static inline struct bus_probe_name probe_name(int probe)
{
	struct bus_probe_name name;

	igt_assert_eq(ioctl(probe, BUS_PROBE_NAME, &name), 0);
	return name;
}

/* A device that may do all and has @buffer mapped; the caller closes it. */
static inline int master_of(int buffer)
{
	int master = master_new(buffer, BUS_PROBE_READ | BUS_PROBE_WRITE);

	igt_assert(master >= 0);
	return master;
}

#endif
