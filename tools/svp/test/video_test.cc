// SPDX-License-Identifier: GPL-2.0
/* What a video is made of: times, sizes, and keys. */

#include "decoder.hpp"
#include "key.hpp"
#include "pace.hpp"
#include "video.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace vskms::svp {
namespace {

using namespace std::chrono_literals;

TEST(Rate, TimesOfFramesDoNotDrift)
{
	const Rate ntsc = {.frames = 30000, .seconds = 1001};

	EXPECT_EQ(ntsc.time_of(0), 0ns);
	EXPECT_EQ(ntsc.time_of(30000), 1001s);
	EXPECT_EQ(ntsc.time_of(1), 33366666ns);
	// A year of it, to the nanosecond.
	EXPECT_EQ(ntsc.time_of(30000ull * 31536), 1001s * 31536);
}

TEST(Rate, WithoutATimeBetweenFramesIsNone)
{
	EXPECT_TRUE((Rate{.frames = 1000, .seconds = 1}.sane()));
	EXPECT_TRUE((Rate{.frames = 1, .seconds = 3600}.sane()));
	EXPECT_FALSE((Rate{.frames = 0, .seconds = 1}.sane()));
	EXPECT_FALSE((Rate{.frames = 1, .seconds = 0}.sane()));
	EXPECT_FALSE((Rate{.frames = 2001, .seconds = 1}.sane()));
	EXPECT_FALSE((Rate{.frames = UINT32_MAX, .seconds = 1}.sane()));
}

TEST(Pace, IsLateWhenTheNextIsDue)
{
	const auto now = Pace::Clock::now();
	Pace pace({.frames = 10, .seconds = 1});

	pace.start(now);
	EXPECT_EQ(pace.due(3), now + 300ms);
	EXPECT_FALSE(pace.late(3, now + 399ms));
	EXPECT_TRUE(pace.late(3, now + 400ms));
}

TEST(Pace, MayBeginWithAnyFrame)
{
	const auto now = Pace::Clock::now();
	Pace pace({.frames = 10, .seconds = 1});

	pace.start(now, 7);
	EXPECT_EQ(pace.due(7), now);
	EXPECT_EQ(pace.due(8), now + 100ms);
}

TEST(Pace, DropsAFewInARowAtMost)
{
	const auto now = Pace::Clock::now();
	Pace pace({.frames = 10, .seconds = 1});

	pace.start(now);
	for (unsigned int i = 0; i < Pace::most_dropped; i++) {
		EXPECT_TRUE(pace.late(1, now + 500ms)) << i;
		pace.dropped();
	}
	EXPECT_FALSE(pace.late(1, now + 500ms));
	pace.shown();
	EXPECT_TRUE(pace.late(2, now + 500ms));
}

TEST(Pace, GoesOnFromWhereItIsHopelesslyLate)
{
	const auto now = Pace::Clock::now();
	Pace pace({.frames = 10, .seconds = 1});

	pace.start(now);
	EXPECT_FALSE(pace.late(5, now + 2s));
	EXPECT_EQ(pace.due(6), now + 2s + 100ms);
}

TEST(Fit, KeepsWhatFitsAndMakesItEven)
{
	EXPECT_EQ(fit({640, 480}, {1024, 768}), (Size{640, 480}));
	EXPECT_EQ(fit({75, 41}, {1024, 768}), (Size{74, 40}));
}

TEST(Fit, ShrinksInProportion)
{
	EXPECT_EQ(fit({1920, 1080}, {1024, 768}), (Size{1024, 576}));
	EXPECT_EQ(fit({1080, 1920}, {1024, 768}), (Size{432, 768}));
}

TEST(Fit, IsNeverNothing)
{
	EXPECT_EQ(fit({1, 1}, {1024, 768}), (Size{2, 2}));
	EXPECT_EQ(fit({100000, 1}, {1024, 768}), (Size{1024, 2}));
}

class KeyFile : public testing::Test {
protected:
	void SetUp() override
	{
		char name[] = "/tmp/svp-key-XXXXXX";

		ASSERT_TRUE(mkdtemp(name));
		directory_ = name;
	}
	void TearDown() override { std::filesystem::remove_all(directory_); }

	std::string write(std::string_view content)
	{
		const std::string path = directory_ / "key";

		std::ofstream(path, std::ios::binary) << content;
		return path;
	}

	std::filesystem::path directory_;
};

constexpr Key counted = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

TEST_F(KeyFile, IsDigitsOrBytesOrNoFileAtAll)
{
	for (const std::string &where :
	     {std::string("000102030405060708090a0b0c0d0e0f"),
	      std::string("000102030405060708090A0B0C0D0E0F")}) {
		auto key = SecretKey::read(where);

		ASSERT_TRUE(key) << key.error().text();
		EXPECT_EQ(key->bytes(), counted);
	}
	for (std::string_view content :
	     {std::string_view("000102030405060708090a0b0c0d0e0f\n"),
	      std::string_view("000102030405060708090a0b0c0d0e0f"),
	      std::string_view("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16)}) {
		auto key = SecretKey::read(write(content));

		ASSERT_TRUE(key) << key.error().text();
		EXPECT_EQ(key->bytes(), counted);
	}
}

TEST_F(KeyFile, AnythingElseIsRefused)
{
	for (std::string_view content :
	     {"", "\n", "0", "000102030405060708090a0b0c0d0e", "000102030405060708090a0b0c0d0e0g",
	      "000102030405060708090a0b0c0d0e0f00"})
		EXPECT_FALSE(SecretKey::read(write(content))) << content;
	EXPECT_EQ(SecretKey::read(directory_ / "nosuch").error().number, ENOENT);
}

TEST_F(KeyFile, IsReadAsItWasSavedAndNotReplaced)
{
	const std::string path = directory_ / "key";
	auto key = SecretKey::generate();

	ASSERT_TRUE(key);
	ASSERT_TRUE(key->save(path));
	EXPECT_EQ(std::filesystem::status(path).permissions(),
		  std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
	auto again = SecretKey::read(path);

	ASSERT_TRUE(again);
	EXPECT_EQ(again->bytes(), key->bytes());
	EXPECT_EQ(key->save(path).error().number, EEXIST);
}

/* NIST SP 800-38A, F.5.1. */
constexpr std::array<std::uint8_t, 16> nist_key = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
						   0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
constexpr CounterBlock nist_counter = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
				       0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
constexpr std::array<std::uint8_t, 32> nist_clear = {
	0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e,
	0x11, 0x73, 0x93, 0x17, 0x2a, 0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03,
	0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51};
constexpr std::array<std::uint8_t, 32> nist_cipher = {
	0x87, 0x4d, 0x61, 0x91, 0xb6, 0x20, 0xe3, 0x26, 0x1b, 0xef, 0x68,
	0x64, 0x99, 0x0d, 0xb6, 0xce, 0x98, 0x06, 0xf6, 0x6b, 0x79, 0x70,
	0xfd, 0xff, 0x86, 0x17, 0x18, 0x7b, 0xb9, 0xff, 0xfd, 0xff};

TEST(CounterMode, IsThatOfTheStandardFromAnyByteOn)
{
	auto mode = CounterMode::open(SecretKey(nist_key), nist_counter);

	if (!mode)
		GTEST_SKIP() << mode.error().text();
	for (std::size_t from = 0; from < nist_clear.size(); from++) {
		auto text = nist_clear;
		const auto part = std::as_writable_bytes(std::span(text)).subspan(from);

		ASSERT_TRUE(mode->apply(part, from));
		EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(nist_cipher)).subspan(from),
					       part))
			<< from;
	}
}

TEST(CounterMode, OfManyPartsIsOneStream)
{
	auto mode = CounterMode::open(SecretKey(nist_key), nist_counter);

	if (!mode)
		GTEST_SKIP() << mode.error().text();
	std::vector<std::byte> whole(200003), parts(whole.size());

	ASSERT_TRUE(mode->apply(whole, 0));
	for (std::size_t at = 0; at < parts.size(); at += 7919) {
		const std::size_t size = std::min<std::size_t>(7919, parts.size() - at);

		ASSERT_TRUE(mode->apply(std::span(parts).subspan(at, size), at));
	}
	EXPECT_EQ(parts, whole);
}

} // namespace
} // namespace vskms::svp
