/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_MAPPING_H
#define VSKMS_MAPPING_H

#include <linux/iosys-map.h>
#include <linux/kref.h>
#include <linux/workqueue_types.h>

#include <drm/drm_fourcc.h>

#include <secure_heap.h>

struct compositor_memory;
struct dma_fence;
struct drm_framebuffer;

/**
 * struct vskms_mapping - a framebuffer that can be read or written
 * @refs: the plane state or writeback job it was made for, and each snapshot with it
 * @release: ends it, in the device's workqueue
 * @fb: the framebuffer, a reference; it keeps its objects, and they their grants
 * @map: of an ordinary object where the CPU has it; else null
 * @fence: of an object that is to be written: whom vskms_mapping_begin() waits for, a reference,
 *	   or NULL
 * @begun: whether that may be read or written, by vskms_mapping_begin()
 * @grant: of a protected object by what it is read; else 0
 * @protected: whether any object is protected
 * @writable: whether it was made to be written
 *
 * Constant from vskms_mapping_begin(), or else from the beginning, until the last reference
 * goes, which may be anywhere: unmapping, which waits for locks, is left to the workqueue.
 */
struct vskms_mapping {
	struct kref refs;
	struct work_struct release;
	struct drm_framebuffer *fb;
	struct iosys_map map[DRM_FORMAT_MAX_PLANES];
	struct dma_fence *fence[DRM_FORMAT_MAX_PLANES];
	bool begun[DRM_FORMAT_MAX_PLANES];
	u64 grant[DRM_FORMAT_MAX_PLANES];
	bool protected;
	bool writable;
};

/**
 * struct vskms_view - a mapping while it is read or written
 * @window: on each protected object
 * @open: which of them are open
 *
 * Owned by one composition.
 */
struct vskms_view {
	struct secure_window window[DRM_FORMAT_MAX_PLANES];
	bool open[DRM_FORMAT_MAX_PLANES];
};

/**
 * vskms_mapping_create() - make a framebuffer accessible
 * @fb: the framebuffer
 * @writable: to be written, else to be read
 *
 * What is to be written is not to be so before those are done who read or write it by now,
 * whose fences are noted. For what is to be read DRM has noted them, with the plane's state.
 * May sleep, and takes reservation locks. Return: the mapping, for vskms_mapping_put(),
 * or an ERR_PTR().
 */
struct vskms_mapping *vskms_mapping_create(struct drm_framebuffer *fb, bool writable);

/**
 * vskms_mapping_begin() - let the CPU access it
 * @mapping: the mapping; nobody else has a reference
 *
 * For an exporter what the CPU reads from now on is what devices have written by now. So it is
 * called once, after the fences of the commit were waited for, and waits itself for those that
 * vskms_mapping_create() noted, whatever signals come: in a commit's tail. An object whose
 * exporter refuses is not accessible, as one whose grant has ended.
 */
void vskms_mapping_begin(struct vskms_mapping *mapping);

/**
 * vskms_mapping_get() - one more reference
 * @mapping: the mapping
 *
 * Return: @mapping.
 */
struct vskms_mapping *vskms_mapping_get(struct vskms_mapping *mapping);

/**
 * vskms_mapping_put() - drop a reference
 * @mapping: the mapping, or NULL
 *
 * Does not sleep.
 */
void vskms_mapping_put(struct vskms_mapping *mapping);

/**
 * vskms_view_open() - begin to read or write
 * @view: filled in
 * @mapping: what; outlives the view
 * @memory: where its pixels are, for the compositor; all NULL if any of them may not be
 *	    reached any more
 *
 * Does not sleep.
 */
void vskms_view_open(struct vskms_view *view, const struct vskms_mapping *mapping,
		     struct compositor_memory *memory);

/**
 * vskms_view_close() - end it
 * @view: the view
 */
void vskms_view_close(struct vskms_view *view);

#endif
