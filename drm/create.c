// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that the driver makes for an application, ordinary or protected.
 *
 * A protected one comes from its heap by the in-kernel interface and is imported at once: from
 * then on it is what any protected buffer is that an application brings, and nothing else in the
 * driver knows the difference.
 */

#include <linux/build_bug.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_mode.h>

#include <secure_heap.h>
#include <uapi/secure_heap.h>
#include <uapi/vskms_drm.h>

#include "create.h"
#include "gem.h"

/* Of protected memory for each open file. */
#define QUOTA (64ull << 20)
#define MAX_BPP 128

static_assert(VSKMS_HEAP_NAME_MAX == SECURE_HEAP_NAME_MAX);

int vskms_file_open(struct drm_device *drm, struct drm_file *file)
{
	struct secure_account *account = secure_account_create(QUOTA);

	if (IS_ERR(account))
		return PTR_ERR(account);
	file->driver_priv = account;

	return 0;
}

void vskms_file_close(struct drm_device *drm, struct drm_file *file)
{
	secure_account_put(file->driver_priv);
}

/* Fills in pitch and size; 0 if it is made by its size. */
static int measure(struct drm_vskms_gem_create *args)
{
	bool by_size = args->size;
	u64 pitch;

	if (by_size ? args->width || args->height || args->bpp :
		      !args->width || !args->height || !args->bpp)
		return -EINVAL;
	args->pitch = 0;
	if (!by_size) {
		if (args->bpp > MAX_BPP)
			return -EINVAL;
		pitch = DIV_ROUND_UP_ULL((u64)args->width * args->bpp, 8);
		if (pitch > U32_MAX)
			return -EINVAL;
		args->pitch = pitch;
		args->size = pitch * args->height;
	}
	/* No room to round up beyond, nor for more in a buffer of either kind. */
	if (args->size > round_down(U32_MAX, PAGE_SIZE))
		return -EINVAL;
	args->size = PAGE_ALIGN(args->size);

	return 0;
}

/* A string that ends, and nothing after its end. */
static bool is_name(const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	return len && len < size && !memchr_inv(name + len, 0, size - len);
}

static int check(const struct drm_vskms_gem_create *args)
{
	if (args->flags & ~VSKMS_GEM_PROTECTED || args->reserved)
		return -EINVAL;
	if (args->flags & VSKMS_GEM_PROTECTED)
		return is_name(args->heap, sizeof(args->heap)) ? 0 : -EINVAL;

	return memchr_inv(args->heap, 0, sizeof(args->heap)) ? -EINVAL : 0;
}

/* As one line of bytes. */
static int create_ordinary(struct drm_device *drm, struct drm_file *file,
			   struct drm_vskms_gem_create *args)
{
	struct drm_mode_create_dumb dumb = {
		.width = args->pitch ?: args->size,
		.height = args->height ?: 1,
		.bpp = 8,
	};
	int ret = vskms_gem_dumb_create(file, drm, &dumb);

	args->handle = dumb.handle;

	return ret;
}

static struct dma_buf *allocate(struct drm_file *file, const struct drm_vskms_gem_create *args)
{
	struct secure_heap *heap = secure_heap_find(args->heap);
	struct dma_buf *dmabuf;

	if (!heap)
		return ERR_PTR(-ENOENT);
	dmabuf = secure_heap_buffer_alloc_charged(heap, args->size, O_CLOEXEC | O_RDWR, 0,
						  file->driver_priv);
	secure_heap_put(heap);

	return dmabuf;
}

static int create_protected(struct drm_device *drm, struct drm_file *file,
			    struct drm_vskms_gem_create *args)
{
	struct drm_gem_object *obj;
	struct dma_buf *dmabuf;
	int ret;

	dmabuf = allocate(file, args);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	/* The object has a reference of its own. */
	obj = vskms_gem_prime_import(drm, dmabuf);
	dma_buf_put(dmabuf);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	/* And the handle one to the object. */
	ret = drm_gem_handle_create(file, obj, &args->handle);
	drm_gem_object_put(obj);

	return ret;
}

int vskms_gem_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vskms_gem_create args;
	int ret;

	/* What fails changes nothing, and DRM copies @data back also then. */
	memcpy(&args, data, sizeof(args));
	ret = check(&args);
	if (ret)
		return ret;
	ret = measure(&args);
	if (ret)
		return ret;
	ret = args.flags & VSKMS_GEM_PROTECTED ? create_protected(drm, file, &args) :
						 create_ordinary(drm, file, &args);
	if (!ret)
		memcpy(data, &args, sizeof(args));

	return ret;
}
