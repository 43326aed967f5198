// SPDX-License-Identifier: GPL-2.0
/* The firewall against a naive model, in long runs of random operations. */

#include "core/firewall.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace {

using namespace vskms::heap;

constexpr std::uint64_t KiB = 1 << 10;
constexpr std::uint64_t base = 0x60000000;

/* Refusal{} is no refusal. */
template <typename T>
Refusal refusal_of(const std::expected<T, Refusal> &result)
{
	return result ? Refusal{} : result.error();
}

/* All grants in a list, and all rules by scanning it: no cleverness, so it can be trusted. */
class Model {
public:
	struct Entry {
		Claim claim;
		unsigned session;
		Refusal dead = {};
		std::vector<Window> open = {};
	};

	template <typename Matches>
	Stopped stop(Refusal cause, Matches matches)
	{
		Stopped all;

		for (auto &[id, entry] : entries) {
			if (!matches(entry))
				continue;
			all.windows += entry.open.size();
			if (entry.dead == Refusal{}) {
				entry.dead = cause;
				all.grants++;
			}
		}
		return all;
	}

	template <typename Matches>
	std::uint64_t windows(Matches matches) const
	{
		std::uint64_t open = 0;

		for (const auto &[id, entry] : entries)
			open += matches(entry) ? entry.open.size() : 0;
		return open;
	}

	template <typename Matches>
	bool any(Matches matches) const
	{
		return std::ranges::any_of(entries,
					   [&](const auto &pair) { return matches(pair.second); });
	}

	Refusal may_open(GrantId id, std::uint64_t offset, std::uint64_t len,
			 Direction direction) const
	{
		const auto at = entries.find(id);
		const unsigned way = std::to_underlying(direction);

		if (at == entries.end())
			return id == GrantId::none || id > last ? Refusal::unknown : Refusal::stale;
		if (at->second.dead != Refusal{})
			return at->second.dead;
		if (!way || (way & ~std::to_underlying(at->second.claim.direction)))
			return Refusal::wrong_direction;
		if (!len || offset + len > at->second.claim.range.size)
			return Refusal::outside;
		return {};
	}

	std::map<GrantId, Entry> entries;
	GrantId last = GrantId::none;
};

bool overlap(const Extent &a, const Extent &b)
{
	return a.size && b.size && a.address < b.address + b.size && b.address < a.address + a.size;
}

class FirewallProperty : public testing::TestWithParam<unsigned> {
protected:
	/* From nothing to a little more than the space, in steps that often coincide. */
	Extent some_range()
	{
		const std::uint64_t first = random() % 64 * KiB;

		return {base + first, (random() % 16 ? random() % 4 : random() % 64) * KiB};
	}

	GrantId some_id()
	{
		const std::uint64_t last = std::to_underlying(model.last);

		if (random() % 16 == 0)
			return GrantId{random() % 8 ? random() % (last + 1) : last + random() % 3};

		const auto at = model.entries.lower_bound(GrantId{random() % (last + 1)});

		return at == model.entries.end() ? GrantId::none : at->first;
	}

	unsigned some_session() { return random() % sessions.size(); }

	void create()
	{
		const unsigned in = some_session();
		Session &session = sessions[in];
		const Claim claim = {
			.master = random() % 4,
			.attachment = random(),
			.range = some_range(),
			.direction = Direction(random() % 16 ? 3 - random() % 4 / 2 : random() % 8),
			.generation = session.generation() - (random() % 16 == 0),
		};
		std::unique_ptr<Grant> blank = random() % 16 ? Grant::blank() : nullptr;
		Refusal why = {};

		if (!blank)
			why = Refusal::no_memory;
		else if (!claim.range.size)
			why = Refusal::outside;
		else if (claim.direction == Direction::none ||
			 claim.direction > Direction::bidirectional)
			why = Refusal::wrong_direction;
		else if (claim.generation != session.generation())
			why = Refusal::wrong_generation;

		const auto id = firewall.create(blank, session, claim);

		ASSERT_EQ(refusal_of(id), why);
		if (id) {
			ASSERT_EQ(*id, GrantId{std::to_underlying(model.last) + 1});
			model.last = *id;
			model.entries.emplace(*id, Model::Entry{claim, in});
		}
	}

	void open_one()
	{
		const GrantId id = some_id();
		const std::uint64_t offset = random() % 8 ? 0 : random() % 3 * KiB;
		const std::uint64_t len = random() % 16 * KiB / 8;
		const auto direction = Direction(random() % 4 ? 1 + random() % 2 : random() % 4);
		const Refusal why = model.may_open(id, offset, len, direction);
		const auto window = firewall.open(id, offset, len, direction);

		ASSERT_EQ(refusal_of(window), why);
		refusals[std::to_underlying(why)]++;
		if (window) {
			Model::Entry &entry = model.entries.at(id);

			ASSERT_EQ(window->range, (Extent{entry.claim.range.address + offset, len}));
			entry.open.push_back(*window);
			most_windows = std::max(most_windows, model.windows([](auto &) {
				return true;
			}));
		}
	}

	void close_one()
	{
		const auto at = model.entries.find(some_id());

		if (at == model.entries.end() || at->second.open.empty())
			return;

		std::vector<Window> &open = at->second.open;

		std::swap(open[random() % open.size()], open.back());
		closed = open.back();
		open.pop_back();
		ASSERT_EQ(firewall.close(closed), open.empty() && at->second.dead != Refusal{});
	}

	/* Where the firewall can tell at once, which is where it must. */
	void close_twice()
	{
		const auto at = model.entries.find(closed.grant);

		if (at != model.entries.end() && at->second.open.size() > 1)
			return;

		const Refusal why = at != model.entries.end() ? Refusal::not_open
				    : closed.grant == GrantId::none ? Refusal::unknown
								    : Refusal::stale;

		ASSERT_EQ(refusal_of(firewall.close(closed)), why);
	}

	void remove_one()
	{
		const GrantId id = some_id();
		const auto at = model.entries.find(id);
		const auto memory = firewall.remove(id);

		if (at == model.entries.end()) {
			ASSERT_EQ(memory.has_value(), false);
		} else if (!at->second.open.empty()) {
			ASSERT_EQ(refusal_of(memory), Refusal::busy);
		} else {
			ASSERT_TRUE(memory);
			ASSERT_EQ((*memory)->id, id);
			model.entries.erase(at);
		}
	}

	void stop_some()
	{
		const unsigned in = some_session();
		const std::uint64_t master = random() % 4;
		const std::uint64_t generation = sessions[in].generation();
		const Extent range = some_range();
		Stopped got;
		Stopped want;

		switch (random() % 24) {
		default: {
			const GrantId id = some_id();
			const auto at = model.entries.find(id);
			const auto stopped = firewall.stop(id);

			ASSERT_EQ(stopped.has_value(), at != model.entries.end());
			if (!stopped)
				return;
			got = *stopped;
			want = model.stop(Refusal::unmapped, [&](const Model::Entry &entry) {
				return &entry == &at->second;
			});
			break;
		}
		case 0:
			got = firewall.stop_master(sessions[in], master);
			want = model.stop(Refusal::delisted, [&](const Model::Entry &entry) {
				return entry.session == in && entry.claim.master == master;
			});
			break;
		case 1:
			got = firewall.stop_range(range);
			want = model.stop(Refusal::freed, [&](const Model::Entry &entry) {
				return overlap(entry.claim.range, range);
			});
			break;
		case 2:
			got = firewall.revoke(sessions[in]);
			want = model.stop(Refusal::wrong_generation, [&](const Model::Entry &at) {
				return at.session == in && at.claim.generation == generation;
			});
			ASSERT_EQ(sessions[in].generation(), generation + 1);
			break;
		}
		ASSERT_EQ(got.grants, want.grants);
		ASSERT_EQ(got.windows, want.windows);
	}

	void compare()
	{
		const unsigned in = some_session();
		const std::uint64_t master = random() % 4;
		const std::uint64_t generation = sessions[in].generation() - random() % 3;
		const Extent range = some_range();
		const GrantId id = some_id();

		if (const auto at = model.entries.find(id); at != model.entries.end()) {
			ASSERT_EQ(firewall.windows(id), at->second.open.size());
		}
		ASSERT_EQ(firewall.windows_of_master(sessions[in], master),
			  model.windows([&](const Model::Entry &entry) {
				  return entry.session == in && entry.claim.master == master &&
					 entry.dead != Refusal{};
			  }));
		ASSERT_EQ(firewall.windows_of_generation(sessions[in], generation),
			  model.windows([&](const Model::Entry &entry) {
				  return entry.session == in &&
					 entry.claim.generation == generation;
			  }));

		const auto hit = [&](const Model::Entry &entry) {
			return overlap(entry.claim.range, range);
		};

		ASSERT_EQ(firewall.windows_in(range), model.windows(hit));
		ASSERT_EQ(firewall.any_in(range), model.any(hit));
		ASSERT_EQ(firewall.counters().grants, model.entries.size());
		ASSERT_EQ(firewall.counters().windows,
			  model.windows([](const Model::Entry &) { return true; }));
	}

	std::mt19937 random{GetParam()};
	std::array<Session, 3> sessions;
	Firewall firewall;
	Model model;
	Window closed = {};
	std::uint64_t most_windows = 0;
	std::array<unsigned, 16> refusals = {};
};

TEST_P(FirewallProperty, agrees_with_a_naive_model)
{
	for (int op = 0; op < 25000; op++) {
		// The odds swing, so that the firewall fills and empties.
		const bool growing = op / 2500 % 2 == 0;
		const unsigned what = random() % 100;

		if (what < 25)
			growing ? create() : remove_one();
		else if (what < 30)
			growing ? remove_one() : create();
		else if (what < 65)
			open_one();
		else if (what < (growing ? 75 : 95))
			close_one();
		else if (what < 97)
			close_twice();
		else
			stop_some();
		if (op % 10 == 0)
			compare();
		if (op % 50 == 0) {
			ASSERT_TRUE(firewall.check());
		}
		if (HasFatalFailure())
			FAIL() << "op " << op;
	}
	EXPECT_EQ(firewall.counters().most_windows, most_windows);

	// Else it was not put to the test.
	using enum Refusal;
	for (const Refusal why : {Refusal{}, unknown, stale, unmapped, delisted, freed,
				  wrong_generation, wrong_direction, outside})
		EXPECT_GT(refusals[std::to_underlying(why)], 20u) << +std::to_underlying(why);
	EXPECT_GT(firewall.counters().most_grants, 40u);
	EXPECT_GT(firewall.counters().most_windows, 20u);

	for (auto &[id, entry] : model.entries) {
		for (const Window &window : entry.open)
			ASSERT_TRUE(firewall.close(window));
		ASSERT_TRUE(firewall.remove(id));
	}
	EXPECT_TRUE(firewall.idle());
	EXPECT_TRUE(firewall.check());
	for (const Session &session : sessions)
		EXPECT_EQ(session.grants(), 0u);
}

INSTANTIATE_TEST_SUITE_P(seeds, FirewallProperty, testing::Range(1u, 9u));

} // namespace
