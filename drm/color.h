/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_COLOR_H
#define VSKMS_COLOR_H

#include <linux/list.h>

#include "compositor/compositor.h"

struct drm_atomic_commit;
struct drm_crtc_state;
struct drm_plane_state;

/**
 * struct color - a scene's colour management, as the compositor takes it
 * @ctm: the CRTC's matrix, if @has_ctm
 * @gamma: the CRTC's tables, if @has_gamma
 * @has_ctm: whether there is a matrix
 * @has_gamma: whether there are tables
 * @tables: the memory of all tables, those of planes too; owned
 *
 * Lives while a scene is made, which copies all of it.
 */
struct color {
	struct compositor_matrix ctm;
	struct compositor_lut gamma;
	bool has_ctm;
	bool has_gamma;
	struct list_head tables;
};

/**
 * color_init() - begin with nothing
 * @color: filled in, for color_free()
 */
void color_init(struct color *color);

/**
 * color_check_crtc() - can a CRTC's colour management be composed?
 * @state: the CRTC's new state
 * @most: entries of a gamma table
 *
 * Return: 0; -EINVAL if a factor of the matrix is not within +-4096, or the table has not 2 to
 * @most entries.
 */
int color_check_crtc(const struct drm_crtc_state *state, unsigned int most);

/**
 * color_of_crtc() - read a CRTC's colour management
 * @color: from color_init(); filled in
 * @state: the CRTC's, which color_check_crtc() accepted
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int color_of_crtc(struct color *color, const struct drm_crtc_state *state);

/**
 * color_check_plane() - can a plane's colour pipeline be composed?
 * @commit: the commit under way
 * @state: the plane's new state in it
 *
 * Return: 0; -EINVAL if a step that is not bypassed has no data, or a factor that is not
 * within +-4096.
 */
int color_check_plane(struct drm_atomic_commit *commit, const struct drm_plane_state *state);

/**
 * color_of_plane() - read a plane's colour pipeline
 * @color: from color_init(); keeps the tables
 * @commit: the commit under way
 * @state: the plane's new state in it, which color_check_plane() accepted
 * @plane: its steps are filled in, those that are bypassed left out
 *
 * May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int color_of_plane(struct color *color, struct drm_atomic_commit *commit,
		   const struct drm_plane_state *state, struct compositor_plane *plane);

/**
 * color_free() - free the tables
 * @color: from color_init()
 */
void color_free(struct color *color);

#endif
