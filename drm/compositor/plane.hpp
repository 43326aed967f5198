// SPDX-License-Identifier: GPL-2.0
/*
 * A plane of a prepared scene: where each pixel comes from, and the functions that read and blend
 * it, chosen once.
 *
 * Rotation and reflection are an affine map. Which pixel of the framebuffer is shown at (x, y) of
 * the scene is
 *
 *	origin + x * across + y * down
 *
 * where across and down are each one of (+-1, 0) and (0, +-1). A line of the scene is therefore a
 * Run of the framebuffer: along a row if across is horizontal, else along a column.
 *
 * Every pixel of the Run lies inside the framebuffer, as Runs are only made of pixels in
 * [x0, x1) x [y0, y1), which are destination, and the map takes these to the part that is shown.
 */
#pragma once

#include "blend.hpp"
#include "check.hpp"
#include "colour.hpp"
#include "compositor.h"
#include "format.hpp"
#include "reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace vskms {

struct Point {
	std::int32_t x, y;

	friend constexpr Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
	friend constexpr Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
	friend constexpr Point operator*(std::int32_t n, Point a) { return {n * a.x, n * a.y}; }
};

/* Half open: [x0, x1) x [y0, y1) */
struct Rectangle {
	std::int32_t x0, y0, x1, y1;
};

/* What reads a format. */
struct Readers {
	Read8 *read_8;
	Read16 *read_16;
	bool exact_8;	// 16 bits are 257 times 8 bits
	ReadSheet *read_sheet_8 = nullptr;
	bool xrgb = false;	// what is read is XRGB8888 as it lies there
	Blenders premultiplied = {}, coverage = {};
};

namespace detail {

template <typename Layout, bool along>
[[nodiscard]] constexpr Readers packed()
{
	return {layout::read_8<Layout, along>, layout::read_16<Layout, along>, Layout::exact_8,
		layout::read_sheet_8<Layout>};
}

template <int bits, bool along>
[[nodiscard]] constexpr Readers grey()
{
	using Layout = layout::Grey<bits>;

	return {layout::read_8<Layout, along>, layout::read_16<Layout, along>, Layout::exact_8};
}

template <typename Layout, bool along, compositor_blend mode>
inline constexpr Blenders blenders_of{over_8<Layout, along, mode>, over_16<Layout, along, mode>,
				      scan<Layout, along, mode>};

template <typename Order, bool along>
[[nodiscard]] constexpr Readers packed_32(bool alpha)
{
	using Layout = layout::Packed32<Order>;
	Readers readers = packed<Layout, along>();

	readers.read_sheet_8 = layout::transpose_8<Order>;
	if constexpr (along) {
		readers.read_8 = layout::copy_8<Order>;
		readers.xrgb = std::is_same_v<Order, layout::Argb>;
	}
	if (alpha) {
		readers.premultiplied = blenders_of<Layout, along, COMPOSITOR_BLEND_PREMULTIPLIED>;
		readers.coverage = blenders_of<Layout, along, COMPOSITOR_BLEND_COVERAGE>;
	}
	return readers;
}

template <typename Samples, bool along>
[[nodiscard]] constexpr Readers yuv(bool halved)
{
	if (halved)
		return {layout::read_yuv_8<Samples, true, along>,
			layout::read_yuv_16<Samples, true, along>, false};
	return {layout::read_yuv_8<Samples, false, along>,
		layout::read_yuv_16<Samples, false, along>, false};
}

/* @halved: is chroma, in the direction of a Run? */
template <bool along>
[[nodiscard]] constexpr Readers readers_of(const Format &format, bool halved)
{
	switch (format.code) {
	case fourcc("XR24"):
	case fourcc("AR24"):
		return packed_32<layout::Argb, along>(format.alpha);
	case fourcc("XB24"):
	case fourcc("AB24"):
		return packed_32<layout::Abgr, along>(format.alpha);
	case fourcc("RA24"):
		return packed_32<layout::Rgba, along>(format.alpha);
	case fourcc("BA24"):
		return packed_32<layout::Bgra, along>(format.alpha);
	case fourcc("RG24"):
		return packed<layout::Packed24<false>, along>();
	case fourcc("BG24"):
		return packed<layout::Packed24<true>, along>();
	case fourcc("XR48"):
	case fourcc("AR48"):
		return packed<layout::Packed64<false>, along>();
	case fourcc("XB48"):
	case fourcc("AB48"):
		return packed<layout::Packed64<true>, along>();
	case fourcc("RG16"):
		return packed<layout::Packed16<false>, along>();
	case fourcc("BG16"):
		return packed<layout::Packed16<true>, along>();
	case fourcc("R1  "):
		return grey<1, along>();
	case fourcc("R2  "):
		return grey<2, along>();
	case fourcc("R4  "):
		return grey<4, along>();
	case fourcc("R8  "):
		return packed<layout::Grey8, along>();
	case fourcc("P010"):
	case fourcc("P012"):
	case fourcc("P016"):
		return yuv<layout::Yuv16, along>(halved);
	}
	return yuv<layout::Yuv8, along>(halved);	// all others are YUV of 8 bits
}

[[nodiscard]] constexpr bool cr_comes_first(const Format &format)
{
	for (const std::uint32_t code : {fourcc("NV21"), fourcc("NV61"), fourcc("NV42"),
					 fourcc("YV12"), fourcc("YV16"), fourcc("YV24")})
		if (format.code == code)
			return true;
	return false;
}

/* Of P010 and its like, by how many bits there are; null for other formats. */
[[nodiscard]] inline const YuvFactors *factors_of(const compositor_plane &plane)
{
	switch (plane.format) {
	case fourcc("P010"):
		return &yuv_factors_of<10>[plane.encoding][plane.range];
	case fourcc("P012"):
		return &yuv_factors_of<12>[plane.encoding][plane.range];
	case fourcc("P016"):
		return &yuv_factors_of<16>[plane.encoding][plane.range];
	}
	return nullptr;
}

/* What is shown at @at from the destination's top left corner, from that of the source. */
[[nodiscard]] constexpr Point source_of(const compositor_plane &plane, Point at)
{
	const auto right = static_cast<std::int32_t>(plane.src_w - 1);
	const auto bottom = static_cast<std::int32_t>(plane.src_h - 1);
	Point p = at;

	if (plane.rotation & rotate_90)
		p = {right - at.y, at.x};
	else if (plane.rotation & rotate_180)
		p = {right - at.x, bottom - at.y};
	else if (plane.rotation & rotate_270)
		p = {at.y, bottom - at.x};
	return {plane.rotation & reflect_x ? right - p.x : p.x,
		plane.rotation & reflect_y ? bottom - p.y : p.y};
}

/* Empty if it lies outside of @width x @height. */
[[nodiscard]] constexpr Rectangle destination(const compositor_plane &plane, std::uint32_t width,
					      std::uint32_t height)
{
	const bool sideways = plane.rotation & (rotate_90 | rotate_270);
	const auto clip = [](std::int64_t v, std::uint32_t most) {
		return static_cast<std::int32_t>(std::clamp<std::int64_t>(v, 0, most));
	};
	const std::int64_t x = plane.dst_x, y = plane.dst_y;

	return {clip(x, width), clip(y, height),
		clip(x + (sideways ? plane.src_h : plane.src_w), width),
		clip(y + (sideways ? plane.src_w : plane.src_h), height)};
}

} // namespace detail

class Plane {
public:
	/* @from is valid(), @shown its destination and not empty; @ops outlive this. */
	Plane(const compositor_plane &from, const Rectangle &shown,
	      std::span<const ColourOp> ops) noexcept
		: shown_(shown), format_(*find_format(from.format)), ops_(ops),
		  pitch_{from.pitch[0], from.pitch[1], from.pitch[2]}, alpha_(from.alpha),
		  bits_(8 / format_.plane[0].block_pixels),
		  tables_(&yuv_tables[from.encoding][from.range]),
		  factors_(detail::factors_of(from))
	{
		const Point corner = detail::source_of(from, {0, 0});

		across_ = detail::source_of(from, {1, 0}) - corner;
		down_ = detail::source_of(from, {0, 1}) - corner;
		// Something is shown, so the destination is less than 2^16 from the scene.
		origin_ = corner - from.dst_x * across_ - from.dst_y * down_ +
			  Point{static_cast<std::int32_t>(from.src_x),
				static_cast<std::int32_t>(from.src_y)};

		const bool halved = (along_row() ? format_.hsub : format_.vsub) == 2;

		readers_ = across_.x == 1 ? detail::readers_of<true>(format_, halved) :
					    detail::readers_of<false>(format_, halved);

		const bool alpha_used = format_.alpha && from.blend != COMPOSITOR_BLEND_NONE;

		opaque_ = alpha_ == 65535 && !alpha_used;
		if (!alpha_used)
			opaque_mask_ = opaque_16;
		if (alpha_ == 65535 && alpha_used && ops.empty())
			blenders_ = from.blend == COMPOSITOR_BLEND_COVERAGE ?
					    readers_.coverage : readers_.premultiplied;
		blend_16_ = from.blend == COMPOSITOR_BLEND_NONE ?
				    vskms::blend_16<COMPOSITOR_BLEND_NONE> :
			    from.blend == COMPOSITOR_BLEND_COVERAGE ?
				    vskms::blend_16<COMPOSITOR_BLEND_COVERAGE> :
				    vskms::blend_16<COMPOSITOR_BLEND_PREMULTIPLIED>;
	}

	[[nodiscard]] const Rectangle &shown() const noexcept { return shown_; }

	/* Does nothing of what is below shine through? */
	[[nodiscard]] bool opaque() const noexcept { return opaque_; }
	[[nodiscard]] bool clear() const noexcept { return !alpha_; }

	/* Its pixels may be read as 8 bits, and those are 1/257 of the 16-bit ones. */
	[[nodiscard]] bool reads_8() const noexcept { return ops_.empty(); }
	[[nodiscard]] bool exact_8() const noexcept { return ops_.empty() && readers_.exact_8; }

	/* The pixels of a Run where they lie, if those are XRGB8888 already, X aside; else null. */
	[[nodiscard]] const std::uint8_t *xrgb(const Run &run) const noexcept
	{
		return ops_.empty() && readers_.xrgb ? run.samples[0] + run.at * run.step : nullptr;
	}

	/* It has 8 bits a channel, with alpha, and all of the plane's. */
	[[nodiscard]] bool blends_8() const noexcept { return blenders_.scan; }

	/* Lines are columns that read_sheet_8() can read together. */
	[[nodiscard]] bool reads_sheets() const noexcept
	{
		return ops_.empty() && readers_.read_sheet_8 && !along_row();
	}

	/* From (x, y) of the scene to the right, inside shown(). */
	[[nodiscard]] Run run(const compositor_memory &memory, std::int32_t x,
			      std::int32_t y) const noexcept
	{
		const Point at = origin_ + x * across_ + y * down_;
		const bool row = along_row();
		Run run{};

		run.at = row ? at.x : at.y;
		run.direction = row ? across_.x : across_.y;
		run.opaque = opaque_mask_;
		run.tables = tables_;
		run.factors = factors_;

		const std::ptrdiff_t other = row ? at.y : at.x;
		const MemoryPlane first = format_.plane[0];
		const auto *const data = static_cast<const std::uint8_t *>(memory.data[0]);

		if (first.block_pixels > 1) {
			const std::ptrdiff_t bits = bits_, pitch = pitch_[0];

			run.samples[0] = row ? data + other * pitch : data;
			run.bit = row ? 0 : other * bits;
			run.step = row ? bits : 8 * pitch;
			return run;
		}
		run.samples[0] = data + other * step(0, !row);
		run.step = step(0, row);
		if (format_.yuv)
			add_chroma(run, memory, other);
		return run;
	}

	void read_8(const Run &run, std::uint32_t n, std::uint8_t *out, Pixel8 fill) const noexcept
	{
		readers_.read_8(run, n, out, fill);
	}

	/* With the colour operations. */
	void read_16(const Run &run, std::uint32_t n, std::uint8_t *out) const noexcept
	{
		readers_.read_16(run, n, out);
		colour_row(ops_, n, out);
	}

	/* Of that line and those that follow. */
	void read_sheet_8(const Run &run, std::uint32_t n, std::uint32_t lines, std::uint8_t *out,
			  std::size_t pitch, Pixel8 fill) const noexcept
	{
		readers_.read_sheet_8(run, down_.x * step(0, true), n, lines, out, pitch, fill);
	}

	[[nodiscard]] Stretch scan(const Run &run, std::uint32_t n) const noexcept
	{
		return blenders_.scan(run, n);
	}

	void over_8(const Run &run, std::uint32_t n, const std::uint8_t *bg, std::uint8_t *out,
		    Pixel8 fill) const noexcept
	{
		blenders_.over_8(run, n, bg, out, fill);
	}

	void over_16(const Run &run, std::uint32_t n, const std::uint8_t *bg, std::uint8_t *out,
		     Pixel8 fill) const noexcept
	{
		blenders_.over_16(run, n, bg, out, fill);
	}

	void blend_16(const std::uint8_t *fg, std::uint32_t n, std::uint8_t *out) const noexcept
	{
		blend_16_(fg, n, alpha_, out);
	}

private:
	bool along_row() const noexcept { return across_.x; }

	/* In a memory plane, from a sample to the next in its row, or to the next row. */
	std::ptrdiff_t step(std::size_t plane, bool in_row) const noexcept
	{
		return in_row ? format_.plane[plane].block_bytes : std::ptrdiff_t{pitch_[plane]};
	}

	void add_chroma(Run &run, const compositor_memory &memory,
			std::ptrdiff_t other) const noexcept
	{
		const bool row = along_row();
		const bool semi_planar = format_.planes == 2;
		const bool swapped = detail::cr_comes_first(format_);
		const std::ptrdiff_t chroma = (row ? format_.vsub : format_.hsub) == 2 ? other / 2 :
											 other;
		std::ptrdiff_t steps[2];

		for (std::size_t i = 0; i < 2; i++) {
			// The second sample of a pair, or the first of another memory plane.
			const std::size_t plane = semi_planar ? 1 : 1 + i;
			const std::ptrdiff_t offset =
				semi_planar ? i * format_.plane[0].block_bytes : 0;

			run.samples[1 + (i ^ swapped)] =
				static_cast<const std::uint8_t *>(memory.data[plane]) + offset +
				chroma * step(plane, !row);
			steps[i ^ swapped] = step(plane, row);
		}
		run.cb_step = steps[0];
		run.cr_step = steps[1];
	}

	Rectangle shown_;
	Point origin_, across_, down_;
	const Format &format_;
	std::span<const ColourOp> ops_;
	std::uint32_t pitch_[3];
	std::uint32_t alpha_;
	std::uint8_t bits_;	// Grey: of a pixel
	const YuvTables *tables_;
	const YuvFactors *factors_;
	bool opaque_;
	Pixel16 opaque_mask_ = 0;
	Readers readers_;
	Blenders blenders_ = {};
	Blend16 *blend_16_;
};

} // namespace vskms
