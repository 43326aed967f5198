/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_COLOR_H
#define VSKMS_COLOR_H

#include "compositor/compositor.h"

struct drm_crtc_state;

/**
 * struct color - a CRTC's colour management, as the compositor takes it
 * @ctm: the matrix, if @has_ctm
 * @gamma: the tables, if @has_gamma; in @tables
 * @has_ctm: whether there is a matrix
 * @has_gamma: whether there are tables
 * @tables: red, then green, then blue; owned
 */
struct color {
	struct compositor_matrix ctm;
	struct compositor_lut gamma;
	bool has_ctm;
	bool has_gamma;
	unsigned int *tables;
};

/**
 * color_of_crtc() - read a CRTC's colour management
 * @color: a zeroed structure, for color_free()
 * @state: the CRTC's
 *
 * May sleep. Tables for which there is no memory are left out, which is -ENOMEM.
 *
 * Return: 0 or -ENOMEM.
 */
int color_of_crtc(struct color *color, const struct drm_crtc_state *state);

/**
 * color_free() - free the tables
 * @color: from color_of_crtc(), or zeroed
 */
void color_free(struct color *color);

#endif
