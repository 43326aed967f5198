// SPDX-License-Identifier: GPL-2.0
/*
 * What an open CRC file holds, and a device's directory in configfs.
 *
 * debugfs calls a file's release also after the file was removed, and so, of a CRC file,
 * drm_crtc_funcs.set_crc_source and what the core does with the CRTC after that. But such a
 * file holds neither the device nor the driver's module: closed after either is gone it
 * would be a use after free. So from the one set_crc_source to the other a file of our own
 * holds both. It is one for two reasons. Its last reference is dropped by the kernel when
 * the task returns from the system call, and not within it, that is after the core has let
 * go of the CRTC. And it is the kernel that then puts our module, not code in it.
 *
 * configfs holds the module as long as a directory is there, and calls us for one that is gone if
 * a link in it was on its way by then.
 */

#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>

#include "hold.h"

static int hold_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		drm_dev_put(file->private_data);

	return 0;
}

static const struct file_operations hold_fops = {
	.owner = THIS_MODULE,
	.release = hold_release,
};

struct file *vskms_hold(struct drm_device *drm)
{
	struct file *file = anon_inode_getfile("[vskms]", &hold_fops, drm, 0);

	if (!IS_ERR(file) && drm)
		drm_dev_get(drm);

	return file;
}

void vskms_hold_release(struct file *hold)
{
	if (hold)
		fput(hold);
}
