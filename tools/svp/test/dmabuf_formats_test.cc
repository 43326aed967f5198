// SPDX-License-Identifier: GPL-2.0
/* What a compositor says of the formats it takes, and may say wrong. */

#include "dmabuf_formats.hpp"

#include <array>

#include <gtest/gtest.h>
#include <drm_fourcc.h>

namespace vskms::svp {
namespace {

/* As a compositor writes it: format, padding, modifier. */
struct Entry {
	std::uint32_t format;
	std::uint32_t padding;
	std::uint64_t modifier;
};

constexpr std::array entries = {
	Entry{DRM_FORMAT_XRGB8888, 0xdeadbeef, DRM_FORMAT_MOD_LINEAR},
	Entry{DRM_FORMAT_XRGB8888, 0, DRM_FORMAT_MOD_INVALID},
	Entry{DRM_FORMAT_NV12, 0, 0x100000000000001},
};

std::vector<FormatModifier> table()
{
	return parse_format_table(std::as_bytes(std::span(entries))).value();
}

TEST(FormatTable, HasEntriesOf16Bytes)
{
	const auto formats = table();

	ASSERT_EQ(formats.size(), 3u);
	EXPECT_EQ(formats[0], (FormatModifier{DRM_FORMAT_XRGB8888, DRM_FORMAT_MOD_LINEAR}));
	EXPECT_EQ(formats[2], (FormatModifier{DRM_FORMAT_NV12, 0x100000000000001}));
	EXPECT_TRUE(parse_format_table({})->empty());
}

TEST(FormatTable, IsNothingElse)
{
	const auto bytes = std::as_bytes(std::span(entries));

	EXPECT_FALSE(parse_format_table(bytes.first(15)));
	EXPECT_FALSE(parse_format_table(bytes.first(17)));
}

TEST(Tranche, PicksFromTheTable)
{
	const std::array<std::uint16_t, 3> indices = {2, 0, 2};
	auto picked = pick_formats(table(), indices);

	ASSERT_TRUE(picked);
	EXPECT_EQ(*picked, (std::set<FormatModifier>{{DRM_FORMAT_XRGB8888, 0},
						      {DRM_FORMAT_NV12, 0x100000000000001}}));
}

TEST(Tranche, DoesNotReachBeyondIt)
{
	const std::array<std::uint16_t, 2> indices = {0, 3};
	auto picked = pick_formats(table(), indices);

	ASSERT_FALSE(picked);
	EXPECT_NE(picked.error().what.find('3'), std::string::npos);
	EXPECT_FALSE(pick_formats({}, std::span(indices).first(1)));
}

TEST(Formats, HaveNames)
{
	EXPECT_EQ(fourcc_text(DRM_FORMAT_NV12), "NV12");
	EXPECT_EQ(fourcc_text(1), "0x00000001");
	EXPECT_EQ(modifier_name(DRM_FORMAT_MOD_LINEAR), "LINEAR");
	EXPECT_EQ(modifier_name(DRM_FORMAT_MOD_INVALID), "INVALID");
	EXPECT_EQ(modifier_name(0x100000000000001), "0x100000000000001");
}

TEST(Formats, AreListedWithTheirModifiers)
{
	const auto map = by_format({table()[0], table()[1], table()[2]});

	ASSERT_EQ(map.size(), 2u);
	EXPECT_EQ(map.at(DRM_FORMAT_XRGB8888),
		  (std::vector<std::uint64_t>{DRM_FORMAT_MOD_LINEAR, DRM_FORMAT_MOD_INVALID}));
}

} // namespace
} // namespace vskms::svp
