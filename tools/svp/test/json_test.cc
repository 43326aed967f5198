// SPDX-License-Identifier: GPL-2.0
/* JSON as it is written: what any reader takes, whatever is in it; and read. */

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

TEST(Json, IsReadAsItIsWritten)
{
	for (const char *text :
	     {"null", "true", "false", "-1", "18", "0.5", "\"text\"", "[]", "{}",
	      R"({"z":1,"a":[2,"b",null,{"c":false}]})", R"(["a\"b\\c\u000ad"])"}) {
		const auto json = Json::parse(text);

		ASSERT_TRUE(json) << text;
		EXPECT_EQ(json->text(), text);
	}
	EXPECT_EQ(Json::parse(" { \"a\" : [ 1 , 2 ] }\n")->text(), R"({"a":[1,2]})");
	EXPECT_EQ(Json::parse("1.5e3")->number(), 1500);
	EXPECT_EQ(*Json::parse(R"("\u00fc\u20ac\ud83d\ude00\/\t")")->string(),
		  "\u00fc\u20ac\U0001f600/\t");
}

TEST(Json, IsNotReadIfItIsNone)
{
	for (const char *text :
	     {"", " ", "nul", "1 2", "+1", "1x", "--1", "\"a", "\"\\x\"", "\"\\u12\"",
	      "\"\\ud83d\"", "\"\\ude00\"", "[", "[1", "[1,]", "{", "{\"a\"}", "{\"a\":}",
	      "{\"a\":1,}", "{a:1}", "]"})
		EXPECT_FALSE(Json::parse(text)) << text;
	EXPECT_TRUE(Json::parse(std::string(100, '[') + std::string(100, ']')));
	EXPECT_FALSE(Json::parse(std::string(100000, '[')));
}

TEST(Json, TellsWhatItIs)
{
	const Json json = Json::Object{{"text", "a"}, {"yes", true}, {"list", Json::Array{1}}};

	EXPECT_EQ(*json.find("text")->string(), "a");
	EXPECT_EQ(json.find("yes")->boolean(), true);
	EXPECT_EQ(json.find("list")->array()->size(), 1u);
	EXPECT_EQ(json.find("none"), nullptr);
	EXPECT_EQ(json.find("text")->number(), std::nullopt);
	EXPECT_EQ(json.find("text")->find("x"), nullptr);
	EXPECT_EQ(json.string(), nullptr);
}

} // namespace
