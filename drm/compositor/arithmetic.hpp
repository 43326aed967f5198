// SPDX-License-Identifier: GPL-2.0
/*
 * Exact arithmetic on channels, several at once in a 64-bit word.
 *
 * The kernel has no vector registers for us, so a general one is cut into lanes: a pixel of four
 * 16-bit channels is one word, blue in the lowest lane, as ARGB16161616 lies in memory. A product
 * of two channels needs 32 bits, so a pixel is multiplied as two Halves of two lanes. Lanes do not
 * disturb each other as long as none overflows, which is said at each step; a lane that is
 * shifted right receives bits of its neighbour, which are masked off.
 *
 * Division by m = 2^k - 1, where k is 8 or 16, without dividing. For 0 <= x <= m^2 let
 *
 *	t = x + 2^(k-1)			rounded(x) = (t + (t >> k)) >> k	[1]
 *
 * Proof of [1]. Let x = m q + r with |r| <= (m - 1) / 2 = 2^(k-1) - 1, so that q is the
 * rounded quotient (m is odd: there are no halves), and 0 <= q <= m. With s = r + 2^(k-1) - q,
 * t = 2^k q + s, and -m < s < 2^k. So t >> k is q if s >= 0, else q - 1. The sum in brackets is
 * 2^k q + r + 2^(k-1), or one less if s < 0. As 1 <= r + 2^(k-1) <= 2^k - 1, both lie in
 * [2^k q, 2^k q + 2^k - 1], and shifting gives q. The sum is at most m^2 + 2^(k-1) + m
 * = 2^2k - 2^(k-1) < 2^2k: a lane of 2k bits does not overflow [2].
 *
 * For k = 8 and t < 2^16 the sum's integer part is 257 t / 2^8, so rounded(x) = 257 t >> 16 [4]: one
 * product where a lane has the room.
 *
 * From 16 bits to 8, round(v / 257) = (255 v + 32895) >> 16 [3]. Proof. Let v = 257 q + r with
 * |r| <= 128. Then 255 v + 32895 = 65536 q + (255 r + 32895 - q), and the bracket is at least
 * 255 * -128 + 32895 - 255 = 0 and at most 255 * 128 + 32895 = 65535.
 */
#pragma once

#include <cstddef>
#include <cstdint>

namespace vskms {

using Pixel16 = std::uint64_t;	// ARGB16161616
using Pixel8 = std::uint32_t;	// ARGB8888

inline constexpr std::uint64_t low_halves = 0x0000ffff0000ffff;	// the lower half of 32-bit lanes
inline constexpr std::uint64_t low_bytes = 0x00ff00ff00ff00ff;	// of 16-bit lanes
inline constexpr std::uint64_t green_bytes = 0x0000ff000000ff00;	// of two pixels of 8 bits
inline constexpr std::uint64_t ones_32 = 0x0000000100000001;	// 1 in each 32-bit lane
inline constexpr std::uint64_t ones_16 = 0x0001000100010001;	// 1 in each 16-bit lane
inline constexpr Pixel16 opaque_16 = 0xffffull << 48;
inline constexpr Pixel8 opaque_8 = 0xffu << 24;

/* Memory of any alignment, x86's byte order. Compiles to one instruction. */
template <typename T>
[[nodiscard]] inline T load(const std::uint8_t *p)
{
	T v;

	__builtin_memcpy(&v, p, sizeof v);
	return v;
}

template <typename T>
inline void store(std::uint8_t *p, T v)
{
	__builtin_memcpy(p, &v, sizeof v);
}

/* x / 65535, rounded [1], for x <= 65535^2 */
[[nodiscard]] constexpr std::uint32_t div_65535(std::uint32_t x)
{
	const std::uint32_t t = x + 0x8000;

	return (t + (t >> 16)) >> 16;
}

/* 16 bits to 8 [3] */
[[nodiscard]] constexpr std::uint32_t narrow(std::uint32_t v)
{
	return (255 * v + 32895) >> 16;
}

/* [1] in two lanes of 32 bits, and in four of 16: they do not overflow [2]. */
[[nodiscard]] constexpr std::uint64_t div_65535_lanes(std::uint64_t x)
{
	const std::uint64_t t = x + 0x8000 * ones_32;

	return ((t + (t >> 16 & low_halves)) >> 16) & low_halves;
}

[[nodiscard]] constexpr std::uint64_t div_255_lanes(std::uint64_t x)
{
	const std::uint64_t t = x + 0x80 * ones_16;

	return ((t + (t >> 8 & low_bytes)) >> 8) & low_bytes;
}

/*
 * [4] for the greens of two pixels, which have lanes of 32 bits to themselves but stay where they
 * are, at 2^8: 2^8 * 257 * (255^2 + 128) < 2^32.
 */
[[nodiscard]] constexpr std::uint64_t div_255_greens(std::uint64_t x)
{
	return (x + 0x8000 * ones_32) * 257 >> 16 & green_bytes;
}

/* Sums of two channels, back to at most 65535 in lanes of 32, 255 in lanes of 16. */
[[nodiscard]] constexpr std::uint64_t saturate_65535(std::uint64_t sums)
{
	const std::uint64_t over = sums >> 16 & ones_32;

	return (sums | ((over << 16) - over)) & low_halves;
}

[[nodiscard]] constexpr std::uint64_t saturate_255(std::uint64_t sums)
{
	const std::uint64_t over = sums >> 8 & ones_16;

	return (sums | ((over << 8) - over)) & low_bytes;
}

/* A pixel in lanes of 32 bits. */
struct Halves {
	std::uint64_t br;	// blue, red
	std::uint64_t ga;	// green, alpha
};

[[nodiscard]] constexpr Halves split(Pixel16 p)
{
	return {p & low_halves, p >> 16 & low_halves};
}

[[nodiscard]] constexpr Pixel16 join(Halves h)
{
	return h.br | h.ga << 16;
}

/* Each channel * @factor / 65535, for @factor <= 65535 */
[[nodiscard]] constexpr Halves scale(Halves h, std::uint32_t factor)
{
	return {div_65535_lanes(h.br * factor), div_65535_lanes(h.ga * factor)};
}

/* 8 bits a channel to 16: 257 times, as 65535 = 257 * 255. No lane exceeds 16 bits. */
[[nodiscard]] constexpr Pixel16 widen(Pixel8 p)
{
	std::uint64_t v = p;

	v = (v | v << 16) & low_halves;
	v = (v | v << 8) & low_bytes;
	return v * 257;
}

/* 16 bits a channel to 8, without alpha. 255 v + 32895 < 2^24 stays in its lane of 32. */
[[nodiscard]] constexpr Pixel8 narrow_halves(Halves h)
{
	const std::uint64_t br = (255 * h.br + 32895 * ones_32) >> 16;
	const std::uint64_t g = (255 * (h.ga & 0xffff) + 32895) >> 16;

	return static_cast<Pixel8>((br & 0xff) | (br >> 16 & 0xff0000) | g << 8);
}

[[nodiscard]] constexpr Pixel8 narrow_pixel(Pixel16 p)
{
	return narrow_halves(split(p));
}

/* What the lower and the upper of two pixels is multiplied with. */
struct Factors {
	std::uint64_t lower, upper;
};

/*
 * Two pixels, each in the lanes of its half; no product exceeds its lane. With T the upper one, in
 * place, and u the lower: u * lower + T * upper = (u + T) * upper + u * (lower - upper), modulo 2^64,
 * too, where a difference may be negative.
 */
[[nodiscard]] constexpr std::uint64_t scale_two(std::uint64_t two, Factors by)
{
	return two * by.upper + static_cast<std::uint32_t>(two) * (by.lower - by.upper);
}

/*
 * The colours of a pixel of 8 bits a channel in lanes of 16: blue, red, green. In this order it
 * takes the fewest steps both ways.
 */
[[nodiscard]] constexpr std::uint64_t spread(Pixel8 p)
{
	return (p | std::uint64_t{p} << 24) & 0x000000ff00ff00ff;
}

[[nodiscard]] constexpr Pixel8 gather(std::uint64_t lanes)
{
	return static_cast<Pixel8>(lanes | lanes >> 24);
}

} // namespace vskms
