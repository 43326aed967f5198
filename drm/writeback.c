// SPDX-License-Identifier: GPL-2.0
/*
 * Writeback: a frame, as software may capture it, in a framebuffer.
 *
 * A protected layer is itself only in a protected buffer that no device may read that may not
 * read the layer's. Elsewhere it is opaque black, or, with writeback_policy=reject, there is
 * no writeback of such a frame.
 *
 * That is decided twice. When a commit is checked, what is sure to go wrong is refused. But
 * what is written is what its vblank shows: until then a cursor may be moved, which is checked
 * without it and waits for no flip (commit.c), and an administrator may change a heap's policy. So
 * it is decided again for the frame that is composed. Too late for an errno: such a layer is
 * black then, and with reject nothing is written, and the fence says why.
 */

#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/wait_bit.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_atomic_state_helper.h>
#include <drm/drm_edid.h>
#include <drm/drm_encoder.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_writeback.h>

#include "compositor/compositor.h"
#include "crtc.h"
#include "device.h"
#include "gem.h"
#include "mapping.h"
#include "snapshot.h"
#include "writeback.h"

/* More than the compositor writes, so that a new one is not forgotten here. */
#define MAX_FORMATS 32

static bool reject;

static int set_policy(const char *value, const struct kernel_param *param)
{
	reject = sysfs_streq(value, "reject");

	return reject || sysfs_streq(value, "blank") ? 0 : -EINVAL;
}

static const struct kernel_param_ops policy_ops = {
	.set = set_policy,
};
module_param_cb(writeback_policy, &policy_ops, NULL, 0);
MODULE_PARM_DESC(writeback_policy,
		 "blank: protected planes are black where they may not be written; reject: no writeback of them");

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
	return drm_atomic_helper_check_wb_connector_state(connector, commit);
}

/* Where a CRTC is written to by a commit, or NULL. */
static const struct drm_framebuffer *find_target(struct drm_atomic_commit *commit,
						 const struct drm_crtc *crtc)
{
	struct drm_connector_state *state;
	struct drm_connector *connector;
	int i;

	for_each_new_connector_in_state(commit, connector, state, i)
		if (state->crtc == crtc && state->writeback_job)
			return state->writeback_job->fb;

	return NULL;
}

int vskms_writeback_check(struct drm_atomic_commit *commit, struct drm_crtc *crtc)
{
	const struct drm_crtc_state *crtc_state = drm_atomic_get_new_crtc_state(commit, crtc);
	const struct drm_framebuffer *target = find_target(commit, crtc);
	const struct drm_plane_state *state;
	struct drm_plane *plane;
	bool strict;

	if (!target)
		return 0;
	/* Who wants it protected wants more than black. */
	strict = reject || vskms_fb_is_protected(target);
	drm_atomic_crtc_state_for_each_plane_state(plane, state, crtc_state) {
		if (!state->visible || !strict || vskms_fb_may_copy(target, state->fb))
			continue;
		drm_dbg_kms(crtc->dev, "%s: %s may not be written to this framebuffer\n",
			    crtc->name, plane->name);
		return -EACCES;
	}

	return 0;
}

int vskms_writeback_decide(const struct vskms_mapping *job, const struct vskms_snapshot *snapshot,
			   bool *full)
{
	*full = true;
	for (unsigned int i = 0; i < snapshot->layers && *full; i++)
		*full = vskms_fb_may_copy(job->fb, snapshot->layer[i].mapping->fb);

	return *full || !reject ? 0 : -EACCES;
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
	atomic_inc(&to_vskms_device(connector->base.dev)->jobs);

	return 0;
}

static void connector_cleanup_job(struct drm_writeback_connector *connector,
				  struct drm_writeback_job *job)
{
	struct vskms_device *device = to_vskms_device(connector->base.dev);

	if (!job->priv)
		return;
	vskms_mapping_put(job->priv);
	/* Also what DRM would do next; after that it touches nothing of the device's any more. */
	drm_framebuffer_put(job->fb);
	job->fb = NULL;
	if (atomic_dec_and_test(&device->jobs))
		wake_up_var(&device->jobs);
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

	job = state->writeback_job->priv;
	vskms_mapping_begin(job);
	vskms_mapping_get(job);
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
	u32 formats[MAX_FORMATS];
	unsigned int count = compositor_targets(formats, MAX_FORMATS);
	int ret;

	ret = drmm_encoder_init(&device->drm, encoder, NULL, DRM_MODE_ENCODER_VIRTUAL, NULL);
	if (ret)
		return ret;
	encoder->possible_crtcs = drm_crtc_mask(&crtc->base);
	encoder->possible_clones = drm_encoder_mask(encoder);

	drm_connector_helper_add(&crtc->writeback.base, &connector_helper_funcs);

	return drmm_writeback_connector_init(&device->drm, &crtc->writeback, &connector_funcs,
					     encoder, formats, min(count, MAX_FORMATS));
}
