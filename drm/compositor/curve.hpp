// SPDX-License-Identifier: GPL-2.0
/*
 * Transfer curves, the fixed ones that DRM names, as tables.
 *
 * In a colour pipeline 1.0 is 65535 * 256: a channel of 16 bits with 8 more of fraction, for
 * what is dark in linear light would be lost in 16. A code of 1 in 255 is 5.4e-6 after
 * PQ 125 EOTF, which is a third of a 16-bit step, but 91 of these.
 *
 * The formulas, for x in 0..1, or 0..125 for what PQ 125 EOTF makes:
 *
 *	sRGB EOTF	x / 12.92 up to 0.04045, then ((x + 0.055) / 1.055)^2.4
 *			(IEC 61966-2-1; H.273 transfer characteristics 13)
 *	BT.2020 OETF	4.5 x below b, then a x^0.45 - (a - 1), with a and b where both parts meet in
 *			value and slope (BT.2020 table 4, which is BT.709's; H.273 1, 14 and 15)
 *	PQ 125 EOTF	125 (max(t - c1, 0) / (c2 - c3 t))^(1 / m1), where t = x^(1 / m2)
 *			(SMPTE ST 2084, BT.2100 table 4; H.273 16), where 125 is 10,000 cd/m2
 *	Gamma 2.2	x^2.2
 *
 * and their inverses. What is below or above is taken for the end of the range.
 *
 * The compiler computes the tables. The formulas are consteval: GCC evaluates them with MPFR,
 * which rounds powers correctly, and no floating point is left for the machine to do.
 *
 * Spacing. From code values to light a curve bends the most at its upper end, and there even
 * spacing is best. From light to code values it is steep near 0, where each octave gets as many
 * entries as the next; the lowest, which has no more values than that, is exact. Between entries
 * is linear interpolation. The error stays below a 16th of a 16-bit step, or 2^-16 of the value,
 * whichever is more (curve_test.cc); codes of 8 bits become what the formula, rounded, makes of
 * them.
 */
#pragma once

#include "compositor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vskms {

inline constexpr std::int32_t unity = 65535 * 256;

struct Curve {
	std::span<const std::int32_t> table;
	std::int32_t most;	// what is above is taken for it
	bool octaves;		// how it is spaced
};

namespace detail {

inline constexpr std::uint32_t even_steps = 2048;
inline constexpr int octave_bits = 7;	// of steps in an octave

/* Which entry is at @x, or the last one before it, and how many times 2 lie between entries. */
struct Octave {
	std::uint32_t entry;
	int shift;
};

[[nodiscard]] constexpr Octave octave_of(std::uint32_t x)
{
	const int shift = std::max(std::bit_width(x) - 1 - octave_bits, 0);

	return {(static_cast<std::uint32_t>(shift) << octave_bits) + (x >> shift), shift};
}

[[nodiscard]] consteval std::uint32_t octave_at(std::uint32_t entry)
{
	constexpr std::uint32_t steps = 1 << octave_bits;

	return entry < steps ? entry : (entry % steps + steps) << (entry / steps - 1);
}

[[nodiscard]] consteval double power(double x, double exponent)
{
	return x > 0 ? __builtin_pow(x, exponent) : 0;
}

struct SrgbEotf {
	static consteval double of(double x)
	{
		return x <= 0.04045 ? x / 12.92 : power((x + 0.055) / 1.055, 2.4);
	}
};

struct SrgbInverse {
	static consteval double of(double x)
	{
		return x <= 0.0031308 ? 12.92 * x : 1.055 * power(x, 1 / 2.4) - 0.055;
	}
};

/* 4.5 b = a b^0.45 - (a - 1) and 4.5 = 0.45 a b^-0.55 */
inline constexpr double bt2020_a = 1.09929682680944, bt2020_b = 0.018053968510807;

struct Bt2020Oetf {
	static consteval double of(double x)
	{
		return x < bt2020_b ? 4.5 * x : bt2020_a * power(x, 0.45) - (bt2020_a - 1);
	}
};

struct Bt2020Inverse {
	static consteval double of(double x)
	{
		return x < 4.5 * bt2020_b ? x / 4.5 :
					    power((x + (bt2020_a - 1)) / bt2020_a, 1 / 0.45);
	}
};

inline constexpr double pq_m1 = 2610.0 / 16384, pq_m2 = 2523.0 / 32;
inline constexpr double pq_c1 = 3424.0 / 4096, pq_c2 = 2413.0 / 128, pq_c3 = 2392.0 / 128;

struct Pq125Eotf {
	static consteval double of(double x)
	{
		const double t = power(x, 1 / pq_m2);

		return 125 * power((t - pq_c1) / (pq_c2 - pq_c3 * t), 1 / pq_m1);
	}
};

struct Pq125Inverse {
	static consteval double of(double x)
	{
		const double t = power(x / 125, pq_m1);

		return power((pq_c1 + pq_c2 * t) / (1 + pq_c3 * t), pq_m2);
	}
};

struct Gamma22 {
	static consteval double of(double x) { return power(x, 2.2); }
};

struct Gamma22Inverse {
	static consteval double of(double x) { return power(x, 1 / 2.2); }
};

[[nodiscard]] consteval std::int32_t fixed(double value)
{
	return static_cast<std::int32_t>(value * unity + 0.5);
}

template <typename Formula>
[[nodiscard]] consteval auto evenly_spaced()
{
	std::array<std::int32_t, even_steps + 1> table;

	for (std::uint32_t i = 0; i <= even_steps; i++)
		table[i] = fixed(Formula::of(static_cast<double>(i) / even_steps));
	return table;
}

template <typename Formula, std::int32_t most>
[[nodiscard]] consteval auto spaced_by_octaves()
{
	std::array<std::int32_t, octave_of(most).entry + 2> table;

	for (std::uint32_t i = 0; i < table.size(); i++)
		table[i] = fixed(Formula::of(static_cast<double>(octave_at(i)) / unity));
	return table;
}

inline constexpr auto srgb_eotf = evenly_spaced<SrgbEotf>();
inline constexpr auto srgb_inverse = spaced_by_octaves<SrgbInverse, unity>();
inline constexpr auto bt2020_inverse = evenly_spaced<Bt2020Inverse>();
inline constexpr auto bt2020_oetf = spaced_by_octaves<Bt2020Oetf, unity>();
inline constexpr auto pq_125_eotf = evenly_spaced<Pq125Eotf>();
inline constexpr auto pq_125_inverse = spaced_by_octaves<Pq125Inverse, 125 * unity>();
inline constexpr auto gamma_22 = evenly_spaced<Gamma22>();
inline constexpr auto gamma_22_inverse = spaced_by_octaves<Gamma22Inverse, unity>();

} // namespace detail

/* As enum compositor_curve. */
inline constexpr std::array<Curve, COMPOSITOR_CURVES> curves{{
	{detail::srgb_eotf, unity, false},
	{detail::srgb_inverse, unity, true},
	{detail::pq_125_eotf, unity, false},
	{detail::pq_125_inverse, 125 * unity, true},
	{detail::bt2020_inverse, unity, false},
	{detail::bt2020_oetf, unity, true},
	{detail::gamma_22, unity, false},
	{detail::gamma_22_inverse, unity, true},
}};

/* No overflow: an entry is at most 125 unity < 2^31, and 2^31 * unity < 2^55. */
[[nodiscard]] constexpr std::int32_t curved(const Curve &curve, std::int32_t value)
{
	const auto x = static_cast<std::uint32_t>(std::clamp(value, 0, curve.most));
	const auto between = [&](std::uint32_t entry, std::uint64_t beyond, std::uint64_t step) {
		return curve.table[entry] * (step - beyond) + curve.table[entry + 1] * beyond +
		       step / 2;
	};

	if (curve.octaves) {
		const auto [entry, shift] = detail::octave_of(x);
		const std::uint64_t step = std::uint64_t{1} << shift;

		return static_cast<std::int32_t>(between(entry, x & (step - 1), step) >> shift);
	}

	const std::uint64_t position = std::uint64_t{x} * detail::even_steps;
	const auto entry = std::min<std::uint32_t>(position / unity, detail::even_steps - 1);
	const std::uint64_t beyond = position - std::uint64_t{entry} * unity;

	return static_cast<std::int32_t>(between(entry, beyond, unity) / unity);
}

} // namespace vskms
