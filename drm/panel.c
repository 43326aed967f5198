// SPDX-License-Identifier: GPL-2.0
/*
 * The panel: what a person in front of the display would see.
 *
 * Why. The point of a secure video path is that a picture reaches somebody's eyes and no
 * software. Of a real display a test knows the second half by trying, and the first by a
 * camera in front of the glass. Here is no glass: a CRC says that two frames are equal, not
 * what is in them. So here is the camera, for a test, a demo, or somebody who wonders why
 * the screen is black: a file that has a frame as it was shown, protected pixels included.
 *
 * Why it is not a hole. It is for who could have the pixels anyway. What a heap promises is
 * against programs, and root's programs as far as files go; not against who loads modules,
 * who may load one that is a master of the secure bus, as a test of ours does. And it is he
 * who decides: panel_capture is a parameter of the module, which is off as it comes and cannot be
 * changed while it is loaded. With it off there is no such file and no way to this code; what
 * the driver promises then does not depend on any permission. With it on the log says so, the
 * file is root's alone, and nothing else changes: a client of the card, the DRM master
 * included, captures black as before.
 *
 * How. Who reads from the file's beginning waits for the next vblank, which hands what it
 * shows to the composer, as it does for a CRC; vblanks are kept on meanwhile. Several
 * readers share a composition. On the way to the image protected pixels are in protected
 * memory, as for a CRC (scratch.c). The image is ordinary memory and the reader's own; it
 * is wiped before it is used again, and when the file is closed.
 */

#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <drm/drm_crtc.h>
#include <drm/drm_drv.h>
#include <drm/drm_print.h>
#include <drm/drm_vblank.h>

#include "crtc.h"
#include "panel.h"
#include "snapshot.h"

/* Room for "P6\n65535 65535\n255\n". */
#define HEADER_SIZE 32

static bool panel_capture;
module_param(panel_capture, bool, 0444);
MODULE_PARM_DESC(panel_capture,
		 "Let root read what is shown, protected pixels too, from crtc-N/panel in debugfs (N)");

/**
 * struct panel - an open file
 * @crtc: whose panel; its device is a reference
 * @lock: guards all below
 * @capture: while this reader waits
 * @image: the last frame, a binary PPM, or NULL
 * @room: bytes that @image has room for
 * @size: bytes of it that are valid
 */
struct panel {
	struct vskms_crtc *crtc;
	struct mutex lock;	/* guards all below */
	struct vskms_capture capture;
	void *image;
	size_t room;
	size_t size;
};

/* For the composer */

void vskms_captures_line(const struct list_head *captures, unsigned int y, const u32 *line,
			 unsigned int bytes)
{
	const struct vskms_capture *capture;

	list_for_each_entry(capture, captures, link) {
		unsigned int width = min(capture->width, bytes / (unsigned int)sizeof(*line));
		u8 *pixel = capture->pixels + 3ul * capture->width * y;

		if (y >= capture->height)
			continue;
		for (unsigned int x = 0; x < width; x++) {
			*pixel++ = line[x] >> 16;
			*pixel++ = line[x] >> 8;
			*pixel++ = line[x];
		}
	}
}

void vskms_captures_end(struct list_head *captures, int error)
{
	struct vskms_capture *capture, *next;

	list_for_each_entry_safe(capture, next, captures, link) {
		list_del(&capture->link);
		capture->error = error;
		/* It is its owner's again, and may be gone. */
		complete(&capture->done);
	}
}

/* For the reader */

static void wipe(struct panel *panel)
{
	memzero_explicit(panel->image, panel->size);
	panel->size = 0;
}

/* What the next vblank shows, or NULL. */
static const struct vskms_snapshot *shown_next(const struct vskms_crtc *crtc)
{
	lockdep_assert_held(&crtc->lock);
	return crtc->pending ?: crtc->front;
}

/* Makes room for what is shown. */
static int make_room(struct panel *panel)
{
	struct vskms_capture *capture = &panel->capture;
	size_t room;

	scoped_guard(spinlock_irq, &panel->crtc->lock) {
		const struct vskms_snapshot *snapshot = shown_next(panel->crtc);

		if (!snapshot)
			return -ENODEV;
		capture->width = snapshot->width;
		capture->height = snapshot->height;
	}
	room = HEADER_SIZE + 3ul * capture->width * capture->height;
	if (room != panel->room) {
		kvfree(panel->image);
		panel->room = 0;
		panel->image = kvmalloc(room, GFP_KERNEL_ACCOUNT);
		if (!panel->image)
			return -ENOMEM;
		panel->room = room;
	}

	return 0;
}

/* Leaves the capture for the next vblank; -EAGAIN if it is of another size by now. */
static int leave(struct panel *panel)
{
	struct vskms_capture *capture = &panel->capture;
	struct vskms_crtc *crtc = panel->crtc;
	const struct vskms_snapshot *snapshot;

	reinit_completion(&capture->done);
	guard(spinlock_irq)(&crtc->lock);
	snapshot = shown_next(crtc);
	if (!snapshot)
		return -ENODEV;
	if (snapshot->width != capture->width || snapshot->height != capture->height)
		return -EAGAIN;
	list_add_tail(&capture->link, &crtc->captures);

	return 0;
}

/* Takes the capture back, if no vblank has taken it. */
static bool take_back(struct panel *panel)
{
	struct vskms_crtc *crtc = panel->crtc;
	struct vskms_capture *capture;

	guard(spinlock_irq)(&crtc->lock);
	list_for_each_entry(capture, &crtc->captures, link) {
		if (capture == &panel->capture) {
			list_del(&capture->link);
			return true;
		}
	}

	return false;
}

static int wait(struct panel *panel)
{
	struct completion *done = &panel->capture.done;
	int ret = wait_for_completion_interruptible(done);

	if (!ret)
		return panel->capture.error;
	if (take_back(panel))
		return ret;
	/* Somebody writes to it; the rest of a composition. */
	wait_for_completion(done);

	return panel->capture.error;
}

static int capture_frame(struct panel *panel)
{
	struct vskms_capture *capture = &panel->capture;
	int header, ret;

	wipe(panel);
	do {
		ret = make_room(panel);
		if (ret)
			return ret;
		header = scnprintf(panel->image, HEADER_SIZE, "P6\n%u %u\n255\n", capture->width,
				   capture->height);
		capture->pixels = panel->image + header;
		ret = leave(panel);
	} while (ret == -EAGAIN);
	if (ret)
		return ret;
	panel->size = header + 3ul * capture->width * capture->height;
	ret = wait(panel);
	if (ret)
		wipe(panel);

	return ret;
}

static int capture_next(struct panel *panel)
{
	struct drm_crtc *crtc = &panel->crtc->base;
	int ret;

	if (drm_crtc_vblank_get(crtc))
		return -ENODEV;
	ret = capture_frame(panel);
	drm_crtc_vblank_put(crtc);

	return ret;
}

static ssize_t panel_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct panel *panel = file->private_data;
	ssize_t ret;

	if (!count)
		return 0;
	ret = mutex_lock_interruptible(&panel->lock);
	if (ret)
		return ret;
	if (!*pos)
		ret = capture_next(panel);
	if (!ret)
		ret = simple_read_from_buffer(to, count, pos, panel->image, panel->size);
	mutex_unlock(&panel->lock);

	return ret;
}

static int panel_open(struct inode *inode, struct file *file)
{
	struct vskms_crtc *crtc = inode->i_private;
	struct panel *panel;

	panel = kzalloc_obj(*panel);
	if (!panel)
		return -ENOMEM;
	mutex_init(&panel->lock);
	init_completion(&panel->capture.done);
	drm_dev_get(crtc->base.dev);
	panel->crtc = crtc;
	file->private_data = panel;

	return 0;
}

static int panel_release(struct inode *inode, struct file *file)
{
	struct panel *panel = file->private_data;

	wipe(panel);
	kvfree(panel->image);
	drm_dev_put(panel->crtc->base.dev);
	kfree(panel);

	return 0;
}

/* What debugfs removes it waits for readers of, who wait no longer than for a vblank. */
static const struct file_operations panel_fops = {
	.owner = THIS_MODULE,
	.open = panel_open,
	.read = panel_read,
	.llseek = default_llseek,
	.release = panel_release,
};

int vskms_panel_register(struct drm_crtc *crtc)
{
	if (!panel_capture || IS_ERR_OR_NULL(crtc->debugfs_entry))
		return 0;
	debugfs_create_file("panel", 0400, crtc->debugfs_entry, to_vskms_crtc(crtc), &panel_fops);
	drm_notice(crtc->dev, "%s: root can read what is shown, protected pixels too\n",
		   crtc->name);

	return 0;
}
