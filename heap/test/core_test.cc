// SPDX-License-Identifier: GPL-2.0
#include "core/core.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace {

TEST(HeapCore, region_is_made_whole_and_free)
{
	heap_region *region = nullptr;
	unsigned long long address = 0;
	ASSERT_EQ(heap_region_create(0x60000000, 128 << 20, &region), 0);
	EXPECT_EQ(heap_region_alloc(region, 128 << 20, 4096, &address), 0);
	EXPECT_EQ(address, 0x60000000u);
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

TEST(HeapCore, piece_is_taken_and_given_back)
{
	heap_region *region = nullptr;
	unsigned long long address = 0, rest = 0;
	ASSERT_EQ(heap_region_create(0x60000000, 1 << 20, &region), 0);

	ASSERT_EQ(heap_region_alloc(region, 5000, 4096, &address), 0);
	EXPECT_EQ(heap_region_alloc(region, 1 << 20, 4096, &rest), -ENOSPC);
	EXPECT_EQ(heap_region_alloc(region, (1 << 20) - 8192, 4096, &rest), 0);
	EXPECT_EQ(heap_region_free(region, rest), 0);
	EXPECT_EQ(heap_region_free(region, address), 0);
	EXPECT_EQ(heap_region_alloc(region, 1 << 20, 4096, &rest), 0);
	EXPECT_EQ(heap_region_free(region, rest), 0);

	EXPECT_EQ(heap_region_free(region, address), -ENOENT);
	EXPECT_EQ(heap_region_alloc(region, 0, 4096, &address), -EINVAL);
	EXPECT_EQ(heap_region_alloc(region, 4096, 3, &address), -EDOM);
	EXPECT_EQ(heap_region_alloc(region, 2 << 20, 4096, &address), -E2BIG);
	heap_region_destroy(region);
}

TEST(HeapCore, no_region_may_be_destroyed)
{
	heap_region_destroy(nullptr);
}

} // namespace
