// SPDX-License-Identifier: GPL-2.0
/*
 * A prepared scene: all that is known before the pixels are.
 *
 * It is one block of memory: the Scene, its planes, the colour operations of all planes and of
 * the CRTC, and the tables of their LUTs. The caller's structures and tables are needed no more.
 * Planes that lie outside the scene are dropped, colour operations that change nothing, too.
 *
 * A matrix that is the identity changes nothing. A LUT that is the identity clamps all the same,
 * so it is dropped where what it gets is in range already, or where a clamp follows anyway: as the
 * first or last step, or after one that clamps.
 */
#pragma once

#include "check.hpp"
#include "colour.hpp"
#include "compositor.h"
#include "plane.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace vskms {

class Scene {
public:
	Scene(const Scene &) = delete;
	Scene &operator=(const Scene &) = delete;

	struct Delete {
		void operator()(Scene *scene) const noexcept { ::operator delete(scene); }
	};

	using Pointer = std::unique_ptr<Scene, Delete>;

	/* Prepare @from, which is valid(). Null if there is no memory. */
	[[nodiscard]] static Pointer make(const compositor_scene &from) noexcept
	{
		const Parts parts = parts_of(from);
		void *const memory = ::operator new(parts.bytes(), std::nothrow);

		return Pointer{memory ? new (memory) Scene(from, parts) : nullptr};
	}

	[[nodiscard]] std::int32_t width() const noexcept { return width_; }
	[[nodiscard]] std::int32_t height() const noexcept { return height_; }

	/* The planes that are partly inside, lowest first, and of each the index it had. */
	[[nodiscard]] std::span<const Plane> planes() const noexcept { return planes_; }
	[[nodiscard]] std::size_t index(std::size_t plane) const noexcept { return index_[plane]; }

	/* Does some plane read several lines at once faster than one by one? */
	[[nodiscard]] bool has_sheets() const noexcept
	{
		return std::ranges::any_of(planes_, &Plane::reads_sheets);
	}

	[[nodiscard]] std::span<const ColourOp> crtc_ops() const noexcept { return crtc_ops_; }
	[[nodiscard]] Pixel16 background() const noexcept { return background_; }

	/* A pixel that takes all of the CRTC's operations. */
	[[nodiscard]] Pixel16 finished(Pixel16 p) const noexcept { return coloured(crtc_ops_, p); }

	/* If the CRTC has but a LUT: what it makes of 8-bit channels, blue first, in 8 bits. */
	[[nodiscard]] bool has_table_8() const noexcept { return has_table_8_; }
	[[nodiscard]] Pixel8 looked_up_8(Pixel8 p) const noexcept
	{
		return table_8_[0][p & 0xff] | table_8_[1][p >> 8 & 0xff] << 8 |
		       table_8_[2][p >> 16 & 0xff] << 16;
	}

private:
	/* How much of each there may be. */
	struct Parts {
		std::size_t planes, ops, entries;

		std::size_t planes_at() const { return sizeof(Scene); }
		std::size_t ops_at() const { return planes_at() + planes * sizeof(Plane); }
		std::size_t entries_at() const { return ops_at() + ops * sizeof(ColourOp); }
		std::size_t bytes() const { return entries_at() + entries * sizeof(std::uint32_t); }
	};

	static_assert(alignof(Plane) <= 8 && sizeof(Plane) % 8 == 0 && alignof(ColourOp) <= 8 &&
		      sizeof(ColourOp) % 8 == 0);

	static std::span<const compositor_colorop> ops_of(const compositor_plane &plane)
	{
		return {plane.colorop, plane.colorops};
	}

	static Parts parts_of(const compositor_scene &scene)
	{
		Parts parts{.planes = scene.planes, .ops = 2, .entries = 0};

		for (const compositor_plane &plane : std::span{scene.plane, scene.planes}) {
			parts.ops += plane.colorops;
			for (const compositor_colorop &op : ops_of(plane))
				parts.entries += entries_of(op);
		}
		if (scene.gamma)
			parts.entries += 3 * std::size_t{scene.gamma->entries};
		return parts;
	}

	static std::size_t entries_of(const compositor_colorop &op)
	{
		if (op.type == COMPOSITOR_LUT)
			return 3 * std::size_t{op.lut.entries};
		if (op.type == COMPOSITOR_LUT3D)
			return 3 * std::size_t{op.cube.size} * op.cube.size * op.cube.size;
		return 0;
	}

	/* The rest of the block, given away from its front. */
	struct Room {
		ColourOp *ops;
		std::uint32_t *entries;
	};

	Scene(const compositor_scene &from, const Parts &parts) noexcept
		: width_(from.width), height_(from.height),
		  background_(from.background | opaque_16)
	{
		auto *const block = reinterpret_cast<std::uint8_t *>(this);
		auto *const planes = reinterpret_cast<Plane *>(block + parts.planes_at());
		Room room{reinterpret_cast<ColourOp *>(block + parts.ops_at()),
			  reinterpret_cast<std::uint32_t *>(block + parts.entries_at())};
		std::size_t n = 0;

		for (std::size_t i = 0; i < from.planes; i++) {
			const compositor_plane &plane = from.plane[i];
			const Rectangle shown =
				detail::destination(plane, from.width, from.height);

			if (shown.x0 == shown.x1 || shown.y0 == shown.y1)
				continue;
			new (planes + n) Plane(plane, shown, ops_from(ops_of(plane), room));
			index_[n++] = i;
		}
		planes_ = {planes, n};

		std::array<compositor_colorop, 2> crtc{};
		std::size_t steps = 0;

		if (from.ctm) {
			crtc[steps].type = COMPOSITOR_MATRIX;
			crtc[steps++].matrix = *from.ctm;
		}
		if (from.gamma) {
			crtc[steps].type = COMPOSITOR_LUT;
			crtc[steps++].lut = *from.gamma;
		}
		crtc_ops_ = ops_from({crtc.data(), steps}, room);
		if (crtc_ops_.size() == 1 && crtc_ops_[0].type == COMPOSITOR_LUT)
			make_table_8(crtc_ops_[0].lut);
	}

	~Scene() = default;

	static std::span<const ColourOp> ops_from(std::span<const compositor_colorop> from,
						  Room &room)
	{
		ColourOp *const ops = room.ops;
		std::size_t n = 0;

		for (std::size_t i = 0; i < from.size(); i++) {
			const bool in_range = !n || ops[n - 1].clamps() || i == from.size() - 1;

			if (!changes_nothing(from[i], in_range))
				new (ops + n++) ColourOp(op_from(from[i], room));
		}
		room.ops += n;
		return {ops, n};
	}

	static bool changes_nothing(const compositor_colorop &op, bool in_range)
	{
		if (op.type == COMPOSITOR_MATRIX)
			return is_identity(matrix_from(op.matrix));
		return op.type == COMPOSITOR_LUT && in_range && is_identity(op.lut);
	}

	static ColourOp op_from(const compositor_colorop &op, Room &room)
	{
		switch (op.type) {
		case COMPOSITOR_LUT:
			return {.type = op.type, .lut = copy(op.lut, room)};
		case COMPOSITOR_LUT3D:
			return {.type = op.type, .cube = {op.cube.size,
							  copy(op.cube.table, entries_of(op), room)}};
		case COMPOSITOR_CURVE:
			return {.type = op.type, .curve = &curves[op.curve]};
		case COMPOSITOR_MATRIX:
			break;
		}
		return {.type = COMPOSITOR_MATRIX, .matrix = matrix_from(op.matrix)};
	}

	static const std::uint32_t *copy(const unsigned int *from, std::size_t entries,
					 Room &room)
	{
		std::uint32_t *const to = room.entries;

		room.entries = std::copy_n(from, entries, to);
		return to;
	}

	static Lut copy(const compositor_lut &from, Room &room)
	{
		return {from.entries, {copy(from.red, from.entries, room),
				       copy(from.green, from.entries, room),
				       copy(from.blue, from.entries, room)}};
	}

	void make_table_8(const Lut &lut)
	{
		has_table_8_ = true;
		for (std::size_t i = 0; i < 3; i++)
			for (std::uint32_t v = 0; v < 256; v++)
				table_8_[i][v] = narrow(channel_of_value(
					looked_up(lut, 2 - i, value_of_channel(257 * v))));
	}

	std::int32_t width_, height_;
	Pixel16 background_;
	std::span<const Plane> planes_;
	std::span<const ColourOp> crtc_ops_;
	std::array<std::uint8_t, COMPOSITOR_PLANES> index_;
	bool has_table_8_ = false;
	std::array<std::array<std::uint8_t, 256>, 3> table_8_;
};

} // namespace vskms
