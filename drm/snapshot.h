/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_SNAPSHOT_H
#define VSKMS_SNAPSHOT_H

#include <linux/kref.h>
#include <linux/types.h>
#include <linux/workqueue_types.h>

#include "scratch.h"

struct compositor;
struct drm_atomic_commit;
struct drm_crtc_state;
struct drm_plane;
struct vskms_device;
struct vskms_mapping;

/**
 * struct vskms_layer - a visible plane of a snapshot
 * @plane: which, until the snapshot is shown
 * @mapping: its framebuffer, a reference; from when the snapshot is shown
 * @scratch: of the lowest protected layer with a buffer of its heap: where a composition that
 *	     shows protected layers may have its lines; else zeroed
 *
 * Each heap's layers have a scratch of that heap, so that those of one can be shown when
 * another is revoked.
 */
struct vskms_layer {
	struct drm_plane *plane;
	struct vskms_mapping *mapping;
	struct vskms_scratch scratch;
};

/**
 * struct vskms_snapshot - all that composing a CRTC needs of a commit
 * @refs: the CRTC state until it is shown, then the CRTC, and each composition of it
 * @release: ends it, in the device's workqueue
 * @device: whose it is; outlives it
 * @width: of the picture, in pixels
 * @height: the same
 * @compositor: the scene, prepared
 * @scratch: where a composition has its lines; one composition at a time has it
 * @scratch_size: bytes
 * @protected: whether any layer's framebuffer is protected
 * @layers: how many @layer there are
 * @layer: from the bottom up
 *
 * Made in atomic_check, where allocating is allowed and may fail. Constant from when it is
 * shown: composing never looks at DRM's state, which may be another commit's by then.
 */
struct vskms_snapshot {
	struct kref refs;
	struct work_struct release;
	struct vskms_device *device;
	unsigned int width, height;
	struct compositor *compositor;
	void *scratch;
	unsigned long scratch_size;
	bool protected;
	unsigned int layers;
	struct vskms_layer layer[];
};

/**
 * vskms_snapshot_create() - note what a CRTC will show
 * @commit: the commit, with the states of all the CRTC's planes
 * @state: the CRTC's new state
 *
 * Return: the snapshot, for vskms_snapshot_put(), or an ERR_PTR().
 */
struct vskms_snapshot *vskms_snapshot_create(struct drm_atomic_commit *commit,
					     struct drm_crtc_state *state);

/**
 * vskms_snapshot_fill() - add the framebuffers, as they are prepared now
 * @snapshot: what vskms_snapshot_create() made of @commit
 * @commit: the commit, with prepared planes
 */
void vskms_snapshot_fill(struct vskms_snapshot *snapshot, struct drm_atomic_commit *commit);

/**
 * vskms_snapshot_get() - one more reference
 * @snapshot: the snapshot
 *
 * Return: @snapshot.
 */
struct vskms_snapshot *vskms_snapshot_get(struct vskms_snapshot *snapshot);

/**
 * vskms_snapshot_put() - drop a reference
 * @snapshot: the snapshot, or NULL
 *
 * Does not sleep.
 */
void vskms_snapshot_put(struct vskms_snapshot *snapshot);

#endif
