/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C boundary of the heap's C++ core.
 *
 * The core is pure: it takes no lock, sleeps only to allocate, and knows no
 * address but as a number. The caller serialises all calls on one object.
 * Errors are negative errnos.
 */
#ifndef HEAP_CORE_H
#define HEAP_CORE_H

#ifdef __cplusplus
#include <cstddef>
extern "C" {
#else
#include <linux/types.h>
#endif

/**
 * struct heap_region - a range of physical addresses, handed out in pieces
 *
 * Made by heap_region_create() and owned by the caller until
 * heap_region_destroy(). It keeps no reference to the memory it speaks of.
 */
struct heap_region;

/**
 * heap_region_create() - a region with nothing allocated
 * @base: first byte, page aligned
 * @size: bytes, a non-zero multiple of the page size, less than 16 TiB;
 *	  @base + @size may be 2^64
 * @region: where the new region is stored
 *
 * Return: 0, -EINVAL for a range that is not as described, -ENOMEM.
 */
int heap_region_create(unsigned long long base, unsigned long long size,
		       struct heap_region **region);

/**
 * heap_region_destroy() - forget a region and all that is allocated from it
 * @region: the region, or NULL
 */
void heap_region_destroy(struct heap_region *region);

/**
 * heap_region_alloc() - take a piece of a region
 * @region: the region
 * @len: bytes, rounded up to whole pages
 * @align: a power of two from the page size to 2 MiB
 * @address: where the piece's first address is stored
 *
 * Return: 0, -EINVAL for no length, -EDOM for a bad alignment, -E2BIG for more
 * than the whole region, -ENOSPC if no free piece holds it, -ENOMEM if there is
 * no memory to note it down. After an error nothing has changed.
 */
int heap_region_alloc(struct heap_region *region, unsigned long long len,
		      unsigned long long align, unsigned long long *address);

/**
 * heap_region_free() - give a piece back
 * @region: the region
 * @address: what heap_region_alloc() stored
 *
 * Return: 0, -ENOENT if no allocated piece begins there.
 */
int heap_region_free(struct heap_region *region, unsigned long long address);

/**
 * struct heap_firewall - all grants and windows of the secure bus
 *
 * Owned by its creator. Calls on it and on its sessions are serialised by one lock,
 * which may be a spinlock: none but those that say so allocates or sleeps.
 */
struct heap_firewall;

/**
 * struct heap_session - a heap as the core knows it
 *
 * Its generation, its grants and its account in the ledger. Owned by the heap;
 * outlives every grant, window and buffer of the heap's.
 */
struct heap_session;

/**
 * struct heap_grant - memory for a grant
 *
 * Owned by whoever holds the pointer: heap_grant_create() takes it over and
 * heap_grant_remove() gives it back.
 */
struct heap_grant;

/**
 * struct heap_claim - what a mapping asks the firewall for
 * @master: who; any number that is its own for as long as it has grants
 * @buffer: the buffer's handle, only reported
 * @generation: the buffer's
 * @address: first byte
 * @size: bytes
 * @access: bit 0 to read, bit 1 to write
 */
struct heap_claim {
	unsigned long long master;
	unsigned long long buffer;
	unsigned long long generation;
	unsigned long long address;
	unsigned long long size;
	unsigned int access;
};

/**
 * struct heap_window - a part of a grant, opened
 * @grant: the grant's id
 * @ticket: which of its windows
 * @address: first byte
 * @session: the heap's
 */
struct heap_window {
	unsigned long long grant;
	unsigned long long ticket;
	unsigned long long address;
	struct heap_session *session;
};

/* Each of these may sleep and returns NULL if there is no memory. */
struct heap_firewall *heap_firewall_create(void);
struct heap_session *heap_session_create(void *owner);
struct heap_grant *heap_grant_blank(void);

/* The object, with nothing depending on it any more, or NULL. */
void heap_firewall_destroy(struct heap_firewall *firewall);
void heap_session_destroy(struct heap_session *session);
void heap_grant_free(struct heap_grant *grant);

/**
 * heap_session_owner() - whose session it is
 * @session: the session
 *
 * Return: what heap_session_create() was given.
 */
void *heap_session_owner(const struct heap_session *session);

/**
 * heap_session_generation() - the generation that is valid
 * @session: the session
 *
 * Return: the generation; the first is 1.
 */
unsigned long long heap_session_generation(const struct heap_session *session);

/**
 * heap_session_revoke() - end the session's generation and begin the next
 * @firewall: the firewall
 * @session: the session
 *
 * No window is opened any more on any grant of the old one.
 */
void heap_session_revoke(struct heap_firewall *firewall, struct heap_session *session);

/**
 * heap_session_windows() - how many windows are open on a generation's grants
 * @firewall: the firewall
 * @session: the session
 * @generation: the generation
 *
 * Return: the number.
 */
unsigned long long heap_session_windows(const struct heap_firewall *firewall,
					const struct heap_session *session,
					unsigned long long generation);

/**
 * heap_grant_create() - grant what a mapping asks for
 * @firewall: the firewall
 * @session: the heap's
 * @claim: what is asked for
 * @blank: memory for it; taken over, and set to NULL, on success
 * @id: where the grant's id is stored: not 0, and never used again
 *
 * Return: 0, -EACCES for no access, -ERANGE for no range, -EIO if the session's
 * generation is another, -ENOSPC after 2^64 - 1.
 */
int heap_grant_create(struct heap_firewall *firewall, struct heap_session *session,
		      const struct heap_claim *claim, struct heap_grant **blank,
		      unsigned long long *id);

/**
 * heap_grant_stop() - open no more windows on a grant
 * @firewall: the firewall
 * @id: the grant
 */
void heap_grant_stop(struct heap_firewall *firewall, unsigned long long id);

/**
 * heap_grant_remove() - forget a grant
 * @firewall: the firewall
 * @id: the grant
 * @grant: where its memory is stored, for heap_grant_free() without the lock
 *
 * Return: 0, -EBUSY while a window is open, -EACCES if there is no such grant.
 */
int heap_grant_remove(struct heap_firewall *firewall, unsigned long long id,
		      struct heap_grant **grant);

/**
 * heap_range_granted() - does any grant overlap a range?
 * @firewall: the firewall
 * @address: first byte
 * @size: bytes
 *
 * Return: whether; if so the range must not be given to anybody else.
 */
bool heap_range_granted(const struct heap_firewall *firewall, unsigned long long address,
			unsigned long long size);

/**
 * heap_master_stop() - open no more windows on any grant of a master
 * @firewall: the firewall
 * @session: of this heap
 * @master: the master
 */
void heap_master_stop(struct heap_firewall *firewall, struct heap_session *session,
		      unsigned long long master);

/**
 * heap_master_windows() - how many windows are open on a master's stopped grants
 * @firewall: the firewall
 * @session: of this heap
 * @master: the master
 *
 * Return: the number.
 */
unsigned long long heap_master_windows(const struct heap_firewall *firewall,
				       const struct heap_session *session,
				       unsigned long long master);

/**
 * heap_grant_claim() - what a grant is for
 * @firewall: the firewall
 * @id: the grant
 * @claim: filled in on success
 *
 * Return: the session, or NULL if there is no such grant (any more).
 */
struct heap_session *heap_grant_claim(const struct heap_firewall *firewall, unsigned long long id,
				      struct heap_claim *claim);

/**
 * heap_window_open() - open a part of a grant
 * @firewall: the firewall
 * @id: the grant
 * @offset: bytes from the grant's first
 * @len: bytes
 * @access: bit 0 to read, bit 1 to write
 * @window: filled in on success
 * @reason: why it was refused, a few words that are constant; set on failure
 *
 * Return: 0, -EACCES if the grant has ended or does not allow this, -ERANGE if the
 * part is empty or not all inside, -EIO if the session was revoked since the grant.
 */
int heap_window_open(struct heap_firewall *firewall, unsigned long long id,
		     unsigned long long offset, unsigned long long len,
		     unsigned int access, struct heap_window *window, const char **reason);

/**
 * heap_window_close() - close a window
 * @firewall: the firewall
 * @window: the window
 *
 * Return: 1 if somebody may be waiting for this, 0 if not, -EBADF if it is not open.
 */
int heap_window_close(struct heap_firewall *firewall, const struct heap_window *window);

/**
 * struct heap_table - the live buffers of all heaps, by handle
 *
 * Owned by its creator. Serialised by the firewall's lock; only what says so sleeps.
 */
struct heap_table;

/**
 * struct heap_entry - memory for a buffer's entry in the table
 *
 * Owned by whoever holds the pointer: heap_entry_create() takes it over and
 * heap_entry_finish() gives it back.
 */
struct heap_entry;

/* What may be done with a buffer. */
enum heap_entry_state {
	HEAP_ENTRY_ALLOCATED,
	HEAP_ENTRY_REVOKED,
	HEAP_ENTRY_SCRUBBING,
};

/**
 * struct heap_entry_info - what the table knows of a buffer
 * @handle: its name; not 0, and no other buffer's while this one is in the table
 * @state: enum heap_entry_state
 * @session: its heap's
 * @address: first byte
 * @size: bytes
 * @generation: the session's when it was allocated
 * @grants: how many grants pin it
 */
struct heap_entry_info {
	unsigned int handle;
	unsigned int state;
	struct heap_session *session;
	unsigned long long address;
	unsigned long long size;
	unsigned long long generation;
	unsigned long long grants;
};

/* Each of these may sleep and returns NULL if there is no memory. */
struct heap_table *heap_table_create(void);
struct heap_entry *heap_entry_blank(void);

void heap_table_destroy(struct heap_table *table);
void heap_entry_free(struct heap_entry *entry);

/**
 * heap_entry_create() - enter a new buffer
 * @table: the table
 * @session: its heap's; the buffer belongs to the session's generation
 * @address: first byte
 * @size: bytes
 * @blank: memory for it; taken over, and set to NULL, on success
 * @handle: where its handle is stored
 *
 * Return: 0, -EINVAL for no range, -EBUSY if any of the range is a buffer that was not
 * scrubbed yet, -ENOSPC if all 2^32 - 1 handles are taken.
 */
int heap_entry_create(struct heap_table *table, struct heap_session *session,
		      unsigned long long address, unsigned long long size,
		      struct heap_entry **blank, unsigned int *handle);

/**
 * heap_entry_pin() - a grant on a buffer begins
 * @table: the table
 * @handle: the buffer
 *
 * Return: 0, -EIO if it is revoked, -EACCES if it is being freed or is not there.
 */
int heap_entry_pin(struct heap_table *table, unsigned int handle);

/**
 * heap_entry_unpin() - a grant on a buffer has been removed
 * @table: the table
 * @handle: the buffer
 */
void heap_entry_unpin(struct heap_table *table, unsigned int handle);

/**
 * heap_entries_revoke() - a heap's buffers are dead
 * @table: the table
 * @session: the heap's
 */
void heap_entries_revoke(struct heap_table *table, const struct heap_session *session);

/**
 * heap_entry_begin_free() - nobody has the buffer any more; it is to be scrubbed
 * @table: the table
 * @handle: the buffer
 *
 * Return: 0, -EBUSY while a grant pins it, -ENOENT if it is not there or this was
 * called before.
 */
int heap_entry_begin_free(struct heap_table *table, unsigned int handle);

/**
 * heap_entry_finish_free() - it was scrubbed
 * @table: the table
 * @handle: the buffer
 * @scrubbed: bytes
 * @entry: where its memory is stored, for heap_entry_free() without the lock
 *
 * Return: 0, -EBUSY if not all was scrubbed, -ENOENT if heap_entry_begin_free() was
 * not called.
 */
int heap_entry_finish_free(struct heap_table *table, unsigned int handle,
			   unsigned long long scrubbed, struct heap_entry **entry);

/**
 * heap_entry_next() - the buffer with the lowest handle greater than one
 * @table: the table
 * @after: a handle, or 0
 * @info: filled in on success
 *
 * Return: whether there is one.
 */
bool heap_entry_next(const struct heap_table *table, unsigned int after,
		     struct heap_entry_info *info);

/**
 * struct heap_ledger - what is counted of all heaps, and the refusals
 *
 * Owned by its creator. Serialised by the firewall's lock; never sleeps or allocates.
 */
struct heap_ledger;

/* What is counted up and down. */
enum heap_gauge {
	HEAP_BUFFERS,
	HEAP_BYTES,
	HEAP_ATTACHMENTS,
	HEAP_MAPPINGS,
	HEAP_WINDOWS,
	HEAP_KEYS,
	HEAP_GAUGES,
};

/* What was refused. */
enum heap_kind {
	HEAP_KIND_MMAP,
	HEAP_KIND_CPU_ACCESS,
	HEAP_KIND_ATTACH,
	HEAP_KIND_MAP,
	HEAP_KIND_WINDOW,
	HEAP_KIND_INJECT,
	HEAP_KIND_KEY,
	HEAP_KIND_ALLOC,
	HEAP_KIND_REVOKE,
	HEAP_KINDS,
};

/**
 * struct heap_level - a gauge
 * @now: at present
 * @most: at one time, ever
 * @ever: all together
 */
struct heap_level {
	unsigned long long now;
	unsigned long long most;
	unsigned long long ever;
};

/**
 * struct heap_violation - an access that was refused
 * @serial: the ledger's number for it; the first is 1
 * @time: nanoseconds, by the caller's clock
 * @pid: whose thread it was
 * @buffer: handle, 0 if none is concerned
 * @error: the negative errno that was returned
 * @kind: enum heap_kind
 * @comm: the thread's name
 * @master: the device's name, empty if it was a CPU
 * @heap: the heap's name, empty if none is concerned
 * @reason: in a few words
 *
 * Strings are terminated, and have no byte that is not printable once they are in
 * the ledger.
 */
struct heap_violation {
	unsigned long long serial;
	unsigned long long time;
	unsigned int pid;
	unsigned int buffer;
	int error;
	unsigned int kind;
	char comm[16];
	char master[64];
	char heap[64];
	char reason[32];
};

/* May sleep; NULL if there is no memory. */
struct heap_ledger *heap_ledger_create(void);
void heap_ledger_destroy(struct heap_ledger *ledger);

/**
 * heap_ledger_add() - something begins
 * @ledger: the ledger
 * @session: of this heap
 * @gauge: what
 * @amount: how much
 */
void heap_ledger_add(struct heap_ledger *ledger, struct heap_session *session,
		     enum heap_gauge gauge, unsigned long long amount);

/**
 * heap_ledger_sub() - something ends
 * @ledger: the ledger
 * @session: of this heap
 * @gauge: what
 * @amount: how much; if it is more than there is, nothing changes but the imbalances
 */
void heap_ledger_sub(struct heap_ledger *ledger, struct heap_session *session,
		     enum heap_gauge gauge, unsigned long long amount);

/**
 * heap_ledger_refuse() - an access was refused
 * @ledger: the ledger
 * @session: of this heap, or NULL
 * @violation: what happened; the serial is not looked at
 */
void heap_ledger_refuse(struct heap_ledger *ledger, struct heap_session *session,
			const struct heap_violation *violation);

/**
 * heap_ledger_level() - read a gauge
 * @ledger: the ledger
 * @session: of this heap, or NULL for all, those that are gone included
 * @gauge: which
 *
 * Return: its levels.
 */
struct heap_level heap_ledger_level(const struct heap_ledger *ledger,
				    const struct heap_session *session, enum heap_gauge gauge);

/**
 * heap_ledger_refused() - how many accesses were refused
 * @ledger: the ledger
 * @session: of this heap, or NULL for all
 * @kind: which
 *
 * Return: the number.
 */
unsigned long long heap_ledger_refused(const struct heap_ledger *ledger,
				       const struct heap_session *session, enum heap_kind kind);

/**
 * heap_ledger_next() - the refusal with the lowest serial greater than one
 * @ledger: the ledger
 * @after: a serial, or 0
 * @violation: filled in on success
 *
 * Return: whether there is one that is kept.
 */
bool heap_ledger_next(const struct heap_ledger *ledger, unsigned long long after,
		      struct heap_violation *violation);

/**
 * heap_ledger_imbalances() - how often something ended that had not begun
 * @ledger: the ledger
 *
 * Return: the number; anything but 0 is a bug of ours.
 */
unsigned long long heap_ledger_imbalances(const struct heap_ledger *ledger);

/* Names, in lower case with dashes; constant. NULL if there is no such number. */
const char *heap_gauge_name(unsigned int gauge);
const char *heap_kind_name(unsigned int kind);

#ifdef __cplusplus
}
#endif

#endif
