// SPDX-License-Identifier: GPL-2.0
/*
 * The firewall against a naive model: several sessions and masters, any order of operations.
 *
 * An input is the id before the first (1: near the last), and operations, in which a grant or
 * window is chosen by two digits, a range is two, or o and two hostile numbers, and an id may
 * be hostile too, which is o and a hostile number:
 *
 *	a session master range direction flags	create; flags: 1 of an earlier generation,
 *						2 without memory, 4 with memory from remove()
 *	b id offset len direction	open, in eighths of KiB
 *	c window			close
 *	d which				close a window again that is closed
 *	e window which			close one grant's window as if it were another's
 *	f id				remove
 *	g id				stop
 *	h session master		stop a master
 *	i range				stop a range
 *	k session			revoke
 *	l				compare all that can be asked
 */

#include "core/firewall.hpp"
#include "input.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace {

using namespace vskms::heap;
using vskms::fuzz::Input;
using vskms::fuzz::op;
using vskms::fuzz::require;

constexpr std::uint64_t KiB = 1 << 10;
constexpr std::uint64_t base = 0x60000000;
constexpr unsigned sessions = 3;
constexpr unsigned masters = 4;

using Wide = unsigned __int128;

/* One past the end: of 65 bits. */
Wide end_of(const Extent &range)
{
	return static_cast<Wide>(range.address) + range.size;
}

constexpr Wide addresses = static_cast<Wide>(1) << 64;

/* What overlaps beyond the last address does not. */
bool overlap(const Extent &a, const Extent &b)
{
	return a.size && b.size && a.address < end_of(b) && b.address < end_of(a);
}

/* Refusal{} is no refusal. */
template <typename T>
Refusal refusal_of(const std::expected<T, Refusal> &result)
{
	return result ? Refusal{} : result.error();
}

struct Entry {
	Claim claim;
	unsigned session;
	Refusal dead = {};
	std::vector<Window> open = {};	// in use: not given to close(), or refused there
	bool miscounted = false;	// a stray close was taken for one of them

	std::uint64_t windows() const { return open.size() - miscounted; }
};

class Run {
public:
	explicit Run(Input input)
		: input_(input), first_(input_.nibble() == 1 ? ~0ull - 20 : 0), last_(first_),
		  firewall_(GrantId{first_})
	{
	}

	void run()
	{
		for (unsigned ops = 0; input_.more(); ops++) {
			step();
			require(firewall_.counters().grants == entries_.size());
			require(firewall_.idle() == !firewall_.counters().windows);
			// Scans everything: often while that is little, less often then.
			if (ops % (1 + entries_.size() / 16) == 0)
				compare();
		}
		compare();
		wind_down();
	}

private:
	using Entries = std::map<std::uint64_t, Entry>;

	void step()
	{
		switch (input_.nibble()) {
		case op('a'):
			create();
			break;
		case op('b'):
			open();
			break;
		case op('c'):
			close();
			break;
		case op('d'):
			close_again();
			break;
		case op('e'):
			close_of_another();
			break;
		case op('f'):
			remove(some_id());
			break;
		case op('g'):
			stop(some_id());
			break;
		case op('h'):
			stop_master();
			break;
		case op('i'):
			stop_range();
			break;
		case op('k'):
			revoke();
			break;
		case op('l'):
			compare();
			break;
		}
	}

	/* Pages of a small space, so that many overlap; or hostile. */
	Extent some_range()
	{
		const unsigned first = input_.nibble();

		if (first == op('o')) {
			const std::uint64_t address = input_.hostile();

			return {address, input_.hostile()};
		}
		return {base + first * page_size, input_.nibble() * page_size};
	}

	std::uint64_t some_id()
	{
		const unsigned high = input_.nibble();

		if (high == op('o'))
			return input_.hostile();

		const unsigned which = high << 4 | input_.nibble();

		if (entries_.empty())
			return last_;
		return std::next(entries_.begin(),
				 static_cast<std::ptrdiff_t>(which % entries_.size()))
			->first;
	}

	/* An entry with a window that is open, and which; or none. */
	std::pair<Entries::iterator, std::size_t> some_window()
	{
		std::size_t which = input_.pair();
		std::size_t all = 0;

		for (const auto &[id, entry] : entries_)
			all += entry.open.size();
		if (!all)
			return {entries_.end(), 0};
		which %= all;
		for (auto at = entries_.begin();; ++at) {
			if (which < at->second.open.size())
				return {at, which};
			which -= at->second.open.size();
		}
	}

	Refusal absent(std::uint64_t id) const
	{
		return id == 0 || id > last_ ? Refusal::unknown : Refusal::stale;
	}

	void create()
	{
		const unsigned in = input_.nibble() % sessions;
		const std::uint64_t master = input_.nibble() % masters;
		const Extent range = some_range();
		const auto direction = Direction(input_.nibble());
		const unsigned flags = input_.nibble();
		Session &session = sessions_[in];
		const Claim claim = {
			.master = master,
			.attachment = last_,
			.range = range,
			.direction = direction,
			.generation = session.generation() - (flags & 1),
		};
		std::unique_ptr<Grant> memory;
		Refusal why = {};

		if (flags & 4 && removed_)
			memory = std::move(removed_);
		else if (!(flags & 2))
			memory = Grant::blank();

		if (!memory)
			why = Refusal::no_memory;
		else if (!range.size || end_of(range) > addresses)
			why = Refusal::outside;
		else if (direction == Direction::none || direction > Direction::bidirectional)
			why = Refusal::wrong_direction;
		else if (flags & 1)
			why = Refusal::wrong_generation;
		else if (last_ == std::numeric_limits<std::uint64_t>::max())
			why = Refusal::exhausted;

		const bool had_memory = memory != nullptr;
		const auto id = firewall_.create(memory, session, claim);

		require(refusal_of(id) == why);
		require((memory != nullptr) == (had_memory && !id));
		if (id) {
			require(std::to_underlying(*id) == last_ + 1);
			entries_.emplace(++last_, Entry{claim, in});
		}
	}

	Refusal may_open(std::uint64_t id, std::uint64_t offset, std::uint64_t len,
			 Direction direction) const
	{
		const auto at = entries_.find(id);
		const unsigned way = std::to_underlying(direction);

		if (at == entries_.end())
			return absent(id);
		if (at->second.dead != Refusal{})
			return at->second.dead;
		if (!way || (way & ~std::to_underlying(at->second.claim.direction)))
			return Refusal::wrong_direction;
		if (!len || static_cast<Wide>(offset) + len > at->second.claim.range.size)
			return Refusal::outside;
		return {};
	}

	std::uint64_t some_length()
	{
		const unsigned eighths = input_.nibble();

		return eighths == op('o') ? input_.hostile() : eighths * KiB / 8;
	}

	void open()
	{
		const std::uint64_t id = some_id();
		const std::uint64_t offset = some_length();
		const std::uint64_t len = some_length();
		const auto direction = Direction(input_.nibble());
		const Refusal why = may_open(id, offset, len, direction);
		const auto window = firewall_.open(GrantId{id}, offset, len, direction);

		require(refusal_of(window) == why);
		if (!window) {
			refused_++;
			return;
		}

		Entry &entry = entries_.at(id);
		const Extent &all = entry.claim.range;

		require(window->grant == GrantId{id} && window->ticket == ++opened_);
		require(window->range == Extent{all.address + offset, len});
		require(window->range.address >= all.address);
		require(end_of(window->range) <= end_of(all));
		require(window->direction == direction);
		entry.open.push_back(*window);
	}

	/*
	 * One stray close may be counted for a window that is open. The last one is then never
	 * closed: the grant stays busy for good.
	 */
	void close()
	{
		const auto [at, which] = some_window();

		if (at == entries_.end())
			return;

		Entry &entry = at->second;
		const Window window = entry.open[which];
		const auto last = firewall_.close(window);

		if (entry.miscounted && entry.windows() == 1) {
			require(refusal_of(last) == Refusal::not_open);
			return;
		}
		entry.open.erase(entry.open.begin() + static_cast<std::ptrdiff_t>(which));
		require(last == (!entry.windows() && entry.dead != Refusal{}));
		closed_.push_back(window);
	}

	/* Once a grant, as more is not promised to be survived: see firewall.hpp. */
	void stray(const Window &window)
	{
		const auto at = entries_.find(std::to_underlying(window.grant));

		if (at == entries_.end()) {
			const Refusal why = absent(std::to_underlying(window.grant));

			require(refusal_of(firewall_.close(window)) == why);
			return;
		}

		Entry &entry = at->second;

		if (entry.miscounted)
			return;

		const auto taken = firewall_.close(window);

		require(refusal_of(taken) ==
			(entry.windows() > 1 ? Refusal{} : Refusal::not_open));
		if (taken) {
			// It never looks idle by it.
			require(!*taken);
			entry.miscounted = true;
		}
	}

	void close_again()
	{
		const unsigned which = input_.pair();

		if (!closed_.empty())
			stray(closed_[which % closed_.size()]);
	}

	void close_of_another()
	{
		const auto [at, which] = some_window();
		const std::uint64_t id = some_id();

		if (at == entries_.end() || at->first == id)
			return;

		Window window = at->second.open[which];

		window.grant = GrantId{id};
		stray(window);
	}

	void remove(std::uint64_t id)
	{
		const auto at = entries_.find(id);
		auto memory = firewall_.remove(GrantId{id});

		if (at == entries_.end()) {
			require(refusal_of(memory) == absent(id));
		} else if (!at->second.open.empty()) {
			require(refusal_of(memory) == Refusal::busy);
		} else {
			require(memory && (*memory)->id == GrantId{id});
			removed_ = std::move(*memory);
			entries_.erase(at);
		}
	}

	template <typename Matches>
	Stopped expected_stop(Refusal cause, Matches matches)
	{
		Stopped all;

		for (auto &[id, entry] : entries_) {
			if (!matches(entry))
				continue;
			all.windows += entry.windows();
			if (entry.dead == Refusal{}) {
				entry.dead = cause;
				all.grants++;
			}
		}
		return all;
	}

	static void require_same(const Stopped &got, const Stopped &want)
	{
		require(got.grants == want.grants);
		require(got.windows == want.windows);
	}

	void stop(std::uint64_t id)
	{
		const auto at = entries_.find(id);
		const auto stopped = firewall_.stop(GrantId{id});

		if (at == entries_.end()) {
			require(refusal_of(stopped) == absent(id));
			return;
		}
		require(stopped.has_value());
		require_same(*stopped, expected_stop(Refusal::unmapped, [&](const Entry &entry) {
				     return &entry == &at->second;
			     }));
	}

	void stop_master()
	{
		const unsigned in = input_.nibble() % sessions;
		const std::uint64_t master = input_.nibble() % masters;
		const Stopped got = firewall_.stop_master(sessions_[in], master);

		require_same(got, expected_stop(Refusal::delisted, [&](const Entry &entry) {
				     return entry.session == in && entry.claim.master == master;
			     }));
	}

	void stop_range()
	{
		const Extent range = some_range();
		const Stopped got = firewall_.stop_range(range);

		require_same(got, expected_stop(Refusal::freed, [&](const Entry &entry) {
				     return overlap(entry.claim.range, range);
			     }));
	}

	void revoke()
	{
		const unsigned in = input_.nibble() % sessions;
		const std::uint64_t generation = sessions_[in].generation();
		const Stopped got = firewall_.revoke(sessions_[in]);

		require_same(got, expected_stop(Refusal::wrong_generation, [&](const Entry &at) {
				     return at.session == in && at.claim.generation == generation;
			     }));
		require(sessions_[in].generation() == generation + 1);
	}

	template <typename Matches>
	std::uint64_t windows(Matches matches) const
	{
		std::uint64_t open = 0;

		for (const auto &[id, entry] : entries_)
			open += matches(entry) ? entry.windows() : 0;
		return open;
	}

	void compare_range(const Extent &range) const
	{
		const auto hit = [&](const Entry &entry) {
			return overlap(entry.claim.range, range);
		};

		require(firewall_.windows_in(range) == windows(hit));
		require(firewall_.any_in(range) ==
			std::ranges::any_of(entries_, hit, &Entries::value_type::second));
	}

	void compare() const
	{
		const Counters &counters = firewall_.counters();
		std::array<std::size_t, sessions> grants = {};
		auto at = entries_.begin();

		require(firewall_.check());
		firewall_.for_each([&](const Grant &grant) {
			require(at != entries_.end() && grant.id == GrantId{at->first});
			require(grant.windows == at->second.windows());
			require(grant.dead().value_or(Refusal{}) == at->second.dead);
			require(firewall_.find(grant.id) == &grant);
			require(firewall_.windows(grant.id) == grant.windows);
			compare_range(grant.claim.range);
			grants[at->second.session]++;
			++at;
		});
		require(at == entries_.end());
		for (unsigned in = 0; in < sessions; in++) {
			require(sessions_[in].grants() == grants[in]);
			compare_session(in);
		}
		for (const Extent &range : {Extent{0, ~0ull}, Extent{1, ~0ull},
					    Extent{~0ull, ~0ull}, Extent{base, 0},
					    Extent{base + page_size, 1}})
			compare_range(range);
		require(counters.windows == windows([](const Entry &) { return true; }));
		require(counters.granted == last_ - first_);
		require(counters.opened == opened_ && counters.refused == refused_);
	}

	void compare_session(unsigned in) const
	{
		const Session &session = sessions_[in];

		for (std::uint64_t master = 0; master < masters; master++) {
			const auto stopped = [&](const Entry &entry) {
				return entry.session == in && entry.claim.master == master &&
				       entry.dead != Refusal{};
			};

			require(firewall_.windows_of_master(session, master) == windows(stopped));
		}
		for (std::uint64_t age = 0; age < 3; age++) {
			const std::uint64_t generation = session.generation() - age;
			const auto of_it = [&](const Entry &entry) {
				return entry.session == in && entry.claim.generation == generation;
			};

			require(firewall_.windows_of_generation(session, generation) ==
				windows(of_it));
		}
	}

	/* Close and remove what can be; the destructor has the rest. */
	void wind_down()
	{
		for (auto at = entries_.begin(); at != entries_.end();) {
			const auto next = std::next(at);
			Entry &entry = at->second;

			if (!entry.miscounted) {
				for (; !entry.open.empty(); entry.open.pop_back())
					require(firewall_.close(entry.open.back()).has_value());
				remove(at->first);
			}
			at = next;
		}
		require(firewall_.check());
		require(firewall_.idle() == entries_.empty());
		for (unsigned in = 0; in < sessions; in++) {
			std::size_t left = 0;

			for (const auto &[id, entry] : entries_)
				left += entry.session == in;
			require(sessions_[in].grants() == left);
		}
	}

	Input input_;
	std::uint64_t first_;		// the id before the first
	std::uint64_t last_;		// given to a grant
	std::array<Session, sessions> sessions_;
	Firewall firewall_;
	Entries entries_;
	std::vector<Window> closed_;
	std::unique_ptr<Grant> removed_;
	std::uint64_t opened_ = 0;
	std::uint64_t refused_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	Run(Input(data, size)).run();
	return 0;
}
