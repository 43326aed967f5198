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
 * heap_region_free_bytes() - how much is not allocated
 * @region: the region
 *
 * Return: bytes.
 */
unsigned long long heap_region_free_bytes(const struct heap_region *region);

/**
 * struct heap_firewall - all grants and windows of the secure bus
 *
 * Owned by its creator. Calls on it and on its sessions are serialised by one lock,
 * which may be a spinlock: none but those that say so allocates or sleeps.
 */
struct heap_firewall;

/**
 * struct heap_session - a heap as the firewall knows it
 *
 * Owned by the heap; outlives every grant of the heap's buffers.
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
 * @address: first byte
 * @size: bytes
 * @access: bit 0 to read, bit 1 to write
 */
struct heap_claim {
	unsigned long long master;
	unsigned long long address;
	unsigned long long size;
	unsigned int access;
};

/**
 * struct heap_window - a part of a grant, opened
 * @grant: the grant's id
 * @ticket: which of its windows
 * @address: first byte
 */
struct heap_window {
	unsigned long long grant;
	unsigned long long ticket;
	unsigned long long address;
};

/* Each of these may sleep and returns NULL if there is no memory. */
struct heap_firewall *heap_firewall_create(void);
struct heap_session *heap_session_create(void);
struct heap_grant *heap_grant_blank(void);

/* The object, with nothing depending on it any more, or NULL. */
void heap_firewall_destroy(struct heap_firewall *firewall);
void heap_session_destroy(struct heap_session *session);
void heap_grant_free(struct heap_grant *grant);

/**
 * heap_grant_create() - grant what a mapping asks for
 * @firewall: the firewall
 * @session: the heap's
 * @claim: what is asked for
 * @blank: memory for it; taken over, and set to NULL, on success
 * @id: where the grant's id is stored: not 0, and never used again
 *
 * Return: 0, -EACCES for no access, -ERANGE for no range, -ENOSPC after 2^64 - 1.
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
 * heap_window_open() - open a part of a grant
 * @firewall: the firewall
 * @id: the grant
 * @offset: bytes from the grant's first
 * @len: bytes
 * @access: bit 0 to read, bit 1 to write
 * @window: filled in on success
 *
 * Return: 0, -EACCES if the grant has ended or does not allow this, -ERANGE if the
 * part is empty or not all inside.
 */
int heap_window_open(struct heap_firewall *firewall, unsigned long long id,
		     unsigned long long offset, unsigned long long len,
		     unsigned int access, struct heap_window *window);

/**
 * heap_window_close() - close a window
 * @firewall: the firewall
 * @window: the window
 *
 * Return: 1 if somebody may be waiting for this, 0 if not, -EBADF if it is not open.
 */
int heap_window_close(struct heap_firewall *firewall, const struct heap_window *window);

#ifdef __cplusplus
}
#endif

#endif
