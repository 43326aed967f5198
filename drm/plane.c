// SPDX-License-Identifier: GPL-2.0
/*
 * Planes.
 */

#include <linux/err.h>
#include <linux/slab.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_atomic_state_helper.h>
#include <drm/drm_blend.h>
#include <drm/drm_color_mgmt.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_plane.h>

#include "compositor/compositor.h"
#include "color.h"
#include "colorop.h"
#include "device.h"
#include "mapping.h"
#include "plane.h"

/* More than there are, so that a new one is not forgotten here. */
#define MAX_FORMATS 64

static void plane_reset(struct drm_plane *plane)
{
	struct vskms_plane_state *state;

	if (plane->state)
		plane->funcs->atomic_destroy_state(plane, plane->state);
	plane->state = NULL;

	state = kzalloc_obj(*state);
	if (state)
		__drm_atomic_helper_plane_reset(plane, &state->base);
}

static struct drm_plane_state *plane_duplicate_state(struct drm_plane *plane)
{
	struct vskms_plane_state *state;

	state = kzalloc_obj(*state);
	if (!state)
		return NULL;
	__drm_atomic_helper_plane_duplicate_state(plane, &state->base);

	return &state->base;
}

static void plane_destroy_state(struct drm_plane *plane, struct drm_plane_state *state)
{
	struct vskms_plane_state *ours = to_vskms_plane_state(state);

	__drm_atomic_helper_plane_destroy_state(state);
	kfree(ours);
}

/* Every framebuffer can be shown at once, as any other is. */
static bool plane_format_mod_supported_async(struct drm_plane *plane, u32 format, u64 modifier)
{
	return modifier == DRM_FORMAT_MOD_LINEAR;
}

static const struct drm_plane_funcs plane_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.reset = plane_reset,
	.atomic_duplicate_state = plane_duplicate_state,
	.atomic_destroy_state = plane_destroy_state,
	.format_mod_supported_async = plane_format_mod_supported_async,
};

static int plane_atomic_check(struct drm_plane *plane, struct drm_atomic_commit *commit)
{
	struct drm_plane_state *state = drm_atomic_get_new_plane_state(commit, plane);
	struct drm_crtc_state *crtc_state;
	int ret;

	/* Also while it is off: who puts it on may not see pipelines, and is not to fail. */
	ret = color_check_plane(commit, state);
	if (ret)
		return ret;
	if (!state->crtc) {
		state->visible = false;
		return 0;
	}
	crtc_state = drm_atomic_get_new_crtc_state(commit, state->crtc);

	return drm_atomic_helper_check_plane_state(state, crtc_state, DRM_PLANE_NO_SCALING,
						   DRM_PLANE_NO_SCALING, true, true);
}

/*
 * Asked of overlays and cursors alone. A flip the CRTC's flush shows at once, if it is to;
 * what the legacy cursor does in place of a commit is not for us, as what is shown are
 * whole commits.
 */
static int plane_atomic_async_check(struct drm_plane *plane, struct drm_atomic_commit *commit,
				    bool flip)
{
	return flip ? 0 : -EINVAL;
}

static int plane_prepare_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	struct vskms_mapping *mapping;
	int ret;

	if (!state->fb)
		return 0;
	ret = drm_gem_plane_helper_prepare_fb(plane, state);
	if (ret)
		return ret;
	mapping = vskms_mapping_create(state->fb, false);
	if (IS_ERR(mapping))
		return PTR_ERR(mapping);
	to_vskms_plane_state(state)->mapping = mapping;

	return 0;
}

static void plane_cleanup_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	struct vskms_plane_state *ours = to_vskms_plane_state(state);

	vskms_mapping_put(ours->mapping);
	ours->mapping = NULL;
}

/* Nothing to program: the CRTC's flush, which is next, shows a snapshot of all its planes. */
static void plane_atomic_update(struct drm_plane *plane, struct drm_atomic_commit *commit)
{
	struct drm_plane_state *state = drm_atomic_get_new_plane_state(commit, plane);
	struct vskms_mapping *mapping = to_vskms_plane_state(state)->mapping;

	if (mapping)
		vskms_mapping_begin(mapping);
}

static const struct drm_plane_helper_funcs plane_helper_funcs = {
	.prepare_fb = plane_prepare_fb,
	.cleanup_fb = plane_cleanup_fb,
	.atomic_check = plane_atomic_check,
	.atomic_async_check = plane_atomic_async_check,
	.atomic_update = plane_atomic_update,
};

/*
 * From the bottom up: as many overlays as there are can go below the primary, as
 * underlays, and above; the cursor is on top. A plane may be possible on several CRTCs, so
 * all have the range of the CRTC with the most overlays.
 */
static int create_zpos(struct vskms_device *device, struct drm_plane *plane)
{
	unsigned int overlays = device->overlays;

	switch (plane->type) {
	case DRM_PLANE_TYPE_PRIMARY:
		return drm_plane_create_zpos_immutable_property(plane, overlays);
	case DRM_PLANE_TYPE_CURSOR:
		return drm_plane_create_zpos_immutable_property(plane, 2 * overlays + 1);
	default:
		return drm_plane_create_zpos_property(plane, overlays + 1, 0, 2 * overlays);
	}
}

static int create_properties(struct vskms_device *device, struct drm_plane *plane)
{
	int ret;

	ret = create_zpos(device, plane);
	if (ret)
		return ret;
	ret = drm_plane_create_rotation_property(plane, DRM_MODE_ROTATE_0,
						 DRM_MODE_ROTATE_MASK | DRM_MODE_REFLECT_MASK);
	if (ret)
		return ret;
	ret = drm_plane_create_alpha_property(plane);
	if (ret)
		return ret;
	ret = drm_plane_create_blend_mode_property(plane, BIT(DRM_MODE_BLEND_PIXEL_NONE) |
						   BIT(DRM_MODE_BLEND_PREMULTI) |
						   BIT(DRM_MODE_BLEND_COVERAGE));
	if (ret)
		return ret;
	drm_plane_enable_fb_damage_clips(plane);
	ret = vskms_colorop_create_pipeline(plane);
	if (ret)
		return ret;

	return drm_plane_create_color_properties(plane,
						 BIT(DRM_COLOR_YCBCR_BT601) |
						 BIT(DRM_COLOR_YCBCR_BT709) |
						 BIT(DRM_COLOR_YCBCR_BT2020),
						 BIT(DRM_COLOR_YCBCR_LIMITED_RANGE) |
						 BIT(DRM_COLOR_YCBCR_FULL_RANGE),
						 DRM_COLOR_YCBCR_BT709,
						 DRM_COLOR_YCBCR_LIMITED_RANGE);
}

/**
 * struct vskms_plane - a plane; DRM's memory for it needs a name
 * @base: DRM's
 */
struct vskms_plane {
	struct drm_plane base;
};

struct drm_plane *vskms_plane_create(struct vskms_device *device, enum drm_plane_type type,
				     u32 crtcs)
{
	static const u64 modifiers[] = { DRM_FORMAT_MOD_LINEAR, DRM_FORMAT_MOD_INVALID };
	u32 formats[MAX_FORMATS];
	unsigned int count = compositor_formats(formats, MAX_FORMATS);
	struct vskms_plane *plane;
	int ret;

	plane = drmm_universal_plane_alloc(&device->drm, struct vskms_plane, base, crtcs,
					   &plane_funcs, formats, min(count, MAX_FORMATS),
					   modifiers, type, NULL);
	if (IS_ERR(plane))
		return ERR_CAST(plane);
	drm_plane_helper_add(&plane->base, &plane_helper_funcs);

	ret = create_properties(device, &plane->base);

	return ret ? ERR_PTR(ret) : &plane->base;
}
