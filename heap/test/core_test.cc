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

TEST(HeapCore, piece_is_taken_and_given_back)
{
	heap_region *region = nullptr;
	unsigned long long address = 0;
	ASSERT_EQ(heap_region_create(0x60000000, 1 << 20, &region), 0);

	ASSERT_EQ(heap_region_alloc(region, 5000, 4096, &address), 0);
	EXPECT_EQ(heap_region_free_bytes(region), (1u << 20) - 8192);
	EXPECT_EQ(heap_region_free(region, address), 0);
	EXPECT_EQ(heap_region_free_bytes(region), 1u << 20);

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

// A firewall, one heap's session, and memory for one grant.
class HeapFirewall : public testing::Test
{
protected:
	~HeapFirewall() override
	{
		heap_grant_free(grant);
		heap_session_destroy(session);
		heap_firewall_destroy(firewall);
	}

	int create(const heap_claim &claim)
	{
		return heap_grant_create(firewall, session, &claim, &grant, &id);
	}

	heap_firewall *firewall = heap_firewall_create();
	heap_session *session = heap_session_create();
	heap_grant *grant = heap_grant_blank();
	unsigned long long id = 0;
	heap_window window = {};
};

TEST_F(HeapFirewall, grant_lives_from_create_to_remove)
{
	ASSERT_EQ(create({.master = 7, .address = 0x1000, .size = 0x2000, .access = 1}), 0);
	EXPECT_EQ(grant, nullptr);
	EXPECT_NE(id, 0u);

	ASSERT_EQ(heap_window_open(firewall, id, 0x1000, 0x1000, 1, &window), 0);
	EXPECT_EQ(window.address, 0x2000u);
	EXPECT_EQ(heap_grant_remove(firewall, id, &grant), -EBUSY);
	heap_grant_stop(firewall, id);
	EXPECT_EQ(heap_window_close(firewall, &window), 1);
	EXPECT_EQ(heap_window_close(firewall, &window), -EBADF);
	EXPECT_EQ(heap_grant_remove(firewall, id, &grant), 0);
	EXPECT_NE(grant, nullptr);
	EXPECT_EQ(heap_window_open(firewall, id, 0, 1, 1, &window), -EACCES);
}

TEST_F(HeapFirewall, refused_claim_leaves_the_memory_to_the_caller)
{
	EXPECT_EQ(create({.master = 7, .address = 0x1000, .size = 0x2000, .access = 0}), -EACCES);
	EXPECT_EQ(create({.master = 7, .address = 0x1000, .size = 0, .access = 1}), -ERANGE);
	EXPECT_NE(grant, nullptr);
	EXPECT_EQ(id, 0u);
}

TEST_F(HeapFirewall, claim_without_memory_refused)
{
	heap_grant_free(grant);
	grant = nullptr;
	EXPECT_EQ(create({.master = 7, .address = 0x1000, .size = 0x1000, .access = 1}), -ENOMEM);
}

TEST_F(HeapFirewall, stopped_master_opens_nothing_and_is_waited_for)
{
	heap_window refused = {};

	ASSERT_EQ(create({.master = 7, .address = 0, .size = 0x1000, .access = 3}), 0);
	ASSERT_EQ(heap_window_open(firewall, id, 0, 1, 3, &window), 0);
	heap_master_stop(firewall, session, 7);
	EXPECT_EQ(heap_master_windows(firewall, session, 7), 1u);
	EXPECT_EQ(heap_window_open(firewall, id, 0, 1, 3, &refused), -EACCES);
	EXPECT_EQ(heap_window_close(firewall, &window), 1);
	EXPECT_EQ(heap_master_windows(firewall, session, 7), 0u);
	ASSERT_EQ(heap_grant_remove(firewall, id, &grant), 0);
}

} // namespace
