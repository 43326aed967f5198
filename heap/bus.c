// SPDX-License-Identifier: GPL-2.0
/*
 * The secure bus: the one place where a master's grant becomes bytes.
 *
 * The firewall decides (core/firewall.hpp); here are its lock, the waiting it asks
 * for, and the mapping behind a window.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <secure_heap.h>

#include "bus.h"
#include "carveout.h"
#include "core/core.h"

/**
 * struct secure_master - a device that is trusted with protected buffers
 * @refs: one while registered, one for each attachment of the device's
 * @node: in bus.masters while registered
 * @dev: who; only compared, as attachments may outlive it
 * @access: what it may do, constant
 * @dead: unregistered; set once, guarded by bus.lock
 *
 * Its address is the firewall's name for it: no grant outlives the attachment that
 * it came by, so the address is not used again while a grant has it.
 */
struct secure_master {
	struct kref refs;
	struct list_head node;
	struct device *dev;
	unsigned int access;
	bool dead;
};

/**
 * struct bus - the one secure bus
 * @masters_lock: guards @masters; taken before @lock
 * @masters: those registered
 * @lock: guards @firewall, @session and each master's dead. A spinlock, as windows
 *	  are opened where fences are signalled
 * @idle: woken when a window that somebody may wait for has closed
 * @firewall: grants and windows
 * @session: the heap, for the firewall
 * @carveout: the memory, mapped for as long as the bus is up
 */
static struct bus {
	struct mutex masters_lock;	/* guards masters */
	struct list_head masters;
	spinlock_t lock;		/* guards firewall, session, secure_master.dead */
	wait_queue_head_t idle;
	struct heap_firewall *firewall;
	struct heap_session *session;
	struct carveout *carveout;
} bus = {
	.masters_lock = __MUTEX_INITIALIZER(bus.masters_lock),
	.masters = LIST_HEAD_INIT(bus.masters),
	.lock = __SPIN_LOCK_UNLOCKED(bus.lock),
	.idle = __WAIT_QUEUE_HEAD_INITIALIZER(bus.idle),
};

int bus_init(struct carveout *carveout)
{
	bus.carveout = carveout;
	bus.firewall = heap_firewall_create();
	if (!bus.firewall)
		return -ENOMEM;

	bus.session = heap_session_create();
	if (!bus.session) {
		heap_firewall_destroy(bus.firewall);
		bus.firewall = NULL;
		return -ENOMEM;
	}

	return 0;
}

void bus_exit(void)
{
	heap_firewall_destroy(bus.firewall);
	heap_session_destroy(bus.session);
	bus.firewall = NULL;
	bus.session = NULL;
}

static struct secure_master *find_master(struct device *dev)
{
	struct secure_master *master;

	lockdep_assert_held(&bus.masters_lock);
	list_for_each_entry(master, &bus.masters, node)
		if (master->dev == dev)
			return master;

	return NULL;
}

struct secure_master *secure_master_register(struct device *dev, unsigned int access)
{
	struct secure_master *master;

	if (!access || access & ~(SECURE_BUS_READ | SECURE_BUS_WRITE))
		return ERR_PTR(-EINVAL);

	master = kzalloc_obj(*master);
	if (!master)
		return ERR_PTR(-ENOMEM);
	kref_init(&master->refs);
	master->dev = dev;
	master->access = access;

	guard(mutex)(&bus.masters_lock);
	if (find_master(dev)) {
		kfree(master);
		return ERR_PTR(-EEXIST);
	}
	list_add(&master->node, &bus.masters);

	return master;
}
EXPORT_SYMBOL_NS_GPL(secure_master_register, "SECURE_HEAP");

/* How many windows are open that a dead @master still has. */
static u64 master_windows(struct secure_master *master)
{
	guard(spinlock)(&bus.lock);
	return heap_master_windows(bus.firewall, bus.session, (uintptr_t)master);
}

void secure_master_unregister(struct secure_master *master)
{
	mutex_lock(&bus.masters_lock);
	list_del(&master->node);
	mutex_unlock(&bus.masters_lock);

	/* Without a heap there is no bus, and there were no grants. */
	if (bus.firewall) {
		spin_lock(&bus.lock);
		master->dead = true;
		heap_master_stop(bus.firewall, bus.session, (uintptr_t)master);
		spin_unlock(&bus.lock);
		wait_event(bus.idle, !master_windows(master));
	}
	master_put(master);
}
EXPORT_SYMBOL_NS_GPL(secure_master_unregister, "SECURE_HEAP");

struct secure_master *master_get(struct device *dev)
{
	struct secure_master *master;

	guard(mutex)(&bus.masters_lock);
	master = find_master(dev);
	if (master)
		kref_get(&master->refs);

	return master;
}

static void master_free(struct kref *refs)
{
	kfree(container_of(refs, struct secure_master, refs));
}

void master_put(struct secure_master *master)
{
	kref_put(&master->refs, master_free);
}

int bus_grant(struct secure_master *master, phys_addr_t phys, size_t size,
	      unsigned int access, u64 *id)
{
	const struct heap_claim claim = {
		.master = (uintptr_t)master,
		.address = phys,
		.size = size,
		.access = access & master->access,
	};
	struct heap_grant *blank;
	int ret;

	blank = heap_grant_blank();
	if (!blank)
		return -ENOMEM;

	spin_lock(&bus.lock);
	ret = master->dead ? -EACCES : heap_grant_create(bus.firewall, bus.session, &claim,
							 &blank, id);
	spin_unlock(&bus.lock);
	heap_grant_free(blank);

	return ret;
}

static int remove_grant(u64 id, struct heap_grant **grant)
{
	guard(spinlock)(&bus.lock);
	return heap_grant_remove(bus.firewall, id, grant);
}

void bus_ungrant(u64 id)
{
	struct heap_grant *grant = NULL;

	spin_lock(&bus.lock);
	heap_grant_stop(bus.firewall, id);
	spin_unlock(&bus.lock);

	wait_event(bus.idle, remove_grant(id, &grant) != -EBUSY);
	heap_grant_free(grant);
}

int secure_bus_open(u64 grant, u64 offset, size_t len, unsigned int access,
		    struct secure_window *window)
{
	struct carveout *carveout = bus.carveout;
	struct heap_window opened;
	int ret;

	/* Without a heap there is no bus. */
	if (!bus.firewall || access & ~(SECURE_BUS_READ | SECURE_BUS_WRITE))
		return -EACCES;

	spin_lock(&bus.lock);
	ret = heap_window_open(bus.firewall, grant, offset, len, access, &opened);
	spin_unlock(&bus.lock);
	if (ret)
		return ret;

	window->addr = carveout->mem + (opened.address - carveout->res->start);
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
	int ret;

	spin_lock(&bus.lock);
	ret = heap_window_close(bus.firewall, &opened);
	spin_unlock(&bus.lock);

	/* A driver that closes a window twice has a bug that could hurt another. */
	WARN_ON_ONCE(ret < 0);
	if (ret > 0)
		wake_up_all(&bus.idle);
	window->addr = NULL;
}
EXPORT_SYMBOL_NS_GPL(secure_bus_close, "SECURE_HEAP");
