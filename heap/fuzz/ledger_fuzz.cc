// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger against a few plain sums.
 *
 * An input is a digit, 0 to begin where serials do, else so many before their end; and operations,
 * where a heap is one of two, and a third is none:
 *
 *	a heap gauge amount	add, of two digits
 *	b heap gauge amount	add a hostile number
 *	c heap gauge amount	subtract
 *	d heap gauge		subtract all
 *	e heap gauge amount	subtract a hostile number
 *	f heap kind length name	refuse a process whose name has so many characters, of two digits
 *	g heap kind count	refuse so many times
 *	h serial		what comes after a hostile serial
 *	i back			what comes after a serial, so far back
 */

#include "core/ledger.hpp"
#include "input.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace {

using namespace vskms::heap;
using vskms::fuzz::Input;
using vskms::fuzz::op;
using vskms::fuzz::require;

constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();

std::uint64_t sum(std::uint64_t a, std::uint64_t b)
{
	return b > limit - a ? limit : a + b;
}

void add(Level &level, std::uint64_t amount)
{
	level.now = sum(level.now, amount);
	level.ever = sum(level.ever, amount);
	level.most = std::max(level.most, level.now);
}

/* What is at the limit stays there. */
void sub(Level &level, std::uint64_t amount)
{
	level.now -= level.now == limit ? 0 : amount;
}

struct Book {
	std::array<Level, gauges> levels = {};
	std::array<std::uint64_t, kinds> violations = {};

	void compare(const Account &account) const
	{
		bool balanced = true;

		for (std::size_t i = 0; i < gauges; i++) {
			require(account.level(Gauge(i)) == levels[i]);
			balanced &= !levels[i].now;
		}
		for (std::size_t i = 0; i < kinds; i++)
			require(account.violations(Kind(i)) == violations[i]);
		require(account.check() && account.balanced() == balanced);
	}
};

class Run {
public:
	explicit Run(Input input)
		: input_(input), first_(0 - std::uint64_t{input_.nibble()}), serial_(first_),
		  ledger_(first_)
	{
	}

	void run()
	{
		while (input_.more())
			step();
		for (std::size_t i = 0; i < heaps_.size(); i++)
			books_[i].compare(heaps_[i]);
		total_.compare(ledger_.total());
		require(ledger_.imbalances() == imbalances_ && ledger_.last_serial() == serial_);
		require(ledger_.check());

		std::uint64_t seen = serial_ - held();

		ledger_.for_each_recent([&](const Violation &at) { require(at.serial == ++seen); });
		require(seen == serial_);
	}

private:
	void step()
	{
		const unsigned what = input_.nibble();
		std::size_t heap;
		std::size_t gauge;
		unsigned length;
		Violation made;

		switch (what) {
		case op('a'):
		case op('b'):
			heap = input_.nibble() % 2;
			gauge = input_.nibble() % gauges;
			add_to(heap, gauge, what == op('b') ? input_.hostile() : input_.pair());
			break;
		case op('c'):
		case op('d'):
		case op('e'):
			heap = input_.nibble() % 2;
			gauge = input_.nibble() % gauges;
			sub_from(heap, gauge, what == op('c')   ? input_.pair()
					      : what == op('d') ? books_[heap].levels[gauge].now
								: input_.hostile());
			break;
		case op('f'):
			heap = input_.nibble() % 3;
			made.kind = Kind(input_.nibble() % kinds);
			length = input_.nibble();
			// One more is the whole array, with no end.
			for (unsigned i = 0; i < length + (length == 15); i++)
				made.comm[i] = static_cast<char>(input_.pair());
			made.master.fill(made.comm[0]);
			refuse(heap, made);
			break;
		case op('g'):
			heap = input_.nibble() % 3;
			made.kind = Kind(input_.nibble() % kinds);
			for (unsigned i = input_.pair(); i; i--)
				refuse(heap, made);
			break;
		case op('h'):
			follow(input_.hostile());
			break;
		case op('i'):
			follow(serial_ - 2 * input_.pair());
			break;
		}
	}

	void add_to(std::size_t heap, std::size_t gauge, std::uint64_t amount)
	{
		ledger_.add(heaps_[heap], Gauge(gauge), amount);
		add(books_[heap].levels[gauge], amount);
		add(total_.levels[gauge], amount);
	}

	void sub_from(std::size_t heap, std::size_t gauge, std::uint64_t amount)
	{
		const bool enough = amount <= books_[heap].levels[gauge].now;

		require(ledger_.sub(heaps_[heap], Gauge(gauge), amount) == enough);
		imbalances_ += !enough;
		if (enough) {
			sub(books_[heap].levels[gauge], amount);
			sub(total_.levels[gauge], amount);
		}
	}

	void refuse(std::size_t heap, Violation made)
	{
		const std::size_t kind = std::to_underlying(made.kind);
		const bool none = heap == heaps_.size();
		const bool last = serial_ == limit;

		made.time = serial_;
		made.serial = ~serial_;
		total_.violations[kind]++;
		if (!none)
			books_[heap].violations[kind]++;

		const std::uint64_t got = ledger_.refuse(none ? nullptr : &heaps_[heap], made);

		require(got == (last ? 0 : serial_ + 1));
		if (last)
			return;

		const Violation *at = ledger_.next(serial_++);

		require(at && at->serial == got && at->time == made.time && at->kind == made.kind);
		compare(at->comm, made.comm);
		compare(at->master, made.master);
	}

	/* What was visible and is not awkward is as it was, up to the end. */
	template <std::size_t size>
	static void compare(const std::array<char, size> &text, const std::array<char, size> &made)
	{
		constexpr std::string_view awkward = "\"'`\\";
		bool ended = false;

		for (std::size_t i = 0; i < size; i++) {
			const bool fine = made[i] > ' ' && made[i] < 127 &&
					  !awkward.contains(made[i]);

			ended = ended || !made[i] || i == size - 1;
			require(text[i] == (ended ? '\0' : fine ? made[i] : '?'));
		}
	}

	std::uint64_t held() const
	{
		return std::min<std::uint64_t>(serial_ - first_, Ledger::kept);
	}

	void follow(std::uint64_t after) const
	{
		const Violation *at = ledger_.next(after);

		require((at != nullptr) == (held() && after < serial_));
		require(!at || at->serial == std::max(after, serial_ - held()) + 1);
	}

	Input input_;
	std::uint64_t first_;		// serials begin after it
	std::uint64_t serial_;		// the last one given
	std::array<Account, 2> heaps_;
	std::array<Book, 2> books_;
	Book total_;
	std::uint64_t imbalances_ = 0;
	Ledger ledger_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	Run(Input(data, size)).run();
	return 0;
}
