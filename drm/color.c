// SPDX-License-Identifier: GPL-2.0
/*
 * Colour management: from DRM's blobs to the compositor's tables and matrices.
 */

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_atomic.h>
#include <drm/drm_color_mgmt.h>
#include <drm/drm_colorop.h>
#include <drm/drm_crtc.h>
#include <drm/drm_plane.h>
#include <drm/drm_print.h>
#include <drm/drm_property.h>

#include "color.h"

/* A table that a scene is made of. */
struct color_table {
	struct list_head node;
	unsigned int entry[];
};

void color_init(struct color *color)
{
	*color = (struct color){};
	INIT_LIST_HEAD(&color->tables);
}

void color_free(struct color *color)
{
	struct color_table *table, *next;

	list_for_each_entry_safe(table, next, &color->tables, node)
		kvfree(table);
}

static unsigned int *new_table(struct color *color, unsigned int entries)
{
	struct color_table *table = kvmalloc_flex(*table, entry, entries);

	if (!table)
		return NULL;
	list_add(&table->node, &color->tables);

	return table->entry;
}

/* Matrices */

/* DRM's factors have a sign bit and a magnitude, 31.32. */
static long long from_sign_magnitude(u64 value)
{
	long long magnitude = value & ~BIT_ULL(63);

	return value & BIT_ULL(63) ? -magnitude : magnitude;
}

static bool within_range(const u64 *factors, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if ((factors[i] & ~BIT_ULL(63)) > 4096ULL << 32)
			return false;

	return true;
}

static void read_ctm(struct color *color, const struct drm_color_ctm *ctm)
{
	for (int row = 0; row < 3; row++)
		for (int column = 0; column < 3; column++)
			color->ctm.m[row * 4 + column] =
				from_sign_magnitude(ctm->matrix[row * 3 + column]);
	color->has_ctm = true;
}

static void read_ctm_3x4(struct compositor_colorop *op, const struct drm_color_ctm_3x4 *ctm)
{
	op->type = COMPOSITOR_MATRIX;
	for (unsigned int i = 0; i < ARRAY_SIZE(ctm->matrix); i++)
		op->matrix.m[i] = from_sign_magnitude(ctm->matrix[i]);
}

static void read_multiplier(struct compositor_colorop *op, u64 multiplier)
{
	op->type = COMPOSITOR_MATRIX;
	op->matrix = (struct compositor_matrix){};
	for (int row = 0; row < 3; row++)
		op->matrix.m[row * 4 + row] = from_sign_magnitude(multiplier);
}

/* Tables */

/* Red, then green, then blue, of @entries each. */
static void set_lut(struct compositor_lut *lut, unsigned int *table, unsigned int entries)
{
	lut->entries = entries;
	lut->red = table;
	lut->green = table + entries;
	lut->blue = table + 2 * entries;
}

/* 16 bits to 32, exactly. */
static unsigned int widened(u16 entry)
{
	return entry * 0x10001u;
}

static int read_gamma(struct color *color, const struct drm_property_blob *blob)
{
	const struct drm_color_lut *lut = blob->data;
	unsigned int entries = drm_color_lut_size(blob);
	unsigned int *table = new_table(color, 3 * entries);

	if (!table)
		return -ENOMEM;
	for (unsigned int i = 0; i < entries; i++) {
		table[i] = widened(lut[i].red);
		table[entries + i] = widened(lut[i].green);
		table[2 * entries + i] = widened(lut[i].blue);
	}
	set_lut(&color->gamma, table, entries);
	color->has_gamma = true;

	return 0;
}

static int read_lut(struct color *color, struct compositor_colorop *op,
		    const struct drm_property_blob *blob)
{
	const struct drm_color_lut32 *lut = blob->data;
	unsigned int entries = drm_color_lut32_size(blob);
	unsigned int *table = new_table(color, 3 * entries);

	if (!table)
		return -ENOMEM;
	for (unsigned int i = 0; i < entries; i++) {
		table[i] = lut[i].red;
		table[entries + i] = lut[i].green;
		table[2 * entries + i] = lut[i].blue;
	}
	op->type = COMPOSITOR_LUT;
	set_lut(&op->lut, table, entries);

	return 0;
}

static int read_lut3d(struct color *color, struct compositor_colorop *op,
		      const struct drm_property_blob *blob, unsigned int size)
{
	const struct drm_color_lut32 *lut = blob->data;
	unsigned int entries = drm_color_lut32_size(blob);
	unsigned int *table = new_table(color, 3 * entries);

	if (!table)
		return -ENOMEM;
	for (unsigned int i = 0; i < entries; i++) {
		table[3 * i] = lut[i].red;
		table[3 * i + 1] = lut[i].green;
		table[3 * i + 2] = lut[i].blue;
	}
	op->type = COMPOSITOR_LUT3D;
	op->cube.size = size;
	op->cube.table = table;

	return 0;
}

static enum compositor_curve curve_of(enum drm_colorop_curve_1d_type type)
{
	static const enum compositor_curve curves[] = {
		[DRM_COLOROP_1D_CURVE_SRGB_EOTF] = COMPOSITOR_SRGB_EOTF,
		[DRM_COLOROP_1D_CURVE_SRGB_INV_EOTF] = COMPOSITOR_SRGB_INV_EOTF,
		[DRM_COLOROP_1D_CURVE_PQ_125_EOTF] = COMPOSITOR_PQ_125_EOTF,
		[DRM_COLOROP_1D_CURVE_PQ_125_INV_EOTF] = COMPOSITOR_PQ_125_INV_EOTF,
		[DRM_COLOROP_1D_CURVE_BT2020_INV_OETF] = COMPOSITOR_BT2020_INV_OETF,
		[DRM_COLOROP_1D_CURVE_BT2020_OETF] = COMPOSITOR_BT2020_OETF,
		[DRM_COLOROP_1D_CURVE_GAMMA22] = COMPOSITOR_GAMMA22,
		[DRM_COLOROP_1D_CURVE_GAMMA22_INV] = COMPOSITOR_GAMMA22_INV,
	};

	static_assert(ARRAY_SIZE(curves) == DRM_COLOROP_1D_CURVE_COUNT);

	return curves[type];
}

/* Of the CRTC, and of planes */

int color_check_crtc(const struct drm_crtc_state *state, unsigned int most)
{
	const struct drm_device *drm = state->crtc->dev;

	if (state->ctm) {
		const struct drm_color_ctm *ctm = state->ctm->data;

		if (!within_range(ctm->matrix, ARRAY_SIZE(ctm->matrix))) {
			drm_dbg_atomic(drm, "CTM: a factor is beyond +-4096\n");
			return -EINVAL;
		}
	}
	if (state->gamma_lut) {
		unsigned int entries = drm_color_lut_size(state->gamma_lut);

		if (entries < 2 || entries > most) {
			drm_dbg_atomic(drm, "GAMMA_LUT: %u entries, not 2 to %u\n", entries, most);
			return -EINVAL;
		}
	}

	return 0;
}

int color_of_crtc(struct color *color, const struct drm_crtc_state *state)
{
	if (state->ctm)
		read_ctm(color, state->ctm->data);

	return state->gamma_lut ? read_gamma(color, state->gamma_lut) : 0;
}

/*
 * The state of a step. Whoever has the plane's state in a commit has its lock, and that
 * is the steps', too; a step that is not in the commit stays as it is.
 */
static const struct drm_colorop_state *step_state(struct drm_atomic_commit *commit,
						  struct drm_colorop *step)
{
	return drm_atomic_get_new_colorop_state(commit, step) ?: step->state;
}

static int check_step(const struct drm_colorop *step, const struct drm_colorop_state *state)
{
	const struct drm_color_ctm_3x4 *ctm;
	bool valid;

	switch (step->type) {
	case DRM_COLOROP_1D_CURVE:
		return 0;
	case DRM_COLOROP_MULTIPLIER:
		valid = within_range(&state->multiplier, 1);
		break;
	case DRM_COLOROP_CTM_3X4:
		ctm = state->data ? state->data->data : NULL;
		valid = ctm && within_range(ctm->matrix, ARRAY_SIZE(ctm->matrix));
		break;
	default:
		/* DRM has checked its size. */
		valid = state->data;
	}
	if (!valid) {
		drm_dbg_atomic(step->dev, "[COLOROP:%d:%d] no data, or a factor beyond +-4096\n",
			       step->base.id, step->type);
		return -EINVAL;
	}

	return 0;
}

int color_check_plane(struct drm_atomic_commit *commit, const struct drm_plane_state *state)
{
	for (struct drm_colorop *step = state->color_pipeline; step; step = step->next) {
		const struct drm_colorop_state *now = step_state(commit, step);
		int ret = now->bypass ? 0 : check_step(step, now);

		if (ret)
			return ret;
	}

	return 0;
}

static int read_step(struct color *color, struct compositor_colorop *op,
		     const struct drm_colorop *step, const struct drm_colorop_state *state)
{
	switch (step->type) {
	case DRM_COLOROP_1D_CURVE:
		op->type = COMPOSITOR_CURVE;
		op->curve = curve_of(state->curve_1d_type);
		return 0;
	case DRM_COLOROP_1D_LUT:
		return read_lut(color, op, state->data);
	case DRM_COLOROP_CTM_3X4:
		read_ctm_3x4(op, state->data->data);
		return 0;
	case DRM_COLOROP_MULTIPLIER:
		read_multiplier(op, state->multiplier);
		return 0;
	case DRM_COLOROP_3D_LUT:
		return read_lut3d(color, op, state->data, step->size);
	}

	return 0;
}

int color_of_plane(struct color *color, struct drm_atomic_commit *commit,
		   const struct drm_plane_state *state, struct compositor_plane *plane)
{
	for (struct drm_colorop *step = state->color_pipeline; step; step = step->next) {
		const struct drm_colorop_state *now = step_state(commit, step);
		int ret;

		if (now->bypass)
			continue;
		ret = read_step(color, &plane->colorop[plane->colorops], step, now);
		if (ret)
			return ret;
		plane->colorops++;
	}

	return 0;
}
