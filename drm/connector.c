// SPDX-License-Identifier: GPL-2.0
/*
 * Connectors, and the EDID of the virtual panels behind them.
 */

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/math.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_atomic_state_helper.h>
#include <drm/drm_connector.h>
#include <drm/drm_edid.h>
#include <drm/drm_managed.h>
#include <drm/drm_modes.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_probe_helper.h>

#include "connector.h"
#include "device.h"

/*
 * The base block of an EDID 1.4 (VESA E-EDID Standard, Release A2): a digital panel, sRGB,
 * with one detailed timing, the preferred one, and a name. The timing's and the sum's
 * bytes are filled in.
 */
static const u8 edid_base[EDID_LENGTH] = {
	0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,	/* header */
	0x5a, 0x6b, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00,	/* "VSK", product 1, serial 1 */
	0x00, 0x24, 0x01, 0x04,				/* made in 2026; EDID 1.4 */
	0xa5, 0x34, 0x1d, 0x78, 0x06,		/* digital, 8 bit; 52x29 cm; gamma 2.2; sRGB */
	0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54,	/* its chromaticities */
	0x00, 0x00, 0x00,				/* no established timings */
	0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,	/* no standard timings */
	0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
	[72] = 0x00, 0x00, 0x00, 0xfc, 0x00,		/* name */
	'v', 's', 'k', 'm', 's', '\n', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
	[90] = 0x00, 0x00, 0x00, 0x10,			/* two that are not used */
	[108] = 0x00, 0x00, 0x00, 0x10,
};

#define EDID_TIMING 54

/* Section 3.10.2: all in pixels, but the clock, in 10 kHz; high bits apart. */
static void edid_timing(u8 *timing, const struct drm_display_mode *mode)
{
	unsigned int clock = mode->clock / 10;
	unsigned int hblank = mode->htotal - mode->hdisplay;
	unsigned int vblank = mode->vtotal - mode->vdisplay;
	unsigned int hoffset = mode->hsync_start - mode->hdisplay;
	unsigned int hwidth = mode->hsync_end - mode->hsync_start;
	unsigned int voffset = mode->vsync_start - mode->vdisplay;
	unsigned int vwidth = mode->vsync_end - mode->vsync_start;

	timing[0] = clock;
	timing[1] = clock >> 8;
	timing[2] = mode->hdisplay;
	timing[3] = hblank;
	timing[4] = (mode->hdisplay >> 8) << 4 | hblank >> 8;
	timing[5] = mode->vdisplay;
	timing[6] = vblank;
	timing[7] = (mode->vdisplay >> 8) << 4 | vblank >> 8;
	timing[8] = hoffset;
	timing[9] = hwidth;
	timing[10] = (voffset & 15) << 4 | (vwidth & 15);
	timing[11] = (hoffset >> 8) << 6 | (hwidth >> 8) << 4 | (voffset >> 4) << 2 | vwidth >> 4;
	timing[17] = 0x1a | (mode->flags & DRM_MODE_FLAG_PVSYNC ? 0x04 : 0);
}

/* Can the fields above hold it? */
static bool edid_can_time(const struct drm_display_mode *mode)
{
	return mode->clock / 10 <= 0xffff && mode->hdisplay < 4096 && mode->vdisplay < 4096 &&
	       mode->htotal - mode->hdisplay < 4096 && mode->vtotal - mode->vdisplay < 4096 &&
	       mode->hsync_start - mode->hdisplay < 1024 &&
	       mode->hsync_end - mode->hsync_start < 1024 &&
	       mode->vsync_start - mode->vdisplay < 64 &&
	       mode->vsync_end - mode->vsync_start < 64;
}

/*
 * The panel's own mode, at 60 Hz: a CVT mode, though CVT itself has widths of multiples of 8
 * alone, and what is beyond would be cut off.
 */
static struct drm_display_mode *panel_mode(struct drm_device *drm)
{
	const struct vskms_device *device = to_vskms_device(drm);
	struct drm_display_mode *mode;

	mode = drm_cvt_mode(drm, round_up(device->width, 8), device->height, 60, true, false,
			    false);
	if (!mode)
		return NULL;
	mode->hdisplay = device->width;
	drm_mode_set_name(mode);

	return mode;
}

static int edid_read_block(void *context, u8 *data, unsigned int block, size_t size)
{
	struct drm_connector *connector = context;
	struct drm_display_mode *mode;
	u8 edid[EDID_LENGTH];
	u8 sum = 0;

	if (block || size > sizeof(edid))
		return -EINVAL;
	memcpy(edid, edid_base, sizeof(edid));

	mode = panel_mode(connector->dev);
	if (!mode)
		return -ENOMEM;
	if (edid_can_time(mode))
		edid_timing(edid + EDID_TIMING, mode);
	drm_mode_destroy(connector->dev, mode);

	for (int i = 0; i < EDID_LENGTH - 1; i++)
		sum += edid[i];
	edid[EDID_LENGTH - 1] = -sum;
	memcpy(data, edid, size);

	return 0;
}

/* What the EDID's timing cannot hold is no less the panel's; how many modes that adds. */
static int add_panel_mode(struct drm_connector *connector)
{
	const struct vskms_device *device = to_vskms_device(connector->dev);
	struct drm_display_mode *mode;

	list_for_each_entry(mode, &connector->probed_modes, head)
		if (mode->hdisplay == device->width && mode->vdisplay == device->height)
			return 0;
	mode = panel_mode(connector->dev);
	if (!mode)
		return 0;
	mode->type = DRM_MODE_TYPE_DRIVER;
	drm_mode_probed_add(connector, mode);

	return 1;
}

static int connector_get_modes(struct drm_connector *connector)
{
	const struct vskms_device *device = to_vskms_device(connector->dev);
	const struct drm_edid *edid;
	int count;

	/* Also what a user put in its place, by debugfs or as firmware. */
	edid = drm_edid_read_custom(connector, edid_read_block, connector);
	drm_edid_connector_update(connector, edid);
	count = drm_edid_connector_add_modes(connector);
	drm_edid_free(edid);
	if (connector->edid_override)
		return count;

	/* A virtual panel shows what it is asked to. */
	count += drm_add_modes_noedid(connector, VSKMS_MAX_SIZE, VSKMS_MAX_SIZE);
	count += add_panel_mode(connector);
	drm_set_preferred_mode(connector, device->width, device->height);

	return count;
}

static const struct drm_connector_helper_funcs connector_helper_funcs = {
	.get_modes = connector_get_modes,
};

static enum drm_connector_status connector_detect(struct drm_connector *connector, bool force)
{
	return READ_ONCE(to_vskms_connector(connector)->status);
}

static const struct drm_connector_funcs connector_funcs = {
	.detect = connector_detect,
	.fill_modes = drm_helper_probe_single_connector_modes,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

struct vskms_connector *vskms_connector_create(struct vskms_device *device,
					       enum drm_connector_status status)
{
	struct vskms_connector *connector;
	int ret;

	connector = drmm_kzalloc(&device->drm, sizeof(*connector), GFP_KERNEL);
	if (!connector)
		return ERR_PTR(-ENOMEM);
	ret = drmm_connector_init(&device->drm, &connector->base, &connector_funcs,
				  DRM_MODE_CONNECTOR_VIRTUAL, NULL);
	if (ret)
		return ERR_PTR(ret);
	drm_connector_helper_add(&connector->base, &connector_helper_funcs);
	/* The core gives it to all but virtual ones. */
	drm_connector_attach_edid_property(&connector->base);
	connector->status = status;
	/* As the first probe finds it: that is no event. */
	connector->base.status = status;
	connector->base.polled = DRM_CONNECTOR_POLL_HPD;

	return connector;
}

void vskms_connector_probe(struct vskms_connector *connector)
{
	struct drm_mode_config *config = &connector->base.dev->mode_config;

	guard(mutex)(&config->mutex);
	connector->base.funcs->fill_modes(&connector->base, config->max_width, config->max_height);
}

void vskms_connector_plug(struct vskms_connector *connector, enum drm_connector_status status)
{
	WRITE_ONCE(connector->status, status);
	/* One event in any case: also another panel may be behind the same status. */
	if (!drm_connector_helper_hpd_irq_event(&connector->base))
		drm_kms_helper_connector_hotplug_event(&connector->base);
}
