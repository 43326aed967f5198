// SPDX-License-Identifier: GPL-2.0
/*
 * How YUV becomes RGB.
 *
 * An encoding says how much of luma is red and blue, kr and kb, and kg = 1 - kr - kb; so
 *
 *	R = Y + 2 (1 - kr) V
 *	G = Y - 2 (1 - kb) kb / kg U - 2 (1 - kr) kr / kg V
 *	B = Y + 2 (1 - kb) U		for Y in 0..1, and U and V in -1/2..1/2
 *
 * A range says which samples stand for these, for samples of d bits and s = 2^(d - 8):
 *
 *			0 of Y	1 of Y		0 of U, V	1/2 of U, V
 *	limited		16 s	16 s + 219 s	128 s		128 s + 112 s
 *	full		0	256 s - 1	128 s		128 s + (256 s - 1) / 2
 *
 * So R, G and B are each a sum of at most three products, of a sample less its zero and a
 * constant. This is the arithmetic, of the reference and of the fast compositor alike:
 *
 *	product(c, x)	c x in quarters of a 16-bit step, rounded to the nearest, halves up,
 *			where c has 20 bits of fraction, itself rounded to the nearest
 *	channel		the sum of the products in whole steps, rounded likewise, then
 *			clamped to 0..65535
 *
 * The error. |x| < 2^16, so c's own contributes less than 2^16 / 2^21 = 1/32 of a quarter to a
 * product, and rounding at most a half. Three products are off by at most 1.6 quarters, so a
 * channel by less than 0.9 of a step, of which 257 make an 8-bit one. White has one product,
 * which is within 1/32 of 4 * 65535, and is therefore exact; so are black and, at 8 bits, each
 * grey of full range.
 *
 * Three at once. A channel before clamping is within +-2^20 quarters [1], so the sums of blue,
 * green and red fit lanes of 21 bits in one word: blue + green * 2^21 + red * 2^42 is added as one
 * number. One that is negative borrows from the lane above, but whether all are in range, and so
 * need no clamping, is still seen by a mask: of the lanes out of range the lowest has nothing
 * borrowed from it, as those below are not negative, so it shows its value modulo 2^21, which has
 * a bit set from 18 on if it is less than 0 or more than 65535 steps and three quarters.
 */
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace vskms {

/* Factors of samples of one depth, in 2^-20 quarters of a 16-bit step. */
struct YuvFactors {
	std::int32_t unused;	// bits below a sample that is stored in 16
	std::int32_t y_zero, uv_zero;
	std::int64_t y;
	std::int64_t red_v, green_u, green_v, blue_u;
};

inline constexpr int yuv_encodings = 3;	// BT.601, BT.709, BT.2020, as enum compositor_encoding
inline constexpr int yuv_ranges = 2;	// limited, full, as enum compositor_range

[[nodiscard]] consteval YuvFactors yuv_factors(int encoding, int range, int depth)
{
	// In 1/10000.
	constexpr std::int64_t one = 10000;
	constexpr std::int64_t red[yuv_encodings] = {2990, 2126, 2627};
	constexpr std::int64_t blue[yuv_encodings] = {1140, 722, 593};
	const std::int64_t kr = red[encoding], kb = blue[encoding], kg = one - kr - kb;

	const std::int64_t scale = std::int64_t{1} << (depth - 8);
	const bool limited = range == 0;
	const std::int64_t y_span = limited ? 219 * scale : 256 * scale - 1;
	const std::int64_t uv_span = limited ? 224 * scale : 256 * scale - 1;

	// 128 bits, as this runs in the compiler only.
	using Integer = __int128;
	constexpr Integer unit = Integer{4 * 65535} << 20;
	const auto rounded = [](Integer numerator, Integer denominator) {
		return static_cast<std::int64_t>((2 * numerator + denominator) / (2 * denominator));
	};

	return {
		.unused = 16 - depth,
		.y_zero = static_cast<std::int32_t>(limited ? 16 * scale : 0),
		.uv_zero = static_cast<std::int32_t>(128 * scale),
		.y = rounded(unit, y_span),
		.red_v = rounded(unit * 2 * (one - kr), uv_span * one),
		.green_u = -rounded(unit * 2 * (one - kb) * kb, uv_span * one * kg),
		.green_v = -rounded(unit * 2 * (one - kr) * kr, uv_span * one * kg),
		.blue_u = rounded(unit * 2 * (one - kb), uv_span * one),
	};
}

template <int depth>
inline constexpr auto yuv_factors_of = [] {
	std::array<std::array<YuvFactors, yuv_ranges>, yuv_encodings> all{};

	[&]<std::size_t... i>(std::index_sequence<i...>) {
		((all[i / yuv_ranges][i % yuv_ranges] =
			  yuv_factors(i / yuv_ranges, i % yuv_ranges, depth)), ...);
	}(std::make_index_sequence<yuv_encodings * yuv_ranges>{});
	return all;
}();

/* In quarters of a 16-bit step. */
[[nodiscard]] constexpr std::int32_t yuv_product(std::int64_t factor, std::int32_t sample)
{
	return static_cast<std::int32_t>((factor * sample + (1 << 19)) >> 20);
}

/* Sums of products, in quarters: blue, green and red from bits 0, 21 and 42 on. */
using YuvSum = std::uint64_t;

namespace detail {

inline constexpr YuvSum ones_21 = 1 | 1ull << 21 | 1ull << 42;	// 1 in each lane
inline constexpr YuvSum out_of_range = 7 << 18;	// bits of a lane

[[nodiscard]] constexpr YuvSum pack(std::int64_t blue, std::int64_t green, std::int64_t red)
{
	return static_cast<YuvSum>(blue) + (static_cast<YuvSum>(green) << 21) +
	       (static_cast<YuvSum>(red) << 42);
}

/* Some channel is below 0 or above 65535: the less usual case. */
[[nodiscard, gnu::noinline]] inline YuvSum clamped(YuvSum sum)
{
	auto rest = static_cast<std::int64_t>(sum);
	YuvSum out = 0;

	for (int at = 0; at < 63; at += 21) {
		const std::int64_t lane = rest << 43 >> 43;

		out |= static_cast<YuvSum>(std::clamp<std::int64_t>(lane, 0, (1 << 18) - 1)) << at;
		rest = (rest - lane) >> 21;	// gives back what was borrowed
	}
	return out;
}

} // namespace detail

/* Is each channel of a sum within 0..65535? Of several sums ored: of each one? */
[[nodiscard]] constexpr bool are_in_range(YuvSum sum)
{
	return !(sum & detail::out_of_range * detail::ones_21);
}

[[nodiscard]] inline YuvSum in_range(YuvSum sum)
{
	return are_in_range(sum) ? sum : detail::clamped(sum);
}

/* The luma and the chroma part of a sum, for samples that are used one by one, ... */
[[nodiscard]] constexpr YuvSum luma_sum(const YuvFactors &f, std::int32_t y)
{
	const std::int64_t grey = yuv_product(f.y, y - f.y_zero) + 2;	// a half step, to round

	return detail::pack(grey, grey, grey);
}

[[nodiscard]] constexpr YuvSum u_sum(const YuvFactors &f, std::int32_t u)
{
	return detail::pack(yuv_product(f.blue_u, u - f.uv_zero),
			    yuv_product(f.green_u, u - f.uv_zero), 0);
}

[[nodiscard]] constexpr YuvSum v_sum(const YuvFactors &f, std::int32_t v)
{
	return detail::pack(0, yuv_product(f.green_v, v - f.uv_zero),
			    yuv_product(f.red_v, v - f.uv_zero));
}

/* ... and for all samples of 8 bits. */
struct YuvTables {
	std::array<YuvSum, 256> y, u, v;
};

inline constexpr auto yuv_tables = [] {
	std::array<std::array<YuvTables, yuv_ranges>, yuv_encodings> all{};

	for (std::size_t encoding = 0; encoding < yuv_encodings; encoding++) {
		for (std::size_t range = 0; range < yuv_ranges; range++) {
			const YuvFactors &f = yuv_factors_of<8>[encoding][range];
			YuvTables &tables = all[encoding][range];

			for (std::int32_t i = 0; i < 256; i++) {
				tables.y[i] = luma_sum(f, i);
				tables.u[i] = u_sum(f, i);
				tables.v[i] = v_sum(f, i);
			}
		}
	}
	return all;
}();

/* A sum in range to XRGB16161616, X = 0. Bits 19 and 20 of v's lanes belong to the next. */
[[nodiscard]] constexpr std::uint64_t yuv_to_16(YuvSum sum)
{
	const YuvSum v = sum >> 2;

	return (v & 0xffff) | (v >> 5 & 0xffffull << 16) | (v >> 10 & 0xffffull << 32);
}

/*
 * A sum in range to XRGB8888, X = 0: round(v / 257) = (w - (w >> 8)) >> 8 for w = v + 128.
 * Proof. Let w = 257 q + r, 0 <= r <= 256, so that q <= 255 is the result. w >> 8 = q + e, where
 * e is 1 if q + r >= 256, else 0, so the bracket is 256 q + r - e. If r = 0 then e = 0, if r = 256
 * then e = 1, so 0 <= r - e <= 255. As 0 <= w < 2^17 and the bracket is not negative, nothing
 * reaches or borrows from bits 19 and 20, which belong to the next lane.
 */
[[nodiscard]] constexpr std::uint64_t yuv_to_8(YuvSum sum)
{
	const YuvSum w = (sum >> 2) + 128 * detail::ones_21;
	const YuvSum d = w - (w >> 8 & 0x1ff * detail::ones_21);

	return (d >> 8 & 0xff) | (d >> 21 & 0xff00) | (d >> 34 & 0xff0000);
}

namespace detail {

/* What makes a sum the largest and the least: each product is monotonous in its sample. */
[[nodiscard]] consteval bool sums_fit(const YuvFactors &f, int depth)
{
	const std::int32_t ends[] = {0, (1 << depth) - 1};

	for (const std::int32_t y : ends) {
		for (const std::int32_t u : ends) {
			for (const std::int32_t v : ends) {
				const std::int64_t grey = yuv_product(f.y, y - f.y_zero) + 2;
				const std::int64_t du = u - f.uv_zero, dv = v - f.uv_zero;
				const std::int64_t sums[] = {
					grey + yuv_product(f.blue_u, du),
					grey + yuv_product(f.green_u, du) +
						yuv_product(f.green_v, dv),
					grey + yuv_product(f.red_v, dv),
				};

				for (const std::int64_t sum : sums)
					if (sum < -(1 << 20) || sum >= 1 << 20)
						return false;
			}
		}
	}
	return true;
}

template <int depth>
[[nodiscard]] consteval bool all_sums_fit()
{
	for (const auto &ranges : yuv_factors_of<depth>)
		for (const YuvFactors &f : ranges)
			if (!sums_fit(f, depth))
				return false;
	return true;
}

static_assert(all_sums_fit<8>() && all_sums_fit<10>() && all_sums_fit<12>() && all_sums_fit<16>(),
	      "[1]");

} // namespace detail

} // namespace vskms
