/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_BUS_H
#define HEAP_BUS_H

#include <linux/types.h>

struct carveout;
struct device;
struct secure_master;

/**
 * bus_init() - bring up the secure bus
 * @carveout: the memory behind it; outlives the bus
 *
 * Return: 0 or -ENOMEM.
 */
int bus_init(struct carveout *carveout);

/**
 * bus_exit() - take the bus down, with no master and no grant left
 */
void bus_exit(void);

/**
 * master_get() - the master that a device is
 * @dev: any device
 *
 * Return: the master, for master_put(), or NULL if nothing vouches for @dev.
 */
struct secure_master *master_get(struct device *dev);

/**
 * master_put() - drop what master_get() returned
 * @master: the master
 */
void master_put(struct secure_master *master);

/**
 * bus_grant() - give a master access to a range, as its mapping begins
 * @master: the master
 * @phys: first address
 * @size: bytes
 * @access: what is asked for, SECURE_BUS_READ and SECURE_BUS_WRITE; the master gets
 *	    what it may have of that
 * @id: where the grant is stored
 *
 * May sleep. Return: 0; -EACCES if nothing remains of @access, or the master was
 * unregistered; -ENOMEM.
 */
int bus_grant(struct secure_master *master, phys_addr_t phys, size_t size,
	      unsigned int access, u64 *id);

/**
 * bus_ungrant() - end a grant, as its mapping ends
 * @id: the grant
 *
 * Waits for open windows.
 */
void bus_ungrant(u64 id);

#endif
