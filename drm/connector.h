/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_CONNECTOR_H
#define VSKMS_CONNECTOR_H

struct drm_encoder;
struct vskms_device;

/**
 * vskms_connector_create() - a connector with a virtual panel behind it
 * @device: its device, which owns it
 * @encoder: its encoder
 *
 * Return: 0 or a negative errno.
 */
int vskms_connector_create(struct vskms_device *device, struct drm_encoder *encoder);

#endif
