// SPDX-License-Identifier: GPL-2.0
/* What the tests of the compositor share: framebuffers, scenes, and what running one gives. */
#pragma once

#include "compositor/compositor.h"
#include "compositor/format.hpp"
#include "compositor/reference.hpp"
#include "rows.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace vskms::test {

using Random = std::mt19937;

/* Uniform in [low, high]. */
inline int pick(Random &random, int low, int high)
{
	return std::uniform_int_distribution(low, high)(random);
}

inline bool chance(Random &random, int percent)
{
	return pick(random, 1, 100) <= percent;
}

/* A framebuffer, as small as its pitches allow. */
class Picture {
public:
	/* Each pitch is @slack longer than a row. */
	Picture(std::uint32_t code, std::uint32_t w, std::uint32_t h, std::uint32_t slack = 0,
		std::uint32_t lead = 0)
		: format(*find_format(code)), width(w), height(h)
	{
		for (std::size_t i = 0; i < format.planes; i++) {
			const PlaneLayout layout = *plane_layout(format, i, w, h);

			layouts.push_back(layout);
			pitch[i] = layout.row_bytes + slack;
			rows.emplace_back(layout.rows, layout.row_bytes, pitch[i], lead);
			memory.data[i] = rows[i].data();
		}
	}

	/*
	 * Noise, in which all bits clear or set are frequent, or stretches of these and of noise,
	 * as overlays are made of.
	 */
	void fill(Random &random)
	{
		const bool noise = chance(random, 50);
		int left = 0, kind = 0;

		each_byte([&](std::uint8_t &byte) {
			if (noise || !left--) {
				left = pick(random, 0, 200);
				kind = pick(random, 0, 7);
			}
			byte = kind < 2 ? 0 : kind < 4 ? 255 : random();
		});
	}

	void fill(std::uint8_t value)
	{
		each_byte([&](std::uint8_t &byte) { byte = value; });
	}

	template <typename T>
	void set(std::uint32_t x, std::uint32_t y, T value)
	{
		__builtin_memcpy(rows[0].data() + y * pitch[0] + x * sizeof value, &value,
				 sizeof value);
	}

	/* All of it, opaque, at @x, @y. */
	compositor_plane plane(int x = 0, int y = 0) const
	{
		compositor_plane plane{};

		plane.format = format.code;
		plane.fb_width = plane.src_w = width;
		plane.fb_height = plane.src_h = height;
		std::copy_n(pitch.begin(), 3, plane.pitch);
		plane.dst_x = x;
		plane.dst_y = y;
		plane.rotation = 1;
		plane.alpha = 0xffff;
		plane.blend = COMPOSITOR_BLEND_PREMULTIPLIED;
		return plane;
	}

	const Format &format;
	std::uint32_t width, height;
	std::array<std::uint32_t, 3> pitch{};
	compositor_memory memory{};

private:
	template <typename Change>
	void each_byte(Change change)
	{
		for (std::size_t i = 0; i < rows.size(); i++)
			for (std::uint32_t y = 0; y < layouts[i].rows; y++)
				for (std::uint32_t x = 0; x < layouts[i].row_bytes; x++)
					change(rows[i].data()[std::size_t{y} * pitch[i] + x]);
	}

	std::vector<PlaneLayout> layouts;
	std::vector<Rows> rows;
};

/* A scene and all it points to. */
struct Stage {
	std::uint32_t width, height;
	std::uint64_t background;
	std::vector<compositor_plane> planes;
	std::vector<compositor_memory> memory;
	const compositor_matrix *ctm = nullptr;
	const compositor_lut *gamma = nullptr;

	Stage(std::uint32_t w, std::uint32_t h, std::uint64_t behind = 0)
		: width(w), height(h), background(behind) {}

	compositor_plane &add(const Picture &picture, int x = 0, int y = 0)
	{
		memory.push_back(picture.memory);
		return planes.emplace_back(picture.plane(x, y));
	}

	compositor_scene scene() const
	{
		return {width, height, background, static_cast<unsigned int>(planes.size()),
			planes.data(), ctm, gamma};
	}
};

struct Destroy {
	void operator()(compositor *c) const { compositor_destroy(c); }
};

using Compositor = std::unique_ptr<compositor, Destroy>;

inline Compositor create(const compositor_scene &scene)
{
	compositor *made = nullptr;

	EXPECT_EQ(compositor_create(&scene, &made), 0);
	return Compositor{made};
}

inline std::uint32_t bytes_of_target(std::uint32_t format)
{
	return format == fourcc("RG16") ? 2 : format >> 16 == fourcc("XR48") >> 16 ? 8 : 4;
}

/* A target, with bytes between its rows that may not be touched. */
struct Target {
	Target(std::uint32_t code, std::uint32_t width, std::uint32_t height,
	       std::uint32_t slack = 0, std::uint32_t lead = 0)
		: format(code), bytes(bytes_of_target(code)), pitch(width * bytes + slack),
		  rows(height, width * bytes, pitch, lead) {}

	compositor_target target() const { return {rows.data(), pitch, format}; }

	std::uint64_t pixel(std::uint32_t x, std::uint32_t y) const
	{
		std::uint64_t v = 0;

		__builtin_memcpy(&v, rows.data() + std::size_t{y} * pitch + x * bytes, bytes);
		return v;
	}

	std::uint32_t format, bytes, pitch;
	Rows rows;
};

/* All lines, as they came. */
struct Lines {
	static void add(void *context, const void *line, unsigned int bytes)
	{
		const auto *const from = static_cast<const std::uint8_t *>(line);
		auto &row = static_cast<Lines *>(context)->rows.emplace_back(bytes / 4);

		__builtin_memcpy(row.data(), from, bytes);
	}

	std::vector<std::vector<std::uint32_t>> rows;
};

/* Compose @stage once, in a scratch of exactly the size that is asked for. */
inline Lines run(const Stage &stage, const Target *target = nullptr, bool want_lines = true)
{
	const Compositor made = create(stage.scene());
	const std::size_t size = compositor_scratch(made.get());
	const auto scratch = std::make_unique<std::uint8_t[]>(size);
	const compositor_target to = target ? target->target() : compositor_target{};
	Lines lines;

	compositor_run(made.get(), stage.memory.data(), scratch.get(), target ? &to : nullptr,
		       want_lines ? Lines::add : nullptr, &lines);
	return lines;
}

} // namespace vskms::test
