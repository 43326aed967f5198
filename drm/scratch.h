/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_SCRATCH_H
#define VSKMS_SCRATCH_H

#include <linux/types.h>

struct device;
struct dma_buf;
struct dma_buf_attachment;
struct sg_table;

/**
 * struct vskms_scratch - protected memory for lines that have protected pixels
 * @dmabuf: the memory, owned
 * @attachment: the display's
 * @sgt: its mapping
 * @size: bytes
 *
 * Zeroed while there is none. Owned by one snapshot, which uses it for one composition at
 * a time.
 */
struct vskms_scratch {
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attachment;
	struct sg_table *sgt;
	size_t size;
};

/**
 * vskms_scratch_create() - allocate it
 * @scratch: a zeroed structure
 * @dev: the display's device, a master that may read and write
 * @beside: a protected buffer, from whose heap it comes
 * @size: bytes
 *
 * May sleep, and takes reservation locks. Return: 0, for vskms_scratch_destroy(); -EIO if
 * the heap is revoked, -EACCES if it does not trust the display, -ENOMEM.
 */
int vskms_scratch_create(struct vskms_scratch *scratch, struct device *dev,
			 const struct dma_buf *beside, size_t size);

/**
 * vskms_scratch_destroy() - free it
 * @scratch: from vskms_scratch_create(), or zeroed
 *
 * May sleep, and takes reservation locks.
 */
void vskms_scratch_destroy(struct vskms_scratch *scratch);

/**
 * vskms_scratch_grant() - by what it is reached on the secure bus
 * @scratch: the scratch
 *
 * Return: the grant, or 0 if there is no scratch.
 */
u64 vskms_scratch_grant(const struct vskms_scratch *scratch);

#endif
