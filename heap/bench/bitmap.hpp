// SPDX-License-Identifier: GPL-2.0
/*
 * What the region allocator is measured against: first fit over a bitmap, which is how the
 * kernel's gen_pool serves carve-outs. A bit a page; a request takes the lowest aligned run of
 * clear bits. The search goes from one end of a run of equal bits to the next, a word at a time.
 *
 * It flatters gen_pool where they differ: bits are set without atomics, the sum of free pages
 * refuses what cannot fit at once, and alignment is to the address.
 */
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>

namespace vskms::bench {

class Bitmap {
public:
	static constexpr std::uint64_t page_size = 4096;

	/* @base and @size are multiples of page_size. If there is no memory it refuses all. */
	Bitmap(std::uint64_t base, std::uint64_t size) noexcept
		: words_(new (std::nothrow_t{}) std::uint64_t[words_for(size / page_size)]{}),
		  first_(base / page_size), pages_(words_ ? size / page_size : 0), free_(pages_)
	{
	}

	/* The address of @len bytes, rounded up to pages, at a multiple of @align. */
	std::optional<std::uint64_t> allocate(std::uint64_t len, std::uint64_t align) noexcept
	{
		const std::uint64_t wanted = (len + page_size - 1) / page_size;
		const std::uint64_t mask = align / page_size - 1;

		if (!wanted || wanted > free_)
			return std::nullopt;

		for (std::uint64_t at = 0;;) {
			at = next<false>(at, pages_);
			at = ((first_ + at + mask) & ~mask) - first_;
			if (at >= pages_ || wanted > pages_ - at)
				return std::nullopt;

			const std::uint64_t end = at + wanted;
			const std::uint64_t taken = next<true>(at, end);

			if (taken == end) {
				fill<true>(at, end);
				free_ -= wanted;
				return (first_ + at) * page_size;
			}
			at = taken + 1;
		}
	}

	/* What allocate() gave, with the length it was asked for. */
	void free(std::uint64_t address, std::uint64_t len) noexcept
	{
		const std::uint64_t at = address / page_size - first_;
		const std::uint64_t count = (len + page_size - 1) / page_size;

		fill<false>(at, at + count);
		free_ += count;
	}

private:
	static constexpr unsigned bits = 64;

	static std::size_t words_for(std::uint64_t pages) noexcept
	{
		return static_cast<std::size_t>((pages + bits - 1) / bits);
	}

	/* The first bit from @at on that is @set, or @end. */
	template <bool set>
	std::uint64_t next(std::uint64_t at, std::uint64_t end) const noexcept
	{
		std::uint64_t keep = ~0ull << at % bits;

		for (at -= at % bits; at < end; at += bits, keep = ~0ull) {
			const std::uint64_t word = words_[at / bits];
			const std::uint64_t found = (set ? word : ~word) & keep;

			if (found) {
				at += static_cast<unsigned>(std::countr_zero(found));
				return at < end ? at : end;
			}
		}
		return end;
	}

	template <bool set>
	void fill(std::uint64_t at, std::uint64_t end) noexcept
	{
		while (at < end) {
			const std::uint64_t in_word = at % bits;
			const std::uint64_t left = bits - in_word;
			const std::uint64_t count = end - at < left ? end - at : left;
			const std::uint64_t mask = (~0ull >> (bits - count)) << in_word;

			if (set)
				words_[at / bits] |= mask;
			else
				words_[at / bits] &= ~mask;
			at += count;
		}
	}

	std::unique_ptr<std::uint64_t[]> words_;
	std::uint64_t first_;	// page number of the first bit
	std::uint64_t pages_;
	std::uint64_t free_;
};

} // namespace vskms::bench
