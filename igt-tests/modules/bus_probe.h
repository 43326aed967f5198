/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/bus_probe, how tests drive a master of the secure bus. Each open file is a
 * device of its own, trusted as the file's first ioctl says.
 */
#ifndef BUS_PROBE_H
#define BUS_PROBE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BUS_PROBE_READ		1	/* as SECURE_BUS_READ */
#define BUS_PROBE_WRITE		2	/* as SECURE_BUS_WRITE */

struct bus_probe_io {
	__u64 offset;		/* bytes into the buffer */
	__u64 len;		/* bytes, at most 1 MiB */
	__u64 data;		/* pointer: where to or where from */
};

/* Become a master that may do this. */
#define BUS_PROBE_TRUST		_IOW('B', 0, __u32)
/* Cease to be one. */
#define BUS_PROBE_DISTRUST	_IO('B', 1)
/* Attach to the dma-buf of this fd. */
#define BUS_PROBE_ATTACH	_IOW('B', 2, __s32)
/* Map the attachment for this. */
#define BUS_PROBE_MAP		_IOW('B', 3, __u32)
/* End the mapping; its grant is remembered, to be tried all the same. */
#define BUS_PROBE_UNMAP		_IO('B', 4)
/* Through a window of the mapping's grant: memory to user, and user to memory. */
#define BUS_PROBE_LOAD		_IOW('B', 5, struct bus_probe_io)
#define BUS_PROBE_STORE		_IOW('B', 6, struct bus_probe_io)

#endif
