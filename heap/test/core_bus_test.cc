// SPDX-License-Identifier: GPL-2.0
#include "core/core.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace {

// What the bus has: a firewall, a table, a ledger, one heap's session, memory for one grant.
class HeapBus : public testing::Test
{
protected:
	~HeapBus() override
	{
		heap_grant_free(grant);
		heap_session_destroy(session);
		heap_firewall_destroy(firewall);
		heap_table_destroy(table);
		heap_ledger_destroy(ledger);
	}

	// By master 7, on buffer 5, of the session as it began.
	int create(unsigned long long address, unsigned long long size, unsigned int access,
		   unsigned long long generation = 1)
	{
		const heap_claim claim = {
			.master = 7,
			.buffer = 5,
			.generation = generation,
			.address = address,
			.size = size,
			.access = access,
		};

		return heap_grant_create(firewall, session, &claim, &grant, &id);
	}

	int open(unsigned long long offset, unsigned long long len, unsigned int access)
	{
		return heap_window_open(firewall, id, offset, len, access, &window, &reason);
	}

	unsigned int enter(unsigned long long address, unsigned long long size)
	{
		heap_entry *blank = heap_entry_blank();
		unsigned int handle = 0;

		EXPECT_EQ(heap_entry_create(table, session, address, size, &blank, &handle), 0);
		EXPECT_EQ(blank, nullptr);
		return handle;
	}

	int leave(unsigned int handle, unsigned long long scrubbed)
	{
		heap_entry *entry = nullptr;
		const int ret = heap_entry_finish_free(table, handle, scrubbed, &entry);

		heap_entry_free(entry);
		return ret;
	}

	int owner = 0;
	heap_firewall *firewall = heap_firewall_create();
	heap_table *table = heap_table_create();
	heap_ledger *ledger = heap_ledger_create();
	heap_session *session = heap_session_create(&owner);
	heap_grant *grant = heap_grant_blank();
	unsigned long long id = 0;
	heap_window window = {};
	const char *reason = "";
};

TEST_F(HeapBus, session_knows_its_owner_and_generation)
{
	EXPECT_EQ(heap_session_owner(session), &owner);
	EXPECT_EQ(heap_session_generation(session), 1u);
	heap_session_revoke(firewall, session);
	EXPECT_EQ(heap_session_generation(session), 2u);
}

TEST_F(HeapBus, grant_lives_from_create_to_remove)
{
	heap_claim claim = {};

	ASSERT_EQ(create(0x1000, 0x2000, 1), 0);
	EXPECT_EQ(grant, nullptr);
	EXPECT_NE(id, 0u);
	EXPECT_TRUE(heap_range_granted(firewall, 0x2fff, 1));
	EXPECT_FALSE(heap_range_granted(firewall, 0x3000, 1));

	ASSERT_EQ(open(0x1000, 0x1000, 1), 0);
	EXPECT_EQ(window.address, 0x2000u);
	EXPECT_EQ(window.session, session);
	EXPECT_EQ(heap_grant_claim(firewall, id, &claim), session);
	EXPECT_EQ(claim.master, 7u);
	EXPECT_EQ(claim.buffer, 5u);
	EXPECT_EQ(claim.generation, 1u);
	EXPECT_EQ(claim.address, 0x1000u);
	EXPECT_EQ(claim.size, 0x2000u);
	EXPECT_EQ(claim.access, 1u);
	EXPECT_EQ(heap_grant_remove(firewall, id, &grant), -EBUSY);
	heap_grant_stop(firewall, id);
	EXPECT_EQ(open(0, 1, 1), -EACCES);
	EXPECT_STREQ(reason, "unmapped");
	EXPECT_EQ(heap_window_close(firewall, &window), 1);
	EXPECT_EQ(heap_window_close(firewall, &window), -EBADF);
	EXPECT_EQ(heap_grant_remove(firewall, id, &grant), 0);
	EXPECT_NE(grant, nullptr);
	EXPECT_EQ(open(0, 1, 1), -EACCES);
	EXPECT_STREQ(reason, "grant-ended");
	EXPECT_EQ(heap_grant_claim(firewall, id, &claim), nullptr);
	EXPECT_EQ(heap_grant_remove(firewall, id, &grant), -EACCES);
}

TEST_F(HeapBus, refused_claim_leaves_the_memory_to_the_caller)
{
	EXPECT_EQ(create(0x1000, 0x2000, 0), -EACCES);
	EXPECT_EQ(create(0x1000, 0, 1), -ERANGE);
	EXPECT_EQ(create(0, 1, 1, 2), -EIO);
	EXPECT_NE(grant, nullptr);
	EXPECT_EQ(id, 0u);
}

TEST_F(HeapBus, claim_without_memory_refused)
{
	heap_grant_free(grant);
	grant = nullptr;
	EXPECT_EQ(create(0x1000, 0x1000, 1), -ENOMEM);
}

TEST_F(HeapBus, refused_window_says_why)
{
	EXPECT_EQ(open(0, 1, 1), -EACCES);
	EXPECT_STREQ(reason, "no-such-grant");

	ASSERT_EQ(create(0, 0x1000, 1), 0);
	EXPECT_EQ(open(0, 1, 2), -EACCES);
	EXPECT_STREQ(reason, "direction");
	EXPECT_EQ(open(0x1000, 1, 1), -ERANGE);
	EXPECT_STREQ(reason, "outside");
	heap_session_revoke(firewall, session);
	EXPECT_EQ(open(0, 1, 1), -EIO);
	EXPECT_STREQ(reason, "revoked");
	ASSERT_EQ(heap_grant_remove(firewall, id, &grant), 0);
}

TEST_F(HeapBus, stopped_master_opens_nothing_and_is_waited_for)
{
	heap_window open_one = {};

	ASSERT_EQ(create(0, 0x1000, 3), 0);
	ASSERT_EQ(open(0, 1, 3), 0);
	open_one = window;
	heap_master_stop(firewall, session, 7);
	EXPECT_EQ(heap_master_windows(firewall, session, 7), 1u);
	EXPECT_EQ(open(0, 1, 3), -EACCES);
	EXPECT_STREQ(reason, "trust-ended");
	EXPECT_EQ(heap_window_close(firewall, &open_one), 1);
	EXPECT_EQ(heap_master_windows(firewall, session, 7), 0u);
	ASSERT_EQ(heap_grant_remove(firewall, id, &grant), 0);
}

TEST_F(HeapBus, revoked_session_is_waited_for)
{
	ASSERT_EQ(create(0, 0x1000, 3), 0);
	ASSERT_EQ(open(0, 1, 3), 0);
	heap_session_revoke(firewall, session);
	EXPECT_EQ(heap_session_windows(firewall, session, 1), 1u);
	EXPECT_EQ(heap_window_close(firewall, &window), 1);
	EXPECT_EQ(heap_session_windows(firewall, session, 1), 0u);
	ASSERT_EQ(heap_grant_remove(firewall, id, &grant), 0);
}

TEST_F(HeapBus, buffer_is_pinned_then_scrubbed_then_forgotten)
{
	const unsigned int handle = enter(0x1000, 0x1000);
	heap_entry_info info = {};

	EXPECT_EQ(heap_entry_pin(table, handle), 0);
	EXPECT_EQ(heap_entry_begin_free(table, handle), -EBUSY);
	ASSERT_TRUE(heap_entry_next(table, 0, &info));
	EXPECT_EQ(info.handle, handle);
	EXPECT_EQ(info.state, HEAP_ENTRY_ALLOCATED);
	EXPECT_EQ(info.session, session);
	EXPECT_EQ(info.address, 0x1000u);
	EXPECT_EQ(info.size, 0x1000u);
	EXPECT_EQ(info.generation, 1u);
	EXPECT_EQ(info.grants, 1u);
	EXPECT_FALSE(heap_entry_next(table, handle, &info));

	heap_entry_unpin(table, handle);
	EXPECT_EQ(leave(handle, 0x1000), -ENOENT);
	EXPECT_EQ(heap_entry_begin_free(table, handle), 0);
	EXPECT_EQ(heap_entry_begin_free(table, handle), -ENOENT);
	EXPECT_EQ(heap_entry_pin(table, handle), -EACCES);
	EXPECT_EQ(leave(handle, 0x800), -EBUSY);
	EXPECT_EQ(leave(handle, 0x1000), 0);
	EXPECT_EQ(leave(handle, 0x1000), -ENOENT);
	EXPECT_EQ(heap_entry_begin_free(table, handle), -ENOENT);
	EXPECT_EQ(heap_entry_pin(table, handle), -EACCES);
	EXPECT_FALSE(heap_entry_next(table, 0, &info));
}

TEST_F(HeapBus, revoked_buffer_is_not_pinned)
{
	const unsigned int handle = enter(0x1000, 0x1000);
	heap_entry_info info = {};

	heap_entries_revoke(table, session);
	EXPECT_EQ(heap_entry_pin(table, handle), -EIO);
	ASSERT_TRUE(heap_entry_next(table, 0, &info));
	EXPECT_EQ(info.state, HEAP_ENTRY_REVOKED);
}

TEST_F(HeapBus, buffer_over_one_that_is_not_scrubbed_refused)
{
	const unsigned int handle = enter(0x1000, 0x2000);
	heap_entry *blank = heap_entry_blank();
	unsigned int other = 0;

	ASSERT_EQ(heap_entry_begin_free(table, handle), 0);
	EXPECT_EQ(heap_entry_create(table, session, 0x2000, 0x1000, &blank, &other), -EBUSY);
	EXPECT_EQ(heap_entry_create(table, session, 0x5000, 0, &blank, &other), -EINVAL);
	EXPECT_NE(blank, nullptr);
	EXPECT_EQ(leave(handle, 0x2000), 0);
	EXPECT_EQ(heap_entry_create(table, session, 0x2000, 0x1000, &blank, &other), 0);
	EXPECT_EQ(heap_entry_create(table, session, 0x9000, 0x1000, &blank, &other), -ENOMEM);
	EXPECT_NE(other, handle);
}

TEST_F(HeapBus, ledger_keeps_a_heaps_account_and_the_total)
{
	heap_session *const another = heap_session_create(nullptr);

	heap_ledger_add(ledger, session, HEAP_BYTES, 100);
	heap_ledger_add(ledger, another, HEAP_BYTES, 10);
	heap_ledger_sub(ledger, session, HEAP_BYTES, 40);
	EXPECT_EQ(heap_ledger_level(ledger, session, HEAP_BYTES).now, 60u);
	EXPECT_EQ(heap_ledger_level(ledger, session, HEAP_BYTES).most, 100u);
	EXPECT_EQ(heap_ledger_level(ledger, nullptr, HEAP_BYTES).now, 70u);
	EXPECT_EQ(heap_ledger_level(ledger, nullptr, HEAP_BYTES).ever, 110u);
	EXPECT_EQ(heap_ledger_imbalances(ledger), 0u);
	heap_ledger_sub(ledger, another, HEAP_BYTES, 11);
	EXPECT_EQ(heap_ledger_imbalances(ledger), 1u);
	heap_session_destroy(another);
}

TEST_F(HeapBus, violation_is_noted_as_it_was)
{
	heap_violation violation = {
		.serial = 99, .time = 12, .pid = 34, .buffer = 56, .error = -EACCES,
		.kind = HEAP_KIND_ATTACH, .comm = "a b", .master = "vgem", .heap = "heap",
		.reason = "untrusted",
	};
	heap_violation noted = {};

	EXPECT_FALSE(heap_ledger_next(ledger, 0, &noted));
	heap_ledger_refuse(ledger, session, &violation);
	violation.kind = HEAP_KIND_WINDOW;
	heap_ledger_refuse(ledger, nullptr, &violation);
	EXPECT_EQ(heap_ledger_refused(ledger, session, HEAP_KIND_ATTACH), 1u);
	EXPECT_EQ(heap_ledger_refused(ledger, session, HEAP_KIND_WINDOW), 0u);
	EXPECT_EQ(heap_ledger_refused(ledger, nullptr, HEAP_KIND_WINDOW), 1u);

	ASSERT_TRUE(heap_ledger_next(ledger, 0, &noted));
	EXPECT_EQ(noted.serial, 1u);
	EXPECT_EQ(noted.time, 12u);
	EXPECT_EQ(noted.pid, 34u);
	EXPECT_EQ(noted.buffer, 56u);
	EXPECT_EQ(noted.error, -EACCES);
	EXPECT_EQ(noted.kind, HEAP_KIND_ATTACH);
	EXPECT_STREQ(noted.comm, "a?b");
	EXPECT_STREQ(noted.master, "vgem");
	EXPECT_STREQ(noted.heap, "heap");
	EXPECT_STREQ(noted.reason, "untrusted");
	EXPECT_FALSE(heap_ledger_next(ledger, 2, &noted));
}

TEST(HeapCore, gauges_and_kinds_have_names)
{
	for (unsigned int i = 0; i < HEAP_GAUGES; i++)
		EXPECT_STRNE(heap_gauge_name(i), "unknown");
	for (unsigned int i = 0; i < HEAP_KINDS; i++)
		EXPECT_STRNE(heap_kind_name(i), "unknown");
	EXPECT_EQ(heap_gauge_name(HEAP_GAUGES), nullptr);
	EXPECT_EQ(heap_kind_name(HEAP_KINDS), nullptr);
	EXPECT_STREQ(heap_kind_name(HEAP_KIND_CPU_ACCESS), "cpu-access");
}

} // namespace
