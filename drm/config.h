/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_CONFIG_H
#define VSKMS_CONFIG_H

#include <linux/types.h>

#include <drm/drm_connector.h>
#include <drm/drm_plane.h>

/* DRM has its objects in masks of 32 bits; writeback's encoders and connectors are among them. */
#define VSKMS_MAX_PLANES	32
#define VSKMS_MAX_CRTCS		16
#define VSKMS_MAX_ENCODERS	31	/* as many as vkms takes */
#define VSKMS_MAX_CONNECTORS	31
#define VSKMS_MAX_OVERLAYS	8	/* on one CRTC */

/**
 * struct vskms_plane_config - a plane
 * @name: what it is called in a complaint
 * @type: primary, overlay or cursor
 * @crtcs: those it can be on
 */
struct vskms_plane_config {
	const char *name;
	enum drm_plane_type type;
	u32 crtcs;
};

/**
 * struct vskms_crtc_config - a CRTC
 * @name: what it is called in a complaint
 * @writeback: whether it has a writeback connector
 */
struct vskms_crtc_config {
	const char *name;
	bool writeback;
};

/**
 * struct vskms_encoder_config - an encoder
 * @name: what it is called in a complaint
 * @crtcs: those it can be fed by
 */
struct vskms_encoder_config {
	const char *name;
	u32 crtcs;
};

/**
 * struct vskms_connector_config - a connector
 * @name: what it is called in a complaint
 * @status: whether something is plugged in, at first
 * @encoders: those it can be fed by
 */
struct vskms_connector_config {
	const char *name;
	enum drm_connector_status status;
	u32 encoders;
};

/**
 * struct vskms_config - what a display controller is made of
 * @name: its bus device's
 * @width: of the preferred mode, in pixels
 * @height: of the preferred mode, in pixels
 * @planes: how many @plane there are
 * @crtcs: how many @crtc
 * @encoders: how many @encoder
 * @connectors: how many @connector
 * @plane: the planes
 * @crtc: the CRTCs
 * @encoder: the encoders
 * @connector: the connectors
 *
 * Objects are known by their indices here, and sets of them are masks of these. Whoever
 * fills it in owns it and the names; a device keeps neither.
 */
struct vskms_config {
	const char *name;
	unsigned int width;
	unsigned int height;
	unsigned int planes;
	unsigned int crtcs;
	unsigned int encoders;
	unsigned int connectors;
	struct vskms_plane_config plane[VSKMS_MAX_PLANES];
	struct vskms_crtc_config crtc[VSKMS_MAX_CRTCS];
	struct vskms_encoder_config encoder[VSKMS_MAX_ENCODERS];
	struct vskms_connector_config connector[VSKMS_MAX_CONNECTORS];
};

/**
 * vskms_config_add_plane() - one more plane
 * @config: to what
 * @plane: its description, copied
 *
 * Return: 0, or -EINVAL, with a line in the log, if there are as many as there can be.
 */
int vskms_config_add_plane(struct vskms_config *config, const struct vskms_plane_config *plane);

/**
 * vskms_config_add_crtc() - one more CRTC
 * @config: to what
 * @crtc: its description, copied
 *
 * Return: 0, or -EINVAL, with a line in the log, if there are as many as there can be.
 */
int vskms_config_add_crtc(struct vskms_config *config, const struct vskms_crtc_config *crtc);

/**
 * vskms_config_add_encoder() - one more encoder
 * @config: to what
 * @encoder: its description, copied
 *
 * Return: 0, or -EINVAL, with a line in the log, if there are as many as there can be.
 */
int vskms_config_add_encoder(struct vskms_config *config,
			     const struct vskms_encoder_config *encoder);

/**
 * vskms_config_add_connector() - one more connector
 * @config: to what
 * @connector: its description, copied
 *
 * Return: 0, or -EINVAL, with a line in the log, if there are as many as there can be.
 */
int vskms_config_add_connector(struct vskms_config *config,
			       const struct vskms_connector_config *connector);

/**
 * vskms_config_add_output() - a CRTC with all it needs to show something
 * @config: to what
 * @overlays: overlay planes
 * @cursor: whether it has a cursor plane
 * @writeback: whether it has a writeback connector
 *
 * Return: 0, or -EINVAL, with a line in the log, if that is more than there can be.
 */
int vskms_config_add_output(struct vskms_config *config, unsigned int overlays, bool cursor,
			    bool writeback);

/**
 * vskms_config_check() - can there be a device like that?
 * @config: its description
 *
 * Each CRTC has one primary plane, at most one cursor plane and VSKMS_MAX_OVERLAYS overlays,
 * and an encoder. Primary and cursor planes are on one CRTC, as the core demands; everything
 * else is on at least one.
 *
 * Return: 0, or -EINVAL, with a line in the log that names the object.
 */
int vskms_config_check(const struct vskms_config *config);

/**
 * vskms_config_count() - a CRTC's planes of a type
 * @config: the description
 * @type: the type
 * @crtc: the CRTC's index
 *
 * Return: how many can be on it.
 */
unsigned int vskms_config_count(const struct vskms_config *config, enum drm_plane_type type,
				unsigned int crtc);

/**
 * vskms_config_overlays() - the overlays of the CRTC with the most
 * @config: the description
 *
 * Return: how many there are on it.
 */
unsigned int vskms_config_overlays(const struct vskms_config *config);

#endif
