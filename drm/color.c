// SPDX-License-Identifier: GPL-2.0
/*
 * Colour management: from DRM's blobs to the compositor's tables and matrices.
 */

#include <linux/bits.h>
#include <linux/slab.h>

#include <drm/drm_color_mgmt.h>
#include <drm/drm_crtc.h>
#include <drm/drm_property.h>

#include "color.h"

/* DRM's matrices have a sign bit and a magnitude, 31.32. */
static long long from_sign_magnitude(u64 value)
{
	long long magnitude = value & ~BIT_ULL(63);

	return value & BIT_ULL(63) ? -magnitude : magnitude;
}

static void read_ctm(struct color *color, const struct drm_property_blob *blob)
{
	const struct drm_color_ctm *ctm = blob->data;

	for (int row = 0; row < 3; row++)
		for (int column = 0; column < 3; column++)
			color->ctm.m[row * 4 + column] =
				from_sign_magnitude(ctm->matrix[row * 3 + column]);
	color->has_ctm = true;
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
	unsigned int *tables;

	tables = kvmalloc_array(entries, 3 * sizeof(*tables), GFP_KERNEL);
	if (!tables)
		return -ENOMEM;
	for (unsigned int i = 0; i < entries; i++) {
		tables[i] = widened(lut[i].red);
		tables[entries + i] = widened(lut[i].green);
		tables[2 * entries + i] = widened(lut[i].blue);
	}
	color->tables = tables;
	color->gamma.entries = entries;
	color->gamma.red = tables;
	color->gamma.green = tables + entries;
	color->gamma.blue = tables + 2 * entries;
	color->has_gamma = true;

	return 0;
}

int color_of_crtc(struct color *color, const struct drm_crtc_state *state)
{
	if (state->ctm)
		read_ctm(color, state->ctm);

	return state->gamma_lut ? read_gamma(color, state->gamma_lut) : 0;
}

void color_free(struct color *color)
{
	kvfree(color->tables);
}
