// SPDX-License-Identifier: GPL-2.0
/*
 * The heap's one C++ object: what core.h declares, on top of the headers here.
 */

#ifdef __KERNEL__
#include "cxx_runtime.hpp"
#endif

#include "core.h"
#include "buffer_table.hpp"
#include "firewall.hpp"
#include "ledger.hpp"
#include "region.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

using vskms::heap::Account;
using vskms::heap::Buffer;
using vskms::heap::BufferTable;
using vskms::heap::Direction;
using vskms::heap::Error;
using vskms::heap::Extent;
using vskms::heap::Firewall;
using vskms::heap::Gauge;
using vskms::heap::Grant;
using vskms::heap::GrantId;
using vskms::heap::Kind;
using vskms::heap::Ledger;
using vskms::heap::Refusal;
using vskms::heap::Refused;
using vskms::heap::Region;
using vskms::heap::Session;
using vskms::heap::Violation;

struct heap_region {
	Region region;
};

struct heap_firewall {
	Firewall firewall;
};

// A base, so that a grant, which knows its Session, leads to all of this.
struct heap_session : Session {
	Account account;
	void *owner;
};

struct heap_table {
	BufferTable table;
};

struct heap_ledger {
	Ledger ledger;
};

namespace {

int negated(Error error)
{
	return -static_cast<int>(error);
}

// What a driver can act on; the ledger is for telling more apart.
int negated(Refusal why)
{
	constexpr int eio = 5, ebadf = 9, enomem = 12, eacces = 13, ebusy = 16, enospc = 28,
		      erange = 34;

	switch (why) {
	case Refusal::wrong_generation:
		return -eio;
	case Refusal::outside:
		return -erange;
	case Refusal::busy:
		return -ebusy;
	case Refusal::not_open:
		return -ebadf;
	case Refusal::no_memory:
		return -enomem;
	case Refusal::exhausted:
		return -enospc;
	case Refusal::unknown:
	case Refusal::stale:
	case Refusal::unmapped:
	case Refusal::delisted:
	case Refusal::freed:
	case Refusal::wrong_direction:
		break;
	}
	return -eacces;
}

int negated(Refused why)
{
	constexpr int enoent = 2, eio = 5, enomem = 12, eacces = 13, ebusy = 16, einval = 22,
		      enospc = 28;

	switch (why) {
	case Refused::unknown:
	case Refused::not_dying:
	case Refused::not_pinned:
		return -enoent;
	case Refused::revoked:
		return -eio;
	case Refused::no_memory:
		return -enomem;
	case Refused::overlap:
	case Refused::busy:
	case Refused::dirty:
		return -ebusy;
	case Refused::outside:
		return -einval;
	case Refused::exhausted:
		return -enospc;
	case Refused::dying:
		break;
	}
	return -eacces;
}

// For the ledger, so one word each.
const char *name(Refusal why)
{
	switch (why) {
	case Refusal::unknown:
		return "no-such-grant";
	case Refusal::stale:
		return "grant-ended";
	case Refusal::unmapped:
		return "unmapped";
	case Refusal::delisted:
		return "trust-ended";
	case Refusal::freed:
		return "freed";
	case Refusal::wrong_generation:
		return "revoked";
	case Refusal::wrong_direction:
		return "direction";
	case Refusal::outside:
		return "outside";
	case Refusal::busy:
	case Refusal::not_open:
	case Refusal::no_memory:
	case Refusal::exhausted:
		break;
	}
	return "refused";
}

// Reading memory is what the bus calls to_device.
constexpr Direction direction_of(unsigned int access)
{
	return static_cast<Direction>(access & 3u);
}
static_assert(direction_of(1) == Direction::to_device && direction_of(2) == Direction::from_device);

// To C a grant is opaque: it is passed on and given back, never looked into.
heap_grant *opaque(std::unique_ptr<Grant> grant)
{
	return reinterpret_cast<heap_grant *>(grant.release());
}

std::unique_ptr<Grant> owned(heap_grant *grant)
{
	return std::unique_ptr<Grant>(reinterpret_cast<Grant *>(grant));
}

// So is a buffer's entry.
heap_entry *opaque(std::unique_ptr<Buffer> entry)
{
	return reinterpret_cast<heap_entry *>(entry.release());
}

std::unique_ptr<Buffer> owned(heap_entry *entry)
{
	return std::unique_ptr<Buffer>(reinterpret_cast<Buffer *>(entry));
}

std::uint64_t owner_of(const heap_session *session)
{
	return reinterpret_cast<std::uintptr_t>(session);
}

// Strings are cleaned and terminated by the ledger; here they are only carried.
template <std::size_t to_size, std::size_t from_size>
void copy(char (&to)[to_size], const std::array<char, from_size> &from)
{
	static_assert(to_size == from_size);
	std::ranges::copy(from, to);
}

template <std::size_t to_size, std::size_t from_size>
void copy(std::array<char, to_size> &to, const char (&from)[from_size])
{
	static_assert(to_size == from_size);
	std::ranges::copy(from, to.begin());
}

static_assert(std::to_underlying(Gauge::keys) == HEAP_KEYS && vskms::heap::gauges == HEAP_GAUGES);
static_assert(std::to_underlying(Kind::revoke) == HEAP_KIND_REVOKE &&
	      vskms::heap::kinds == HEAP_KINDS);
static_assert(std::to_underlying(Buffer::State::scrubbing) == HEAP_ENTRY_SCRUBBING);

} // namespace

int heap_region_create(unsigned long long base, unsigned long long size, heap_region **region)
{
	auto made = Region::create(base, size);
	if (!made)
		return negated(made.error());

	*region = new (std::nothrow_t{}) heap_region{std::move(*made)};
	return *region ? 0 : negated(Error::enomem);
}

void heap_region_destroy(heap_region *region)
{
	delete region;
}

int heap_region_alloc(heap_region *region, unsigned long long len, unsigned long long align,
		      unsigned long long *address)
{
	const auto piece = region->region.allocate(len, align);
	if (!piece)
		return negated(piece.error());

	*address = piece->address;
	return 0;
}

int heap_region_free(heap_region *region, unsigned long long address)
{
	const auto freed = region->region.free(address);
	return freed ? 0 : negated(freed.error());
}

heap_firewall *heap_firewall_create()
{
	return new (std::nothrow_t{}) heap_firewall;
}

void heap_firewall_destroy(heap_firewall *firewall)
{
	delete firewall;
}

heap_session *heap_session_create(void *owner)
{
	heap_session *const session = new (std::nothrow_t{}) heap_session;

	if (session)
		session->owner = owner;
	return session;
}

void heap_session_destroy(heap_session *session)
{
	delete session;
}

void *heap_session_owner(const heap_session *session)
{
	return session->owner;
}

unsigned long long heap_session_generation(const heap_session *session)
{
	return session->generation();
}

void heap_session_revoke(heap_firewall *firewall, heap_session *session)
{
	static_cast<void>(firewall->firewall.revoke(*session));
}

unsigned long long heap_session_windows(const heap_firewall *firewall, const heap_session *session,
					unsigned long long generation)
{
	return firewall->firewall.windows_of_generation(*session, generation);
}

heap_grant *heap_grant_blank()
{
	return opaque(Grant::blank());
}

void heap_grant_free(heap_grant *grant)
{
	owned(grant).reset();
}

int heap_grant_create(heap_firewall *firewall, heap_session *session, const heap_claim *claim,
		      heap_grant **blank, unsigned long long *id)
{
	std::unique_ptr<Grant> grant = owned(std::exchange(*blank, nullptr));
	const auto made = firewall->firewall.create(
		grant, *session,
		{.master = claim->master,
		 .attachment = claim->buffer,
		 .range = {claim->address, claim->size},
		 .direction = direction_of(claim->access),
		 .generation = claim->generation});

	*blank = opaque(std::move(grant));
	if (!made)
		return negated(made.error());
	*id = std::to_underlying(*made);
	return 0;
}

void heap_grant_stop(heap_firewall *firewall, unsigned long long id)
{
	// A grant that is gone opens no window either.
	static_cast<void>(firewall->firewall.stop(GrantId{id}));
}

int heap_grant_remove(heap_firewall *firewall, unsigned long long id, heap_grant **grant)
{
	auto removed = firewall->firewall.remove(GrantId{id});
	if (!removed)
		return negated(removed.error());

	*grant = opaque(std::move(*removed));
	return 0;
}

bool heap_range_granted(const heap_firewall *firewall, unsigned long long address,
			unsigned long long size)
{
	return firewall->firewall.any_in({address, size});
}

heap_session *heap_grant_claim(const heap_firewall *firewall, unsigned long long id,
			       heap_claim *claim)
{
	const Grant *const grant = firewall->firewall.find(GrantId{id});

	if (!grant)
		return nullptr;
	*claim = {
		.master = grant->claim.master,
		.buffer = grant->claim.attachment,
		.generation = grant->claim.generation,
		.address = grant->claim.range.address,
		.size = grant->claim.range.size,
		.access = std::to_underlying(grant->claim.direction),
	};
	return static_cast<heap_session *>(grant->session);
}

void heap_master_stop(heap_firewall *firewall, heap_session *session, unsigned long long master)
{
	static_cast<void>(firewall->firewall.stop_master(*session, master));
}

unsigned long long heap_master_windows(const heap_firewall *firewall, const heap_session *session,
				       unsigned long long master)
{
	return firewall->firewall.windows_of_master(*session, master);
}

int heap_window_open(heap_firewall *firewall, unsigned long long id, unsigned long long offset,
		     unsigned long long len, unsigned int access, heap_window *window,
		     const char **reason)
{
	const auto opened = firewall->firewall.open(GrantId{id}, offset, len, direction_of(access));

	if (!opened) {
		*reason = name(opened.error());
		return negated(opened.error());
	}

	Session *const session = firewall->firewall.find(GrantId{id})->session;

	*window = {id, opened->ticket, opened->range.address, static_cast<heap_session *>(session)};
	return 0;
}

int heap_window_close(heap_firewall *firewall, const heap_window *window)
{
	const auto closed =
		firewall->firewall.close({GrantId{window->grant}, window->ticket, {}, Direction::none});

	return closed ? *closed : negated(closed.error());
}

heap_table *heap_table_create()
{
	return new (std::nothrow_t{}) heap_table;
}

void heap_table_destroy(heap_table *table)
{
	delete table;
}

heap_entry *heap_entry_blank()
{
	return opaque(Buffer::blank());
}

void heap_entry_free(heap_entry *entry)
{
	owned(entry).reset();
}

int heap_entry_create(heap_table *table, heap_session *session, unsigned long long address,
		      unsigned long long size, heap_entry **blank, unsigned int *handle)
{
	std::unique_ptr<Buffer> entry = owned(std::exchange(*blank, nullptr));
	const auto made = table->table.create(entry, owner_of(session), Extent{address, size},
					      session->generation());

	*blank = opaque(std::move(entry));
	if (!made)
		return negated(made.error());
	*handle = *made;
	return 0;
}

int heap_entry_pin(heap_table *table, unsigned int handle)
{
	const auto pinned = table->table.pin(handle);

	if (!pinned && pinned.error() == Refused::unknown)
		return negated(Refused::dying);
	return pinned ? 0 : negated(pinned.error());
}

void heap_entry_unpin(heap_table *table, unsigned int handle)
{
	// A buffer is not forgotten while it is pinned, so there is nothing to refuse.
	static_cast<void>(table->table.unpin(handle));
}

void heap_entries_revoke(heap_table *table, const heap_session *session)
{
	static_cast<void>(table->table.revoke(owner_of(session)));
}

int heap_entry_begin_free(heap_table *table, unsigned int handle)
{
	const auto begun = table->table.begin_free(handle);

	if (!begun && begun.error() == Refused::dying)
		return negated(Refused::unknown);
	return begun ? 0 : negated(begun.error());
}

int heap_entry_finish_free(heap_table *table, unsigned int handle, unsigned long long scrubbed,
			   heap_entry **entry)
{
	auto finished = table->table.finish_free(handle, scrubbed);

	if (!finished)
		return negated(finished.error());
	*entry = opaque(std::move(*finished));
	return 0;
}

bool heap_entry_next(const heap_table *table, unsigned int after, heap_entry_info *info)
{
	const Buffer *const buffer = table->table.next(after);

	if (!buffer)
		return false;
	*info = {
		.handle = buffer->handle,
		.state = std::to_underlying(buffer->state),
		.session = reinterpret_cast<heap_session *>(buffer->owner),
		.address = buffer->range.address,
		.size = buffer->range.size,
		.generation = buffer->generation,
		.grants = buffer->grants,
	};
	return true;
}

heap_ledger *heap_ledger_create()
{
	return new (std::nothrow_t{}) heap_ledger;
}

void heap_ledger_destroy(heap_ledger *ledger)
{
	delete ledger;
}

void heap_ledger_add(heap_ledger *ledger, heap_session *session, heap_gauge gauge,
		     unsigned long long amount)
{
	ledger->ledger.add(session->account, static_cast<Gauge>(gauge), amount);
}

void heap_ledger_sub(heap_ledger *ledger, heap_session *session, heap_gauge gauge,
		     unsigned long long amount)
{
	// What does not balance is counted there.
	static_cast<void>(ledger->ledger.sub(session->account, static_cast<Gauge>(gauge), amount));
}

void heap_ledger_refuse(heap_ledger *ledger, heap_session *session, const heap_violation *violation)
{
	Violation noted = {
		.time = violation->time,
		.pid = violation->pid,
		.buffer = violation->buffer,
		.error = violation->error,
		.kind = static_cast<Kind>(violation->kind),
	};

	copy(noted.comm, violation->comm);
	copy(noted.master, violation->master);
	copy(noted.heap, violation->heap);
	copy(noted.reason, violation->reason);
	static_cast<void>(ledger->ledger.refuse(session ? &session->account : nullptr, noted));
}

heap_level heap_ledger_level(const heap_ledger *ledger, const heap_session *session,
			     heap_gauge gauge)
{
	const Account &account = session ? session->account : ledger->ledger.total();
	const auto &level = account.level(static_cast<Gauge>(gauge));

	return {level.now, level.most, level.ever};
}

unsigned long long heap_ledger_refused(const heap_ledger *ledger, const heap_session *session,
				       heap_kind kind)
{
	const Account &account = session ? session->account : ledger->ledger.total();

	return account.violations(static_cast<Kind>(kind));
}

bool heap_ledger_next(const heap_ledger *ledger, unsigned long long after,
		      heap_violation *violation)
{
	const Violation *const next = ledger->ledger.next(after);

	if (!next)
		return false;
	*violation = {
		.serial = next->serial,
		.time = next->time,
		.pid = next->pid,
		.buffer = next->buffer,
		.error = next->error,
		.kind = std::to_underlying(next->kind),
		.comm = {},
		.master = {},
		.heap = {},
		.reason = {},
	};
	copy(violation->comm, next->comm);
	copy(violation->master, next->master);
	copy(violation->heap, next->heap);
	copy(violation->reason, next->reason);
	return true;
}

unsigned long long heap_ledger_imbalances(const heap_ledger *ledger)
{
	return ledger->ledger.imbalances();
}

const char *heap_gauge_name(unsigned int gauge)
{
	return gauge < vskms::heap::gauges ? vskms::heap::name(static_cast<Gauge>(gauge)) : nullptr;
}

const char *heap_kind_name(unsigned int kind)
{
	return kind < vskms::heap::kinds ? vskms::heap::name(static_cast<Kind>(kind)) : nullptr;
}
