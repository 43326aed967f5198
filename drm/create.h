/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_CREATE_H
#define VSKMS_CREATE_H

struct drm_device;
struct drm_file;

/* For struct drm_driver: what a file may have of protected memory is an account of its own. */
int vskms_file_open(struct drm_device *drm, struct drm_file *file);
void vskms_file_close(struct drm_device *drm, struct drm_file *file);

/* DRM_IOCTL_VSKMS_GEM_CREATE, see include/uapi/vskms_drm.h. */
int vskms_gem_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif
