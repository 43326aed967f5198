// SPDX-License-Identifier: GPL-2.0
/*
 * What players ask a protected heap for, as programs of allocations and frees: the same for
 * every allocator and every run. An allocation that is refused is a buffer that is not there;
 * its free does nothing, and the program goes on.
 */
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

namespace vskms::bench {

struct Op {
	std::uint32_t buffer;	// which; each is allocated once and freed once, or never
	std::uint64_t size;	// to allocate; 0: free
};

struct Trace {
	std::string name;
	std::uint64_t peak;	// most bytes live at one time, each buffer in whole pages
	std::uint32_t buffers;
	std::vector<Op> ops;
};

/* A picture of 1920x1080 NV12 as decoders lay it out: what counts as large. */
extern const std::uint64_t large;

/* What secure_heap aligns a buffer to (heap/memory.c). */
[[nodiscard]] constexpr std::uint64_t align_of(std::uint64_t size)
{
	return std::clamp<std::uint64_t>(std::bit_floor(size / 8), 4096, 2 << 20);
}

/* @seed changes what has no fixed order: which channels, when cursors come and go. */
[[nodiscard]] std::vector<Trace> traces(unsigned seed);

} // namespace vskms::bench
