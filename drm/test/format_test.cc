// SPDX-License-Identifier: GPL-2.0
#include "compositor/compositor.h"
#include "compositor/format.hpp"

#include <gtest/gtest.h>

#include <libdrm/drm_fourcc.h>

#include <set>
#include <vector>

namespace {

using vskms::find_format;
using vskms::plane_layout;

struct Expected {
	std::uint32_t code;
	int bits_per_pixel;	// over all memory planes, of a picture without odd edges
};

// What each format is by DRM's own header: its name there, and its size.
constexpr Expected expected[] = {
	{DRM_FORMAT_XRGB8888, 32},	{DRM_FORMAT_ARGB8888, 32},
	{DRM_FORMAT_XBGR8888, 32},	{DRM_FORMAT_ABGR8888, 32},
	{DRM_FORMAT_RGBA8888, 32},	{DRM_FORMAT_BGRA8888, 32},
	{DRM_FORMAT_RGB888, 24},	{DRM_FORMAT_BGR888, 24},
	{DRM_FORMAT_XRGB16161616, 64},	{DRM_FORMAT_ARGB16161616, 64},
	{DRM_FORMAT_XBGR16161616, 64},	{DRM_FORMAT_ABGR16161616, 64},
	{DRM_FORMAT_RGB565, 16},	{DRM_FORMAT_BGR565, 16},
	{DRM_FORMAT_NV12, 12},		{DRM_FORMAT_NV21, 12},
	{DRM_FORMAT_NV16, 16},		{DRM_FORMAT_NV61, 16},
	{DRM_FORMAT_NV24, 24},		{DRM_FORMAT_NV42, 24},
	{DRM_FORMAT_YUV420, 12},	{DRM_FORMAT_YVU420, 12},
	{DRM_FORMAT_YUV422, 16},	{DRM_FORMAT_YVU422, 16},
	{DRM_FORMAT_YUV444, 24},	{DRM_FORMAT_YVU444, 24},
	{DRM_FORMAT_P010, 24},		{DRM_FORMAT_P012, 24},
	{DRM_FORMAT_P016, 24},		{DRM_FORMAT_R1, 1},
	{DRM_FORMAT_R2, 2},		{DRM_FORMAT_R4, 4},
	{DRM_FORMAT_R8, 8},
};

TEST(Format, is_found_under_its_drm_name_and_has_its_size)
{
	for (const Expected &e : expected) {
		const vskms::Format *format = find_format(e.code);
		ASSERT_NE(format, nullptr) << std::hex << e.code;

		std::uint64_t bytes = 0;
		for (std::size_t i = 0; i < format->planes; i++) {
			const auto layout = plane_layout(*format, i, 64, 48);
			ASSERT_TRUE(layout);
			bytes += std::uint64_t{layout->row_bytes} * layout->rows;
		}
		EXPECT_EQ(bytes * 8, std::uint64_t{64 * 48} * e.bits_per_pixel) << std::hex << e.code;
	}
	EXPECT_EQ(std::size(expected), vskms::formats.size());
}

TEST(Format, unknown_code_is_not_found)
{
	EXPECT_EQ(find_format(0), nullptr);
	EXPECT_EQ(find_format(DRM_FORMAT_C8), nullptr);
	EXPECT_EQ(find_format(DRM_FORMAT_XRGB8888 | DRM_FORMAT_BIG_ENDIAN), nullptr);
}

TEST(Format, odd_picture_has_a_last_chroma_sample)
{
	const auto luma = plane_layout(*find_format(DRM_FORMAT_NV12), 0, 5, 3);
	const auto chroma = plane_layout(*find_format(DRM_FORMAT_NV12), 1, 5, 3);
	ASSERT_TRUE(luma && chroma);
	EXPECT_EQ(luma->row_bytes, 5u);
	EXPECT_EQ(luma->rows, 3u);
	EXPECT_EQ(chroma->row_bytes, 6u);
	EXPECT_EQ(chroma->rows, 2u);
}

TEST(Format, packed_bits_fill_a_last_byte)
{
	EXPECT_EQ(plane_layout(*find_format(DRM_FORMAT_R1), 0, 9, 1)->row_bytes, 2u);
	EXPECT_EQ(plane_layout(*find_format(DRM_FORMAT_R2), 0, 5, 1)->row_bytes, 2u);
	EXPECT_EQ(plane_layout(*find_format(DRM_FORMAT_R4), 0, 1, 1)->row_bytes, 1u);
}

TEST(Format, impossible_layout_refused)
{
	const vskms::Format &nv12 = *find_format(DRM_FORMAT_NV12);
	EXPECT_FALSE(plane_layout(nv12, 2, 64, 64));
	EXPECT_FALSE(plane_layout(nv12, 0, 0, 64));
	EXPECT_FALSE(plane_layout(nv12, 0, 64, 0));
	EXPECT_FALSE(plane_layout(nv12, 0, vskms::max_extent + 1, 1));
	EXPECT_FALSE(plane_layout(nv12, 0, 1, 0xffffffff));
	EXPECT_TRUE(plane_layout(nv12, 0, vskms::max_extent, vskms::max_extent));
}

TEST(Compositor, lists_each_format_once_and_no_more_than_fit)
{
	const unsigned int n = compositor_formats(nullptr, 0);
	ASSERT_EQ(n, vskms::formats.size());

	std::vector<unsigned int> codes(n + 1, 0xdeadbeef);
	EXPECT_EQ(compositor_formats(codes.data(), 3), n);
	EXPECT_EQ(codes[3], 0xdeadbeef);

	EXPECT_EQ(compositor_formats(codes.data(), n + 1), n);
	EXPECT_EQ(codes[n], 0xdeadbeef);
	EXPECT_EQ(std::set(codes.begin(), codes.begin() + n).size(), n);
	EXPECT_EQ(codes[0], std::uint32_t{DRM_FORMAT_XRGB8888});
}

} // namespace
