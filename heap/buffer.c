// SPDX-License-Identifier: GPL-2.0
/*
 * Protected buffers: dma-bufs that no CPU and no untrusted device may touch.
 *
 * The errnos are those of the "strict" profile: -EACCES for whatever would give
 * access, mmap, DMA_BUF_IOCTL_SYNC and attach. There is no vmap op: an op that
 * fails is a WARN in dma_buf_vmap(), without one it is a quiet -EINVAL.
 *
 * A trusted device gets a mapping with DMA addresses and no struct page. The addresses
 * alone reach nothing: the bus asks for the mapping's grant.
 */

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <secure_heap.h>

#include "buffer.h"
#include "bus.h"
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

/**
 * struct binding - one device's attachment to a buffer
 * @master: the device, as the bus knows it; a reference
 * @sgt: what the mapping gave out, one entry
 * @grant: the mapping's grant, 0 while there is none
 *
 * Made in attach, freed in detach; the buffer outlives it, as whoever attached holds
 * the dma-buf, and the grant does not, as detach sees to it. @sgt and @grant are guarded by the buffer's
 * reservation lock, which dma-buf holds around map and unmap.
 */
struct binding {
	struct secure_master *master;
	struct sg_table sgt;
	u64 grant;
};

static int buffer_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct binding *binding;

	binding = kzalloc_obj(*binding);
	if (!binding)
		return -ENOMEM;

	binding->master = master_get(attachment->dev);
	if (!binding->master) {
		kfree(binding);
		return -EACCES;
	}
	attachment->priv = binding;

	return 0;
}

static void buffer_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct binding *binding = attachment->priv;

	/* An importer that forgot to unmap must not keep a way to the next buffer here. */
	if (WARN_ON(binding->grant))
		bus_ungrant(binding->grant);
	master_put(binding->master);
	kfree(binding);
}

static unsigned int access_of(enum dma_data_direction direction)
{
	switch (direction) {
	case DMA_BIDIRECTIONAL:
		return SECURE_BUS_READ | SECURE_BUS_WRITE;
	case DMA_TO_DEVICE:
		return SECURE_BUS_READ;
	case DMA_FROM_DEVICE:
		return SECURE_BUS_WRITE;
	default:
		return 0;
	}
}

static struct sg_table *buffer_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	struct buffer *buffer = attachment->dmabuf->priv;
	struct binding *binding = attachment->priv;
	struct sg_table *sgt = &binding->sgt;
	dma_addr_t dma;
	u64 grant;
	int ret;

	if (binding->grant)
		return ERR_PTR(-EBUSY);

	ret = bus_grant(binding->master, buffer->phys, buffer->size, access_of(direction), &grant);
	if (ret)
		return ERR_PTR(ret);

	ret = sg_alloc_table(sgt, 1, GFP_KERNEL);
	if (ret)
		goto err_grant;

	/* No struct page describes the carve-out, so it is mapped as registers are. */
	dma = dma_map_phys(attachment->dev, buffer->phys, buffer->size, direction,
			   DMA_ATTR_MMIO);
	ret = dma_mapping_error(attachment->dev, dma);
	if (ret)
		goto err_table;

	sg_set_page(sgt->sgl, NULL, buffer->size, 0);
	sg_dma_address(sgt->sgl) = dma;
	sg_dma_len(sgt->sgl) = buffer->size;
	binding->grant = grant;

	return sgt;

err_table:
	sg_free_table(sgt);
err_grant:
	bus_ungrant(grant);
	return ERR_PTR(ret);
}

static void buffer_unmap(struct dma_buf_attachment *attachment, struct sg_table *sgt,
			 enum dma_data_direction direction)
{
	struct buffer *buffer = attachment->dmabuf->priv;
	struct binding *binding = attachment->priv;

	bus_ungrant(binding->grant);
	binding->grant = 0;
	dma_unmap_phys(attachment->dev, sg_dma_address(sgt->sgl), buffer->size, direction,
		       DMA_ATTR_MMIO);
	sg_free_table(sgt);
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
	.detach = buffer_detach,
	.map_dma_buf = buffer_map,
	.unmap_dma_buf = buffer_unmap,
	.begin_cpu_access = buffer_begin_cpu_access,
	.end_cpu_access = buffer_end_cpu_access,
	.mmap = buffer_mmap,
	.release = buffer_release,
};

bool secure_heap_is_protected(const struct dma_buf *dmabuf)
{
	return dmabuf->ops == &buffer_ops;
}
EXPORT_SYMBOL_NS_GPL(secure_heap_is_protected, "SECURE_HEAP");

u64 secure_bus_grant(struct dma_buf_attachment *attachment)
{
	struct binding *binding = attachment->priv;

	return secure_heap_is_protected(attachment->dmabuf) ? READ_ONCE(binding->grant) : 0;
}
EXPORT_SYMBOL_NS_GPL(secure_bus_grant, "SECURE_HEAP");

struct dma_buf *buffer_export(struct carveout *carveout, const char *exp_name,
			      size_t len, u32 fd_flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct buffer *buffer;
	int ret;

	/* A mapping is one scatterlist entry, whose length is an unsigned int. */
	if (len > round_down(UINT_MAX, PAGE_SIZE))
		return ERR_PTR(-ENOMEM);

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
