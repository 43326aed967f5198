/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_GEM_H
#define VSKMS_GEM_H

#include <linux/types.h>

struct dma_buf;
struct drm_device;
struct drm_file;
struct drm_format_info;
struct drm_framebuffer;
struct drm_gem_object;
struct drm_mode_create_dumb;
struct drm_mode_fb_cmd2;

/**
 * vskms_gem_is_protected() - is this a protected buffer?
 * @obj: any object of ours
 *
 * Return: whether no CPU may map it.
 */
bool vskms_gem_is_protected(const struct drm_gem_object *obj);

/**
 * vskms_fb_is_protected() - is there a protected buffer in a framebuffer?
 * @fb: any framebuffer of ours
 *
 * Return: whether; then all of it is.
 */
bool vskms_fb_is_protected(const struct drm_framebuffer *fb);

/**
 * vskms_fb_may_copy() - may what one framebuffer shows be copied to another?
 * @to: where it would be
 * @from: what is shown
 *
 * Asked again for each frame, as a heap's policy may change. Does not sleep.
 *
 * Return: whether no device may read @to that may not read all of @from, nor any CPU.
 */
bool vskms_fb_may_copy(const struct drm_framebuffer *to, const struct drm_framebuffer *from);

/**
 * vskms_gem_grant() - by what the display may read a protected buffer
 * @obj: a protected object
 *
 * Return: the grant of its mapping, which lasts as long as the object does.
 */
u64 vskms_gem_grant(const struct drm_gem_object *obj);

/* For struct drm_driver. */
struct drm_gem_object *vskms_gem_create_object(struct drm_device *drm, size_t size);
struct drm_gem_object *vskms_gem_prime_import(struct drm_device *drm, struct dma_buf *dmabuf);
int vskms_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			  struct drm_mode_create_dumb *args);

/* For struct drm_mode_config_funcs: refuses what could not be scanned out. */
struct drm_framebuffer *vskms_fb_create(struct drm_device *drm, struct drm_file *file,
					const struct drm_format_info *info,
					const struct drm_mode_fb_cmd2 *cmd);

#endif
