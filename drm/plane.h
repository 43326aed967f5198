/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_PLANE_H
#define VSKMS_PLANE_H

#include <drm/drm_plane.h>

struct vskms_device;
struct vskms_mapping;

/**
 * struct vskms_plane_state - a plane's state
 * @base: DRM's
 * @mapping: its framebuffer, a reference, from prepare_fb to cleanup_fb
 */
struct vskms_plane_state {
	struct drm_plane_state base;
	struct vskms_mapping *mapping;
};

static inline struct vskms_plane_state *to_vskms_plane_state(struct drm_plane_state *state)
{
	return container_of(state, struct vskms_plane_state, base);
}

/**
 * vskms_plane_create() - a plane with all its properties
 * @device: its device, which owns it
 * @type: primary, overlay or cursor
 * @crtcs: mask of the CRTCs it can be on
 *
 * Return: the plane, or an ERR_PTR().
 */
struct drm_plane *vskms_plane_create(struct vskms_device *device, enum drm_plane_type type,
				     u32 crtcs);

#endif
