// SPDX-License-Identifier: GPL-2.0
/*
 * Which planes are seen where.
 *
 * The edges of the planes cut the scene into bands of lines, and a band into segments, in all of
 * which the same planes lie above each other. In a segment only the topmost opaque plane, its
 * base, and what is above that are composed; all below is hidden and costs nothing. Where there is
 * no opaque plane the base is the background.
 *
 *	lines of one band	background	.....................
 *				primary		  ooooooooooooooooo
 *				overlay		     aaaaa  oooo
 *				cursor			aa
 *	segments			..ooo|a  |b|a|  oooo	(a: over primary; b: both)
 *
 * For n planes there are at most 2 n edges inside, in either direction, so 2 n + 1 bands and
 * 2 n + 1 segments [1], and making a band's takes O(n^2) steps: less than 2500 for the 34 planes
 * there can be, and about 20 for three. A band costs this once, however many lines it has. So
 * it is done for each frame, which knows best which planes are blanked.
 */
#pragma once

#include "compositor.h"
#include "plane.hpp"
#include "scene.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vskms {

using PlaneMask = std::uint64_t;

static_assert(COMPOSITOR_PLANES <= 64);

struct Segment {
	std::int16_t x0, x1;	// half open; at most 8192
	std::int16_t base;	// a plane, or background
	PlaneMask above;	// planes to be blended, the lowest first

	static constexpr std::int16_t background = -1;

	friend bool same_planes(const Segment &a, const Segment &b)
	{
		return a.base == b.base && a.above == b.above;
	}
};

class Band {
public:
	/* The band that begins in line @y. Planes in @blanked are opaque, whatever they are. */
	Band(const Scene &scene, PlaneMask blanked, std::int32_t y) noexcept : end_(scene.height())
	{
		const std::span planes = scene.planes();
		PlaneMask here = 0;

		for (std::size_t i = 0; i < planes.size(); i++) {
			const Rectangle &shown = planes[i].shown();

			if (y < shown.y0)
				end_ = std::min(end_, shown.y0);
			else if (y < shown.y1)
				end_ = std::min(end_, shown.y1);
			if (y >= shown.y0 && y < shown.y1)
				here |= PlaneMask{1} << i;
		}

		for (std::int32_t x = 0; x < scene.width();) {
			const Segment next = segment(scene, here, blanked, x);

			x = next.x1;
			// Edges of what is hidden are none.
			if (count_ && same_planes(segment_[count_ - 1], next))
				segment_[count_ - 1].x1 = next.x1;
			else
				segment_[count_++] = next;
		}
	}

	/* The line after its last one. */
	[[nodiscard]] std::int32_t end() const noexcept { return end_; }

	[[nodiscard]] std::span<const Segment> segments() const noexcept
	{
		return std::span{segment_}.first(count_);
	}

private:
	static Segment segment(const Scene &scene, PlaneMask here, PlaneMask blanked,
			       std::int32_t x) noexcept
	{
		Segment out{static_cast<std::int16_t>(x), 0, Segment::background, 0};
		std::int32_t end = scene.width();
		const std::span planes = scene.planes();

		for (std::size_t i = 0; i < planes.size(); i++) {
			const PlaneMask bit = PlaneMask{1} << i;
			const Rectangle &shown = planes[i].shown();

			if (!(here & bit) || x >= shown.x1)
				continue;
			if (x < shown.x0) {
				end = std::min(end, shown.x0);
				continue;
			}
			end = std::min(end, shown.x1);
			if (blanked & bit || planes[i].opaque()) {
				out.base = static_cast<std::int16_t>(i);
				out.above = 0;
			} else if (!planes[i].clear()) {
				out.above |= bit;
			}
		}
		out.x1 = static_cast<std::int16_t>(end);
		return out;
	}

	std::int32_t end_;
	std::size_t count_ = 0;
	std::array<Segment, 2 * COMPOSITOR_PLANES + 1> segment_;	// [1]
};

} // namespace vskms
