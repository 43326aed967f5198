// SPDX-License-Identifier: GPL-2.0
#include "pattern.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace vskms::svp {
namespace {

/* Where a pixel is, and in how large a picture. */
struct Place {
	std::uint32_t x, y, width, height;
};

constexpr std::uint8_t full = 255;

Pixel bars(const Place &at)
{
	// The bits of the complement are green, red, blue: brightness falls.
	const std::uint64_t bar = std::uint64_t{at.x} * 8 / at.width;
	const auto sample = [&](unsigned int bit) { return bar & bit ? std::uint8_t{0} : full; };

	return {.red = sample(2), .green = sample(4), .blue = sample(1)};
}

Pixel checker(const Place &at)
{
	const std::uint8_t grey = (at.x / 16 + at.y / 16) % 2 ? 0 : full;

	return {.red = grey, .green = grey, .blue = grey};
}

Pixel noise(const Place &at)
{
	// Knuth's multiplicative hash; it is one-to-one, and its upper bits are the good ones.
	const std::uint32_t hash = (at.y * at.width + at.x + 1) * 2654435761u;

	return {.red = static_cast<std::uint8_t>(hash >> 24),
		.green = static_cast<std::uint8_t>(hash >> 16),
		.blue = static_cast<std::uint8_t>(hash >> 8)};
}

Pixel ramp(const Place &at)
{
	const auto level = static_cast<std::uint8_t>(
		at.width > 1 ? std::uint64_t{at.x} * full / (at.width - 1) : full);
	const std::uint64_t band = std::uint64_t{at.y} * 4 / at.height;
	const auto sample = [&](std::uint64_t mine) {
		return band == mine || band == 3 ? level : std::uint8_t{0};
	};

	return {.red = sample(0), .green = sample(1), .blue = sample(2)};
}

Pixel rings(const Place &at)
{
	const double x = at.x - (at.width - 1) / 2.0, y = at.y - (at.height - 1) / 2.0;
	const double radius = std::max({at.width, at.height, 2u}) / 2.0;
	// A period of two pixels at the radius.
	const double phase = std::numbers::pi / 2 * (x * x + y * y) / radius;
	const auto grey = static_cast<std::uint8_t>(std::lround(127.5 + 127.5 * std::cos(phase)));

	return {.red = grey, .green = grey, .blue = grey};
}

struct Pattern {
	const char *name;
	Pixel (*pixel)(const Place &at);
};

constexpr std::array patterns = {
	Pattern{"bars", bars}, Pattern{"checker", checker}, Pattern{"noise", noise},
	Pattern{"ramp", ramp}, Pattern{"rings", rings},
};

} // namespace

const std::vector<std::string> &pattern_names()
{
	static const std::vector<std::string> names = [] {
		std::vector<std::string> all;

		for (const Pattern &pattern : patterns)
			all.emplace_back(pattern.name);
		return all;
	}();

	return names;
}

std::optional<Picture> draw_pattern(std::string_view name, std::uint32_t width,
				    std::uint32_t height)
{
	const auto pattern = std::ranges::find(patterns, name, &Pattern::name);

	if (pattern == patterns.end())
		return std::nullopt;
	Picture picture(width, height);

	for (std::uint32_t y = 0; y < height; y++)
		for (std::uint32_t x = 0; x < width; x++)
			picture.at(x, y) = pattern->pixel({x, y, width, height});
	return picture;
}

} // namespace vskms::svp
