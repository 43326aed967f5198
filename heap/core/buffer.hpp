// SPDX-License-Identifier: GPL-2.0
/*
 * Protected buffers: what the table keeps, and the words it answers in.
 *
 * Memory is the region's until it is allocated, and the region's again when it has been
 * scrubbed. What lies between is a buffer's life:
 *
 *	create()	allocated	may be pinned by new grants
 *	revoke()	revoked		may not; the grants it has may end
 *	begin_free()	scrubbing	has no grant, and nothing brings it back
 *	finish_free()	gone		all bytes were scrubbed
 *
 * Revocation is left out where nobody revokes. Nothing else is.
 */
#pragma once

#include "region.hpp"
#include "tree.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace vskms::heap {

/* Why the table did not do what it was asked. A refusal has changed nothing. */
enum class Refused : std::uint8_t {
	unknown = 1,	// no buffer has this handle
	no_memory,	// the caller had no memory for a Buffer
	outside,	// empty, or not all inside the address space
	overlap,	// some of it belongs to a buffer, perhaps one that is not scrubbed yet
	exhausted,	// all handles are in use
	revoked,	// no new grants
	dying,		// it is being scrubbed
	busy,		// pinned by a grant
	not_pinned,	// by any grant
	not_dying,	// begin_free() comes first
	dirty,		// not all of it, or more than that, was scrubbed
};

/*
 * A protected buffer. Made blank by the caller, who owns it until create() takes it; then the
 * table's, until finish_free() gives it back to be freed. No pointer to it need be kept elsewhere:
 * others know it by its handle.
 */
struct Buffer {
	enum class State : std::uint8_t { allocated, revoked, scrubbing, count };

	std::uint32_t handle = 0;	// 0 while in no table
	std::uint32_t handles = 0;	// in this subtree by handle
	std::uint32_t owners = 0;	// in this subtree by owner
	State state = State::allocated;
	bool wiped = false;		// all was scrubbed; never so in the table
	std::uint64_t owner = 0;	// which heap: any number that is its own
	Extent range = {};		// physical
	std::uint64_t generation = 0;	// the heap's when it was allocated
	std::uint64_t grants = 0;	// that pin it
	TreeHook<Buffer> by_handle = {};
	TreeHook<Buffer> by_address = {};
	TreeHook<Buffer> by_owner = {};

	/* Memory for one buffer, or null. May sleep; touches nothing shared. */
	[[nodiscard]] static std::unique_ptr<Buffer> blank() noexcept
	{
		// Not by std::nothrow, which is an object in libstdc++ that the kernel lacks.
		return std::unique_ptr<Buffer>(new (std::nothrow_t{}) Buffer);
	}
};

static_assert(sizeof(void *) != 8 || sizeof(Buffer) == 152);

/* What is and what has been. Bytes that are do not wrap while any byte is left to run in. */
struct BufferTotals {
	std::array<std::size_t, std::to_underlying(Buffer::State::count)> buffers = {};
	std::uint64_t live = 0;		// bytes allocated or revoked
	std::uint64_t unscrubbed = 0;	// bytes that wait for it
	std::uint64_t scrubbed = 0;	// bytes ever; 2^64 - 1 means so many or more

	[[nodiscard]] std::size_t in(Buffer::State state) const noexcept
	{
		return buffers[std::to_underlying(state)];
	}

	friend bool operator==(const BufferTotals &, const BufferTotals &) = default;
};

} // namespace vskms::heap
