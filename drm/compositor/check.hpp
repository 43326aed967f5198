// SPDX-License-Identifier: GPL-2.0
/*
 * Is a scene one that can be composed? What is checked here once is what the rest of the
 * compositor relies on at every pixel:
 *
 *	[1] 1 <= width, height <= 8192, so a line fits its scratch
 *	[2] a plane's framebuffer has a plane_layout(), and each pitch holds a row of it
 *	[3] the part that is shown lies inside the framebuffer, so each of its pixels does, and
 *	    so do their chroma samples, whose counts are rounded up
 *	[4] a LUT has 2 to 65536 entries, and a cube 2 to 33 along its edge, so that a position
 *	    in either is a number (colour.hpp)
 *	[5] enums and counts are in range, so they may be indices
 */
#pragma once

#include "compositor.h"
#include "format.hpp"

#include <cstddef>
#include <cstdint>

namespace vskms {

/* The bits of DRM's rotation property. */
enum : unsigned int {
	rotate_0 = 1 << 0,
	rotate_90 = 1 << 1,
	rotate_180 = 1 << 2,
	rotate_270 = 1 << 3,
	rotate_mask = 0xf,
	reflect_x = 1 << 4,
	reflect_y = 1 << 5,
	reflect_mask = reflect_x | reflect_y,
};

namespace detail {

[[nodiscard]] constexpr bool within(std::uint32_t offset, std::uint32_t size, std::uint32_t all)
{
	return size && offset <= all && size <= all - offset;
}

/* What a C caller stored in an enum may be none of its values. */
template <typename Enum>
[[nodiscard]] inline std::uint32_t value_of(const Enum &e)
{
	std::uint32_t value;

	static_assert(sizeof value == sizeof e);
	__builtin_memcpy(&value, &e, sizeof value);
	return value;
}

} // namespace detail

[[nodiscard]] inline bool valid(const compositor_lut &lut)
{
	return lut.entries >= 2 && lut.entries <= COMPOSITOR_LUT_ENTRIES && lut.red &&
	       lut.green && lut.blue;	// [4]
}

[[nodiscard]] inline bool valid(const compositor_colorop &op)
{
	switch (detail::value_of(op.type)) {
	case COMPOSITOR_LUT:
		return valid(op.lut);
	case COMPOSITOR_MATRIX:
		return true;
	case COMPOSITOR_CURVE:
		return detail::value_of(op.curve) < COMPOSITOR_CURVES;	// [5]
	case COMPOSITOR_LUT3D:
		return op.cube.size >= 2 && op.cube.size <= COMPOSITOR_LUT3D_SIZE &&
		       op.cube.table;	// [4]
	}
	return false;	// [5]
}

[[nodiscard]] inline bool valid(const compositor_plane &plane)
{
	const Format *const format = find_format(plane.format);

	if (!format)
		return false;
	for (std::size_t i = 0; i < format->planes; i++) {
		const auto layout = plane_layout(*format, i, plane.fb_width, plane.fb_height);

		if (!layout || plane.pitch[i] < layout->row_bytes)	// [2]
			return false;
	}
	if (!detail::within(plane.src_x, plane.src_w, plane.fb_width) ||
	    !detail::within(plane.src_y, plane.src_h, plane.fb_height))	// [3]
		return false;

	const std::uint32_t angle = plane.rotation & rotate_mask;

	if (plane.rotation & ~(rotate_mask | reflect_mask) || !angle || angle & (angle - 1))
		return false;
	if (detail::value_of(plane.blend) > COMPOSITOR_BLEND_NONE ||
	    detail::value_of(plane.encoding) > COMPOSITOR_BT2020 ||
	    detail::value_of(plane.range) > COMPOSITOR_FULL ||
	    plane.colorops > COMPOSITOR_COLOROPS)	// [5]
		return false;

	for (std::size_t i = 0; i < plane.colorops; i++)
		if (!valid(plane.colorop[i]))
			return false;
	return true;
}

[[nodiscard]] inline bool valid(const compositor_scene &scene)
{
	if (!scene.width || scene.width > COMPOSITOR_MAX_SIZE || !scene.height ||
	    scene.height > COMPOSITOR_MAX_SIZE)	// [1]
		return false;
	if (scene.planes > COMPOSITOR_PLANES || (scene.planes && !scene.plane))	// [5]
		return false;
	for (std::size_t i = 0; i < scene.planes; i++)
		if (!valid(scene.plane[i]))
			return false;
	return !scene.gamma || valid(*scene.gamma);
}

} // namespace vskms
