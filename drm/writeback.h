/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_WRITEBACK_H
#define VSKMS_WRITEBACK_H

struct vskms_crtc;
struct vskms_device;

/**
 * vskms_writeback_create() - a CRTC's writeback connector
 * @device: its device, which owns it
 * @crtc: the CRTC
 *
 * Return: 0 or a negative errno.
 */
int vskms_writeback_create(struct vskms_device *device, struct vskms_crtc *crtc);

#endif
