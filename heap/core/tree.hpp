// SPDX-License-Identifier: GPL-2.0
/*
 * An intrusive AVL tree.
 *
 * Goal: ordered lookup whose worst case is small and provable. The links are inside the
 * objects, so inserting and erasing allocate nothing and cannot fail. A hook has a parent
 * link: every operation is a loop up or down one path, with no recursion and no stack.
 *
 * The bound. Let N(h) be the fewest nodes an AVL tree of height h can have. Its root has one
 * subtree of height h-1 and another of height h-2 or more, so
 *
 *	N(0) = 0	N(1) = 1	N(h) = N(h-1) + N(h-2) + 1
 *
 * that is Fibonacci(h+2) - 1: a tree of n nodes has height h only if N(h) <= n, which makes
 * h < 1.45 log2(n+2). max_height() evaluates the recurrence. For any n that size_t can hold it
 * is below 93, so 8 bits are enough for a height (asserted below) and every path is short.
 *
 * A node may keep a summary of its subtree, for searches by something else than the key:
 * Summary::operator()(T &node, const T *left, const T *right) is called for a node whenever
 * it or something below it changes, children first.
 *
 * Equal keys are allowed and stay in order of insertion. The key of an object in a tree may
 * be changed in place if its order among its neighbours stays; call update() after it.
 *
 * The tree owns nothing: whoever inserts an object keeps it alive until it is erased.
 */
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace vskms::heap {

/* An object's membership of one tree. Owned by the object, written only by that tree. */
template <typename T>
struct TreeHook {
	T *parent = nullptr;
	T *child[2] = {};		// [0] orders before the object, [1] after it
	std::uint8_t height = 0;	// a leaf's is 1; 0 while in no tree
};

/* The summary of trees that are searched by key alone. */
struct NoSummary {
	template <typename T>
	constexpr void operator()(T &, const T *, const T *) const noexcept
	{
	}
};

/* The tallest that an AVL tree of so many nodes can be. */
[[nodiscard]] constexpr unsigned max_height(std::size_t nodes) noexcept
{
	std::size_t shorter = 0;	// N(height - 1)
	std::size_t fewest = 0;		// N(height)
	unsigned height = 0;

	// fewest < nodes where the subtraction is made, so it does not wrap; the next
	// N is computed only where it is at most nodes.
	while (fewest < nodes && shorter <= nodes - fewest - 1) {
		const std::size_t next = fewest + shorter + 1;

		shorter = std::exchange(fewest, next);
		height++;
	}
	return height;
}

static_assert(max_height(std::numeric_limits<std::size_t>::max()) <=
	      std::numeric_limits<std::uint8_t>::max());

template <typename KeyOf, typename T>
concept TreeKey = std::default_initializable<KeyOf> && std::regular_invocable<KeyOf, const T &> &&
		  std::totally_ordered<std::invoke_result_t<KeyOf, const T &>>;

template <typename T, TreeHook<T> T::*Hook, TreeKey<T> KeyOf, typename Summary = NoSummary>
class Tree {
public:
	using Key = std::remove_cvref_t<std::invoke_result_t<KeyOf, const T &>>;

	Tree() = default;
	Tree(const Tree &) = delete;
	Tree &operator=(const Tree &) = delete;
	Tree(Tree &&other) noexcept : root_(std::exchange(other.root_, nullptr)) {}
	Tree &operator=(Tree &&) = delete;
	~Tree() = default;

	/* @node must be in no tree through this hook. */
	void insert(T &node) noexcept
	{
		const Key key = key_of(node);
		T *parent = nullptr;
		bool side = false;

		for (T *at = root_; at; at = child(*at, side)) {
			parent = at;
			side = !(key < key_of(*at));
		}
		node.*Hook = {.parent = parent, .height = 1};
		if (parent)
			(parent->*Hook).child[side] = &node;
		else
			root_ = &node;
		retrace(&node);
	}

	/* @node must be in this tree. */
	void erase(T &node) noexcept
	{
		T *before = child(node, false);
		T *after = child(node, true);
		T *lowest;	// the deepest node whose subtree changes

		if (before && after) {
			T *heir = end_of(after, false);

			lowest = heir;
			if (heir != after) {
				lowest = parent(*heir);
				link(*lowest, false, child(*heir, true));
				link(*heir, true, after);
			}
			link(*heir, false, before);
			replace(node, heir);
		} else {
			lowest = parent(node);
			replace(node, before ? before : after);
		}
		node.*Hook = {};
		retrace(lowest);
	}

	/* Bring summaries up to date after a change inside @node. */
	void update(T &node) noexcept
	{
		retrace(&node);
	}

	/* Empty the tree, giving each node to @dispose, which may delete it. O(n). */
	template <std::invocable<T &> Dispose>
	void drain(Dispose &&dispose) noexcept
	{
		T *at = std::exchange(root_, nullptr);

		// Each link is followed down once, and cut; each node is left upwards once.
		while (at) {
			TreeHook<T> &hook = at->*Hook;
			T *down = std::exchange(hook.child[hook.child[0] ? 0 : 1], nullptr);
			T *const up = hook.parent;

			if (!down) {
				hook = {};
				dispose(*at);
				down = up;
			}
			at = down;
		}
	}

	/* The first node whose key is @key, or null. */
	[[nodiscard]] T *find(const Key &key) const noexcept
	{
		T *node = lower_bound(key);

		return node && !(key < key_of(*node)) ? node : nullptr;
	}

	/* The first node whose key is not less than @key, or null. */
	[[nodiscard]] T *lower_bound(const Key &key) const noexcept
	{
		return first_after([&](const T &node) { return !(key_of(node) < key); });
	}

	/* The first node whose key is greater than @key, or null. */
	[[nodiscard]] T *upper_bound(const Key &key) const noexcept
	{
		return first_after([&](const T &node) { return key < key_of(node); });
	}

	[[nodiscard]] T *first() const noexcept { return root_ ? end_of(root_, false) : nullptr; }
	[[nodiscard]] T *last() const noexcept { return root_ ? end_of(root_, true) : nullptr; }

	/* The neighbour in order, or null. O(log n), and O(1) each over a whole walk. */
	[[nodiscard]] static T *next(const T &node) noexcept { return step(node, true); }
	[[nodiscard]] static T *prev(const T &node) noexcept { return step(node, false); }

	/* For searches by summary: descend from root() through child(). */
	[[nodiscard]] T *root() const noexcept { return root_; }
	[[nodiscard]] static T *child(const T &node, bool after) noexcept
	{
		return (node.*Hook).child[after];
	}

	[[nodiscard]] unsigned height() const noexcept { return height_of(root_); }

	/* For tests: are links, order, heights and balance as they should be? O(n). */
	[[nodiscard]] bool check() const noexcept
	{
		const T *before = nullptr;

		if (root_ && parent(*root_))
			return false;
		for (const T *at = first(); at; before = at, at = next(*at)) {
			const T *const left = child(*at, false);
			const T *const right = child(*at, true);

			if ((left && parent(*left) != at) || (right && parent(*right) != at))
				return false;
			if (lean(*at) < -1 || lean(*at) > 1)
				return false;
			if (height_of(at) != 1 + std::max(height_of(left), height_of(right)))
				return false;
			if (before && key_of(*at) < key_of(*before))
				return false;
		}
		return true;
	}

private:
	static Key key_of(const T &node) noexcept { return KeyOf{}(node); }
	static T *parent(const T &node) noexcept { return (node.*Hook).parent; }
	static unsigned height_of(const T *node) noexcept
	{
		return node ? (node->*Hook).height : 0;
	}

	static int lean(const T &node) noexcept
	{
		return static_cast<int>(height_of(child(node, true))) -
		       static_cast<int>(height_of(child(node, false)));
	}

	static T *end_of(T *at, bool after) noexcept
	{
		while (T *down = child(*at, after))
			at = down;
		return at;
	}

	static T *step(const T &node, bool after) noexcept
	{
		if (T *down = child(node, after))
			return end_of(down, !after);

		const T *at = &node;
		T *up = parent(node);

		while (up && child(*up, after) == at) {
			at = up;
			up = parent(*up);
		}
		return up;
	}

	/* @holds is false for the nodes up to some place in the order and true after it. */
	template <typename Predicate>
	T *first_after(Predicate holds) const noexcept
	{
		T *best = nullptr;

		for (T *at = root_; at;) {
			const bool here = holds(*at);

			if (here)
				best = at;
			at = child(*at, !here);
		}
		return best;
	}

	static void link(T &above, bool side, T *below) noexcept
	{
		(above.*Hook).child[side] = below;
		if (below)
			(below->*Hook).parent = &above;
	}

	/* Put @heir, or nothing, where @node hangs. */
	void replace(const T &node, T *heir) noexcept
	{
		T *const up = parent(node);

		if (up) {
			link(*up, child(*up, true) == &node, heir);
		} else {
			root_ = heir;
			if (heir)
				(heir->*Hook).parent = nullptr;
		}
	}

	static void refresh(T &node) noexcept
	{
		T *const left = child(node, false);
		T *const right = child(node, true);

		// Fits 8 bits: see the bound at the top.
		(node.*Hook).height =
			static_cast<std::uint8_t>(1 + std::max(height_of(left), height_of(right)));
		Summary{}(node, left, right);
	}

	/* Move @down one level down on @side; its other child takes its place. */
	T *rotate(T &down, bool side) noexcept
	{
		T &up = *child(down, !side);

		replace(down, &up);
		link(down, !side, child(up, side));
		link(up, side, &down);
		refresh(down);
		refresh(up);
		return &up;
	}

	/*
	 * Heights and balance, from @at up to the root. One insertion or erasure moves a
	 * height by one, so a lean is at most 2, and the usual single or double rotation
	 * restores it. The walk never stops early, as summaries may change to the root.
	 */
	void retrace(T *at) noexcept
	{
		for (; at; at = parent(*at)) {
			refresh(*at);

			const int balance = lean(*at);

			if (balance >= -1 && balance <= 1)
				continue;

			const bool heavy = balance > 0;
			T &below = *child(*at, heavy);

			if (lean(below) != 0 && (lean(below) > 0) != heavy)
				rotate(below, heavy);
			at = rotate(*at, !heavy);
		}
	}

	T *root_ = nullptr;
};

} // namespace vskms::heap
