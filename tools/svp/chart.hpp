// SPDX-License-Identifier: GPL-2.0
/*
 * A picture that is known again wherever it turns up: twelve fields, four in a row, each of
 * a hue that nothing else on a screen has. From a capture it can be told whether it is there
 * at all, where, and whether it lies as it should: turned, scaled, shifted by a wrong pitch
 * or cut off, other hues are at other places. There are two, with no hue in common.
 *
 * A capture differs from what was shown by the rounding of YUV, and between two fields by
 * what scaling and chroma make of their edge: hence a tolerance, and shares in place of a
 * comparison.
 */
#pragma once

#include "area.hpp"
#include "picture.hpp"

#include <cstddef>
#include <optional>

namespace vskms::svp {

enum class Chart { first, second };

[[nodiscard]] Picture draw_chart(Chart chart, std::uint32_t width, std::uint32_t height);

/* Is it one of its hues? */
[[nodiscard]] bool of_chart(Chart chart, const Pixel &pixel);

/* Two that a person would call the same. */
[[nodiscard]] bool alike(const Pixel &one, const Pixel &other);

/* What is to be seen of a chart in a capture. */
struct Sighting {
	std::size_t hues = 0; // pixels of its hues, anywhere
	Area area;	      // around all of those; no size: there are none
	Area place;	      // where it was looked for: only x and y
	// Of that, as far as it is in the capture, in pixels:
	std::size_t right = 0;	   // as they should be
	std::size_t misplaced = 0; // of its hues, and wrong
	std::size_t other = 0;	   // what is no part of a chart

	/* Of that place: how much of it, from 0 to 1. */
	[[nodiscard]] double share(std::size_t pixels) const
	{
		const std::size_t all = right + misplaced + other;

		return all ? static_cast<double>(pixels) / static_cast<double>(all) : 0;
	}

	/* No more than a stray pixel of something else. */
	[[nodiscard]] bool nothing() const { return hues < stray; }

	/* All of it, and in its place. */
	[[nodiscard]] bool whole() const { return share(right) >= most; }

	static constexpr std::size_t stray = 64;
	static constexpr double most = 0.97;
};

/*
 * @expected is how it should look, turned and scaled; it should be with its upper left corner
 * at @place. If it is not all there, or that is empty, it is looked for where its hues are, too;
 * the better of both is told of.
 */
[[nodiscard]] Sighting look_for(Chart chart, const Picture &expected, const Picture &capture,
				std::optional<Area> place = std::nullopt);

/* Pixels like @colour: how many, and around all of them. */
struct Patch {
	std::size_t pixels = 0;
	Area area;
};

[[nodiscard]] Patch look_for(const Pixel &colour, const Picture &capture);

/* Of a part of a capture: its commonest colour, and how much of it, from 0 to 1, is like that. */
struct Tone {
	Pixel colour;
	double share = 0;
};

/* What of @area is not in the capture does not count; none is a share of 0. */
[[nodiscard]] Tone tone_of(const Picture &capture, const Area &area);

} // namespace vskms::svp
