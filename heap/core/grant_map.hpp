// SPDX-License-Identifier: GPL-2.0
/*
 * The grants by physical address: which of them overlap a range?
 *
 * Grants overlap each other, so this is an interval tree: ordered by first byte, and each node
 * knows the last byte that any grant of its subtree reaches. Ranges are compared by their
 * first and last bytes, since one past the end of the highest range does not fit 64 bits.
 *
 *	            [30,39] ..79		first byte, last byte ..reach
 *	           /            \
 *	    [10,79] ..79      [50,59] ..59
 *	    /       \
 *	[5,9] ..9  [20,29] ..29
 *
 * What overlaps [55,60]? The root's left side reaches 79, so something there may: not [5,9], as it
 * reaches 9, but [10,79] does. [20,29] reaches 29: passed over. Then up, and [50,59].
 *
 * The search. Call a subtree hopeful if it reaches the range's first byte.
 *
 * [1] If a hopeful subtree has no overlapping grant, the grant that makes it hopeful begins
 *     beyond the range, and so do all that come after it in order, there and in the rest of
 *     the tree. So a search that enters a hopeful subtree and finds nothing is over: the walk
 *     in order need never come back from it empty-handed and look elsewhere.
 *
 * Cost. The first overlapping grant is found in one way down: O(log n). A whole walk, by [1],
 * visits the k that overlap, nodes on the way to one of these, and one last way that finds
 * nothing; and it passes a link at most once down and once up. That is O((k + 1) log n) at
 * most. Where the k are neighbours in order, a node on the way to one of them that is not one
 * itself comes before or after all of them, so it is also on the way to the first or to the
 * last: two paths, and O(k + log n) in all. So it is for a whole buffer, which is what is freed
 * and scrubbed: buffers are disjoint, so whatever begins in one is a mapping of it, and nothing
 * that begins below reaches in.
 */
#pragma once

#include "grant.hpp"
#include "tree.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace vskms::heap {

/* Owned by the firewall. It owns no grant, and holds each of the firewall's once. */
class GrantMap {
public:
	void insert(Grant &grant) noexcept { tree_.insert(grant); }
	void erase(Grant &grant) noexcept { tree_.erase(grant); }

	/* Does any grant overlap @range? An empty range overlaps nothing. O(log n). */
	[[nodiscard]] bool any(const Extent &range) const noexcept
	{
		const auto span = span_of(range);

		return span && first_below(tree_.root(), *span);
	}

	/*
	 * Call @visit for each grant that overlaps @range, in order of address. It may change
	 * them, but not their ranges. A range that ends beyond the last address ends there.
	 */
	template <typename Visit>
	void each(const Extent &range, Visit visit) const
	{
		const auto span = span_of(range);
		Grant *at = span ? first_below(tree_.root(), *span) : nullptr;

		for (; at; at = next(*at, *span))
			visit(*at);
	}

	/* For tests: does it hold so many grants, and @grant, and do all invariants hold? */
	[[nodiscard]] bool check(std::size_t grants) const noexcept;
	[[nodiscard]] bool contains(const Grant &grant) const noexcept;

private:
	struct First {
		std::uint64_t operator()(const Grant &grant) const noexcept
		{
			return grant.claim.range.address;
		}
	};

	/* Keeps Grant::reach. */
	struct Reach {
		void operator()(Grant &grant, const Grant *left, const Grant *right) const noexcept
		{
			grant.reach = farthest(grant, left, right);
		}

		static std::uint64_t farthest(const Grant &grant, const Grant *left,
					      const Grant *right) noexcept
		{
			return std::max({last_byte(grant.claim.range), left ? left->reach : 0,
					 right ? right->reach : 0});
		}
	};

	using AddressTree = Tree<Grant, &Grant::by_address, First, Reach>;

	/* A range by its ends, both included. */
	struct Span {
		std::uint64_t first;
		std::uint64_t last;

		bool hopeful(const Grant *subtree) const noexcept
		{
			return subtree && subtree->reach >= first;
		}

		bool before(const Grant &grant) const noexcept
		{
			return last < grant.claim.range.address;
		}

		bool after(const Grant &grant) const noexcept
		{
			return first > last_byte(grant.claim.range);
		}
	};

	static std::optional<Span> span_of(const Extent &range) noexcept
	{
		constexpr std::uint64_t end = std::numeric_limits<std::uint64_t>::max();

		if (!range.size)
			return std::nullopt;
		return Span{range.address, addressable(range) ? last_byte(range) : end};
	}

	/* The first grant in order, of the subtree @at, that overlaps @span, or null. */
	static Grant *first_below(Grant *at, const Span &span) noexcept
	{
		if (!span.hopeful(at))
			return nullptr;

		// [2] The subtree @at is hopeful. Left first, as that is the order, and for good,
		// by [1]. Where neither the left side nor the grant is what makes it so, the right
		// side is there and does. So this ends, in as many steps as the tree is high.
		for (;;) {
			Grant *const left = AddressTree::child(*at, false);

			if (span.hopeful(left))
				at = left;
			else if (span.before(*at))
				return nullptr;
			else if (!span.after(*at))
				return at;
			else
				at = AddressTree::child(*at, true);
		}
	}

	/* The next one after @grant, which overlaps @span too; or null. */
	static Grant *next(Grant &grant, const Span &span) noexcept
	{
		for (Grant *at = &grant;;) {
			Grant *const right = AddressTree::child(*at, true);
			const Grant *below;

			// For good, by [1].
			if (span.hopeful(right))
				return first_below(right, span);

			// Up to the first that comes after all of this subtree.
			do {
				below = at;
				at = at->by_address.parent;
			} while (at && AddressTree::child(*at, true) == below);

			if (!at || span.before(*at))
				return nullptr;
			if (!span.after(*at))
				return at;
		}
	}

	AddressTree tree_;
};

inline bool GrantMap::check(std::size_t grants) const noexcept
{
	std::size_t seen = 0;

	if (!tree_.check() || tree_.height() > max_height(grants))
		return false;
	for (const Grant *at = tree_.first(); at; at = AddressTree::next(*at)) {
		if (!addressable(at->claim.range))
			return false;
		if (at->reach != Reach::farthest(*at, AddressTree::child(*at, false),
						 AddressTree::child(*at, true)))
			return false;
		seen++;
	}
	return seen == grants;
}

inline bool GrantMap::contains(const Grant &grant) const noexcept
{
	const Grant *top = &grant;

	while (const Grant *up = top->by_address.parent)
		top = up;
	return top == tree_.root();
}

} // namespace vskms::heap
