// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers: our own in shmem, and those of others, imported.
 *
 * Every foreign dma-buf is attached and mapped for the display's own device, as hardware
 * would: so a protected one comes with a grant of the secure bus, and an exporter that
 * refuses devices refuses here, at import. Whether a framebuffer can be scanned out is
 * decided when it is made: then TEST_ONLY and commit cannot disagree about it.
 */

#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/slab.h>

#include <drm/drm_dumb_buffers.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_mode.h>
#include <drm/drm_prime.h>

#include <secure_heap.h>

#include "device.h"
#include "gem.h"

bool vskms_gem_is_protected(const struct drm_gem_object *obj)
{
	return drm_gem_is_imported(obj) && secure_heap_is_protected(obj->import_attach->dmabuf);
}

bool vskms_fb_is_protected(const struct drm_framebuffer *fb)
{
	for (unsigned int i = 0; i < fb->format->num_planes; i++)
		if (vskms_gem_is_protected(fb->obj[i]))
			return true;

	return false;
}

static bool may_copy(const struct drm_framebuffer *to, const struct drm_gem_object *from)
{
	for (unsigned int i = 0; i < to->format->num_planes; i++) {
		const struct drm_gem_object *obj = to->obj[i];

		if (!vskms_gem_is_protected(obj) ||
		    !secure_heap_admits_no_more(obj->import_attach->dmabuf,
						from->import_attach->dmabuf))
			return false;
	}

	return true;
}

bool vskms_fb_may_copy(const struct drm_framebuffer *to, const struct drm_framebuffer *from)
{
	for (unsigned int i = 0; i < from->format->num_planes; i++)
		if (vskms_gem_is_protected(from->obj[i]) && !may_copy(to, from->obj[i]))
			return false;

	return true;
}

u64 vskms_gem_grant(const struct drm_gem_object *obj)
{
	return secure_bus_grant(obj->import_attach);
}

/* Nothing but what the helpers do, with the mapping that import_dev() has made. */
static const struct drm_gem_object_funcs gem_funcs = {
	.free = drm_gem_shmem_object_free,
	.print_info = drm_gem_shmem_object_print_info,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = drm_gem_shmem_object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

struct drm_gem_object *vskms_gem_create_object(struct drm_device *drm, size_t size)
{
	struct drm_gem_shmem_object *shmem = kzalloc_obj(*shmem);

	if (!shmem)
		return ERR_PTR(-ENOMEM);
	shmem->base.funcs = &gem_funcs;

	return &shmem->base;
}

struct drm_gem_object *vskms_gem_prime_import(struct drm_device *drm, struct dma_buf *dmabuf)
{
	return drm_gem_prime_import_dev(drm, dmabuf, drm->dev);
}

int vskms_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
			  struct drm_mode_create_dumb *args)
{
	/*
	 * The helper warns of pixel sizes that it does not know. Tests ask for the sum of
	 * all a format's planes, for one object to hold them; whole bytes are enough.
	 */
	if (args->bpp % 8 == 0 && args->bpp <= 128) {
		struct drm_mode_create_dumb whole = *args;
		u64 pitch = (u64)args->width * (args->bpp / 8);
		int ret;

		if (pitch > U32_MAX)
			return -EINVAL;
		/* As one line of bytes to the helper. */
		whole.width = pitch;
		whole.bpp = 8;
		ret = drm_gem_shmem_dumb_create(file, drm, &whole);
		if (ret)
			return ret;
		args->pitch = whole.pitch;
		args->size = whole.size;
		args->handle = whole.handle;
		return 0;
	}

	return drm_gem_shmem_dumb_create(file, drm, args);
}

/* A foreign buffer that is not protected is read by the CPU, so it must let itself be. */
static int check_readable(struct drm_gem_object *obj)
{
	struct iosys_map map;
	int ret;

	if (!drm_gem_is_imported(obj) || vskms_gem_is_protected(obj))
		return 0;
	ret = drm_gem_vmap(obj, &map);
	if (ret)
		return ret;
	/* I/O memory is for other CPUs than those we compose on. */
	if (map.is_iomem)
		ret = -EINVAL;
	drm_gem_vunmap(obj, &map);

	return ret;
}

struct drm_framebuffer *vskms_fb_create(struct drm_device *drm, struct drm_file *file,
					const struct drm_format_info *info,
					const struct drm_mode_fb_cmd2 *cmd)
{
	struct drm_framebuffer *fb;
	int ret;

	fb = drm_gem_fb_create_with_dirty(drm, file, info, cmd);
	if (IS_ERR(fb))
		return fb;

	for (unsigned int i = 0; i < fb->format->num_planes; i++) {
		ret = check_readable(fb->obj[i]);
		if (ret) {
			drm_framebuffer_put(fb);
			return ERR_PTR(ret);
		}
	}

	return fb;
}
