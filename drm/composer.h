/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_COMPOSER_H
#define VSKMS_COMPOSER_H

#include <linux/list.h>
#include <linux/types.h>

#include "compositor/compositor.h"
#include "mapping.h"

struct work_struct;

/**
 * struct vskms_frame - a composition on its way
 * @memory: where each layer's pixels are
 * @view: what is open for that
 * @lines: how many there were so far
 * @checksum: whether they go into @crc
 * @crc: of the lines so far
 * @captures: struct vskms_capture, who gets them, too
 * @job: where the frame is written, a reference; or NULL
 * @target: what is open for that
 */
struct vskms_frame {
	struct compositor_memory memory[COMPOSITOR_PLANES];
	struct vskms_view view[COMPOSITOR_PLANES];
	unsigned int lines;
	bool checksum;
	u32 crc;
	struct list_head captures;
	struct vskms_mapping *job;
	struct vskms_view target;
};

/**
 * vskms_compose() - compose a CRTC's frame, for its CRC, writeback and captures
 * @work: the CRTC's
 *
 * Reads the CRTC's snapshot and nothing else of DRM's. It is on the way of a fence: takes
 * no reservation lock, waits for no fence, allocates nothing.
 */
void vskms_compose(struct work_struct *work);

#endif
