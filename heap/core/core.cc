// SPDX-License-Identifier: GPL-2.0
/*
 * The heap's one C++ object: what core.h declares, on top of the headers here.
 */

#ifdef __KERNEL__
#include "cxx_runtime.hpp"
#endif

#include "core.h"
#include "firewall.hpp"
#include "region.hpp"

#include <cstdint>
#include <memory>
#include <new>
#include <utility>

using vskms::heap::Claim;
using vskms::heap::Direction;
using vskms::heap::Error;
using vskms::heap::Firewall;
using vskms::heap::Grant;
using vskms::heap::GrantId;
using vskms::heap::Refusal;
using vskms::heap::Region;
using vskms::heap::Session;
using vskms::heap::Window;

struct heap_region {
	Region region;
};

struct heap_firewall {
	Firewall firewall;
};

struct heap_session {
	Session session;
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

unsigned long long heap_region_free_bytes(const heap_region *region)
{
	return region->region.free_bytes();
}

heap_firewall *heap_firewall_create()
{
	return new (std::nothrow_t{}) heap_firewall;
}

void heap_firewall_destroy(heap_firewall *firewall)
{
	delete firewall;
}

heap_session *heap_session_create()
{
	return new (std::nothrow_t{}) heap_session;
}

void heap_session_destroy(heap_session *session)
{
	delete session;
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
		grant, session->session,
		{.master = claim->master,
		 .attachment = 0,
		 .range = {claim->address, claim->size},
		 .direction = direction_of(claim->access),
		 .generation = session->session.generation()});

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

void heap_master_stop(heap_firewall *firewall, heap_session *session, unsigned long long master)
{
	static_cast<void>(firewall->firewall.stop_master(session->session, master));
}

unsigned long long heap_master_windows(const heap_firewall *firewall, const heap_session *session,
				       unsigned long long master)
{
	return firewall->firewall.windows_of_master(session->session, master);
}

int heap_window_open(heap_firewall *firewall, unsigned long long id, unsigned long long offset,
		     unsigned long long len, unsigned int access, heap_window *window)
{
	const auto opened = firewall->firewall.open(GrantId{id}, offset, len, direction_of(access));
	if (!opened)
		return negated(opened.error());

	*window = {id, opened->ticket, opened->range.address};
	return 0;
}

int heap_window_close(heap_firewall *firewall, const heap_window *window)
{
	const auto closed =
		firewall->firewall.close({GrantId{window->grant}, window->ticket, {}, Direction::none});

	return closed ? *closed : negated(closed.error());
}
