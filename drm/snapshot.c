// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots: from DRM's states of planes and CRTC to the compositor's scene.
 */

#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/workqueue.h>

#include <drm/drm_atomic.h>
#include <drm/drm_blend.h>
#include <drm/drm_color_mgmt.h>
#include <drm/drm_crtc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_plane.h>
#include <drm/drm_property.h>
#include <drm/drm_rect.h>

#include <secure_heap.h>

#include "compositor/compositor.h"
#include "color.h"
#include "device.h"
#include "gem.h"
#include "mapping.h"
#include "plane.h"
#include "snapshot.h"

static enum compositor_blend blend_of(const struct drm_plane_state *state)
{
	switch (state->pixel_blend_mode) {
	case DRM_MODE_BLEND_PIXEL_NONE:
		return COMPOSITOR_BLEND_NONE;
	case DRM_MODE_BLEND_COVERAGE:
		return COMPOSITOR_BLEND_COVERAGE;
	default:
		return COMPOSITOR_BLEND_PREMULTIPLIED;
	}
}

static enum compositor_encoding encoding_of(const struct drm_plane_state *state)
{
	switch (state->color_encoding) {
	case DRM_COLOR_YCBCR_BT709:
		return COMPOSITOR_BT709;
	case DRM_COLOR_YCBCR_BT2020:
		return COMPOSITOR_BT2020;
	default:
		return COMPOSITOR_BT601;
	}
}

/*
 * The helpers have clipped source and destination to the CRTC, and to each other, rotation
 * included; there is no scaling, so both are whole pixels of one size.
 */
static void fill_plane(struct compositor_plane *plane, const struct drm_plane_state *state)
{
	const struct drm_framebuffer *fb = state->fb;

	*plane = (struct compositor_plane){
		.format = fb->format->format,
		.fb_width = fb->width,
		.fb_height = fb->height,
		.src_x = state->src.x1 >> 16,
		.src_y = state->src.y1 >> 16,
		.src_w = drm_rect_width(&state->src) >> 16,
		.src_h = drm_rect_height(&state->src) >> 16,
		.dst_x = state->dst.x1,
		.dst_y = state->dst.y1,
		.rotation = state->rotation,
		.alpha = state->alpha,
		.blend = blend_of(state),
		.encoding = encoding_of(state),
		.range = state->color_range == DRM_COLOR_YCBCR_FULL_RANGE ? COMPOSITOR_FULL :
									    COMPOSITOR_LIMITED,
	};
	for (unsigned int i = 0; i < fb->format->num_planes && i < COMPOSITOR_MEMORY_PLANES; i++)
		plane->pitch[i] = fb->pitches[i];
}

/* A protected buffer of a framebuffer, or NULL. */
static const struct dma_buf *protected_buffer(const struct drm_framebuffer *fb)
{
	for (unsigned int i = 0; i < fb->format->num_planes; i++)
		if (vskms_gem_is_protected(fb->obj[i]))
			return fb->obj[i]->import_attach->dmabuf;

	return NULL;
}

static int by_zpos(const void *a, const void *b)
{
	const struct drm_plane_state *const *left = a, *const *right = b;

	return (int)(*left)->normalized_zpos - (int)(*right)->normalized_zpos;
}

/* The states of the planes that can be seen, from the bottom up; how many. */
static unsigned int visible_planes(struct drm_atomic_commit *commit,
				   const struct drm_crtc_state *crtc_state,
				   const struct drm_plane_state **states)
{
	unsigned int count = 0;
	struct drm_plane *plane;

	drm_for_each_plane_mask(plane, crtc_state->crtc->dev, crtc_state->plane_mask) {
		const struct drm_plane_state *state = drm_atomic_get_new_plane_state(commit, plane);

		if (state && state->visible && count < COMPOSITOR_PLANES)
			states[count++] = state;
	}
	sort(states, count, sizeof(*states), by_zpos, NULL);

	return count;
}

/* What is large and only needed to make a compositor. */
struct scene {
	const struct drm_plane_state *states[COMPOSITOR_PLANES];
	struct compositor_plane planes[COMPOSITOR_PLANES];
	struct compositor_scene scene;
	struct color color;
};

/* Protected memory for the lines, of each heap that there is a layer of. */
static int make_scratch(struct vskms_snapshot *snapshot, const struct scene *scene)
{
	struct device *dev = snapshot->device->drm.dev;

	for (unsigned int i = 0; i < snapshot->layers; i++) {
		const struct dma_buf *buffer = protected_buffer(scene->states[i]->fb);
		bool known = !buffer;
		int ret;

		for (unsigned int below = 0; below < i && !known; below++) {
			const struct dma_buf *other = protected_buffer(scene->states[below]->fb);

			known = other && secure_heap_is_same(buffer, other);
		}
		if (known)
			continue;
		snapshot->protected = true;
		ret = vskms_scratch_create(&snapshot->layer[i].scratch, dev, buffer,
					   snapshot->scratch_size);
		/* Revoked or shut out: nothing to keep then, as its layers are black. */
		if (ret && ret != -EIO && ret != -EACCES)
			return ret;
	}

	return 0;
}

static int make_compositor(struct vskms_snapshot *snapshot, struct scene *scene,
			   struct drm_atomic_commit *commit, const struct drm_crtc_state *state)
{
	int ret;

	for (unsigned int i = 0; i < snapshot->layers; i++) {
		fill_plane(&scene->planes[i], scene->states[i]);
		ret = color_of_plane(&scene->color, commit, scene->states[i], &scene->planes[i]);
		if (ret)
			return ret;
		snapshot->layer[i].plane = scene->states[i]->plane;
	}
	ret = color_of_crtc(&scene->color, state);
	if (ret)
		return ret;
	scene->scene = (struct compositor_scene){
		.width = state->mode.hdisplay,
		.height = state->mode.vdisplay,
		.background = state->background_color,
		.planes = snapshot->layers,
		.plane = scene->planes,
		.ctm = scene->color.has_ctm ? &scene->color.ctm : NULL,
		.gamma = scene->color.has_gamma ? &scene->color.gamma : NULL,
	};

	ret = compositor_create(&scene->scene, &snapshot->compositor);
	if (ret)
		return ret;
	snapshot->scratch_size = compositor_scratch(snapshot->compositor);
	snapshot->scratch = kvmalloc(snapshot->scratch_size, GFP_KERNEL);
	if (!snapshot->scratch)
		return -ENOMEM;

	return make_scratch(snapshot, scene);
}

static void snapshot_destroy(struct vskms_snapshot *snapshot)
{
	for (unsigned int i = 0; i < snapshot->layers; i++) {
		vskms_mapping_put(snapshot->layer[i].mapping);
		vskms_scratch_destroy(&snapshot->layer[i].scratch);
	}
	kvfree(snapshot->scratch);
	compositor_destroy(snapshot->compositor);
	kfree(snapshot);
}

static void snapshot_release(struct work_struct *work)
{
	snapshot_destroy(container_of(work, struct vskms_snapshot, release));
}

struct vskms_snapshot *vskms_snapshot_create(struct drm_atomic_commit *commit,
					     struct drm_crtc_state *state)
{
	struct vskms_snapshot *snapshot = NULL;
	unsigned int layers;
	struct scene *scene;
	int ret = -ENOMEM;

	scene = kvzalloc_obj(*scene);
	if (!scene)
		return ERR_PTR(-ENOMEM);
	color_init(&scene->color);

	layers = visible_planes(commit, state, scene->states);
	snapshot = kzalloc_flex(*snapshot, layer, layers);
	if (!snapshot)
		goto out;
	kref_init(&snapshot->refs);
	INIT_WORK(&snapshot->release, snapshot_release);
	snapshot->device = to_vskms_device(state->crtc->dev);
	snapshot->width = state->mode.hdisplay;
	snapshot->height = state->mode.vdisplay;
	snapshot->layers = layers;
	ret = make_compositor(snapshot, scene, commit, state);
	if (ret) {
		snapshot_destroy(snapshot);
		goto out;
	}
out:
	color_free(&scene->color);
	kvfree(scene);
	return ret ? ERR_PTR(ret) : snapshot;
}

void vskms_snapshot_fill(struct vskms_snapshot *snapshot, struct drm_atomic_commit *commit)
{
	for (unsigned int i = 0; i < snapshot->layers; i++) {
		struct vskms_layer *layer = &snapshot->layer[i];
		struct drm_plane_state *state;

		state = drm_atomic_get_new_plane_state(commit, layer->plane);
		layer->mapping = vskms_mapping_get(to_vskms_plane_state(state)->mapping);
		layer->plane = NULL;
	}
}

struct vskms_snapshot *vskms_snapshot_get(struct vskms_snapshot *snapshot)
{
	kref_get(&snapshot->refs);
	return snapshot;
}

static void snapshot_unreferenced(struct kref *refs)
{
	struct vskms_snapshot *snapshot = container_of(refs, struct vskms_snapshot, refs);

	queue_work(snapshot->device->release, &snapshot->release);
}

void vskms_snapshot_put(struct vskms_snapshot *snapshot)
{
	if (snapshot)
		kref_put(&snapshot->refs, snapshot_unreferenced);
}
