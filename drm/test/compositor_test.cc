// SPDX-License-Identifier: GPL-2.0
/* What compositor.h promises, one by one; that pixels are right is compositor_random_test.cc's. */

#include "picture.hpp"

#include <gtest/gtest.h>

#include <libdrm/drm_fourcc.h>
#include <libdrm/drm_mode.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <new>
#include <set>
#include <vector>

namespace {

bool no_memory = false;

} // namespace

void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
	return no_memory ? nullptr : ::operator new(size);
}

namespace {

using namespace vskms;
using namespace vskms::test;

constexpr std::uint64_t red = 0xffffffff00000000;	// as a background

/* A picture of one colour. */
Picture solid(std::uint32_t format, std::uint32_t w, std::uint32_t h, std::uint32_t colour)
{
	Picture picture(format, w, h);

	for (std::uint32_t y = 0; y < h; y++)
		for (std::uint32_t x = 0; x < w; x++)
			picture.set(x, y, colour);
	return picture;
}

/* One that may not be touched at all, though it has an address. */
class Forbidden {
public:
	explicit Forbidden(Picture &&from) : picture(std::move(from))
	{
		for (std::size_t i = 0; i < picture.format.planes; i++)
			poison(i, true);
	}

	~Forbidden()
	{
		for (std::size_t i = 0; i < picture.format.planes; i++)
			poison(i, false);
	}

	Picture picture;

private:
	void poison(std::size_t i, bool on)
	{
		const PlaneLayout layout = *plane_layout(picture.format, i, picture.width,
							 picture.height);
		const std::size_t size = std::size_t{picture.pitch[i]} * layout.rows;

		if (on)
			ASAN_POISON_MEMORY_REGION(picture.memory.data[i], size);
		else
			ASAN_UNPOISON_MEMORY_REGION(picture.memory.data[i], size);
	}
};

TEST(Compositor, background_shows_where_nothing_is)
{
	const Lines lines = run(Stage(3, 2, red));

	EXPECT_EQ(lines.rows, (std::vector<std::vector<std::uint32_t>>(2, {0xff0000, 0xff0000,
									    0xff0000})));
}

TEST(Compositor, opaque_pixels_of_8_bits_come_out_as_they_are)
{
	Picture picture(DRM_FORMAT_XRGB8888, 256, 3);
	Stage stage(256, 3);
	Target target(DRM_FORMAT_XRGB8888, 256, 3);

	for (std::uint32_t x = 0; x < 256; x++)
		for (std::uint32_t y = 0; y < 3; y++)
			picture.set(x, y, 0x55000000u | x << 8 * y);
	stage.add(picture);

	const Lines lines = run(stage, &target);

	for (std::uint32_t x = 0; x < 256; x++) {
		for (std::uint32_t y = 0; y < 3; y++) {
			EXPECT_EQ(lines.rows[y][x], x << 8 * y);
			EXPECT_EQ(target.pixel(x, y), 0xff000000u | x << 8 * y);
		}
	}
}

TEST(Compositor, blanked_plane_is_opaque_black_whatever_its_alphas)
{
	for (const auto blend : {COMPOSITOR_BLEND_PREMULTIPLIED, COMPOSITOR_BLEND_COVERAGE,
				 COMPOSITOR_BLEND_NONE}) {
		const Picture picture = solid(DRM_FORMAT_ARGB8888, 2, 1, 0);
		Stage stage(4, 1, red);
		compositor_plane &plane = stage.add(picture, 1, 0);

		plane.alpha = 0;
		plane.blend = blend;
		stage.memory[0] = {};
		EXPECT_EQ(run(stage).rows[0],
			  (std::vector<std::uint32_t>{0xff0000, 0, 0, 0xff0000}));
	}
}

TEST(Compositor, blanked_plane_ignores_its_colours_but_not_the_crtc)
{
	constexpr long long one = 1ll << 32;
	const compositor_matrix white{{0, 0, 0, one, 0, 0, 0, one, 0, 0, 0, one}};
	const unsigned int table[] = {0x80808080, ~0u};
	const compositor_lut raise{2, table, table, table};
	const Picture picture = solid(DRM_FORMAT_XRGB8888, 1, 1, 0xffffff);
	Stage stage(1, 1);
	compositor_plane &plane = stage.add(picture);

	plane.colorops = 1;
	plane.colorop[0].type = COMPOSITOR_MATRIX;
	plane.colorop[0].matrix = white;
	stage.memory[0] = {};
	EXPECT_EQ(run(stage).rows[0][0], 0u);
	stage.gamma = &raise;
	EXPECT_EQ(run(stage).rows[0][0], 0x808080u);
}

TEST(Compositor, blanked_plane_hides_what_is_below_and_shows_what_is_above)
{
	const Forbidden below(solid(DRM_FORMAT_XRGB8888, 8, 8, 0xffffff));
	const Picture picture = solid(DRM_FORMAT_ARGB8888, 8, 8, 0);
	const Picture above = solid(DRM_FORMAT_ARGB8888, 1, 1, 0x80402010);
	Stage stage(8, 8);

	stage.add(below.picture);
	stage.add(picture);
	stage.memory[1] = {};
	stage.add(above, 3, 3);

	const Lines lines = run(stage);

	EXPECT_EQ(lines.rows[3][3], 0x402010u);
	EXPECT_EQ(lines.rows[3][4], 0u);
}

TEST(Compositor, hidden_plane_is_not_read)
{
	const Forbidden hidden(solid(DRM_FORMAT_ARGB8888, 8, 8, 0));
	const Picture above = solid(DRM_FORMAT_XRGB8888, 5, 8, 0x123456);
	const Picture right = solid(DRM_FORMAT_XRGB8888, 5, 8, 0x654321);
	Stage stage(8, 8);

	// Two together hide it, and one of them is rotated.
	stage.add(hidden.picture);
	stage.add(above);
	stage.add(right, 3, 0);

	const Lines lines = run(stage);

	EXPECT_EQ(lines.rows[7], (std::vector<std::uint32_t>{0x123456, 0x123456, 0x123456, 0x654321,
							     0x654321, 0x654321, 0x654321,
							     0x654321}));
}

TEST(Compositor, clear_plane_is_not_read)
{
	const Forbidden clear(solid(DRM_FORMAT_XRGB8888, 4, 4, 0));
	Stage stage(4, 4, red);

	stage.add(clear.picture).alpha = 0;
	EXPECT_EQ(run(stage).rows[0][0], 0xff0000u);
}

TEST(Compositor, plane_outside_is_not_read)
{
	const Forbidden outside(solid(DRM_FORMAT_XRGB8888, 4, 4, 0));
	Stage stage(4, 4, red);

	stage.add(outside.picture, 4, 0);
	stage.add(outside.picture, -4, 0);
	stage.add(outside.picture, 0, 4);
	stage.add(outside.picture, 0, -4);
	stage.add(outside.picture, INT32_MIN, INT32_MIN);
	stage.add(outside.picture, INT32_MAX, INT32_MAX);
	for (const std::vector<std::uint32_t> &row : run(stage).rows)
		EXPECT_EQ(row, (std::vector<std::uint32_t>(4, 0xff0000)));
}

TEST(Compositor, memory_belongs_to_the_plane_whatever_was_dropped)
{
	const Forbidden outside(solid(DRM_FORMAT_XRGB8888, 4, 4, 0));
	const Picture picture = solid(DRM_FORMAT_XRGB8888, 4, 4, 0xabcdef);
	Stage stage(4, 4);

	stage.add(outside.picture, 4, 4);
	stage.add(picture);
	EXPECT_EQ(run(stage).rows[3][3], 0xabcdefu);
}

TEST(Compositor, every_format_is_read_to_its_last_byte_and_no_further)
{
	// Rows are poisoned beyond their samples; odd sizes have a last chroma sample.
	for (const Format &format : formats) {
		for (const std::uint32_t rotation : {1, 2, 4, 8}) {
			for (const std::uint32_t w : {1, 2, 7, 8, 9, 31}) {
				Picture picture(format.code, w, 5, 16);
				Stage stage(rotation & 10 ? 5 : w, rotation & 10 ? w : 5);

				picture.fill(0xff);
				stage.add(picture).rotation = rotation;
				ASSERT_EQ(run(stage).rows.size(), stage.height);
			}
		}
	}
}

TEST(Compositor, scene_and_tables_are_copied)
{
	unsigned int table[] = {0, 0x40404040, ~0u};
	const Picture picture = solid(DRM_FORMAT_XRGB8888, 2, 2, 0x808080);
	Stage stage(2, 2);
	compositor_lut lut{3, table, table, table};
	compositor_plane &plane = stage.add(picture);

	plane.colorops = 1;
	plane.colorop[0].type = COMPOSITOR_LUT;
	plane.colorop[0].lut = lut;
	stage.gamma = &lut;

	const Compositor made = create(stage.scene());
	const std::vector<compositor_memory> memory = stage.memory;
	const auto lines = [&] {
		std::vector<std::uint8_t> scratch(compositor_scratch(made.get()));
		Lines out;

		compositor_run(made.get(), memory.data(), scratch.data(), nullptr, Lines::add,
			       &out);
		return out.rows;
	};
	const auto before = lines();

	stage.planes.clear();
	lut = {};
	std::fill_n(table, 3, 0x77777777);
	EXPECT_EQ(lines(), before);
	EXPECT_EQ(lines(), before);	// and running it changes nothing
}

TEST(Compositor, values_above_white_last_until_the_next_clamp)
{
	// PQ 125 EOTF makes 58 times white of 0xe6; its inverse takes that back, a LUT does not.
	const unsigned int table[] = {0, ~0u};
	const Picture picture = solid(DRM_FORMAT_XRGB8888, 1, 1, 0xe60c01);
	Stage stage(1, 1);
	compositor_plane &plane = stage.add(picture);

	plane.colorops = 2;
	plane.colorop[0].type = plane.colorop[1].type = COMPOSITOR_CURVE;
	plane.colorop[0].curve = COMPOSITOR_PQ_125_EOTF;
	plane.colorop[1].curve = COMPOSITOR_PQ_125_INV_EOTF;
	EXPECT_EQ(run(stage).rows[0][0], 0xe60c01u);

	plane.colorops = 3;
	plane.colorop[2] = plane.colorop[1];
	plane.colorop[1].type = COMPOSITOR_LUT;
	plane.colorop[1].lut = {2, table, table, table};
	EXPECT_EQ(run(stage).rows[0][0], 0x7c0c01u);	// 80 cd/m2 is 0x7c
}

TEST(Compositor, cube_of_one_channel_passes_only_that)
{
	unsigned int table[3 * 8] = {};
	const Picture picture = solid(DRM_FORMAT_XRGB8888, 1, 1, 0x336699);
	Stage stage(1, 1);
	compositor_plane &plane = stage.add(picture);

	for (const int corner : {2, 3, 6, 7})	// where green is 1
		table[3 * corner + 1] = ~0u;
	plane.colorops = 1;
	plane.colorop[0].type = COMPOSITOR_LUT3D;
	plane.colorop[0].cube = {2, table};
	EXPECT_EQ(run(stage).rows[0][0], 0x006600u);
}

TEST(Compositor, table_that_is_linear_but_short_is_applied)
{
	const unsigned int table[] = {0, 0x01010101, 0x02020202};
	const compositor_lut dim{3, table, table, table};
	Stage stage(1, 1, red);

	stage.gamma = &dim;
	EXPECT_EQ(run(stage).rows[0][0], 0x020000u);
}

TEST(Compositor, lines_and_target_are_both_optional)
{
	const Picture picture = solid(DRM_FORMAT_XRGB8888, 3, 3, 0x112233);
	Stage stage(3, 3);
	Target target(DRM_FORMAT_XRGB8888, 3, 3, 5, 3);

	stage.add(picture);
	EXPECT_TRUE(run(stage, &target, false).rows.empty());
	EXPECT_EQ(target.pixel(2, 2), 0xff112233u);
	EXPECT_TRUE(run(stage, nullptr, false).rows.empty());
}

TEST(Compositor, nothing_is_read_if_nobody_looks)
{
	const Forbidden unseen(solid(DRM_FORMAT_XRGB8888, 3, 3, 0));
	Stage stage(3, 3);

	stage.add(unseen.picture);
	EXPECT_TRUE(run(stage, nullptr, false).rows.empty());
}

TEST(Compositor, target_of_no_known_format_is_ignored)
{
	Stage stage(2, 2, red);
	const Compositor made = create(stage.scene());
	std::vector<std::uint8_t> scratch(compositor_scratch(made.get()));
	const compositor_target target{nullptr, 0, DRM_FORMAT_NV12};
	Lines lines;

	compositor_run(made.get(), nullptr, scratch.data(), &target, Lines::add, &lines);
	EXPECT_EQ(lines.rows[1][1], 0xff0000u);
}

TEST(Compositor, largest_scene_needs_little_scratch)
{
	const Picture picture(DRM_FORMAT_XRGB8888, 1, 1);
	Stage stage(COMPOSITOR_MAX_SIZE, COMPOSITOR_MAX_SIZE);

	stage.add(picture);
	EXPECT_EQ(compositor_scratch(create(stage.scene()).get()), 4096u + 4 * 8192);
	stage.planes[0].rotation = DRM_MODE_ROTATE_270;
	EXPECT_EQ(compositor_scratch(create(stage.scene()).get()), 4096u + 16 * 4 * 8192);
}

TEST(Compositor, no_compositor_may_be_destroyed)
{
	compositor_destroy(nullptr);
}

TEST(Compositor, no_memory_refused)
{
	compositor *made = nullptr;
	const Stage stage(1, 1);

	no_memory = true;
	EXPECT_EQ(compositor_create(std::initializer_list{stage.scene()}.begin(), &made), -ENOMEM);
	no_memory = false;
	EXPECT_EQ(made, nullptr);
}

TEST(Compositor, lists_each_target_once_and_no_more_than_fit)
{
	const unsigned int n = compositor_targets(nullptr, 0);

	ASSERT_EQ(n, 9u);

	std::vector<unsigned int> codes(n + 1, 0xdeadbeef);

	EXPECT_EQ(compositor_targets(codes.data(), 3), n);
	EXPECT_EQ(codes[3], 0xdeadbeef);
	EXPECT_EQ(compositor_targets(codes.data(), n + 1), n);
	EXPECT_EQ(codes[n], 0xdeadbeef);
	EXPECT_EQ(std::set(codes.begin(), codes.begin() + n).size(), n);
	EXPECT_TRUE(std::ranges::contains(codes, DRM_FORMAT_RGB565));
}

/* The result of creating a good scene after @spoil, which has one plane of NV12. */
int created(std::function<void(compositor_scene &, compositor_plane &)> spoil)
{
	const Picture picture(DRM_FORMAT_NV12, 7, 5);
	compositor_plane plane = picture.plane();
	compositor_scene scene{8, 8, 0, 1, &plane, nullptr, nullptr};
	compositor *made = nullptr;

	spoil(scene, plane);

	const int result = compositor_create(&scene, &made);

	EXPECT_EQ(result == 0, made != nullptr);
	compositor_destroy(made);
	return result;
}

/* @spoil the plane. */
int created_with(std::function<void(compositor_plane &)> spoil)
{
	return created([&](compositor_scene &, compositor_plane &plane) { spoil(plane); });
}

template <typename Enum>
void set_enum(Enum &e, unsigned int value)
{
	__builtin_memcpy(&e, &value, sizeof value);
}

TEST(CompositorCreate, good_scene_is_taken)
{
	EXPECT_EQ(created_with([](compositor_plane &) {}), 0);
}

TEST(CompositorCreate, impossible_scene_refused)
{
	const auto size = [](unsigned int w, unsigned int h) {
		return created([=](compositor_scene &scene, compositor_plane &) {
			scene.width = w;
			scene.height = h;
		});
	};

	EXPECT_EQ(size(8192, 1), 0);
	EXPECT_EQ(size(0, 1), -EINVAL);
	EXPECT_EQ(size(1, 0), -EINVAL);
	EXPECT_EQ(size(8193, 1), -EINVAL);
	EXPECT_EQ(size(1, 8193), -EINVAL);
	EXPECT_EQ(size(~0u, ~0u), -EINVAL);
	EXPECT_EQ(created([](compositor_scene &scene, compositor_plane &) {
		scene.plane = nullptr;
	}), -EINVAL);
	EXPECT_EQ(created([](compositor_scene &scene, compositor_plane &) {
		scene.planes = 0;
		scene.plane = nullptr;
	}), 0);
}

TEST(CompositorCreate, too_many_planes_refused)
{
	const Picture picture(DRM_FORMAT_R8, 1, 1);
	std::vector<compositor_plane> planes(COMPOSITOR_PLANES + 1, picture.plane());
	compositor_scene scene{8, 8, 0, COMPOSITOR_PLANES + 1, planes.data(), nullptr, nullptr};
	compositor *made = nullptr;

	EXPECT_EQ(compositor_create(&scene, &made), -EINVAL);
	scene.planes--;
	EXPECT_EQ(compositor_create(&scene, &made), 0);
	compositor_destroy(made);
}

TEST(CompositorCreate, bad_framebuffer_refused)
{
	EXPECT_EQ(created_with([](compositor_plane &p) { p.format = DRM_FORMAT_C8; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.format = 0; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.fb_width = 0; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.fb_height = 65537; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.pitch[0] = 6; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.pitch[1] = 7; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.pitch[1] = 8; }), 0);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.pitch[0] = ~0u; }), 0);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.pitch[2] = 0; }), 0);	// has none
}

TEST(CompositorCreate, part_outside_the_framebuffer_refused)
{
	EXPECT_EQ(created_with([](compositor_plane &p) { p.src_w = 0; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.src_h = 0; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.src_w = 8; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.src_h = 6; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.src_x = 1; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.src_y = 1; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.src_x = ~0u, p.src_w = 2; }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { p.src_x = 6, p.src_w = 1; }), 0);
}

TEST(CompositorCreate, bad_rotation_refused)
{
	for (const unsigned int rotation : {0u, 3u, 5u, 15u, 16u, 48u, 65u, ~0u})
		EXPECT_EQ(created_with([=](compositor_plane &p) { p.rotation = rotation; }),
			  -EINVAL) << rotation;
	for (const unsigned int rotation : {1u, 2u, 4u, 8u, 1u | 48u, 8u | 32u})
		EXPECT_EQ(created_with([=](compositor_plane &p) { p.rotation = rotation; }), 0);
}

TEST(CompositorCreate, value_of_no_enum_refused)
{
	EXPECT_EQ(created_with([](compositor_plane &p) { set_enum(p.blend, 3); }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { set_enum(p.encoding, 3); }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { set_enum(p.range, 2); }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) { set_enum(p.blend, ~0u); }), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) {
		p.colorops = 1;
		set_enum(p.colorop[0].type, 4);
	}), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) {
		p.colorops = 1;
		p.colorop[0].type = COMPOSITOR_CURVE;
		set_enum(p.colorop[0].curve, COMPOSITOR_CURVES);
	}), -EINVAL);
	EXPECT_EQ(created_with([](compositor_plane &p) {
		p.colorops = COMPOSITOR_COLOROPS + 1;
	}), -EINVAL);
}

TEST(CompositorCreate, bad_lut_refused)
{
	const std::vector<unsigned int> table(65537);
	const unsigned int *const t = table.data();
	const auto with = [](const compositor_lut &lut) {
		const int as_gamma = created([&](compositor_scene &scene, compositor_plane &) {
			scene.gamma = &lut;
		});
		const int as_colorop = created_with([&](compositor_plane &p) {
			p.colorops = 1;
			p.colorop[0].type = COMPOSITOR_LUT;
			p.colorop[0].lut = lut;
		});

		EXPECT_EQ(as_gamma, as_colorop);
		return as_gamma;
	};

	EXPECT_EQ(with({2, t, t, t}), 0);
	EXPECT_EQ(with({65536, t, t, t}), 0);
	EXPECT_EQ(with({0, t, t, t}), -EINVAL);
	EXPECT_EQ(with({1, t, t, t}), -EINVAL);
	EXPECT_EQ(with({65537, t, t, t}), -EINVAL);
	EXPECT_EQ(with({2, nullptr, t, t}), -EINVAL);
	EXPECT_EQ(with({2, t, nullptr, t}), -EINVAL);
	EXPECT_EQ(with({2, t, t, nullptr}), -EINVAL);
}

TEST(CompositorCreate, bad_cube_refused)
{
	const std::vector<unsigned int> table(3 * 34 * 34 * 34);
	const auto with = [](const compositor_lut3d &cube) {
		return created_with([&](compositor_plane &p) {
			p.colorops = 1;
			p.colorop[0].type = COMPOSITOR_LUT3D;
			p.colorop[0].cube = cube;
		});
	};

	EXPECT_EQ(with({2, table.data()}), 0);
	EXPECT_EQ(with({33, table.data()}), 0);
	EXPECT_EQ(with({0, table.data()}), -EINVAL);
	EXPECT_EQ(with({1, table.data()}), -EINVAL);
	EXPECT_EQ(with({34, table.data()}), -EINVAL);
	EXPECT_EQ(with({2, nullptr}), -EINVAL);
}

} // namespace
