// SPDX-License-Identifier: GPL-2.0
/*
 * The heap's one C++ object: what core.h declares, on top of the headers here.
 */

#ifdef __KERNEL__
#include "cxx_runtime.hpp"
#endif

#include "core.h"
#include "region.hpp"

#include <new>
#include <utility>

using vskms::heap::Error;
using vskms::heap::Region;

struct heap_region {
	Region region;
};

namespace {

int negated(Error error)
{
	return -static_cast<int>(error);
}

} // namespace

int heap_region_create(unsigned long long base, unsigned long long size, heap_region **region)
{
	auto made = Region::create(base, size);
	if (!made)
		return negated(made.error());

	*region = new (std::nothrow_t{}) heap_region{std::move(*made)};
	return *region ? 0 : negated(Error::enomem);
}

void heap_region_destroy(heap_region *region)
{
	delete region;
}

int heap_region_alloc(heap_region *region, unsigned long long len, unsigned long long align,
		      unsigned long long *address)
{
	const auto piece = region->region.allocate(len, align);
	if (!piece)
		return negated(piece.error());

	*address = piece->address;
	return 0;
}

int heap_region_free(heap_region *region, unsigned long long address)
{
	const auto freed = region->region.free(address);
	return freed ? 0 : negated(freed.error());
}

unsigned long long heap_region_free_bytes(const heap_region *region)
{
	return region->region.free_bytes();
}
