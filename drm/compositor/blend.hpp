// SPDX-License-Identifier: GPL-2.0
/*
 * Blending a row of pixels over another, as compositor.h defines it.
 *
 * In 16 bits. A pixel is blended as two Halves. Pre-multiplied: fg' = fg * pa, rounded, alpha too;
 * then fg' + bg * (65535 - alpha'), which may be as much as 131070 where colours exceed their
 * alpha, and is saturated. Coverage and None: a * fg + (65535 - a) * bg <= 65535^2 in a lane of
 * 32 bits, rounded once.
 *
 * If fg has 8 bits a channel, with all of the plane's alpha, and what is wanted is the result in
 * 8 bits, then some of this can be left out. Let 257 f and 257 a be its channel and alpha.
 *
 *	over 16 bits	Pre-multiplied, let r be the rounded product of bg. narrow() of 257 f + r
 *			is f + narrow(r), as narrow() is floor((v + 128) / 257) [1]. Where that
 *			exceeds 255, 257 f + r + 128 >= 257 * 256, so 257 f + r > 65535 saturates,
 *			too. Where it does not, 257 f + r may exceed 65535, but then narrow() of
 *			65535 is 255 as well: f + narrow(r) >= 255 as 257 f + r + 128 >= 257 * 255.
 *	over 8 bits	If bg = 257 b, two pixels fit two words, of red and blue and of green [2]. Pre-multiplied, r is
 *			257^2 P / 65535 = 257 P / 255 rounded, where P = (255 - a) b <= 255^2. Let
 *			q = round(P / 255), so P / 255 = q + d, |d| <= 127 / 255. Then
 *			r = 257 q + e with |e| <= round(257 * 127 / 255) = 128, so narrow(r) = q.
 *			Coverage is the same with P = a f + (255 - a) b <= 255^2 and no f to add.
 *
 * [2] is good for one blend only, as the 16-bit result of one is no multiple of 257.
 *
 * Overlays and cursors are mostly clear or solid, in long stretches. scan() finds these, so that
 * what shows through is not blended, and what does not is not read. What is neither can be long,
 * too, and looking at it is lost; so the further that goes on, the further apart scan() looks, until
 * it looks at one block of nine. It sees the end of a mixed stretch after half its length again at
 * most, and after eight blocks at most. Clear and solid pixels that it passes over are blended, which
 * gives the same.
 */
#pragma once

#include "arithmetic.hpp"
#include "compositor.h"
#include "reader.hpp"

#include <algorithm>
#include <cstdint>

namespace vskms {

/* Blend @n pixels of 16 bits at @fg, with plane alpha @alpha, over those at @out. */
using Blend16 = void(const std::uint8_t *fg, std::uint32_t n, std::uint32_t alpha,
		     std::uint8_t *out);

/*
 * Blend @n pixels of the Run over XRGB8888 at @bg, whatever X, to XRGB8888, X = @fill; all are of
 * 8 bits. @bg may be @out.
 */
using Over8 = void(const Run &run, std::uint32_t n, const std::uint8_t *bg, std::uint8_t *out,
		   Pixel8 fill);

/* Blend @n pixels of the Run, of 8 bits, over 16 bits at @bg, to XRGB8888, X = @fill. */
using Over16 = void(const Run &run, std::uint32_t n, const std::uint8_t *bg, std::uint8_t *out,
		    Pixel8 fill);

/* How a stretch of pixels covers what is below. */
enum class Cover {
	clear,
	solid,
	mixed,
};

struct Stretch {
	Cover cover;
	std::uint32_t pixels;
};

/* With what the @n > 0 pixels of the Run begin. */
using Scan = Stretch(const Run &run, std::uint32_t n);

/* Pixels are looked at so many at once; those that differ are mixed. */
inline constexpr std::uint32_t scan_block = 16;
inline constexpr std::uint32_t scan_gap = 8 * scan_block;	// not looked at in between, at most

/* For a format of 8 bits with alpha; null for others. */
struct Blenders {
	Over8 *over_8;
	Over16 *over_16;
	Scan *scan;
};

template <compositor_blend mode>
[[nodiscard]] constexpr Pixel16 blended(Pixel16 fg, Pixel16 bg, std::uint32_t alpha)
{
	const Halves below = split(bg);
	Halves above = split(fg);

	if constexpr (mode == COMPOSITOR_BLEND_PREMULTIPLIED) {
		if (alpha != 65535)
			above = scale(above, alpha);

		const std::uint32_t a = above.ga >> 32;
		const Halves rest = scale(below, 65535 - a);

		return join({saturate_65535(above.br + rest.br),
			     saturate_65535(above.ga + rest.ga)});
	} else {
		const std::uint32_t a = mode == COMPOSITOR_BLEND_NONE ? alpha :
					div_65535(alpha * static_cast<std::uint32_t>(fg >> 48));
		const std::uint32_t rest = 65535 - a;

		return join({div_65535_lanes(above.br * a + below.br * rest),
			     div_65535_lanes(above.ga * a + below.ga * rest)});
	}
}

template <compositor_blend mode>
void blend_16(const std::uint8_t *fg, std::uint32_t n, std::uint32_t alpha, std::uint8_t *out)
{
	for (; n; n--, fg += 8, out += 8) {
		const auto above = load<Pixel16>(fg);

		// All zero is clear; under None a reader has made alpha all ones.
		if (above)
			store(out, blended<mode>(above, load<Pixel16>(out), alpha));
	}
}

/* XRGB8888 of both, X = 0, added and saturated; one pixel or two. */
template <typename Pixels>
[[nodiscard]] constexpr Pixels added(Pixels a, Pixels b)
{
	constexpr auto carries = static_cast<Pixels>(0x01010100 * ones_32);
	const Pixels sum = a + b;

	// None if no colour exceeds its alpha.
	if ((a ^ b ^ sum) & carries) [[unlikely]] {
		Pixels out = 0;

		for (std::size_t at = 0; at < 8 * sizeof(Pixels); at += 32) {
			const auto one = spread(static_cast<Pixel8>(a >> at & colours_8));
			const auto other = spread(static_cast<Pixel8>(b >> at & colours_8));

			out |= Pixels{gather(saturate_255(one + other))} << at;
		}
		return out;
	}
	return sum;
}

/*
 * Two pixels @fg over two @bg, X = 0 in the result [2]. There is no need to ask for alphas of 0
 * and 255, which give the same, and whose order no processor can guess.
 */
template <compositor_blend mode>
[[nodiscard]] constexpr std::uint64_t blended_8(std::uint64_t fg, std::uint64_t bg)
{
	const auto factors = [](std::uint64_t two) {
		return Factors{static_cast<std::uint32_t>(two) >> 24,
			       static_cast<std::uint32_t>(two >> 56)};
	};
	const auto lanes = [&](std::uint64_t mask) {
		const std::uint64_t rest = scale_two(bg & mask, factors(~fg));

		if constexpr (mode == COMPOSITOR_BLEND_PREMULTIPLIED)
			return rest;
		else
			return rest + scale_two(fg & mask, factors(fg));
	};
	const std::uint64_t blended = div_255_lanes(lanes(low_bytes)) |
				      div_255_greens(lanes(green_bytes));

	return mode == COMPOSITOR_BLEND_PREMULTIPLIED ? added(fg & colours_8 * ones_32, blended) :
							blended;
}

/* @fg over @bg of 16 bits, to 8, X = 0 [1]. */
template <compositor_blend mode>
[[nodiscard]] constexpr Pixel8 blended_over_16(Pixel8 fg, Pixel16 bg)
{
	if constexpr (mode == COMPOSITOR_BLEND_PREMULTIPLIED) {
		const Halves rest = scale(split(bg), 65535 - 257 * (fg >> 24));

		return added<Pixel8>(fg & colours_8, narrow_halves(rest));
	} else {
		return narrow_pixel(blended<mode>(widen(fg), bg, 65535));
	}
}

/* ARGB8888 of a Run. */
template <typename Layout, bool along>
class ArgbWalk {
public:
	explicit ArgbWalk(const Run &run)
		: at_(run.samples[0] + run.at * run.step),
		  step_(along ? Layout::bytes : run.step * run.direction) {}

	Pixel8 next()
	{
		const Pixel8 p = Layout::as_argb(at_);

		at_ += step_;
		return p;
	}

	std::uint64_t next_two()
	{
		if constexpr (along) {
			const auto two = load<std::uint64_t>(at_);

			at_ += 2 * step_;
			return Layout::order(two);
		} else {
			const std::uint64_t first = next();

			return first | std::uint64_t{next()} << 32;
		}
	}

private:
	const std::uint8_t *at_;
	const std::ptrdiff_t step_;
};

template <typename Layout, bool along, compositor_blend mode>
void over_8(const Run &run, std::uint32_t n, const std::uint8_t *bg, std::uint8_t *out,
	    Pixel8 fill)
{
	const std::uint64_t fills = fill * ones_32;
	ArgbWalk<Layout, along> walk(run);

	for (; n >= 2; n -= 2, bg += 8, out += 8)
		store(out, blended_8<mode>(walk.next_two(), load<std::uint64_t>(bg)) | fills);
	if (n)
		store(out, static_cast<Pixel8>(blended_8<mode>(walk.next(), load<Pixel8>(bg))) | fill);
}

template <typename Layout, bool along, compositor_blend mode>
void over_16(const Run &run, std::uint32_t n, const std::uint8_t *bg, std::uint8_t *out,
	     Pixel8 fill)
{
	ArgbWalk<Layout, along> walk(run);

	for (; n; n--, bg += 8, out += 4)
		store<Pixel8>(out, blended_over_16<mode>(walk.next(), load<Pixel16>(bg)) | fill);
}

/* How the @n pixels at @p, @step bytes apart, cover what is below; n <= scan_block. */
template <typename Layout, bool along, compositor_blend mode>
[[nodiscard]] inline Cover cover_of(const std::uint8_t *p, std::ptrdiff_t step, std::uint32_t n)
{
	constexpr std::uint64_t alpha = Layout::alpha_mask * ones_32;
	std::uint64_t any = 0, all = ~0ull;
	std::uint32_t i = 0;

	for (; along && i + 2 <= n; i += 2) {
		const auto two = load<std::uint64_t>(p + 4 * i);

		any |= two;
		all &= two;
	}
	for (; i < n; i++) {
		const std::uint64_t two = load<std::uint32_t>(p + step * i) * ones_32;

		any |= two;
		all &= two;
	}
	if ((all & alpha) == alpha)
		return Cover::solid;
	return (mode == COMPOSITOR_BLEND_PREMULTIPLIED ? any : any & alpha) ? Cover::mixed :
									      Cover::clear;
}

template <typename Layout, bool along, compositor_blend mode>
Stretch scan(const Run &run, std::uint32_t n)
{
	const std::uint8_t *const p = run.samples[0] + run.at * run.step;
	const std::ptrdiff_t step = along ? Layout::bytes : run.step * run.direction;
	const auto cover_at = [&](std::uint32_t i) {
		const std::uint32_t block = std::min(n - i, scan_block);

		return cover_of<Layout, along, mode>(p + step * i, step, block);
	};
	const Cover first = cover_at(0);
	std::uint32_t i = scan_block;

	while (i < n && cover_at(i) == first) {
		i += scan_block;
		if (first == Cover::mixed)
			i += std::min(i / 2, scan_gap);
	}
	return {first, std::min(i, n)};
}

} // namespace vskms
