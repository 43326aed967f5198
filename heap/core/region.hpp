// SPDX-License-Identifier: GPL-2.0
/*
 * The region allocator: pieces of one range of protected physical memory.
 *
 * Goal. Hand out contiguous, page-granular pieces of a carve-out or CMA area, for as long as
 * buffers come and go, and keep room for the next large frame.
 *
 * Constraints. The CPU may not touch the range, so nothing is written into it: every piece,
 * live or free, is described by a Block outside. Whether a buffer can be had is felt by the
 * person watching, so a request fails only if no free piece can really hold it. Freeing
 * cannot fail. The caller holds a lock, so no operation depends on luck: all are O(log n).
 *
 * Placement. Frames are large, alike, and replaced often; cursors, bitstreams and keys are
 * small and may stay for hours. A small one between two frames is a wall: when the frames are
 * gone, the space on its two sides cannot merge. First fit builds such walls
 *
 *	FFFFFFcFFFFFFcFFFFFFc.........		F frame   c cursor   . free
 *	......c......c......c.........		frames gone: 27 pages free, 9 in one piece
 *
 * so frames grow from the bottom and small requests from the top:
 *
 *	FFFFFFFFFFFFFFFFFF.........ccc
 *	...........................ccc		frames gone: 27 free, all in one piece
 *
 * A frame takes the smallest free piece that fits (best fit: the space of a frame that went is
 * reused by one of the same size, to the page), of equal ones the lowest, and its bottom end.
 * A small request takes the highest free piece that fits, and its top end. Best fit would be
 * wrong for it. Here a frame has just been freed and a cursor is wanted:
 *
 *	......FFFFFF...............ccc
 *	.....cFFFFFF...............ccc		best fit: the next frame no longer fits there
 *	......FFFFFF..............cccc		highest fit
 *
 * Alignment. A piece that is long enough may still hold no aligned address. A frame tries the
 * first few by best fit, then the smallest that fits wherever it lies [2]. If that too finds
 * nothing, some piece may fit because of where it lies: the tree by address keeps for
 * each subtree and each alignment the most pages that one piece there has from its first
 * aligned address on, so the search by address [3] misses nothing. Small requests only
 * ever search by address. An aligned frame leaves a gap below it, which is a free piece like
 * any other and later serves small requests.
 *
 * Cost. allocate() and free() change at most three blocks in two trees, each in O(log n) for
 * n blocks, live and free; as no two free blocks touch, n <= 2 * live + 1. A Block is 128 bytes:
 * a thousand buffers need 125 to 250 KiB. No space is lost but the rounding to pages.
 */
#pragma once

#include "tree.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <memory>
#include <new>
#include <utility>

namespace vskms::heap {

/* Why a request was refused. The values are errnos; C callers get them negated. */
enum class Error : int {
	enoent = 2,	// no live block begins at this address: unknown, or freed before
	e2big = 7,	// more than the whole region
	enomem = 12,	// no memory for a Block
	einval = 22,	// zero length, or no range that can be a region
	enospc = 28,	// no free piece holds this length at this alignment
	edom = 33,	// alignment is no power of two from a page to 2 MiB
};

/* A range of physical addresses, in bytes. A value, owned by whoever has it. */
struct Extent {
	std::uint64_t address;
	std::uint64_t size;

	friend bool operator==(const Extent &, const Extent &) = default;
};

inline constexpr std::uint64_t page_size = 4096;
inline constexpr std::uint64_t max_align = 2 << 20;

/*
 * The largest request that is placed as a small one. Cursors should be, and the largest common
 * one, 256x256 ARGB, is exactly this. Frames should not be, and 720x480 NV12, the smallest in
 * common use, is 506 KiB: far enough above for what drivers add. Thumbnails below it are better
 * off at the top, too, than as walls between frames.
 */
inline constexpr std::uint64_t small_max = 256 << 10;

/*
 * A live or free piece of a region. Owned by the Region, through its tree by address; a free
 * one is also in the tree by size.
 */
struct Block {
	static constexpr unsigned alignments =
		std::countr_zero(max_align) - std::countr_zero(page_size) + 1;

	std::uint64_t address;
	std::uint64_t size;	// never 0; the last byte's address does not overflow
	bool live = false;
	TreeHook<Block> by_address = {};
	TreeHook<Block> by_size = {};

	// room[k]: of this subtree by address, the most pages that are free in one piece
	// from a multiple of page_size << k on
	std::array<std::uint32_t, alignments> room = {};

	/* Bytes before the first multiple of @align. Cannot overflow, as the multiple might. */
	[[nodiscard]] std::uint64_t gap(std::uint64_t align) const noexcept
	{
		return (0 - address) & (align - 1);
	}

	/* The longest that a request with this alignment can be to fit here. */
	[[nodiscard]] std::uint64_t usable(std::uint64_t align) const noexcept
	{
		return live || gap(align) >= size ? 0 : size - gap(align);
	}
};

static_assert(sizeof(void *) != 8 || sizeof(Block) == 128);

class Region {
public:
	/*
	 * Manage @size bytes of physical memory at @base, both multiples of page_size. The
	 * region has less than 2^32 pages, and ends at the last address (2^64 - 1) or before,
	 * so base + size may be 2^64. Refused: einval, enomem.
	 */
	[[nodiscard]] static std::expected<Region, Error> create(std::uint64_t base,
								 std::uint64_t size) noexcept
	{
		if (!size || base % page_size || size % page_size)
			return std::unexpected(Error::einval);
		// [1] The number of pages in the region, or any piece of it, fits 32 bits.
		if (size / page_size > std::numeric_limits<std::uint32_t>::max())
			return std::unexpected(Error::einval);
		if (size - 1 > std::numeric_limits<std::uint64_t>::max() - base)
			return std::unexpected(Error::einval);

		std::unique_ptr<Block> all = new_block(base, size);

		if (!all)
			return std::unexpected(Error::enomem);
		return Region(*all.release());
	}

	/* What was moved from is empty: it refuses every request. */
	Region(Region &&other) noexcept
		: by_address_(std::move(other.by_address_)), by_size_(std::move(other.by_size_)),
		  size_(std::exchange(other.size_, 0)), used_(std::exchange(other.used_, 0)),
		  live_blocks_(std::exchange(other.live_blocks_, 0)),
		  free_blocks_(std::exchange(other.free_blocks_, 0))
	{
	}

	Region(const Region &) = delete;
	Region &operator=(const Region &) = delete;
	Region &operator=(Region &&) = delete;

	/* Pieces still live are forgotten: the range they lie in is the caller's. */
	~Region()
	{
		by_address_.drain([](Block &block) { delete &block; });
	}

	/*
	 * Take @len bytes, rounded up to pages, at a multiple of @align, a power of two from
	 * page_size to max_align. The piece is the caller's until free(). A refusal changes
	 * nothing: einval, edom, e2big, enospc, enomem.
	 */
	[[nodiscard]] std::expected<Extent, Error>
	allocate(std::uint64_t len, std::uint64_t align = page_size) noexcept
	{
		if (!len)
			return std::unexpected(Error::einval);
		// Not std::has_single_bit, which may become a call to __popcountdi2.
		if (align < page_size || align > max_align || (align & (align - 1)))
			return std::unexpected(Error::edom);
		if (len > size_)
			return std::unexpected(Error::e2big);

		// Cannot overflow: len <= size_, which is a multiple of page_size itself.
		len = (len + page_size - 1) & ~(page_size - 1);

		const bool small = len <= small_max;
		Block *hole = small ? outermost(true, len, align) : best_fit(len, align);

		if (!hole)
			return std::unexpected(Error::enospc);

		// hole->usable(align) >= len: its first aligned address is at least len below its
		// end. So its last aligned address that is at least len below its end exists and
		// is no lower than the first: either way the piece lies in the hole.
		const std::uint64_t lowest = hole->address + hole->gap(align);
		const std::uint64_t highest = (hole->address + (hole->size - len)) & ~(align - 1);

		return carve(*hole, small ? highest : lowest, len);
	}

	/*
	 * Give back the piece that begins at @address, and merge it with free neighbours. Only
	 * an address that is not a live piece's is refused: enoent, and nothing changes.
	 */
	[[nodiscard]] std::expected<void, Error> free(std::uint64_t address) noexcept
	{
		Block *block = by_address_.find(address);

		if (!block || !block->live)
			return std::unexpected(Error::enoent);

		Block *before = AddressTree::prev(*block);
		Block *after = AddressTree::next(*block);

		used_ -= block->size;
		live_blocks_--;
		block->live = false;
		// With the neighbour gone its address is free to take: the order stays.
		if (before && !before->live) {
			block->address = before->address;
			block->size += before->size;
			absorb(*before);
		}
		if (after && !after->live) {
			block->size += after->size;
			absorb(*after);
		}
		by_address_.update(*block);
		by_size_.insert(*block);
		free_blocks_++;
		return {};
	}

	/* Bytes in all, in live pieces, and in free ones. */
	[[nodiscard]] std::uint64_t size() const noexcept { return size_; }
	[[nodiscard]] std::uint64_t used() const noexcept { return used_; }
	[[nodiscard]] std::uint64_t free_bytes() const noexcept { return size_ - used_; }

	/* The longest request that can succeed now, at page alignment. O(log n). */
	[[nodiscard]] std::uint64_t largest_free() const noexcept
	{
		const Block *largest = by_size_.last();

		return largest ? largest->size : 0;
	}

	[[nodiscard]] std::size_t live_blocks() const noexcept { return live_blocks_; }
	[[nodiscard]] std::size_t free_blocks() const noexcept { return free_blocks_; }

	/* Call @visit for each live piece, in order of address. It may not change the region. */
	template <std::invocable<Extent> Visit>
	void for_each(Visit &&visit) const
	{
		for (const Block *at = by_address_.first(); at; at = AddressTree::next(*at)) {
			if (at->live)
				visit(Extent{at->address, at->size});
		}
	}

	/* For tests: do all invariants hold? O(n log n). */
	[[nodiscard]] bool check() const noexcept;

private:
	struct Address {
		std::uint64_t operator()(const Block &block) const noexcept
		{
			return block.address;
		}
	};

	/* Ordered by size, and equal sizes by address. */
	struct SizeKey {
		std::uint64_t size;
		std::uint64_t address;

		friend auto operator<=>(const SizeKey &, const SizeKey &) = default;
	};

	struct Size {
		SizeKey operator()(const Block &block) const noexcept
		{
			return {block.size, block.address};
		}
	};

	/* Keeps Block::room. */
	struct Room {
		void operator()(Block &block, const Block *left, const Block *right) const noexcept
		{
			for (unsigned k = 0; k < Block::alignments; k++)
				block.room[k] = most(block, left, right, k);
		}

		static std::uint32_t most(const Block &block, const Block *left, const Block *right,
					  unsigned k) noexcept
		{
			// Fits by [1].
			const auto here = static_cast<std::uint32_t>(
				block.usable(page_size << k) / page_size);

			return std::max({here, left ? left->room[k] : 0,
					 right ? right->room[k] : 0});
		}
	};

	using AddressTree = Tree<Block, &Block::by_address, Address, Room>;
	using SizeTree = Tree<Block, &Block::by_size, Size>;

	// How many pieces best fit looks at before it settles for one that is surely enough.
	static constexpr unsigned candidates = 4;

	/* Not by std::nothrow, which is an object in libstdc++ that the kernel lacks. */
	static std::unique_ptr<Block> new_block(std::uint64_t address, std::uint64_t size) noexcept
	{
		return std::unique_ptr<Block>(new (std::nothrow_t{}) Block{address, size});
	}

	explicit Region(Block &all) noexcept : size_(all.size), free_blocks_(1)
	{
		by_address_.insert(all);
		by_size_.insert(all);
	}

	/* A small free piece that holds @len at @align, or null if none does. */
	Block *best_fit(std::uint64_t len, std::uint64_t align) const noexcept
	{
		// The first page of a hole is a multiple of page_size, so for align == page_size
		// the first candidate fits if there is one.
		Block *hole = by_size_.lower_bound({len, 0});

		for (unsigned i = 0; hole && i < candidates; i++) {
			if (hole->usable(align) >= len)
				return hole;
			hole = SizeTree::next(*hole);
		}

		// [2] A gap is a multiple of page_size below align: at most align - page_size.
		// So this size holds len after any gap. The sum is less than 2^45 by [1].
		hole = by_size_.lower_bound({len + align - page_size, 0});
		return hole ? hole : outermost(false, len, align);
	}

	/* The free piece with the lowest or highest address that holds @len at @align. */
	Block *outermost(bool highest, std::uint64_t len, std::uint64_t align) const noexcept
	{
		// The range of allocate()'s alignments is that of room's index.
		const unsigned k = std::countr_zero(align) - std::countr_zero(page_size);
		const auto pages = static_cast<std::uint32_t>(len / page_size);
		Block *at = by_address_.root();

		if (!at || at->room[k] < pages)
			return nullptr;

		// [3] Always at->room[k] >= pages: some piece of this subtree fits. If it is not
		// on the far side and not here, it is on the near side. So this ends, at a piece
		// that fits, in as many steps as the tree is high.
		for (;;) {
			Block *far = AddressTree::child(*at, highest);

			if (far && far->room[k] >= pages)
				at = far;
			else if (at->usable(align) >= len)
				return at;
			else
				at = AddressTree::child(*at, !highest);
		}
	}

	/* Make [@address, @address + @len) of @hole live; what is left of it remains free. */
	std::expected<Extent, Error> carve(Block &hole, std::uint64_t address,
					   std::uint64_t len) noexcept
	{
		const Extent front = {hole.address, address - hole.address};
		// Where back.size is 0 its address is not used, and may have wrapped to 0.
		const Extent back = {address + len, hole.size - front.size - len};
		std::unique_ptr<Block> below;
		std::unique_ptr<Block> above;

		if (front.size)
			below = new_block(front.address, front.size);
		if (back.size)
			above = new_block(back.address, back.size);
		if ((front.size && !below) || (back.size && !above))
			return std::unexpected(Error::enomem);

		// Nothing fails from here on.
		by_size_.erase(hole);
		free_blocks_--;
		hole.address = address;
		hole.size = len;
		hole.live = true;
		by_address_.update(hole);
		used_ += len;
		live_blocks_++;
		if (below)
			add_free(*below.release());
		if (above)
			add_free(*above.release());
		return Extent{address, len};
	}

	void add_free(Block &block) noexcept
	{
		by_address_.insert(block);
		by_size_.insert(block);
		free_blocks_++;
	}

	/* Forget a free block that its neighbour now covers. */
	void absorb(Block &block) noexcept
	{
		by_address_.erase(block);
		by_size_.erase(block);
		free_blocks_--;
		delete &block;
	}

	AddressTree by_address_;
	SizeTree by_size_;
	std::uint64_t size_ = 0;
	std::uint64_t used_ = 0;
	std::size_t live_blocks_ = 0;
	std::size_t free_blocks_ = 0;
};

inline bool Region::check() const noexcept
{
	const Block *before = nullptr;
	std::uint64_t bytes = 0;
	std::uint64_t used = 0;
	std::size_t live = 0;
	std::size_t free = 0;
	std::size_t by_size = 0;

	if (!by_address_.check() || !by_size_.check())
		return false;

	for (const Block *at = by_address_.first(); at; before = at, at = AddressTree::next(*at)) {
		const Block *left = AddressTree::child(*at, false);
		const Block *right = AddressTree::child(*at, true);

		// The pieces tile the range, so none overlap; and free ones are merged.
		if (!at->size || at->address % page_size || at->size % page_size)
			return false;
		if (before && before->address + before->size != at->address)
			return false;
		if (before && !before->live && !at->live)
			return false;
		for (unsigned k = 0; k < Block::alignments; k++) {
			if (at->room[k] != Room::most(*at, left, right, k))
				return false;
		}
		if (!at->live && by_size_.find({at->size, at->address}) != at)
			return false;
		bytes += at->size;
		used += at->live ? at->size : 0;
		(at->live ? live : free)++;
	}
	// Every free block is in the tree by size, so with the same count nothing else is.
	for (const Block *at = by_size_.first(); at; at = SizeTree::next(*at))
		by_size++;

	return bytes == size_ && used == used_ && live == live_blocks_ && free == free_blocks_ &&
	       by_size == free && by_address_.height() <= max_height(live + free) &&
	       by_size_.height() <= max_height(free);
}

} // namespace vskms::heap
