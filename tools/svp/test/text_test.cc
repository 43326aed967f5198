// SPDX-License-Identifier: GPL-2.0
/* What people write and read: areas, descriptors, sizes, tables, errors. */

#include "area.hpp"
#include "error.hpp"
#include "process.hpp"
#include "table.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace {

using namespace vskms::svp;

TEST(Area, IsAPositionAndMayHaveASize)
{
	EXPECT_EQ(parse_area("10,20"), (Area{.x = 10, .y = 20}));
	EXPECT_EQ(parse_area("-10,-20"), (Area{.x = -10, .y = -20}));
	EXPECT_EQ(parse_area("1,2,3,4"), (Area{.x = 1, .y = 2, .width = 3, .height = 4}));
	EXPECT_EQ(parse_area("8192,0,8192,1"),
		  (Area{.x = 8192, .y = 0, .width = 8192, .height = 1}));
}

TEST(Area, IsNothingElse)
{
	for (const char *text :
	     {"", "1", "1,", ",1", "1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,3,-4", "a,b", "1, 2",
	      "1,2 ", "0x1,2", "1.5,2", "8193,0", "0,-8193", "99999999999,0"})
		EXPECT_EQ(parse_area(text), std::nullopt) << text;
}

TEST(Area, ComplaintNamesIt)
{
	EXPECT_EQ(check_area("1,2"), "");
	EXPECT_NE(check_area("1;2").find("1;2"), std::string::npos);
}

TEST(Size, HasTwoSides)
{
	EXPECT_EQ(parse_size("1x8192"), (Size{.width = 1, .height = 8192}));
	for (const char *text : {"", "x", "5", "5x", "x5", "0x5", "5x0", "8193x1", "1x2x3", "-1x2",
				 "1X2", "1 x2", "1x2 ", "4294967297x1"})
		EXPECT_EQ(parse_size(text), std::nullopt) << text;
	EXPECT_EQ(check_size("1x2"), "");
	EXPECT_NE(check_size("1,2").find("1,2"), std::string::npos);
}

TEST(Descriptor, IsOurOwnOrOfAProcess)
{
	EXPECT_EQ(parse_fd("7"), (FdOf{.pid = std::nullopt, .fd = 7}));
	EXPECT_EQ(parse_fd("12:0"), (FdOf{.pid = 12, .fd = 0}));
}

TEST(Descriptor, IsNothingElse)
{
	for (const char *text :
	     {"", ":", "1:", ":1", "-1", "1:-1", "0:1", "-2:1", "1:2:3", "x", "1:x", "99999999999"})
		EXPECT_EQ(parse_fd(text), std::nullopt) << text;
}

TEST(SizeText, IsExactOrHasOneDigit)
{
	EXPECT_EQ(size_text(0), "0 B");
	EXPECT_EQ(size_text(1023), "1023 B");
	EXPECT_EQ(size_text(1024), "1 KiB");
	EXPECT_EQ(size_text(1536), "1.5 KiB");
	EXPECT_EQ(size_text(128 << 20), "128 MiB");
	EXPECT_EQ(size_text(~0ull), "16.0 EiB");
}

TEST(Table, PadsColumnsButTheLast)
{
	Table table({"A", "LONG", "C"});

	table.add({"long", "b", "c"});
	EXPECT_EQ(table.text(), "A     LONG  C\nlong  b     c\n");
}

TEST(Error, SaysOnWhatWhyAndWhatToDo)
{
	const Error error = {
		.what = "heap x: cannot allocate 1 KiB", .number = ENOMEM, .remedy = "free some"};

	EXPECT_EQ(error.text(),
		  "heap x: cannot allocate 1 KiB: Cannot allocate memory (ENOMEM); free some");
	EXPECT_EQ((Error{.what = "it is wrong", .remedy = {}}).text(), "it is wrong");
	EXPECT_EQ((Error{.what = "odd", .number = 4000, .remedy = {}}).text(),
		  "odd: unknown error (4000)");
}

} // namespace
