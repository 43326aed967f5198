// SPDX-License-Identifier: GPL-2.0
/* What arithmetic.hpp, blend.hpp and yuv.hpp claim, over all values where there are few enough. */

#include "compositor/arithmetic.hpp"
#include "compositor/blend.hpp"
#include "compositor/yuv.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

namespace {

using namespace vskms;

std::uint32_t rounded(std::uint64_t a, std::uint32_t b)
{
	return (2 * a + b) / (2 * b);
}

TEST(Arithmetic, narrow_rounds_to_8_bits)
{
	for (std::uint32_t v = 0; v < 65536; v++) {
		ASSERT_EQ(narrow(v), rounded(std::uint64_t{v} * 255, 65535)) << v;
		ASSERT_EQ(narrow(v), rounded(v, 257)) << v;
	}
}

TEST(Arithmetic, division_by_65535_is_exact_wherever_the_result_changes)
{
	for (std::uint64_t q = 0; q < 65536; q++) {
		for (const int around : {-32769, -32768, -32767, -1, 0, 1, 32766, 32767, 32768}) {
			const std::int64_t x = static_cast<std::int64_t>(q * 65535) + around;

			if (x < 0 || x > 65535ll * 65535)
				continue;

			const auto v = static_cast<std::uint32_t>(x);

			ASSERT_EQ(div_65535(v), rounded(v, 65535)) << v;
			ASSERT_EQ(div_65535_lanes(v | std::uint64_t{v} << 32),
				  rounded(v, 65535) * ones_32) << v;
		}
	}
}

TEST(Arithmetic, division_by_255_is_exact_in_each_lane)
{
	std::mt19937_64 random(1);

	for (std::uint64_t x = 0; x <= 255 * 255; x++) {
		const std::uint64_t other = random() % (255 * 255 + 1);
		const std::uint64_t lanes = x | other << 16 | x << 32 | other << 48;
		const std::uint64_t a = rounded(x, 255), b = rounded(other, 255);

		ASSERT_EQ(div_255_lanes(lanes), a | b << 16 | a << 32 | b << 48) << x;
	}
}

TEST(Arithmetic, sums_saturate_lane_by_lane)
{
	for (std::uint64_t v = 0; v <= 2 * 255; v++) {
		const std::uint64_t most = std::min<std::uint64_t>(v, 255);

		EXPECT_EQ(saturate_255(v * ones_16), most * ones_16);
		EXPECT_EQ(saturate_255(v | 255ull << 16 | v << 48), most | 255 << 16 | most << 48);
	}
	for (std::uint64_t v = 0; v <= 2 * 65535; v++) {
		const std::uint64_t most = std::min<std::uint64_t>(v, 65535);

		ASSERT_EQ(saturate_65535(v | 7ull << 32), most | 7ull << 32);
		ASSERT_EQ(saturate_65535(7 | v << 32), 7 | most << 32);
	}
}

TEST(Arithmetic, pixels_survive_being_taken_apart)
{
	std::mt19937_64 random(2);

	for (int i = 0; i < 100000; i++) {
		const auto deep = random();
		const auto p = static_cast<Pixel8>(deep);

		ASSERT_EQ(join(split(deep)), deep);
		ASSERT_EQ(gather(spread(p & colours_8)), p & colours_8);
		ASSERT_EQ(narrow_pixel(widen(p)), p & colours_8);
		for (int at = 0; at < 4; at++)
			ASSERT_EQ(widen(p) >> 16 * at & 0xffff, (p >> 8 * at & 0xff) * 257);
		for (int at = 0; at < 3; at++)
			ASSERT_EQ(narrow_pixel(deep) >> 8 * at & 0xff,
				  narrow(deep >> 16 * at & 0xffff));
	}
}

/* A channel as compositor.h defines it, to 8 bits; all of the plane's alpha. */
std::uint32_t channel(compositor_blend mode, std::uint32_t f, std::uint32_t a, std::uint32_t below)
{
	const std::uint64_t rest = std::uint64_t{65535 - a} * below;

	if (mode == COMPOSITOR_BLEND_COVERAGE)
		return narrow(rounded(std::uint64_t{a} * f + rest, 65535));
	return narrow(std::min(f + rounded(rest, 65535), 65535u));
}

/* Three cases of below at once, one in each channel. */
template <compositor_blend mode>
void blend_all_8()
{
	for (std::uint32_t a = 0; a < 256; a++) {
		for (std::uint32_t f = 0; f < 256; f++) {
			const std::uint64_t fg = a << 24 | f << 16 | f << 8 | f;

			for (std::uint32_t b = 0; b < 258; b += 3) {
				const std::uint32_t below[] = {b, std::min(b + 1, 255u),
							       std::min(b + 2, 255u)};
				const std::uint64_t bg = std::min(b, 255u) | below[1] << 8 |
							 below[2] << 16;
				const std::uint64_t two = blended_8<mode>(fg | fg << 32,
									  bg | bg << 32);

				ASSERT_EQ(two >> 32, two & 0xffffffff);
				for (int i = 0; i < 3; i++) {
					const std::uint32_t expected =
						channel(mode, 257 * f, 257 * a,
							257 * std::min(below[i], 255u));

					ASSERT_EQ(two >> 8 * i & 0xff, expected)
						<< a << " " << f << " " << below[i];
				}
				ASSERT_EQ(two >> 24 & 0xff, 0u);
			}
		}
	}
}

TEST(Arithmetic, blending_in_8_bits_is_as_in_16)
{
	blend_all_8<COMPOSITOR_BLEND_PREMULTIPLIED>();
	blend_all_8<COMPOSITOR_BLEND_COVERAGE>();
}

template <compositor_blend mode>
void blend_over_16()
{
	std::mt19937_64 random(3);

	for (std::uint32_t a = 0; a < 256; a++) {
		for (std::uint32_t f = 0; f < 256; f++) {
			for (int i = 0; i < 16; i++) {
				const Pixel16 bg = i == 0 ? 0 : i == 1 ? ~0ull : random();
				const Pixel8 fg = a << 24 | f << 16 | f << 8 | f;
				const Pixel8 out = blended_over_16<mode>(fg, bg);

				for (int c = 0; c < 3; c++)
					ASSERT_EQ(out >> 8 * c & 0xff,
						  channel(mode, 257 * f, 257 * a,
							  bg >> 16 * c & 0xffff));
				ASSERT_EQ(out >> 24, 0u);
			}
		}
	}
}

TEST(Arithmetic, blending_8_bits_over_16_is_as_in_16)
{
	blend_over_16<COMPOSITOR_BLEND_PREMULTIPLIED>();
	blend_over_16<COMPOSITOR_BLEND_COVERAGE>();
}

/* What the standards say, in floating point, clamped to 0..65535. */
struct Rgb {
	double red, green, blue;
};

Rgb exact(int encoding, int range, int depth, double y, double u, double v)
{
	constexpr double kr[] = {0.299, 0.2126, 0.2627}, kb[] = {0.114, 0.0722, 0.0593};
	const double r = kr[encoding], b = kb[encoding], g = 1 - r - b;
	const double scale = 1 << (depth - 8), most = (1 << depth) - 1;

	y = range ? y / most : (y / scale - 16) / 219;
	u = range ? (u - 128 * scale) / most : (u / scale - 128) / 224;
	v = range ? (v - 128 * scale) / most : (v / scale - 128) / 224;

	const auto channel_of = [](double value) { return std::clamp(value, 0., 1.) * 65535; };

	return {channel_of(y + 2 * (1 - r) * v),
		channel_of(y - 2 * (1 - b) * b / g * u - 2 * (1 - r) * r / g * v),
		channel_of(y + 2 * (1 - b) * u)};
}

template <int depth>
std::uint64_t converted(int encoding, int range, int y, int u, int v)
{
	const YuvFactors &f = yuv_factors_of<depth>[encoding][range];

	return yuv_to_16(in_range(luma_sum(f, y) + u_sum(f, u) + v_sum(f, v)));
}

template <int depth>
void compare_with_exact()
{
	std::mt19937 random(depth);
	const int most = (1 << depth) - 1;

	for (int i = 0; i < 200000; i++) {
		const auto sample = [&] {
			return random() % 8 ? static_cast<int>(random() & most) :
			       random() % 2 ? 0 : most;
		};
		const int encoding = i % 3, range = i / 3 % 2;
		const int y = sample(), u = sample(), v = sample();
		const std::uint64_t got = converted<depth>(encoding, range, y, u, v);
		const Rgb rgb = exact(encoding, range, depth, y, u, v);

		// Less than 0.9 off, as yuv.hpp says, and 0.5 for rounding.
		ASSERT_NEAR(static_cast<double>(got >> 32), rgb.red, 1.4);
		ASSERT_NEAR(static_cast<double>(got >> 16 & 0xffff), rgb.green, 1.4);
		ASSERT_NEAR(static_cast<double>(got & 0xffff), rgb.blue, 1.4);
	}
}

TEST(Yuv, is_what_the_standards_say)
{
	compare_with_exact<8>();
	compare_with_exact<10>();
	compare_with_exact<12>();
	compare_with_exact<16>();
}

template <int depth>
void compare_black_and_white()
{
	constexpr int scale = 1 << (depth - 8), grey = 128 * scale;

	for (int encoding = 0; encoding < 3; encoding++) {
		EXPECT_EQ(converted<depth>(encoding, 0, 16 * scale, grey, grey), 0u);
		EXPECT_EQ(converted<depth>(encoding, 1, 0, grey, grey), 0u);
		EXPECT_EQ(converted<depth>(encoding, 0, 235 * scale, grey, grey), 0xffffffffffffu);
		EXPECT_EQ(converted<depth>(encoding, 1, 256 * scale - 1, grey, grey),
			  0xffffffffffffu);
	}
}

TEST(Yuv, black_and_white_are_exact)
{
	compare_black_and_white<8>();
	compare_black_and_white<10>();
	compare_black_and_white<12>();
	compare_black_and_white<16>();
	for (int v = 0; v < 256; v++)
		EXPECT_EQ(converted<8>(0, 1, v, 128, 128), v * 0x010101010101u);
}

TEST(Yuv, to_8_bits_is_to_16_and_rounded)
{
	for (const auto &ranges : yuv_tables) {
		for (const YuvTables &tables : ranges) {
			for (int y = 0; y < 256; y += 5) {
				for (int u = 0; u < 256; u += 3) {
					for (int v = 0; v < 256; v += 3) {
						const YuvSum sum = in_range(
							tables.y[y] + tables.u[u] + tables.v[v]);

						ASSERT_EQ(yuv_to_8(sum),
							  narrow_pixel(yuv_to_16(sum)));
					}
				}
			}
		}
	}
}

} // namespace
