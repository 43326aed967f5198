// SPDX-License-Identifier: GPL-2.0
/*
 * Commits: which wait for which.
 *
 * The helpers let a commit wait for the flip before it to be shown. But a legacy cursor is
 * moved many times in a frame, and nobody who moves it waits for a vblank; so it must not
 * wait for somebody else's flip either. It does not have to: the next vblank shows the
 * last snapshot, which has both the flip and where the cursor went since (crtc.c). All
 * that is waited for is that the flip's own snapshot is there.
 *
 * To the helpers the cursor's commit then is the last one, and complete. So who comes
 * behind it would not wait for the flip any more, and waits for it here.
 */

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_crtc.h>

#include "commit.h"
#include "crtc.h"

/* Nothing but the cursor, and no modeset before it: that is always waited for. */
static bool is_cursor_alone(struct drm_atomic_commit *commit)
{
	struct drm_crtc_state *old, *new;
	struct drm_crtc *crtc;
	int i;

	if (!commit->legacy_cursor_update)
		return false;
	for_each_oldnew_crtc_in_state(commit, crtc, old, new, i)
		if (drm_atomic_crtc_needs_modeset(old) || drm_atomic_crtc_needs_modeset(new))
			return false;

	return true;
}

/* As drm_atomic_helper_commit(), but that no flip is waited for. */
static int commit_cursor(struct drm_device *drm, struct drm_atomic_commit *commit)
{
	int ret;

	ret = drm_atomic_helper_setup_commit(commit, false);
	if (ret)
		return ret;
	ret = drm_atomic_helper_prepare_planes(drm, commit);
	if (ret)
		return ret;
	ret = drm_atomic_helper_wait_for_fences(drm, commit, true);
	if (ret)
		goto err;
	/* Waits until the commits before it have left their snapshots. */
	ret = drm_atomic_helper_swap_state(commit, true);
	if (ret)
		goto err;

	drm_atomic_helper_commit_planes(drm, commit, DRM_PLANE_COMMIT_ACTIVE_ONLY);
	drm_atomic_helper_commit_hw_done(commit);
	drm_atomic_helper_cleanup_planes(drm, commit);
	drm_atomic_helper_commit_cleanup_done(commit);

	return 0;

err:
	drm_atomic_helper_unprepare_planes(drm, commit);
	return ret;
}

int vskms_commit(struct drm_device *drm, struct drm_atomic_commit *commit, bool nonblock)
{
	if (is_cursor_alone(commit))
		return commit_cursor(drm, commit);

	return drm_atomic_helper_commit(drm, commit, nonblock);
}

/* As drm_atomic_helper_commit_tail_rpm(), but that flips are waited for, not vblanks. */
void vskms_commit_tail(struct drm_atomic_commit *commit)
{
	struct drm_device *drm = commit->dev;
	struct drm_crtc_state *state;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(commit, crtc, state, i)
		vskms_crtc_wait_for_flip(to_vskms_crtc(crtc));
	drm_atomic_helper_commit_modeset_disables(drm, commit);
	drm_atomic_helper_commit_modeset_enables(drm, commit);
	drm_atomic_helper_commit_planes(drm, commit, DRM_PLANE_COMMIT_ACTIVE_ONLY);
	drm_atomic_helper_fake_vblank(commit);
	drm_atomic_helper_commit_hw_done(commit);
	drm_atomic_helper_wait_for_flip_done(drm, commit);
	/*
	 * DRM says that the flip is done before it puts its event where it is read, both
	 * with the lock held. Whoever has waited for the commit finds the event there.
	 */
	spin_lock_irq(&drm->event_lock);
	spin_unlock_irq(&drm->event_lock);
	drm_atomic_helper_cleanup_planes(drm, commit);
}
