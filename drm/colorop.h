/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_COLOROP_H
#define VSKMS_COLOROP_H

struct drm_plane;

/**
 * vskms_colorop_create_pipeline() - give a plane its colour pipeline
 * @plane: the plane, new
 *
 * DRM owns the steps, and destroys them with its mode configuration.
 *
 * Return: 0 or a negative errno.
 */
int vskms_colorop_create_pipeline(struct drm_plane *plane);

#endif
