// SPDX-License-Identifier: GPL-2.0
#include "chart.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

namespace vskms::svp {
namespace {

constexpr std::uint32_t columns = 4;
constexpr std::uint32_t rows = 3;
constexpr int tolerance = 16;
constexpr std::uint8_t bright = 204;

/* Around the circle of hues in 24 steps; a chart has every other. */
constexpr std::size_t steps = 2 * columns * rows;

constexpr std::array<Pixel, steps> hues = [] {
	std::array<Pixel, steps> all;

	for (std::size_t i = 0; i < steps; i++) {
		// A sample rises for a sixth of the circle, stays for two, and falls.
		const auto sample = [&](std::size_t turned) {
			const std::size_t sixth = steps / 6, at = (i + turned) % steps;
			const std::size_t level = at < sixth	 ? at :
						  at < 3 * sixth ? sixth :
						  at < 4 * sixth ? 4 * sixth - at :
								   0;

			return static_cast<std::uint8_t>(bright * level / sixth);
		};

		all[i] = {.red = sample(steps / 3),
			  .green = sample(0),
			  .blue = sample(2 * steps / 3)};
	}
	return all;
}();

/* Neighbours are far apart: 5 has no divisor in common with 12. */
Pixel field(Chart chart, std::uint32_t column, std::uint32_t row)
{
	const std::size_t number = (row * columns + column) * 5 % (columns * rows);

	return hues[2 * number + (chart == Chart::second)];
}

/* Grows with each pixel that it should hold. */
class Bounds {
public:
	void hold(std::uint32_t x, std::uint32_t y)
	{
		left_ = std::min(left_, x);
		top_ = std::min(top_, y);
		right_ = std::max(right_, x + 1);
		bottom_ = std::max(bottom_, y + 1);
	}

	[[nodiscard]] Area area() const
	{
		if (!right_)
			return {};
		return {.x = static_cast<std::int32_t>(left_),
			.y = static_cast<std::int32_t>(top_),
			.width = right_ - left_,
			.height = bottom_ - top_};
	}

private:
	std::uint32_t left_ = ~0u, top_ = ~0u, right_ = 0, bottom_ = 0;
};

void compare(Chart chart, const Picture &expected, const Picture &capture, const Area &place,
	     Sighting &seen)
{
	seen.place = {.x = place.x, .y = place.y};
	seen.right = seen.misplaced = seen.other = 0;
	for (std::uint32_t v = 0; v < expected.height(); v++) {
		for (std::uint32_t u = 0; u < expected.width(); u++) {
			const std::int64_t x = place.x + std::int64_t{u};
			const std::int64_t y = place.y + std::int64_t{v};

			if (x < 0 || y < 0 || x >= capture.width() || y >= capture.height())
				continue;
			const Pixel &pixel = capture.at(static_cast<std::uint32_t>(x),
							static_cast<std::uint32_t>(y));

			if (alike(pixel, expected.at(u, v)))
				seen.right++;
			else if (of_chart(chart, pixel))
				seen.misplaced++;
			else
				seen.other++;
		}
	}
}

} // namespace

bool alike(const Pixel &one, const Pixel &other)
{
	return std::abs(one.red - other.red) <= tolerance &&
	       std::abs(one.green - other.green) <= tolerance &&
	       std::abs(one.blue - other.blue) <= tolerance;
}

Picture draw_chart(Chart chart, std::uint32_t width, std::uint32_t height)
{
	Picture picture(width, height);

	for (std::uint32_t y = 0; y < height; y++)
		for (std::uint32_t x = 0; x < width; x++)
			picture.at(x, y) = field(chart, x * columns / width, y * rows / height);
	return picture;
}

bool of_chart(Chart chart, const Pixel &pixel)
{
	for (std::size_t i = chart == Chart::second; i < hues.size(); i += 2)
		if (alike(hues[i], pixel))
			return true;
	return false;
}

Sighting look_for(Chart chart, const Picture &expected, const Picture &capture,
		  std::optional<Area> place)
{
	Sighting seen;
	Bounds bounds;

	for (std::uint32_t y = 0; y < capture.height(); y++) {
		for (std::uint32_t x = 0; x < capture.width(); x++) {
			if (!of_chart(chart, capture.at(x, y)))
				continue;
			seen.hues++;
			bounds.hold(x, y);
		}
	}
	seen.area = bounds.area();
	compare(chart, expected, capture, place.value_or(seen.area), seen);
	if (!place || seen.whole() || seen.nothing())
		return seen;
	Sighting elsewhere = seen;

	compare(chart, expected, capture, seen.area, elsewhere);
	return elsewhere.right > seen.right ? elsewhere : seen;
}

Patch look_for(const Pixel &colour, const Picture &capture)
{
	Patch patch;
	Bounds bounds;

	for (std::uint32_t y = 0; y < capture.height(); y++) {
		for (std::uint32_t x = 0; x < capture.width(); x++) {
			if (!alike(capture.at(x, y), colour))
				continue;
			patch.pixels++;
			bounds.hold(x, y);
		}
	}
	patch.area = bounds.area();
	return patch;
}

Tone tone_of(const Picture &capture, const Area &area)
{
	const auto clipped = [](std::int64_t at, std::uint32_t size) {
		return static_cast<std::uint32_t>(
			std::clamp(at, std::int64_t{0}, std::int64_t{size}));
	};
	const std::uint32_t left = clipped(area.x, capture.width());
	const std::uint32_t top = clipped(area.y, capture.height());
	const std::uint32_t right = clipped(std::int64_t{area.x} + area.width, capture.width());
	const std::uint32_t bottom = clipped(std::int64_t{area.y} + area.height, capture.height());
	std::map<std::array<std::uint8_t, 3>, std::size_t> colours;
	std::size_t all = 0, like = 0;

	for (std::uint32_t y = top; y < bottom; y++) {
		for (std::uint32_t x = left; x < right; x++) {
			const Pixel &pixel = capture.at(x, y);

			colours[{pixel.red, pixel.green, pixel.blue}]++;
			all++;
		}
	}
	if (!all)
		return {};
	const auto &[red, green, blue] =
		std::ranges::max_element(colours, {}, [](const auto &one) { return one.second; })
			->first;
	const Pixel commonest = {.red = red, .green = green, .blue = blue};

	for (const auto &[colour, pixels] : colours)
		if (alike(commonest, {.red = colour[0], .green = colour[1], .blue = colour[2]}))
			like += pixels;
	return {.colour = commonest,
		.share = static_cast<double>(like) / static_cast<double>(all)};
}

} // namespace vskms::svp
