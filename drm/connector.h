/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_CONNECTOR_H
#define VSKMS_CONNECTOR_H

#include <drm/drm_connector.h>

struct vskms_device;

/**
 * struct vskms_connector - a connector, perhaps with a virtual panel behind it
 * @base: DRM's; its status is what was last detected, or forced by a user
 * @status: whether the panel is plugged in; read and written atomically
 */
struct vskms_connector {
	struct drm_connector base;
	enum drm_connector_status status;
};

static inline struct vskms_connector *to_vskms_connector(struct drm_connector *connector)
{
	return container_of(connector, struct vskms_connector, base);
}

/**
 * vskms_connector_create() - a connector
 * @device: its device, which owns it
 * @status: whether a panel is plugged in
 *
 * Return: the connector, or an ERR_PTR().
 */
struct vskms_connector *vskms_connector_create(struct vskms_device *device,
					       enum drm_connector_status status);

/**
 * vskms_connector_probe() - look what is behind a connector
 * @connector: the connector, of a device that is not registered yet
 *
 * An in-kernel client would, and who asks for what is known without a probe has its modes
 * from then on. May sleep, and takes DRM's mode config and modeset locks.
 */
void vskms_connector_probe(struct vskms_connector *connector);

/**
 * vskms_connector_plug() - plug a panel in or out
 * @connector: the connector, of a registered device
 * @status: what is detected from now on
 *
 * User space gets a hotplug event also if nothing has changed. May sleep, and takes DRM's
 * mode config and modeset locks.
 */
void vskms_connector_plug(struct vskms_connector *connector, enum drm_connector_status status);

#endif
