// SPDX-License-Identifier: GPL-2.0
/*
 * The secure bus: the one place where a master's grant becomes bytes.
 *
 * The core decides: who has a grant and which windows are open (core/firewall.hpp),
 * which buffers there are (core/buffer_table.hpp). Here are its lock, the waiting it asks
 * for, and the mapping behind a window.
 */

#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/wait.h>

#include <secure_heap.h>

#include "bus.h"
#include "core/core.h"
#include "heap.h"
#include "ledger.h"
#include "memory.h"
#include "policy.h"
#include "trace.h"

#define BOTH (SECURE_BUS_READ | SECURE_BUS_WRITE)

/* How the engine that writes for user space is called in the ledger. */
#define ENGINE "engine"

/**
 * struct secure_master - a device whose driver vouches for it
 * @link: in bus.masters; guarded by heaps_lock and bus_lock
 * @dev: who; a reference
 * @access: what it may do, constant
 *
 * Owned by whoever registered it.
 */
struct secure_master {
	struct list_head link;
	struct device *dev;
	unsigned int access;
};

/**
 * struct bus - the one secure bus
 * @masters: those registered; changed under heaps_lock and bus_lock
 * @frozen: the machine hibernates, nothing can be allocated; guarded by bus_lock
 * @idle: woken when a window that somebody may wait for has closed
 * @firewall: grants and windows; guarded by bus_lock
 * @table: the buffers; guarded by bus_lock
 */
static struct bus {
	struct list_head masters;
	bool frozen;
	wait_queue_head_t idle;
	struct heap_firewall *firewall;
	struct heap_table *table;
} bus = {
	.masters = LIST_HEAD_INIT(bus.masters),
	.idle = __WAIT_QUEUE_HEAD_INITIALIZER(bus.idle),
};

DEFINE_SPINLOCK(bus_lock);

int bus_init(void)
{
	bus.firewall = heap_firewall_create();
	if (!bus.firewall)
		return -ENOMEM;

	bus.table = heap_table_create();
	if (!bus.table) {
		heap_firewall_destroy(bus.firewall);
		return -ENOMEM;
	}

	return 0;
}

void bus_exit(void)
{
	heap_table_destroy(bus.table);
	heap_firewall_destroy(bus.firewall);
}

/* Masters */

static struct secure_master *find_master(const struct device *dev)
{
	struct secure_master *master;

	list_for_each_entry(master, &bus.masters, link)
		if (master->dev == dev)
			return master;

	return NULL;
}

/* The link's name in the master's directory; the colon keeps it from an attribute's. */
static void link_name(char *name, size_t size, const struct secure_heap *heap)
{
	snprintf(name, size, "secure_heap:%s", heap->name);
}

/* For people and scripts: nothing depends on it, so it may fail. */
static void link_master(struct secure_master *master, struct secure_heap *heap, bool link)
{
	char name[SECURE_HEAP_NAME_MAX + 16];

	if (!heap->device || !master->dev->kobj.sd)
		return;
	link_name(name, sizeof(name), heap);
	if (!link)
		sysfs_remove_link(&master->dev->kobj, name);
	else if (sysfs_create_link(&master->dev->kobj, &heap->device->kobj, name))
		dev_warn(master->dev, "no link to heap %s\n", heap->name);
}

void bus_link_heap(struct secure_heap *heap, bool link)
{
	struct secure_master *master;

	lockdep_assert_held(&heaps_lock);
	list_for_each_entry(master, &bus.masters, link)
		link_master(master, heap, link);
}

struct secure_master *secure_master_register(struct device *dev, unsigned int access)
{
	struct secure_master *master;
	struct secure_heap *heap;

	if (!access || access & ~BOTH)
		return ERR_PTR(-EINVAL);

	master = kzalloc_obj(*master);
	if (!master)
		return ERR_PTR(-ENOMEM);
	master->access = access;

	guard(mutex)(&heaps_lock);
	if (find_master(dev)) {
		kfree(master);
		return ERR_PTR(-EEXIST);
	}
	master->dev = get_device(dev);
	spin_lock(&bus_lock);
	list_add_tail(&master->link, &bus.masters);
	spin_unlock(&bus_lock);
	list_for_each_entry(heap, &heaps, link)
		link_master(master, heap, true);

	return master;
}
EXPORT_SYMBOL_NS_GPL(secure_master_register, "SECURE_HEAP");

/* How many windows are open on grants that a device has lost. */
static u64 lost_windows(struct secure_heap *heap, const struct device *dev)
{
	guard(spinlock)(&bus_lock);
	return heap_master_windows(bus.firewall, heap->session, (uintptr_t)dev);
}

void secure_master_unregister(struct secure_master *master)
{
	struct secure_heap *heap;

	mutex_lock(&heaps_lock);
	spin_lock(&bus_lock);
	list_del(&master->link);
	list_for_each_entry(heap, &heaps, link)
		heap_master_stop(bus.firewall, heap->session, (uintptr_t)master->dev);
	spin_unlock(&bus_lock);
	list_for_each_entry(heap, &heaps, link) {
		link_master(master, heap, false);
		wait_event(bus.idle, !lost_windows(heap, master->dev));
	}
	mutex_unlock(&heaps_lock);

	put_device(master->dev);
	kfree(master);
}
EXPORT_SYMBOL_NS_GPL(secure_master_unregister, "SECURE_HEAP");

/*
 * Stops what a listed device has, if asked to, and counts the windows still open. Ports of
 * one device are neighbours as a rule, so it is asked for about once.
 */
static u64 end_listed(struct secure_heap *heap, const struct listing *listing, bool stop)
{
	const struct device *last = NULL;
	struct bus_port *port;
	u64 windows = 0;

	guard(spinlock)(&bus_lock);
	list_for_each_entry(port, &heap->ports, link) {
		if (!port->dev || port->dev == last || !listing_matches(listing, port->dev))
			continue;
		last = port->dev;
		if (stop)
			heap_master_stop(bus.firewall, heap->session, (uintptr_t)last);
		windows += heap_master_windows(bus.firewall, heap->session, (uintptr_t)last);
	}

	return windows;
}

void bus_end_grants(struct policy *policy, const struct listing *listing)
{
	struct secure_heap *heap;

	guard(mutex)(&heaps_lock);
	list_for_each_entry(heap, &heaps, link)
		if (heap->policy == policy && end_listed(heap, listing, true))
			wait_event(bus.idle, !end_listed(heap, listing, false));
}

/* Buffers */

static const char *port_name(const struct bus_port *port)
{
	return port->dev ? dev_name(port->dev) : ENGINE;
}

int bus_buffer_add(struct bus_buffer *buffer)
{
	struct secure_heap *heap = buffer->heap;
	struct heap_entry *blank;
	unsigned int handle;
	int ret;

	blank = heap_entry_blank();
	if (!blank)
		return -ENOMEM;

	spin_lock(&bus_lock);
	if (heap->revoked) {
		const struct refusal refusal = {
			.kind = HEAP_KIND_ALLOC,
			.error = -EIO,
			.reason = "revoked",
		};

		ret = ledger_refuse_locked(heap, &refusal);
	} else if (bus.frozen) {
		ret = -EBUSY;
	} else {
		ret = heap_entry_create(bus.table, heap->session, buffer->phys, buffer->size,
					&blank, &handle);
	}
	if (!ret) {
		buffer->handle = handle;
		buffer->generation = heap_session_generation(heap->session);
		ledger_add_locked(heap, HEAP_BUFFERS, 1);
		ledger_add_locked(heap, HEAP_BYTES, buffer->size);
	}
	spin_unlock(&bus_lock);
	heap_entry_free(blank);
	if (!ret)
		trace_alloc(heap->name, handle, buffer->size, buffer->generation);

	return ret;
}

int bus_buffer_free(struct bus_buffer *buffer)
{
	struct secure_heap *heap = buffer->heap;
	struct heap_entry *entry = NULL;
	int ret;

	spin_lock(&bus_lock);
	ret = heap_entry_begin_free(bus.table, buffer->handle);
	/* What is granted must not become the next client's. */
	if (!ret && heap_range_granted(bus.firewall, buffer->phys, buffer->size))
		ret = -EBUSY;
	spin_unlock(&bus_lock);
	if (ret)
		return ret;

	/* Without the lock: a large buffer must not keep others waiting. */
	trace_scrub(heap->name, buffer->handle, buffer->size, buffer->generation);
	memory_scrub(heap->memory, buffer->phys, buffer->size);

	spin_lock(&bus_lock);
	ret = heap_entry_finish_free(bus.table, buffer->handle, buffer->size, &entry);
	if (!ret) {
		ledger_sub_locked(heap, HEAP_BUFFERS, 1);
		ledger_sub_locked(heap, HEAP_BYTES, buffer->size);
	}
	spin_unlock(&bus_lock);
	heap_entry_free(entry);
	trace_free(heap->name, buffer->handle, buffer->size, buffer->generation);

	return ret;
}

bool bus_frozen(void)
{
	guard(spinlock)(&bus_lock);
	return bus.frozen;
}

bool bus_freeze(bool freeze)
{
	guard(spinlock)(&bus_lock);
	bus.frozen = false;
	if (freeze && (ledger_now_locked(HEAP_BUFFERS) || ledger_now_locked(HEAP_KEYS)))
		return false;
	bus.frozen = freeze;

	return true;
}

void bus_show_ports(struct seq_file *file)
{
	struct secure_heap *heap;
	struct bus_port *port;

	guard(mutex)(&heaps_lock);
	list_for_each_entry(heap, &heaps, link) {
		guard(spinlock)(&bus_lock);
		list_for_each_entry(port, &heap->ports, link)
			seq_printf(file, "%u %s %s %llu\n", port->buffer->handle, heap->name,
				   port_name(port), READ_ONCE(port->grant));
	}
}

bool bus_next_buffer(u32 after, struct heap_entry_info *info, char *heap, size_t size)
{
	struct secure_heap *owner;

	guard(spinlock)(&bus_lock);
	if (!heap_entry_next(bus.table, after, info))
		return false;
	owner = heap_session_owner(info->session);
	strscpy(heap, owner->name, size);

	return true;
}

/* Ports and grants */

/* What a device may do with a buffer, and who says so if it is nothing. */
static unsigned int admitted(const struct bus_port *port, const char **reason)
{
	const struct secure_heap *heap = port->buffer->heap;
	const struct secure_master *master;
	unsigned int access;

	if (!port->dev)
		return SECURE_BUS_WRITE;

	/* The administrator has the last word. */
	if (policy_find(heap->policy, port->dev, &access)) {
		*reason = "listed-for-less";
		return access;
	}
	master = find_master(port->dev);
	if (master) {
		*reason = "registered-for-less";
		return master->access;
	}
	*reason = "untrusted";

	return port->buffer->admits_all ? BOTH : 0;
}

static int refuse_port(const struct bus_port *port, enum heap_kind kind, int error,
		       const char *reason)
{
	const struct refusal refusal = {
		.kind = port->dev ? kind : HEAP_KIND_INJECT,
		.error = error,
		.buffer = port->buffer->handle,
		.master = port_name(port),
		.reason = reason,
	};

	return ledger_refuse_locked(port->buffer->heap, &refusal);
}

int bus_port_open(struct bus_port *port, const struct bus_buffer *buffer, struct device *dev)
{
	struct secure_heap *heap = buffer->heap;
	const char *reason;

	port->buffer = buffer;
	port->dev = dev;

	guard(spinlock)(&bus_lock);
	if (buffer->generation != heap_session_generation(heap->session))
		return refuse_port(port, HEAP_KIND_ATTACH, -EIO, "revoked");
	if (!admitted(port, &reason))
		return refuse_port(port, HEAP_KIND_ATTACH, -EACCES, reason);

	get_device(dev);
	list_add_tail(&port->link, &heap->ports);
	if (dev)
		ledger_add_locked(heap, HEAP_ATTACHMENTS, 1);
	trace_attach(heap->name, buffer->handle, port_name(port));

	return 0;
}

void bus_port_close(struct bus_port *port)
{
	struct secure_heap *heap = port->buffer->heap;

	spin_lock(&bus_lock);
	list_del(&port->link);
	if (port->dev)
		ledger_sub_locked(heap, HEAP_ATTACHMENTS, 1);
	spin_unlock(&bus_lock);
	put_device(port->dev);
}

static int grant_locked(struct bus_port *port, unsigned int access, struct heap_grant **blank)
{
	const struct bus_buffer *buffer = port->buffer;
	struct secure_heap *heap = buffer->heap;
	struct heap_claim claim = {
		.master = (uintptr_t)port->dev,
		.buffer = buffer->handle,
		.generation = buffer->generation,
		.address = buffer->phys,
		.size = buffer->size,
	};
	unsigned long long grant;
	const char *reason;
	int ret;

	/* In the hold of the lock that makes the grant: no delisting comes between. */
	claim.access = access & admitted(port, &reason);
	if (!claim.access)
		return refuse_port(port, HEAP_KIND_MAP, -EACCES, reason);

	ret = heap_entry_pin(bus.table, buffer->handle);
	if (ret)
		return refuse_port(port, HEAP_KIND_MAP, ret, "revoked");

	ret = heap_grant_create(bus.firewall, heap->session, &claim, blank, &grant);
	if (ret) {
		heap_entry_unpin(bus.table, buffer->handle);
		return ret;
	}
	WRITE_ONCE(port->grant, grant);
	if (port->dev)
		ledger_add_locked(heap, HEAP_MAPPINGS, 1);
	trace_map(heap->name, buffer->handle, port_name(port), grant, claim.access);

	return 0;
}

int bus_grant(struct bus_port *port, unsigned int access)
{
	struct heap_grant *blank;
	int ret;

	blank = heap_grant_blank();
	if (!blank)
		return -ENOMEM;

	spin_lock(&bus_lock);
	ret = grant_locked(port, access, &blank);
	spin_unlock(&bus_lock);
	heap_grant_free(blank);

	return ret;
}

static int remove_grant(u64 id, struct heap_grant **grant)
{
	guard(spinlock)(&bus_lock);
	return heap_grant_remove(bus.firewall, id, grant);
}

void bus_ungrant(struct bus_port *port)
{
	struct secure_heap *heap = port->buffer->heap;
	struct heap_grant *grant = NULL;
	u64 id = port->grant;

	WRITE_ONCE(port->grant, 0);
	spin_lock(&bus_lock);
	heap_grant_stop(bus.firewall, id);
	spin_unlock(&bus_lock);

	wait_event(bus.idle, remove_grant(id, &grant) != -EBUSY);

	spin_lock(&bus_lock);
	heap_entry_unpin(bus.table, port->buffer->handle);
	if (port->dev)
		ledger_sub_locked(heap, HEAP_MAPPINGS, 1);
	spin_unlock(&bus_lock);
	heap_grant_free(grant);
}

/* Windows */

static int refuse_window(u64 grant, int error, const char *reason)
{
	struct heap_session *session;
	struct heap_claim claim;
	struct refusal refusal = {
		.kind = HEAP_KIND_WINDOW,
		.error = error,
		.reason = reason,
	};
	struct device *dev;

	session = heap_grant_claim(bus.firewall, grant, &claim);
	if (!session)
		return ledger_refuse_locked(NULL, &refusal);

	/* The port has a reference to the device, and outlives the grant. */
	dev = (struct device *)(uintptr_t)claim.master;
	refusal.buffer = claim.buffer;
	refusal.master = dev ? dev_name(dev) : ENGINE;

	return ledger_refuse_locked(heap_session_owner(session), &refusal);
}

int secure_bus_open(u64 grant, u64 offset, size_t len, unsigned int access,
		    struct secure_window *window)
{
	struct heap_window opened;
	struct secure_heap *heap;
	const char *reason;
	int ret;

	guard(spinlock)(&bus_lock);
	if (access & ~BOTH)
		return refuse_window(grant, -EACCES, "no-such-access");
	ret = heap_window_open(bus.firewall, grant, offset, len, access, &opened, &reason);
	if (ret)
		return refuse_window(grant, ret, reason);

	heap = heap_session_owner(opened.session);
	ledger_add_locked(heap, HEAP_WINDOWS, 1);
	window->addr = memory_at(heap->memory, opened.address);
	window->len = len;
	window->grant = grant;
	window->ticket = opened.ticket;

	return 0;
}
EXPORT_SYMBOL_NS_GPL(secure_bus_open, "SECURE_HEAP");

void secure_bus_close(struct secure_window *window)
{
	const struct heap_window opened = {
		.grant = window->grant,
		.ticket = window->ticket,
	};
	struct heap_session *session;
	struct heap_claim claim;
	int ret;

	spin_lock(&bus_lock);
	session = heap_grant_claim(bus.firewall, window->grant, &claim);
	ret = heap_window_close(bus.firewall, &opened);
	if (ret >= 0)
		ledger_sub_locked(heap_session_owner(session), HEAP_WINDOWS, 1);
	spin_unlock(&bus_lock);

	/* A driver that closes a window twice has a bug that could hurt another. */
	WARN_ON_ONCE(ret < 0);
	if (ret > 0)
		wake_up_all(&bus.idle);
	window->addr = NULL;
}
EXPORT_SYMBOL_NS_GPL(secure_bus_close, "SECURE_HEAP");

/* Sessions */

static u64 session_windows(struct secure_heap *heap, u64 generation)
{
	guard(spinlock)(&bus_lock);
	return heap_session_windows(bus.firewall, heap->session, generation);
}

int bus_revoke(struct secure_heap *heap, u64 *generation)
{
	u64 ended;

	spin_lock(&bus_lock);
	if (heap->revoked) {
		spin_unlock(&bus_lock);
		return -EALREADY;
	}
	heap->revoked = true;
	ended = heap_session_generation(heap->session);
	heap_session_revoke(bus.firewall, heap->session);
	heap_entries_revoke(bus.table, heap->session);
	*generation = heap_session_generation(heap->session);
	trace_revoke(heap->name, *generation, true);
	spin_unlock(&bus_lock);

	wait_event(bus.idle, !session_windows(heap, ended));

	return 0;
}

int bus_restore(struct secure_heap *heap, u64 *generation)
{
	guard(spinlock)(&bus_lock);
	if (!heap->revoked)
		return -EALREADY;
	heap->revoked = false;
	*generation = heap_session_generation(heap->session);
	trace_revoke(heap->name, *generation, false);

	return 0;
}

u64 bus_generation(struct secure_heap *heap, bool *revoked)
{
	guard(spinlock)(&bus_lock);
	if (revoked)
		*revoked = heap->revoked;

	return heap_session_generation(heap->session);
}
