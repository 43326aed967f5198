// SPDX-License-Identifier: GPL-2.0
/* The table of buffers against a naive model, in long runs of random operations. */

#include "core/buffer_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <tuple>
#include <utility>

namespace {

using namespace vskms::heap;
using State = Buffer::State;

constexpr std::uint64_t base = 0x60000000;
constexpr std::uint32_t last_handle = ~0u;
constexpr std::uint64_t generation = 5;

/* Refused{} is no refusal. */
template <typename T>
Refused refusal_of(const std::expected<T, Refused> &result)
{
	return result ? Refused{} : result.error();
}

/* All buffers in a map, and all rules by scanning it. A table of few handles, or of all. */
class BufferTableProperty : public testing::TestWithParam<std::tuple<unsigned, std::uint32_t>> {
protected:
	struct Entry {
		std::uint64_t owner;
		Extent range;
		State state = State::allocated;
		std::uint64_t grants = 0;
	};

	std::uint32_t after(std::uint32_t handle) const
	{
		return handle == highest ? 1 : handle + 1;
	}

	void create()
	{
		const Extent range = {base + random() % 200, random() % 16 ? 1 + random() % 4 : 0};
		const std::uint64_t owner = random() % 4;
		std::unique_ptr<Buffer> blank = random() % 16 ? Buffer::blank() : nullptr;
		std::uint32_t want = after(last);
		Refused why = {};

		for (const auto &[handle, entry] : model) {
			if (entry.range.address < range.address + range.size &&
			    range.address < entry.range.address + entry.range.size)
				why = Refused::overlap;
		}
		if (why == Refused{} && model.size() == highest)
			why = Refused::exhausted;
		if (!range.size)
			why = Refused::outside;
		if (!blank)
			why = Refused::no_memory;
		refusals.insert(why);

		const auto handle = table.create(blank, owner, range, generation);

		ASSERT_EQ(refusal_of(handle), why);
		if (!handle)
			return;
		for (; model.contains(want); want = after(want))
			jumps++;
		ASSERT_EQ(*handle, want);
		last = want;
		model.emplace(want, Entry{owner, range});
		scrubbed += range.size;	// sooner or later
	}

	void touch(unsigned what)
	{
		auto at = model.upper_bound(last - std::min(last, 1 + unsigned(random() % 200)));
		const bool known = at != model.end() && random() % 16;
		const std::uint32_t handle = known ? at->first : after(last);

		if (!known)
			at = model.find(handle);

		Entry *const entry = at == model.end() ? nullptr : &at->second;
		const bool dying = entry && entry->state == State::scrubbing;
		const bool dirty = random() % 4 == 0;
		Refused why = entry ? Refused{} : Refused::unknown;
		Refused got = {};

		switch (what) {
		case 0:
			got = refusal_of(table.pin(handle));
			if (entry && entry->state != State::allocated)
				why = dying ? Refused::dying : Refused::revoked;
			if (why == Refused{})
				entry->grants++;
			break;
		case 1:
			got = refusal_of(table.unpin(handle));
			if (entry && !entry->grants)
				why = Refused::not_pinned;
			if (why == Refused{})
				entry->grants--;
			break;
		case 2:
			got = refusal_of(table.begin_free(handle));
			if (entry && (dying || entry->grants))
				why = dying ? Refused::dying : Refused::busy;
			if (why == Refused{})
				entry->state = State::scrubbing;
			break;
		default:
			got = refusal_of(table.finish_free(
				handle, entry ? entry->range.size - dirty : 0));
			if (entry && (!dying || dirty))
				why = dying ? Refused::dirty : Refused::not_dying;
			if (why == Refused{})
				model.erase(at);
			break;
		}
		ASSERT_EQ(got, why);
		refusals.insert(why);
	}

	void revoke()
	{
		const std::uint64_t owner = random() % 4;
		std::size_t count = 0;

		for (auto &[handle, entry] : model) {
			if (entry.owner == owner && entry.state == State::allocated) {
				entry.state = State::revoked;
				count++;
			}
		}
		ASSERT_EQ(table.revoke(owner), count);
	}

	void compare()
	{
		const std::uint64_t owner = random() % 5;
		BufferTotals want = {.scrubbed = scrubbed};
		auto at = model.begin();

		table.for_each([&](const Buffer &buffer) {
			ASSERT_NE(at, model.end());
			ASSERT_EQ(buffer.handle, at->first);
			ASSERT_EQ(buffer.owner, at->second.owner);
			ASSERT_EQ(buffer.range, at->second.range);
			ASSERT_EQ(buffer.state, at->second.state);
			ASSERT_EQ(buffer.grants, at->second.grants);
			++at;
		});
		ASSERT_EQ(at, model.end());
		for (const auto &[handle, entry] : model) {
			(entry.state == State::scrubbing ? want.unscrubbed : want.live) +=
				entry.range.size;
			want.buffers[std::to_underlying(entry.state)]++;
			want.scrubbed -= entry.range.size;
		}
		ASSERT_EQ(table.totals(), want);
		ASSERT_EQ(table.size(), model.size());
		ASSERT_EQ(table.of_owner(owner),
			  std::ranges::count_if(model, [&](const auto &pair) {
				  return pair.second.owner == owner;
			  }));

		const std::uint32_t handle = random() % 2 ? last : random();
		const auto above = model.upper_bound(handle);
		const Buffer *next = table.next(handle);

		ASSERT_EQ(next != nullptr, above != model.end());
		ASSERT_TRUE(!next || next->handle == above->first);
		ASSERT_EQ(table.find(handle) != nullptr, model.contains(handle));
	}

	std::uint32_t highest = std::get<1>(GetParam());
	std::uint32_t last = highest - std::min(highest, 500u);
	std::mt19937 random{std::get<0>(GetParam())};
	BufferTable table{last + 1, highest};
	std::map<std::uint32_t, Entry> model;
	std::set<Refused> refusals;
	std::uint64_t scrubbed = 0;	// when the model is empty
	unsigned jumps = 0;
};

TEST_P(BufferTableProperty, agrees_with_a_naive_model)
{
	for (int op = 0; op < 25000; op++) {
		// The odds swing, so that the table fills and empties.
		const unsigned what = random() % (op / 2500 % 2 ? 16 : 10);

		if (what < 5)
			create();
		else if (random() % 100 == 0)
			revoke();
		else
			touch(random() % 8 % 5);
		if (op % 20 == 0) {
			compare();
			ASSERT_TRUE(table.check());
		}
		if (HasFatalFailure())
			FAIL() << "op " << op;
	}
	// Else it was not put to the test.
	EXPECT_EQ(refusals.size(), highest < 100 ? 12u : 11u);
	EXPECT_LT(last, last_handle / 2);	// it went round
	EXPECT_TRUE(highest > 100 || jumps > 1000) << jumps;
}

INSTANTIATE_TEST_SUITE_P(seeds, BufferTableProperty,
			 testing::Combine(testing::Values(1u, 2u, 3u, 4u),
					  testing::Values(20u, 60u, last_handle)));

} // namespace
