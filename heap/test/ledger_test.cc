// SPDX-License-Identifier: GPL-2.0
/* The ledger: each rule by example, and all of them against a naive model. */

#include "core/ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace vskms::heap;

constexpr std::uint64_t limit = ~0ull;

/* Copied without a NUL where there is no room for one, as strncpy() does. */
template <std::size_t size>
void put(std::array<char, size> &text, std::string_view value)
{
	text.fill('\0');
	value.copy(text.data(), size);
}

Violation violation(Kind kind, std::string_view comm = "mpv")
{
	Violation made = {.time = 12, .pid = 34, .buffer = 56, .error = -13, .kind = kind};

	put(made.comm, comm);
	put(made.master, "codec0");
	put(made.heap, "protected");
	put(made.reason, "not-trusted");
	return made;
}

std::vector<std::uint64_t> serials(const Ledger &ledger)
{
	std::vector<std::uint64_t> found;

	ledger.for_each_recent([&](const Violation &at) { found.push_back(at.serial); });
	return found;
}

class LedgerTest : public testing::Test {
protected:
	void SetUp() override { ASSERT_TRUE(made); }

	void TearDown() override { EXPECT_TRUE(ledger.check()); }

	/* What becomes of the name of a process. */
	std::string noted(std::string_view comm)
	{
		const std::uint64_t serial = ledger.refuse(nullptr, violation(Kind::mmap, comm));
		const Violation *at = ledger.next(serial - 1);

		EXPECT_TRUE(at && at->serial == serial);
		EXPECT_TRUE(at && at->comm.back() == '\0');
		return at ? at->comm.data() : "";
	}

	std::unique_ptr<Ledger> made = Ledger::create();
	Ledger &ledger = *made;
	Account heap;
	Account other;
};

TEST_F(LedgerTest, new_one_is_empty)
{
	EXPECT_TRUE(ledger.total().balanced());
	EXPECT_TRUE(heap.balanced());
	EXPECT_EQ(heap.level(Gauge::bytes), Level());
	EXPECT_EQ(ledger.imbalances(), 0u);
	EXPECT_EQ(ledger.last_serial(), 0u);
	EXPECT_EQ(ledger.next(0), nullptr);
	EXPECT_EQ(ledger.next(limit), nullptr);
	EXPECT_EQ(serials(ledger).size(), 0u);
}

TEST_F(LedgerTest, booked_in_the_heap_and_in_the_total)
{
	ledger.add(heap, Gauge::bytes, 9);
	ledger.add(other, Gauge::bytes, 2);
	ledger.add(other, Gauge::buffers);
	EXPECT_EQ(heap.level(Gauge::bytes).now, 9u);
	EXPECT_EQ(other.level(Gauge::bytes).now, 2u);
	EXPECT_EQ(ledger.total().level(Gauge::bytes).now, 11u);
	EXPECT_EQ(ledger.total().level(Gauge::buffers).now, 1u);
	EXPECT_EQ(heap.level(Gauge::buffers).now, 0u);
	EXPECT_FALSE(heap.balanced());
	EXPECT_TRUE(ledger.sub(heap, Gauge::bytes, 9));
	EXPECT_TRUE(heap.balanced());
	EXPECT_FALSE(ledger.total().balanced());
	EXPECT_EQ(ledger.total().level(Gauge::bytes).now, 2u);
}

TEST_F(LedgerTest, high_water_mark_stays)
{
	ledger.add(heap, Gauge::windows, 3);
	EXPECT_TRUE(ledger.sub(heap, Gauge::windows, 3));
	ledger.add(heap, Gauge::windows, 2);
	EXPECT_EQ(heap.level(Gauge::windows), (Level{2, 3, 5}));
}

TEST_F(LedgerTest, high_water_of_the_total_is_not_the_sum_of_those_of_the_heaps)
{
	ledger.add(heap, Gauge::mappings, 5);
	EXPECT_TRUE(ledger.sub(heap, Gauge::mappings, 5));
	ledger.add(other, Gauge::mappings, 4);
	EXPECT_EQ(ledger.total().level(Gauge::mappings), (Level{4, 5, 9}));
}

TEST_F(LedgerTest, more_than_is_there_refused)
{
	ledger.add(heap, Gauge::keys, 2);
	EXPECT_FALSE(ledger.sub(heap, Gauge::keys, 3));
	EXPECT_EQ(heap.level(Gauge::keys).now, 2u);
	EXPECT_EQ(ledger.total().level(Gauge::keys).now, 2u);
	EXPECT_FALSE(ledger.sub(heap, Gauge::attachments));
	EXPECT_FALSE(ledger.sub(heap, Gauge::keys, limit));
	EXPECT_EQ(ledger.imbalances(), 3u);
	EXPECT_TRUE(ledger.sub(heap, Gauge::keys, 2));
	EXPECT_EQ(ledger.imbalances(), 3u);
}

TEST_F(LedgerTest, another_heaps_share_refused)
{
	ledger.add(other, Gauge::bytes, 100);
	EXPECT_FALSE(ledger.sub(heap, Gauge::bytes, 1));
	EXPECT_EQ(ledger.total().level(Gauge::bytes).now, 100u);
	EXPECT_EQ(ledger.imbalances(), 1u);
}

TEST_F(LedgerTest, total_keeps_what_a_heap_that_went_ever_had)
{
	{
		Account gone;

		ledger.add(gone, Gauge::bytes, 7);
		ledger.refuse(&gone, violation(Kind::map));
		EXPECT_TRUE(ledger.sub(gone, Gauge::bytes, 7));
		EXPECT_TRUE(gone.balanced());
	}
	EXPECT_EQ(ledger.total().level(Gauge::bytes), (Level{0, 7, 7}));
	EXPECT_EQ(ledger.total().violations(Kind::map), 1u);
}

TEST_F(LedgerTest, level_at_the_limit_stays)
{
	ledger.add(heap, Gauge::bytes, limit - 1);
	ledger.add(heap, Gauge::bytes, 2);
	EXPECT_EQ(heap.level(Gauge::bytes), (Level{limit, limit, limit}));
	EXPECT_TRUE(ledger.sub(heap, Gauge::bytes, 5));
	EXPECT_EQ(heap.level(Gauge::bytes).now, limit);
	ledger.add(heap, Gauge::bytes, limit);
	EXPECT_EQ(heap.level(Gauge::bytes).now, limit);
}

TEST_F(LedgerTest, total_at_the_limit_leaves_the_heaps_right)
{
	ledger.add(heap, Gauge::bytes, limit - 1);
	ledger.add(other, Gauge::bytes, limit - 1);
	EXPECT_EQ(ledger.total().level(Gauge::bytes).now, limit);
	EXPECT_TRUE(ledger.sub(heap, Gauge::bytes, limit - 1));
	EXPECT_TRUE(ledger.sub(other, Gauge::bytes, limit - 2));
	EXPECT_TRUE(heap.balanced());
	EXPECT_EQ(other.level(Gauge::bytes).now, 1u);
	EXPECT_EQ(ledger.imbalances(), 0u);
}

TEST_F(LedgerTest, ever_stays_at_the_limit_while_now_goes_on)
{
	for (int i = 0; i < 3; i++) {
		ledger.add(heap, Gauge::bytes, 1ull << 63);
		EXPECT_TRUE(ledger.sub(heap, Gauge::bytes, 1ull << 63));
	}
	EXPECT_EQ(heap.level(Gauge::bytes), (Level{0, 1ull << 63, limit}));
	EXPECT_EQ(ledger.total().level(Gauge::bytes), (Level{0, 1ull << 63, limit}));
}

TEST_F(LedgerTest, violation_kept_as_it_was)
{
	EXPECT_EQ(ledger.refuse(&heap, violation(Kind::attach)), 1u);

	const Violation *at = ledger.next(0);

	ASSERT_TRUE(at);
	EXPECT_EQ(at->serial, 1u);
	EXPECT_EQ(at->time, 12u);
	EXPECT_EQ(at->pid, 34u);
	EXPECT_EQ(at->buffer, 56u);
	EXPECT_EQ(at->error, -13);
	EXPECT_EQ(at->kind, Kind::attach);
	EXPECT_STREQ(at->comm.data(), "mpv");
	EXPECT_STREQ(at->master.data(), "codec0");
	EXPECT_STREQ(at->heap.data(), "protected");
	EXPECT_STREQ(at->reason.data(), "not-trusted");
}

TEST_F(LedgerTest, violations_counted_by_kind)
{
	ledger.refuse(&heap, violation(Kind::mmap));
	ledger.refuse(&heap, violation(Kind::mmap));
	ledger.refuse(&other, violation(Kind::mmap));
	ledger.refuse(nullptr, violation(Kind::revoke));
	EXPECT_EQ(heap.violations(Kind::mmap), 2u);
	EXPECT_EQ(other.violations(Kind::mmap), 1u);
	EXPECT_EQ(ledger.total().violations(Kind::mmap), 3u);
	EXPECT_EQ(ledger.total().violations(Kind::revoke), 1u);
	EXPECT_EQ(heap.violations(Kind::revoke), 0u);
	EXPECT_EQ(ledger.total().violations(Kind::alloc), 0u);
	EXPECT_TRUE(heap.balanced());
}

TEST_F(LedgerTest, the_last_256_are_kept_oldest_first)
{
	for (std::uint64_t i = 1; i <= 514; i++)
		ASSERT_EQ(ledger.refuse(&heap, violation(Kind::key)), i);

	const auto found = serials(ledger);

	EXPECT_EQ(found.size(), Ledger::kept);
	EXPECT_EQ(found.front(), 259u);
	EXPECT_EQ(found.back(), 514u);
	EXPECT_TRUE(std::ranges::is_sorted(found));
	EXPECT_EQ(heap.violations(Kind::key), 514u);
}

TEST_F(LedgerTest, follower_sees_each_once)
{
	std::uint64_t seen = 0;

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 50; i++)
			ledger.refuse(nullptr, violation(Kind::inject));
		while (const Violation *at = ledger.next(seen)) {
			ASSERT_EQ(at->serial, seen + 1);
			seen = at->serial;
		}
	}
	EXPECT_EQ(seen, 1000u);
}

TEST_F(LedgerTest, follower_who_is_too_late_can_tell_by_how_many)
{
	for (int i = 0; i < 300; i++)
		ledger.refuse(nullptr, violation(Kind::inject));

	const Violation *at = ledger.next(10);

	ASSERT_TRUE(at);
	EXPECT_EQ(at->serial - 10 - 1, 300 - Ledger::kept - 10);
	EXPECT_EQ(ledger.next(300), nullptr);
	EXPECT_EQ(ledger.next(limit), nullptr);
}

TEST_F(LedgerTest, kept_violation_may_be_noted_again)
{
	ledger.refuse(nullptr, violation(Kind::map));
	for (std::uint64_t i = 2; i < 600; i++)
		ASSERT_EQ(ledger.refuse(nullptr, *ledger.next(0)), i);
	EXPECT_EQ(ledger.total().violations(Kind::map), 599u);
}

TEST(LedgerSerials, end_and_do_not_begin_again)
{
	Ledger ledger(limit - 2);
	const Violation last = violation(Kind::alloc);

	EXPECT_TRUE(ledger.check());
	EXPECT_EQ(ledger.next(0), nullptr);
	EXPECT_EQ(ledger.next(limit - 3), nullptr);
	EXPECT_EQ(ledger.refuse(nullptr, last), limit - 1);
	EXPECT_EQ(ledger.refuse(nullptr, last), limit);
	EXPECT_EQ(ledger.refuse(nullptr, last), 0u);
	EXPECT_EQ(ledger.total().violations(Kind::alloc), 3u);
	EXPECT_EQ(serials(ledger), (std::vector{limit - 1, limit}));
	EXPECT_EQ(ledger.next(limit), nullptr);
	EXPECT_TRUE(ledger.check());
}

TEST_F(LedgerTest, hostile_names_cannot_forge_lines_or_columns)
{
	EXPECT_EQ(noted("a\n2 root 0 ok"), "a?2?root?0?ok");
	EXPECT_EQ(noted("\x1b[2J\r\t\x07"), "?[2J???");
	EXPECT_EQ(noted("a\"b'c`d\\n"), "a?b?c?d?n");
	EXPECT_EQ(noted("caf\xc3\xa9\x80\xff\x7f"), "caf?????");
	EXPECT_EQ(noted("Web Content"), "Web?Content");
	EXPECT_EQ(noted("kworker/0:1-ev"), "kworker/0:1-ev");
	EXPECT_EQ(noted("!#$%&()*+,-.:;~"), "!#$%&()*+,-.:;~");
	EXPECT_EQ(noted(""), "");
}

TEST_F(LedgerTest, strings_without_an_end_are_cut_off)
{
	EXPECT_EQ(noted("0123456789abcdef"), "0123456789abcde");

	Violation full = violation(Kind::window);

	full.master.fill('m');
	full.heap.fill('\n');
	full.reason.fill('r');
	ledger.refuse(nullptr, full);

	const Violation *at = ledger.next(1);

	ASSERT_TRUE(at);
	EXPECT_EQ(at->master.data(), std::string(63, 'm'));
	EXPECT_EQ(at->heap.data(), std::string(63, '?'));
	EXPECT_EQ(at->reason.data(), std::string(31, 'r'));
}

TEST_F(LedgerTest, nothing_of_what_lies_behind_a_string_is_kept)
{
	Violation stack = violation(Kind::window);

	stack.comm.fill('S');
	stack.comm[3] = '\0';
	ledger.refuse(nullptr, stack);
	for (std::size_t i = 3; i < stack.comm.size(); i++)
		EXPECT_EQ(ledger.next(0)->comm[i], '\0') << i;
}

TEST(LedgerNames, lower_case_with_dashes_and_all_different)
{
	std::vector<std::string> names;

	for (std::size_t i = 0; i < gauges; i++)
		names.push_back(name(Gauge(i)));
	for (std::size_t i = 0; i < kinds; i++)
		names.push_back(name(Kind(i)));
	for (const std::string &is : names) {
		EXPECT_NE(is, "unknown");
		EXPECT_EQ(is.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string::npos);
	}
	std::ranges::sort(names);
	EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
	EXPECT_STREQ(name(Kind::cpu_access), "cpu-access");
	EXPECT_STREQ(name(Gauge::count), "unknown");
	EXPECT_STREQ(name(Kind::count), "unknown");
}

/* The limit is out of the model's reach: there the rules are other ones, and tested above. */
struct Model {
	struct Book {
		std::array<std::array<std::uint64_t, 3>, gauges> level = {};
		std::array<std::uint64_t, kinds> violations = {};
	};

	std::array<Book, 3> heaps = {};
	std::array<std::uint64_t, gauges> most = {};
	std::deque<Violation> violations;	// all of them
	std::uint64_t imbalances = 0;
};

class LedgerProperty : public testing::TestWithParam<unsigned> {
protected:
	void book()
	{
		const unsigned in = random() % heaps.size();
		const std::size_t gauge = random() % gauges;
		const std::uint64_t amount = random() % 4 ? 1 : random() % 1000;
		auto &[now, most, ever] = model.heaps[in].level[gauge];

		if (random() % 16 < 7) {	// less is added than is asked for
			ledger.add(heaps[in], Gauge(gauge), amount);
			now += amount;
			ever += amount;
			most = std::max(most, now);
			model.most[gauge] = std::max(model.most[gauge], sum(gauge, 0));
			return;
		}
		ASSERT_EQ(ledger.sub(heaps[in], Gauge(gauge), amount), amount <= now);
		if (amount <= now)
			now -= amount;
		else
			model.imbalances++;
	}

	void refuse()
	{
		const unsigned in = random() % (heaps.size() + 1);
		const bool none = in == heaps.size();
		Violation made = violation(Kind(random() % kinds));

		made.time = random();
		made.pid = random();
		for (char &c : made.comm)
			c = random() % 16 ? static_cast<char>('a' + random() % 26)
					  : static_cast<char>(random());
		made.serial = random();
		ASSERT_EQ(ledger.refuse(none ? nullptr : &heaps[in], made),
			  model.violations.size() + 1);
		made.serial = model.violations.size() + 1;
		model.violations.push_back(made);
		if (!none)
			model.heaps[in].violations[std::to_underlying(made.kind)]++;
	}

	std::uint64_t sum(std::size_t gauge, std::size_t of) const
	{
		std::uint64_t all = 0;

		for (const Model::Book &book : model.heaps)
			all += book.level[gauge][of];
		return all;
	}

	void compare()
	{
		for (std::size_t gauge = 0; gauge < gauges; gauge++) {
			for (std::size_t in = 0; in < heaps.size(); in++) {
				const auto &[now, most, ever] = model.heaps[in].level[gauge];

				ASSERT_EQ(heaps[in].level(Gauge(gauge)), (Level{now, most, ever}));
			}
			ASSERT_EQ(ledger.total().level(Gauge(gauge)),
				  (Level{sum(gauge, 0), model.most[gauge], sum(gauge, 2)}));
		}
		for (std::size_t kind = 0; kind < kinds; kind++) {
			for (std::size_t in = 0; in < heaps.size(); in++)
				ASSERT_EQ(heaps[in].violations(Kind(kind)),
					  model.heaps[in].violations[kind]);
			ASSERT_EQ(ledger.total().violations(Kind(kind)),
				  std::ranges::count(model.violations, Kind(kind),
						     &Violation::kind));
		}
		ASSERT_EQ(ledger.imbalances(), model.imbalances);
	}

	void read()
	{
		const std::uint64_t given = model.violations.size();
		const std::uint64_t after = random() % (given + 3);
		const std::uint64_t first = given > Ledger::kept ? given - Ledger::kept + 1 : 1;
		const std::uint64_t want = std::max(after + 1, first);
		const Violation *at = ledger.next(after);

		ASSERT_EQ(at != nullptr, want <= given);
		if (!at)
			return;

		const Violation &is = model.violations[want - 1];
		const std::size_t len = strnlen(is.comm.data(), is.comm.size() - 1);

		ASSERT_EQ(at->serial, want);
		ASSERT_EQ(at->time, is.time);
		ASSERT_EQ(at->pid, is.pid);
		ASSERT_EQ(at->kind, is.kind);
		ASSERT_EQ(std::strlen(at->comm.data()), len);
		for (std::size_t i = 0; i < len; i++)
			ASSERT_TRUE(at->comm[i] == is.comm[i] || at->comm[i] == '?');
	}

	std::mt19937 random{GetParam()};
	std::array<Account, 3> heaps;
	Ledger ledger;
	Model model;
};

TEST_P(LedgerProperty, agrees_with_a_naive_model)
{
	for (int op = 0; op < 25000; op++) {
		if (random() % 8)
			book();
		else
			refuse();
		read();
		if (op % 100 == 0) {
			compare();
			ASSERT_TRUE(ledger.check());
		}
		if (HasFatalFailure())
			FAIL() << "op " << op;
	}
	compare();
	// Else it was not put to the test.
	EXPECT_GT(model.imbalances, 400u);
	EXPECT_GT(model.violations.size(), 4 * Ledger::kept);
}

INSTANTIATE_TEST_SUITE_P(seeds, LedgerProperty, testing::Range(1u, 7u));

} // namespace
