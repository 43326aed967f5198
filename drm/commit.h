/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_COMMIT_H
#define VSKMS_COMMIT_H

#include <linux/types.h>

struct drm_atomic_commit;
struct drm_device;

/**
 * vskms_commit() - make a checked commit the state of things
 * @drm: the device
 * @commit: what was checked
 * @nonblock: to return before it is carried out
 *
 * Return: 0, -EBUSY if @nonblock and a flip is still to be shown, or what the helpers
 * return.
 */
int vskms_commit(struct drm_device *drm, struct drm_atomic_commit *commit, bool nonblock);

/**
 * vskms_commit_tail() - carry it out
 * @commit: the commit, whose turn it is
 */
void vskms_commit_tail(struct drm_atomic_commit *commit);

#endif
