// SPDX-License-Identifier: GPL-2.0
/*
 * The region allocator against a naive model.
 *
 * An input is the region's base and size, a digit each, and operations:
 *
 *	a count unit tweak align	allocate count pages << unit, at a page << align
 *	b length align			allocate with hostile numbers
 *	f which which			free a live piece
 *	h address			free at a hostile address
 *	i which which offset		free inside a live piece, or next to it
 *	k				free all
 *	m				move the region
 *	n base size			create another region of hostile numbers
 *	o left				the next operation gets memory for so many blocks
 */

#include "core/region.hpp"
#include "input.hpp"

#include <algorithm>
#include <cstdint>
#include <expected>
#include <iterator>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

namespace {

/* How many more nothrow allocations succeed; below 0 all of them do. */
int blocks_left = -1;

} // namespace

/* The region's only source of memory. */
void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
	if (blocks_left == 0)
		return nullptr;
	if (blocks_left > 0)
		blocks_left--;
	return ::operator new(size);
}

namespace {

using namespace vskms::heap;
using vskms::fuzz::Input;
using vskms::fuzz::op;
using vskms::fuzz::require;

constexpr std::uint64_t MiB = 1 << 20;

/*
 * The live pieces, and every rule by scanning them: no cleverness, so it can be trusted. The end
 * of the region may be 2^64, so pieces are compared by their offsets in it.
 */
class Model {
public:
	Model(std::uint64_t base, std::uint64_t size) : base_(base), size_(size) {}

	std::vector<Extent> holes() const
	{
		std::vector<Extent> all;
		std::uint64_t offset = 0;

		for (const auto &[address, size] : live) {
			if (address - base_ > offset)
				all.push_back({base_ + offset, address - base_ - offset});
			offset = address - base_ + size;
		}
		if (size_ > offset)
			all.push_back({base_ + offset, size_ - offset});
		return all;
	}

	/* Is it in the region, and on no live piece? */
	bool is_free(const Extent &piece) const
	{
		return std::ranges::any_of(holes(), [&](const Extent &hole) {
			const std::uint64_t offset = piece.address - hole.address;

			return piece.address >= hole.address && offset < hole.size &&
			       piece.size <= hole.size - offset;
		});
	}

	static std::uint64_t gap(const Extent &hole, std::uint64_t align)
	{
		return (align - hole.address % align) % align;
	}

	static bool holds(const Extent &hole, std::uint64_t len, std::uint64_t align)
	{
		return hole.size >= len && gap(hole, align) <= hole.size - len;
	}

	bool fits(std::uint64_t len, std::uint64_t align) const
	{
		return std::ranges::any_of(
			holes(), [&](const Extent &hole) { return holds(hole, len, align); });
	}

	/* Where a small request goes: the highest address of all. */
	std::uint64_t highest(std::uint64_t len, std::uint64_t align) const
	{
		std::uint64_t found = 0;

		for (const Extent &hole : holes()) {
			if (holds(hole, len, align))
				found = (hole.address + (hole.size - len)) / align * align;
		}
		return found;
	}

	/* Where a large request goes that need only be at a page. */
	std::uint64_t tightest(std::uint64_t len) const
	{
		Extent found = {0, ~0ull};

		for (const Extent &hole : holes()) {
			if (hole.size >= len && hole.size < found.size)
				found = hole;
		}
		return found.address;
	}

	/* Does a large request that is put at @address begin as low in its hole as it can? */
	bool lowest_in_a_hole(std::uint64_t address, std::uint64_t align) const
	{
		return std::ranges::any_of(holes(), [&](const Extent &hole) {
			return hole.address + gap(hole, align) == address;
		});
	}

	std::map<std::uint64_t, std::uint64_t> live;	// address to size

private:
	std::uint64_t base_;
	std::uint64_t size_;
};

constexpr std::uint64_t sizes[16] = {
	page_size,	    2 * page_size,   16 * page_size, MiB,	   2 * MiB - page_size,
	2 * MiB,	    3 * MiB,	     4 * MiB,	     8 * MiB,	   16 * MiB,
	16 * MiB + 7 * page_size, 64 * MiB,  128 * MiB,	     512 * MiB, 1 << 30,
	(page_size << 32) - page_size,
};

/* The last one ends with the address space. */
std::uint64_t base_of(unsigned which, std::uint64_t size)
{
	constexpr std::uint64_t bases[3] = {0, 0x80000000, 0x80000000 + 5 * page_size};

	which %= 4;
	return which < 3 ? bases[which] : 0 - size;
}

class Run {
public:
	explicit Run(Input input)
		: input_(input), base_nibble_(input_.nibble()), size_(sizes[input_.nibble()]),
		  base_(base_of(base_nibble_, size_)), model_(base_, size_),
		  region_(std::move(*Region::create(base_, size_)))
	{
	}

	void run()
	{
		for (unsigned ops = 0; input_.more(); ops++) {
			step();
			compare();
			// O(n log n): often while there are few blocks, less often then.
			if (ops % (1 + model_.live.size() / 16) == 0)
				compare_all();
		}
		compare_all();
		free_all();
	}

private:
	void step()
	{
		const int left = std::exchange(next_left_, -1);

		switch (input_.nibble()) {
		case op('a'): {
			constexpr int tweaks[4] = {0, -1, 1, -4095};
			const std::uint64_t pages = input_.nibble();
			const std::uint64_t len = (pages * page_size) << input_.nibble();
			const std::uint64_t by = tweaks[input_.nibble() % 4];

			allocate(len ? len + by : len, page_size << input_.nibble() % 10, left);
			break;
		}
		case op('b'): {
			const std::uint64_t len = input_.hostile();

			allocate(len, input_.hostile(), left);
			break;
		}
		case op('f'):
			if (const auto at = some_piece(); at != model_.live.end())
				free(at->first);
			break;
		case op('h'):
			free(input_.hostile());
			break;
		case op('i'):
			if (const auto at = some_piece(); at != model_.live.end()) {
				const std::uint64_t offsets[4] = {1, page_size, at->second,
								  0 - page_size};

				free(at->first + offsets[input_.nibble() % 4]);
			}
			break;
		case op('k'):
			free_all();
			break;
		case op('m'): {
			Region moved(std::move(*region_));

			require(region_->size() == 0 && !region_->allocate(1) && region_->check());
			region_.emplace(std::move(moved));
			break;
		}
		case op('n'): {
			const std::uint64_t base = input_.hostile();

			create(base, input_.hostile(), left);
			break;
		}
		case op('o'):
			next_left_ = static_cast<int>(input_.nibble() % 3);
			break;
		}
	}

	std::map<std::uint64_t, std::uint64_t>::iterator some_piece()
	{
		const unsigned which = input_.pair();

		if (model_.live.empty())
			return model_.live.end();
		return std::next(model_.live.begin(),
				 static_cast<std::ptrdiff_t>(which % model_.live.size()));
	}

	std::optional<Error> refusal(std::uint64_t len, std::uint64_t align) const
	{
		bool known = false;

		for (std::uint64_t good = page_size; good <= max_align; good *= 2)
			known |= align == good;
		if (!len)
			return Error::einval;
		if (!known)
			return Error::edom;
		if (len > size_)
			return Error::e2big;
		if (!model_.fits((len + page_size - 1) / page_size * page_size, align))
			return Error::enospc;
		return std::nullopt;
	}

	void allocate(std::uint64_t len, std::uint64_t align, int left)
	{
		const auto why = refusal(len, align);

		blocks_left = left;
		const auto piece = region_->allocate(len, align);
		blocks_left = -1;

		if (!piece) {
			// It is nothing but memory that may be missing where all else is well.
			require(why ? piece.error() == *why
				    : left >= 0 && piece.error() == Error::enomem);
			return;
		}
		require(!why);
		require(piece->size == (len + page_size - 1) / page_size * page_size);
		require(piece->address % align == 0);
		require(model_.is_free(*piece));
		if (piece->size <= small_max)
			require(piece->address == model_.highest(piece->size, align));
		else if (align == page_size)
			require(piece->address == model_.tightest(piece->size));
		else
			require(model_.lowest_in_a_hole(piece->address, align));
		model_.live.emplace(piece->address, piece->size);
	}

	void free(std::uint64_t address)
	{
		const auto at = model_.live.find(address);

		blocks_left = 0;	// it needs none
		const auto freed = region_->free(address);
		blocks_left = -1;

		require(freed.has_value() == (at != model_.live.end()));
		if (freed)
			model_.live.erase(at);
		else
			require(freed.error() == Error::enoent);
	}

	void free_all()
	{
		while (!model_.live.empty())
			free(model_.live.begin()->first);
		require(region_->largest_free() == size_ && region_->free_blocks() == 1);
		require(region_->check());
	}

	static void create(std::uint64_t base, std::uint64_t size, int left)
	{
		const auto end = static_cast<unsigned __int128>(base) + size;
		const bool good = size && base % page_size == 0 && size % page_size == 0 &&
				  size < page_size << 32 &&
				  end <= static_cast<unsigned __int128>(1) << 64;

		blocks_left = left;
		auto made = Region::create(base, size);
		blocks_left = -1;

		if (!made) {
			require(made.error() == (good ? Error::enomem : Error::einval));
			require(!good || left == 0);
			return;
		}
		require(good && made->size() == size && made->largest_free() == size);
		require(made->allocate(size) == Extent{base, size});
		require(made->check());
	}

	void compare() const
	{
		std::uint64_t used = 0;

		for (const std::uint64_t size : model_.live | std::views::values)
			used += size;
		require(region_->size() == size_ && region_->used() == used);
		require(region_->free_bytes() == size_ - used);
		require(region_->live_blocks() == model_.live.size());
	}

	void compare_all() const
	{
		const std::vector<Extent> holes = model_.holes();
		auto at = model_.live.begin();
		std::uint64_t largest = 0;

		region_->for_each([&](Extent piece) {
			require(at != model_.live.end() && piece == Extent{at->first, at->second});
			++at;
		});
		require(at == model_.live.end());
		for (const Extent &hole : holes)
			largest = std::max(largest, hole.size);
		require(region_->largest_free() == largest);
		require(region_->free_blocks() == holes.size());
		require(region_->check());
	}

	Input input_;
	unsigned base_nibble_;
	std::uint64_t size_;
	std::uint64_t base_;
	Model model_;
	std::optional<Region> region_;
	int next_left_ = -1;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	Run(Input(data, size)).run();
	return 0;
}
