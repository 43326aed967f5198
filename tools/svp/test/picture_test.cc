// SPDX-License-Identifier: GPL-2.0
/* Pictures: files that are read and written, scaling, and the patterns. */

#include "layout.hpp"
#include "pattern.hpp"
#include "picture.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <tuple>

namespace {

using namespace vskms::svp;
namespace fs = std::filesystem;

constexpr Pixel black = {};
constexpr Pixel white = {.red = 255, .green = 255, .blue = 255};

class PictureFile : public testing::Test {
protected:
	PictureFile()
	{
		std::string name = testing::TempDir() + "svp-XXXXXX";

		directory_ = mkdtemp(name.data());
	}
	~PictureFile() override { fs::remove_all(directory_); }

	[[nodiscard]] std::string path(const char *name) const { return directory_ / name; }

private:
	fs::path directory_;
};

TEST_F(PictureFile, PngIsReadAsItWasSaved)
{
	const Picture picture = *draw_pattern("noise", 33, 17);

	ASSERT_TRUE(picture.save_png(path("a.png")));
	const auto read = Picture::load_png(path("a.png"));

	ASSERT_TRUE(read) << read.error().text();
	EXPECT_EQ(*read, picture);
	EXPECT_FALSE(fs::exists(path("a.png.part")));
}

TEST_F(PictureFile, MissingPngIsSaid)
{
	const auto read = Picture::load_png(path("none.png"));

	ASSERT_FALSE(read);
	EXPECT_EQ(read.error().number, ENOENT);
	EXPECT_NE(read.error().what.find("none.png"), std::string::npos);
}

TEST_F(PictureFile, WhatIsNoPngIsRefused)
{
	std::ofstream(path("text.png")) << "no picture";
	EXPECT_FALSE(Picture::load_png(path("text.png")));

	// Cut off in the middle of its pixels.
	ASSERT_TRUE(draw_pattern("noise", 64, 64)->save_png(path("cut.png")));
	fs::resize_file(path("cut.png"), fs::file_size(path("cut.png")) / 2);
	EXPECT_FALSE(Picture::load_png(path("cut.png")));
}

TEST_F(PictureFile, PngOfTooManyPixelsIsRefused)
{
	ASSERT_TRUE(Picture(Layout::max_size + 1, 1).save_png(path("wide.png")));
	const auto read = Picture::load_png(path("wide.png"));

	ASSERT_FALSE(read);
	EXPECT_NE(read.error().what.find("8193x1"), std::string::npos);
}

TEST_F(PictureFile, FileThatCannotBeWrittenIsLeftAlone)
{
	fs::create_directory(path("directory.png"));
	const auto saved = Picture(1, 1).save_png(path("directory.png"));

	ASSERT_FALSE(saved);
	EXPECT_NE(saved.error().number, 0);
	EXPECT_TRUE(fs::is_directory(path("directory.png")));
	EXPECT_FALSE(fs::exists(path("directory.png.part")));
	EXPECT_FALSE(Picture(1, 1).save_png(path("nowhere/a.png")));
}

std::string text(const std::vector<std::byte> &bytes)
{
	return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

TEST(Ppm, IsReadAsItWasWritten)
{
	const Picture picture = *draw_pattern("ramp", 19, 7);
	const auto read = Picture::from_ppm(text(picture.ppm()), "test");

	ASSERT_TRUE(read) << read.error().text();
	EXPECT_EQ(*read, picture);
}

TEST(Ppm, HeadMayHaveCommentsAndAnySpace)
{
	const auto read = Picture::from_ppm("P6 # a comment\n 2\n# another\n1 255\nabcdef", "test");

	ASSERT_TRUE(read) << read.error().text();
	EXPECT_EQ(read->width(), 2u);
	EXPECT_EQ(read->at(1, 0), (Pixel{.red = 'd', .green = 'e', .blue = 'f'}));
}

TEST(Ppm, AnythingElseIsRefused)
{
	for (const char *data :
	     {"", "P6", "P5 1 1 255\nabc", "P6 1 1 255\nab", "P6 1 1 255\nabcd", "P6 0 1 255\n",
	      "P6 1 1 65535\nabcdef", "P6 -1 1 255\nabc", "P6 1 1 255", "P6 # 1 1 255",
	      "P6 8193 1 255\n", "P6 99999999999 1 255\n"})
		EXPECT_FALSE(Picture::from_ppm(data, "test")) << data;
}

TEST(Scaling, ToTheSameSizeChangesNothing)
{
	const Picture picture = *draw_pattern("noise", 31, 9);

	EXPECT_EQ(picture.scaled(31, 9), picture);
}

TEST(Scaling, SmallerIsTheMean)
{
	Picture picture(4, 2);

	picture.at(0, 0) = {.red = 255, .green = 4, .blue = 0, .alpha = 0};
	picture.at(2, 1) = white;
	const Picture half = picture.scaled(2, 1);

	EXPECT_EQ(half.at(0, 0), (Pixel{.red = 64, .green = 1, .blue = 0, .alpha = 191}));
	EXPECT_EQ(half.at(1, 0), (Pixel{.red = 64, .green = 64, .blue = 64}));
}

TEST(Scaling, LargerIsTheNearest)
{
	const Picture picture = *draw_pattern("bars", 8, 1);
	const Picture large = picture.scaled(24, 3);

	for (std::uint32_t x = 0; x < 24; x++)
		EXPECT_EQ(large.at(x, 2), picture.at(x / 3, 0));
}

TEST(Pattern, EachIsDrawnInAnySize)
{
	for (const std::string &name : pattern_names()) {
		for (const auto &[width, height] : {std::pair(1u, 1u), {64u, 48u}, {7u, 300u}}) {
			const auto picture = draw_pattern(name, width, height);

			ASSERT_TRUE(picture) << name;
			EXPECT_EQ(picture->width(), width);
			EXPECT_EQ(picture->height(), height);
			EXPECT_EQ(picture, draw_pattern(name, width, height));
		}
	}
	EXPECT_EQ(draw_pattern("nosuch", 1, 1), std::nullopt);
}

TEST(Pattern, BarsGoFromWhiteToBlack)
{
	const Picture bars = *draw_pattern("bars", 80, 2);

	EXPECT_EQ(bars.at(0, 0), white);
	EXPECT_EQ(bars.at(10, 1), (Pixel{.red = 255, .green = 255, .blue = 0}));
	EXPECT_EQ(bars.at(50, 0), (Pixel{.red = 255, .green = 0, .blue = 0}));
	EXPECT_EQ(bars.at(79, 1), black);
}

TEST(Pattern, RampEndsInEachColour)
{
	const Picture ramp = *draw_pattern("ramp", 256, 4);

	for (std::uint32_t y = 0; y < 4; y++)
		EXPECT_EQ(ramp.at(0, y), black);
	EXPECT_EQ(ramp.at(255, 0), (Pixel{.red = 255, .green = 0, .blue = 0}));
	EXPECT_EQ(ramp.at(255, 2), (Pixel{.red = 0, .green = 0, .blue = 255}));
	EXPECT_EQ(ramp.at(100, 3), (Pixel{.red = 100, .green = 100, .blue = 100}));
}

TEST(Pattern, NoiseHardlyRepeats)
{
	const Picture noise = *draw_pattern("noise", 100, 100);
	std::set<std::tuple<int, int, int>> seen;

	for (std::uint32_t y = 0; y < 100; y++)
		for (std::uint32_t x = 0; x < 100; x++)
			seen.emplace(noise.at(x, y).red, noise.at(x, y).green, noise.at(x, y).blue);
	EXPECT_GT(seen.size(), 9900u);
}

} // namespace
