// SPDX-License-Identifier: GPL-2.0
/*
 * From the description of a device to its planes, CRTCs, encoders and connectors.
 *
 * They are made in the order of the description, so that DRM's indices are its indices, and
 * masks of one are masks of the other.
 */

#include <linux/bits.h>
#include <linux/err.h>
#include <linux/slab.h>

#include <drm/drm_connector.h>
#include <drm/drm_crtc.h>
#include <drm/drm_encoder.h>
#include <drm/drm_plane.h>

#include "config.h"
#include "connector.h"
#include "crtc.h"
#include "device.h"
#include "output.h"
#include "plane.h"
#include "writeback.h"

/* What is made so far, by the indices of the description. */
struct objects {
	struct drm_plane *plane[VSKMS_MAX_PLANES];
	struct vskms_crtc *crtc[VSKMS_MAX_CRTCS];
	struct drm_encoder *encoder[VSKMS_MAX_ENCODERS];
};

static int create_planes(struct vskms_device *device, const struct vskms_config *config,
			 struct objects *objects)
{
	for (unsigned int i = 0; i < config->planes; i++) {
		struct drm_plane *plane = vskms_plane_create(device, config->plane[i].type,
							     config->plane[i].crtcs);

		if (IS_ERR(plane))
			return PTR_ERR(plane);
		objects->plane[i] = plane;
	}

	return 0;
}

/* The plane of @type that CRTC @crtc has, or NULL; there is at most one, but of overlays. */
static struct drm_plane *plane_of(const struct vskms_config *config, struct objects *objects,
				  unsigned int crtc, enum drm_plane_type type)
{
	for (unsigned int i = 0; i < config->planes; i++)
		if (config->plane[i].type == type && config->plane[i].crtcs & BIT(crtc))
			return objects->plane[i];

	return NULL;
}

static int create_crtcs(struct vskms_device *device, const struct vskms_config *config,
			struct objects *objects)
{
	for (unsigned int i = 0; i < config->crtcs; i++) {
		struct vskms_crtc *crtc;

		crtc = vskms_crtc_create(device,
					 plane_of(config, objects, i, DRM_PLANE_TYPE_PRIMARY),
					 plane_of(config, objects, i, DRM_PLANE_TYPE_CURSOR));
		if (IS_ERR(crtc))
			return PTR_ERR(crtc);
		objects->crtc[i] = crtc;
	}

	return 0;
}

static int create_encoders(struct vskms_device *device, const struct vskms_config *config,
			   struct objects *objects)
{
	for (unsigned int i = 0; i < config->encoders; i++) {
		struct drm_encoder *encoder;

		encoder = drmm_plain_encoder_alloc(&device->drm, NULL, DRM_MODE_ENCODER_VIRTUAL,
						   NULL);
		if (IS_ERR(encoder))
			return PTR_ERR(encoder);
		encoder->possible_crtcs = config->encoder[i].crtcs;
		encoder->possible_clones = drm_encoder_mask(encoder);
		objects->encoder[i] = encoder;
	}

	return 0;
}

static int create_connectors(struct vskms_device *device, const struct vskms_config *config,
			     struct objects *objects)
{
	struct vskms_connector *connector;
	int ret;

	for (unsigned int i = 0; i < config->connectors; i++) {
		connector = vskms_connector_create(device, config->connector[i].status);
		if (IS_ERR(connector))
			return PTR_ERR(connector);
		device->connector[i] = connector;
		for (unsigned int k = 0; k < config->encoders; k++) {
			if (!(config->connector[i].encoders & BIT(k)))
				continue;
			ret = drm_connector_attach_encoder(&connector->base, objects->encoder[k]);
			if (ret)
				return ret;
		}
	}

	return 0;
}

/* Writeback is of what a connector shows, and so its encoder is a clone of the CRTC's. */
static int create_writebacks(struct vskms_device *device, const struct vskms_config *config,
			     struct objects *objects)
{
	struct drm_encoder *encoder;
	int ret;

	for (unsigned int i = 0; i < config->crtcs; i++) {
		struct vskms_crtc *crtc = objects->crtc[i];

		if (!config->crtc[i].writeback)
			continue;
		ret = vskms_writeback_create(device, crtc);
		if (ret)
			return ret;
		encoder = &crtc->writeback_encoder;
		for (unsigned int k = 0; k < config->encoders; k++) {
			if (!(config->encoder[k].crtcs & BIT(i)))
				continue;
			encoder->possible_clones |= drm_encoder_mask(objects->encoder[k]);
			objects->encoder[k]->possible_clones |= drm_encoder_mask(encoder);
		}
	}

	return 0;
}

int vskms_outputs_create(struct vskms_device *device, const struct vskms_config *config)
{
	struct objects *objects __free(kfree) = kzalloc_obj(*objects);
	int ret;

	if (!objects)
		return -ENOMEM;
	ret = create_planes(device, config, objects);
	if (ret)
		return ret;
	ret = create_crtcs(device, config, objects);
	if (ret)
		return ret;
	ret = create_encoders(device, config, objects);
	if (ret)
		return ret;
	ret = create_connectors(device, config, objects);
	if (ret)
		return ret;

	return create_writebacks(device, config, objects);
}
