// SPDX-License-Identifier: GPL-2.0
/* What grants are made of, and the search for those that overlap a range. */

#include "core/grant.hpp"
#include "core/grant_map.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <utility>
#include <vector>

namespace {

using namespace vskms::heap;

constexpr std::uint64_t last_address = ~0ull;
constexpr Extent everything = {0, last_address};

TEST(Direction, narrowing_leaves_what_both_admit)
{
	using enum Direction;

	EXPECT_EQ(narrow(bidirectional, to_device), to_device);
	EXPECT_EQ(narrow(bidirectional, from_device), from_device);
	EXPECT_EQ(narrow(bidirectional, bidirectional), bidirectional);
	EXPECT_EQ(narrow(to_device, bidirectional), to_device);
	EXPECT_EQ(narrow(to_device, to_device), to_device);
}

TEST(Direction, narrowing_to_nothing_yields_nothing)
{
	using enum Direction;

	EXPECT_FALSE(narrow(to_device, from_device));
	EXPECT_FALSE(narrow(bidirectional, none));
	EXPECT_FALSE(narrow(none, bidirectional));
	EXPECT_FALSE(narrow(Direction{4}, Direction{4}));
	EXPECT_EQ(narrow(Direction{7}, Direction{0xff}), bidirectional);
}

TEST(Direction, within_needs_every_way_and_at_least_one)
{
	using enum Direction;

	EXPECT_TRUE(within(to_device, bidirectional));
	EXPECT_TRUE(within(bidirectional, bidirectional));
	EXPECT_FALSE(within(bidirectional, to_device));
	EXPECT_FALSE(within(none, bidirectional));
	EXPECT_FALSE(within(Direction{5}, Direction{0xff}));
}

TEST(GrantRange, ends_at_the_last_address_or_before)
{
	EXPECT_TRUE(addressable({0, 1}));
	EXPECT_TRUE(addressable({last_address, 1}));
	EXPECT_TRUE(addressable({1, last_address}));
	EXPECT_EQ(last_byte({1, last_address}), last_address);
	EXPECT_FALSE(addressable({5, 0}));
	EXPECT_FALSE(addressable({last_address, 2}));
	EXPECT_FALSE(addressable({2, last_address}));
}

/* A map and its grants, which are in no session and have no id. */
class Grants {
public:
	Grant &add(Extent range)
	{
		Grant &grant = all_.emplace_back();

		grant.claim.range = range;
		map.insert(grant);
		return grant;
	}

	std::vector<Extent> overlapping(Extent range) const
	{
		std::vector<Extent> found;

		map.each(range, [&](const Grant &grant) { found.push_back(grant.claim.range); });
		EXPECT_EQ(map.any(range), !found.empty());
		return found;
	}

	GrantMap map;

private:
	std::deque<Grant> all_;
};

using Extents = std::vector<Extent>;

TEST(GrantMap, empty_map_overlaps_nothing)
{
	const Grants grants;

	EXPECT_EQ(grants.overlapping(everything), Extents());
	EXPECT_TRUE(grants.map.check(0));
}

TEST(GrantMap, overlap_is_exact_to_the_byte)
{
	Grants grants;
	const Extents hit = {{100, 10}};

	grants.add({100, 10});
	for (const Extent range : {Extent{100, 1}, Extent{109, 1}, Extent{99, 2}, Extent{105, 1},
				   Extent{0, 101}, Extent{109, 1000}, Extent{100, 10}, everything})
		EXPECT_EQ(grants.overlapping(range), hit) << range.address;
	for (const Extent range : {Extent{99, 1}, Extent{110, 1}, Extent{0, 100}, Extent{100, 0},
				   Extent{105, 0}, Extent{110, last_address - 110}})
		EXPECT_EQ(grants.overlapping(range), Extents()) << range.address;
}

TEST(GrantMap, range_that_wraps_ends_at_the_last_address)
{
	Grants grants;

	grants.add({0, 10});
	grants.add({last_address - 9, 10});
	EXPECT_EQ(grants.overlapping({last_address, 1}), (Extents{{last_address - 9, 10}}));
	EXPECT_EQ(grants.overlapping({last_address - 20, 1000}), (Extents{{last_address - 9, 10}}));
	EXPECT_EQ(grants.overlapping({0, last_address - 9}), (Extents{{0, 10}}));
}

TEST(GrantMap, example_of_the_essay)
{
	Grants grants;

	for (const Extent range : {Extent{30, 10}, Extent{10, 70}, Extent{50, 10}, Extent{5, 5},
				   Extent{20, 10}})
		grants.add(range);
	EXPECT_EQ(grants.overlapping({55, 6}), (Extents{{10, 70}, {50, 10}}));
}

TEST(GrantMap, long_grant_found_behind_many_short_ones)
{
	Grants grants;

	grants.add({0, 1000});
	for (std::uint64_t i = 0; i < 500; i++)
		grants.add({i, 1});
	EXPECT_TRUE(grants.map.check(501));
	EXPECT_EQ(grants.overlapping({700, 1}), (Extents{{0, 1000}}));
	EXPECT_EQ(grants.overlapping({1000, 1000}), Extents());
	EXPECT_EQ(grants.overlapping({100, 50}).size(), 51u);
	EXPECT_EQ(grants.overlapping(everything).size(), 501u);
}

TEST(GrantMap, equal_ranges_are_kept_apart)
{
	Grants grants;
	Grant &first = grants.add({10, 10});
	Grant &second = grants.add({10, 10});

	EXPECT_EQ(grants.overlapping({15, 1}).size(), 2u);
	grants.map.erase(first);
	EXPECT_EQ(grants.overlapping({15, 1}).size(), 1u);
	EXPECT_TRUE(grants.map.contains(second));
	EXPECT_FALSE(grants.map.contains(first));
	EXPECT_TRUE(grants.map.check(1));
}

TEST(GrantMap, agrees_with_a_scan)
{
	std::mt19937 random(1);

	for (int round = 0; round < 200; round++) {
		const std::size_t count = random() % 100;
		const std::uint64_t space = 10 + random() % 200;
		const std::uint64_t longest = 1 + random() % space;
		Grants grants;
		std::vector<Grant *> all;

		for (std::size_t i = 0; i < count; i++)
			all.push_back(&grants.add({random() % space, 1 + random() % longest}));
		for (std::size_t i = 0; i < count / 2; i++) {
			std::swap(all[random() % all.size()], all.back());
			grants.map.erase(*all.back());
			all.pop_back();
		}
		ASSERT_TRUE(grants.map.check(all.size()));
		for (int query = 0; query < 100; query++) {
			const Extent range = {random() % (2 * space), random() % longest};
			const auto found = grants.overlapping(range);
			std::size_t want = 0;

			for (const Grant *grant : all) {
				const Extent &is = grant->claim.range;

				want += range.size && is.address < range.address + range.size &&
					range.address < is.address + is.size;
			}
			ASSERT_EQ(found.size(), want);
			ASSERT_TRUE(std::ranges::is_sorted(found, {}, &Extent::address));
			for (const Extent &is : found) {
				ASSERT_LT(is.address, range.address + range.size);
				ASSERT_LT(range.address, is.address + is.size);
			}
		}
	}
}

} // namespace
