/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_WRITEBACK_H
#define VSKMS_WRITEBACK_H

#include <linux/types.h>

struct drm_atomic_commit;
struct drm_crtc;
struct vskms_crtc;
struct vskms_device;
struct vskms_mapping;
struct vskms_snapshot;

/**
 * vskms_writeback_create() - a CRTC's writeback connector
 * @device: its device, which owns it
 * @crtc: the CRTC
 *
 * Return: 0 or a negative errno.
 */
int vskms_writeback_create(struct vskms_device *device, struct vskms_crtc *crtc);

/**
 * vskms_writeback_check() - may a commit write back what it shows?
 * @commit: the commit, with the checked states of all the CRTC's planes
 * @crtc: the CRTC
 *
 * Return: 0; -EACCES if a plane is protected and may not be where it would be written.
 */
int vskms_writeback_check(struct drm_atomic_commit *commit, struct drm_crtc *crtc);

/**
 * vskms_writeback_decide() - may a frame be written?
 * @job: where to
 * @snapshot: what is shown
 * @full: where is stored whether protected layers may be as they are, not black
 *
 * Does not sleep. Return: 0; -EACCES if nothing of it may be written.
 */
int vskms_writeback_decide(const struct vskms_mapping *job, const struct vskms_snapshot *snapshot,
			   bool *full);

#endif
