// SPDX-License-Identifier: GPL-2.0
#include "core/core.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace {

TEST(HeapCore, region_is_made_whole_and_free)
{
	heap_region *region = nullptr;
	ASSERT_EQ(heap_region_create(0x60000000, 128 << 20, &region), 0);
	EXPECT_EQ(heap_region_free_bytes(region), 128u << 20);
	heap_region_destroy(region);
}

TEST(HeapCore, range_that_is_none_refused)
{
	heap_region *region = nullptr;
	EXPECT_EQ(heap_region_create(0x60000000, 0, &region), -EINVAL);
	EXPECT_EQ(heap_region_create(0x60000000, 4097, &region), -EINVAL);
	EXPECT_EQ(heap_region_create(0x60000001, 4096, &region), -EINVAL);
	EXPECT_EQ(heap_region_create(~0ull & ~4095ull, 8192, &region), -EINVAL);
	EXPECT_EQ(region, nullptr);
}

TEST(HeapCore, no_region_may_be_destroyed)
{
	heap_region_destroy(nullptr);
}

} // namespace
