// SPDX-License-Identifier: GPL-2.0
/* The reference against values worked out by hand: everything else is compared with it. */

#include "picture.hpp"

#include <gtest/gtest.h>

#include <libdrm/drm_fourcc.h>
#include <libdrm/drm_mode.h>

#include <cstdint>
#include <vector>

namespace {

using namespace vskms;
using namespace vskms::test;
using reference::Channels;

/* What a framebuffer of one pixel, or of @at + 1, shows there. */
reference::Pixel read(std::uint32_t format, std::vector<std::vector<std::uint8_t>> bytes,
		      std::uint32_t width = 1, std::int64_t at = 0)
{
	Picture picture(format, width, 1);

	for (std::size_t i = 0; i < bytes.size(); i++)
		std::copy(bytes[i].begin(), bytes[i].end(),
			  static_cast<std::uint8_t *>(const_cast<void *>(picture.memory.data[i])));

	compositor_plane plane = picture.plane();

	plane.encoding = COMPOSITOR_BT601;
	plane.range = COMPOSITOR_FULL;
	return reference::read(plane, picture.memory, {at, 0});
}

Channels colour(std::uint32_t format, std::vector<std::vector<std::uint8_t>> bytes)
{
	return read(format, bytes).colour;
}

TEST(Reference, formats_of_8_bits_are_as_drm_fourcc_says)
{
	const Channels rgb = {0x1111, 0x2222, 0x3333};	// of 11, 22, 33

	EXPECT_EQ(colour(DRM_FORMAT_XRGB8888, {{0x33, 0x22, 0x11, 0x44}}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_ARGB8888, {{0x33, 0x22, 0x11, 0x44}}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_XBGR8888, {{0x11, 0x22, 0x33, 0x44}}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_ABGR8888, {{0x11, 0x22, 0x33, 0x44}}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_RGBA8888, {{0x44, 0x33, 0x22, 0x11}}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_BGRA8888, {{0x44, 0x11, 0x22, 0x33}}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_RGB888, {{0x33, 0x22, 0x11}}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_BGR888, {{0x11, 0x22, 0x33}}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_R8, {{0x55}}), (Channels{0x5555, 0x5555, 0x5555}));

	EXPECT_EQ(read(DRM_FORMAT_XRGB8888, {{0, 0, 0, 0x44}}).alpha, 0xffff);
	EXPECT_EQ(read(DRM_FORMAT_ARGB8888, {{0, 0, 0, 0x44}}).alpha, 0x4444);
	EXPECT_EQ(read(DRM_FORMAT_ABGR8888, {{0, 0, 0, 0x44}}).alpha, 0x4444);
	EXPECT_EQ(read(DRM_FORMAT_RGBA8888, {{0x44, 0, 0, 0}}).alpha, 0x4444);
	EXPECT_EQ(read(DRM_FORMAT_BGRA8888, {{0x44, 0, 0, 0}}).alpha, 0x4444);
}

TEST(Reference, formats_of_16_bits_are_as_drm_fourcc_says)
{
	const std::vector<std::uint8_t> bytes = {0x01, 0x30, 0x02, 0x20, 0x03, 0x10, 0x04, 0x40};
	const Channels rgb = {0x1003, 0x2002, 0x3001}, bgr = {0x3001, 0x2002, 0x1003};

	EXPECT_EQ(colour(DRM_FORMAT_XRGB16161616, {bytes}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_ARGB16161616, {bytes}), rgb);
	EXPECT_EQ(colour(DRM_FORMAT_XBGR16161616, {bytes}), bgr);
	EXPECT_EQ(colour(DRM_FORMAT_ABGR16161616, {bytes}), bgr);
	EXPECT_EQ(read(DRM_FORMAT_XRGB16161616, {bytes}).alpha, 0xffff);
	EXPECT_EQ(read(DRM_FORMAT_ARGB16161616, {bytes}).alpha, 0x4004);
	EXPECT_EQ(read(DRM_FORMAT_XBGR16161616, {bytes}).alpha, 0xffff);
	EXPECT_EQ(read(DRM_FORMAT_ABGR16161616, {bytes}).alpha, 0x4004);
}

TEST(Reference, short_channels_reach_black_and_white)
{
	EXPECT_EQ(colour(DRM_FORMAT_RGB565, {{0x00, 0xf8}}), (Channels{0xffff, 0, 0}));
	EXPECT_EQ(colour(DRM_FORMAT_RGB565, {{0xe0, 0x07}}), (Channels{0, 0xffff, 0}));
	EXPECT_EQ(colour(DRM_FORMAT_RGB565, {{0x1f, 0x00}}), (Channels{0, 0, 0xffff}));
	EXPECT_EQ(colour(DRM_FORMAT_BGR565, {{0x1f, 0x00}}), (Channels{0xffff, 0, 0}));
	EXPECT_EQ(colour(DRM_FORMAT_RGB565, {{0x21, 0x08}}),	// 1, 1, 1
		  (Channels{2114, 1040, 2114}));
	EXPECT_EQ(colour(DRM_FORMAT_RGB565, {{0x10, 0x84}}),	// 16, 32, 16
		  (Channels{33825, 33288, 33825}));
}

TEST(Reference, leftmost_grey_is_in_the_highest_bits)
{
	for (std::int64_t x = 0; x < 8; x++)
		EXPECT_EQ(read(DRM_FORMAT_R1, {{0b10110001}}, 8, x).colour[0],
			  0b10110001 >> (7 - x) & 1 ? 65535 : 0);
	for (std::int64_t x = 0; x < 4; x++)
		EXPECT_EQ(read(DRM_FORMAT_R2, {{0b11100100}}, 4, x).colour[1], (3 - x) * 21845);
	EXPECT_EQ(read(DRM_FORMAT_R4, {{0x7c}}, 2, 0).colour[2], 0x7777);
	EXPECT_EQ(read(DRM_FORMAT_R4, {{0x7c}}, 2, 1).colour[2], 0xcccc);
}

TEST(Reference, chroma_is_where_drm_fourcc_says)
{
	// Strong U is blue, strong V is red.
	const Channels blue = colour(DRM_FORMAT_NV12, {{0x80}, {0xff, 0x80}});
	const Channels red = colour(DRM_FORMAT_NV12, {{0x80}, {0x80, 0xff}});

	EXPECT_GT(blue[2], 0xf000);
	EXPECT_EQ(blue[0], 0x8080);
	EXPECT_GT(red[0], 0xf000);
	EXPECT_EQ(red[2], 0x8080);
	for (const std::uint32_t format : {DRM_FORMAT_NV16, DRM_FORMAT_NV24})
		EXPECT_EQ(colour(format, {{0x80}, {0x80, 0xff}}), red);
	for (const std::uint32_t format : {DRM_FORMAT_NV21, DRM_FORMAT_NV61, DRM_FORMAT_NV42})
		EXPECT_EQ(colour(format, {{0x80}, {0xff, 0x80}}), red);
	for (const std::uint32_t format : {DRM_FORMAT_YUV420, DRM_FORMAT_YUV422, DRM_FORMAT_YUV444})
		EXPECT_EQ(colour(format, {{0x80}, {0x80}, {0xff}}), red);
	for (const std::uint32_t format : {DRM_FORMAT_YVU420, DRM_FORMAT_YVU422, DRM_FORMAT_YVU444})
		EXPECT_EQ(colour(format, {{0x80}, {0xff}, {0x80}}), red);
}

TEST(Reference, low_bits_of_p010_mean_nothing)
{
	using Planes = std::vector<std::vector<std::uint8_t>>;

	const Planes grey = {{0x00, 0x80}, {0x00, 0x80, 0x00, 0x80}};
	const Planes more = {{0x3f, 0x80}, {0x3f, 0x80, 0x3f, 0x80}};

	EXPECT_EQ(colour(DRM_FORMAT_P010, grey), colour(DRM_FORMAT_P010, more));
	EXPECT_NE(colour(DRM_FORMAT_P012, grey), colour(DRM_FORMAT_P012, more));
	EXPECT_NE(colour(DRM_FORMAT_P016, grey), colour(DRM_FORMAT_P016, more));
	EXPECT_EQ(colour(DRM_FORMAT_P016, grey), (Channels{0x8000, 0x8000, 0x8000}));
}

/* A picture of 3x2 whose pixels are numbered row by row, shown with @rotation. */
std::vector<std::vector<int>> shown(std::uint32_t rotation)
{
	Picture picture(DRM_FORMAT_R8, 3, 2);

	for (std::uint32_t i = 0; i < 6; i++)
		picture.set<std::uint8_t>(i % 3, i / 3, i);

	const bool sideways = rotation & (DRM_MODE_ROTATE_90 | DRM_MODE_ROTATE_270);
	Stage stage(sideways ? 2 : 3, sideways ? 3 : 2);

	stage.add(picture).rotation = rotation;

	std::vector<std::vector<int>> out(stage.height, std::vector<int>(stage.width));

	for (std::uint32_t y = 0; y < stage.height; y++)
		for (std::uint32_t x = 0; x < stage.width; x++)
			out[y][x] = reference::line_pixel(reference::compose(
					    stage.scene(), stage.memory.data(), {x, y})) & 0xff;
	return out;
}

TEST(Reference, rotation_is_counter_clockwise_after_reflection)
{
	using Rows = std::vector<std::vector<int>>;

	EXPECT_EQ(shown(DRM_MODE_ROTATE_0), (Rows{{0, 1, 2}, {3, 4, 5}}));
	EXPECT_EQ(shown(DRM_MODE_ROTATE_90), (Rows{{2, 5}, {1, 4}, {0, 3}}));
	EXPECT_EQ(shown(DRM_MODE_ROTATE_180), (Rows{{5, 4, 3}, {2, 1, 0}}));
	EXPECT_EQ(shown(DRM_MODE_ROTATE_270), (Rows{{3, 0}, {4, 1}, {5, 2}}));
	EXPECT_EQ(shown(DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_X), (Rows{{2, 1, 0}, {5, 4, 3}}));
	EXPECT_EQ(shown(DRM_MODE_ROTATE_0 | DRM_MODE_REFLECT_Y), (Rows{{3, 4, 5}, {0, 1, 2}}));
	// 2 1 0 / 5 4 3, and that counter-clockwise
	EXPECT_EQ(shown(DRM_MODE_ROTATE_90 | DRM_MODE_REFLECT_X), (Rows{{0, 3}, {1, 4}, {2, 5}}));
	EXPECT_EQ(shown(DRM_MODE_ROTATE_90 | DRM_MODE_REFLECT_Y), (Rows{{5, 2}, {4, 1}, {3, 0}}));
}

/* A pixel of ARGB16161616 over 0x4000 in all channels. */
std::int64_t over(std::uint64_t argb, compositor_blend blend, unsigned short alpha)
{
	Picture picture(DRM_FORMAT_ARGB16161616, 1, 1);
	Stage stage(1, 1, 0x4000400040004000);

	picture.set(0, 0, argb);

	compositor_plane &plane = stage.add(picture);

	plane.blend = blend;
	plane.alpha = alpha;
	return reference::compose(stage.scene(), stage.memory.data(), {0, 0})[0];
}

TEST(Reference, blends_as_drm_says)
{
	const std::uint64_t half = 0x8000600060006000, solid = 0xffff600060006000;

	EXPECT_EQ(over(half, COMPOSITOR_BLEND_NONE, 0xffff), 0x6000);
	EXPECT_EQ(over(half, COMPOSITOR_BLEND_NONE, 0), 0x4000);
	EXPECT_EQ(over(half, COMPOSITOR_BLEND_NONE, 0x8000), 0x5000);
	EXPECT_EQ(over(solid, COMPOSITOR_BLEND_PREMULTIPLIED, 0xffff), 0x6000);
	// 6000 + 4000 * 7fff / ffff, that is 1fff.e
	EXPECT_EQ(over(half, COMPOSITOR_BLEND_PREMULTIPLIED, 0xffff), 0x8000);
	// 3000 + 4000 * (ffff - 4000) / ffff
	EXPECT_EQ(over(half, COMPOSITOR_BLEND_PREMULTIPLIED, 0x8000), 0x6000);
	EXPECT_EQ(over(half, COMPOSITOR_BLEND_COVERAGE, 0xffff), 0x5000);
	EXPECT_EQ(over(half, COMPOSITOR_BLEND_COVERAGE, 0x8000), 0x4800);
	EXPECT_EQ(over(solid, COMPOSITOR_BLEND_COVERAGE, 0xffff), 0x6000);
	// Brighter than its alpha.
	EXPECT_EQ(over(0x0000fff0fff0fff0, COMPOSITOR_BLEND_PREMULTIPLIED, 0xffff), 0xffff);
}

/* Of a pipeline's values, which have 8 bits below a channel's. */
TEST(Reference, lut_interpolates_from_end_to_end)
{
	const unsigned int table[] = {100 * 65537, 300 * 65537, 200 * 65537};
	const compositor_lut lut{3, table, table, table};
	const auto of = [&](std::int64_t v) { return reference::apply(lut, {v, v, v})[0]; };

	EXPECT_EQ(of(0), 100 * 256);
	EXPECT_EQ(of(unity / 4), 200 * 256);
	EXPECT_EQ(of(unity / 2), 300 * 256);
	EXPECT_EQ(of(unity), 200 * 256);
	EXPECT_EQ(of(-5), 100 * 256);
	EXPECT_EQ(of(2 * unity), 200 * 256);
}

TEST(Reference, matrix_maps_and_adds)
{
	constexpr long long one = 1ll << 32;
	compositor_matrix matrix{{one / 2, one / 4, 0, 0, 0, -one, 0, one / 2, 0, 0, 0, one}};

	EXPECT_EQ(reference::apply(matrix, {1000, 2000, 3000}),
		  (Channels{1000, unity / 2 - 2000, unity}));
	EXPECT_EQ(reference::apply(matrix, {1001, 0, 0})[0], 501);	// half up
	EXPECT_EQ(reference::apply(matrix, {0, unity, 0})[1], -unity / 2);
	matrix.m[0] = (1ull << 63) - 1;
	EXPECT_EQ(reference::apply(matrix, {unity, 0, 0})[0], 128ll * unity);
}

TEST(Reference, pipeline_rounds_and_clamps_at_its_end)
{
	EXPECT_EQ(reference::from_pipeline({127, 128, 256 * 7 + 127}), (Channels{0, 1, 7}));
	EXPECT_EQ(reference::from_pipeline({-1, unity + 1, unity}), (Channels{0, 65535, 65535}));
	EXPECT_EQ(reference::to_pipeline({0, 1, 65535}), (Channels{0, 256, unity}));
}

TEST(Reference, cube_interpolates_along_the_edges_of_a_tetrahedron)
{
	// Red of each corner: 000 red 100, green 010 and blue 001 as binary digits.
	const unsigned int reds[8] = {0, 1000, 200, 3000, 40, 500, 6000, 65535};
	unsigned int table[3 * 8] = {};
	const compositor_lut3d cube{2, table};
	const auto of = [&](std::int64_t r, std::int64_t g, std::int64_t b) {
		return reference::apply(cube, {r * (unity / 16), g * (unity / 16),
					       b * (unity / 16)})[0] / 256.0;
	};

	for (int i = 0; i < 8; i++)
		table[3 * i] = reds[i] * 65537;
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(of(i & 1 ? 16 : 0, i & 2 ? 16 : 0, i & 4 ? 16 : 0), reds[i]) << i;
	// An edge, a face's diagonal, and the cube's.
	EXPECT_EQ(of(4, 0, 0), 250);
	EXPECT_EQ(of(8, 8, 0), 1500);
	EXPECT_EQ(of(8, 8, 8), 32767.5);
	// 000 red 100 green 110 blue 111: 1 - x, x - y, y - z, z
	EXPECT_EQ(of(12, 8, 4), (4 * 1000 + 4 * 3000 + 4 * 65535) / 16.0);
	EXPECT_EQ(of(4, 8, 12), (4 * 40 + 4 * 6000 + 4 * 65535) / 16.0);
	EXPECT_EQ(of(8, 4, 12), (4 * 40 + 4 * 500 + 4 * 65535) / 16.0);
}

TEST(Reference, targets_hold_what_they_can)
{
	const Channels c = {0x1122, 0x3344, 0xffff};

	EXPECT_EQ(reference::stored(DRM_FORMAT_XRGB8888, c), 0xff1133ff);
	EXPECT_EQ(reference::stored(DRM_FORMAT_ABGR8888, c), 0xffff3311);
	EXPECT_EQ(reference::stored(DRM_FORMAT_ARGB16161616, c), 0xffff11223344ffff);
	EXPECT_EQ(reference::stored(DRM_FORMAT_ABGR16161616, c), 0xffffffff33441122);
	EXPECT_EQ(reference::stored(DRM_FORMAT_RGB565, c), 0b00010'001101'11111u);
	EXPECT_EQ(reference::stored(DRM_FORMAT_NV12, c), std::nullopt);
	EXPECT_EQ(reference::line_pixel(c), 0x1133ffu);
}

} // namespace
