// SPDX-License-Identifier: GPL-2.0
/* The compositor against the reference, bit for bit, on random scenes. */

#include "picture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <list>
#include <ostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace vskms;
using namespace vskms::test;

/* A scene, its pixels and its tables. */
class Scenery {
public:
	/* Any scene. */
	Scenery(Random &random, int planes, int most_width, int most_height = 14)
		: random_(random), stage(pick(random, 1, most_width), pick(random, 1, most_height))
	{
		// Backgrounds of 8 bits are composed in another way than others.
		const std::uint64_t any = std::uint64_t{random()} << 32 | random();

		stage.background = chance(random, 50) ? (any & 0x00ff00ff00ff00ff) * 257 : any;
		for (int i = 0; i < planes; i++)
			add_plane();
		if (chance(random, 20))
			stage.ctm = &matrices_.emplace_back(matrix());
		if (chance(random, 30))
			stage.gamma = &luts_.emplace_back(lut());
	}

	/* A plane that covers all, and one of ARGB above it, long enough to have stretches. */
	explicit Scenery(Random &random)
		: random_(random), stage(pick(random, 300, 800), pick(random, 1, 3))
	{
		constexpr std::uint32_t codes[] = {fourcc("AR24"), fourcc("AB24"), fourcc("RA24"),
						   fourcc("BA24")};
		const std::uint32_t below = formats[pick(random, 0, formats.size() - 1)].code;
		const int x = pick(random, 0, 20);

		for (const std::uint32_t code : {below, codes[pick(random, 0, 3)]}) {
			const int width = stage.width, height = stage.height;
			const bool sideways = chance(random, 20);
			Picture &picture = pictures_.emplace_back(code, sideways ? height : width,
								  sideways ? width : height);
			compositor_plane &plane = stage.add(picture, code == below ? 0 : x);

			picture.fill(random);
			plane.rotation = (sideways ? 2 : 1) << pick(random, 0, 1) * 2 |
					 pick(random, 0, 3) << 4;
			plane.blend = code == below ? COMPOSITOR_BLEND_NONE :
				      static_cast<compositor_blend>(pick(random, 0, 1));
		}
	}

	std::string description() const;

	Random &random_;
	Stage stage;

private:
	void add_plane();

	compositor_matrix matrix()
	{
		compositor_matrix m{};

		if (chance(random_, 20)) {
			m.m[0] = m.m[5] = m.m[10] = 1ll << 32;
			return m;
		}
		for (long long &factor : m.m) {
			const int kind = pick(random_, 0, 9);
			const auto bits = static_cast<long long>(
				std::uint64_t{random_()} << 32 | random_());

			factor = kind == 0 ? bits : kind < 5 ? bits >> 30 : 0;
		}
		for (int i = 0; i < 3; i++)
			m.m[5 * i] += chance(random_, 80) ? 1ll << 32 : 0;
		return m;
	}

	compositor_lut lut()
	{
		const int kind = pick(random_, 0, 3);
		const int entries = kind < 2 ? 256 : kind == 2 ? pick(random_, 2, 5) :
						     pick(random_, 6, 1100);
		std::vector<unsigned int> &table = tables_.emplace_back(3 * entries);

		for (int i = 0; i < 3 * entries; i++)
			table[i] = kind == 0 ? i % entries * 0x01010101u : random_();
		return {static_cast<unsigned int>(entries), table.data(), table.data() + entries,
			table.data() + 2 * entries};
	}

	compositor_lut3d cube()
	{
		const int size = pick(random_, 2, chance(random_, 80) ? 5 : 17);
		std::vector<unsigned int> &table = tables_.emplace_back(3 * size * size * size);

		for (unsigned int &entry : table)
			entry = random_();
		return {static_cast<unsigned int>(size), table.data()};
	}

	compositor_colorop colorop()
	{
		compositor_colorop op{};

		op.type = static_cast<compositor_colorop_type>(pick(random_, 0, 3));
		switch (op.type) {
		case COMPOSITOR_LUT:
			op.lut = lut();
			break;
		case COMPOSITOR_MATRIX:
			op.matrix = matrix();
			break;
		case COMPOSITOR_CURVE:
			op.curve = static_cast<compositor_curve>(pick(random_, 0, COMPOSITOR_CURVES - 1));
			break;
		case COMPOSITOR_LUT3D:
			op.cube = cube();
			break;
		}
		return op;
	}

	std::list<Picture> pictures_;
	std::list<compositor_matrix> matrices_;
	std::list<compositor_lut> luts_;
	std::list<std::vector<unsigned int>> tables_;
};

void Scenery::add_plane()
{
	// Half of the planes of formats that can be blended.
	constexpr const char *blended[] = {"AR24", "AB24", "RA24", "BA24", "AR48", "AB48"};
	std::uint32_t code = formats[pick(random_, 0, formats.size() - 1)].code;

	if (chance(random_, 50)) {
		const char *name = blended[pick(random_, 0, 5)];

		code = name[0] | name[1] << 8 | name[2] << 16 | name[3] << 24;
	}

	const int width = stage.width, height = stage.height;
	const int fb_width = pick(random_, 1, std::max(width, height) + 8);
	const int fb_height = pick(random_, 1, std::max(height, 4) + 8);
	Picture &picture = pictures_.emplace_back(code, fb_width, fb_height,
						  chance(random_, 50) ? pick(random_, 0, 40) : 0,
						  chance(random_, 30) ? pick(random_, 0, 7) : 0);
	compositor_plane &plane = stage.add(picture);

	picture.fill(random_);
	if (chance(random_, 60)) {
		plane.src_x = pick(random_, 0, fb_width - 1);
		plane.src_y = pick(random_, 0, fb_height - 1);
		plane.src_w = pick(random_, 1, fb_width - plane.src_x);
		plane.src_h = pick(random_, 1, fb_height - plane.src_y);
	}
	if (chance(random_, 50))
		plane.rotation = 1 << pick(random_, 0, 3) | pick(random_, 0, 3) << 4;

	const int w = plane.rotation & 10 ? plane.src_h : plane.src_w;
	const int h = plane.rotation & 10 ? plane.src_w : plane.src_h;

	plane.dst_x = chance(random_, 30) ? 0 : pick(random_, -w, width);
	plane.dst_y = chance(random_, 30) ? 0 : pick(random_, -h, height);
	if (chance(random_, 40))
		plane.alpha = chance(random_, 30) ? pick(random_, 0, 1) * 0x8080 : random_();
	plane.blend = static_cast<compositor_blend>(pick(random_, 0, 2));
	plane.encoding = static_cast<compositor_encoding>(pick(random_, 0, 2));
	plane.range = static_cast<compositor_range>(pick(random_, 0, 1));
	if (chance(random_, 20)) {
		plane.colorops = pick(random_, 1, chance(random_, 20) ? COMPOSITOR_COLOROPS : 3);
		for (std::size_t i = 0; i < plane.colorops; i++)
			plane.colorop[i] = colorop();
	}
	if (chance(random_, 5))
		stage.memory.back() = {};
}

std::string Scenery::description() const
{
	std::ostringstream out;

	out << stage.width << "x" << stage.height << std::hex << " background " << stage.background
	    << std::dec << (stage.ctm ? " ctm" : "") << (stage.gamma ? " gamma" : "") << "\n";
	for (std::size_t i = 0; i < stage.planes.size(); i++) {
		const compositor_plane &p = stage.planes[i];

		out << "  ";
		for (int at = 0; at < 32; at += 8)
			out << static_cast<char>(p.format >> at);
		out << " " << p.fb_width << "x" << p.fb_height << " src " << p.src_w << "x"
		    << p.src_h << "+" << p.src_x << "+" << p.src_y << " dst " << p.dst_x << ","
		    << p.dst_y
		    << " rotation " << p.rotation << " alpha " << p.alpha << " blend " << p.blend
		    << " encoding " << p.encoding << " range " << p.range << " colorops "
		    << p.colorops << (stage.memory[i].data[0] ? "" : " blanked") << "\n";
	}
	return out.str();
}

/* Compose it and compare; false after a failure, which is described. */
bool agrees(const Scenery &scenery, std::uint32_t target_format, std::uint32_t slack,
	    std::uint32_t lead, bool want_lines)
{
	const Stage &stage = scenery.stage;
	const compositor_scene scene = stage.scene();
	const Target target(target_format ? target_format : fourcc("XR24"), stage.width,
			    stage.height, slack, lead);
	const Lines lines = run(stage, target_format ? &target : nullptr, want_lines);

	if (lines.rows.size() != (want_lines ? stage.height : 0)) {
		ADD_FAILURE() << lines.rows.size() << " lines\n" << scenery.description();
		return false;
	}
	for (std::uint32_t y = 0; y < stage.height; y++) {
		for (std::uint32_t x = 0; x < stage.width; x++) {
			const reference::Channels c =
				reference::compose(scene, stage.memory.data(), {x, y});
			const std::uint64_t line = reference::line_pixel(c);
			const std::uint64_t got_line = want_lines ? lines.rows[y][x] : line;
			const std::uint64_t stored =
				target_format ? *reference::stored(target_format, c) : 0;
			const std::uint64_t got = target_format ? target.pixel(x, y) : 0;

			if (line == got_line && stored == got)
				continue;
			ADD_FAILURE() << std::hex << "at " << x << "," << y << " line " << got_line
				      << " not " << line << ", target " << target_format << " "
				      << got << " not " << stored << "\n" << scenery.description();
			return false;
		}
	}
	return true;
}

/* COMPOSITOR_SEED=N runs scene N of each test alone. */
class RandomScene : public testing::Test {
protected:
	template <typename Make>
	void scenes(unsigned first, unsigned n, Make make)
	{
		const char *const only = std::getenv("COMPOSITOR_SEED");

		for (unsigned i = 0; i < n; i++) {
			const unsigned seed = only ? std::strtoul(only, nullptr, 0) : first + i;
			Random random(seed);

			if (!make(random)) {
				ADD_FAILURE() << "COMPOSITOR_SEED=" << seed;
				return;
			}
			if (only)
				return;
		}
	}

	static bool compose(Random &random, const Scenery &scenery)
	{
		constexpr const char *codes[] = {"XR24", "AR24", "XB24", "AB24", "XR48",
						 "AR48", "XB48", "AB48", "RG16"};
		const int kind = pick(random, 0, 4);
		std::uint32_t target = 0;

		if (kind) {
			// Mostly the one that is written directly.
			const char *name = codes[kind < 3 ? 0 : pick(random, 0, 8)];

			target = name[0] | name[1] << 8 | name[2] << 16 | name[3] << 24;
		}
		return agrees(scenery, target, pick(random, 0, 9), pick(random, 0, 7),
			      kind == 0 || chance(random, 50));
	}
};

TEST_F(RandomScene, small_scenes_equal_the_reference)
{
	scenes(0, 12000, [](Random &random) {
		return compose(random, Scenery(random, pick(random, 0, 4), 24));
	});
}

TEST_F(RandomScene, scenes_with_one_plane_equal_the_reference)
{
	scenes(100000, 8000, [](Random &random) {
		return compose(random, Scenery(random, 1, 40));
	});
}

TEST_F(RandomScene, wide_scenes_equal_the_reference)
{
	scenes(200000, 400, [](Random &random) {
		return compose(random, Scenery(random, pick(random, 0, 3), 700));
	});
}

/* Of more lines than are composed at a time where a plane is rotated by a right angle. */
TEST_F(RandomScene, tall_scenes_equal_the_reference)
{
	scenes(500000, 4000, [](Random &random) {
		return compose(random, Scenery(random, pick(random, 1, 2), 24, 70));
	});
}

TEST_F(RandomScene, crowded_scenes_equal_the_reference)
{
	scenes(300000, 200, [](Random &random) {
		return compose(random, Scenery(random, pick(random, 20, COMPOSITOR_PLANES), 40));
	});
}

TEST_F(RandomScene, veiled_scenes_equal_the_reference)
{
	scenes(400000, 600, [](Random &random) { return compose(random, Scenery(random)); });
}

} // namespace
