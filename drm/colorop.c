// SPDX-License-Identifier: GPL-2.0
/*
 * The plane's colour pipeline, as clients see it: what is done to the colours of a plane
 * before it is blended. color.c tells the compositor.
 *
 * All planes have the same one, always: clients that did not ask for it, by
 * DRM_CLIENT_CAP_PLANE_COLOR_PIPELINE, do not see it. It has vkms's steps in vkms's order,
 * and those that other hardware has around them, so that whatever a compositor wants of a
 * step, or of two in a row, it finds:
 *
 *	to light	1D curve, 1D LUT
 *	in light	multiplier, 3x4 matrix, 3x4 matrix
 *	to code		1D curve, 1D LUT
 *	looks		3D LUT, 1D curve
 *
 * Each can be bypassed, and is at first.
 */

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include <drm/drm_colorop.h>
#include <drm/drm_plane.h>

#include "compositor/compositor.h"
#include "colorop.h"

#define LUT_ENTRIES	4096
#define LUT3D_SIZE	17

static const u64 curves = BIT(DRM_COLOROP_1D_CURVE_COUNT) - 1;

static const struct drm_colorop_funcs colorop_funcs = {
	.destroy = drm_colorop_destroy,
};

static int init_step(struct drm_plane *plane, struct drm_colorop *colorop,
		     enum drm_colorop_type type)
{
	u32 flags = DRM_COLOROP_FLAG_ALLOW_BYPASS;

	switch (type) {
	case DRM_COLOROP_1D_CURVE:
		return drm_plane_colorop_curve_1d_init(plane->dev, colorop, plane, &colorop_funcs,
						       curves, flags);
	case DRM_COLOROP_1D_LUT:
		return drm_plane_colorop_curve_1d_lut_init(plane->dev, colorop, plane,
							   &colorop_funcs, LUT_ENTRIES,
							   DRM_COLOROP_LUT1D_INTERPOLATION_LINEAR,
							   flags);
	case DRM_COLOROP_CTM_3X4:
		return drm_plane_colorop_ctm_3x4_init(plane->dev, colorop, plane, &colorop_funcs,
						      flags);
	case DRM_COLOROP_MULTIPLIER:
		return drm_plane_colorop_mult_init(plane->dev, colorop, plane, &colorop_funcs,
						   flags);
	case DRM_COLOROP_3D_LUT:
		return drm_plane_colorop_3dlut_init(plane->dev, colorop, plane, &colorop_funcs,
						    LUT3D_SIZE,
						    DRM_COLOROP_LUT3D_INTERPOLATION_TETRAHEDRAL,
						    flags);
	}

	return -EINVAL;
}

static struct drm_colorop *create_step(struct drm_plane *plane, enum drm_colorop_type type)
{
	struct drm_colorop *colorop;
	int ret;

	colorop = kzalloc_obj(*colorop);
	if (!colorop)
		return ERR_PTR(-ENOMEM);
	ret = init_step(plane, colorop, type);
	if (ret) {
		/* What is in DRM's list already is destroyed with it, half made or not. */
		if (!colorop->head.next)
			kfree(colorop);
		return ERR_PTR(ret);
	}

	return colorop;
}

int vskms_colorop_create_pipeline(struct drm_plane *plane)
{
	static const enum drm_colorop_type steps[] = {
		DRM_COLOROP_1D_CURVE,
		DRM_COLOROP_1D_LUT,
		DRM_COLOROP_MULTIPLIER,
		DRM_COLOROP_CTM_3X4,
		DRM_COLOROP_CTM_3X4,
		DRM_COLOROP_1D_CURVE,
		DRM_COLOROP_1D_LUT,
		DRM_COLOROP_3D_LUT,
		DRM_COLOROP_1D_CURVE,
	};
	struct drm_prop_enum_list pipeline = {};
	struct drm_colorop *last = NULL, *step;
	char name[32];

	static_assert(ARRAY_SIZE(steps) <= COMPOSITOR_COLOROPS);

	for (unsigned int i = 0; i < ARRAY_SIZE(steps); i++) {
		step = create_step(plane, steps[i]);
		if (IS_ERR(step))
			return PTR_ERR(step);
		if (last)
			drm_colorop_set_next_property(last, step);
		else
			pipeline.type = step->base.id;
		last = step;
	}
	snprintf(name, sizeof(name), "Color Pipeline %d", pipeline.type);
	pipeline.name = name;

	return drm_plane_create_color_pipeline_property(plane, &pipeline, 1);
}
