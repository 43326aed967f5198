/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_HOLD_H
#define VSKMS_HOLD_H

struct drm_device;
struct file;

/**
 * vskms_hold() - keep a device, and this module
 * @drm: the device, or NULL for the module alone
 *
 * May sleep. Return: what holds them, for vskms_hold_release(), or an ERR_PTR(): -ENOENT if
 * the module is being removed, else as a file's that cannot be opened.
 */
struct file *vskms_hold(struct drm_device *drm);

/**
 * vskms_hold_release() - keep them no longer than to the end of the system call
 * @hold: from vskms_hold(), or NULL
 */
void vskms_hold_release(struct file *hold);

#endif
