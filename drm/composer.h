/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_COMPOSER_H
#define VSKMS_COMPOSER_H

#include "compositor/compositor.h"
#include "mapping.h"

struct work_struct;

/**
 * struct vskms_frame - a composition on its way
 * @memory: where each layer's pixels are
 * @view: what is open for that
 * @crc: of the lines so far
 */
struct vskms_frame {
	struct compositor_memory memory[COMPOSITOR_PLANES];
	struct vskms_view view[COMPOSITOR_PLANES];
	u32 crc;
};

/**
 * vskms_compose() - compose a CRTC's frame, for its CRC and writeback
 * @work: the CRTC's
 *
 * Reads the CRTC's snapshot and nothing else of DRM's. It is on the way of a fence: takes
 * no reservation lock, waits for no fence, allocates nothing.
 */
void vskms_compose(struct work_struct *work);

#endif
