/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_BUS_H
#define HEAP_BUS_H

#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct device;
struct heap_entry_info;
struct listing;
struct policy;
struct secure_heap;
struct seq_file;

/*
 * Guards all of the core that heaps share, grants, windows, buffers and the ledger, each
 * heap's session, ports and revoked, policies, and the list of masters. A spinlock, as
 * windows are opened where fences are signalled.
 */
extern spinlock_t bus_lock;

/**
 * struct bus_buffer - a buffer as the bus knows it
 * @heap: its heap
 * @phys: its first physical address
 * @size: bytes
 * @generation: the heap's session when it was allocated
 * @handle: its handle
 * @admits_all: any device may attach
 *
 * Constant from bus_buffer_add() to bus_buffer_free().
 */
struct bus_buffer {
	struct secure_heap *heap;
	phys_addr_t phys;
	u64 size;
	u64 generation;
	u32 handle;
	bool admits_all;
};

/**
 * struct bus_port - where a device meets a buffer
 * @link: among the heap's ports, while open; guarded by bus_lock
 * @buffer: the buffer, which outlives the port
 * @dev: the device, a reference; NULL for the engine that writes for user space
 * @grant: the mapping's grant, 0 while there is none; written by whoever maps and
 *	   unmaps, who hold the buffer's reservation lock
 *
 * One for each attachment. The device's address is the firewall's name for it: no
 * grant outlives its port, so the address is not used again while a grant has it.
 */
struct bus_port {
	struct list_head link;
	const struct bus_buffer *buffer;
	struct device *dev;
	u64 grant;
};

/**
 * bus_init() - bring up the secure bus
 *
 * Return: 0 or -ENOMEM.
 */
int bus_init(void);

/**
 * bus_exit() - take the bus down, with no master, buffer and port left
 */
void bus_exit(void);

/**
 * bus_buffer_add() - a buffer begins
 * @buffer: its heap, phys, size and admits_all; the rest is filled in
 *
 * May sleep. Return: 0; -EIO if the heap is revoked, -EBUSY if the machine hibernates,
 * -ENOMEM.
 */
int bus_buffer_add(struct bus_buffer *buffer);

/**
 * bus_buffer_free() - a buffer ends: it is scrubbed and forgotten
 * @buffer: the buffer, without any port
 *
 * May sleep. Return: 0, and then its memory may be used again; -EBUSY, which is a bug
 * of ours, if something still reaches it.
 */
int bus_buffer_free(struct bus_buffer *buffer);

/**
 * bus_port_open() - a device attaches to a buffer
 * @port: a zeroed structure
 * @buffer: the buffer
 * @dev: the device, or NULL for the engine
 *
 * Return: 0; -EACCES if the heap does not trust the device, -EIO if the buffer's
 * session was revoked. Both are violations.
 */
int bus_port_open(struct bus_port *port, const struct bus_buffer *buffer, struct device *dev);

/**
 * bus_port_close() - a device detaches
 * @port: the port, without a grant
 */
void bus_port_close(struct bus_port *port);

/**
 * bus_grant() - give a device access to its buffer, as its mapping begins
 * @port: the port, without a grant
 * @access: what is asked for, SECURE_BUS_READ and SECURE_BUS_WRITE; the device gets
 *	    what it may have of that
 *
 * May sleep. Return: 0; -EACCES if nothing remains of @access, -EIO if the buffer's
 * session was revoked, both violations; -ENOMEM.
 */
int bus_grant(struct bus_port *port, unsigned int access);

/**
 * bus_ungrant() - end a grant, as its mapping ends
 * @port: the port, with a grant
 *
 * Waits for open windows.
 */
void bus_ungrant(struct bus_port *port);

/**
 * bus_end_grants() - end what a device has, as what an administrator says of it changes
 * @policy: in the heaps that are under this policy
 * @listing: of the device that this means
 *
 * Waits for open windows; takes heaps_lock.
 */
void bus_end_grants(struct policy *policy, const struct listing *listing);

/**
 * bus_revoke() - end a heap's session
 * @heap: the heap
 * @generation: where the new one is stored
 *
 * All grants and buffers of the old session are dead when it returns. Waits for open
 * windows.
 *
 * Return: 0, -EALREADY if it is revoked.
 */
int bus_revoke(struct secure_heap *heap, u64 *generation);

/**
 * bus_restore() - let a revoked heap allocate again
 * @heap: the heap
 * @generation: where its session's generation is stored
 *
 * Return: 0, -EALREADY if it is not revoked.
 */
int bus_restore(struct secure_heap *heap, u64 *generation);

/**
 * bus_generation() - a heap's session
 * @heap: the heap
 * @revoked: where is stored whether it is revoked; may be NULL
 *
 * Return: the generation.
 */
u64 bus_generation(struct secure_heap *heap, bool *revoked);

/**
 * bus_freeze() - allow nothing new, or allow it again
 * @freeze: which
 *
 * Return: whether it could be: not while there is a buffer or a key.
 */
bool bus_freeze(bool freeze);

/**
 * bus_frozen() - is nothing new allowed?
 *
 * Return: whether; then allocating is -EBUSY.
 */
bool bus_frozen(void);

/**
 * bus_show_ports() - who is attached to what
 * @file: where a line is printed for each: buffer, heap, device, grant
 */
void bus_show_ports(struct seq_file *file);

/**
 * bus_next_buffer() - the live buffer with the lowest handle greater than one
 * @after: a handle, or 0
 * @info: filled in; its session is not to be followed
 * @heap: where its heap's name is stored, @size bytes
 * @size: of @heap
 *
 * Return: whether there is one.
 */
bool bus_next_buffer(u32 after, struct heap_entry_info *info, char *heap, size_t size);

/**
 * bus_link_heap() - link from all masters to a heap that begins, or unlink one that ends
 * @heap: the heap, with its device
 * @link: link or unlink
 *
 * heaps_lock is held.
 */
void bus_link_heap(struct secure_heap *heap, bool link);

#endif
