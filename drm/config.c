// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptions of display controllers: put together from parameters or directories, and
 * checked, before anything is built from them.
 *
 * What is wrong with one is the fault of who asked for it, not the kernel's: so it is told
 * as a notice, which a test run does not hold against the driver.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/printk.h>

#include "config.h"

/* DRM's, of encoders and of connectors, writeback's included. */
#define MAX_WITH_WRITEBACK 32

static int too_many(const struct vskms_config *config, const char *what, unsigned int limit)
{
	pr_notice("%s: more than %u %s\n", config->name, limit, what);

	return -EINVAL;
}

int vskms_config_add_plane(struct vskms_config *config, const struct vskms_plane_config *plane)
{
	if (config->planes == VSKMS_MAX_PLANES)
		return too_many(config, "planes", VSKMS_MAX_PLANES);
	config->plane[config->planes++] = *plane;

	return 0;
}

int vskms_config_add_crtc(struct vskms_config *config, const struct vskms_crtc_config *crtc)
{
	if (config->crtcs == VSKMS_MAX_CRTCS)
		return too_many(config, "CRTCs", VSKMS_MAX_CRTCS);
	config->crtc[config->crtcs++] = *crtc;

	return 0;
}

int vskms_config_add_encoder(struct vskms_config *config,
			     const struct vskms_encoder_config *encoder)
{
	if (config->encoders == VSKMS_MAX_ENCODERS)
		return too_many(config, "encoders", VSKMS_MAX_ENCODERS);
	config->encoder[config->encoders++] = *encoder;

	return 0;
}

int vskms_config_add_connector(struct vskms_config *config,
			       const struct vskms_connector_config *connector)
{
	if (config->connectors == VSKMS_MAX_CONNECTORS)
		return too_many(config, "connectors", VSKMS_MAX_CONNECTORS);
	config->connector[config->connectors++] = *connector;

	return 0;
}

int vskms_config_add_output(struct vskms_config *config, unsigned int overlays, bool cursor,
			    bool writeback)
{
	u32 crtcs = BIT(config->crtcs), encoders = BIT(config->encoders);
	int ret;

	ret = vskms_config_add_crtc(config, &(struct vskms_crtc_config){
		.name = "", .writeback = writeback });
	if (ret)
		return ret;
	ret = vskms_config_add_plane(config, &(struct vskms_plane_config){
		.name = "", .type = DRM_PLANE_TYPE_PRIMARY, .crtcs = crtcs });
	for (unsigned int i = 0; i < overlays && !ret; i++)
		ret = vskms_config_add_plane(config, &(struct vskms_plane_config){
			.name = "", .type = DRM_PLANE_TYPE_OVERLAY, .crtcs = crtcs });
	if (cursor && !ret)
		ret = vskms_config_add_plane(config, &(struct vskms_plane_config){
			.name = "", .type = DRM_PLANE_TYPE_CURSOR, .crtcs = crtcs });
	if (ret)
		return ret;
	ret = vskms_config_add_encoder(config, &(struct vskms_encoder_config){
		.name = "", .crtcs = crtcs });
	if (ret)
		return ret;

	return vskms_config_add_connector(config, &(struct vskms_connector_config){
		.name = "", .status = connector_status_connected, .encoders = encoders });
}

unsigned int vskms_config_count(const struct vskms_config *config, enum drm_plane_type type,
				unsigned int crtc)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < config->planes; i++)
		count += config->plane[i].type == type && config->plane[i].crtcs & BIT(crtc);

	return count;
}

unsigned int vskms_config_overlays(const struct vskms_config *config)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < config->crtcs; i++)
		most = max(most, vskms_config_count(config, DRM_PLANE_TYPE_OVERLAY, i));

	return most;
}

/* One complaint: which object of which device, and what about it. */
#define wrong(config, object, fmt, ...) ({						\
	pr_notice("%s: %s: " fmt "\n", (config)->name, (object), ##__VA_ARGS__);	\
	-EINVAL;									\
})

static int check_planes(const struct vskms_config *config)
{
	for (unsigned int i = 0; i < config->planes; i++) {
		const struct vskms_plane_config *plane = &config->plane[i];

		if (!plane->crtcs)
			return wrong(config, plane->name, "a plane without a possible CRTC");
		if (plane->type != DRM_PLANE_TYPE_OVERLAY && hweight32(plane->crtcs) > 1)
			return wrong(config, plane->name,
				     "a primary or cursor plane on %u CRTCs, not one",
				     hweight32(plane->crtcs));
	}

	return 0;
}

static int check_crtcs(const struct vskms_config *config)
{
	for (unsigned int i = 0; i < config->crtcs; i++) {
		unsigned int primaries = vskms_config_count(config, DRM_PLANE_TYPE_PRIMARY, i);
		unsigned int overlays = vskms_config_count(config, DRM_PLANE_TYPE_OVERLAY, i);
		unsigned int cursors = vskms_config_count(config, DRM_PLANE_TYPE_CURSOR, i);
		const char *name = config->crtc[i].name;
		u32 crtcs = 0;

		for (unsigned int k = 0; k < config->encoders; k++)
			crtcs |= config->encoder[k].crtcs;
		if (primaries != 1)
			return wrong(config, name, "a CRTC with %u primary planes, not one",
				     primaries);
		if (overlays > VSKMS_MAX_OVERLAYS)
			return wrong(config, name, "a CRTC with %u overlays, at most %u", overlays,
				     VSKMS_MAX_OVERLAYS);
		if (cursors > 1)
			return wrong(config, name, "a CRTC with %u cursor planes, at most one",
				     cursors);
		if (!(crtcs & BIT(i)))
			return wrong(config, name, "a CRTC without an encoder");
	}

	return 0;
}

static int check_encoders(const struct vskms_config *config)
{
	for (unsigned int i = 0; i < config->encoders; i++)
		if (!config->encoder[i].crtcs)
			return wrong(config, config->encoder[i].name,
				     "an encoder without a possible CRTC");

	return 0;
}

static int check_connectors(const struct vskms_config *config)
{
	for (unsigned int i = 0; i < config->connectors; i++)
		if (!config->connector[i].encoders)
			return wrong(config, config->connector[i].name,
				     "a connector without a possible encoder");

	return 0;
}

static int check_numbers(const struct vskms_config *config)
{
	unsigned int writebacks = 0;

	if (!config->planes || !config->crtcs || !config->encoders || !config->connectors) {
		pr_notice("%s: %u planes, %u CRTCs, %u encoders, %u connectors: not one of each\n",
			  config->name, config->planes, config->crtcs, config->encoders,
			  config->connectors);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < config->crtcs; i++)
		writebacks += config->crtc[i].writeback;
	if (config->encoders + writebacks > MAX_WITH_WRITEBACK)
		return too_many(config, "encoders, writeback's included", MAX_WITH_WRITEBACK);
	if (config->connectors + writebacks > MAX_WITH_WRITEBACK)
		return too_many(config, "connectors, writeback's included", MAX_WITH_WRITEBACK);

	return 0;
}

int vskms_config_check(const struct vskms_config *config)
{
	int ret;

	ret = check_numbers(config);
	if (ret)
		return ret;
	ret = check_planes(config);
	if (ret)
		return ret;
	ret = check_encoders(config);
	if (ret)
		return ret;
	ret = check_crtcs(config);
	if (ret)
		return ret;

	return check_connectors(config);
}
