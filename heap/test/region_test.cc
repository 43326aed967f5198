// SPDX-License-Identifier: GPL-2.0
/* The region allocator: each rule by example, and all of them against a naive model. */

#include "core/region.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <expected>
#include <iterator>
#include <limits>
#include <map>
#include <new>
#include <random>
#include <tuple>
#include <vector>

namespace {

/* How many more nothrow allocations succeed; below 0 all of them do. */
int allocations_left = -1;

} // namespace

/* The region's only source of memory. What throws is left alone, so GoogleTest is not hit. */
void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
	if (allocations_left == 0)
		return nullptr;
	if (allocations_left > 0)
		allocations_left--;
	return ::operator new(size);
}

namespace {

using namespace vskms::heap;

constexpr std::uint64_t KiB = 1 << 10;
constexpr std::uint64_t MiB = 1 << 20;
constexpr std::uint64_t base = 0x80000000;
constexpr std::uint64_t frame = 8 * MiB;

/* A region or a failed test; for arguments that must be right. */
Region region_of(std::uint64_t size, std::uint64_t at = base)
{
	auto region = Region::create(at, size);

	EXPECT_TRUE(region.has_value());
	return std::move(*region);
}

/* The address of a piece that must be had, else 0. */
std::uint64_t take(Region &region, std::uint64_t len, std::uint64_t align = page_size)
{
	const auto piece = region.allocate(len, align);

	EXPECT_TRUE(piece.has_value());
	return piece ? piece->address : 0;
}

std::vector<Extent> live(const Region &region)
{
	std::vector<Extent> found;

	region.for_each([&](Extent piece) { found.push_back(piece); });
	return found;
}

/* Error{} is no error. */
template <typename T>
Error error_of(const std::expected<T, Error> &result)
{
	return result ? Error{} : result.error();
}

Error refusal(Region &region, std::uint64_t len, std::uint64_t align = page_size)
{
	const auto before = live(region);
	const auto piece = region.allocate(len, align);

	EXPECT_EQ(live(region), before);
	EXPECT_TRUE(region.check());
	return error_of(piece);
}

TEST(Region, new_region_is_one_free_piece)
{
	Region region = region_of(64 * MiB);

	EXPECT_EQ(region.size(), 64 * MiB);
	EXPECT_EQ(region.used(), 0u);
	EXPECT_EQ(region.free_bytes(), 64 * MiB);
	EXPECT_EQ(region.largest_free(), 64 * MiB);
	EXPECT_EQ(region.live_blocks(), 0u);
	EXPECT_EQ(region.free_blocks(), 1u);
	EXPECT_TRUE(region.check());
}

TEST(Region, empty_or_unaligned_range_refused)
{
	EXPECT_EQ(error_of(Region::create(base, 0)), Error::einval);
	EXPECT_EQ(error_of(Region::create(base + 1, MiB)), Error::einval);
	EXPECT_EQ(error_of(Region::create(base, MiB + 512)), Error::einval);
}

TEST(Region, range_of_two_to_the_32_pages_refused)
{
	constexpr std::uint64_t too_many = page_size << 32;

	EXPECT_EQ(error_of(Region::create(0, too_many)), Error::einval);

	Region region = region_of(too_many - page_size, 0);

	EXPECT_EQ(take(region, too_many - page_size), 0u);
	EXPECT_TRUE(region.check());
}

TEST(Region, range_beyond_the_last_address_refused)
{
	constexpr std::uint64_t last_page = 0 - page_size;

	EXPECT_EQ(error_of(Region::create(last_page, 2 * page_size)), Error::einval);
	EXPECT_EQ(error_of(Region::create(last_page - MiB, 8 * MiB)), Error::einval);
}

TEST(Region, range_up_to_the_last_address_works)
{
	Region region = region_of(4 * MiB, 0 - 4 * MiB);

	EXPECT_EQ(take(region, 4 * KiB), 0 - 4 * KiB);
	EXPECT_EQ(take(region, MiB), 0 - 4 * MiB);
	EXPECT_EQ(take(region, MiB, MiB), 0 - 3 * MiB);
	// The next multiple of 2 MiB has room for all but the page taken above.
	EXPECT_EQ(refusal(region, 2 * MiB, 2 * MiB), Error::enospc);
	EXPECT_TRUE(region.check());
	EXPECT_TRUE(region.free(0 - 4 * KiB));
	EXPECT_EQ(take(region, 2 * MiB, 2 * MiB), 0 - 2 * MiB);
	EXPECT_EQ(region.free_bytes(), 0u);
	EXPECT_TRUE(region.check());
}

TEST(Region, no_memory_for_first_block_refused)
{
	allocations_left = 0;
	const auto region = Region::create(base, MiB);
	allocations_left = -1;

	EXPECT_EQ(error_of(region), Error::enomem);
}

TEST(Region, zero_length_refused)
{
	Region region = region_of(MiB);

	EXPECT_EQ(refusal(region, 0), Error::einval);
}

TEST(Region, bad_alignment_refused)
{
	Region region = region_of(64 * MiB);

	constexpr std::uint64_t bad[] = {0, 1, page_size / 2, page_size + 1, 3 * page_size,
					 2 * max_align, 1ull << 63, ~0ull};

	for (const std::uint64_t align : bad)
		EXPECT_EQ(refusal(region, page_size, align), Error::edom) << align;
}

TEST(Region, longer_than_region_refused)
{
	Region region = region_of(MiB);

	EXPECT_EQ(refusal(region, MiB + 1), Error::e2big);
	EXPECT_EQ(refusal(region, 0 - page_size), Error::e2big);
	EXPECT_EQ(refusal(region, ~0ull, max_align), Error::e2big);
}

TEST(Region, errors_are_errnos)
{
	EXPECT_EQ(static_cast<int>(Error::enoent), ENOENT);
	EXPECT_EQ(static_cast<int>(Error::e2big), E2BIG);
	EXPECT_EQ(static_cast<int>(Error::enomem), ENOMEM);
	EXPECT_EQ(static_cast<int>(Error::einval), EINVAL);
	EXPECT_EQ(static_cast<int>(Error::enospc), ENOSPC);
	EXPECT_EQ(static_cast<int>(Error::edom), EDOM);
}

TEST(Region, length_rounds_up_to_pages)
{
	Region region = region_of(MiB);

	EXPECT_EQ(region.allocate(1)->size, page_size);
	EXPECT_EQ(region.allocate(page_size)->size, page_size);
	EXPECT_EQ(region.allocate(page_size + 1)->size, 2 * page_size);
	EXPECT_EQ(region.used(), 4 * page_size);
}

TEST(Region, exhaustion_and_recovery)
{
	Region region = region_of(MiB);
	std::vector<std::uint64_t> pages;

	while (const auto piece = region.allocate(page_size))
		pages.push_back(piece->address);
	EXPECT_EQ(pages.size(), MiB / page_size);
	EXPECT_EQ(region.largest_free(), 0u);
	EXPECT_EQ(region.free_blocks(), 0u);
	EXPECT_EQ(refusal(region, 1), Error::enospc);
	EXPECT_EQ(refusal(region, 1, max_align), Error::enospc);
	for (const std::uint64_t page : pages)
		ASSERT_TRUE(region.free(page));
	EXPECT_EQ(take(region, MiB), base);
	EXPECT_TRUE(region.check());
}

TEST(Region, unknown_address_refused)
{
	Region region = region_of(MiB);
	const std::uint64_t piece = take(region, 2 * page_size);

	for (const std::uint64_t address : {base, piece + 1, piece + page_size, piece - page_size,
					    base + MiB, std::uint64_t{0}, ~std::uint64_t{0}})
		EXPECT_EQ(error_of(region.free(address)), Error::enoent) << address;
	EXPECT_EQ(region.used(), 2 * page_size);
	EXPECT_TRUE(region.check());
}

TEST(Region, double_free_refused)
{
	Region region = region_of(64 * MiB);
	const std::uint64_t first = take(region, frame);
	const std::uint64_t second = take(region, frame);

	ASSERT_TRUE(region.free(first));
	EXPECT_EQ(error_of(region.free(first)), Error::enoent);	// a free block begins there
	ASSERT_TRUE(region.free(second));
	EXPECT_EQ(error_of(region.free(second)), Error::enoent);	// it was merged
	EXPECT_EQ(region.used(), 0u);
	EXPECT_TRUE(region.check());
}

TEST(Region, free_merges_in_every_order)
{
	std::vector<int> order = {0, 1, 2, 3};

	do {
		Region region = region_of(4 * MiB);
		std::vector<std::uint64_t> pieces;

		for (int i = 0; i < 4; i++)
			pieces.push_back(take(region, MiB));
		for (const int i : order) {
			ASSERT_TRUE(region.free(pieces[i]));
			ASSERT_TRUE(region.check());	// no two free neighbours
		}
		ASSERT_EQ(region.largest_free(), 4 * MiB);
		ASSERT_EQ(region.free_blocks(), 1u);
	} while (std::next_permutation(order.begin(), order.end()));
}

TEST(Region, free_needs_no_memory)
{
	Region region = region_of(4 * MiB);
	const std::uint64_t lower = take(region, MiB);
	const std::uint64_t upper = take(region, MiB);

	allocations_left = 0;
	EXPECT_TRUE(region.free(upper));
	EXPECT_TRUE(region.free(lower));
	allocations_left = -1;
	EXPECT_EQ(region.largest_free(), 4 * MiB);
}

TEST(Region, no_memory_for_a_block_changes_nothing)
{
	Region region = region_of(16 * MiB, base + page_size);

	// Aligned in the middle of the region: one block more below, one above.
	for (const int left : {0, 1}) {
		allocations_left = left;
		const auto piece = region.allocate(MiB, max_align);
		allocations_left = -1;

		ASSERT_EQ(error_of(piece), Error::enomem);
		EXPECT_EQ(region.used(), 0u);
		EXPECT_EQ(region.largest_free(), 16 * MiB);
		EXPECT_TRUE(region.check());
	}
	allocations_left = 2;
	EXPECT_TRUE(region.allocate(MiB, max_align));
	allocations_left = -1;
	EXPECT_EQ(region.free_blocks(), 2u);
	EXPECT_TRUE(region.check());
}

TEST(Region, exact_fit_needs_no_memory)
{
	Region region = region_of(4 * MiB);

	allocations_left = 0;
	EXPECT_EQ(take(region, 4 * MiB), base);
	allocations_left = -1;
}

TEST(Region, every_alignment_of_an_unaligned_region)
{
	for (const std::uint64_t len : {page_size, small_max, small_max + 1, 2 * MiB}) {
		Region region = region_of(64 * MiB, base + 3 * page_size);

		for (std::uint64_t align = page_size; align <= max_align; align *= 2) {
			EXPECT_EQ(take(region, len, align) % align, 0u);
			ASSERT_TRUE(region.check());
		}
	}
}

TEST(Region, gap_below_an_aligned_piece_stays_free)
{
	Region region = region_of(4 * MiB, base + page_size);

	EXPECT_EQ(take(region, 2 * MiB, 2 * MiB), base + 2 * MiB);
	EXPECT_EQ(region.largest_free(), 2 * MiB - page_size);
	EXPECT_EQ(take(region, 2 * MiB - page_size), base + page_size);
	EXPECT_EQ(region.largest_free(), page_size);
}

TEST(Region, aligned_piece_found_behind_many_unaligned)
{
	Region region = region_of(64 * MiB);
	const std::uint64_t wall = small_max + page_size;
	std::vector<std::uint64_t> holes;

	// Holes of 2 MiB, none of them aligned but the last.
	for (int i = 0; i < 10; i++) {
		take(region, wall);
		holes.push_back(take(region, 2 * MiB));
		ASSERT_NE(holes.back() % (2 * MiB), 0u);
	}
	holes.push_back(take(region, 2 * MiB, 2 * MiB));
	take(region, wall);
	while (region.largest_free())
		take(region, region.largest_free());
	for (const std::uint64_t hole : holes)
		ASSERT_TRUE(region.free(hole));
	ASSERT_EQ(region.largest_free(), 2 * MiB);
	EXPECT_EQ(take(region, 2 * MiB, 2 * MiB), holes.back());
	EXPECT_EQ(refusal(region, 2 * MiB, 2 * MiB), Error::enospc);
}

TEST(Region, large_from_the_bottom_small_from_the_top)
{
	Region region = region_of(64 * MiB);

	EXPECT_EQ(take(region, frame), base);
	EXPECT_EQ(take(region, page_size), base + 64 * MiB - page_size);
	EXPECT_EQ(take(region, small_max + 1), base + frame);
	EXPECT_EQ(take(region, small_max), base + 64 * MiB - page_size - small_max);
}

TEST(Region, equal_holes_chosen_in_the_matching_direction)
{
	Region region = region_of(5 * MiB);
	std::vector<std::uint64_t> pieces;

	for (int i = 0; i < 5; i++)
		pieces.push_back(take(region, MiB));
	ASSERT_TRUE(region.free(pieces[1]));
	ASSERT_TRUE(region.free(pieces[3]));
	EXPECT_EQ(take(region, page_size), pieces[4] - page_size);
	ASSERT_TRUE(region.free(pieces[4] - page_size));
	EXPECT_EQ(take(region, MiB), pieces[1]);
}

TEST(Region, large_takes_the_smallest_hole_that_fits)
{
	Region region = region_of(64 * MiB);
	const std::uint64_t wide = take(region, 3 * MiB);

	take(region, MiB);
	const std::uint64_t narrow = take(region, 2 * MiB);
	take(region, MiB);
	ASSERT_TRUE(region.free(wide));
	ASSERT_TRUE(region.free(narrow));
	EXPECT_EQ(take(region, 2 * MiB), narrow);
	EXPECT_EQ(take(region, 2 * MiB), wide);
}

TEST(Region, small_leaves_the_hole_of_a_frame_whole)
{
	Region region = region_of(64 * MiB);
	const std::uint64_t first = take(region, frame);

	take(region, frame);
	take(region, 16 * KiB);
	ASSERT_TRUE(region.free(first));
	take(region, 16 * KiB);		// best fit would cut the frame's hole
	EXPECT_EQ(take(region, frame), first);
}

/*
 * The largest hole if requests of @lengths are put one after the other, as first fit does in
 * an empty region, and then the large ones go: what the policy is measured against.
 */
std::uint64_t first_fit_largest_hole(std::uint64_t size, const std::vector<std::uint64_t> &lengths)
{
	std::uint64_t hole = 0;
	std::uint64_t largest = 0;

	for (const std::uint64_t len : lengths) {
		size -= len;
		hole = len > small_max ? hole + len : 0;
		largest = std::max(largest, hole);
	}
	return std::max(largest, hole + size);
}

TEST(Region, small_pieces_do_not_split_the_space_of_frames)
{
	Region region = region_of(128 * MiB);
	std::vector<std::uint64_t> lengths;
	std::vector<std::uint64_t> frames;
	constexpr std::uint64_t cursor = 16 * KiB;

	// A cursor after each frame, until less than a frame is left; then the frames go.
	while (region.free_bytes() >= frame + cursor) {
		frames.push_back(take(region, frame));
		take(region, cursor);
		lengths.insert(lengths.end(), {frame, cursor});
	}
	ASSERT_EQ(frames.size(), 15u);
	for (const std::uint64_t address : frames)
		ASSERT_TRUE(region.free(address));

	const std::uint64_t cursors = frames.size() * cursor;

	EXPECT_EQ(first_fit_largest_hole(128 * MiB, lengths), frame);
	EXPECT_EQ(region.largest_free(), 128 * MiB - cursors);
	EXPECT_EQ(take(region, 64 * MiB), base);
	EXPECT_TRUE(region.check());
}

TEST(Region, for_each_visits_live_pieces_in_order_of_address)
{
	Region region = region_of(64 * MiB);
	const std::uint64_t top = take(region, page_size);
	const std::uint64_t first = take(region, MiB);
	const std::uint64_t gone = take(region, MiB);
	const std::uint64_t last = take(region, 2 * MiB);

	ASSERT_TRUE(region.free(gone));
	EXPECT_EQ(live(region),
		  (std::vector<Extent>{{first, MiB}, {last, 2 * MiB}, {top, page_size}}));
	EXPECT_EQ(region.live_blocks(), 3u);
	EXPECT_EQ(region.free_blocks(), 2u);
	EXPECT_EQ(region.used(), 3 * MiB + page_size);
}

TEST(Region, moving_takes_everything)
{
	Region from = region_of(64 * MiB);
	const std::uint64_t piece = take(from, MiB);
	Region to(std::move(from));

	EXPECT_TRUE(to.check());
	EXPECT_EQ(to.used(), MiB);
	EXPECT_TRUE(to.free(piece));
	EXPECT_EQ(from.size(), 0u);
	EXPECT_EQ(error_of(from.free(piece)), Error::enoent);
	EXPECT_EQ(refusal(from, page_size), Error::e2big);
}

/* What is live, by address: no cleverness, so it can be trusted. */
class Model {
public:
	Model(std::uint64_t start, std::uint64_t size) : start_(start), end_(start + size) {}

	bool add(Extent piece)
	{
		const auto after = ranges.lower_bound(piece.address);

		if (piece.address < start_ || piece.address + piece.size > end_)
			return false;
		if (after != ranges.end() && piece.address + piece.size > after->first)
			return false;
		if (after != ranges.begin()) {
			const auto before = std::prev(after);

			if (before->first + before->second > piece.address)
				return false;
		}
		ranges.emplace(piece.address, piece.size);
		return true;
	}

	bool fits(std::uint64_t len, std::uint64_t align) const
	{
		std::uint64_t hole = start_;
		const auto fits_until = [&](std::uint64_t until) {
			return (hole + align - 1) / align * align + len <= until;
		};

		for (const auto &[address, size] : ranges) {
			if (fits_until(address))
				return true;
			hole = address + size;
		}
		return fits_until(end_);
	}

	std::vector<Extent> pieces() const
	{
		std::vector<Extent> all;

		for (const auto &[address, size] : ranges)
			all.push_back({address, size});
		return all;
	}

	std::map<std::uint64_t, std::uint64_t> ranges;	// address to size

private:
	std::uint64_t start_;
	std::uint64_t end_;
};

class RegionProperty
	: public testing::TestWithParam<std::tuple<unsigned, std::uint64_t, std::uint64_t>> {};

TEST_P(RegionProperty, agrees_with_a_naive_model)
{
	const auto [seed, start, size] = GetParam();
	std::mt19937 random(seed);
	Region region = region_of(size, start);
	Model model(start, size);
	unsigned refused = 0;
	unsigned misaligned = 0;	// refused, though a hole was long enough

	for (int op = 0; op < 25000; op++) {
		// The odds swing, so that the region fills, stays full, and empties.
		const unsigned odds = op / 2500 % 2 ? 40 : 65;

		if (random() % 100 < odds) {
			const std::uint64_t most = random() % 3 ? 64 * KiB : 3 * MiB;
			const std::uint64_t len = 1 + random() % most;
			const std::uint64_t align = random() % 2 ? page_size
								 : page_size << random() % 10;
			const std::uint64_t rounded = (len + page_size - 1) / page_size * page_size;
			const bool starved = random() % 20 == 0;

			allocations_left = starved ? static_cast<int>(random() % 2) : -1;
			const auto piece = region.allocate(len, align);
			allocations_left = -1;

			if (piece) {
				ASSERT_EQ(piece->size, rounded);
				ASSERT_EQ(piece->address % align, 0u);
				ASSERT_TRUE(model.add(*piece));
			} else if (piece.error() == Error::enomem) {
				ASSERT_TRUE(starved);
				ASSERT_TRUE(region.check());
			} else {
				ASSERT_EQ(piece.error(), Error::enospc);
				ASSERT_FALSE(model.fits(rounded, align));
				refused++;
				misaligned += region.largest_free() >= rounded;
			}
		} else if (random() % 10 == 0) {
			const std::uint64_t page = random() % (size / page_size);
			const std::uint64_t address = start + page * page_size;

			if (!model.ranges.contains(address)) {
				ASSERT_EQ(error_of(region.free(address)), Error::enoent);
			}
		} else if (!model.ranges.empty()) {
			auto victim = model.ranges.lower_bound(start + random() % size);

			if (victim == model.ranges.end())
				victim = model.ranges.begin();
			ASSERT_TRUE(region.free(victim->first));
			model.ranges.erase(victim);
		}
		if (op % 50 == 0) {
			ASSERT_TRUE(region.check());
			ASSERT_EQ(live(region), model.pieces());
			ASSERT_EQ(model.fits(region.largest_free() + page_size, page_size), false);
		}
	}
	EXPECT_GT(refused, 100u);	// else it was not put to the test
	EXPECT_GT(misaligned, 10u);

	for (const Extent &piece : model.pieces())
		ASSERT_TRUE(region.free(piece.address));
	EXPECT_EQ(region.largest_free(), size);
	EXPECT_TRUE(region.check());
}

INSTANTIATE_TEST_SUITE_P(seeds, RegionProperty,
			 testing::Combine(testing::Values(1u, 2u, 3u),
					  testing::Values(base, base + 5 * page_size),
					  testing::Values(16 * MiB, 64 * MiB + 7 * page_size)));

} // namespace
