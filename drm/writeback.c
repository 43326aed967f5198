// SPDX-License-Identifier: GPL-2.0
/*
 * Writeback: a frame, as software may capture it, in a framebuffer.
 *
 * Of a layer that is protected it has opaque black.
 */

#include <linux/err.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_atomic_state_helper.h>
#include <drm/drm_edid.h>
#include <drm/drm_encoder.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_writeback.h>

#include "crtc.h"
#include "device.h"
#include "gem.h"
#include "mapping.h"
#include "writeback.h"

static const u32 formats[] = {
	DRM_FORMAT_XRGB8888,
	DRM_FORMAT_ARGB8888,
	DRM_FORMAT_ABGR8888,
	DRM_FORMAT_XRGB16161616,
	DRM_FORMAT_ARGB16161616,
	DRM_FORMAT_RGB565,
};

static const struct drm_connector_funcs connector_funcs = {
	.fill_modes = drm_helper_probe_single_connector_modes,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

static int connector_get_modes(struct drm_connector *connector)
{
	return drm_add_modes_noedid(connector, VSKMS_MAX_SIZE, VSKMS_MAX_SIZE);
}

static int connector_atomic_check(struct drm_connector *connector,
				  struct drm_atomic_commit *commit)
{
	struct drm_connector_state *state = drm_atomic_get_new_connector_state(commit, connector);
	struct drm_crtc_state *crtc_state;
	struct drm_framebuffer *fb;

	if (!state->writeback_job || !state->writeback_job->fb || !state->crtc)
		return 0;

	fb = state->writeback_job->fb;
	crtc_state = drm_atomic_get_new_crtc_state(commit, state->crtc);
	if (fb->width != crtc_state->mode.hdisplay || fb->height != crtc_state->mode.vdisplay) {
		drm_dbg_kms(connector->dev, "writeback of %ux%u into %ux%u\n",
			    crtc_state->mode.hdisplay, crtc_state->mode.vdisplay, fb->width,
			    fb->height);
		return -EINVAL;
	}
	/* Nobody could read it. */
	if (vskms_gem_is_protected(fb->obj[0]))
		return -EACCES;

	return drm_atomic_helper_check_wb_connector_state(connector, commit);
}

static int connector_prepare_job(struct drm_writeback_connector *connector,
				 struct drm_writeback_job *job)
{
	struct vskms_mapping *mapping;

	if (!job->fb)
		return 0;
	mapping = vskms_mapping_create(job->fb, true);
	if (IS_ERR(mapping))
		return PTR_ERR(mapping);
	job->priv = mapping;

	return 0;
}

static void connector_cleanup_job(struct drm_writeback_connector *connector,
				  struct drm_writeback_job *job)
{
	vskms_mapping_put(job->priv);
}

static void connector_atomic_commit(struct drm_connector *connector,
				    struct drm_atomic_commit *commit)
{
	struct drm_connector_state *state = drm_atomic_get_new_connector_state(commit, connector);
	struct drm_writeback_connector *writeback = drm_connector_to_writeback(connector);
	struct vskms_crtc *crtc = container_of(writeback, struct vskms_crtc, writeback);
	struct vskms_mapping *job;

	if (!state->writeback_job || !state->writeback_job->fb)
		return;

	job = vskms_mapping_get(state->writeback_job->priv);
	drm_writeback_queue_job(writeback, state);
	/* The flush of this commit takes it over. */
	scoped_guard(spinlock_irq, &crtc->lock)
		crtc->next_job = job;
}

static const struct drm_connector_helper_funcs connector_helper_funcs = {
	.get_modes = connector_get_modes,
	.prepare_writeback_job = connector_prepare_job,
	.cleanup_writeback_job = connector_cleanup_job,
	.atomic_commit = connector_atomic_commit,
	.atomic_check = connector_atomic_check,
};

int vskms_writeback_create(struct vskms_device *device, struct vskms_crtc *crtc)
{
	struct drm_encoder *encoder = &crtc->writeback_encoder;
	int ret;

	ret = drmm_encoder_init(&device->drm, encoder, NULL, DRM_MODE_ENCODER_VIRTUAL, NULL);
	if (ret)
		return ret;
	encoder->possible_crtcs = drm_crtc_mask(&crtc->base);
	encoder->possible_clones = drm_encoder_mask(encoder);

	drm_connector_helper_add(&crtc->writeback.base, &connector_helper_funcs);

	return drmm_writeback_connector_init(&device->drm, &crtc->writeback, &connector_funcs,
					     encoder, formats, ARRAY_SIZE(formats));
}
