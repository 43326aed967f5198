/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/bus_probe, how tests drive a master of the secure bus and the in-kernel
 * interface of secure_heap. Each open file is a device of its own, trusted as its
 * ioctls say. What secure_heap returns is what the ioctl returns.
 *
 * Windows are opened beside all other ioctls, so that one can be tried, or held,
 * while another ioctl of the same file waits.
 */
#ifndef BUS_PROBE_H
#define BUS_PROBE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BUS_PROBE_READ		1	/* as SECURE_BUS_READ */
#define BUS_PROBE_WRITE		2	/* as SECURE_BUS_WRITE */

#define BUS_PROBE_NAME_MAX	64	/* bytes of a device's or a heap's name, with its 0 */

struct bus_probe_name {
	char name[BUS_PROBE_NAME_MAX];
};

struct bus_probe_io {
	__u64 offset;		/* bytes into the buffer; PEEK: into the window */
	__u64 len;		/* bytes, at most 1 MiB */
	__u64 data;		/* pointer: where to or where from */
};

struct bus_probe_window {
	__u64 offset;		/* bytes into the buffer */
	__u64 len;
	__u32 access;		/* passed on as it is */
	__u32 pad;
};

struct bus_probe_mapping {
	__u64 address;		/* the first DMA address */
	__u32 ranges;		/* DMA ranges */
	__u32 pages;		/* entries with a struct page */
};

struct bus_probe_alloc {
	__u64 len;		/* all three passed on as they are */
	__u64 heap_flags;
	__u32 fd_flags;
	__u32 pad;
};

struct bus_probe_copy {
	__s32 to;		/* fds of dma-bufs */
	__s32 from;
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
/* Through a window of the grant: memory to user, and user to memory. */
#define BUS_PROBE_LOAD		_IOW('B', 5, struct bus_probe_io)
#define BUS_PROBE_STORE		_IOW('B', 6, struct bus_probe_io)
/* The device's name. */
#define BUS_PROBE_NAME		_IOR('B', 7, struct bus_probe_name)
/* End the attachment, which is not mapped; another may follow. */
#define BUS_PROBE_DETACH	_IO('B', 8)
/* What the mapping handed out. */
#define BUS_PROBE_MAPPING	_IOR('B', 9, struct bus_probe_mapping)
/* The grant: of the last mapping, or the one last aimed at. */
#define BUS_PROBE_GRANT		_IOR('B', 10, __u64)
/* Open windows of this grant from now on, whosever it is. */
#define BUS_PROBE_AIM		_IOW('B', 11, __u64)
/* Open a window and keep it, until RELEASE or the file's end; one at a time. */
#define BUS_PROBE_HOLD		_IOW('B', 12, struct bus_probe_window)
#define BUS_PROBE_RELEASE	_IO('B', 13)
/* Read through the window that is held. */
#define BUS_PROBE_PEEK		_IOW('B', 14, struct bus_probe_io)
/* Find a heap, -ENOENT if there is none, and keep a reference; one at a time. */
#define BUS_PROBE_FIND		_IOW('B', 15, struct bus_probe_name)
/* Drop the reference, if any. */
#define BUS_PROBE_PUT		_IO('B', 16)
/* Allocate from that heap: returns a new fd. */
#define BUS_PROBE_ALLOC		_IOW('B', 17, struct bus_probe_alloc)
/* Is the dma-buf of this fd a protected one? Returns 0 or 1. */
#define BUS_PROBE_PROTECTED	_IOW('B', 18, __s32)
/* May what is in one buffer be copied to the other? Returns 0 or 1. */
#define BUS_PROBE_COPY		_IOW('B', 19, struct bus_probe_copy)

#endif
