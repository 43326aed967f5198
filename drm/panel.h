/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_PANEL_H
#define VSKMS_PANEL_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/types.h>

struct drm_crtc;

/**
 * struct vskms_capture - an image of the panel that somebody waits for
 * @link: among the CRTC's captures until a vblank takes it, then among those of one
 *	  composition; guarded by the CRTC's lock until then
 * @width: of the image, and of what the CRTC shows as long as this is among its captures
 * @height: the same
 * @pixels: where it goes, row by row, three bytes a pixel: red, green, blue
 * @error: once it is @done, 0 or a negative errno
 * @done: it is of no interest to anybody else any more
 *
 * Owned by who waits, who takes it back only before it was taken.
 */
struct vskms_capture {
	struct list_head link;
	unsigned int width, height;
	u8 *pixels;
	int error;
	struct completion done;
};

/**
 * vskms_captures_line() - a line was composed
 * @captures: struct vskms_capture, those that want the frame
 * @y: which line
 * @line: XRGB8888
 * @bytes: 4 for each pixel
 */
void vskms_captures_line(const struct list_head *captures, unsigned int y, const u32 *line,
			 unsigned int bytes);

/**
 * vskms_captures_end() - the images are there, or never will be
 * @captures: struct vskms_capture; empty afterwards
 * @error: 0 or a negative errno
 */
void vskms_captures_end(struct list_head *captures, int error);

/**
 * vskms_panel_register() - let root see a CRTC's panel, if panel_capture=1
 * @crtc: the CRTC, as its debugfs directory has been made
 *
 * Return: 0, as no display depends on it.
 */
int vskms_panel_register(struct drm_crtc *crtc);

#endif
