// SPDX-License-Identifier: GPL-2.0
/*
 * Protected buffers: dma-bufs that no CPU and no untrusted device may touch.
 *
 * The errnos are those of the buffer's profile; what is refused is a violation, and in
 * the ledger. There is no vmap op: an op that fails is a WARN in dma_buf_vmap(), without
 * one it is a quiet -EINVAL.
 *
 * A trusted device gets a mapping with DMA addresses and no struct page. The addresses
 * alone reach nothing: the bus asks for the mapping's grant.
 */

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <secure_heap.h>

#include "account.h"
#include "buffer.h"
#include "bus.h"
#include "fault.h"
#include "heap.h"
#include "ledger.h"
#include "memory.h"
#include "profile.h"

/**
 * struct buffer - the memory behind one dma-buf
 * @on_bus: its heap, a reference, its memory and its handle
 * @profile: the heap's when it was allocated, enum secure_heap_profile
 * @account: to whom it is charged, a reference; or NULL
 *
 * Owned by the dma-buf and gone with it, when the last file descriptor, GEM handle
 * and attachment is. Constant in between, so it needs no lock.
 */
struct buffer {
	struct bus_buffer on_bus;
	unsigned int profile;
	struct secure_account *account;
};

/**
 * struct binding - one device's attachment to a buffer
 * @port: the device at the bus, and the mapping's grant
 * @sgt: what the mapping gave out, one entry
 * @direction: for what it was mapped
 *
 * Made in attach, freed in detach; the buffer outlives it, as whoever attached holds
 * the dma-buf, and the grant does not, as detach sees to it. @sgt and the grant are
 * guarded by the buffer's reservation lock, which dma-buf holds around map and unmap.
 */
struct binding {
	struct bus_port port;
	struct sg_table sgt;
	enum dma_data_direction direction;
};

static int buffer_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct buffer *buffer = dmabuf->priv;
	struct binding *binding;
	int ret;

	if (fault_hit(FAULT_ATTACH))
		return -ENOMEM;

	binding = kzalloc_obj(*binding);
	if (!binding)
		return -ENOMEM;

	ret = bus_port_open(&binding->port, &buffer->on_bus, attachment->dev);
	if (ret) {
		kfree(binding);
		return ret;
	}
	attachment->priv = binding;

	return 0;
}

static void buffer_unmap(struct dma_buf_attachment *attachment, struct sg_table *sgt,
			 enum dma_data_direction direction)
{
	struct buffer *buffer = attachment->dmabuf->priv;
	struct binding *binding = attachment->priv;

	bus_ungrant(&binding->port);
	dma_unmap_phys(attachment->dev, sg_dma_address(sgt->sgl), buffer->on_bus.size, direction,
		       buffer->on_bus.heap->memory->ops->dma_attrs);
	sg_free_table(sgt);
}

static void buffer_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct binding *binding = attachment->priv;

	/* An importer that forgot to unmap must not keep a way to the next buffer here. */
	if (WARN_ON(binding->port.grant))
		buffer_unmap(attachment, &binding->sgt, binding->direction);
	bus_port_close(&binding->port);
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

/*
 * Can the device address it? If not dma_map_phys() would have to copy it to memory in
 * reach, which is forbidden here; and it says so by a WARN.
 */
static bool in_reach(struct device *dev, const struct bus_buffer *on_bus)
{
	if (!dev->dma_mask)
		return false;
	/* An IOMMU brings everything into reach. */
	if (device_iommu_mapped(dev))
		return true;

	return on_bus->phys + on_bus->size - 1 <= min_not_zero(*dev->dma_mask, dev->bus_dma_limit);
}

static struct sg_table *buffer_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	struct buffer *buffer = attachment->dmabuf->priv;
	const struct bus_buffer *on_bus = &buffer->on_bus;
	struct binding *binding = attachment->priv;
	struct sg_table *sgt = &binding->sgt;
	dma_addr_t dma;
	int ret;

	if (binding->port.grant)
		return ERR_PTR(-EBUSY);
	if (fault_hit(FAULT_MAP))
		return ERR_PTR(-ENOMEM);
	if (!in_reach(attachment->dev, on_bus))
		return ERR_PTR(-EINVAL);

	ret = bus_grant(&binding->port, access_of(direction));
	if (ret)
		return ERR_PTR(ret);

	ret = sg_alloc_table(sgt, 1, GFP_KERNEL);
	if (ret)
		goto err_grant;

	dma = dma_map_phys(attachment->dev, on_bus->phys, on_bus->size, direction,
			   on_bus->heap->memory->ops->dma_attrs);
	ret = dma_mapping_error(attachment->dev, dma);
	if (ret)
		goto err_table;

	sg_set_page(sgt->sgl, NULL, on_bus->size, 0);
	sg_dma_address(sgt->sgl) = dma;
	sg_dma_len(sgt->sgl) = on_bus->size;
	binding->direction = direction;

	return sgt;

err_table:
	sg_free_table(sgt);
err_grant:
	bus_ungrant(&binding->port);
	return ERR_PTR(ret);
}

/* A CPU's access ends here; @error may be 0, where a profile pretends. */
static int refuse(struct dma_buf *dmabuf, enum heap_kind kind, int error)
{
	const struct buffer *buffer = dmabuf->priv;
	const struct refusal refusal = {
		.kind = kind,
		.error = error,
		.buffer = buffer->on_bus.handle,
		.reason = profile_get(buffer->profile)->name,
	};

	return error ? ledger_refuse(buffer->on_bus.heap, &refusal) : 0;
}

static int buffer_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	return refuse(dmabuf, HEAP_KIND_CPU_ACCESS, profile_get(buffer_profile(dmabuf))->sync);
}

static int buffer_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	return refuse(dmabuf, HEAP_KIND_CPU_ACCESS, profile_get(buffer_profile(dmabuf))->sync);
}

static int buffer_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	return refuse(dmabuf, HEAP_KIND_MMAP, profile_get(buffer_profile(dmabuf))->mmap);
}

/* Its memory is somebody else's by now. */
static void buffer_forget(struct buffer *buffer)
{
	struct bus_buffer *on_bus = &buffer->on_bus;

	if (buffer->account)
		account_discharge(buffer->account, on_bus->size);
	secure_heap_put(on_bus->heap);
	kfree(buffer);
}

/* Scrubs it and gives its memory back. */
static void buffer_free(struct buffer *buffer)
{
	struct bus_buffer *on_bus = &buffer->on_bus;

	/* Lost then, with the heap: something reaches the memory still. */
	if (WARN_ON(bus_buffer_free(on_bus)))
		return;
	memory_free(on_bus->heap->memory, on_bus->phys);
	buffer_forget(buffer);
}

static void buffer_release(struct dma_buf *dmabuf)
{
	buffer_free(dmabuf->priv);
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

	if (!secure_heap_is_protected(attachment->dmabuf))
		return 0;

	return READ_ONCE(binding->port.grant);
}
EXPORT_SYMBOL_NS_GPL(secure_bus_grant, "SECURE_HEAP");

const struct bus_buffer *buffer_on_bus(const struct dma_buf *dmabuf)
{
	struct buffer *buffer = dmabuf->priv;

	return secure_heap_is_protected(dmabuf) ? &buffer->on_bus : NULL;
}

unsigned int buffer_profile(const struct dma_buf *dmabuf)
{
	const struct buffer *buffer = dmabuf->priv;

	return buffer->profile;
}

/* A buffer that no dma-buf has yet. */
static struct buffer *buffer_alloc(struct secure_heap *heap, size_t len,
				   struct secure_account *account)
{
	struct bus_buffer *on_bus;
	struct buffer *buffer;
	int ret;

	/* A mapping is one scatterlist entry, whose length is an unsigned int. */
	if (len > round_down(UINT_MAX, PAGE_SIZE) || fault_hit(FAULT_ALLOC))
		return ERR_PTR(-ENOMEM);

	buffer = kzalloc_obj(*buffer);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	buffer->profile = READ_ONCE(heap->profile);
	on_bus = &buffer->on_bus;
	on_bus->heap = secure_heap_get(heap);
	on_bus->size = len;
	on_bus->admits_all = profile_get(buffer->profile)->admits_all;

	if (account) {
		ret = account_charge(account, len);
		if (ret)
			goto err_buffer;
		buffer->account = account;
	}
	ret = memory_alloc(heap->memory, len, &on_bus->phys);
	if (ret)
		goto err_buffer;
	ret = bus_buffer_add(on_bus);
	if (ret)
		goto err_memory;

	return buffer;

err_memory:
	memory_free(heap->memory, on_bus->phys);
err_buffer:
	buffer_forget(buffer);
	return ERR_PTR(ret);
}

struct dma_buf *buffer_export(struct secure_heap *heap, size_t len, u32 fd_flags,
			      struct secure_account *account)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct buffer *buffer;

	buffer = buffer_alloc(heap, len, account);
	if (IS_ERR(buffer))
		return ERR_CAST(buffer);

	info.exp_name = heap->name;
	info.ops = &buffer_ops;
	info.size = len;
	info.flags = fd_flags;
	info.priv = buffer;
	dmabuf = fault_hit(FAULT_EXPORT) ? ERR_PTR(-ENOMEM) : dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		buffer_free(buffer);
		return dmabuf;
	}

	return dmabuf;
}
