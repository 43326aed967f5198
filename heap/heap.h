/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_HEAP_H
#define HEAP_HEAP_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <secure_heap.h>
#include <uapi/secure_heap.h>

struct device;
struct heap_session;
struct memory;
struct node;
struct policy;

/**
 * struct secure_heap - a heap, from when it is enabled to its last buffer
 * @refs: the node while it is enabled, each buffer, and whoever found it
 * @link: in heaps from enabling to the last reference; guarded by heaps_lock
 * @node: its name and its node, which stay for good
 * @name: the node's
 * @memory: where buffers come from; owned
 * @policy: which devices an administrator listed; a reference
 * @session: its generation, grants and account; owned; guarded by the bus's lock
 * @revoked: nothing can be allocated; guarded by the bus's lock
 * @enabled: the node leads here; cleared once, under heaps_lock
 * @profile: for buffers allocated from now on, enum secure_heap_profile
 * @ports: struct bus_port, one for each attachment; guarded by the bus's lock
 * @device: in /sys/class/secure_heap while enabled; guarded by heaps_lock
 *
 * A heap that was removed lives on as long as a buffer of it does, unknown to all
 * but its buffers' users. A heap of the same name may be made meanwhile; it is another.
 */
struct secure_heap {
	struct kref refs;
	struct list_head link;
	struct node *node;
	const char *name;
	struct memory *memory;
	struct policy *policy;
	struct heap_session *session;
	struct list_head ports;
	bool revoked;
	bool enabled;
	unsigned int profile;
	struct device *device;
};

/* Guards heaps, which heap a node leads to, and the list of masters (with the bus's lock). */
extern struct mutex heaps_lock;
extern struct list_head heaps;

/**
 * struct heap_config - what a heap is made from
 * @name: of letters, digits and ".,_-", shorter than SECURE_HEAP_NAME_MAX
 * @carveout: a carve-out, else dynamic
 * @base: with @carveout its first address
 * @size: bytes; 0 for a dynamic heap as large as can be
 * @profile: enum secure_heap_profile
 * @policy: which devices are listed; the heap takes a reference
 */
struct heap_config {
	const char *name;
	bool carveout;
	phys_addr_t base;
	u64 size;
	unsigned int profile;
	struct policy *policy;
};

/**
 * heap_enable() - make a heap
 * @config: how
 *
 * Makes /dev/dma_heap/NAME the first time ever, which cannot be undone: from then on the
 * module cannot be unloaded.
 *
 * Return: the heap, for heap_disable(); memory's errors, -EEXIST if another driver has a
 * dma-heap of that name, -ENOMEM. Each is logged.
 */
struct secure_heap *heap_enable(const struct heap_config *config);

/**
 * heap_disable() - remove a heap
 * @heap: what heap_enable() returned; not to be used any more
 *
 * The node answers -ENODEV. Buffers live on, and the memory is theirs until the last
 * is freed.
 */
void heap_disable(struct secure_heap *heap);

/**
 * heap_name_valid() - can a heap have this name?
 * @name: any string
 *
 * Return: whether.
 */
bool heap_name_valid(const char *name);

/**
 * heap_class_init() - make /sys/class/secure_heap
 *
 * Return: 0 or a negative errno.
 */
int heap_class_init(void);

/**
 * heap_class_exit() - remove it, with no heap left and no node that is registered
 */
void heap_class_exit(void);

/**
 * heap_pinned() - is there a node?
 *
 * Return: whether the module must stay for good.
 */
bool heap_pinned(void);

#endif
