// SPDX-License-Identifier: GPL-2.0
/*
 * The table of protected buffers: which bytes are spoken for, and in what state they are.
 *
 * Goal. No byte belongs to two buffers, none is given out again before it was scrubbed, and a
 * number that stood for one buffer does not soon stand for another. A region knows its own pieces
 * only, and believes whoever frees one. The table knows the buffers of all heaps, and believes
 * nobody: it is a second book, kept apart from the first.
 *
 * Constraints. The caller holds a spinlock. So nothing here allocates: create() is brought a blank
 * buffer, and finish_free() gives one back to be freed after the lock is dropped. Scrubbing takes
 * milliseconds, so it cannot be done under the lock, and freeing takes two steps. Between them
 * the range is as taken as it ever was. Time runs down; each line but the scrubbing is one hold of
 * the lock:
 *
 *	the last reference goes		somebody else			[A, A + 4 MiB) is
 *	----------------------------	----------------------------	-----------------
 *	begin_free() -> the range					scrubbing
 *	  scrubs 3 MiB			create() there -> overlap	scrubbing
 *	finish_free(3 MiB) -> dirty					scrubbing
 *	  scrubs all of it						scrubbing
 *	finish_free(4 MiB) -> the Buffer				gone
 *	region.free()			create() there -> a handle	allocated
 *
 * How can somebody else ask for a range before the region has it back? Not at all, if all is well:
 * overlap is a bug caught, or two carve-outs that share memory. Memory that could not be scrubbed
 * just stays here: lost, and the safe side to err on.
 *
 * Overlap. No two ranges in the table overlap, so in order of first bytes they are in order of
 * last bytes, too.
 *
 * [1] Of those that begin at or before the last byte of a new range, the last in order reaches
 *     farthest. So that one overlaps the new range, or none does. One look is enough.
 *
 * Handles. A handle is 32 bits, as it is for people: they read it in debugfs and in the ledger, and
 * should find there what they meant. So handles are given in a circle, 1 to 2^32 - 1 and 1 again,
 * each the first from the last one on that no buffer has. To get to any handle again the circle
 * goes all the way round: each other one was given meanwhile, or was in use when it was passed. As
 * a buffer keeps its handle to the end, and does not end while it is pinned, none ever stands for
 * two. After the first lap there are handles in use ahead, in runs as long as there are buffers,
 * and they are jumped over, not walked:
 *
 *	handle		1   2   3   4   5   6   7   8		used: 2 3 4 7
 *	index		    0   1   2           3		its place in order, from 0
 *	free below	    1   1   1           3		handle - 1 - index
 *
 * [2] Along the order, the free ones below only become more. If f handles below some handle h are
 *     free, the first free one from h on has just these f below it; and of the used ones, just
 *     those with at most f free below them. If these are u, it is 1 + f + u. For h = 3, f is 1 and
 *     u is 3, and the first free one from 3 on is 5.
 *
 * Each subtree knows how many buffers it has, so f and u take one way down each.
 *
 * Exhaustion. Should all handles be in use, create() refuses. It cannot come to that: it takes
 * 2^32 - 1 buffers that share no byte, and regions give out no less than a page. That is 16 TiB of
 * protected memory, in nothing but single pages, and 608 GiB of the other kind for the Buffers.
 *
 * Cost. All are O(log n) for n buffers, by the bound in tree.hpp; but revoke() is O(k + log n) for
 * the owner's k buffers, which are neighbours in one tree. A Buffer is 152 bytes: a thousand need
 * 148 KiB.
 */
#pragma once

#include "buffer.hpp"
#include "grant.hpp"
#include "tree.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <memory>
#include <utility>

namespace vskms::heap {

class BufferTable {
public:
	/* Handles from 1 to @highest, beginning with @first. Tests begin, or end, elsewhere. */
	explicit BufferTable(std::uint32_t first = 1,
			     std::uint32_t highest =
				     std::numeric_limits<std::uint32_t>::max()) noexcept
		: last_(first - 1), highest_(highest)
	{
	}

	BufferTable(const BufferTable &) = delete;
	BufferTable &operator=(const BufferTable &) = delete;

	/* Buffers that are left are forgotten: the memory they lie in is the caller's. */
	~BufferTable()
	{
		by_handle_.drain([](Buffer &buffer) { delete &buffer; });
	}

	/*
	 * Note that @range was allocated for @owner, in its @generation. @blank is from
	 * Buffer::blank(), null if that failed, or from finish_free(); it is used up unless this is
	 * refused. The caller has @range from a region, and gives it back there after
	 * finish_free(), never before. Refused: no_memory, outside, overlap, exhausted.
	 */
	[[nodiscard]] std::expected<std::uint32_t, Refused>
	create(std::unique_ptr<Buffer> &blank, std::uint64_t owner, const Extent &range,
	       std::uint64_t generation) noexcept
	{
		if (!blank)
			return std::unexpected(Refused::no_memory);
		if (!addressable(range))
			return std::unexpected(Refused::outside);
		if (taken(range))
			return std::unexpected(Refused::overlap);
		if (count_ == highest_)
			return std::unexpected(Refused::exhausted);

		Buffer &buffer = *blank.release();

		// It may be what finish_free() gave back, and not blank.
		last_ = free_handle();
		buffer = {.handle = last_, .owner = owner, .range = range,
			  .generation = generation};
		by_handle_.insert(buffer);
		by_address_.insert(buffer);
		by_owner_.insert(buffer);
		count_++;
		in(buffer.state)++;
		totals_.live += range.size;
		return buffer.handle;
	}

	/* Hold a buffer for a grant. Refused: unknown, revoked, dying. */
	[[nodiscard]] std::expected<void, Refused> pin(std::uint32_t handle) noexcept
	{
		Buffer *const buffer = by_handle_.find(handle);

		if (!buffer)
			return std::unexpected(Refused::unknown);
		if (buffer->state == Buffer::State::revoked)
			return std::unexpected(Refused::revoked);
		if (buffer->state == Buffer::State::scrubbing)
			return std::unexpected(Refused::dying);
		// Does not wrap: each is a Grant in memory.
		buffer->grants++;
		return {};
	}

	/* The grant is gone. Refused, by a bug of the caller's: unknown, not_pinned. */
	[[nodiscard]] std::expected<void, Refused> unpin(std::uint32_t handle) noexcept
	{
		Buffer *const buffer = by_handle_.find(handle);

		if (!buffer)
			return std::unexpected(Refused::unknown);
		if (!buffer->grants)
			return std::unexpected(Refused::not_pinned);
		buffer->grants--;
		return {};
	}

	/* Let no buffer of @owner get a new grant. Returned is how many could until now. */
	std::size_t revoke(std::uint64_t owner) noexcept
	{
		Buffer *at = by_owner_.lower_bound(owner);
		std::size_t revoked = 0;

		for (; at && at->owner == owner; at = OwnerTree::next(*at)) {
			if (at->state != Buffer::State::allocated)
				continue;
			change(*at, Buffer::State::revoked);
			revoked++;
		}
		return revoked;
	}

	/*
	 * Begin to free a buffer, for good. What is returned is to be scrubbed, by the caller
	 * alone, without the lock. Refused: unknown, dying, busy.
	 */
	[[nodiscard]] std::expected<Extent, Refused> begin_free(std::uint32_t handle) noexcept
	{
		Buffer *const buffer = by_handle_.find(handle);

		if (!buffer)
			return std::unexpected(Refused::unknown);
		if (buffer->state == Buffer::State::scrubbing)
			return std::unexpected(Refused::dying);
		if (buffer->grants)
			return std::unexpected(Refused::busy);

		change(*buffer, Buffer::State::scrubbing);
		totals_.live -= buffer->range.size;
		totals_.unscrubbed += buffer->range.size;
		return buffer->range;
	}

	/*
	 * Forget a buffer of which @scrubbed bytes were scrubbed, if these are all. What is
	 * returned frees it, says what the region gets back, and should live until the lock is
	 * dropped. Refused: unknown, not_dying, dirty; then scrub it again, or leave it here.
	 */
	[[nodiscard]] std::expected<std::unique_ptr<Buffer>, Refused>
	finish_free(std::uint32_t handle, std::uint64_t scrubbed) noexcept
	{
		Buffer *const buffer = by_handle_.find(handle);

		if (!buffer)
			return std::unexpected(Refused::unknown);
		if (buffer->state != Buffer::State::scrubbing)
			return std::unexpected(Refused::not_dying);
		// More than all is no better: some of it was not ours to scrub.
		if (scrubbed != buffer->range.size)
			return std::unexpected(Refused::dirty);

		constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();

		by_handle_.erase(*buffer);
		by_address_.erase(*buffer);
		by_owner_.erase(*buffer);
		count_--;
		in(buffer->state)--;
		totals_.unscrubbed -= scrubbed;
		totals_.scrubbed += std::min(scrubbed, limit - totals_.scrubbed);
		buffer->wiped = true;
		return std::unique_ptr<Buffer>(buffer);
	}

	/* The buffer with this handle, or null. Valid in this hold of the lock. */
	[[nodiscard]] const Buffer *find(std::uint32_t handle) const noexcept
	{
		return by_handle_.find(handle);
	}

	/*
	 * The buffer with the lowest handle greater than @handle, or null: from 0 on, how to look
	 * at all of them though the lock is dropped in between.
	 */
	[[nodiscard]] const Buffer *next(std::uint32_t handle) const noexcept
	{
		return by_handle_.upper_bound(handle);
	}

	/* Call @visit for each buffer, in order of handle. It may not change the table. */
	template <std::invocable<const Buffer &> Visit>
	void for_each(Visit &&visit) const
	{
		for (const Buffer *at = by_handle_.first(); at; at = HandleTree::next(*at))
			visit(*at);
	}

	/* How many buffers of @owner there are, in any state. At 0 the heap may go. O(log n). */
	[[nodiscard]] std::size_t of_owner(std::uint64_t owner) const noexcept
	{
		const auto below = [&](const Buffer &at, auto) { return at.owner < owner; };
		const auto up_to = [&](const Buffer &at, auto) { return at.owner <= owner; };

		return leading<&Buffer::owners>(by_owner_, up_to) -
		       leading<&Buffer::owners>(by_owner_, below);
	}

	[[nodiscard]] std::size_t size() const noexcept { return count_; }
	[[nodiscard]] const BufferTotals &totals() const noexcept { return totals_; }

	/* For tests: do all invariants hold? O(n log n). */
	[[nodiscard]] bool check() const noexcept;

private:
	struct Handle {
		std::uint32_t operator()(const Buffer &buffer) const noexcept
		{
			return buffer.handle;
		}
	};

	struct First {
		std::uint64_t operator()(const Buffer &buffer) const noexcept
		{
			return buffer.range.address;
		}
	};

	struct Owner {
		std::uint64_t operator()(const Buffer &buffer) const noexcept
		{
			return buffer.owner;
		}
	};

	/* Keeps the number of nodes in each subtree: no more than handles, so 32 bits do. */
	template <std::uint32_t Buffer::*Nodes>
	struct Count {
		void operator()(Buffer &buffer, const Buffer *left,
				const Buffer *right) const noexcept
		{
			buffer.*Nodes = 1 + (left ? left->*Nodes : 0) + (right ? right->*Nodes : 0);
		}
	};

	using HandleTree = Tree<Buffer, &Buffer::by_handle, Handle, Count<&Buffer::handles>>;
	using AddressTree = Tree<Buffer, &Buffer::by_address, First>;
	using OwnerTree = Tree<Buffer, &Buffer::by_owner, Owner, Count<&Buffer::owners>>;

	/* How many nodes come before the first for which @holds, given its index, is false. */
	template <std::uint32_t Buffer::*Nodes, typename Counted, typename Predicate>
	static std::size_t leading(const Counted &tree, Predicate holds)
	{
		std::size_t before = 0;

		for (const Buffer *at = tree.root(); at;) {
			const Buffer *const left = Counted::child(*at, false);
			const std::size_t index = before + (left ? left->*Nodes : 0);
			const bool here = holds(*at, index);

			if (here)
				before = index + 1;
			at = Counted::child(*at, here);
		}
		return before;
	}

	/* Does any byte of @range, which is addressable, belong to a buffer? */
	bool taken(const Extent &range) const noexcept
	{
		const Buffer *const beyond = by_address_.upper_bound(last_byte(range));
		const Buffer *const at = beyond ? AddressTree::prev(*beyond) : by_address_.last();

		// Enough by [1].
		return at && last_byte(at->range) >= range.address;
	}

	/* The first handle in the circle, after the last one, that no buffer has. There is one. */
	std::uint32_t free_handle() const noexcept
	{
		const std::uint64_t ahead = free_from(std::uint64_t{last_} + 1);

		// Fewer than highest_ are in use, so if none ahead is free, one behind is.
		return static_cast<std::uint32_t>(ahead <= highest_ ? ahead : free_from(1));
	}

	/* The first free handle from @handle on, by [2]; it may be one above the highest. */
	std::uint64_t free_from(std::uint64_t handle) const noexcept
	{
		const auto below = [&](const Buffer &at, auto) { return at.handle < handle; };
		const std::uint64_t free =
			handle - 1 - leading<&Buffer::handles>(by_handle_, below);
		const auto passed = [&](const Buffer &at, std::size_t index) {
			return at.handle - 1 - index <= free;
		};

		return 1 + free + leading<&Buffer::handles>(by_handle_, passed);
	}

	std::size_t &in(Buffer::State state) noexcept
	{
		return totals_.buffers[std::to_underlying(state)];
	}

	void change(Buffer &buffer, Buffer::State state) noexcept
	{
		in(buffer.state)--;
		in(state)++;
		buffer.state = state;
	}

	HandleTree by_handle_;
	AddressTree by_address_;
	OwnerTree by_owner_;
	std::size_t count_ = 0;
	std::uint32_t last_;		// the last handle given
	std::uint32_t highest_;
	BufferTotals totals_;
};

inline bool BufferTable::check() const noexcept
{
	BufferTotals totals = {.scrubbed = totals_.scrubbed};
	const Buffer *below = nullptr;
	std::size_t handles = 0;
	std::size_t addresses = 0;
	std::size_t owners = 0;

	if (!by_handle_.check() || !by_address_.check() || !by_owner_.check())
		return false;
	for (const Buffer *at = by_handle_.first(); at; at = HandleTree::next(*at)) {
		const bool dying = at->state == Buffer::State::scrubbing;

		if (!at->handle || at->handle > highest_ || by_handle_.find(at->handle) != at)
			return false;
		if (at->state >= Buffer::State::count || at->wiped || (dying && at->grants))
			return false;
		totals.buffers[std::to_underlying(at->state)]++;
		(dying ? totals.unscrubbed : totals.live) += at->range.size;
		handles++;
	}
	// What is in the other trees is in this one, so with the same count it is the same.
	for (const Buffer *at = by_address_.first(); at; below = at, at = AddressTree::next(*at)) {
		if (!addressable(at->range) || by_handle_.find(at->handle) != at)
			return false;
		if (below && last_byte(below->range) >= at->range.address)
			return false;
		addresses++;
	}
	for (const Buffer *at = by_owner_.first(); at; at = OwnerTree::next(*at)) {
		if (by_handle_.find(at->handle) != at)
			return false;
		owners++;
	}
	return handles == count_ && addresses == count_ && owners == count_ && totals == totals_ &&
	       (!by_handle_.root() || by_handle_.root()->handles == count_) &&
	       (!by_owner_.root() || by_owner_.root()->owners == count_) &&
	       by_handle_.height() <= max_height(count_) &&
	       by_address_.height() <= max_height(count_) &&
	       by_owner_.height() <= max_height(count_);
}

} // namespace vskms::heap
