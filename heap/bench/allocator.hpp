// SPDX-License-Identifier: GPL-2.0
/*
 * The boundary between what is measured and what measures: allocator.cc is compiled without
 * floating point, as the kernel would, and nothing of it is inlined on the other side.
 */
#pragma once

#include <cstdint>
#include <memory>

namespace vskms::bench {

inline constexpr std::uint64_t refused = ~0ull;

class Allocator {
public:
	virtual ~Allocator() = default;

	/* An address, or refused. */
	virtual std::uint64_t allocate(std::uint64_t len, std::uint64_t align) noexcept = 0;
	/* What allocate() gave, and for which length. */
	virtual void free(std::uint64_t address, std::uint64_t len) noexcept = 0;
};

using Make = std::unique_ptr<Allocator>(std::uint64_t base, std::uint64_t size);

Make make_region;
Make make_bitmap;

} // namespace vskms::bench
