/* SPDX-License-Identifier: MIT */
/* Allocating from a dma-heap, for tests: what fails returns a negative errno. */
#ifndef VSKMS_HEAP_H
#define VSKMS_HEAP_H

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define CARVEOUT_HEAP "/dev/dma_heap/protected,secure-video"
#define CARVEOUT_SIZE (128ull << 20)	/* what tools/vm reserves */

static inline int heap_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A dma-buf of @len bytes: its file descriptor, which the caller closes. */
static inline int heap_alloc(int heap, uint64_t len)
{
	struct dma_heap_allocation_data data = {
		.len = len,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	return ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -errno : (int)data.fd;
}

#endif
