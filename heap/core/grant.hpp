// SPDX-License-Identifier: GPL-2.0
/*
 * Grants: what the firewall keeps, and the words it is asked and answers in.
 *
 *	Session		a heap, from one revocation to the next; owned by the heap
 *	  Grant		a live device mapping of a protected buffer; owned by the firewall
 *	    Window	a short-lived opening of a grant; a value, owned by the virtual device
 *
 * Each outlives what is below it: a session its grants, a grant its windows. The firewall
 * sees to the second by refusing to remove a grant, the heap to the first by staying.
 *
 * Why a grant has an id, and which. Addresses do not identify a mapping: two mappings of one
 * buffer share them, and the next buffer gets them again. Pointers are used again, too. An id
 * is 64 bits and never is: the first grant's is 1, the next one's 2. So a stale id is not
 * mistaken for anything else, whoever still holds it and for how long, and nothing need be
 * counted to know when it may be reused. The last id is 2^64 - 1. At a million grants a second
 * it is given after 584,000 years; then create() refuses, rather than begin again.
 */
#pragma once

#include "region.hpp"
#include "tree.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace vskms::heap {

/*
 * The ways bytes may go: a set of flags. These are not the values of the kernel's
 * dma_data_direction, where both ways is 0 and a flag test means nothing.
 */
enum class Direction : std::uint8_t {
	none = 0,
	to_device = 1,		// the device reads memory
	from_device = 2,	// the device writes memory
	bidirectional = to_device | from_device,
};

[[nodiscard]] constexpr Direction operator&(Direction a, Direction b) noexcept
{
	return static_cast<Direction>(std::to_underlying(a) & std::to_underlying(b));
}

/* Is @some a way or two, and each of them in @all? Never, if it has bits that are no way. */
[[nodiscard]] constexpr bool within(Direction some, Direction all) noexcept
{
	return some != Direction::none && (some & all & Direction::bidirectional) == some;
}

/*
 * What a mapping gets that asks for @requested where @policy admits so much, or nothing if that
 * is nothing. PRIME always asks for both ways: refusing it would be refusing every display.
 */
[[nodiscard]] constexpr std::optional<Direction> narrow(Direction requested,
							Direction policy) noexcept
{
	const Direction left = requested & policy & Direction::bidirectional;

	return left == Direction::none ? std::nullopt : std::optional(left);
}

/* Why the firewall did not do what it was asked. A refusal has changed nothing. */
enum class Refusal : std::uint8_t {
	unknown = 1,		// no grant ever had this id
	stale,			// the grant that had this id was removed
	unmapped,		// the grant was stopped because the mapping ends,
	delisted,		//   or its master is no longer trusted by the heap,
	freed,			//   or the memory is about to be scrubbed or freed
	wrong_generation,	// not the heap's generation: it was revoked since
	wrong_direction,	// a way that the grant does not have, or none at all
	outside,		// empty, or not all inside the grant or the address space
	busy,			// windows are open
	not_open,		// this window is closed already, or never was open
	no_memory,		// the caller had no memory for a grant
	exhausted,		// all ids have been given
};

enum class GrantId : std::uint64_t {
	none = 0,		// no grant's
};

/* The last byte of a range that is not empty. One past it may be 2^64, which does not fit. */
[[nodiscard]] constexpr std::uint64_t last_byte(const Extent &range) noexcept
{
	return range.address + (range.size - 1);
}

/* Is @range neither empty nor beyond the last address? */
[[nodiscard]] constexpr bool addressable(const Extent &range) noexcept
{
	return range.size &&
	       range.size - 1 <= std::numeric_limits<std::uint64_t>::max() - range.address;
}

/*
 * What a mapping claims. A value, copied into the grant. The firewall compares master and never
 * looks behind it, so what it stands for may be gone; attachment it only reports.
 */
struct Claim {
	std::uint64_t master;
	std::uint64_t attachment;
	Extent range;			// physical
	Direction direction;		// narrowed already
	std::uint64_t generation;	// the buffer's: the session's when it was allocated
};

class Session;

/*
 * A live device mapping. Made blank by the caller, who owns it until create() takes it; then
 * the firewall's, until remove() gives it back to be freed. Its session must outlive it. No
 * pointer to it need be kept elsewhere: others know it by its id.
 */
struct Grant {
	enum class Stop : std::uint8_t { none, unmapped, delisted, freed };

	Claim claim = {};
	Session *session = nullptr;
	GrantId id = GrantId::none;
	std::uint64_t windows = 0;	// open now
	std::uint64_t tickets = 0;	// of those, the sum, modulo 2^64
	std::uint64_t reach = 0;	// of this subtree by address, the last byte of any grant
	Stop stop = Stop::none;		// why it was stopped; set while alive, once
	TreeHook<Grant> by_id = {};
	TreeHook<Grant> by_address = {};
	TreeHook<Grant> by_master = {};
	TreeHook<Grant> by_generation = {};

	/*
	 * Memory for one grant, or null. This is all that ever allocates, and it may sleep; it
	 * touches nothing shared, so it is called before the firewall's lock is taken.
	 */
	[[nodiscard]] static std::unique_ptr<Grant> blank() noexcept
	{
		// Not by std::nothrow, which is an object in libstdc++ that the kernel lacks.
		return std::unique_ptr<Grant>(new (std::nothrow_t{}) Grant);
	}

	/* Why no more windows are opened, or nothing while they are. */
	[[nodiscard]] std::optional<Refusal> dead() const noexcept;
};

static_assert(sizeof(void *) != 8 || sizeof(Grant) == 224);

/*
 * A heap as the firewall knows it: the generation that is valid, and the grants. Owned by the
 * heap, which keeps it where it is until the last of its grants has been removed: a grant asks
 * its session at each window. Buffers and user space take the generation from here, under the
 * firewall's lock, so there is no second copy to disagree.
 */
class Session {
public:
	explicit Session(std::uint64_t generation = 1) noexcept : generation_(generation) {}

	Session(const Session &) = delete;
	Session &operator=(const Session &) = delete;
	~Session() = default;

	[[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

	/* Grants not yet removed, dead ones included. At 0 the session may go. */
	[[nodiscard]] std::size_t grants() const noexcept { return grants_; }

	/* For tests: do all invariants hold, and is @grant here? O(n), O(log n). */
	[[nodiscard]] bool check() const noexcept;
	[[nodiscard]] bool contains(const Grant &grant) const noexcept;

private:
	friend class Firewall;

	struct Master {
		std::uint64_t operator()(const Grant &grant) const noexcept
		{
			return grant.claim.master;
		}
	};

	struct Generation {
		std::uint64_t operator()(const Grant &grant) const noexcept
		{
			return grant.claim.generation;
		}
	};

	// One key, many grants: those of a master, or a generation, are neighbours.
	using MasterTree = Tree<Grant, &Grant::by_master, Master>;
	using GenerationTree = Tree<Grant, &Grant::by_generation, Generation>;

	void add(Grant &grant) noexcept
	{
		grant.session = this;
		by_master_.insert(grant);
		by_generation_.insert(grant);
		grants_++;
	}

	void drop(Grant &grant) noexcept
	{
		by_master_.erase(grant);
		by_generation_.erase(grant);
		grants_--;
	}

	MasterTree by_master_;
	GenerationTree by_generation_;
	std::uint64_t generation_;
	std::size_t grants_ = 0;
};

inline std::optional<Refusal> Grant::dead() const noexcept
{
	switch (stop) {
	case Stop::none:
		break;
	case Stop::unmapped:
		return Refusal::unmapped;
	case Stop::delisted:
		return Refusal::delisted;
	case Stop::freed:
		return Refusal::freed;
	}
	if (claim.generation != session->generation())
		return Refusal::wrong_generation;
	return std::nullopt;
}

/*
 * A part of a grant, opened for one access. A value that says what was opened and must be given
 * to close() once; a copy is the same window. It holds the grant in place, as one of the
 * windows counted there, and the memory with it.
 */
struct Window {
	GrantId grant;
	std::uint64_t ticket;		// the first window ever has 1, the next one 2
	Extent range;			// physical; empty in no open window
	Direction direction;		// what was asked for, not all that is granted
};

/* What a stop did. */
struct Stopped {
	std::size_t grants = 0;		// alive before and dead now
	std::uint64_t windows = 0;	// still open on the grants concerned: to be waited for
};

/* What is and what has been, for the ledger. */
struct Counters {
	std::size_t grants = 0;		// not yet removed, dead ones included
	std::size_t most_grants = 0;	// at one time, ever
	std::uint64_t windows = 0;	// open now
	std::uint64_t most_windows = 0;	// at one time, ever
	std::uint64_t granted = 0;	// grants ever
	std::uint64_t opened = 0;	// windows ever
	std::uint64_t refused = 0;	// windows refused
};

inline bool Session::check() const noexcept
{
	std::size_t masters = 0;
	std::size_t generations = 0;

	if (!by_master_.check() || !by_generation_.check())
		return false;
	for (const Grant *at = by_master_.first(); at; at = MasterTree::next(*at)) {
		if (at->session != this)
			return false;
		masters++;
	}
	for (const Grant *at = by_generation_.first(); at; at = GenerationTree::next(*at)) {
		if (at->session != this || at->claim.generation > generation_)
			return false;
		generations++;
	}
	return masters == grants_ && generations == grants_ &&
	       by_master_.height() <= max_height(grants_) &&
	       by_generation_.height() <= max_height(grants_);
}

inline bool Session::contains(const Grant &grant) const noexcept
{
	const auto top = [&](TreeHook<Grant> Grant::*hook) {
		const Grant *at = &grant;

		while (const Grant *up = (at->*hook).parent)
			at = up;
		return at;
	};

	return top(&Grant::by_master) == by_master_.root() &&
	       top(&Grant::by_generation) == by_generation_.root();
}

} // namespace vskms::heap
