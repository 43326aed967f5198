/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_DEVICE_H
#define VSKMS_DEVICE_H

#include <drm/drm_device.h>

struct faux_device;
struct secure_master;
struct workqueue_struct;

/* What IGT opens unforced: eleven characters at most. */
#define VSKMS_NAME "vskms"

#define VSKMS_MAX_SIZE		8192	/* pixels, either way; the compositor's */
#define VSKMS_MIN_SIZE		1
#define VSKMS_CURSOR_SIZE	512
#define VSKMS_GAMMA_SIZE	256

/**
 * struct vskms_options - what a device has
 * @overlays: overlay planes, 0 to 8
 * @cursor: whether there is a cursor plane
 * @writeback: whether there is a writeback connector
 * @width: of the preferred mode
 * @height: of the preferred mode
 */
struct vskms_options {
	unsigned int overlays;
	bool cursor;
	bool writeback;
	unsigned int width;
	unsigned int height;
};

/**
 * struct vskms_device - a display controller
 * @drm: what DRM knows; its references keep all this
 * @faux: its bus device, by which it is attached to buffers
 * @master: what the secure bus knows of it
 * @release: where framebuffers are unmapped; that waits for locks which the way of a
 *	     fence must not
 * @options: constant
 */
struct vskms_device {
	struct drm_device drm;
	struct faux_device *faux;
	struct secure_master *master;
	struct workqueue_struct *release;
	struct vskms_options options;
};

static inline struct vskms_device *to_vskms_device(struct drm_device *drm)
{
	return container_of(drm, struct vskms_device, drm);
}

/**
 * vskms_device_create() - plug in a display controller
 * @name: its faux device's
 * @options: what it has
 *
 * Return: the device, for vskms_device_destroy(), or an ERR_PTR().
 */
struct vskms_device *vskms_device_create(const char *name, const struct vskms_options *options);

/**
 * vskms_device_destroy() - unplug it
 * @device: what vskms_device_create() returned
 */
void vskms_device_destroy(struct vskms_device *device);

#endif
