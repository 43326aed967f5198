// SPDX-License-Identifier: GPL-2.0
/* The table of buffers: each rule by example. buffer_table_model_test.cc has them together. */

#include "core/buffer_table.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <vector>

namespace {

using namespace vskms::heap;
using State = Buffer::State;

constexpr std::uint64_t MiB = 1 << 20;
constexpr std::uint64_t base = 0x60000000;
constexpr std::uint64_t heap = 7;
constexpr std::uint64_t other_heap = 8;
constexpr std::uint64_t last_address = ~0ull;
constexpr std::uint32_t last_handle = ~0u;
constexpr std::uint64_t generation = 5;

/* Refused{} is no refusal. */
template <typename T>
Refused refusal_of(const std::expected<T, Refused> &result)
{
	return result ? Refused{} : result.error();
}

class BufferTableTest : public testing::Test {
protected:
	void TearDown() override { EXPECT_TRUE(table->check()); }

	void begin(std::uint32_t first, std::uint32_t highest = last_handle)
	{
		table = std::make_unique<BufferTable>(first, highest);
	}

	/* A buffer that must be had, else 0. */
	std::uint32_t create(Extent range, std::uint64_t owner = heap)
	{
		std::unique_ptr<Buffer> blank = Buffer::blank();
		const auto handle = table->create(blank, owner, range, generation);

		EXPECT_TRUE(handle.has_value());
		EXPECT_FALSE(blank);
		return handle ? *handle : 0;
	}

	/* One of a MiB each, from the base on; for whom only the handle matters. */
	std::uint32_t create() { return create({base + MiB * created++, MiB}); }

	Refused create_refusal(Extent range)
	{
		std::unique_ptr<Buffer> blank = Buffer::blank();
		const BufferTotals before = table->totals();
		const Refused why = refusal_of(table->create(blank, heap, range, generation));

		EXPECT_TRUE(blank);	// still the caller's
		EXPECT_EQ(table->totals(), before);
		EXPECT_TRUE(table->check());
		return why;
	}

	void free(std::uint32_t handle)
	{
		const auto range = table->begin_free(handle);

		ASSERT_TRUE(range);
		ASSERT_TRUE(table->finish_free(handle, range->size));
	}

	Refused pin(std::uint32_t handle) { return refusal_of(table->pin(handle)); }
	Refused unpin(std::uint32_t handle) { return refusal_of(table->unpin(handle)); }
	Refused begin_free(std::uint32_t handle) { return refusal_of(table->begin_free(handle)); }
	Refused finish_free(std::uint32_t handle, std::uint64_t scrubbed)
	{
		return refusal_of(table->finish_free(handle, scrubbed));
	}

	std::vector<std::uint32_t> handles() const
	{
		std::vector<std::uint32_t> found;

		table->for_each([&](const Buffer &at) { found.push_back(at.handle); });
		return found;
	}

	std::unique_ptr<BufferTable> table = std::make_unique<BufferTable>();
	std::uint64_t created = 0;
};

using Handles = std::vector<std::uint32_t>;

TEST_F(BufferTableTest, empty_table_knows_nothing)
{
	EXPECT_EQ(table->size(), 0u);
	EXPECT_EQ(table->totals(), BufferTotals());
	EXPECT_EQ(table->find(0), nullptr);
	EXPECT_EQ(table->next(0), nullptr);
	EXPECT_EQ(table->of_owner(heap), 0u);
	EXPECT_EQ(table->revoke(heap), 0u);
}

TEST_F(BufferTableTest, buffer_is_what_was_noted)
{
	const std::uint32_t handle = create({base, MiB});
	const Buffer *buffer = table->find(handle);

	ASSERT_TRUE(buffer);
	EXPECT_EQ(handle, 1u);
	EXPECT_EQ(buffer->handle, handle);
	EXPECT_EQ(buffer->owner, heap);
	EXPECT_EQ(buffer->range, (Extent{base, MiB}));
	EXPECT_EQ(buffer->generation, generation);
	EXPECT_EQ(buffer->state, State::allocated);
	EXPECT_EQ(buffer->grants, 0u);
	EXPECT_FALSE(buffer->wiped);
	EXPECT_EQ(table->totals().live, MiB);
	EXPECT_EQ(table->totals().in(State::allocated), 1u);
}

TEST_F(BufferTableTest, no_memory_refused)
{
	std::unique_ptr<Buffer> none;

	EXPECT_EQ(refusal_of(table->create(none, heap, {base, MiB}, generation)),
		  Refused::no_memory);
}

TEST_F(BufferTableTest, empty_or_unaddressable_range_refused)
{
	EXPECT_EQ(create_refusal({base, 0}), Refused::outside);
	EXPECT_EQ(create_refusal({last_address, 2}), Refused::outside);
	EXPECT_EQ(create_refusal({2, last_address}), Refused::outside);
}

TEST_F(BufferTableTest, overlap_is_exact_to_the_byte)
{
	create({100, 10});
	create({200, 10}, other_heap);
	for (const Extent range : {Extent{100, 10}, Extent{109, 1}, Extent{99, 2}, Extent{105, 1},
				   Extent{0, 1000}, Extent{0, 101}, Extent{150, 51},
				   Extent{209, 1000}, Extent{0, last_address}})
		EXPECT_EQ(create_refusal(range), Refused::overlap) << range.address;
	create({99, 1});
	create({110, 90});
	create({210, last_address - 209});
	create({0, 99});
	EXPECT_EQ(create_refusal({last_address, 1}), Refused::overlap);
}

TEST_F(BufferTableTest, range_is_taken_until_it_is_scrubbed)
{
	const std::uint32_t handle = create({base, 4 * MiB});
	const Extent part = {base + 3 * MiB, MiB};

	EXPECT_EQ(table->begin_free(handle), (Extent{base, 4 * MiB}));
	EXPECT_EQ(create_refusal(part), Refused::overlap);
	EXPECT_EQ(finish_free(handle, 3 * MiB), Refused::dirty);
	EXPECT_EQ(create_refusal(part), Refused::overlap);
	EXPECT_EQ(finish_free(handle, 4 * MiB), Refused{});
	EXPECT_NE(create(part), handle);
}

TEST_F(BufferTableTest, pinned_buffer_is_busy)
{
	const std::uint32_t handle = create();

	EXPECT_EQ(pin(handle), Refused{});
	EXPECT_EQ(pin(handle), Refused{});
	EXPECT_EQ(table->find(handle)->grants, 2u);
	EXPECT_EQ(begin_free(handle), Refused::busy);
	EXPECT_EQ(unpin(handle), Refused{});
	EXPECT_EQ(begin_free(handle), Refused::busy);
	EXPECT_EQ(unpin(handle), Refused{});
	EXPECT_EQ(begin_free(handle), Refused{});
}

TEST_F(BufferTableTest, unpinned_too_often_refused)
{
	const std::uint32_t handle = create();

	EXPECT_EQ(unpin(handle), Refused::not_pinned);
	EXPECT_EQ(pin(handle), Refused{});
	EXPECT_EQ(unpin(handle), Refused{});
	EXPECT_EQ(unpin(handle), Refused::not_pinned);
	EXPECT_EQ(begin_free(handle), Refused{});
	EXPECT_EQ(unpin(handle), Refused::not_pinned);
}

TEST_F(BufferTableTest, revoked_buffers_take_no_more_pins)
{
	const std::uint32_t idle = create();
	const std::uint32_t used = create();
	const std::uint32_t dying = create();
	const std::uint32_t others = create({base + 64 * MiB, MiB}, other_heap);

	EXPECT_EQ(pin(used), Refused{});
	EXPECT_EQ(begin_free(dying), Refused{});
	EXPECT_EQ(table->revoke(heap), 2u);
	EXPECT_EQ(table->revoke(heap), 0u);
	EXPECT_EQ(pin(idle), Refused::revoked);
	EXPECT_EQ(pin(used), Refused::revoked);
	EXPECT_EQ(pin(dying), Refused::dying);
	EXPECT_EQ(pin(others), Refused{});
	EXPECT_EQ(begin_free(used), Refused::busy);
	EXPECT_EQ(unpin(used), Refused{});
	free(used);
	free(idle);
	EXPECT_EQ(finish_free(dying, MiB), Refused{});
}

TEST_F(BufferTableTest, buffers_after_a_revocation_are_allocated)
{
	create();
	EXPECT_EQ(table->revoke(heap), 1u);

	const std::uint32_t after = create();

	EXPECT_EQ(pin(after), Refused{});
	EXPECT_EQ(table->totals().in(State::revoked), 1u);
	EXPECT_EQ(table->totals().in(State::allocated), 1u);
	EXPECT_EQ(table->revoke(heap), 1u);
}

TEST_F(BufferTableTest, extreme_owners_are_kept_apart)
{
	create({0, 1}, 0);
	create({1, 1}, last_address);
	create({2, 1}, last_address);
	EXPECT_EQ(table->of_owner(0), 1u);
	EXPECT_EQ(table->of_owner(1), 0u);
	EXPECT_EQ(table->of_owner(last_address), 2u);
	EXPECT_EQ(table->revoke(last_address), 2u);
	EXPECT_EQ(table->revoke(0), 1u);
}

TEST_F(BufferTableTest, freeing_twice_or_out_of_order_refused)
{
	const std::uint32_t handle = create();

	EXPECT_EQ(finish_free(handle, MiB), Refused::not_dying);
	EXPECT_EQ(table->revoke(heap), 1u);
	EXPECT_EQ(finish_free(handle, MiB), Refused::not_dying);
	EXPECT_EQ(begin_free(handle), Refused{});
	EXPECT_EQ(begin_free(handle), Refused::dying);
	EXPECT_EQ(finish_free(handle, MiB), Refused{});
	EXPECT_EQ(finish_free(handle, MiB), Refused::unknown);
	EXPECT_EQ(begin_free(handle), Refused::unknown);
}

TEST_F(BufferTableTest, anything_but_all_bytes_is_dirty)
{
	const std::uint32_t handle = create();

	EXPECT_EQ(begin_free(handle), Refused{});
	for (const std::uint64_t scrubbed : {std::uint64_t{0}, MiB - 1, MiB + 1, last_address})
		EXPECT_EQ(finish_free(handle, scrubbed), Refused::dirty);
	EXPECT_EQ(table->totals().unscrubbed, MiB);
	EXPECT_EQ(table->totals().scrubbed, 0u);
	EXPECT_EQ(finish_free(handle, MiB), Refused{});
}

TEST_F(BufferTableTest, what_is_given_back_is_wiped_and_may_be_used_again)
{
	const std::uint32_t handle = create();

	EXPECT_EQ(begin_free(handle), Refused{});

	auto buffer = table->finish_free(handle, MiB);

	ASSERT_TRUE(buffer);
	EXPECT_TRUE((*buffer)->wiped);
	EXPECT_EQ((*buffer)->range, (Extent{base, MiB}));
	EXPECT_EQ((*buffer)->handle, handle);
	ASSERT_EQ(table->create(*buffer, other_heap, {0, 1}, 1), handle + 1);
	EXPECT_FALSE(table->find(handle + 1)->wiped);
	EXPECT_EQ(table->find(handle + 1)->state, State::allocated);
}

TEST_F(BufferTableTest, unknown_handles_refused)
{
	const std::uint32_t gone = create();

	create();
	free(gone);
	for (const std::uint32_t handle : {0u, gone, gone + 2, last_handle}) {
		EXPECT_EQ(pin(handle), Refused::unknown);
		EXPECT_EQ(unpin(handle), Refused::unknown);
		EXPECT_EQ(begin_free(handle), Refused::unknown);
		EXPECT_EQ(finish_free(handle, MiB), Refused::unknown);
		EXPECT_EQ(table->find(handle), nullptr);
	}
}

TEST_F(BufferTableTest, totals_follow_a_buffers_life)
{
	const std::uint32_t handle = create();

	create();
	EXPECT_EQ(table->totals(), (BufferTotals{{2, 0, 0}, 2 * MiB, 0, 0}));
	table->revoke(heap);
	EXPECT_EQ(table->totals(), (BufferTotals{{0, 2, 0}, 2 * MiB, 0, 0}));
	EXPECT_EQ(begin_free(handle), Refused{});
	EXPECT_EQ(table->totals(), (BufferTotals{{0, 1, 1}, MiB, MiB, 0}));
	EXPECT_EQ(finish_free(handle, MiB), Refused{});
	EXPECT_EQ(table->totals(), (BufferTotals{{0, 1, 0}, MiB, 0, MiB}));
}

TEST_F(BufferTableTest, bytes_ever_scrubbed_stay_at_the_limit)
{
	for (int i = 0; i < 3; i++)
		free(create({0, 1ull << 63}));
	EXPECT_EQ(table->totals().scrubbed, last_address);
}

TEST_F(BufferTableTest, freed_handle_is_not_the_next_one)
{
	const std::uint32_t first = create();

	free(first);
	EXPECT_EQ(create(), first + 1);
	EXPECT_EQ(handles(), Handles{first + 1});
}

TEST_F(BufferTableTest, handles_begin_again_after_the_last_one)
{
	begin(last_handle - 1);
	EXPECT_EQ(create(), last_handle - 1);
	EXPECT_EQ(create(), last_handle);
	EXPECT_EQ(create(), 1u);
	EXPECT_EQ(create(), 2u);
	EXPECT_EQ(handles(), (Handles{1, 2, last_handle - 1, last_handle}));
}

TEST_F(BufferTableTest, handles_in_use_are_jumped_over)
{
	begin(1, 8);
	for (std::uint32_t handle = 1; handle <= 8; handle++)
		EXPECT_EQ(create(), handle);
	for (const std::uint32_t handle : {1u, 5u, 6u, 8u})
		free(handle);
	EXPECT_EQ(handles(), (Handles{2, 3, 4, 7}));	// as in the essay
	EXPECT_EQ(create(), 1u);
	EXPECT_EQ(create(), 5u);
	free(1);
	EXPECT_EQ(create(), 6u);
	EXPECT_EQ(create(), 8u);
	EXPECT_EQ(create(), 1u);
	free(8);
	EXPECT_EQ(create(), 8u);
}

TEST_F(BufferTableTest, long_run_across_the_end_is_jumped_over)
{
	begin(last_handle - 999);
	for (int i = 0; i < 2000; i++)
		create();
	EXPECT_EQ(handles().front(), 1u);
	EXPECT_EQ(handles().back(), last_handle);
	begin(1, 3000);
	for (int i = 0; i < 3000; i++)
		create();
	free(1500);
	EXPECT_EQ(create(), 1500u);
	free(1499);
	EXPECT_EQ(create(), 1499u);
}

TEST_F(BufferTableTest, all_handles_in_use_refused)
{
	begin(2, 3);
	EXPECT_EQ(create(), 2u);
	EXPECT_EQ(create(), 3u);
	EXPECT_EQ(create(), 1u);
	EXPECT_EQ(create_refusal({0, 1}), Refused::exhausted);
	EXPECT_EQ(begin_free(2), Refused{});
	EXPECT_EQ(create_refusal({0, 1}), Refused::exhausted);
	EXPECT_EQ(finish_free(2, MiB), Refused{});
	EXPECT_EQ(create(), 2u);
}

TEST_F(BufferTableTest, next_pages_through_all_of_them)
{
	begin(last_handle - 1);
	for (int i = 0; i < 5; i++)
		create();

	Handles found;

	for (const Buffer *at = table->next(0); at; at = table->next(at->handle))
		found.push_back(at->handle);
	EXPECT_EQ(found, handles());
	EXPECT_EQ(table->next(last_handle), nullptr);
}

} // namespace
