// SPDX-License-Identifier: GPL-2.0
/*
 * The composer: a frame from a prepared scene and its pixels.
 *
 * Goal. In an emulated guest this runs at a few per cent of a processor's speed, for every frame
 * that someone looks at; so it should touch each visible pixel as few times as it can. Most
 * scenes are one opaque plane, with an overlay or a cursor here and there.
 *
 * Constraints. No vector registers; no memory but the scratch, since what lies between two steps
 * is as protected as the pixels it comes from; no allocation, no division, and nothing that the
 * compiler would turn into memcpy() or memset(), which are "rep movsb" in the kernel, and six times
 * slower than plain stores where that is emulated byte by byte. It equals reference.hpp bit for
 * bit.
 *
 * Segment by segment (segments.hpp), each in the cheapest way that gives these bits:
 *
 *	plain	only a base and no CRTC operations: its reader writes 8-bit pixels where they go
 *	mapped	only a base, whose pixels have exactly 8 bits, and of the CRTC but a LUT: the
 *		same, then a table of 256 entries
 *	veiled	a base and one plane that blend.hpp blends in 8 bits, no CRTC operations: where it
 *		is clear, plain; where it is solid, plain but of that plane; elsewhere blended
 *		over 8 bits if the base has exactly those, else over 16
 *	deep	everything else, and all if the target has more than 8 bits: 16 bits a channel
 *
 * plain and mapped equal the reference as a reader's 8-bit pixel is its 16-bit one as narrow()
 * rounds it (reader.hpp), and if it is exact, then 257 times the 8-bit one is what the LUT gets.
 * For veiled see blend.hpp. deep is what the reference does.
 *
 * Memory. What needs 16 bits works on chunks of 256 pixels, in two buffers of 2 KiB: the stage, and
 * a plane that is to be blended over it. So it stays in the processor's nearest cache, and the
 * scratch for a line is its XRGB8888 pixels and 4 KiB, instead of twice eight bytes a pixel. A
 * line that only an XRGB8888 target wants is not even that: it is composed in the target, each
 * pixel written once, so that none is ever there that is not the scene's. What is blended in 8 bits is
 * blended over the base's pixels where they lie, if they are XRGB8888, and else over those in the
 * scratch.
 *
 * A plane that is rotated by a right angle is read by columns, a few bytes of each row. By the time
 * that the next line wants the bytes beside them they have left the caches, and their page the TLB,
 * the emulator's and its host's. So lines of a scene that has such planes are composed sixteen at a
 * time, a sheet, and plain segments of such planes are read row by row into all of them. Sixteen
 * pixels of 32 bits are what a line of the cache holds; with eight, a frame that is written
 * back takes a third longer, with thirty-two as long.
 *
 * Cost. A pixel costs what its base and the planes above that take, and a segment of a line a
 * few calls. In plain, XRGB8888 takes one load, one store and one operation for two pixels.
 */
#pragma once

#include "arithmetic.hpp"
#include "blend.hpp"
#include "colour.hpp"
#include "compositor.h"
#include "plane.hpp"
#include "reader.hpp"
#include "scene.hpp"
#include "segments.hpp"
#include "target.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vskms {

class Composer {
public:
	[[nodiscard]] static std::size_t scratch(const Scene &scene) noexcept
	{
		return 2 * chunk_bytes + lines_of(scene) * line_bytes(scene);
	}

	/* As compositor_run(); @format is the target's, or null and there is none. */
	Composer(const Scene &scene, const compositor_memory *memory, void *scratch,
		 const compositor_target *target, const TargetFormat *format) noexcept
		: scene_(scene), memory_(memory), stage_(static_cast<std::uint8_t *>(scratch)),
		  above_(stage_ + chunk_bytes), lines_(above_ + chunk_bytes), target_(target),
		  format_(format)
	{
		for (std::size_t i = 0; i < scene.planes().size(); i++)
			if (!memory[scene.index(i)].data[0])
				blanked_ |= PlaneMask{1} << i;
	}

	void run(compositor_line line, void *context) noexcept
	{
		if (!line && !format_)
			return;
		deep_ = format_ && format_->from_16;
		direct_ = !line && format_ && format_->native;
		fill_ = direct_ ? opaque_8 : 0;

		const std::int32_t most = static_cast<std::int32_t>(lines_of(scene_));

		for (std::int32_t y = 0; y < scene_.height();) {
			// The kernel would have the compiler clear it first, by memset().
			[[gnu::uninitialized]] const Band band(scene_, blanked_, y);

			while (y < band.end()) {
				const std::int32_t n = std::min(most, band.end() - y);

				for (const Segment &segment : band.segments())
					compose(segment, y, n);
				for (std::int32_t i = 0; i < n; i++)
					finish(y + i, line_at(i), line, context);
				y += n;
			}
		}
	}

private:
	static constexpr std::uint32_t chunk = 256;
	static constexpr std::size_t chunk_bytes = chunk * sizeof(Pixel16);

	static std::size_t lines_of(const Scene &scene) noexcept
	{
		return scene.has_sheets() ? sheet : 1;
	}

	static std::size_t line_bytes(const Scene &scene) noexcept
	{
		return sizeof(Pixel8) * static_cast<std::size_t>(scene.width());
	}

	/* What a segment's line is made of, from some pixel on: a plane's pixels, or a colour. */
	struct Source {
		const Plane *plane = nullptr;
		Run run = {};
		Pixel16 colour = 0;

		bool reads_8() const { return !plane || plane->reads_8(); }
		bool exact_8() const
		{
			return plane ? plane->exact_8() :
				       colour == widen(narrow_pixel(colour) | opaque_8);
		}

		const std::uint8_t *xrgb() const { return plane ? plane->xrgb(run) : nullptr; }

		void read_8(std::uint32_t n, std::uint8_t *out, Pixel8 fill) const
		{
			if (plane)
				plane->read_8(run, n, out, fill);
			else
				fill_8(n, out, narrow_pixel(colour) | fill);
		}

		void read_16(std::uint32_t n, std::uint8_t *out) const
		{
			if (plane)
				plane->read_16(run, n, out);
			else
				fill_16(n, out, colour);
		}

		void skip(std::uint32_t n) { run = after(run, n); }
	};

	static void fill_8(std::uint32_t n, std::uint8_t *out, Pixel8 p) noexcept
	{
		for (; n >= 2; n -= 2, out += 8)
			store<std::uint64_t>(out, p * ones_32);
		if (n)
			store(out, p);
	}

	static void fill_16(std::uint32_t n, std::uint8_t *out, Pixel16 p) noexcept
	{
		for (; n; n--, out += 8)
			store(out, p);
	}

	std::uint8_t *line_at(std::int32_t i) const noexcept
	{
		return lines_ + line_bytes(scene_) * static_cast<std::size_t>(i);
	}

	std::uint8_t *target_at(std::int32_t y) const noexcept
	{
		return static_cast<std::uint8_t *>(target_->data) +
		       std::size_t{target_->pitch} * static_cast<std::size_t>(y);
	}

	const Plane &plane(std::size_t i) const noexcept { return scene_.planes()[i]; }

	/* A segment's pixels of line y, in plane @i. */
	Source source(std::size_t i, std::int32_t x, std::int32_t y) const noexcept
	{
		return {&plane(i), plane(i).run(memory_[scene_.index(i)], x, y), 0};
	}

	Source base(const Segment &segment, std::int32_t y) const noexcept
	{
		if (segment.base == Segment::background)
			return {.colour = scene_.background()};
		if (blanked_ >> segment.base & 1)
			return {.colour = opaque_16};
		return source(segment.base, segment.x0, y);
	}

	/* Lines @y to @y + @n; 8-bit pixels go to lines_, or the target if direct_. */
	void compose(const Segment &segment, std::int32_t y, std::int32_t n) noexcept
	{
		if (n > 1 && !deep_ && !segment.above && scene_.crtc_ops().empty()) {
			const Source from = base(segment, y);

			if (from.plane && from.plane->reads_sheets()) {
				std::uint8_t *const out = direct_ ? target_at(y) : lines_;
				const std::size_t pitch =
					direct_ ? target_->pitch : line_bytes(scene_);

				from.plane->read_sheet_8(from.run, segment.x1 - segment.x0, n,
							 out + 4 * segment.x0, pitch, fill_);
				return;
			}
		}
		for (std::int32_t i = 0; i < n; i++)
			compose_line(segment, y + i, line_at(i));
	}

	/* @line is the whole one's scratch. */
	void compose_line(const Segment &segment, std::int32_t y, std::uint8_t *line) noexcept
	{
		const std::uint32_t n = segment.x1 - segment.x0;
		std::uint8_t *const scratch = line + 4 * segment.x0;
		std::uint8_t *const out = direct_ ? target_at(y) + 4 * segment.x0 : scratch;
		Source from = base(segment, y);

		if (deep_)
			deep(segment, from, y, out);
		else if (!segment.above && !from.plane)
			fill_8(n, out, narrow_pixel(scene_.finished(from.colour)) | fill_);
		else if (!segment.above && scene_.crtc_ops().empty() && from.reads_8())
			from.read_8(n, out, fill_);
		else if (!segment.above && scene_.has_table_8() && from.exact_8())
			mapped(from, n, scratch, out);
		else if (is_veiled(segment) && from.reads_8())
			veiled(segment, from, y, scratch, out);
		else
			deep(segment, from, y, out);
	}

	bool is_veiled(const Segment &segment) const noexcept
	{
		const bool one = segment.above && !(segment.above & (segment.above - 1));

		return one && scene_.crtc_ops().empty() &&
		       plane(std::countr_zero(segment.above)).blends_8();
	}

	void mapped(const Source &from, std::uint32_t n, std::uint8_t *scratch,
		    std::uint8_t *out) const noexcept
	{
		from.read_8(n, scratch, 0);
		for (; n; n--, scratch += 4, out += 4)
			store<Pixel8>(out, scene_.looked_up_8(load<Pixel8>(scratch)) | fill_);
	}

	void veiled(const Segment &segment, Source &below, std::int32_t y, std::uint8_t *scratch,
		    std::uint8_t *out) noexcept
	{
		const bool exact = below.exact_8();
		Source veil = source(std::countr_zero(segment.above), segment.x0, y);

		for (std::uint32_t left = segment.x1 - segment.x0; left;) {
			Stretch part = veil.plane->scan(veil.run, left);

			if (part.cover == Cover::clear) {
				below.read_8(part.pixels, out, fill_);
			} else if (part.cover == Cover::solid) {
				veil.read_8(part.pixels, out, fill_);
			} else if (exact) {
				const std::uint8_t *bg = below.xrgb();

				if (!bg) {
					below.read_8(part.pixels, scratch, 0);
					bg = scratch;
				}
				veil.plane->over_8(veil.run, part.pixels, bg, out, fill_);
			} else {
				part.pixels = std::min(part.pixels, chunk);
				below.read_16(part.pixels, stage_);
				veil.plane->over_16(veil.run, part.pixels, stage_, out, fill_);
			}
			below.skip(part.pixels);
			veil.skip(part.pixels);
			scratch += 4 * part.pixels;
			out += 4 * part.pixels;
			left -= part.pixels;
		}
	}

	void deep(const Segment &segment, Source &from, std::int32_t y, std::uint8_t *out) noexcept
	{
		for (std::int32_t x = segment.x0; x < segment.x1; x += chunk) {
			const std::uint32_t n = std::min<std::uint32_t>(chunk, segment.x1 - x);

			from.read_16(n, stage_);
			from.skip(n);
			for (PlaneMask above = segment.above; above; above &= above - 1) {
				const Source next = source(std::countr_zero(above), x, y);

				next.read_16(n, above_);
				next.plane->blend_16(above_, n, stage_);
			}
			colour_row(scene_.crtc_ops(), n, stage_);
			if (deep_)
				format_->from_16(stage_, n, target_at(y) + format_->bytes * x);
			for (std::uint32_t i = 0; i < n; i++, out += 4) {
				const auto p = load<Pixel16>(stage_ + 8 * i);

				store<Pixel8>(out, narrow_pixel(p) | fill_);
			}
		}
	}

	/* A line is complete, in @from. */
	void finish(std::int32_t y, const std::uint8_t *from, compositor_line line,
		    void *context) noexcept
	{
		if (format_ && format_->from_8 && !direct_)
			format_->from_8(from, scene_.width(), target_at(y));
		if (line)
			line(context, from, line_bytes(scene_));
	}

	const Scene &scene_;
	const compositor_memory *const memory_;
	std::uint8_t *const stage_;	// a chunk of 16 bits
	std::uint8_t *const above_;	// the same
	std::uint8_t *const lines_;	// XRGB8888, X = 0
	const compositor_target *const target_;
	const TargetFormat *const format_;
	PlaneMask blanked_ = 0;

	bool deep_ = false;	// the target has more than 8 bits
	bool direct_ = false;	// the target is the only one who wants lines, and as they are
	Pixel8 fill_ = 0;	// the highest byte, there or in lines_
};

} // namespace vskms
