// SPDX-License-Identifier: GPL-2.0
/*
 * Colour pipelines: matrices and LUTs, applied to pixels of 16 bits a channel.
 *
 * Pipelines are the exception, and when there is one its own cost dominates. So there is one loop
 * over the pixels, which for each goes through the steps. What matters more is to have none: a
 * step that changes nothing is left out when the scene is made. Desktops do load linear gamma.
 *
 * No overflow. A factor is within 2^36 (+-4096, 24 bits of fraction) and what it is applied to
 * within 2^23, so four products are within 2^61. A position in a LUT is at most
 * 65535 * (entries - 1) <= 65535^2, as floor_65535() and div_65535() ask for.
 */
#pragma once

#include "arithmetic.hpp"
#include "compositor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vskms {

struct Matrix {
	std::int64_t factor[12];	// 24 bits of fraction
};

struct Lut {
	std::uint32_t entries;
	const std::uint16_t *table[3];
};

struct ColourOp {
	bool is_lut;
	union {
		Lut lut;
		Matrix matrix;
	};
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
 * can be, as 255 divides 65535.
 */
[[nodiscard]] inline bool is_identity(const compositor_lut &lut)
{
	const unsigned short *const tables[] = {lut.red, lut.green, lut.blue};

	for (const unsigned short *const table : tables)
		for (std::uint64_t i = 0; i < lut.entries; i++)
			if (std::uint64_t{table[i]} * (lut.entries - 1) != i * 65535)
				return false;
	return true;
}

/* A value below 0 or above 65535 is taken for the nearest that is not. */
[[nodiscard]] constexpr std::int32_t looked_up(const Lut &lut, int channel, std::int32_t value)
{
	const std::uint16_t *const table = lut.table[channel];
	const std::uint32_t position = static_cast<std::uint32_t>(std::clamp(value, 0, 65535)) *
				       (lut.entries - 1);
	const std::uint32_t entry = std::min(floor_65535(position), lut.entries - 2);
	const std::uint32_t beyond = position - entry * 65535;	// 65535 is the next entry

	// A mean of two entries is at most 65535, so this is at most 65535^2.
	return div_65535(table[entry] * (65535 - beyond) + table[entry + 1] * beyond);
}

struct Colour {
	std::int32_t red, green, blue;
};

[[nodiscard]] constexpr Colour transformed(const Matrix &matrix, const Colour &in)
{
	const auto row = [&](const std::int64_t *factor) {
		constexpr std::int64_t most = 128 * 65536;
		const std::int64_t sum = factor[0] * in.red + factor[1] * in.green +
					 factor[2] * in.blue + factor[3] * 65535;

		return static_cast<std::int32_t>(std::clamp((sum + (1 << 23)) >> 24, -most, most));
	};

	return {row(matrix.factor), row(matrix.factor + 4), row(matrix.factor + 8)};
}

[[nodiscard]] constexpr Pixel16 coloured(std::span<const ColourOp> ops, Pixel16 p)
{
	Colour c = {static_cast<std::int32_t>(p >> 32 & 0xffff),
		    static_cast<std::int32_t>(p >> 16 & 0xffff),
		    static_cast<std::int32_t>(p & 0xffff)};

	for (const ColourOp &op : ops) {
		if (op.is_lut)
			c = {looked_up(op.lut, 0, c.red), looked_up(op.lut, 1, c.green),
			     looked_up(op.lut, 2, c.blue)};
		else
			c = transformed(op.matrix, c);
	}

	const auto channel = [](std::int32_t v) {
		return static_cast<Pixel16>(std::clamp(v, 0, 65535));
	};

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
