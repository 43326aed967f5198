// SPDX-License-Identifier: GPL-2.0
/* JSON as it is written: what any reader takes, whatever is in it. */

#include "json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace {

using vskms::svp::Json;

TEST(Json, WritesEachKindOfValue)
{
	EXPECT_EQ(Json(nullptr).text(), "null");
	EXPECT_EQ(Json(true).text(), "true");
	EXPECT_EQ(Json(-1).text(), "-1");
	EXPECT_EQ(Json(0.5).text(), "0.5");
	EXPECT_EQ(Json("text").text(), "\"text\"");
	EXPECT_EQ(Json(Json::Array{}).text(), "[]");
	EXPECT_EQ(Json(Json::Object{}).text(), "{}");
}

TEST(Json, KeepsOrderAndNests)
{
	const Json json = Json::Object{{"z", 1}, {"a", Json::Array{2, "b", nullptr}}};

	EXPECT_EQ(json.text(), R"({"z":1,"a":[2,"b",null]})");
}

TEST(Json, KeepsNumbersOf64Bits)
{
	EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).text(), "18446744073709551615");
	EXPECT_EQ(Json(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
}

TEST(Json, HasNoWordForWhatIsNoNumber)
{
	EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).text(), "null");
	EXPECT_EQ(Json(std::numeric_limits<double>::quiet_NaN()).text(), "null");
}

TEST(Json, EscapesWhatAStringMayNotHave)
{
	EXPECT_EQ(Json("a\"b\\c\nd\x01").text(), R"("a\"b\\c\u000ad\u0001")");
	EXPECT_EQ(Json(std::string_view("\0", 1)).text(), R"("\u0000")");
}

TEST(Json, ReplacesWhatIsNoUtf8)
{
	EXPECT_EQ(Json("h\u00fc\u20ac\U0001f600").text(), "\"h\u00fc\u20ac\U0001f600\"");
	EXPECT_EQ(Json("\xff").text(), "\"\ufffd\"");
	// Cut off, longer than need be, a surrogate, above U+10FFFF.
	EXPECT_EQ(Json("\xe2\x82").text(), "\"\ufffd\ufffd\"");
	EXPECT_EQ(Json("\xc0\x80").text(), "\"\ufffd\ufffd\"");
	EXPECT_EQ(Json("\xed\xa0\x80").text(), "\"\ufffd\ufffd\ufffd\"");
	EXPECT_EQ(Json("\xf4\x90\x80\x80").text(), "\"\ufffd\ufffd\ufffd\ufffd\"");
	EXPECT_EQ(Json(Json::Object{{"\xff", 1}}).text(), "{\"\ufffd\":1}");
}

} // namespace
