// SPDX-License-Identifier: GPL-2.0
/*
 * A pipeline that does per pixel what vkms 7.3 does, to compare with. It is written from a
 * description of vkms, not from its source; make bench measures vkms itself.
 *
 * For each line: fill it with the background, eight bytes a pixel; for each plane there, read
 * its line to ARGB16161616, pass all of the line through the colour pipeline, which is empty
 * but run, and blend as premultiplied, two products and a division for each of three channels.
 * The consumer gets eight bytes a pixel.
 */
#pragma once

#include <cstdint>

namespace vskms::bench {

struct Pixel64 {
	std::uint16_t b, g, r, a;
};

static_assert(sizeof(Pixel64) == 8);

struct VkmsPlane {
	enum Kind { xrgb, argb, nv12 } kind;
	const std::uint8_t *data[2];
	std::uint32_t pitch[2];
	std::int32_t x, y, width, height;	// in the scene
	bool rotate_90;				// counter-clockwise
};

struct VkmsScene {
	std::int32_t width, height;
	const VkmsPlane *plane;
	unsigned int planes;
	bool pipeline;	// run the empty colour pipeline
};

using VkmsLine = void (*)(void *context, const Pixel64 *line, unsigned int pixels);

/* @line and @stage have room for a line each; @target, if any, is XRGB8888. */
void vkms_run(const VkmsScene &scene, Pixel64 *line, Pixel64 *stage, std::uint32_t *target,
	      VkmsLine consumer, void *context);

} // namespace vskms::bench
