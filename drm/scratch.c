// SPDX-License-Identifier: GPL-2.0
/*
 * Protected lines: what a composition keeps of protected pixels between two steps is as
 * protected as they are, in memory of one of their heaps, reached through a window.
 */

#include <linux/dma-buf.h>
#include <linux/err.h>

#include <secure_heap.h>

#include "scratch.h"

int vskms_scratch_create(struct vskms_scratch *scratch, struct device *dev,
			 const struct dma_buf *beside, size_t size)
{
	struct dma_buf *dmabuf;
	int ret;

	dmabuf = secure_heap_alloc_beside(beside, size);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	scratch->attachment = dma_buf_attach(dmabuf, dev);
	if (IS_ERR(scratch->attachment)) {
		ret = PTR_ERR(scratch->attachment);
		goto err_dmabuf;
	}
	scratch->sgt = dma_buf_map_attachment_unlocked(scratch->attachment, DMA_BIDIRECTIONAL);
	if (IS_ERR(scratch->sgt)) {
		ret = PTR_ERR(scratch->sgt);
		goto err_attachment;
	}
	scratch->dmabuf = dmabuf;
	scratch->size = size;

	return 0;

err_attachment:
	dma_buf_detach(dmabuf, scratch->attachment);
err_dmabuf:
	dma_buf_put(dmabuf);
	*scratch = (struct vskms_scratch){};
	return ret;
}

void vskms_scratch_destroy(struct vskms_scratch *scratch)
{
	if (!scratch->dmabuf)
		return;
	dma_buf_unmap_attachment_unlocked(scratch->attachment, scratch->sgt, DMA_BIDIRECTIONAL);
	dma_buf_detach(scratch->dmabuf, scratch->attachment);
	dma_buf_put(scratch->dmabuf);
}

u64 vskms_scratch_grant(const struct vskms_scratch *scratch)
{
	return scratch->dmabuf ? secure_bus_grant(scratch->attachment) : 0;
}
