// SPDX-License-Identifier: GPL-2.0
/*
 * bus_probe: a virtual device that user space drives by hand, to see what the secure
 * bus lets it do and what the in-kernel accessors answer. It shows protected memory to
 * whoever opens it, so it is never installed and says so when it is loaded.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/device/faux.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <secure_heap.h>

#include "bus_probe.h"

/**
 * struct probe - what one open file is and holds
 * @lock: guards all but @grant and @window
 * @faux: the device
 * @master: while trusted
 * @attachment: to the one buffer, from ATTACH until DETACH or the file is closed;
 *		holds a reference to its dma-buf
 * @sgt: while mapped
 * @direction: as it was mapped
 * @heap: found and not put yet; a reference
 * @grant: of the last mapping or aimed at; read without a lock, as whoever has @lock
 *	   may wait for a window
 * @window_lock: guards @window; taken alone
 * @window: held while its addr is set
 */
struct probe {
	struct mutex lock;	/* guards all but grant and window */
	struct faux_device *faux;
	struct secure_master *master;
	struct dma_buf_attachment *attachment;
	struct sg_table *sgt;
	enum dma_data_direction direction;
	struct secure_heap *heap;
	u64 grant;
	struct mutex window_lock;	/* guards window */
	struct secure_window window;
};

static int probe_trust(struct probe *probe, u32 access)
{
	struct secure_master *master;

	master = secure_master_register(&probe->faux->dev, access);
	if (IS_ERR(master))
		return PTR_ERR(master);

	/* Twice the same device is for secure_heap to refuse. */
	if (probe->master)
		secure_master_unregister(master);
	else
		probe->master = master;

	return 0;
}

static void probe_distrust(struct probe *probe)
{
	if (probe->master)
		secure_master_unregister(probe->master);
	probe->master = NULL;
}

static int probe_attach(struct probe *probe, int fd)
{
	struct dma_buf_attachment *attachment;
	struct dma_buf *dmabuf;

	if (probe->attachment)
		return -EBUSY;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attachment = dma_buf_attach(dmabuf, &probe->faux->dev);
	if (IS_ERR(attachment)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attachment);
	}
	probe->attachment = attachment;

	return 0;
}

static int probe_detach(struct probe *probe)
{
	struct dma_buf_attachment *attachment = probe->attachment;
	struct dma_buf *dmabuf;

	if (!attachment)
		return -EINVAL;
	if (probe->sgt)
		return -EBUSY;

	dmabuf = attachment->dmabuf;
	dma_buf_detach(dmabuf, attachment);
	dma_buf_put(dmabuf);
	probe->attachment = NULL;

	return 0;
}

static int probe_map(struct probe *probe, u32 access)
{
	static const enum dma_data_direction directions[] = {
		[BUS_PROBE_READ] = DMA_TO_DEVICE,
		[BUS_PROBE_WRITE] = DMA_FROM_DEVICE,
		[BUS_PROBE_READ | BUS_PROBE_WRITE] = DMA_BIDIRECTIONAL,
	};
	struct sg_table *sgt;

	if (!probe->attachment || !access || access >= ARRAY_SIZE(directions))
		return -EINVAL;
	sgt = dma_buf_map_attachment_unlocked(probe->attachment, directions[access]);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	probe->sgt = sgt;
	probe->direction = directions[access];
	WRITE_ONCE(probe->grant, secure_bus_grant(probe->attachment));

	return 0;
}

static int probe_unmap(struct probe *probe)
{
	if (!probe->sgt)
		return -EINVAL;
	dma_buf_unmap_attachment_unlocked(probe->attachment, probe->sgt, probe->direction);
	probe->sgt = NULL;

	return 0;
}

static int probe_mapping(struct probe *probe, void __user *user)
{
	struct bus_probe_mapping mapping = {};
	struct scatterlist *sg;
	int i;

	if (!probe->sgt)
		return -EINVAL;
	mapping.address = sg_dma_address(probe->sgt->sgl);
	mapping.ranges = probe->sgt->nents;
	for_each_sgtable_sg(probe->sgt, sg, i)
		mapping.pages += !!sg_page(sg);

	return copy_to_user(user, &mapping, sizeof(mapping)) ? -EFAULT : 0;
}

static int probe_transfer(struct probe *probe, void __user *arg, unsigned int access)
{
	struct secure_window window;
	struct bus_probe_io io;
	void __user *user;
	size_t len;
	int ret;

	if (copy_from_user(&io, arg, sizeof(io)))
		return -EFAULT;
	user = u64_to_user_ptr(io.data);
	len = min(io.len, SZ_1M);

	/* User memory may fault, which a window may not wait for. */
	void *bounce __free(kvfree) = kvzalloc(len, GFP_KERNEL);

	if (!bounce)
		return -ENOMEM;
	if (access == SECURE_BUS_WRITE && io.len <= SZ_1M && copy_from_user(bounce, user, len))
		return -EFAULT;

	ret = secure_bus_open(READ_ONCE(probe->grant), io.offset, io.len, access, &window);
	if (ret)
		return ret;
	if (access == SECURE_BUS_WRITE)
		memcpy(window.addr, bounce, len);
	else
		memcpy(bounce, window.addr, len);
	secure_bus_close(&window);

	if (access == SECURE_BUS_READ && copy_to_user(user, bounce, len))
		return -EFAULT;

	return 0;
}

static int probe_hold(struct probe *probe, void __user *arg)
{
	struct bus_probe_window wanted;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;

	guard(mutex)(&probe->window_lock);
	if (probe->window.addr)
		return -EBUSY;

	return secure_bus_open(READ_ONCE(probe->grant), wanted.offset, wanted.len,
			       wanted.access, &probe->window);
}

static int probe_release_window(struct probe *probe)
{
	guard(mutex)(&probe->window_lock);
	if (!probe->window.addr)
		return -EINVAL;
	secure_bus_close(&probe->window);

	return 0;
}

static int probe_peek(struct probe *probe, void __user *arg)
{
	struct bus_probe_io io;

	if (copy_from_user(&io, arg, sizeof(io)))
		return -EFAULT;

	guard(mutex)(&probe->window_lock);
	if (!probe->window.addr || io.offset > probe->window.len ||
	    io.len > probe->window.len - io.offset)
		return -EINVAL;

	/* Through a copy, as usercopy's checks know nothing of this memory. */
	void *bounce __free(kvfree) = kvmemdup(probe->window.addr + io.offset,
					       min(io.len, SZ_1M), GFP_KERNEL);

	if (!bounce)
		return -ENOMEM;

	return copy_to_user(u64_to_user_ptr(io.data), bounce, min(io.len, SZ_1M)) ? -EFAULT : 0;
}

static int probe_find(struct probe *probe, void __user *arg)
{
	struct bus_probe_name wanted;
	struct secure_heap *heap;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;
	if (strnlen(wanted.name, sizeof(wanted.name)) == sizeof(wanted.name))
		return -EINVAL;
	if (probe->heap)
		return -EBUSY;

	heap = secure_heap_find(wanted.name);
	if (!heap)
		return -ENOENT;
	/* One more and one less, to have tried both. */
	secure_heap_put(secure_heap_get(heap));
	probe->heap = heap;

	return 0;
}

static int probe_alloc(struct probe *probe, void __user *arg)
{
	struct bus_probe_alloc wanted;
	struct dma_buf *dmabuf;
	int fd;

	if (copy_from_user(&wanted, arg, sizeof(wanted)))
		return -EFAULT;
	if (!probe->heap)
		return -ENXIO;

	dmabuf = secure_heap_buffer_alloc(probe->heap, wanted.len, wanted.fd_flags,
					  wanted.heap_flags);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, wanted.fd_flags & O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);

	return fd;
}

static int probe_protected(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	bool protected;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	protected = secure_heap_is_protected(dmabuf);
	dma_buf_put(dmabuf);

	return protected;
}

static int probe_copy(void __user *arg)
{
	struct dma_buf *to, *from;
	struct bus_probe_copy copy;
	int ret;

	if (copy_from_user(&copy, arg, sizeof(copy)))
		return -EFAULT;
	to = dma_buf_get(copy.to);
	if (IS_ERR(to))
		return PTR_ERR(to);
	from = dma_buf_get(copy.from);
	if (IS_ERR(from)) {
		ret = PTR_ERR(from);
	} else {
		ret = secure_heap_admits_no_more(to, from);
		dma_buf_put(from);
	}
	dma_buf_put(to);

	return ret;
}

/* What may be tried while another ioctl waits; -ENOTTY if it is none of these. */
static long probe_window_ioctl(struct probe *probe, unsigned int cmd, void __user *arg)
{
	u64 grant;

	switch (cmd) {
	case BUS_PROBE_LOAD:
		return probe_transfer(probe, arg, SECURE_BUS_READ);
	case BUS_PROBE_STORE:
		return probe_transfer(probe, arg, SECURE_BUS_WRITE);
	case BUS_PROBE_HOLD:
		return probe_hold(probe, arg);
	case BUS_PROBE_RELEASE:
		return probe_release_window(probe);
	case BUS_PROBE_PEEK:
		return probe_peek(probe, arg);
	case BUS_PROBE_GRANT:
		grant = READ_ONCE(probe->grant);
		return copy_to_user(arg, &grant, sizeof(grant)) ? -EFAULT : 0;
	case BUS_PROBE_AIM:
		if (copy_from_user(&grant, arg, sizeof(grant)))
			return -EFAULT;
		WRITE_ONCE(probe->grant, grant);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int probe_name(struct probe *probe, void __user *arg)
{
	struct bus_probe_name own = {};

	strscpy(own.name, dev_name(&probe->faux->dev));
	return copy_to_user(arg, &own, sizeof(own)) ? -EFAULT : 0;
}

static long probe_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct probe *probe = file->private_data;
	void __user *user = (void __user *)arg;
	u32 word = 0;
	long ret;

	ret = probe_window_ioctl(probe, cmd, user);
	if (ret != -ENOTTY)
		return ret;

	switch (cmd) {
	case BUS_PROBE_TRUST:
	case BUS_PROBE_ATTACH:
	case BUS_PROBE_MAP:
	case BUS_PROBE_PROTECTED:
		if (copy_from_user(&word, user, sizeof(word)))
			return -EFAULT;
		break;
	}

	guard(mutex)(&probe->lock);
	switch (cmd) {
	case BUS_PROBE_TRUST:
		return probe_trust(probe, word);
	case BUS_PROBE_DISTRUST:
		probe_distrust(probe);
		return 0;
	case BUS_PROBE_ATTACH:
		return probe_attach(probe, word);
	case BUS_PROBE_DETACH:
		return probe_detach(probe);
	case BUS_PROBE_MAP:
		return probe_map(probe, word);
	case BUS_PROBE_UNMAP:
		return probe_unmap(probe);
	case BUS_PROBE_MAPPING:
		return probe_mapping(probe, user);
	case BUS_PROBE_NAME:
		return probe_name(probe, user);
	case BUS_PROBE_FIND:
		return probe_find(probe, user);
	case BUS_PROBE_PUT:
		secure_heap_put(probe->heap);
		probe->heap = NULL;
		return 0;
	case BUS_PROBE_ALLOC:
		return probe_alloc(probe, user);
	case BUS_PROBE_PROTECTED:
		return probe_protected(word);
	case BUS_PROBE_COPY:
		return probe_copy(user);
	default:
		return -ENOTTY;
	}
}

static int probe_open(struct inode *inode, struct file *file)
{
	static atomic_t number;
	struct probe *probe;
	char name[32];
	int ret;

	probe = kzalloc_obj(*probe);
	if (!probe)
		return -ENOMEM;
	mutex_init(&probe->lock);
	mutex_init(&probe->window_lock);

	snprintf(name, sizeof(name), "bus_probe.%d", atomic_inc_return(&number));
	probe->faux = faux_device_create(name, NULL, NULL);
	if (!probe->faux) {
		ret = -ENODEV;
		goto err_probe;
	}
	/* A faux device has no DMA mask. */
	ret = dma_coerce_mask_and_coherent(&probe->faux->dev, DMA_BIT_MASK(64));
	if (ret)
		goto err_faux;
	file->private_data = probe;

	return 0;

err_faux:
	faux_device_destroy(probe->faux);
err_probe:
	kfree(probe);
	return ret;
}

static int probe_release(struct inode *inode, struct file *file)
{
	struct probe *probe = file->private_data;

	/* The window first: whatever ends its grant waits for it. */
	probe_release_window(probe);
	probe_unmap(probe);
	probe_detach(probe);
	secure_heap_put(probe->heap);
	probe_distrust(probe);
	faux_device_destroy(probe->faux);
	kfree(probe);

	return 0;
}

static const struct file_operations probe_fops = {
	.owner = THIS_MODULE,
	.open = probe_open,
	.release = probe_release,
	.unlocked_ioctl = probe_ioctl,
};

static struct miscdevice probe_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bus_probe",
	.fops = &probe_fops,
	.mode = 0600,
};

static int __init bus_probe_init(void)
{
	pr_notice("test module: whoever opens /dev/bus_probe reads protected memory\n");
	return misc_register(&probe_device);
}

static void __exit bus_probe_exit(void)
{
	misc_deregister(&probe_device);
}

module_init(bus_probe_init);
module_exit(bus_probe_exit);

MODULE_AUTHOR("The vskms authors");
MODULE_DESCRIPTION("A master of the secure bus, driven by tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("SECURE_HEAP");
