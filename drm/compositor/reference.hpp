// SPDX-License-Identifier: GPL-2.0
/*
 * What compositor.h says, pixel by pixel: the definition that the compositor is tested against.
 *
 * It is written to be checked by reading, beside compositor.h, drm_fourcc.h and the kernel's
 * documentation of the plane properties: a pixel is found, read, coloured and blended by itself,
 * all division is division, and nothing is shared with the compositor but the table of formats,
 * the factors of YUV and the transfer curves.
 */
#pragma once

#include "compositor.h"
#include "curve.hpp"
#include "format.hpp"
#include "yuv.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace vskms::reference {

using Channels = std::array<std::int64_t, 3>;	// red, green, blue

struct Pixel {
	Channels colour;		// each 0..65535
	std::int64_t alpha = 65535;
};

struct Point {
	std::int64_t x, y;
};

inline std::int64_t divide_rounded(std::int64_t a, std::int64_t b)
{
	return (2 * a + b) / (2 * b);	// for a >= 0
}

inline std::int64_t clamp16(std::int64_t v)
{
	return std::clamp<std::int64_t>(v, 0, 65535);
}

/* A colour of @bits bits. */
inline std::int64_t expand(std::int64_t v, int bits)
{
	return divide_rounded(v * 65535, (1 << bits) - 1);
}

/* To @bits bits. */
inline std::int64_t reduce(std::int64_t v, int bits)
{
	return divide_rounded(v * ((1 << bits) - 1), 65535);
}

/* Where in the framebuffer lies what is shown at @at, from the destination's top left corner? */
inline Point source_of(const compositor_plane &plane, Point at)
{
	const std::int64_t w = plane.src_w, h = plane.src_h;
	Point p;

	switch (plane.rotation & 0xf) {
	case 1 << 1:	// 90 degrees counter-clockwise: the right edge comes to the top
		p = {w - 1 - at.y, at.x};
		break;
	case 1 << 2:
		p = {w - 1 - at.x, h - 1 - at.y};
		break;
	case 1 << 3:	// 270: the left edge comes to the top
		p = {at.y, h - 1 - at.x};
		break;
	default:
		p = at;
	}
	if (plane.rotation & 1 << 4)
		p.x = w - 1 - p.x;
	if (plane.rotation & 1 << 5)
		p.y = h - 1 - p.y;
	return {plane.src_x + p.x, plane.src_y + p.y};
}

/* The @bytes bytes of sample @x in row @y of a memory plane, as a little-endian number. */
inline std::uint64_t load(const compositor_plane &plane, const compositor_memory &memory,
			  int index, std::int64_t x, std::int64_t y, int bytes)
{
	const auto *p = static_cast<const std::uint8_t *>(memory.data[index]) +
			y * plane.pitch[index] + x * bytes;
	std::uint64_t v = 0;

	for (int i = bytes - 1; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* From luma and chroma samples of @depth bits. */
inline Pixel from_yuv(const compositor_plane &plane, int depth, std::int64_t y, std::int64_t u,
		      std::int64_t v)
{
	const auto &all = depth == 8 ? yuv_factors_of<8> : depth == 10 ? yuv_factors_of<10> :
			  depth == 12 ? yuv_factors_of<12> : yuv_factors_of<16>;
	const YuvFactors &f = all[plane.encoding][plane.range];
	const auto product = [](std::int64_t factor, std::int64_t sample) {
		return (factor * sample + (1 << 19)) >> 20;
	};
	const auto channel = [](std::int64_t quarters) { return clamp16((quarters + 2) >> 2); };

	y -= f.y_zero;
	u -= f.uv_zero;
	v -= f.uv_zero;
	return {{channel(product(f.y, y) + product(f.red_v, v)),
		 channel(product(f.y, y) + product(f.green_u, u) + product(f.green_v, v)),
		 channel(product(f.y, y) + product(f.blue_u, u))}};
}

inline Pixel read_yuv(const compositor_plane &plane, const compositor_memory &memory,
		      const Format &format, Point at)
{
	const std::int64_t cx = at.x / format.hsub, cy = at.y / format.vsub;
	const int bytes = format.plane[0].block_bytes;

	if (format.planes == 3) {
		const bool vu = format.code == fourcc("YV12") || format.code == fourcc("YV16") ||
				format.code == fourcc("YV24");

		return from_yuv(plane, 8, load(plane, memory, 0, at.x, at.y, 1),
				load(plane, memory, vu ? 2 : 1, cx, cy, 1),
				load(plane, memory, vu ? 1 : 2, cx, cy, 1));
	}

	const int depth = format.code == fourcc("P010") ? 10 : format.code == fourcc("P012") ? 12 :
			  8 * bytes;
	const int unused = 8 * bytes - depth;	// the lowest bits
	const bool vu = format.code == fourcc("NV21") || format.code == fourcc("NV61") ||
			format.code == fourcc("NV42");
	const std::int64_t first = load(plane, memory, 1, 2 * cx, cy, bytes) >> unused;
	const std::int64_t second = load(plane, memory, 1, 2 * cx + 1, cy, bytes) >> unused;

	return from_yuv(plane, depth, load(plane, memory, 0, at.x, at.y, bytes) >> unused,
			vu ? second : first, vu ? first : second);
}

/* The pixel at @at of the framebuffer. */
inline Pixel read(const compositor_plane &plane, const compositor_memory &memory, Point at)
{
	const Format &format = *find_format(plane.format);

	if (format.yuv)
		return read_yuv(plane, memory, format, at);

	const int bytes = format.plane[0].block_bytes, pixels = format.plane[0].block_pixels;
	const std::uint64_t v = load(plane, memory, 0, at.x / pixels, at.y, bytes);
	const auto bits = [v](int from, int n) -> std::int64_t {
		return expand(v >> from & ((1 << n) - 1), n);
	};

	switch (format.code) {
	case fourcc("XR24"):
	case fourcc("RG24"):
		return {{bits(16, 8), bits(8, 8), bits(0, 8)}};
	case fourcc("XB24"):
	case fourcc("BG24"):
		return {{bits(0, 8), bits(8, 8), bits(16, 8)}};
	case fourcc("AR24"):
		return {{bits(16, 8), bits(8, 8), bits(0, 8)}, bits(24, 8)};
	case fourcc("AB24"):
		return {{bits(0, 8), bits(8, 8), bits(16, 8)}, bits(24, 8)};
	case fourcc("RA24"):
		return {{bits(24, 8), bits(16, 8), bits(8, 8)}, bits(0, 8)};
	case fourcc("BA24"):
		return {{bits(8, 8), bits(16, 8), bits(24, 8)}, bits(0, 8)};
	case fourcc("XR48"):
		return {{bits(32, 16), bits(16, 16), bits(0, 16)}};
	case fourcc("XB48"):
		return {{bits(0, 16), bits(16, 16), bits(32, 16)}};
	case fourcc("AR48"):
		return {{bits(32, 16), bits(16, 16), bits(0, 16)}, bits(48, 16)};
	case fourcc("AB48"):
		return {{bits(0, 16), bits(16, 16), bits(32, 16)}, bits(48, 16)};
	case fourcc("RG16"):
		return {{bits(11, 5), bits(5, 6), bits(0, 5)}};
	case fourcc("BG16"):
		return {{bits(0, 5), bits(5, 6), bits(11, 5)}};
	}

	// R1 to R8: the leftmost pixel is in the highest bits.
	const int depth = 8 / pixels;
	const std::int64_t grey = bits(8 - depth * (at.x % pixels + 1), depth);

	return {{grey, grey, grey}};
}

/* In a colour pipeline a channel has 8 bits of fraction: 1.0 is 65535 * 256, that is unity. */
inline Channels to_pipeline(const Channels &c)
{
	return {256 * c[0], 256 * c[1], 256 * c[2]};
}

inline std::int64_t clamp_value(std::int64_t v)
{
	return std::clamp<std::int64_t>(v, 0, unity);
}

inline Channels from_pipeline(const Channels &c)
{
	return {divide_rounded(clamp_value(c[0]), 256), divide_rounded(clamp_value(c[1]), 256),
		divide_rounded(clamp_value(c[2]), 256)};
}

/* Unclamped, but within +-128. */
inline Channels apply(const compositor_matrix &matrix, const Channels &in)
{
	using Integer = __int128;
	constexpr Integer most = Integer{128} * unity;
	const auto factor = [&](int i) -> Integer {
		constexpr std::int64_t limit = std::int64_t{4096} << 32;

		return (std::clamp<std::int64_t>(matrix.m[i], -limit, limit) + (1 << 7)) >> 8;
	};
	Channels out;

	for (int i = 0; i < 3; i++) {
		const Integer sum = factor(4 * i) * in[0] + factor(4 * i + 1) * in[1] +
				    factor(4 * i + 2) * in[2] + factor(4 * i + 3) * unity;

		out[i] = static_cast<std::int64_t>(std::clamp((sum + (1 << 23)) >> 24, -most,
							      most));
	}
	return out;
}

constexpr std::int64_t entry_of_white = 0xffffffff;

inline Channels apply(const compositor_lut &lut, const Channels &in)
{
	const unsigned int *const tables[] = {lut.red, lut.green, lut.blue};
	Channels out;

	for (int i = 0; i < 3; i++) {
		const std::int64_t position = clamp_value(in[i]) * (lut.entries - 1);
		const std::int64_t entry = std::min<std::int64_t>(position / unity,
								  lut.entries - 2);
		const std::int64_t beyond = position - entry * unity;	// unity: the next entry

		out[i] = divide_rounded(tables[i][entry] * (unity - beyond) +
					tables[i][entry + 1] * beyond, entry_of_white);
	}
	return out;
}

inline Channels apply(compositor_curve curve, const Channels &in)
{
	const auto of = [&](std::int64_t v) -> std::int64_t {
		return curved(curves[curve], static_cast<std::int32_t>(v));
	};

	return {of(in[0]), of(in[1]), of(in[2])};
}

/*
 * The cube is cut into six tetrahedra, by which of the channels is how far from its entry: where
 * x >= y >= z, the corners are 000, 100, 110 and 111, and their weights 1 - x, x - y, y - z, z.
 */
inline Channels apply(const compositor_lut3d &cube, const Channels &in)
{
	Channels entry, beyond, out;

	for (int i = 0; i < 3; i++) {
		const std::int64_t position = clamp_value(in[i]) * (cube.size - 1);

		entry[i] = std::min<std::int64_t>(position / unity, cube.size - 2);
		beyond[i] = position - entry[i] * unity;
	}

	std::array<int, 3> order = {0, 1, 2};

	std::ranges::stable_sort(order, [&](int a, int b) { return beyond[a] > beyond[b]; });
	for (int channel = 0; channel < 3; channel++) {
		Channels corner = entry;
		const auto at = [&]() -> std::int64_t {
			return cube.table[3 * (corner[0] + cube.size *
					       (corner[1] + cube.size * corner[2])) + channel];
		};
		std::int64_t sum = at() * (unity - beyond[order[0]]);

		for (int i = 0; i < 3; i++) {
			corner[order[i]]++;
			sum += at() * (beyond[order[i]] - (i < 2 ? beyond[order[i + 1]] : 0));
		}
		out[channel] = divide_rounded(sum, entry_of_white);
	}
	return out;
}

inline Channels apply(const compositor_colorop &op, const Channels &in)
{
	switch (op.type) {
	case COMPOSITOR_LUT:
		return apply(op.lut, in);
	case COMPOSITOR_MATRIX:
		return apply(op.matrix, in);
	case COMPOSITOR_CURVE:
		return apply(op.curve, in);
	case COMPOSITOR_LUT3D:
		return apply(op.cube, in);
	}
	return in;
}

/* What @plane adds at @at of the scene to what is below. */
inline Channels blend(const compositor_plane &plane, const compositor_memory &memory, Point at,
		      const Channels &below)
{
	const bool sideways = plane.rotation & (1 << 1 | 1 << 3);
	const Point inside = {at.x - plane.dst_x, at.y - plane.dst_y};

	if (inside.x < 0 || inside.x >= (sideways ? plane.src_h : plane.src_w) ||
	    inside.y < 0 || inside.y >= (sideways ? plane.src_w : plane.src_h))
		return below;
	if (!memory.data[0])
		return {0, 0, 0};

	const Pixel pixel = read(plane, memory, source_of(plane, inside));
	Channels fg = to_pipeline(pixel.colour);

	for (unsigned int i = 0; i < plane.colorops; i++)
		fg = apply(plane.colorop[i], fg);
	fg = from_pipeline(fg);

	const std::int64_t alpha = plane.blend == COMPOSITOR_BLEND_NONE ? plane.alpha :
				   divide_rounded(plane.alpha * pixel.alpha, 65535);
	Channels out;

	for (int i = 0; i < 3; i++) {
		if (plane.blend == COMPOSITOR_BLEND_PREMULTIPLIED)
			out[i] = clamp16(divide_rounded(plane.alpha * fg[i], 65535) +
					 divide_rounded((65535 - alpha) * below[i], 65535));
		else
			out[i] = divide_rounded(alpha * fg[i] + (65535 - alpha) * below[i], 65535);
	}
	return out;
}

/* The scene's pixel at @at. */
inline Channels compose(const compositor_scene &scene, const compositor_memory *memory, Point at)
{
	const auto background = [&](int from) -> std::int64_t {
		return scene.background >> from & 0xffff;
	};
	Channels out = {background(32), background(16), background(0)};

	for (unsigned int i = 0; i < scene.planes; i++)
		out = blend(scene.plane[i], memory[i], at, out);
	out = to_pipeline(out);
	if (scene.ctm)
		out = apply(*scene.ctm, out);
	if (scene.gamma)
		out = apply(*scene.gamma, out);
	return from_pipeline(out);
}

/* How a target's format stores it, as a little-endian number; nothing if it is no such format. */
inline std::optional<std::uint64_t> stored(std::uint32_t format, const Channels &c)
{
	const auto of = [&](int channel, int bits, int at) {
		return static_cast<std::uint64_t>(reduce(c[channel], bits)) << at;
	};

	switch (format) {
	case fourcc("XR24"):
	case fourcc("AR24"):
		return 0xff000000 | of(0, 8, 16) | of(1, 8, 8) | of(2, 8, 0);
	case fourcc("XB24"):
	case fourcc("AB24"):
		return 0xff000000 | of(2, 8, 16) | of(1, 8, 8) | of(0, 8, 0);
	case fourcc("XR48"):
	case fourcc("AR48"):
		return 0xffffull << 48 | of(0, 16, 32) | of(1, 16, 16) | of(2, 16, 0);
	case fourcc("XB48"):
	case fourcc("AB48"):
		return 0xffffull << 48 | of(2, 16, 32) | of(1, 16, 16) | of(0, 16, 0);
	case fourcc("RG16"):
		return of(0, 5, 11) | of(1, 6, 5) | of(2, 5, 0);
	}
	return std::nullopt;
}

/* In XRGB8888, as compositor_line gets it. */
inline std::uint32_t line_pixel(const Channels &c)
{
	return static_cast<std::uint32_t>(*stored(fourcc("XR24"), c)) & 0xffffff;
}

} // namespace vskms::reference
