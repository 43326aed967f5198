// SPDX-License-Identifier: GPL-2.0
/*
 * The pixel formats the compositor reads, and how each lies in memory.
 *
 * A format has one to three memory planes. A memory plane is rows of blocks; a
 * block is the smallest whole number of bytes and holds block_pixels samples side
 * by side (R1 packs eight in a byte). Chroma planes have a sample for every hsub
 * pixels in x and every vsub in y; a picture whose size is no multiple of that has
 * a last sample that serves fewer pixels, so sample counts are rounded up.
 *
 * Every size fits its type. Width and height are at most max_extent = 2^16 (clamped
 * in plane_layout()) and a block has at most 8 bytes [1], so a row has at most 2^19
 * bytes [2].
 */
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace vskms {

// As DRM's fourcc_code().
consteval std::uint32_t fourcc(const char (&code)[5])
{
	std::uint32_t value = 0;
	for (int i = 3; i >= 0; i--)
		value = value << 8 | static_cast<unsigned char>(code[i]);
	return value;
}

struct MemoryPlane {
	std::uint8_t block_bytes;	// 1 to 8 [1]
	std::uint8_t block_pixels;	// samples in a block
};

struct Format {
	std::uint32_t code;		// DRM_FORMAT_*
	std::uint8_t planes;		// 1 to 3
	std::uint8_t hsub, vsub;	// pixels a chroma sample serves in x, in y: 1 or 2
	bool alpha;
	bool yuv;
	std::array<MemoryPlane, 3> plane;
};

inline constexpr std::uint32_t max_extent = 1u << 16;

namespace detail {

consteval Format packed(const char (&code)[5], std::uint8_t bytes, bool alpha,
			std::uint8_t pixels = 1)
{
	return {fourcc(code), 1, 1, 1, alpha, false, {{{bytes, pixels}}}};
}

// Luma, then Cb and Cr side by side.
consteval Format semi_planar(const char (&code)[5], std::uint8_t hsub, std::uint8_t vsub,
			     std::uint8_t bytes)
{
	return {fourcc(code), 2, hsub, vsub, false, true,
		{{{bytes, 1}, {static_cast<std::uint8_t>(2 * bytes), 1}}}};
}

consteval Format planar(const char (&code)[5], std::uint8_t hsub, std::uint8_t vsub)
{
	return {fourcc(code), 3, hsub, vsub, false, true, {{{1, 1}, {1, 1}, {1, 1}}}};
}

} // namespace detail

// In the order a driver announces them: what clients take first comes first.
inline constexpr std::array<Format, 33> formats{
	detail::packed("XR24", 4, false),
	detail::packed("AR24", 4, true),
	detail::packed("XB24", 4, false),
	detail::packed("AB24", 4, true),
	detail::packed("RA24", 4, true),
	detail::packed("BA24", 4, true),
	detail::packed("RG24", 3, false),
	detail::packed("BG24", 3, false),
	detail::packed("XR48", 8, false),
	detail::packed("AR48", 8, true),
	detail::packed("XB48", 8, false),
	detail::packed("AB48", 8, true),
	detail::packed("RG16", 2, false),
	detail::packed("BG16", 2, false),
	detail::semi_planar("NV12", 2, 2, 1),
	detail::semi_planar("NV16", 2, 1, 1),
	detail::semi_planar("NV24", 1, 1, 1),
	detail::semi_planar("NV21", 2, 2, 1),
	detail::semi_planar("NV61", 2, 1, 1),
	detail::semi_planar("NV42", 1, 1, 1),
	detail::planar("YU12", 2, 2),
	detail::planar("YU16", 2, 1),
	detail::planar("YU24", 1, 1),
	detail::planar("YV12", 2, 2),
	detail::planar("YV16", 2, 1),
	detail::planar("YV24", 1, 1),
	detail::semi_planar("P010", 2, 2, 2),
	detail::semi_planar("P012", 2, 2, 2),
	detail::semi_planar("P016", 2, 2, 2),
	detail::packed("R1  ", 1, false, 8),
	detail::packed("R2  ", 1, false, 4),
	detail::packed("R4  ", 1, false, 2),
	detail::packed("R8  ", 1, false),
};

static_assert([] {
	for (const Format &f : formats)
		for (std::size_t i = 0; i < f.planes; i++)
			if (f.plane[i].block_bytes < 1 || f.plane[i].block_bytes > 8)
				return false;
	return true;
}(), "[1]");

[[nodiscard]] constexpr const Format *find_format(std::uint32_t code)
{
	for (const Format &f : formats)
		if (f.code == code)
			return &f;
	return nullptr;
}

struct PlaneLayout {
	std::uint32_t row_bytes;	// what a row's samples take; at most 2^19 [2]
	std::uint32_t rows;
};

// How memory plane @index of a @width x @height picture lies; nothing for a plane the
// format has not, and for a picture that is empty or wider or higher than max_extent.
[[nodiscard]] constexpr std::optional<PlaneLayout>
plane_layout(const Format &format, std::size_t index, std::uint32_t width, std::uint32_t height)
{
	if (index >= format.planes || !width || !height || width > max_extent || height > max_extent)
		return std::nullopt;

	const auto div_up = [](std::uint32_t a, std::uint32_t b) { return (a + b - 1) / b; };
	const bool chroma = index > 0;
	const std::uint32_t samples = div_up(width, chroma ? format.hsub : 1);
	const MemoryPlane plane = format.plane[index];
	return PlaneLayout{div_up(samples, plane.block_pixels) * plane.block_bytes,
			   div_up(height, chroma ? format.vsub : 1)};
}

} // namespace vskms
