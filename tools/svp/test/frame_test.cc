// SPDX-License-Identifier: GPL-2.0
/* Layouts, and the samples of a picture in each format, by values worked out by hand. */

#include "frame.hpp"
#include "pattern.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include <drm_fourcc.h>

namespace {

using namespace vskms::svp;

/* The n-th 8 or 16 bit sample. */
template <typename Sample>
unsigned int sample(const Frame &frame, std::size_t n)
{
	Sample value;

	std::memcpy(&value, &frame.bytes.at(n * sizeof(value)), sizeof(value));
	return value;
}

Picture uniform(std::uint32_t width, std::uint32_t height, Pixel pixel)
{
	Picture picture(width, height);

	for (std::uint32_t y = 0; y < height; y++)
		for (std::uint32_t x = 0; x < width; x++)
			picture.at(x, y) = pixel;
	return picture;
}

TEST(Layout, NamesAreThoseOfDrm)
{
	for (const std::string &name : format_names())
		EXPECT_EQ(format_name(format_named(name)), name);
	EXPECT_EQ(format_named("NV12"), DRM_FORMAT_NV12);
	EXPECT_EQ(format_named("nosuch"), 0u);
	EXPECT_EQ(format_name(1), "0x00000001");
}

TEST(Layout, PlanesFollowEachOther)
{
	const auto rgb = Layout::of(DRM_FORMAT_XRGB8888, 5, 3);
	const auto nv12 = Layout::of(DRM_FORMAT_NV12, 5, 3);
	const auto p010 = Layout::of(DRM_FORMAT_P010, 4, 2);

	ASSERT_TRUE(rgb && nv12 && p010);
	EXPECT_EQ(rgb->size, 60u);
	EXPECT_EQ(rgb->planes[0].pitch, 20u);
	EXPECT_FALSE(rgb->yuv());
	// Half a chroma sample is one.
	EXPECT_EQ(nv12->planes[1].offset, 15u);
	EXPECT_EQ(nv12->planes[1].pitch, 6u);
	EXPECT_EQ(nv12->planes[1].rows, 2u);
	EXPECT_EQ(nv12->size, 27u);
	EXPECT_TRUE(nv12->yuv());
	EXPECT_EQ(p010->planes[1].offset, 16u);
	EXPECT_EQ(p010->size, 24u);
}

TEST(Layout, WhatIsNoImageIsRefused)
{
	EXPECT_FALSE(Layout::of(DRM_FORMAT_XRGB8888, 0, 1));
	EXPECT_FALSE(Layout::of(DRM_FORMAT_XRGB8888, 1, 0));
	EXPECT_FALSE(Layout::of(DRM_FORMAT_XRGB8888, 8193, 1));
	EXPECT_FALSE(Layout::of(DRM_FORMAT_RGB565, 1, 1));
	EXPECT_EQ(Layout::of(DRM_FORMAT_XRGB8888, 8192, 8192)->size, 256u << 20);
}

TEST(Frame, Xr24IsThePictureWithoutAlpha)
{
	const auto frame = Frame::of(uniform(2, 1, {.red = 1, .green = 2, .blue = 3, .alpha = 0}),
				     DRM_FORMAT_XRGB8888);

	ASSERT_TRUE(frame);
	ASSERT_EQ(frame->bytes.size(), 8u);
	EXPECT_EQ(sample<std::uint32_t>(*frame, 1), 0xff010203u);
}

TEST(Frame, Ar24IsMultipliedByAlpha)
{
	const auto frame =
		Frame::of(uniform(1, 1, {.red = 255, .green = 100, .blue = 1, .alpha = 128}),
			  DRM_FORMAT_ARGB8888);

	ASSERT_TRUE(frame);
	// 100 * 128 / 255 is 50.2, 128 / 255 is 0.502.
	EXPECT_EQ(sample<std::uint32_t>(*frame, 0), 0x80803201u);
}

struct Known {
	Pixel pixel;
	unsigned int y, cb, cr;	      // of 8 bits
	unsigned int y10, cb10, cr10; // of 10
};

/* BT.709 in limited range, for instance red: Y 0.2126, Cb -0.1146, Cr 0.5. */
constexpr Known known[] = {
	{{.red = 0, .green = 0, .blue = 0}, 16, 128, 128, 64, 512, 512},
	{{.red = 255, .green = 255, .blue = 255}, 235, 128, 128, 940, 512, 512},
	{{.red = 255, .green = 0, .blue = 0}, 63, 102, 240, 250, 409, 960},
	{{.red = 0, .green = 255, .blue = 0}, 173, 42, 26, 691, 167, 105},
	{{.red = 0, .green = 0, .blue = 255}, 32, 240, 118, 127, 960, 471},
};

TEST(Frame, Nv12IsBt709InLimitedRange)
{
	for (const Known &colour : known) {
		const auto frame = Frame::of(uniform(2, 2, colour.pixel), DRM_FORMAT_NV12);

		ASSERT_TRUE(frame);
		ASSERT_EQ(frame->bytes.size(), 6u);
		EXPECT_EQ(sample<std::uint8_t>(*frame, 3), colour.y);
		EXPECT_EQ(sample<std::uint8_t>(*frame, 4), colour.cb);
		EXPECT_EQ(sample<std::uint8_t>(*frame, 5), colour.cr);
	}
}

TEST(Frame, P010HasTenBitsAtTheTop)
{
	for (const Known &colour : known) {
		const auto frame = Frame::of(uniform(2, 2, colour.pixel), DRM_FORMAT_P010);

		ASSERT_TRUE(frame);
		ASSERT_EQ(frame->bytes.size(), 12u);
		EXPECT_EQ(sample<std::uint16_t>(*frame, 0), colour.y10 << 6);
		EXPECT_EQ(sample<std::uint16_t>(*frame, 4), colour.cb10 << 6);
		EXPECT_EQ(sample<std::uint16_t>(*frame, 5), colour.cr10 << 6);
	}
}

TEST(Frame, ChromaIsOfTheMean)
{
	Picture picture(2, 2);

	// Red in one of four: Cr 0.125.
	picture.at(1, 0) = {.red = 255, .green = 0, .blue = 0};
	const auto frame = Frame::of(picture, DRM_FORMAT_NV12);

	ASSERT_TRUE(frame);
	EXPECT_EQ(sample<std::uint8_t>(*frame, 1), 63u);
	EXPECT_EQ(sample<std::uint8_t>(*frame, 5), 156u);
}

TEST(Frame, OddEdgesHaveChromaOfTheirOwn)
{
	Picture picture(3, 3);

	picture.at(2, 2) = {.red = 255, .green = 0, .blue = 0};
	const auto frame = Frame::of(picture, DRM_FORMAT_NV12);

	ASSERT_TRUE(frame);
	ASSERT_EQ(frame->bytes.size(), 9u + 8u);
	EXPECT_EQ(sample<std::uint8_t>(*frame, 8), 63u);
	EXPECT_EQ(sample<std::uint8_t>(*frame, 16), 240u);
	EXPECT_EQ(sample<std::uint8_t>(*frame, 14), 128u);
}

TEST(Frame, CapturedXrgbIsThePictureAgain)
{
	const Picture picture = *draw_pattern("noise", 13, 5);
	const auto frame = Frame::of(picture, DRM_FORMAT_XRGB8888);

	ASSERT_TRUE(frame);
	EXPECT_EQ(picture_of_xrgb(frame->bytes, 13, 5, 52), picture);
}

} // namespace
