// SPDX-License-Identifier: GPL-2.0
/*
 * A picture as a buffer has it: pixels to samples.
 *
 * XR24 and AR24 are the picture's bytes; AR24's colours are multiplied by alpha, as the
 * "Pre-multiplied" blend mode has it:
 *
 *	c' = round(c * a / 255)
 *
 * NV12 and P010 are BT.709 in limited range, with n = 8 or 10 bits a sample (P010's are the
 * upper 10 of 16). R, G, B are in [0, 1], alpha is dropped:
 *
 *	Y  = 0.2126 R + 0.7152 G + 0.0722 B		y  = round(2^(n-8) * ( 16 + 219 Y))
 *	Cb = (B - Y) / 1.8556				cb = round(2^(n-8) * (128 + 224 Cb))
 *	Cr = (R - Y) / 1.5748				cr = round(2^(n-8) * (128 + 224 Cr))
 *
 * A chroma sample stands for 2x2 pixels, fewer at an odd edge, and is of their mean R, G, B.
 * Who shows a frame sets the plane's COLOR_ENCODING and COLOR_RANGE to match.
 */
#pragma once

#include "layout.hpp"
#include "picture.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace vskms::svp {

struct Frame {
	Layout layout;
	std::vector<std::byte> bytes; // layout.size

	/* Wrong: what Layout::of() refuses. */
	[[nodiscard]] static Result<Frame> of(const Picture &picture, std::uint32_t format);
};

/* XRGB8888, or ARGB8888 without its alpha, as writeback gives it: @pitch bytes a row. */
[[nodiscard]] Picture picture_of_xrgb(std::span<const std::byte> data, std::uint32_t width,
				      std::uint32_t height, std::uint32_t pitch);

} // namespace vskms::svp
