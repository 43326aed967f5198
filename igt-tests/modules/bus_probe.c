// SPDX-License-Identifier: GPL-2.0
/*
 * bus_probe: a virtual device that user space drives by hand, to see what the secure
 * bus lets it do. It shows protected memory to whoever opens it, so it is never
 * installed and says so when it is loaded.
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
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <secure_heap.h>

#include "bus_probe.h"

/**
 * struct probe - what one open file is and holds
 * @lock: guards all of it
 * @faux: the device
 * @master: while trusted
 * @attachment: to the one buffer, from ATTACH until the file is closed; holds a
 *		reference to its dma-buf
 * @sgt: while mapped
 * @direction: as it was mapped
 * @grant: of the last mapping
 */
struct probe {
	struct mutex lock;	/* guards all members */
	struct faux_device *faux;
	struct secure_master *master;
	struct dma_buf_attachment *attachment;
	struct sg_table *sgt;
	enum dma_data_direction direction;
	u64 grant;
};

static int probe_trust(struct probe *probe, u32 access)
{
	struct secure_master *master;

	if (probe->master)
		return -EEXIST;
	master = secure_master_register(&probe->faux->dev, access);
	if (IS_ERR(master))
		return PTR_ERR(master);
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
	probe->grant = secure_bus_grant(probe->attachment);

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

static int probe_transfer(struct probe *probe, const struct bus_probe_io *io, unsigned int access)
{
	void __user *user = u64_to_user_ptr(io->data);
	struct secure_window window;
	int ret;

	/* User memory may fault, which a window may not wait for. */
	void *bounce __free(kvfree) = kvzalloc(min(io->len, SZ_1M), GFP_KERNEL);

	if (!bounce)
		return -ENOMEM;
	if (access == SECURE_BUS_WRITE && io->len <= SZ_1M &&
	    copy_from_user(bounce, user, io->len))
		return -EFAULT;

	ret = secure_bus_open(probe->grant, io->offset, io->len, access, &window);
	if (ret)
		return ret;
	if (access == SECURE_BUS_WRITE)
		memcpy(window.addr, bounce, min(io->len, SZ_1M));
	else
		memcpy(bounce, window.addr, min(io->len, SZ_1M));
	secure_bus_close(&window);

	if (access == SECURE_BUS_READ && copy_to_user(user, bounce, min(io->len, SZ_1M)))
		return -EFAULT;

	return 0;
}

static long probe_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct probe *probe = file->private_data;
	void __user *user = (void __user *)arg;
	struct bus_probe_io io = {};
	u32 word = 0;

	switch (cmd) {
	case BUS_PROBE_TRUST:
	case BUS_PROBE_ATTACH:
	case BUS_PROBE_MAP:
		if (copy_from_user(&word, user, sizeof(word)))
			return -EFAULT;
		break;
	case BUS_PROBE_LOAD:
	case BUS_PROBE_STORE:
		if (copy_from_user(&io, user, sizeof(io)))
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
	case BUS_PROBE_MAP:
		return probe_map(probe, word);
	case BUS_PROBE_UNMAP:
		return probe_unmap(probe);
	case BUS_PROBE_LOAD:
		return probe_transfer(probe, &io, SECURE_BUS_READ);
	case BUS_PROBE_STORE:
		return probe_transfer(probe, &io, SECURE_BUS_WRITE);
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

	if (probe->sgt)
		probe_unmap(probe);
	if (probe->attachment) {
		struct dma_buf *dmabuf = probe->attachment->dmabuf;

		dma_buf_detach(dmabuf, probe->attachment);
		dma_buf_put(dmabuf);
	}
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
