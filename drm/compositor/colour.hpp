// SPDX-License-Identifier: GPL-2.0
/*
 * Colour pipelines: matrices, curves and LUTs, applied to pixels of 16 bits a channel.
 *
 * Pipelines are the exception, and when there is one its own cost dominates. So there is one loop
 * over the pixels, which for each goes through the steps. What matters more is to have none: a
 * step that changes nothing is left out when the scene is made. Desktops do load linear gamma.
 *
 * Between the steps a channel has 8 bits more (curve.hpp), is signed, and lies within +-128.
 *
 * No overflow. A factor is within 2^36 (+-4096, 24 bits of fraction) and what it is applied to
 * within 2^31, so a sum of four products needs 70 bits, and has 128. A position in a LUT is at
 * most unity * (entries - 1) < 2^40, and a mean of its entries, times unity, less than 2^56.
 */
#pragma once

#include "arithmetic.hpp"
#include "compositor.h"
#include "curve.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace vskms {

struct Matrix {
	std::int64_t factor[12];	// 24 bits of fraction
};

struct Lut {
	std::uint32_t entries;
	const std::uint32_t *table[3];
};

/* A cube of colours, each red, green, blue; red is the innermost index, blue the outermost. */
struct Cube {
	std::uint32_t size;	// along each edge
	const std::uint32_t *table;
};

struct ColourOp {
	compositor_colorop_type type;
	union {
		Lut lut;
		Matrix matrix;
		const Curve *curve;
		Cube cube;
	};

	/* Are its results within 0..1? */
	[[nodiscard]] constexpr bool clamps() const
	{
		return type == COMPOSITOR_LUT || type == COMPOSITOR_LUT3D ||
		       (type == COMPOSITOR_CURVE && curve->table.back() <= unity);
	}
};

[[nodiscard]] constexpr Matrix matrix_from(const compositor_matrix &from)
{
	constexpr std::int64_t most = std::int64_t{4096} << 32;
	Matrix matrix{};

	for (std::size_t i = 0; i < 12; i++) {
		const std::int64_t factor = std::clamp<std::int64_t>(from.m[i], -most, most);

		matrix.factor[i] = (factor + (1 << 7)) >> 8;
	}
	return matrix;
}

[[nodiscard]] constexpr bool is_identity(const Matrix &matrix)
{
	for (std::size_t i = 0; i < 12; i++)
		if (matrix.factor[i] != (i % 5 ? 0 : 1 << 24))
			return false;
	return true;
}

/*
 * Is each entry exactly what it stands at? Then so is what is between two. Tables of 256 entries
 * can be, as 255 divides 2^32 - 1.
 */
[[nodiscard]] inline bool is_identity(const compositor_lut &lut)
{
	const unsigned int *const tables[] = {lut.red, lut.green, lut.blue};

	for (const unsigned int *const table : tables)
		for (std::uint64_t i = 0; i < lut.entries; i++)
			if (std::uint64_t{table[i]} * (lut.entries - 1) != i * UINT32_MAX)
				return false;
	return true;
}

/* Between which entries of @entries, and how far beyond the first, of unity. */
struct Position {
	std::uint32_t entry;
	std::uint32_t beyond;
};

/* A value below 0 or above 1 is taken for the nearest that is not. */
[[nodiscard]] constexpr Position position_of(std::int32_t value, std::uint32_t entries)
{
	const auto position = static_cast<std::uint64_t>(std::clamp(value, 0, unity)) *
			      (entries - 1);
	const auto entry = std::min<std::uint32_t>(position / unity, entries - 2);

	return {entry, static_cast<std::uint32_t>(position - std::uint64_t{entry} * unity)};
}

/* A mean of entries, times unity, as a value. */
[[nodiscard]] constexpr std::int32_t value_of_mean(std::uint64_t mean)
{
	return static_cast<std::int32_t>((mean + UINT32_MAX / 2) / UINT32_MAX);
}

[[nodiscard]] constexpr std::int32_t looked_up(const Lut &lut, int channel, std::int32_t value)
{
	const auto [entry, beyond] = position_of(value, lut.entries);
	const std::uint32_t *const at = lut.table[channel] + entry;

	return value_of_mean(std::uint64_t{at[0]} * (unity - beyond) +
			     std::uint64_t{at[1]} * beyond);
}

struct Colour {
	std::int32_t red, green, blue;
};

/* How far along an edge of a small cube, and the step in the table to its other end. */
struct Edge {
	std::uint32_t beyond;
	std::uint32_t step;
};

constexpr void farthest_first(std::array<Edge, 3> &way)
{
	const auto order = [&](std::size_t a, std::size_t b) {
		if (way[a].beyond < way[b].beyond)
			std::swap(way[a], way[b]);
	};

	order(0, 1);
	order(1, 2);
	order(0, 1);
}

/*
 * Tetrahedral interpolation: from the corner of the small cube that is nearest to black along
 * its edges to the one that is farthest, first along the channel that is farthest from its entry.
 * The four corners on this way are the tetrahedron's, and their weights what lies between.
 */
[[nodiscard]] constexpr Colour looked_up(const Cube &cube, const Colour &in)
{
	const Position red = position_of(in.red, cube.size);
	const Position green = position_of(in.green, cube.size);
	const Position blue = position_of(in.blue, cube.size);
	std::array<Edge, 3> way{{
		{red.beyond, 3},
		{green.beyond, 3 * cube.size},
		{blue.beyond, 3 * cube.size * cube.size},
	}};
	const std::uint32_t *at = cube.table + 3 * (red.entry + cube.size *
						    (green.entry + cube.size * blue.entry));
	std::uint32_t before = unity;
	std::uint64_t mean[3] = {};

	farthest_first(way);
	for (std::size_t i = 0; i <= way.size(); i++) {
		const std::uint32_t now = i < way.size() ? way[i].beyond : 0;

		for (std::size_t channel = 0; channel < 3; channel++)
			mean[channel] += std::uint64_t{at[channel]} * (before - now);
		if (i < way.size())
			at += way[i].step;
		before = now;
	}
	return {value_of_mean(mean[0]), value_of_mean(mean[1]), value_of_mean(mean[2])};
}

[[nodiscard]] constexpr Colour transformed(const Matrix &matrix, const Colour &in)
{
	const auto row = [&](const std::int64_t *factor) {
		using Sum = __int128;
		constexpr Sum most = std::int64_t{128} * unity;
		const Sum sum = Sum{factor[0]} * in.red + Sum{factor[1]} * in.green +
				Sum{factor[2]} * in.blue + Sum{factor[3]} * unity;

		return static_cast<std::int32_t>(std::clamp((sum + (1 << 23)) >> 24, -most, most));
	};

	return {row(matrix.factor), row(matrix.factor + 4), row(matrix.factor + 8)};
}

[[nodiscard]] constexpr Colour applied(const ColourOp &op, const Colour &c)
{
	switch (op.type) {
	case COMPOSITOR_LUT:
		return {looked_up(op.lut, 0, c.red), looked_up(op.lut, 1, c.green),
			looked_up(op.lut, 2, c.blue)};
	case COMPOSITOR_MATRIX:
		return transformed(op.matrix, c);
	case COMPOSITOR_CURVE:
		return {curved(*op.curve, c.red), curved(*op.curve, c.green),
			curved(*op.curve, c.blue)};
	case COMPOSITOR_LUT3D:
		return looked_up(op.cube, c);
	}
	return c;
}

[[nodiscard]] constexpr std::int32_t value_of_channel(std::uint32_t channel)
{
	return static_cast<std::int32_t>(channel << 8);
}

[[nodiscard]] constexpr std::uint32_t channel_of_value(std::int32_t value)
{
	return static_cast<std::uint32_t>(std::clamp(value, 0, unity) + (1 << 7)) >> 8;
}

[[nodiscard]] constexpr Pixel16 coloured(std::span<const ColourOp> ops, Pixel16 p)
{
	const auto value = [p](int shift) { return value_of_channel(p >> shift & 0xffff); };
	const auto channel = [](std::int32_t v) { return Pixel16{channel_of_value(v)}; };
	Colour c = {value(32), value(16), value(0)};

	for (const ColourOp &op : ops)
		c = applied(op, c);
	return (p & opaque_16) | channel(c.red) << 32 | channel(c.green) << 16 | channel(c.blue);
}

/* @n pixels of 16 bits in place. */
inline void colour_row(std::span<const ColourOp> ops, std::uint32_t n, std::uint8_t *row)
{
	if (ops.empty())
		return;
	for (; n; n--, row += 8)
		store(row, coloured(ops, load<Pixel16>(row)));
}

} // namespace vskms
