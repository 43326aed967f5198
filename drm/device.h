/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_DEVICE_H
#define VSKMS_DEVICE_H

#include <linux/atomic.h>

#include <drm/drm_device.h>

#include "config.h"

struct faux_device;
struct secure_master;
struct vskms_connector;
struct workqueue_struct;

/* What IGT opens unforced: eleven characters at most. */
#define VSKMS_NAME "vskms"

#define VSKMS_MAX_SIZE		8192	/* pixels, either way; the compositor's */
#define VSKMS_MIN_SIZE		1
#define VSKMS_CURSOR_SIZE	512
#define VSKMS_GAMMA_SIZE	256

/**
 * struct vskms_device - a display controller
 * @drm: what DRM knows; its references keep all this
 * @faux: its bus device, by which it is attached to buffers
 * @master: what the secure bus knows of it
 * @release: where framebuffers are unmapped; that waits for locks which the way of a
 *	     fence must not
 * @jobs: writeback jobs that DRM has yet to clean up, in a worker that knows the connector, and so
 *	  all that goes with the device waits for them
 * @connector: its connectors, by their indices in the description it was made from
 * @width: of the preferred mode, in pixels
 * @height: of the preferred mode, in pixels
 * @overlays: of the CRTC with the most
 *
 * All but @jobs constant once it is registered.
 */
struct vskms_device {
	struct drm_device drm;
	struct faux_device *faux;
	struct secure_master *master;
	struct workqueue_struct *release;
	atomic_t jobs;
	struct vskms_connector *connector[VSKMS_MAX_CONNECTORS];
	unsigned int width;
	unsigned int height;
	unsigned int overlays;
};

static inline struct vskms_device *to_vskms_device(struct drm_device *drm)
{
	return container_of(drm, struct vskms_device, drm);
}

/**
 * vskms_device_create() - plug in a display controller
 * @config: what it is made of; not needed any more afterwards
 *
 * Return: the device, for vskms_device_destroy(), or an ERR_PTR(): -EINVAL, with a line in
 * the log, if vskms_config_check() says so; -ENODEV if there is a bus device of that name.
 */
struct vskms_device *vskms_device_create(const struct vskms_config *config);

/**
 * vskms_device_destroy() - unplug it
 * @device: what vskms_device_create() returned
 *
 * Sleeps, whatever signals come, until the commits on their way are done: as long as the
 * fences that they wait for take.
 */
void vskms_device_destroy(struct vskms_device *device);

#endif
