// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger: how much there is, the most there ever was, and who was refused what.
 *
 * Goal. Whoever looks after a machine should see what protected memory is used for, without
 * seeing into it; and whoever tries doors should leave a trace that says which door, when, and
 * as whom.
 *
 * Constraints. Windows are refused where fences are signalled, and the table of buffers is
 * changed under a spinlock, so nothing here allocates, waits, or takes longer than usual: all
 * memory is there from the beginning, and every operation is O(1). The caller serialises. Those
 * who are refused may be hostile, and may be refused as often as they like: that must not use
 * up memory, nor wash away more than the memory of their own kind.
 *
 * Two accounts. What is counted up and down, a gauge, is booked in the account of its heap and in
 * the total, so the two cannot drift apart:
 *
 *	heap A			 1 MiB			 9 MiB			 9 MiB
 *	heap B			-			-			 2 MiB
 *	total			 1 MiB	add(A, 8 MiB)	 9 MiB	add(B, 2 MiB)	11 MiB
 *
 * A heap that goes takes its account along, and the total keeps what has ever been there. It should
 * be balanced then: what is left in it stays in the total for good.
 *
 * The limit. A level that reaches 2^64 - 1 stays there: it means "so many, or more", and is not
 * subtracted from, as nobody knows how much more. What is there now cannot get there: bytes are
 * disjoint parts of an address space that has no more, and of all else each is an object that
 * takes up memory. Nor do things that ever were: at a million a second they take 584,000 years.
 * Bytes that ever were come closest. Each was scrubbed before it came again, so the speed of the
 * memory is the limit: at 100 GB/s, five years and ten months of doing nothing else.
 *
 * Underflow. Only sub() can be asked for too much, which is a bug of the caller's. It is refused,
 * and counted, by looking at the heap's account alone. That the total has enough needs no look:
 *
 * [1] Of each gauge, the total is no less than any account. Below the limit it is the sum of all
 *     accounts, past ones included, as each change is booked in both. At the limit it stays,
 *     and nothing is greater.
 *
 * Violations. Each is counted by kind, in the heap's account if there is one, and in the total.
 * The last 256 are kept as they were, in a ring: the violation with serial s is in slot s % 256.
 *
 *	slot	    0    1    2    3   ...  254  255
 *	serial	  512  513  514  259   ...  510  511		last: 514; first kept: 259
 *
 * [2] Kept serials are consecutive and no more than 256, so no two have a slot in common.
 *
 * Serials begin with 1 and are never used again. So a reader who comes back with the last one it
 * saw gets the next that is kept, in O(1); and if that is not the very next number, it knows
 * how many it was too late for. The counts by kind have those, too.
 *
 * Strings. A process names itself, and devices are named by whoever makes them, uinput included.
 * The ledger is read as lines and columns, so a name with a newline in it could forge an
 * entry. What is no visible ASCII becomes "?", and so do quotation marks and backslashes, for
 * those who quote. What follows the first NUL is cleared: it is the caller's stack.
 *
 * Cost. A violation is 208 bytes and the ledger 53 KiB, once. An account is 216 bytes.
 */
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace vskms::heap {

/* What is counted up and down. */
enum class Gauge : std::uint8_t {
	buffers,	// not yet gone: those that wait to be scrubbed included
	bytes,		// of these
	attachments,
	mappings,
	windows,
	keys,
	count		// no gauge: how many there are
};

/* What was refused. */
enum class Kind : std::uint8_t {
	mmap,		// mapping a buffer into a process
	cpu_access,	// beginning CPU access: DMA_BUF_IOCTL_SYNC
	attach,		// attaching a device that is not trusted
	map,		// mapping an attachment
	window,		// opening a grant
	inject,		// putting bytes into a buffer
	key,		// a key made, used or destroyed
	alloc,		// a buffer
	revoke,		// revocation
	count		// no kind: how many there are
};

inline constexpr std::size_t gauges = std::to_underlying(Gauge::count);
inline constexpr std::size_t kinds = std::to_underlying(Kind::count);

/*
 * What a gauge or a kind is called where it is printed: lower case, with dashes. A plain pointer,
 * as <string_view> is not to be had in the kernel.
 */
[[nodiscard]] constexpr const char *name(Gauge gauge) noexcept
{
	switch (gauge) {
	case Gauge::buffers:
		return "buffers";
	case Gauge::bytes:
		return "bytes";
	case Gauge::attachments:
		return "attachments";
	case Gauge::mappings:
		return "mappings";
	case Gauge::windows:
		return "windows";
	case Gauge::keys:
		return "keys";
	case Gauge::count:
		break;
	}
	return "unknown";
}

[[nodiscard]] constexpr const char *name(Kind kind) noexcept
{
	switch (kind) {
	case Kind::mmap:
		return "mmap";
	case Kind::cpu_access:
		return "cpu-access";
	case Kind::attach:
		return "attach";
	case Kind::map:
		return "map";
	case Kind::window:
		return "window";
	case Kind::inject:
		return "inject";
	case Kind::key:
		return "key";
	case Kind::alloc:
		return "alloc";
	case Kind::revoke:
		return "revoke";
	case Kind::count:
		break;
	}
	return "unknown";
}

/* One gauge of one account. At 2^64 - 1 each of the three means "or more". */
struct Level {
	std::uint64_t now = 0;
	std::uint64_t most = 0;		// at one time, ever
	std::uint64_t ever = 0;		// all that was added

	friend bool operator==(const Level &, const Level &) = default;
};

/*
 * The account of a heap, owned by the heap; the ledger owns the total. It takes part in one ledger
 * only, which alone writes it, and may go when it is balanced.
 */
class Account {
public:
	Account() = default;
	Account(const Account &) = delete;
	Account &operator=(const Account &) = delete;
	~Account() = default;

	/* @gauge is one, not Gauge::count; and so is @kind. */
	[[nodiscard]] const Level &level(Gauge gauge) const noexcept
	{
		return levels_[std::to_underlying(gauge)];
	}

	[[nodiscard]] std::uint64_t violations(Kind kind) const noexcept
	{
		return violations_[std::to_underlying(kind)];
	}

	/* Has all gone that came? */
	[[nodiscard]] bool balanced() const noexcept
	{
		return std::ranges::all_of(levels_, [](const Level &level) { return !level.now; });
	}

	/* For tests: do all invariants hold? */
	[[nodiscard]] bool check() const noexcept
	{
		return std::ranges::all_of(levels_, [](const Level &level) {
			return level.now <= level.most && level.most <= level.ever;
		});
	}

private:
	friend class Ledger;

	std::array<Level, gauges> levels_ = {};
	std::array<std::uint64_t, kinds> violations_ = {};
};

static_assert(sizeof(Account) == 216);

/*
 * Somebody was refused something. A value, copied into the ledger. It has padding, so it is printed
 * or copied by its fields and not as it lies. Strings end with a NUL, and are cut off to do so.
 */
struct Violation {
	std::uint64_t time = 0;		// ns since boot, by the caller's clock
	std::uint32_t pid = 0;
	std::uint32_t buffer = 0;	// its handle; 0 if no buffer is concerned
	std::int32_t error = 0;		// the negative errno that was the answer
	Kind kind = {};
	std::array<char, 16> comm = {};
	std::array<char, 64> master = {};	// the device's name; empty if it was the CPU
	std::array<char, 64> heap = {};		// empty if no heap is concerned
	std::array<char, 32> reason = {};	// one word, with dashes
	std::uint64_t serial = 0;		// set by the ledger
};

static_assert(sizeof(Violation) == 208);
static_assert(std::is_trivially_copyable_v<Violation> && std::is_standard_layout_v<Violation>);

class Ledger {
public:
	// Violations that are kept.
	static constexpr std::size_t kept = 256;

	/* An empty ledger, or null if there is no memory for it. This is all that allocates. */
	[[nodiscard]] static std::unique_ptr<Ledger> create() noexcept
	{
		// Not by std::nothrow, which is an object in libstdc++ that the kernel lacks.
		return std::unique_ptr<Ledger>(new (std::nothrow_t{}) Ledger);
	}

	/* The first violation gets the serial after @last. Tests begin where serials end. */
	explicit Ledger(std::uint64_t last = 0) noexcept : last_(last) {}

	Ledger(const Ledger &) = delete;
	Ledger &operator=(const Ledger &) = delete;
	~Ledger() = default;

	/* @amount more, in @account and in the total. */
	void add(Account &account, Gauge gauge, std::uint64_t amount = 1) noexcept
	{
		for (Account *book : {&account, &total_}) {
			Level &level = book->levels_[std::to_underlying(gauge)];

			raise(level.now, amount);
			raise(level.ever, amount);
			level.most = std::max(level.most, level.now);
		}
	}

	/*
	 * @amount less. False if that is more than @account has, which is a bug of the caller's:
	 * nothing changes but the number of imbalances.
	 */
	bool sub(Account &account, Gauge gauge, std::uint64_t amount = 1) noexcept
	{
		if (amount > account.level(gauge).now) {
			raise(imbalances_, 1);
			return false;
		}
		// Enough for the total, too, by [1].
		for (Account *book : {&account, &total_}) {
			std::uint64_t &now = book->levels_[std::to_underlying(gauge)].now;

			if (now != limit)
				now -= amount;
		}
		return true;
	}

	/*
	 * Note that somebody was refused something, in @account unless it is null, as no heap is
	 * concerned. Its serial is returned; or 0, once all are given, and then it is only counted.
	 */
	std::uint64_t refuse(Account *account, const Violation &violation) noexcept
	{
		const std::size_t kind = std::to_underlying(violation.kind);

		if (account)
			raise(account->violations_[kind], 1);
		raise(total_.violations_[kind], 1);
		if (last_ == limit)
			return 0;

		Violation &slot = recent_[++last_ % kept];

		held_ = std::min(held_ + 1, kept);
		slot = violation;
		slot.serial = last_;
		clean(slot.comm);
		clean(slot.master);
		clean(slot.heap);
		clean(slot.reason);
		return last_;
	}

	/*
	 * The violation with the lowest serial greater than @after, or null. So from 0 on, and then
	 * from each one's serial, a reader sees all in order but those it was too late for, which
	 * are as many as the numbers left out. Valid until the lock is dropped.
	 */
	[[nodiscard]] const Violation *next(std::uint64_t after) const noexcept
	{
		if (after >= last_ || !held_)
			return nullptr;
		// Neither wraps: after < last_, and held_ serials have been given, up to last_.
		return &recent_[std::max(after + 1, last_ - held_ + 1) % kept];
	}

	/* Call @visit for each violation that is kept, the oldest first. */
	template <std::invocable<const Violation &> Visit>
	void for_each_recent(Visit &&visit) const
	{
		for (const Violation *at = next(0); at; at = next(at->serial))
			visit(*at);
	}

	[[nodiscard]] const Account &total() const noexcept { return total_; }

	/* How often sub() was asked for more than was there. Anything but 0 is a bug. */
	[[nodiscard]] std::uint64_t imbalances() const noexcept { return imbalances_; }

	/* The last serial given, by which a reader may begin with what happens from now on. */
	[[nodiscard]] std::uint64_t last_serial() const noexcept { return last_; }

	/* For tests: do all invariants hold? */
	[[nodiscard]] bool check() const noexcept;

private:
	static constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();

	static void raise(std::uint64_t &number, std::uint64_t amount) noexcept
	{
		number = amount > limit - number ? limit : number + amount;
	}

	/* Is @c not visible, no ASCII, or would it begin or end a quotation? */
	static constexpr bool awkward(char c) noexcept
	{
		// Where char is signed, what is no ASCII is below ' '; else it is above '~'.
		return c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '`' || c == '\\';
	}

	template <std::size_t size>
	static void clean(std::array<char, size> &text) noexcept
	{
		bool ended = false;

		for (char &c : text) {
			ended = ended || !c;
			if (ended)
				c = '\0';
			else if (awkward(c))
				c = '?';
		}
		text.back() = '\0';
	}

	template <std::size_t size>
	static bool is_clean(const std::array<char, size> &text) noexcept
	{
		std::array<char, size> cleaned = text;

		clean(cleaned);
		return cleaned == text;
	}

	Account total_;
	std::uint64_t last_;		// the last serial given
	std::size_t held_ = 0;		// violations in the ring: those up to last_
	std::uint64_t imbalances_ = 0;
	std::array<Violation, kept> recent_ = {};
};

static_assert(sizeof(Ledger) <= 53 << 10);

inline bool Ledger::check() const noexcept
{
	std::uint64_t serial = last_ - held_;
	std::uint64_t counted = 0;
	std::size_t seen = 0;

	if (!total_.check() || held_ > kept)
		return false;
	for (const Violation *at = next(0); at; at = next(at->serial)) {
		if (at->serial != ++serial || at != &recent_[serial % kept])
			return false;
		if (at->kind >= Kind::count)
			return false;
		if (!is_clean(at->comm) || !is_clean(at->master) || !is_clean(at->heap) ||
		    !is_clean(at->reason))
			return false;
		seen++;
	}
	for (const std::uint64_t violations : total_.violations_)
		raise(counted, violations);
	return seen == held_ && serial == last_ && counted >= held_;
}

} // namespace vskms::heap
