// SPDX-License-Identifier: GPL-2.0
/* The firewall: each rule by example. firewall_model_test.cc has all of them together. */

#include "core/firewall.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <utility>
#include <vector>

namespace {

using namespace vskms::heap;

constexpr std::uint64_t KiB = 1 << 10;
constexpr std::uint64_t MiB = 1 << 20;
constexpr std::uint64_t base = 0x60000000;
constexpr std::uint64_t display = 7;
constexpr std::uint64_t codec = 8;
constexpr Extent buffer = {base, MiB};
constexpr Extent everything = {0, ~0ull};

/* Refusal{} is no refusal. */
template <typename T>
Refusal refusal_of(const std::expected<T, Refusal> &result)
{
	return result ? Refusal{} : result.error();
}

GrantId after(GrantId id)
{
	return GrantId{std::to_underlying(id) + 1};
}

/* A firewall, and the sessions of two heaps, of which most tests need one. */
class FirewallTest : public testing::Test {
protected:
	/* What the display's mapping of the buffer claims. */
	Claim claim(Extent range = buffer, std::uint64_t master = display,
		    Direction direction = Direction::bidirectional) const
	{
		return {master, 1, range, direction, session.generation()};
	}

	/* A grant that must be had, else none. */
	GrantId grant(Session &in, const Claim &claim)
	{
		std::unique_ptr<Grant> blank = Grant::blank();
		const auto id = firewall.create(blank, in, claim);

		EXPECT_TRUE(id.has_value());
		EXPECT_FALSE(blank);
		return id ? *id : GrantId::none;
	}

	GrantId grant(const Claim &claim) { return grant(session, claim); }
	GrantId grant() { return grant(session, claim()); }

	Refusal create_refusal(const Claim &claim)
	{
		std::unique_ptr<Grant> blank = Grant::blank();
		const std::size_t before = firewall.counters().grants;
		const Refusal why = refusal_of(firewall.create(blank, session, claim));

		EXPECT_TRUE(blank);	// still the caller's
		EXPECT_EQ(firewall.counters().grants, before);
		EXPECT_EQ(session.grants(), before);
		EXPECT_TRUE(firewall.check());
		return why;
	}

	/* A window that must be had. */
	Window open(GrantId id, std::uint64_t offset = 0, std::uint64_t len = KiB,
		    Direction direction = Direction::to_device)
	{
		const auto window = firewall.open(id, offset, len, direction);

		EXPECT_TRUE(window.has_value());
		return window ? *window : Window{};
	}

	Refusal open_refusal(GrantId id, std::uint64_t offset = 0, std::uint64_t len = KiB,
			     Direction direction = Direction::to_device)
	{
		const Counters before = firewall.counters();
		const Refusal why = refusal_of(firewall.open(id, offset, len, direction));

		EXPECT_EQ(firewall.counters().opened, before.opened);
		EXPECT_EQ(firewall.counters().windows, before.windows);
		EXPECT_EQ(firewall.counters().refused, before.refused + 1);
		EXPECT_TRUE(firewall.check());
		return why;
	}

	Session session;
	Session other;
	Firewall firewall;	// destroyed first, as it must be
};

TEST_F(FirewallTest, window_is_the_asked_part_of_the_grant)
{
	const GrantId id = grant();
	const Window window = open(id, 8 * KiB, 100, Direction::from_device);

	EXPECT_EQ(window.grant, id);
	EXPECT_EQ(window.range, (Extent{base + 8 * KiB, 100}));
	EXPECT_EQ(window.direction, Direction::from_device);
	EXPECT_EQ(firewall.windows(id), 1u);
	EXPECT_FALSE(firewall.idle());
	EXPECT_EQ(firewall.close(window), false);	// nobody can be waiting
	EXPECT_EQ(firewall.windows(id), 0u);
	EXPECT_TRUE(firewall.idle());
	EXPECT_TRUE(firewall.check());
}

TEST_F(FirewallTest, first_and_last_byte_and_the_whole_can_be_opened)
{
	const GrantId id = grant();

	EXPECT_EQ(open(id, 0, MiB).range, buffer);
	EXPECT_EQ(open(id, 0, 1).range, (Extent{base, 1}));
	EXPECT_EQ(open(id, MiB - 1, 1).range, (Extent{base + MiB - 1, 1}));
	EXPECT_EQ(firewall.windows(id), 3u);
}

TEST_F(FirewallTest, window_outside_the_grant_refused)
{
	const GrantId id = grant();

	constexpr std::pair<std::uint64_t, std::uint64_t> bad[] = {
		{0, 0}, {MiB - 1, 0}, {MiB, 0}, {MiB, 1}, {0, MiB + 1}, {1, MiB}, {MiB - 1, 2},
		{MiB + 1, 1}, {~0ull, 1}, {~0ull, 2}, {1, ~0ull}, {~0ull, ~0ull}, {0, ~0ull},
		{0 - base, 1},
	};

	for (const auto &[offset, len] : bad)
		EXPECT_EQ(open_refusal(id, offset, len), Refusal::outside) << offset << " " << len;
}

TEST_F(FirewallTest, window_in_the_wrong_direction_refused)
{
	using enum Direction;
	const GrantId read = grant(claim(buffer, display, to_device));
	const GrantId write = grant(claim(buffer, display, from_device));
	const GrantId both = grant();

	for (const Direction way : {from_device, bidirectional, none, Direction{5}, Direction{4}})
		EXPECT_EQ(open_refusal(read, 0, 1, way), Refusal::wrong_direction);
	for (const Direction way : {to_device, bidirectional, none})
		EXPECT_EQ(open_refusal(write, 0, 1, way), Refusal::wrong_direction);
	for (const Direction way : {none, Direction{7}, Direction{0xff}})
		EXPECT_EQ(open_refusal(both, 0, 1, way), Refusal::wrong_direction);
	for (const Direction way : {to_device, from_device, bidirectional})
		open(both, 0, 1, way);
}

TEST_F(FirewallTest, unknown_grant_refused)
{
	const GrantId id = grant();

	for (const GrantId bad : {GrantId::none, after(id), GrantId{~0ull}}) {
		EXPECT_EQ(open_refusal(bad), Refusal::unknown);
		EXPECT_EQ(refusal_of(firewall.stop(bad)), Refusal::unknown);
		EXPECT_EQ(refusal_of(firewall.remove(bad)), Refusal::unknown);
		EXPECT_EQ(refusal_of(firewall.windows(bad)), Refusal::unknown);
		EXPECT_EQ(refusal_of(firewall.close({bad, 1, buffer, {}})), Refusal::unknown);
		EXPECT_EQ(firewall.find(bad), nullptr);
	}
}

TEST_F(FirewallTest, removed_grant_is_stale_though_all_else_is_used_again)
{
	const GrantId old = grant();
	const Window window = open(old);

	ASSERT_TRUE(firewall.close(window));
	ASSERT_TRUE(firewall.stop(old));
	// The very memory of the grant, too.
	std::unique_ptr<Grant> memory = std::move(*firewall.remove(old));
	const auto id = firewall.create(memory, session, claim());

	ASSERT_TRUE(id);
	EXPECT_NE(*id, old);
	EXPECT_EQ(open_refusal(old), Refusal::stale);
	EXPECT_EQ(refusal_of(firewall.stop(old)), Refusal::stale);
	EXPECT_EQ(refusal_of(firewall.remove(old)), Refusal::stale);
	EXPECT_EQ(refusal_of(firewall.windows(old)), Refusal::stale);
	EXPECT_EQ(refusal_of(firewall.close(window)), Refusal::stale);
	EXPECT_EQ(firewall.find(old), nullptr);
	open(*id);
}

TEST_F(FirewallTest, ids_end_rather_than_begin_again)
{
	Firewall old(GrantId{~0ull - 2});
	std::array blanks = {Grant::blank(), Grant::blank(), Grant::blank()};
	const auto first = old.create(blanks[0], session, claim());
	const auto last = old.create(blanks[1], session, claim());

	ASSERT_TRUE(first && last);
	EXPECT_EQ(*last, GrantId{~0ull});
	ASSERT_TRUE(old.remove(*first));
	EXPECT_EQ(refusal_of(old.create(blanks[2], session, claim())), Refusal::exhausted);
	EXPECT_EQ(refusal_of(old.windows(*first)), Refusal::stale);
	EXPECT_EQ(refusal_of(old.windows(GrantId::none)), Refusal::unknown);
	EXPECT_TRUE(old.open(*last, 0, 1, Direction::to_device));
	EXPECT_TRUE(old.check());
}

TEST_F(FirewallTest, claim_that_is_no_range_or_no_way_refused)
{
	for (const Extent range : {Extent{base, 0}, Extent{~0ull, 2}, Extent{base, ~0ull}})
		EXPECT_EQ(create_refusal(claim(range)), Refusal::outside);
	for (const Direction way : {Direction::none, Direction{4}, Direction{7}})
		EXPECT_EQ(create_refusal(claim(buffer, display, way)),
			  Refusal::wrong_direction);
}

TEST_F(FirewallTest, claim_of_another_generation_refused)
{
	// A mapping that lost the race against the revocation.
	Claim late = claim();

	static_cast<void>(firewall.revoke(session));
	EXPECT_EQ(create_refusal(late), Refusal::wrong_generation);
	for (const std::uint64_t off : {std::uint64_t{1}, 0 - session.generation()}) {
		late.generation = session.generation() + off;
		EXPECT_EQ(create_refusal(late), Refusal::wrong_generation);
	}
}

TEST_F(FirewallTest, no_memory_for_a_grant_changes_nothing)
{
	std::unique_ptr<Grant> none;

	EXPECT_EQ(refusal_of(firewall.create(none, session, claim())), Refusal::no_memory);
	EXPECT_EQ(firewall.counters().granted, 0u);
	EXPECT_EQ(session.grants(), 0u);
	EXPECT_FALSE(firewall.any_in(everything));
	EXPECT_TRUE(firewall.check());
	EXPECT_EQ(grant(), GrantId{1});	// no id was lost either
}

TEST_F(FirewallTest, overlapping_grants_are_separate_and_counted)
{
	const GrantId first = grant();
	const GrantId second = grant();
	const GrantId part = grant(claim({base + KiB, KiB}, codec));

	EXPECT_EQ(firewall.counters().grants, 3u);
	EXPECT_EQ(session.grants(), 3u);

	const Window window = open(first);

	EXPECT_EQ(firewall.windows(first), 1u);
	EXPECT_EQ(firewall.windows(second), 0u);
	EXPECT_EQ(firewall.windows_in(buffer), 1u);
	EXPECT_EQ(firewall.stop(second)->windows, 0u);
	EXPECT_TRUE(firewall.remove(second));
	open(first);
	open(part, 0, KiB);
	EXPECT_EQ(firewall.windows_in(buffer), 3u);
	EXPECT_EQ(firewall.windows_in({base + KiB, 1}), 3u);	// grants count, not windows
	EXPECT_EQ(firewall.windows_in({base, KiB}), 2u);
	EXPECT_TRUE(firewall.close(window));
	EXPECT_TRUE(firewall.check());
}

TEST_F(FirewallTest, stop_refuses_new_windows_and_keeps_open_ones)
{
	const GrantId id = grant();
	const Window first = open(id);
	const Window second = open(id, 4 * KiB);
	const auto stopped = firewall.stop(id);

	ASSERT_TRUE(stopped);
	EXPECT_EQ(stopped->grants, 1u);
	EXPECT_EQ(stopped->windows, 2u);
	EXPECT_EQ(open_refusal(id), Refusal::unmapped);
	EXPECT_EQ(firewall.close(second), false);
	EXPECT_EQ(open_refusal(id), Refusal::unmapped);
	EXPECT_EQ(firewall.windows(id), 1u);
	EXPECT_EQ(firewall.close(first), true);		// wake whoever waits
	EXPECT_EQ(firewall.windows(id), 0u);
	EXPECT_EQ(open_refusal(id), Refusal::unmapped);
	EXPECT_TRUE(firewall.remove(id));
}

TEST_F(FirewallTest, stop_again_changes_nothing_but_says_what_is_open)
{
	const GrantId id = grant();

	open(id);
	EXPECT_EQ(firewall.stop_range(buffer).grants, 1u);

	const auto again = firewall.stop(id);

	ASSERT_TRUE(again);
	EXPECT_EQ(again->grants, 0u);
	EXPECT_EQ(again->windows, 1u);
	EXPECT_EQ(open_refusal(id), Refusal::freed);	// the first cause
}

TEST_F(FirewallTest, remove_refused_while_a_window_is_open)
{
	const GrantId id = grant();
	const Window window = open(id);

	EXPECT_EQ(refusal_of(firewall.remove(id)), Refusal::busy);
	open(id);	// a refused remove stops nothing
	ASSERT_TRUE(firewall.stop(id));
	EXPECT_EQ(refusal_of(firewall.remove(id)), Refusal::busy);
	EXPECT_TRUE(firewall.close(window));
	EXPECT_EQ(refusal_of(firewall.remove(id)), Refusal::busy);
	EXPECT_NE(firewall.find(id), nullptr);
	EXPECT_TRUE(firewall.check());
}

TEST_F(FirewallTest, idle_grant_can_be_removed_without_a_stop)
{
	const GrantId id = grant();

	EXPECT_TRUE(firewall.remove(id));
	EXPECT_EQ(session.grants(), 0u);
	EXPECT_FALSE(firewall.any_in(everything));
}

TEST_F(FirewallTest, grants_and_windows_go_in_every_order)
{
	std::vector<int> order = {0, 1, 2, 3};

	do {
		std::vector<GrantId> ids;
		std::vector<Window> windows;

		for (int i = 0; i < 4; i++) {
			ids.push_back(grant());
			windows.push_back(open(ids[i]));
		}
		for (const int i : order) {
			const int which = order[i];

			ASSERT_EQ(firewall.stop(ids[which])->windows, 1u);
			ASSERT_EQ(firewall.close(windows[which]), true);
		}
		for (const int i : order) {
			ASSERT_TRUE(firewall.remove(ids[i]));
			ASSERT_TRUE(firewall.check());
		}
		ASSERT_EQ(firewall.counters().grants, 0u);
		ASSERT_EQ(session.grants(), 0u);
	} while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(FirewallTest, double_close_of_the_only_window_refused)
{
	const GrantId id = grant();
	const Window window = open(id);

	EXPECT_TRUE(firewall.close(window));
	EXPECT_EQ(refusal_of(firewall.close(window)), Refusal::not_open);
	EXPECT_EQ(firewall.counters().windows, 0u);
	EXPECT_TRUE(firewall.check());
}

TEST_F(FirewallTest, double_close_beside_one_open_window_refused)
{
	const GrantId id = grant();
	const Window first = open(id);
	const Window second = open(id);

	EXPECT_TRUE(firewall.close(first));
	EXPECT_EQ(refusal_of(firewall.close(first)), Refusal::not_open);
	EXPECT_EQ(firewall.windows(id), 1u);
	EXPECT_TRUE(firewall.close(second));
	EXPECT_EQ(firewall.windows(id), 0u);
	EXPECT_TRUE(firewall.check());
}

TEST_F(FirewallTest, double_close_beside_many_never_makes_the_grant_look_idle)
{
	const GrantId id = grant();
	const Window first = open(id);
	const Window second = open(id);
	const Window third = open(id);

	EXPECT_TRUE(firewall.close(first));
	EXPECT_TRUE(firewall.close(first));	// in the place of one of the two
	EXPECT_EQ(refusal_of(firewall.close(second)), Refusal::not_open);
	EXPECT_EQ(refusal_of(firewall.close(third)), Refusal::not_open);
	EXPECT_EQ(firewall.windows(id), 1u);
	EXPECT_EQ(refusal_of(firewall.remove(id)), Refusal::busy);
	EXPECT_TRUE(firewall.check());
}

TEST_F(FirewallTest, window_that_was_never_open_cannot_be_closed)
{
	const GrantId id = grant();
	const GrantId second = grant();
	Window window = open(id);

	window.grant = second;
	EXPECT_EQ(refusal_of(firewall.close(window)), Refusal::not_open);
	open(second);
	EXPECT_EQ(refusal_of(firewall.close(window)), Refusal::not_open);
	window.grant = id;
	window.ticket = 0;
	EXPECT_EQ(refusal_of(firewall.close(window)), Refusal::not_open);
	EXPECT_EQ(firewall.counters().windows, 2u);
}

TEST_F(FirewallTest, revoke_kills_every_grant_of_the_generation_and_none_of_the_next)
{
	const GrantId elsewhere = grant(other, claim());
	std::vector<GrantId> old;

	for (int i = 0; i < 10; i++)
		old.push_back(grant(claim(buffer, i % 2 ? display : codec)));

	const Window window = open(old[3]);
	const std::uint64_t generation = session.generation();
	const Stopped stopped = firewall.revoke(session);

	EXPECT_EQ(stopped.grants, 10u);
	EXPECT_EQ(stopped.windows, 1u);
	EXPECT_EQ(session.generation(), generation + 1);

	const GrantId next = grant();
	const Window later = open(next);

	open(elsewhere);
	for (const GrantId id : old)
		EXPECT_EQ(open_refusal(id), Refusal::wrong_generation);
	EXPECT_EQ(firewall.windows_of_generation(session, generation), 1u);
	EXPECT_EQ(firewall.windows_of_generation(session, generation + 1), 1u);
	EXPECT_EQ(firewall.windows_of_generation(session, generation + 2), 0u);
	EXPECT_EQ(firewall.close(window), true);
	EXPECT_EQ(firewall.windows_of_generation(session, generation), 0u);

	// The next revocation finds only what the first left alive.
	EXPECT_EQ(firewall.revoke(session).grants, 1u);
	EXPECT_EQ(open_refusal(next), Refusal::wrong_generation);
	EXPECT_EQ(firewall.close(later), true);
	for (const GrantId id : old)
		EXPECT_TRUE(firewall.remove(id));
	EXPECT_TRUE(firewall.check());
}

TEST_F(FirewallTest, revoke_counts_what_was_stopped_before_by_its_windows_only)
{
	const GrantId stopped = grant();

	grant();
	open(stopped);
	ASSERT_TRUE(firewall.stop(stopped));

	const Stopped all = firewall.revoke(session);

	EXPECT_EQ(all.grants, 1u);
	EXPECT_EQ(all.windows, 1u);
	EXPECT_EQ(open_refusal(stopped), Refusal::unmapped);
}

TEST_F(FirewallTest, revoked_grant_keeps_its_cause)
{
	const GrantId id = grant();

	static_cast<void>(firewall.revoke(session));
	EXPECT_EQ(firewall.stop(id)->grants, 0u);
	EXPECT_EQ(firewall.stop_master(session, display).grants, 0u);
	EXPECT_EQ(firewall.stop_range(buffer).grants, 0u);
	EXPECT_EQ(open_refusal(id), Refusal::wrong_generation);
}

TEST_F(FirewallTest, delisting_kills_only_the_grants_of_the_master_in_the_heap)
{
	const GrantId first = grant();
	const GrantId second = grant();
	const GrantId lower = grant(claim(buffer, display - 1));
	const GrantId higher = grant(claim(buffer, display + 1));
	const GrantId other_heap = grant(other, claim());
	const Window window = open(second);
	const Stopped stopped = firewall.stop_master(session, display);

	EXPECT_EQ(stopped.grants, 2u);
	EXPECT_EQ(stopped.windows, 1u);
	EXPECT_EQ(open_refusal(first), Refusal::delisted);
	EXPECT_EQ(open_refusal(second), Refusal::delisted);
	for (const GrantId id : {lower, higher, other_heap})
		open(id);
	EXPECT_EQ(firewall.windows_of_master(session, display), 1u);
	EXPECT_EQ(firewall.close(window), true);
	EXPECT_EQ(firewall.windows_of_master(session, display), 0u);
	EXPECT_EQ(firewall.stop_master(session, 1000).grants, 0u);
}

TEST_F(FirewallTest, relisting_does_not_revive)
{
	const GrantId old = grant();
	const Window window = open(old);

	EXPECT_EQ(firewall.stop_master(session, display).windows, 1u);

	// Listed again: a new mapping works, and does not keep the delister waiting.
	const GrantId next = grant();

	open(next);
	EXPECT_EQ(open_refusal(old), Refusal::delisted);
	EXPECT_EQ(firewall.windows_of_master(session, display), 1u);
	EXPECT_TRUE(firewall.close(window));
	EXPECT_EQ(firewall.windows_of_master(session, display), 0u);
	EXPECT_EQ(open_refusal(old), Refusal::delisted);
}

TEST_F(FirewallTest, delisting_waits_for_windows_of_revoked_generations_too)
{
	const Window window = open(grant());

	static_cast<void>(firewall.revoke(session));
	EXPECT_EQ(firewall.stop_master(session, display).windows, 1u);
	EXPECT_TRUE(firewall.close(window));
	EXPECT_EQ(firewall.windows_of_master(session, display), 0u);
}

TEST_F(FirewallTest, freeing_a_range_kills_what_overlaps_it)
{
	const GrantId inside = grant(claim({base + KiB, KiB}));
	const GrantId whole = grant(other, claim());
	const GrantId below = grant(claim({base - MiB, MiB}));
	const GrantId above = grant(claim({base + MiB, MiB}));
	const Window window = open(whole);
	const Stopped stopped = firewall.stop_range(buffer);

	EXPECT_EQ(stopped.grants, 2u);
	EXPECT_EQ(stopped.windows, 1u);
	EXPECT_EQ(open_refusal(inside), Refusal::freed);
	EXPECT_EQ(open_refusal(whole), Refusal::freed);
	open(below);
	open(above);
	EXPECT_EQ(firewall.windows_in(buffer), 1u);
	EXPECT_EQ(firewall.close(window), true);
	EXPECT_EQ(firewall.windows_in(buffer), 0u);
	EXPECT_TRUE(firewall.any_in(buffer));
	EXPECT_TRUE(firewall.remove(inside));
	EXPECT_TRUE(firewall.remove(whole));
	EXPECT_FALSE(firewall.any_in(buffer));
}

TEST_F(FirewallTest, ranges_up_to_the_last_address)
{
	const GrantId top = grant(claim({0 - KiB, KiB}));
	const GrantId bottom = grant(claim({0, KiB}));

	EXPECT_EQ(open(top, KiB - 1, 1).range, (Extent{~0ull, 1}));
	EXPECT_EQ(open_refusal(top, KiB - 1, 2), Refusal::outside);
	EXPECT_TRUE(firewall.any_in({~0ull, 1}));
	EXPECT_FALSE(firewall.any_in({KiB, 0 - 2 * KiB}));
	// What wraps ends at the last address; the bottom is not hit.
	EXPECT_EQ(firewall.stop_range({0 - KiB, 8 * KiB}).grants, 1u);
	EXPECT_EQ(open_refusal(top), Refusal::freed);
	open(bottom, 0, KiB);
}

TEST_F(FirewallTest, reasons_have_an_order)
{
	const GrantId id = grant(claim(buffer, display, Direction::to_device));

	// That it is over comes before what was asked.
	EXPECT_EQ(open_refusal(id, MiB, 0, Direction::from_device),
		  Refusal::wrong_direction);
	static_cast<void>(firewall.revoke(session));
	EXPECT_EQ(open_refusal(id, MiB, 0, Direction::from_device),
		  Refusal::wrong_generation);
}

TEST_F(FirewallTest, counters_and_high_water_marks)
{
	const GrantId first = grant();
	const GrantId second = grant();
	const Window window = open(first);

	EXPECT_TRUE(firewall.close(window));
	for (const Window &held : {open(first), open(second)})
		EXPECT_TRUE(firewall.close(held));
	ASSERT_TRUE(firewall.remove(first));
	EXPECT_EQ(open_refusal(first), Refusal::stale);
	grant();

	const Counters &counters = firewall.counters();

	EXPECT_EQ(counters.grants, 2u);
	EXPECT_EQ(counters.most_grants, 2u);
	EXPECT_EQ(counters.windows, 0u);
	EXPECT_EQ(counters.most_windows, 2u);
	EXPECT_EQ(counters.granted, 3u);
	EXPECT_EQ(counters.opened, 3u);
	EXPECT_EQ(counters.refused, 1u);
}

TEST_F(FirewallTest, for_each_visits_grants_in_order_of_age)
{
	const GrantId first = grant();
	const GrantId gone = grant();
	const GrantId last = grant(claim({0, KiB}, codec));
	std::vector<GrantId> seen;

	ASSERT_TRUE(firewall.remove(gone));
	firewall.for_each([&](const Grant &at) { seen.push_back(at.id); });
	EXPECT_EQ(seen, (std::vector{first, last}));
	EXPECT_EQ(firewall.find(last)->claim.master, codec);
	EXPECT_EQ(firewall.find(last)->claim.range, (Extent{0, KiB}));
}

TEST_F(FirewallTest, end_of_the_firewall_frees_grants_and_leaves_sessions_empty)
{
	{
		Firewall brief;
		std::unique_ptr<Grant> blank = Grant::blank();
		const auto id = brief.create(blank, other, claim());

		ASSERT_TRUE(id);
		EXPECT_TRUE(brief.open(*id, 0, 1, Direction::to_device));
		EXPECT_EQ(other.grants(), 1u);
	}
	EXPECT_EQ(other.grants(), 0u);
	EXPECT_TRUE(other.check());
}

} // namespace
