// SPDX-License-Identifier: GPL-2.0
/*
 * Readers: from a format's bytes to pixels of 8 or 16 bits a channel.
 *
 * A reader walks a Run: pixels of one row, in either direction, or of one column, if the plane is
 * rotated by a right angle. All it needs are the addresses of that row or column's first sample
 * in each memory plane and how far the next one is. Of a Run along a row, left to right, that
 * distance is known when compiling; this is the case that is worth being fast.
 *
 * A layout is a class template of what formats have in common: how one pixel is found and
 * converted. Of each the compiler makes four readers: 8 and 16 bits, along rows and any other way;
 * and of RGB formats of whole bytes one that reads columns together. A reader of 16 bits sets
 * alpha to all ones if Run::opaque says so, one of 8 bits sets the highest byte to what it is told.
 *
 * The 8-bit value is the 16-bit one as narrow() rounds it. For 8-bit formats that is what is
 * stored, as v * 257 / 257 = v. For a channel of n = 5 or 6 bits it may be computed from v
 * directly [1]: let m = 2^n - 1 and v * 255 / m = q + d, |d| <= (m - 1) / 2m. The 16-bit value
 * is 257 * (q + d) + e with |e| <= 1/2, and |257 d + e| <= 257 * 31 / 63 + 1/2 < 128.5,
 * so it rounds to q as well.
 *
 * Nothing is read that is not a sample of the Run. Where a word is loaded at once, all of it
 * belongs to pixels of the Run.
 */
#pragma once

#include "arithmetic.hpp"
#include "yuv.hpp"

#include <cstddef>
#include <cstdint>

namespace vskms {

struct Run {
	const std::uint8_t *samples[3];	// of pixel 0 of the row or column: all or luma, Cb, Cr
	std::ptrdiff_t step;		// from a pixel to the next, in bytes; Grey: bits
	std::ptrdiff_t cb_step, cr_step;
	std::ptrdiff_t at;		// the first pixel
	std::ptrdiff_t direction;	// 1 or -1
	std::ptrdiff_t bit;		// Grey: where in a column's bytes it begins
	Pixel16 opaque;			// ored to 16-bit pixels
	const YuvTables *tables;	// YUV of 8 bits
	const YuvFactors *factors;	// YUV of more
};

/* The rest of a Run after its first @n pixels. */
[[nodiscard]] inline Run after(const Run &run, std::uint32_t n)
{
	Run rest = run;

	rest.at += run.direction * static_cast<std::ptrdiff_t>(n);
	return rest;
}

/* @n pixels to @out; Read8: with highest byte @fill, which is opaque_8 or 0. */
using Read8 = void(const Run &run, std::uint32_t n, std::uint8_t *out, Pixel8 fill);
using Read16 = void(const Run &run, std::uint32_t n, std::uint8_t *out);

/*
 * @n pixels of each of @lines Runs, the next of which is @aside bytes beside the first, to rows
 * that are @pitch bytes apart; @fill as of Read8.
 */
using ReadSheet = void(const Run &run, std::ptrdiff_t aside, std::uint32_t n, std::uint32_t lines,
		       std::uint8_t *out, std::size_t pitch, Pixel8 fill);

inline constexpr std::uint32_t sheet = 16;	// as many lines as there mostly are

inline constexpr Pixel8 colours_8 = 0x00ffffff;

namespace layout {

/*
 * How the channels of 32-bit formats become ARGB, two pixels at a time.
 */
struct Argb {
	static constexpr std::uint32_t alpha_mask = 0xff000000;
	static std::uint64_t argb(std::uint64_t two) { return two; }
};

struct Abgr {
	static constexpr std::uint32_t alpha_mask = 0xff000000;
	static std::uint64_t argb(std::uint64_t two)
	{
		const std::uint64_t rb = two & low_bytes;

		return (two & ~low_bytes) | (rb << 16 & ~low_halves) | (rb >> 16 & low_halves);
	}
};

struct Rgba {
	static constexpr std::uint32_t alpha_mask = 0x000000ff;
	static std::uint64_t argb(std::uint64_t two)
	{
		return (two >> 8 & 0x00ffffff00ffffff) | (two << 24 & 0xff000000ff000000);
	}
};

struct Bgra {
	static constexpr std::uint32_t alpha_mask = 0x000000ff;
	static std::uint64_t argb(std::uint64_t two)
	{
		const std::uint64_t swapped = __builtin_bswap64(two);	// the pixels, too

		return swapped >> 32 | swapped << 32;
	}
};

template <typename Order>
[[nodiscard]] inline Pixel8 argb(std::uint32_t p)
{
	return static_cast<Pixel8>(Order::argb(p));
}

/* 16-bit pixels with red and blue exchanged. */
[[nodiscard]] constexpr Pixel16 swap_red_blue(Pixel16 p)
{
	return (p & 0xffff0000ffff0000) | (p >> 32 & 0xffff) | (p & 0xffff) << 32;
}

/*
 * Walks the pixels of layouts that have one memory plane, of whole bytes. From there a layout
 * reads them: as_8() without alpha, as_16() with what alpha there is.
 */
template <typename Layout, bool along>
class Walk {
public:
	explicit Walk(const Run &run)
		: at_(run.samples[0] + run.at * run.step),
		  step_(along ? Layout::bytes : run.step * run.direction), opaque_(run.opaque) {}

	const std::uint8_t *next()
	{
		const std::uint8_t *const p = at_;

		at_ += step_;
		return p;
	}

	Pixel8 next_8() { return Layout::as_8(next()); }
	Pixel16 next_16() { return Layout::as_16(next()) | opaque_; }

private:
	const std::uint8_t *at_;
	const std::ptrdiff_t step_;
	const Pixel16 opaque_;
};

template <typename Order>
struct Packed32 {
	static constexpr int bytes = 4;
	static constexpr std::uint32_t alpha_mask = Order::alpha_mask;
	static constexpr bool exact_8 = true;

	static std::uint64_t order(std::uint64_t two) { return Order::argb(two); }
	static Pixel8 as_argb(const std::uint8_t *p) { return argb<Order>(load<std::uint32_t>(p)); }
	static Pixel8 as_8(const std::uint8_t *p) { return as_argb(p) & colours_8; }
	static Pixel16 as_16(const std::uint8_t *p) { return widen(as_argb(p)); }

	template <bool along>
	using Walk = layout::Walk<Packed32, along>;
};

template <bool bgr>
struct Packed24 {
	static constexpr int bytes = 3;
	static constexpr bool exact_8 = true;

	static Pixel8 as_8(const std::uint8_t *p)
	{
		return bgr ? p[0] << 16 | p[1] << 8 | p[2] :
			     load<std::uint16_t>(p) | p[2] << 16;
	}
	static Pixel16 as_16(const std::uint8_t *p) { return widen(as_8(p)); }

	template <bool along>
	using Walk = layout::Walk<Packed24, along>;
};

template <bool bgr>
struct Packed64 {
	static constexpr int bytes = 8;
	static constexpr bool exact_8 = false;

	static Pixel16 as_16(const std::uint8_t *p)
	{
		const auto v = load<Pixel16>(p);

		return bgr ? swap_red_blue(v) : v;
	}
	static Pixel8 as_8(const std::uint8_t *p) { return narrow_pixel(as_16(p)); }

	template <bool along>
	using Walk = layout::Walk<Packed64, along>;
};

template <bool bgr>
struct Packed16 {
	static constexpr int bytes = 2;
	static constexpr bool exact_8 = false;

	struct Channels {
		std::uint32_t red, green, blue;
	};

	static Channels channels(const std::uint8_t *p)
	{
		const std::uint32_t v = load<std::uint16_t>(p);
		const std::uint32_t high = v >> 11, low = v & 31;

		return bgr ? Channels{low, v >> 5 & 63, high} : Channels{high, v >> 5 & 63, low};
	}

	// round(v * 255 / 31), round(v * 255 / 63) [1]; [2] checks them
	static constexpr std::uint32_t five_to_8(std::uint32_t v) { return (v * 527 + 23) >> 6; }
	static constexpr std::uint32_t six_to_8(std::uint32_t v) { return (v * 259 + 33) >> 6; }

	// 65535 = 31 * 2114 + 1 = 63 * 1040 + 15, and what is left over rounded [2]
	static constexpr std::uint32_t five_to_16(std::uint32_t v) { return v * 2114 + (v >> 4); }
	static constexpr std::uint32_t six_to_16(std::uint32_t v)
	{
		return v * 1040 + ((v * 61 + 128) >> 8);
	}

	static Pixel8 as_8(const std::uint8_t *p)
	{
		const Channels c = channels(p);

		return five_to_8(c.red) << 16 | six_to_8(c.green) << 8 | five_to_8(c.blue);
	}
	static Pixel16 as_16(const std::uint8_t *p)
	{
		const Channels c = channels(p);

		return Pixel16{five_to_16(c.red)} << 32 | six_to_16(c.green) << 16 |
		       five_to_16(c.blue);
	}

	template <bool along>
	using Walk = layout::Walk<Packed16, along>;
};

static_assert([] {
	using P = Packed16<false>;

	for (std::uint32_t v = 0; v < 64; v++) {
		const auto is = [v](std::uint32_t got, std::uint32_t most, std::uint32_t m) {
			return v > m || got == (2 * v * most + m) / (2 * m);
		};

		if (!is(P::five_to_8(v), 255, 31) || !is(P::six_to_8(v), 255, 63) ||
		    !is(P::five_to_16(v), 65535, 31) || !is(P::six_to_16(v), 65535, 63))
			return false;
	}
	return true;
}(), "[2]");

/* Grey of a byte. */
struct Grey8 {
	static constexpr int bytes = 1;
	static constexpr bool exact_8 = true;

	static Pixel8 as_8(const std::uint8_t *p) { return *p * 0x010101u; }
	static Pixel16 as_16(const std::uint8_t *p) { return widen(as_8(p)); }

	template <bool along>
	using Walk = layout::Walk<Grey8, along>;
};

/* Grey of 1, 2 or 4 bits, the leftmost pixel in the highest. 2^bits - 1 divides 255 and 65535. */
template <int bits>
struct Grey {
	static constexpr bool exact_8 = true;

	template <bool along>
	class Walk {
	public:
		explicit Walk(const Run &run)
			: base_(run.samples[0]), at_(run.bit + run.at * run.step),
			  step_(along ? bits : run.step * run.direction) {}

		Pixel8 next_8()
		{
			const int from = 8 - bits - static_cast<int>(at_ & 7);
			const Pixel8 v = base_[at_ >> 3] >> from & ((1 << bits) - 1);

			at_ += step_;
			return v * (255 / ((1 << bits) - 1)) * 0x010101;
		}
		Pixel16 next_16() { return widen(next_8()) | opaque_16; }

	private:
		const std::uint8_t *const base_;
		std::ptrdiff_t at_;
		const std::ptrdiff_t step_;
	};
};

template <typename Layout, bool along>
void read_8(const Run &run, std::uint32_t n, std::uint8_t *out, Pixel8 fill)
{
	typename Layout::template Walk<along> walk(run);

	for (; n; n--, out += 4)
		store<Pixel8>(out, walk.next_8() | fill);
}

template <typename Layout, bool along>
void read_16(const Run &run, std::uint32_t n, std::uint8_t *out)
{
	typename Layout::template Walk<along> walk(run);

	for (; n; n--, out += 8)
		store<Pixel16>(out, walk.next_16());
}

/*
 * Columns side by side, row by row: the samples of a row lie beside each other, and a line of the
 * cache is fetched once for all columns. Two rows make a word of each line.
 */
template <typename Layout>
void read_sheet_8(const Run &run, std::ptrdiff_t aside, std::uint32_t n, std::uint32_t lines,
		  std::uint8_t *out, std::size_t pitch, Pixel8 fill)
{
	const std::uint8_t *in = run.samples[0] + run.at * run.step;
	const std::ptrdiff_t step = run.step * run.direction;
	const std::uint64_t fills = fill * ones_32;
	const auto word = [&](const std::uint8_t *p, std::uint8_t *q) {
		const std::uint64_t first = Layout::as_8(p);
		const std::uint64_t second = Layout::as_8(p + step);

		store(q, first | second << 32 | fills);
	};

	for (; n >= 2; n -= 2, in += 2 * step, out += 8) {
		const std::uint8_t *p = in;
		std::uint8_t *q = out;

		if (lines == sheet) {
#pragma GCC unroll 8	// -O2 does not
			for (std::uint32_t i = 0; i < sheet; i++, p += aside, q += pitch)
				word(p, q);
		} else {
			for (std::uint32_t i = 0; i < lines; i++, p += aside, q += pitch)
				word(p, q);
		}
	}
	if (!n)
		return;
	for (; lines; lines--, in += aside, out += pitch)
		store<Pixel8>(out, Layout::as_8(in) | fill);
}

/* Two pixels with their highest bytes all ones, or 0. */
template <bool ones>
[[nodiscard]] inline std::uint64_t filled(std::uint64_t two)
{
	return ones ? two | opaque_8 * ones_32 : two & colours_8 * ones_32;
}

/*
 * @pairs of lines of pixels of 32 bits, @pitch apart, are columns from left to right of a
 * framebuffer. Two pixels of a row and two of the next are two words of two lines: half as many
 * loads as read_sheet_8() has.
 */
template <typename Order, bool ones>
void transpose(const std::uint8_t *in, std::ptrdiff_t step, std::uint32_t n, std::uint32_t pairs,
	       std::uint8_t *out, std::ptrdiff_t pitch)
{
	const auto two = [](const std::uint8_t *p) {
		return filled<ones>(Order::argb(load<std::uint64_t>(p)));
	};
	const auto square = [&](const std::uint8_t *p, std::uint8_t *q) {
		const std::uint64_t a = two(p), b = two(p + step);

		store(q, static_cast<Pixel8>(a) | b << 32);
		store(q + pitch, a >> 32 | (b & ~std::uint64_t{0} << 32));
	};

	for (; n >= 2; n -= 2, in += 2 * step, out += 8) {
		std::uint8_t *q = out;

		if (pairs == sheet / 2) {
#pragma GCC unroll 8	// -O2 does not
			for (std::uint32_t i = 0; i < sheet / 2; i++, q += 2 * pitch)
				square(in + 8 * i, q);
		} else {
			for (std::uint32_t i = 0; i < pairs; i++, q += 2 * pitch)
				square(in + 8 * i, q);
		}
	}
	if (!n)
		return;
	for (std::uint32_t i = 0; i < pairs; i++, out += 2 * pitch) {
		const std::uint64_t a = two(in + 8 * i);

		store(out, static_cast<Pixel8>(a));
		store(out + pitch, static_cast<Pixel8>(a >> 32));
	}
}

template <typename Order>
void transpose_8(const Run &run, std::ptrdiff_t aside, std::uint32_t n, std::uint32_t lines,
		 std::uint8_t *out, std::size_t pitch, Pixel8 fill)
{
	Run first = run;	// of the columns the leftmost, whose line may be the last one
	std::ptrdiff_t down = pitch;

	if (aside < 0) {
		first.samples[0] -= 4 * (lines - 1);
		out += pitch * (lines - 1);
		down = -down;
	}
	if (lines & 1) {
		Run last = first;

		last.samples[0] += 4 * (lines - 1);
		read_8<Packed32<Order>, false>(last, n, out + down * (lines - 1), fill);
	}

	const std::uint8_t *const in = first.samples[0] + first.at * first.step;
	const std::ptrdiff_t step = first.step * first.direction;

	if (fill)
		transpose<Order, true>(in, step, n, lines / 2, out, down);
	else
		transpose<Order, false>(in, step, n, lines / 2, out, down);
}

/* Two pixels at a time. There is always something done to a pixel, so this is no memcpy(). */
template <typename Order, bool ones>
void copy(const std::uint8_t *in, std::uint32_t n, std::uint8_t *out)
{
	const auto two = [&](int i) {
		store(out + i, filled<ones>(Order::argb(load<std::uint64_t>(in + i))));
	};

	for (; n >= 8; n -= 8, in += 32, out += 32) {
		two(0);
		two(8);
		two(16);
		two(24);
	}
	for (; n; n--, in += 4, out += 4)
		store(out, static_cast<Pixel8>(filled<ones>(argb<Order>(load<Pixel8>(in)))));
}

template <typename Order>
void copy_8(const Run &run, std::uint32_t n, std::uint8_t *out, Pixel8 fill)
{
	const std::uint8_t *const in = run.samples[0] + run.at * 4;

	if (fill)
		copy<Order, true>(in, n, out);
	else
		copy<Order, false>(in, n, out);
}

/*
 * Samples of YUV formats: of 8 bits, which index tables, and of more, which are multiplied. They
 * are objects with a copy of what they need of the Run, as the compiler cannot know that writing
 * pixels does not change it.
 */
class Yuv8 {
public:
	static constexpr int bytes = 1;

	explicit Yuv8(const Run &run) : tables_(*run.tables) {}

	YuvSum luma(const std::uint8_t *y) const { return tables_.y[*y]; }
	YuvSum chroma(const std::uint8_t *u, const std::uint8_t *v) const
	{
		return tables_.u[*u] + tables_.v[*v];
	}

private:
	const YuvTables &tables_;
};

/* The highest bits of two bytes. */
class Yuv16 {
public:
	static constexpr int bytes = 2;

	explicit Yuv16(const Run &run) : factors_(*run.factors) {}

	YuvSum luma(const std::uint8_t *y) const { return luma_sum(factors_, sample(y)); }
	YuvSum chroma(const std::uint8_t *u, const std::uint8_t *v) const
	{
		return u_sum(factors_, sample(u)) + v_sum(factors_, sample(v));
	}

private:
	std::int32_t sample(const std::uint8_t *p) const
	{
		return load<std::uint16_t>(p) >> (factors_.unused & 15);	// surely less than 16
	}

	const YuvFactors factors_;
};

/*
 * Store each pixel of the Run. @one makes it of its sum, @two of those of two, the first in the
 * lower half. If chroma is @halved in the direction of the Run, two pixels share a sample, the
 * even one first; an odd one at either end has it for itself.
 */
template <typename Samples, bool halved, bool along, typename Store>
[[gnu::always_inline]] inline void walk_yuv(const Run &run, std::uint32_t n, Store put)
{
	const Samples samples(run);
	const std::ptrdiff_t step = along ? Samples::bytes : run.step * run.direction;
	const std::ptrdiff_t u_step = run.cb_step * run.direction;
	const std::ptrdiff_t v_step = run.cr_step * run.direction;
	const std::ptrdiff_t chroma_at = halved ? run.at >> 1 : run.at;
	const std::uint8_t *y = run.samples[0] + run.at * run.step;
	const std::uint8_t *u = run.samples[1] + chroma_at * run.cb_step;
	const std::uint8_t *v = run.samples[2] + chroma_at * run.cr_step;
	const auto next_chroma = [&] {
		const YuvSum chroma = samples.chroma(u, v);

		u += u_step;
		v += v_step;
		return chroma;
	};
	const auto one = [&] {
		put(in_range(samples.luma(y) + next_chroma()));
		y += step;
	};

	// Is the first one the second of its pair? Backwards that is the even one.
	if (halved && n && (run.at & 1) == (along || run.direction > 0 ? 1 : 0)) {
		one();
		n--;
	}
	for (; n >= 2; n -= 2) {
		const YuvSum chroma = next_chroma();
		const YuvSum next = halved ? chroma : next_chroma();
		YuvSum first = samples.luma(y) + chroma, second = samples.luma(y + step) + next;

		if (!are_in_range(first | second)) [[unlikely]] {
			first = in_range(first);
			second = in_range(second);
		}
		put(first, second);
		y += 2 * step;
	}
	if (n)
		one();
}

template <typename Samples, bool halved, bool along>
void read_yuv_8(const Run &run, std::uint32_t n, std::uint8_t *out, Pixel8 fill)
{
	const std::uint64_t fills = fill * ones_32;

	walk_yuv<Samples, halved, along>(run, n, [&](YuvSum first, auto... second) {
		if constexpr (sizeof...(second)) {
			store(out, (yuv_to_8(first) | yuv_to_8(second...) << 32) | fills);
			out += 8;
		} else {
			store(out, static_cast<Pixel8>(yuv_to_8(first)) | fill);
			out += 4;
		}
	});
}

template <typename Samples, bool halved, bool along>
void read_yuv_16(const Run &run, std::uint32_t n, std::uint8_t *out)
{
	walk_yuv<Samples, halved, along>(run, n, [&](auto... sums) {
		((store<Pixel16>(out, yuv_to_16(sums) | opaque_16), out += 8), ...);
	});
}

} // namespace layout

} // namespace vskms
