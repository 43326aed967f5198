// SPDX-License-Identifier: GPL-2.0
/*
 * Framebuffers that can be read or written: ordinary objects by the CPU's mapping, which
 * is made once; protected ones by windows of the secure bus, which are opened for each
 * frame.
 *
 * Between a commit and its frame. Mapping can fail, so it is done while the commit still can, in
 * prepare_fb. But then its fences are not signalled yet: who would make the buffer coherent, or
 * wait for who writes to it, would show what was there before, and keep a commit waiting that
 * asked not to. So CPU access begins in the commit's tail, where the fences were waited for; as in
 * other drivers that read by the CPU.
 *
 * Those fences are the ones that the buffers had when the commit was made. Once it is, user space
 * has the fences that it is to signal, and may put them on the same buffers: who renders next
 * waits by that for the writeback. So the tail waits for none that is there only by then: it
 * might be its own.
 */

#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "compositor/compositor.h"
#include "device.h"
#include "gem.h"
#include "mapping.h"

static enum dma_data_direction direction(const struct vskms_mapping *mapping)
{
	return mapping->writable ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

static void unmap_object(struct vskms_mapping *mapping, unsigned int i)
{
	struct drm_gem_object *obj = mapping->fb->obj[i];

	if (iosys_map_is_null(&mapping->map[i]))
		return;
	if (mapping->begun[i] && drm_gem_is_imported(obj))
		dma_buf_end_cpu_access(obj->import_attach->dmabuf, direction(mapping));
	drm_gem_vunmap(obj, &mapping->map[i]);
}

static int map_object(struct vskms_mapping *mapping, unsigned int i)
{
	struct drm_gem_object *obj = mapping->fb->obj[i];
	int ret;

	if (mapping->writable) {
		ret = dma_resv_get_singleton(obj->resv, dma_resv_usage_rw(true),
					     &mapping->fence[i]);
		if (ret)
			return ret;
	}
	if (vskms_gem_is_protected(obj)) {
		mapping->protected = true;
		mapping->grant[i] = vskms_gem_grant(obj);
		return 0;
	}

	ret = drm_gem_vmap(obj, &mapping->map[i]);
	if (ret)
		iosys_map_clear(&mapping->map[i]);

	return ret;
}

static void mapping_destroy(struct vskms_mapping *mapping)
{
	for (unsigned int i = mapping->fb->format->num_planes; i--;) {
		unmap_object(mapping, i);
		dma_fence_put(mapping->fence[i]);
	}
	drm_framebuffer_put(mapping->fb);
	kfree(mapping);
}

static void mapping_release(struct work_struct *work)
{
	mapping_destroy(container_of(work, struct vskms_mapping, release));
}

struct vskms_mapping *vskms_mapping_create(struct drm_framebuffer *fb, bool writable)
{
	struct vskms_mapping *mapping;
	int ret;

	mapping = kzalloc_obj(*mapping);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	kref_init(&mapping->refs);
	INIT_WORK(&mapping->release, mapping_release);
	drm_framebuffer_get(fb);
	mapping->fb = fb;
	mapping->writable = writable;

	for (unsigned int i = 0; i < fb->format->num_planes; i++) {
		ret = map_object(mapping, i);
		if (ret) {
			mapping_destroy(mapping);
			return ERR_PTR(ret);
		}
	}

	return mapping;
}

/*
 * Coherency, and nothing else. dma_buf_begin_cpu_access() would also wait for the fences that
 * there are by now, and for a signal give up.
 */
static int begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	if (!dmabuf->ops->begin_cpu_access)
		return 0;

	return dmabuf->ops->begin_cpu_access(dmabuf, direction);
}

static bool begin_object(struct vskms_mapping *mapping, unsigned int i)
{
	struct drm_gem_object *obj = mapping->fb->obj[i];
	int ret;

	if (iosys_map_is_null(&mapping->map[i]))
		return false;
	if (!drm_gem_is_imported(obj))
		return true;
	ret = begin_cpu_access(obj->import_attach->dmabuf, direction(mapping));
	if (ret)
		drm_dbg_kms(obj->dev, "a buffer's exporter refuses the CPU: %d\n", ret);

	return !ret;
}

void vskms_mapping_begin(struct vskms_mapping *mapping)
{
	for (unsigned int i = 0; i < mapping->fb->format->num_planes; i++) {
		if (mapping->fence[i])
			dma_fence_wait(mapping->fence[i], false);
		mapping->begun[i] = begin_object(mapping, i);
	}
}

struct vskms_mapping *vskms_mapping_get(struct vskms_mapping *mapping)
{
	kref_get(&mapping->refs);
	return mapping;
}

static void mapping_unreferenced(struct kref *refs)
{
	struct vskms_mapping *mapping = container_of(refs, struct vskms_mapping, refs);

	queue_work(to_vskms_device(mapping->fb->dev)->release, &mapping->release);
}

void vskms_mapping_put(struct vskms_mapping *mapping)
{
	if (mapping)
		kref_put(&mapping->refs, mapping_unreferenced);
}

/* Where object @i begins, or NULL. */
static void *view_object(struct vskms_view *view, const struct vskms_mapping *mapping,
			 unsigned int i)
{
	unsigned int access = mapping->writable ? SECURE_BUS_WRITE : SECURE_BUS_READ;

	if (!iosys_map_is_null(&mapping->map[i]))
		return mapping->begun[i] ? mapping->map[i].vaddr : NULL;
	if (secure_bus_open(mapping->grant[i], 0, mapping->fb->obj[i]->size, access,
			    &view->window[i]))
		return NULL;
	view->open[i] = true;

	return view->window[i].addr;
}

void vskms_view_open(struct vskms_view *view, const struct vskms_mapping *mapping,
		     struct compositor_memory *memory)
{
	memset(view->open, 0, sizeof(view->open));
	memset(memory, 0, sizeof(*memory));

	for (unsigned int i = 0; i < mapping->fb->format->num_planes; i++) {
		void *object = view_object(view, mapping, i);

		if (!object) {
			vskms_view_close(view);
			memset(memory, 0, sizeof(*memory));
			return;
		}
		memory->data[i] = object + mapping->fb->offsets[i];
	}
}

void vskms_view_close(struct vskms_view *view)
{
	for (int i = DRM_FORMAT_MAX_PLANES; i--;) {
		if (view->open[i])
			secure_bus_close(&view->window[i]);
		view->open[i] = false;
	}
}
