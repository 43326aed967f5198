// SPDX-License-Identifier: GPL-2.0
/*
 * The compositor's boundary: scenes that no driver should make, and what becomes of those that are
 * taken.
 *
 * An input is operations; numbers of two digits are pairs:
 *
 *	a format w h		a plane: the format's index, a framebuffer of w x h, all of it shown
 *	b x y			where the last plane is shown, less 128
 *	c x y w h		which part of it
 *	d rotation blend alpha	its properties, alpha a pair
 *	e field number		one of its fields, a hostile number
 *	f			it is blanked
 *	g kind entries		it gets a colour operation
 *	h kind entries		the CRTC gets a matrix, or a LUT
 *	i w h			the size of the scene
 *	k field number		one of the scene's, a hostile number
 *	l format		its target: an index, or from the list's end on none that there is
 *	m seed			what the pictures are filled with
 *
 * A scene is refused or composed; then each pixel is the reference's, and no byte is touched that
 * is not the frame's, which AddressSanitizer sees to. A frame too large for that is not composed:
 * the random tests have wide ones.
 */

#include "compositor/compositor.h"
#include "compositor/format.hpp"
#include "compositor/reference.hpp"
#include "compositor/target.hpp"
#include "fuzz/input.hpp"
#include "test/rows.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace vskms;
using vskms::fuzz::Input;
using vskms::fuzz::op;
using vskms::fuzz::require;
using vskms::test::Rows;

constexpr std::uint64_t most_pixels = 1 << 14, most_bytes = 1 << 20;

struct Destroy {
	void operator()(compositor *c) const { compositor_destroy(c); }
};

/* What the composer must not read, where it is not told to. */
const void *const nowhere = reinterpret_cast<const void *>(8);

class Trial {
public:
	explicit Trial(Input input) : input_(input) {}

	void run()
	{
		while (input_.more())
			step();

		const compositor_scene scene = this->scene();
		compositor *made = nullptr;
		const int ret = compositor_create(&scene, &made);

		require(ret == 0 || ret == -22);
		require(!ret == !!made);
		if (ret)
			return;

		const std::unique_ptr<compositor, Destroy> owner(made);
		const std::uint64_t lines = compositor_scratch(made) - 4096;

		require(lines == 4ull * width_ || lines == 16 * 4ull * width_);
		if (std::uint64_t{width_} * height_ <= most_pixels)
			compose(scene, *made);
	}

private:
	void step()
	{
		switch (input_.nibble()) {
		case op('a'):
			return add_plane();
		case op('b'):
			last().dst_x = static_cast<int>(input_.pair()) - 128;
			last().dst_y = static_cast<int>(input_.pair()) - 128;
			return;
		case op('c'):
			last().src_x = input_.pair();
			last().src_y = input_.pair();
			last().src_w = input_.pair();
			last().src_h = input_.pair();
			return;
		case op('d'):
			last().rotation = 1 << (input_.nibble() & 3) | (input_.nibble() & 3) << 4;
			last().blend = static_cast<compositor_blend>(input_.nibble() & 3);
			last().alpha = 257 * input_.pair();
			return;
		case op('e'):
			return set_field(input_.nibble());
		case op('f'):
			blanked_.back() = true;
			return;
		case op('g'):
			return add_colorop(input_.nibble());
		case op('h'):
			return set_crtc(input_.nibble());
		case op('i'):
			width_ = input_.pair();
			height_ = input_.pair();
			return;
		case op('k'):
			return set_scene(input_.nibble());
		case op('l'):
			target_ = input_.nibble();
			return;
		case op('m'):
			noise_ = input_.nibble();
			return;
		}
	}

	compositor_plane &last() { return planes_.back(); }

	void add_plane()
	{
		compositor_plane plane{};
		const Format &format = formats[input_.pair() % formats.size()];

		if (planes_.size() > COMPOSITOR_PLANES)
			return;
		plane.format = format.code;
		plane.fb_width = plane.src_w = input_.pair();
		plane.fb_height = plane.src_h = input_.pair();
		for (std::size_t i = 0; i < format.planes; i++)
			if (const auto layout = plane_layout(format, i, plane.fb_width, plane.fb_height))
				plane.pitch[i] = layout->row_bytes;
		plane.rotation = 1;
		plane.alpha = 65535;
		planes_.push_back(plane);
		blanked_.push_back(false);
	}

	void set_field(unsigned field)
	{
		const auto number = input_.hostile();
		const auto value = static_cast<unsigned int>(number);
		compositor_plane &plane = last();

		switch (field) {
		case 0:
			plane.format = value;
			break;
		case 1:
			plane.fb_width = value;
			break;
		case 2:
			plane.fb_height = value;
			break;
		case 3:
		case 4:
		case 5:
			plane.pitch[field - 3] = value;
			break;
		case 6:
			plane.src_x = value;
			break;
		case 7:
			plane.src_y = value;
			break;
		case 8:
			plane.src_w = value;
			break;
		case 9:
			plane.src_h = value;
			break;
		case 10:
			plane.dst_x = static_cast<int>(value);
			break;
		case 11:
			plane.dst_y = static_cast<int>(value);
			break;
		case 12:
			plane.rotation = value;
			break;
		case 13:
			set_enum(plane.blend, value);
			set_enum(plane.encoding, value >> 2);
			break;
		case 14:
			set_enum(plane.range, value);
			break;
		case 15:
			plane.colorops = value;
			break;
		}
	}

	/* As C may. */
	template <typename Enum>
	static void set_enum(Enum &e, unsigned int value)
	{
		static_assert(sizeof e == sizeof value);
		__builtin_memcpy(&e, &value, sizeof value);
	}

	void add_colorop(unsigned kind)
	{
		compositor_plane &plane = last();

		if (plane.colorops < COMPOSITOR_COLOROPS)
			plane.colorop[plane.colorops++] = colorop(kind);
	}

	compositor_colorop colorop(unsigned kind)
	{
		compositor_colorop op{};

		set_enum(op.type, kind);
		switch (kind) {
		case COMPOSITOR_LUT:
			op.lut = lut();
			break;
		case COMPOSITOR_MATRIX:
			op.matrix = matrix();
			break;
		case COMPOSITOR_CURVE:
			set_enum(op.curve, input_.nibble());
			break;
		case COMPOSITOR_LUT3D:
			op.cube.size = input_.nibble();
			op.cube.table = table(3 * op.cube.size * op.cube.size * op.cube.size);
			break;
		}
		return op;
	}

	compositor_lut lut()
	{
		const unsigned int entries = input_.pair();

		return {entries, table(entries), table(entries), table(entries)};
	}

	compositor_matrix matrix()
	{
		compositor_matrix m{};

		for (long long &factor : m.m)
			factor = static_cast<long long>(input_.hostile());
		return m;
	}

	/* Of exactly so many, for AddressSanitizer; none is a null pointer. */
	const unsigned int *table(std::size_t entries)
	{
		if (!entries)
			return nullptr;

		auto &made = tables_.emplace_back(std::make_unique<unsigned int[]>(entries));

		for (std::size_t i = 0; i < entries; i++)
			made[i] = static_cast<unsigned int>(noise());
		return made.get();
	}

	void set_crtc(unsigned kind)
	{
		if (kind & 1)
			gamma_ = lut();
		else
			ctm_ = matrix();
	}

	void set_scene(unsigned field)
	{
		const auto number = input_.hostile();

		if (field == 0)
			width_ = static_cast<unsigned int>(number);
		else if (field == 1)
			height_ = static_cast<unsigned int>(number);
		else
			background_ = number;
	}

	compositor_scene scene() const
	{
		return {width_, height_, background_, static_cast<unsigned int>(planes_.size() - 1),
			planes_.data() + 1, ctm_ ? &*ctm_ : nullptr, gamma_ ? &*gamma_ : nullptr};
	}

	std::uint64_t noise()
	{
		noise_ = noise_ * 6364136223846793005u + 1442695040888963407u;
		return noise_ >> 32;
	}

	/* Its framebuffer, where it is small enough; else it is blanked. */
	compositor_memory memory_of(const compositor_plane &plane, bool blanked)
	{
		compositor_memory memory{};
		const Format &format = *find_format(plane.format);

		for (std::size_t i = 0; i < format.planes; i++) {
			const PlaneLayout layout =
				*plane_layout(format, i, plane.fb_width, plane.fb_height);

			if (blanked || std::uint64_t{plane.pitch[i]} * layout.rows > most_bytes)
				return {{nullptr, nowhere, nowhere}};

			const Rows &rows = rows_.emplace_back(layout.rows, layout.row_bytes,
							      plane.pitch[i], noise() & 7);

			for (std::uint32_t y = 0; y < layout.rows; y++)
				for (std::uint32_t x = 0; x < layout.row_bytes; x++)
					rows.data()[std::size_t{plane.pitch[i]} * y + x] = shade();
			memory.data[i] = rows.data();
		}
		return memory;
	}

	/* Clear and solid are frequent. */
	std::uint8_t shade()
	{
		const std::uint64_t v = noise();

		return v & 0x300 ? (v & 0x400 ? 255 : 0) : v;
	}

	struct Check {
		Trial &run;
		const compositor_scene &scene;
		const std::vector<compositor_memory> &memory;
		std::uint32_t lines = 0;
	};

	static void check_line(void *context, const void *line, unsigned int bytes)
	{
		Check &check = *static_cast<Check *>(context);
		const auto *const row = static_cast<const std::uint8_t *>(line);

		require(bytes == 4 * check.scene.width);
		for (std::uint32_t x = 0; x < check.scene.width; x++) {
			const auto c = reference::compose(check.scene, check.memory.data(),
							  {x, check.lines});

			require(load<std::uint32_t>(row + 4 * x) == reference::line_pixel(c));
		}
		check.lines++;
	}

	void compose(const compositor_scene &scene, const compositor &made)
	{
		std::vector<compositor_memory> memory;
		const auto scratch = std::make_unique<std::uint8_t[]>(compositor_scratch(&made));
		const TargetFormat *const format =
			target_ < targets.size() ? &targets[target_] : nullptr;
		const std::uint32_t bytes = format ? format->bytes : 4;
		const Rows image(height_, bytes * width_, bytes * width_ + (noise() & 7), noise() & 7);
		const compositor_target target{image.data(), image.pitch(), format ? format->code : 0};

		for (std::size_t i = 0; i < scene.planes; i++)
			memory.push_back(memory_of(scene.plane[i], blanked_[i + 1]));

		Check check{*this, scene, memory};

		// With lines, and again without, when it may be composed in the target.
		compositor_run(&made, memory.data(), scratch.get(), &target, check_line, &check);
		require(check.lines == height_);
		check_target(scene, memory, target, bytes);
		compositor_run(&made, memory.data(), scratch.get(), &target, nullptr, nullptr);
		check_target(scene, memory, target, bytes);
	}

	static void check_target(const compositor_scene &scene,
				 const std::vector<compositor_memory> &memory,
				 const compositor_target &target, std::uint32_t bytes)
	{
		for (std::uint32_t y = 0; find_target(target.format) && y < scene.height; y++) {
			for (std::uint32_t x = 0; x < scene.width; x++) {
				const auto c = reference::compose(scene, memory.data(), {x, y});
				std::uint64_t got = 0;

				__builtin_memcpy(&got,
						 static_cast<const std::uint8_t *>(target.data) +
						 std::size_t{target.pitch} * y + bytes * x, bytes);
				require(got == reference::stored(target.format, c));
			}
		}
	}

	Input input_;
	std::uint32_t width_ = 16, height_ = 4;
	std::uint64_t background_ = 0;
	std::uint64_t noise_ = 0;
	unsigned target_ = 0;
	// The first is none of the scene's, but what is set where there is none yet.
	std::vector<compositor_plane> planes_{{}};
	std::vector<bool> blanked_{false};
	std::optional<compositor_matrix> ctm_;
	std::optional<compositor_lut> gamma_;
	std::list<std::unique_ptr<unsigned int[]>> tables_;
	std::deque<Rows> rows_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	Trial(Input(data, size)).run();
	return 0;
}
