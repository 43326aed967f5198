// SPDX-License-Identifier: GPL-2.0
/* Transfer curves against their formulas, in floating point and at the standards' anchors. */

#include "compositor/curve.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>

namespace {

using vskms::curved;
using vskms::curves;
using vskms::unity;
using Formula = std::function<long double(long double)>;

struct Case {
	compositor_curve curve;
	const char *name;
	long double most;	// of x
	Formula formula;
};

/* IEC 61966-2-1 */
long double from_srgb(long double x)
{
	return x > 0.04045L ? std::pow((x + 0.055L) / 1.055L, 2.4L) : x / 12.92L;
}

long double to_srgb(long double x)
{
	return x > 0.0031308L ? 1.055L * std::pow(x, 1 / 2.4L) - 0.055L : 12.92L * x;
}

/* H.273, 1, 14 and 15, where alpha and beta have these digits. */
constexpr long double alpha = 1.09929682680944L, beta = 0.018053968510807L;

long double to_bt2020(long double x)
{
	return x >= beta ? alpha * std::pow(x, 0.45L) - (alpha - 1) : 4.5L * x;
}

long double from_bt2020(long double x)
{
	return x >= 4.5L * beta ? std::pow((x + (alpha - 1)) / alpha, 1 / 0.45L) : x / 4.5L;
}

/* BT.2100 table 4, which divides by 10,000 cd/m2; here that is 125. */
constexpr long double m1 = 0.1593017578125L, m2 = 78.84375L, c1 = 0.8359375L, c2 = 18.8515625L,
		      c3 = 18.6875L;

long double from_pq(long double x)
{
	const long double root = std::pow(x, 1 / m2);

	return 125 * std::pow(std::max(root - c1, 0.0L) / (c2 - c3 * root), 1 / m1);
}

long double to_pq(long double x)
{
	const long double power = std::pow(x / 125, m1);

	return std::pow((c1 + c2 * power) / (1 + c3 * power), m2);
}

const Case cases[] = {
	{COMPOSITOR_SRGB_EOTF, "sRGB EOTF", 1, from_srgb},
	{COMPOSITOR_SRGB_INV_EOTF, "sRGB inverse EOTF", 1, to_srgb},
	{COMPOSITOR_PQ_125_EOTF, "PQ 125 EOTF", 1, from_pq},
	{COMPOSITOR_PQ_125_INV_EOTF, "PQ 125 inverse EOTF", 125, to_pq},
	{COMPOSITOR_BT2020_INV_OETF, "BT.2020 inverse OETF", 1, from_bt2020},
	{COMPOSITOR_BT2020_OETF, "BT.2020 OETF", 1, to_bt2020},
	{COMPOSITOR_GAMMA22, "gamma 2.2", 1, [](long double x) { return std::pow(x, 2.2L); }},
	{COMPOSITOR_GAMMA22_INV, "gamma 2.2 inverse", 1,
	 [](long double x) { return std::pow(x, 1 / 2.2L); }},
};

static_assert(std::size(cases) == COMPOSITOR_CURVES);

long double of(const Case &c, std::int64_t value)
{
	return curved(curves[c.curve], static_cast<std::int32_t>(value));
}

/* In 2^-4 of a 16-bit step, or of a value above 1.0 2^-16. */
TEST(Curve, is_within_its_bound_of_the_formula)
{
	for (const Case &c : cases) {
		const auto most = static_cast<std::int64_t>(c.most * unity);
		long double worst = 0;

		// Each of the lowest values, then each 16-bit one and those beside it, then fewer.
		for (std::int64_t x = 0, step = 1; x <= most; x += step) {
			const long double exact = c.formula(x / static_cast<long double>(unity));
			const long double bound = std::max(16.0L, exact * unity / 65536);

			worst = std::max(worst, std::abs(of(c, x) - exact * unity) / bound);
			step = x < 1 << 16 ? 1 : x < unity ? 85 : 4999;
		}
		EXPECT_LT(worst, 1) << c.name;
		EXPECT_LE(of(c, most), c.formula(c.most) * unity + 1) << c.name;
	}
}

/* What a test that computes in floating point expects of each code it gets. */
TEST(Curve, codes_of_8_bits_are_rounded_from_the_formula)
{
	for (const Case &c : cases) {
		for (int code = 0; code < 256; code++) {
			const long double exact = c.formula(code / 255.0L);
			const long double got = of(c, code * 257 * 256) / unity;

			ASSERT_EQ(std::lround(std::min(got, 1.0L) * 255),
				  std::lround(std::min(exact, 1.0L) * 255))
				<< c.name << " of " << code;
		}
	}
}

TEST(Curve, rises_and_clamps_what_is_beyond)
{
	for (const Case &c : cases) {
		const auto most = static_cast<std::int64_t>(c.most * unity);

		for (std::int64_t x = 0; x < most; x += std::max<std::int64_t>(1, x / 777))
			ASSERT_LE(of(c, x), of(c, x + 1)) << c.name << " at " << x;
		EXPECT_EQ(of(c, -1), of(c, 0)) << c.name;
		EXPECT_EQ(of(c, INT32_MIN), of(c, 0)) << c.name;
		EXPECT_EQ(of(c, INT32_MAX), of(c, most)) << c.name;
	}
}

/* There and back is the same code, of 10 bits, dark ones included. */
TEST(Curve, inverse_brings_codes_back)
{
	constexpr compositor_curve pairs[][2] = {
		{COMPOSITOR_SRGB_EOTF, COMPOSITOR_SRGB_INV_EOTF},
		{COMPOSITOR_PQ_125_EOTF, COMPOSITOR_PQ_125_INV_EOTF},
		{COMPOSITOR_BT2020_INV_OETF, COMPOSITOR_BT2020_OETF},
		{COMPOSITOR_GAMMA22, COMPOSITOR_GAMMA22_INV},
	};

	for (const auto &[there, back] : pairs) {
		for (int code = 0; code < 1024; code++) {
			const auto value = static_cast<std::int32_t>(code * std::int64_t{unity} / 1023);
			const std::int64_t returned = curved(curves[back], curved(curves[there], value));

			ASSERT_EQ((returned * 1023 + unity / 2) / unity, code) << there;
		}
	}
}

TEST(Curve, meets_the_anchors_of_the_standards)
{
	const auto at = [](compositor_curve curve, long double x) {
		return curved(curves[curve], static_cast<std::int32_t>(x * unity + 0.5L)) /
		       static_cast<long double>(unity);
	};

	for (const Case &c : cases) {
		EXPECT_NEAR(of(c, static_cast<std::int64_t>(c.most * unity)),
			    c.curve == COMPOSITOR_PQ_125_EOTF ? 125.0L * unity : unity, 1) << c.name;
	}
	EXPECT_NEAR(at(COMPOSITOR_SRGB_EOTF, 0.5L), 0.21404114L, 1e-6L);
	// BT.2100: a code of 0.508 is 100 cd/m2; here that is 1.25.
	EXPECT_NEAR(at(COMPOSITOR_PQ_125_EOTF, 0.5080784L), 1.25L, 1e-4L);
	EXPECT_NEAR(at(COMPOSITOR_BT2020_OETF, 0.18L), 0.409L, 5e-4L);	// grey of 18 %
	EXPECT_NEAR(at(COMPOSITOR_GAMMA22, 0.5L), 0.21763764L, 1e-6L);
}

} // namespace
