// SPDX-License-Identifier: GPL-2.0
/*
 * Protected buffers: dma-bufs that no CPU and no untrusted device may touch.
 *
 * The errnos are those of the "strict" profile: -EACCES for whatever would give
 * access, mmap, DMA_BUF_IOCTL_SYNC and attach. There is no vmap op: an op that
 * fails is a WARN in dma_buf_vmap(), without one it is a quiet -EINVAL.
 */

#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "buffer.h"
#include "carveout.h"

/**
 * struct buffer - the memory behind one dma-buf
 * @carveout: where it is from
 * @phys: its first physical address
 * @size: bytes
 *
 * Owned by the dma-buf and gone with it, when the last file descriptor, GEM handle
 * and attachment is. Constant in between, so it needs no lock.
 */
struct buffer {
	struct carveout *carveout;
	phys_addr_t phys;
	size_t size;
};

/* No driver is trusted yet: nothing registers as a master of the secure bus. */
static int buffer_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	return -EACCES;
}

static struct sg_table *buffer_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	return ERR_PTR(-EACCES);
}

/* Never called, as buffer_map() gives nothing to unmap, but dma-buf requires it. */
static void buffer_unmap(struct dma_buf_attachment *attachment, struct sg_table *sgt,
			 enum dma_data_direction direction)
{
}

static int buffer_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	return -EACCES;
}

static int buffer_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	return -EACCES;
}

static int buffer_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	return -EACCES;
}

static void buffer_release(struct dma_buf *dmabuf)
{
	struct buffer *buffer = dmabuf->priv;

	carveout_free(buffer->carveout, buffer->phys, buffer->size);
	kfree(buffer);
}

static const struct dma_buf_ops buffer_ops = {
	.attach = buffer_attach,
	.map_dma_buf = buffer_map,
	.unmap_dma_buf = buffer_unmap,
	.begin_cpu_access = buffer_begin_cpu_access,
	.end_cpu_access = buffer_end_cpu_access,
	.mmap = buffer_mmap,
	.release = buffer_release,
};

struct dma_buf *buffer_export(struct carveout *carveout, const char *exp_name,
			      size_t len, u32 fd_flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct buffer *buffer;
	int ret;

	buffer = kzalloc_obj(*buffer);
	if (!buffer)
		return ERR_PTR(-ENOMEM);

	buffer->carveout = carveout;
	buffer->size = len;
	ret = carveout_alloc(carveout, len, &buffer->phys);
	if (ret)
		goto err_buffer;

	info.exp_name = exp_name;
	info.ops = &buffer_ops;
	info.size = len;
	info.flags = fd_flags;
	info.priv = buffer;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto err_alloc;
	}

	return dmabuf;

err_alloc:
	carveout_free(carveout, buffer->phys, len);
err_buffer:
	kfree(buffer);
	return ERR_PTR(ret);
}
