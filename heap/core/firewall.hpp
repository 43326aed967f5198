// SPDX-License-Identifier: GPL-2.0
/*
 * The firewall of the secure bus: who may touch which protected bytes, now.
 *
 * Goal. A virtual device reaches protected memory only through a window, which it opens on a
 * grant and closes a moment later. When a mapping ends, a heap is revoked, a master is
 * delisted or memory is scrubbed or freed, no window may be open on it, and none may come.
 *
 * Constraints. The firewall takes no lock and never waits: the C caller holds one around each
 * call, and waits without it. Windows are opened where fences are signalled, by code that may
 * not wait for memory, directly or through a lock. So nothing here allocates: create() is
 * brought a blank grant, and remove() gives one back to be freed after the lock is dropped.
 *
 * Stop, then wait. Every way to end access is the same two steps. A stop marks the grants
 * concerned, so that they open no more windows, and says how many are still open. The caller
 * drops the lock until they are closed. Time runs down; each line is one hold of the lock:
 *
 *	the display			the exporter's unmap		windows	  grant
 *	---------------------------	---------------------------	-------	  ---------
 *	open() -> a window					        1	  live
 *	  reads lines			stop() -> 1 open		1	  unmapped
 *	  reads lines			remove() -> busy, waits		1	  unmapped
 *	open() -> refused, unmapped	  .				1	  unmapped
 *	close() -> true, wakes ....	  .				0	  unmapped
 *					remove() -> done		-	  gone
 *	open() -> refused, stale					-	  gone
 *
 * In the other order, stop() finds 0 open and need not wait. There is no third order, as open()
 * looks at the mark and counts in the same hold of the lock. The wait ends: the count of a dead
 * grant only falls, and whoever holds a window waits for nothing. An open window stays as
 * valid as it was: its bytes are there until the wait is over, whatever was stopped.
 *
 * What kills a grant. Unmap, delisting and free mark it. Revocation marks nothing: it advances
 * the session's generation, with which open() compares the grant's. So all grants of the old
 * one die at one instant, and none of the next can be among them. What is dead keeps the cause
 * it died of, and nothing revives it: a master that is listed again needs a new mapping.
 *
 * Counting windows. open() and close() keep a count per grant. A window closed twice would take
 * the place of another that is still open, and the grant would look idle too early: the worst
 * that could happen here. So each window has a ticket, a number never given twice, and the
 * grant has the sum of those that are out; close() brings the count to zero only where it brings
 * the sum there [1]. Say that a stray close, of a, was counted, and the count is down to 1. In
 * truth two are open, x and y, and the sum is x + y - a. To close x now takes y = a, but a is
 * closed and y is open; to close y takes x = a. Both are refused. So one stray close per grant
 * never makes it look idle. At best the stray close is refused itself; at worst the grant
 * stays busy for good: a leak, and the safe side to err on. The bug is the caller's either
 * way, and it should be loud about not_open.
 *
 * Cost, for n grants not yet removed. create, open, close, stop and remove: O(log n), by the
 * bound in tree.hpp. To stop, or to count the windows of, the k grants of a master in a session,
 * or of a generation: O(k + log n), as they are neighbours in one tree. Those that overlap a
 * buffer: the same, as grant_map.hpp shows. A grant is 224 bytes: a thousand mappings need
 * 219 KiB, and nothing else grows.
 */
#pragma once

#include "grant.hpp"
#include "grant_map.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <memory>
#include <utility>

namespace vskms::heap {

class Firewall {
public:
	/* The first grant gets the id after @last. Tests begin where ids end. */
	explicit Firewall(GrantId last = GrantId::none) noexcept : last_(last) {}

	Firewall(const Firewall &) = delete;
	Firewall &operator=(const Firewall &) = delete;

	/* Grants that are left are freed: there must be no device any more, but all sessions. */
	~Firewall()
	{
		while (Grant *grant = by_id_.first())
			static_cast<void>(take_out(*grant));
	}

	/*
	 * Grant what @claim says, in @session. @blank is from Grant::blank(), null if that failed,
	 * or from remove(); it is used up unless this is refused. The caller has asked the heap's
	 * policy in the same hold of the lock, else a delisting could come between. Refused:
	 * no_memory, outside, wrong_direction, wrong_generation (a buffer of before the
	 * revocation), exhausted.
	 */
	[[nodiscard]] std::expected<GrantId, Refusal>
	create(std::unique_ptr<Grant> &blank, Session &session, const Claim &claim) noexcept
	{
		if (!blank)
			return std::unexpected(Refusal::no_memory);
		if (!addressable(claim.range))
			return std::unexpected(Refusal::outside);
		if (!within(claim.direction, Direction::bidirectional))
			return std::unexpected(Refusal::wrong_direction);
		if (claim.generation != session.generation())
			return std::unexpected(Refusal::wrong_generation);
		if (std::to_underlying(last_) == std::numeric_limits<std::uint64_t>::max())
			return std::unexpected(Refusal::exhausted);

		Grant &grant = *blank.release();

		// It may be what remove() gave back, and not blank.
		last_ = GrantId{std::to_underlying(last_) + 1};
		grant = {.claim = claim, .id = last_};
		by_id_.insert(grant);
		by_address_.insert(grant);
		session.add(grant);
		counters_.granted++;
		counters_.grants++;
		counters_.most_grants = std::max(counters_.most_grants, counters_.grants);
		return grant.id;
	}

	/*
	 * Open @len bytes at @offset of a grant. The memory stays the caller's to access, in
	 * this direction, until close(); so close soon, and wait for nothing before. A refusal
	 * is a violation: unknown, stale, unmapped, delisted, freed, wrong_generation,
	 * wrong_direction, outside.
	 */
	[[nodiscard]] std::expected<Window, Refusal> open(GrantId id, std::uint64_t offset,
							  std::uint64_t len,
							  Direction direction) noexcept
	{
		Grant *const grant = by_id_.find(id);

		if (!grant)
			return refuse(absent(id));
		if (const auto why = grant->dead())
			return refuse(*why);
		if (!within(direction, grant->claim.direction))
			return refuse(Refusal::wrong_direction);

		const Extent &all = grant->claim.range;

		// Nothing is added up before it is known to fit, so nothing wraps.
		if (!len || offset > all.size || len > all.size - offset)
			return refuse(Refusal::outside);

		// Windows ever opened: does not wrap either, by the arithmetic of ids.
		const std::uint64_t ticket = ++counters_.opened;

		grant->windows++;
		grant->tickets += ticket;
		counters_.windows++;
		counters_.most_windows = std::max(counters_.most_windows, counters_.windows);
		return Window{id, ticket, {all.address + offset, len}, direction};
	}

	/*
	 * Close a window. True if it was the last one of a dead grant: whoever waits should look
	 * again. Refused, by a bug of the caller's: unknown, stale, not_open.
	 */
	[[nodiscard]] std::expected<bool, Refusal> close(const Window &window) noexcept
	{
		Grant *const grant = by_id_.find(window.grant);

		if (!grant)
			return std::unexpected(absent(window.grant));
		// [1] The count is zero only where the sum is.
		if (!grant->windows || (grant->windows == 1 && grant->tickets != window.ticket))
			return std::unexpected(Refusal::not_open);

		grant->windows--;
		grant->tickets -= window.ticket;
		counters_.windows--;
		return !grant->windows && grant->dead();
	}

	/* Open no more windows on one grant, as its mapping ends. Refused: unknown, stale. */
	[[nodiscard]] std::expected<Stopped, Refusal> stop(GrantId id) noexcept
	{
		Grant *const grant = by_id_.find(id);

		if (!grant)
			return std::unexpected(absent(id));

		Stopped all;

		mark(*grant, Grant::Stop::unmapped, all);
		return all;
	}

	/* The same for every grant of @master in @session, as it is delisted there. */
	[[nodiscard]] Stopped stop_master(Session &session, std::uint64_t master) noexcept
	{
		Stopped all;

		each_of_master(session, master, [&](Grant &grant) {
			mark(grant, Grant::Stop::delisted, all);
		});
		return all;
	}

	/*
	 * The same for every grant that overlaps @range, in any session, before it is scrubbed
	 * or freed. What lies beyond the last address is ignored: better too much than nothing.
	 */
	[[nodiscard]] Stopped stop_range(const Extent &range) noexcept
	{
		Stopped all;

		by_address_.each(range, [&](Grant &grant) {
			mark(grant, Grant::Stop::freed, all);
		});
		return all;
	}

	/* The same for every grant of the session's generation, which ends; the next begins. */
	[[nodiscard]] Stopped revoke(Session &session) noexcept
	{
		Stopped all;

		each_of_generation(session, session.generation_, [&](Grant &grant) {
			all.grants += !grant.dead();
			all.windows += grant.windows;
		});
		session.generation_++;
		return all;
	}

	/*
	 * The windows that the caller of a stop waits for; it is over at 0. Of a master only dead
	 * grants count: it may have been listed again meanwhile, and its new ones are busy.
	 */
	[[nodiscard]] std::expected<std::uint64_t, Refusal> windows(GrantId id) const noexcept
	{
		const Grant *const grant = by_id_.find(id);

		if (!grant)
			return std::unexpected(absent(id));
		return grant->windows;
	}

	[[nodiscard]] std::uint64_t windows_of_master(const Session &session,
						      std::uint64_t master) const noexcept
	{
		std::uint64_t open = 0;

		each_of_master(session, master, [&](const Grant &grant) {
			open += grant.dead() ? grant.windows : 0;
		});
		return open;
	}

	[[nodiscard]] std::uint64_t windows_of_generation(const Session &session,
							  std::uint64_t generation) const noexcept
	{
		std::uint64_t open = 0;

		each_of_generation(session, generation,
				   [&](const Grant &grant) { open += grant.windows; });
		return open;
	}

	[[nodiscard]] std::uint64_t windows_in(const Extent &range) const noexcept
	{
		std::uint64_t open = 0;

		by_address_.each(range, [&](const Grant &grant) { open += grant.windows; });
		return open;
	}

	/* Is no window open at all? */
	[[nodiscard]] bool idle() const noexcept { return !counters_.windows; }

	/*
	 * Forget a grant that has no window open; it need not have been stopped. What is returned
	 * frees it, and should live until the lock is dropped. Refused: unknown, stale, busy.
	 */
	[[nodiscard]] std::expected<std::unique_ptr<Grant>, Refusal> remove(GrantId id) noexcept
	{
		Grant *const grant = by_id_.find(id);

		if (!grant)
			return std::unexpected(absent(id));
		if (grant->windows)
			return std::unexpected(Refusal::busy);
		return take_out(*grant);
	}

	/* Does any grant, live or dead, overlap @range? If so it cannot be freed. O(log n). */
	[[nodiscard]] bool any_in(const Extent &range) const noexcept
	{
		return by_address_.any(range);
	}

	/* The grant with this id, or null. Valid in this hold of the lock. */
	[[nodiscard]] const Grant *find(GrantId id) const noexcept { return by_id_.find(id); }

	/* Call @visit for each grant, in order of age. It may not change the firewall. */
	template <std::invocable<const Grant &> Visit>
	void for_each(Visit &&visit) const
	{
		for (const Grant *at = by_id_.first(); at; at = IdTree::next(*at))
			visit(*at);
	}

	[[nodiscard]] const Counters &counters() const noexcept { return counters_; }

	/* For tests: do all invariants hold? O(n log n). */
	[[nodiscard]] bool check() const noexcept;

private:
	struct Id {
		GrantId operator()(const Grant &grant) const noexcept { return grant.id; }
	};

	using IdTree = Tree<Grant, &Grant::by_id, Id>;

	Refusal absent(GrantId id) const noexcept
	{
		return id == GrantId::none || id > last_ ? Refusal::unknown : Refusal::stale;
	}

	std::unexpected<Refusal> refuse(Refusal why) noexcept
	{
		counters_.refused++;
		return std::unexpected(why);
	}

	static void mark(Grant &grant, Grant::Stop cause, Stopped &all) noexcept
	{
		all.windows += grant.windows;
		if (!grant.dead()) {
			grant.stop = cause;
			all.grants++;
		}
	}

	std::unique_ptr<Grant> take_out(Grant &grant) noexcept
	{
		counters_.windows -= grant.windows;	// not 0 only in the destructor
		counters_.grants--;
		grant.session->drop(grant);
		by_address_.erase(grant);
		by_id_.erase(grant);
		return std::unique_ptr<Grant>(&grant);
	}

	template <typename Visit>
	static void each_of_master(const Session &session, std::uint64_t master, Visit visit)
	{
		Grant *at = session.by_master_.lower_bound(master);

		for (; at && at->claim.master == master; at = Session::MasterTree::next(*at))
			visit(*at);
	}

	template <typename Visit>
	static void each_of_generation(const Session &session, std::uint64_t generation,
				       Visit visit)
	{
		Grant *at = session.by_generation_.lower_bound(generation);

		for (; at && at->claim.generation == generation;
		     at = Session::GenerationTree::next(*at))
			visit(*at);
	}

	IdTree by_id_;
	GrantMap by_address_;
	GrantId last_;		// given to a grant; the next one's is one more
	Counters counters_;
};

inline bool Firewall::check() const noexcept
{
	std::size_t grants = 0;
	std::size_t in_sessions = 0;
	std::uint64_t windows = 0;

	if (!by_id_.check() || !by_address_.check(counters_.grants))
		return false;
	for (const Grant *at = by_id_.first(); at; at = IdTree::next(*at)) {
		const Grant *const before = IdTree::prev(*at);

		if (at->id == GrantId::none || at->id > last_ || (before && before->id == at->id))
			return false;
		if (!within(at->claim.direction, Direction::bidirectional))
			return false;
		if (!at->windows && at->tickets)
			return false;
		if (!by_address_.contains(*at) || !at->session || !at->session->contains(*at))
			return false;
		// Once for each session that has grants.
		if (at->session->by_master_.first() == at) {
			if (!at->session->check())
				return false;
			in_sessions += at->session->grants();
		}
		windows += at->windows;
		grants++;
	}
	return grants == counters_.grants && in_sessions == grants &&
	       windows == counters_.windows && grants <= counters_.most_grants &&
	       windows <= counters_.most_windows && counters_.most_grants <= counters_.granted &&
	       counters_.most_windows <= counters_.opened &&
	       by_id_.height() <= max_height(grants);
}

} // namespace vskms::heap
