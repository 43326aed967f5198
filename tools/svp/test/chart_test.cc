// SPDX-License-Identifier: GPL-2.0
/* A chart is told from all else, and right from turned, shifted and skewed. */

#include "chart.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace vskms::svp;

constexpr std::uint32_t width = 160;
constexpr std::uint32_t height = 120;

/* @picture on a grey screen. */
Picture on_screen(const Picture &picture, std::int32_t left, std::int32_t top)
{
	Picture screen(width * 2, height * 2);

	for (std::uint32_t y = 0; y < screen.height(); y++)
		for (std::uint32_t x = 0; x < screen.width(); x++)
			screen.at(x, y) = {.red = 90, .green = 94, .blue = 99};
	for (std::uint32_t y = 0; y < picture.height(); y++) {
		for (std::uint32_t x = 0; x < picture.width(); x++) {
			const std::int64_t u = left + std::int64_t{x}, v = top + std::int64_t{y};

			if (u >= 0 && v >= 0 && u < screen.width() && v < screen.height())
				screen.at(static_cast<std::uint32_t>(u),
					  static_cast<std::uint32_t>(v)) = picture.at(x, y);
		}
	}
	return screen;
}

TEST(Chart, HasTwelveFieldsOfItsOwnHues)
{
	for (const Chart chart : {Chart::first, Chart::second}) {
		const Chart another = chart == Chart::first ? Chart::second : Chart::first;
		const Picture picture = draw_chart(chart, 4, 3);

		for (std::uint32_t i = 0; i < 12; i++) {
			const Pixel &pixel = picture.at(i % 4, i / 4);

			EXPECT_TRUE(of_chart(chart, pixel));
			EXPECT_FALSE(of_chart(another, pixel));
			for (std::uint32_t k = 0; k < i; k++)
				EXPECT_FALSE(alike(pixel, picture.at(k % 4, k / 4))) << i << k;
		}
	}
}

TEST(Chart, HasNoHueOfWhatElseIsOnAScreen)
{
	// Greys; the placeholder of weston.
	for (unsigned int level = 0; level < 256; level++) {
		const auto grey = static_cast<std::uint8_t>(level);

		EXPECT_FALSE(of_chart(Chart::first, {.red = grey, .green = grey, .blue = grey}));
		EXPECT_FALSE(of_chart(Chart::second, {.red = grey, .green = grey, .blue = grey}));
	}
	EXPECT_FALSE(of_chart(Chart::first, {.red = 0x66, .green = 0, .blue = 0}));
	EXPECT_FALSE(of_chart(Chart::second, {.red = 0x66, .green = 0, .blue = 0}));
}

TEST(Chart, IsFoundWhereItIs)
{
	const Picture picture = draw_chart(Chart::first, width, height);
	const Sighting seen = look_for(Chart::first, picture, on_screen(picture, 30, 20));

	EXPECT_TRUE(seen.whole());
	EXPECT_EQ(seen.misplaced, 0u);
	EXPECT_EQ(seen.area, (Area{.x = 30, .y = 20, .width = width, .height = height}));
}

TEST(Chart, IsFoundWhereNobodyWouldLook)
{
	const Picture picture = draw_chart(Chart::first, width, height);
	const Sighting seen =
		look_for(Chart::first, picture, on_screen(picture, 0, 32), Area{.x = 0, .y = 0});

	EXPECT_TRUE(seen.whole());
	EXPECT_EQ(seen.place, (Area{.x = 0, .y = 32}));
	EXPECT_EQ(look_for(Chart::first, picture, on_screen(picture, 5, 6), Area{.x = 5, .y = 6})
			  .place,
		  (Area{.x = 5, .y = 6}));
}

TEST(Chart, IsToldOfWhereMostOfItIs)
{
	const Picture picture = draw_chart(Chart::first, width, height);
	Picture capture = on_screen(picture, 0, 32);

	// Too low, and what is then below the end of something is cut off.
	for (std::uint32_t y = height; y < height + 32; y++)
		for (std::uint32_t x = 0; x < width; x++)
			capture.at(x, y) = {};
	const Sighting seen = look_for(Chart::first, picture, capture, Area{.x = 0, .y = 0});

	EXPECT_FALSE(seen.whole());
	EXPECT_EQ(seen.place, (Area{.x = 0, .y = 32}));
	EXPECT_EQ(seen.right, std::size_t{width} * (height - 32));
	EXPECT_EQ(seen.misplaced, 0u);
}

TEST(Chart, IsNotThere)
{
	const Picture picture = draw_chart(Chart::first, width, height);
	const Sighting seen = look_for(Chart::second, draw_chart(Chart::second, width, height),
				       on_screen(picture, 30, 20));

	EXPECT_TRUE(seen.nothing());
	EXPECT_FALSE(seen.whole());
	EXPECT_EQ(seen.area, Area());
}

TEST(Chart, IsWholeIfAllOfItThatIsOnTheScreenIs)
{
	const Picture picture = draw_chart(Chart::first, width, height);
	const Area place = {.x = -80, .y = 200};
	const Sighting seen =
		look_for(Chart::first, picture, on_screen(picture, place.x, place.y), place);

	EXPECT_TRUE(seen.whole());
	EXPECT_EQ(seen.right, std::size_t{80} * 40);
}

TEST(Chart, ForgivesTheRoundingOfYuv)
{
	const Picture picture = draw_chart(Chart::first, width, height);
	Picture rounded = picture;

	for (std::uint32_t y = 0; y < height; y++)
		for (std::uint32_t x = 0; x < width; x++)
			rounded.at(x, y).green = static_cast<std::uint8_t>(
				std::min(picture.at(x, y).green + 3, 255));
	EXPECT_TRUE(look_for(Chart::first, picture, rounded).whole());
}

TEST(Chart, IsMisplacedIfTurnedOrSkewed)
{
	const Picture picture = draw_chart(Chart::first, width, height);
	Picture skewed(width, height);

	for (unsigned int quarters : {1u, 2u, 3u}) {
		const Picture turned = picture.turned(quarters).scaled(width, height);
		const Sighting seen = look_for(Chart::first, picture, turned);

		EXPECT_FALSE(seen.whole()) << quarters;
		EXPECT_GT(seen.share(seen.misplaced), 0.5) << quarters;
	}
	// A pitch that is 8 pixels too small.
	for (std::uint32_t y = 0; y < height; y++)
		for (std::uint32_t x = 0; x < width; x++) {
			const std::uint32_t at = y * (width - 8) + x;

			skewed.at(x, y) = picture.at(at % width, at / width);
		}
	const Sighting seen = look_for(Chart::first, picture, skewed);

	EXPECT_FALSE(seen.whole());
	EXPECT_GT(seen.share(seen.misplaced), 0.2);
}

TEST(Picture, IsTurnedClockwise)
{
	Picture picture(2, 1);

	picture.at(0, 0) = {.red = 1};
	picture.at(1, 0) = {.red = 2};
	const Picture turned = picture.turned(1);

	ASSERT_EQ(turned.width(), 1u);
	ASSERT_EQ(turned.height(), 2u);
	EXPECT_EQ(turned.at(0, 0).red, 1);
	EXPECT_EQ(turned.at(0, 1).red, 2);
	EXPECT_EQ(picture.turned(4), picture);
	EXPECT_EQ(picture.turned(2).at(0, 0).red, 2);
}

TEST(Patch, IsAroundAllPixelsOfAColour)
{
	constexpr Pixel colour = {.red = 236, .green = 228, .blue = 214};
	Picture picture(20, 10);

	picture.at(3, 4) = picture.at(7, 5) = colour;
	const Patch patch = look_for(colour, picture);

	EXPECT_EQ(patch.pixels, 2u);
	EXPECT_EQ(patch.area, (Area{.x = 3, .y = 4, .width = 5, .height = 2}));
}

TEST(Tone, IsOfThePartOfTheAreaThatIsInTheCapture)
{
	constexpr Pixel placeholder = {.red = 64, .green = 16, .blue = 16};
	Picture picture(20, 10);

	for (std::uint32_t y = 0; y < 10; y++)
		for (std::uint32_t x = 15; x < 20; x++)
			picture.at(x, y) = placeholder;
	// It begins a row above the capture, and ends to the right of it.
	const Tone tone = tone_of(picture, {.x = 15, .y = -1, .width = 10, .height = 4});

	EXPECT_EQ(tone.colour, placeholder);
	EXPECT_EQ(tone.share, 1);
	EXPECT_EQ(tone_of(picture, {.x = 10, .y = 0, .width = 20, .height = 10}).share, 0.5);
	EXPECT_EQ(tone_of(picture, {.x = 20, .y = 0, .width = 5, .height = 5}).share, 0);
	EXPECT_EQ(tone_of(picture, {.x = -9, .y = 0, .width = 5, .height = 5}).share, 0);
}

TEST(Tone, CountsWhatLooksTheSame)
{
	Picture picture(4, 1);

	picture.at(0, 0) = picture.at(1, 0) = {.red = 100};
	picture.at(2, 0) = {.red = 104, .green = 3};
	picture.at(3, 0) = {.red = 200};
	const Tone tone = tone_of(picture, {.width = 4, .height = 1});

	EXPECT_EQ(tone.colour, (Pixel{.red = 100}));
	EXPECT_EQ(tone.share, 0.75);
}

} // namespace
