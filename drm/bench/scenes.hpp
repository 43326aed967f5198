// SPDX-License-Identifier: GPL-2.0
/*
 * The scenes that are measured, on the host and in the guest, all of 1920x1080:
 *
 *	opaque		an XRGB8888 primary
 *	argb		and an ARGB8888 overlay of 1280x720: a third clear, a third solid, a third
 *			translucent
 *	veil		the primary below an ARGB8888 overlay of its size, translucent everywhere
 *	nv12		the primary and an NV12 overlay of 1280x720
 *	osd		an NV12 primary and that ARGB8888 overlay
 *	cursor		the primary and an ARGB8888 cursor of 64x64
 *	rotated		an XRGB8888 primary of 1080x1920, rotated by 90 degrees
 */
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace vskms::bench {

inline constexpr int width = 1920, height = 1080;

struct Layer {
	enum Kind { xrgb, argb_thirds, argb_translucent, nv12 } kind;
	int width, height;	// of the picture
	int x, y;		// where it is shown
	bool rotated = false;
	bool cursor = false;
};

struct Scene {
	std::string_view name;
	std::array<Layer, 2> layer;
	std::size_t layers;	// 1 or 2, the primary first

	[[nodiscard]] std::span<const Layer> all() const { return std::span{layer}.first(layers); }
};

inline constexpr Layer primary{Layer::xrgb, width, height, 0, 0};
inline constexpr Layer window{Layer::argb_thirds, 1280, 720, 320, 180};

inline constexpr std::array<Scene, 7> scenes{{
	{"opaque", {primary}, 1},
	{"argb", {primary, window}, 2},
	{"veil", {{primary, {Layer::argb_translucent, width, height, 0, 0}}}, 2},
	{"nv12", {{primary, {Layer::nv12, 1280, 720, 320, 180}}}, 2},
	{"osd", {{{Layer::nv12, width, height, 0, 0}, window}}, 2},
	{"cursor", {{primary, {Layer::argb_thirds, 64, 64, 931, 507, false, true}}}, 2},
	{"rotated", {{{Layer::xrgb, height, width, 0, 0, true}, {}}}, 1},
}};

/* A picture with something in it that no branch predictor knows by heart. */
inline std::uint32_t noise(std::uint32_t x, std::uint32_t y)
{
	std::uint32_t v = x * 0x9e3779b1u ^ y * 0x85ebca6bu;

	v ^= v >> 15;
	v *= 0x2c1b3c6du;
	return v ^ v >> 12;
}

inline void paint_xrgb(std::uint8_t *rows, std::size_t pitch, int w, int h)
{
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			const std::uint32_t p = noise(x, y);

			std::memcpy(rows + pitch * y + 4 * x, &p, 4);
		}
	}
}

/* Premultiplied; @thirds: the upper one clear, the lower one solid. */
inline void paint_argb(std::uint8_t *rows, std::size_t pitch, int w, int h, bool thirds)
{
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			const std::uint32_t a = !thirds ? 1 + (x + y) % 254 : y < h / 3 ? 0 :
						y >= h - h / 3 ? 255 : 1 + (x + y) % 254;
			std::uint8_t *const p = rows + pitch * y + 4 * x;
			const std::uint32_t colour = noise(x, y);

			for (int i = 0; i < 3; i++)
				p[i] = (colour >> 8 * i & 0xff) * a / 255;
			p[3] = a;
		}
	}
}

/* Luma of an edge here and there, and a little noise, as of a camera; chroma follows it. */
inline void paint_nv12(std::uint8_t *rows, std::size_t pitch, int w, int h)
{
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			rows[pitch * y + x] = 40 + (x / 64 * 53 + y / 64 * 31) % 160 +
					      (noise(x, y) & 15);
	for (int y = 0; y < h / 2; y++)
		for (int x = 0; x < w; x++)
			rows[pitch * (h + y) + x] = 112 + (x / 128 * 13 + y / 64 * 7) % 24 +
						    (noise(x, y) & 7);
}

/* A layer's picture, rows @pitch bytes apart; NV12 has half as many more, of chroma. */
inline void paint(const Layer &layer, std::uint8_t *rows, std::size_t pitch)
{
	switch (layer.kind) {
	case Layer::xrgb:
		return paint_xrgb(rows, pitch, layer.width, layer.height);
	case Layer::nv12:
		return paint_nv12(rows, pitch, layer.width, layer.height);
	default:
		return paint_argb(rows, pitch, layer.width, layer.height,
				  layer.kind == Layer::argb_thirds);
	}
}

} // namespace vskms::bench
