/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_POLICY_H
#define HEAP_POLICY_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

struct device;

/**
 * struct policy - which devices an administrator has listed for a heap, and for what
 * @refs: the configuration's, and one for each heap made from it
 * @listings: struct listing; guarded by the bus's lock
 *
 * It belongs to the name and not to one heap: buffers of a heap that was disabled are
 * still under it.
 */
struct policy {
	struct kref refs;
	struct list_head listings;
};

/**
 * struct listing - a device that is listed
 * @link: in its policy; guarded by the bus's lock
 * @access: what it may do, SECURE_BUS_READ and SECURE_BUS_WRITE, or 0; guarded by the
 *	    bus's lock
 * @name: "NAME" or "BUS:NAME"; constant
 *
 * Owned by who made it, with policy_list().
 */
struct listing {
	struct list_head link;
	unsigned int access;
	char name[];
};

/**
 * policy_create() - nobody is listed
 *
 * Return: the policy, for policy_put(), or NULL if there is no memory.
 */
struct policy *policy_create(void);

/**
 * policy_get() - one more reference
 * @policy: the policy
 *
 * Return: @policy.
 */
struct policy *policy_get(struct policy *policy);

/**
 * policy_put() - drop a reference
 * @policy: the policy; with the last one nothing is listed
 */
void policy_put(struct policy *policy);

/**
 * policy_list() - list a device
 * @policy: the policy
 * @name: the device's name as dev_name() has it, or with its bus's name and a colon before
 * @access: what it may do
 *
 * Whatever the device has mapped ends, for what it may do may have changed. May sleep.
 *
 * Return: the listing, for policy_delist(), or NULL if there is no memory.
 */
struct listing *policy_list(struct policy *policy, const char *name, unsigned int access);

/**
 * policy_change() - let a listed device do something else
 * @policy: the policy
 * @listing: the device
 * @access: what it may do from now on
 *
 * Its grants end at once. Waits for open windows; may sleep.
 */
void policy_change(struct policy *policy, struct listing *listing, unsigned int access);

/**
 * policy_delist() - take a device off the list
 * @policy: the policy
 * @listing: the device; gone afterwards
 *
 * Its grants end at once and for good. Waits for open windows; may sleep.
 */
void policy_delist(struct policy *policy, struct listing *listing);

/**
 * listing_matches() - does a listing mean this device?
 * @listing: the listing
 * @dev: the device
 *
 * Return: whether.
 */
bool listing_matches(const struct listing *listing, const struct device *dev);

/**
 * policy_find() - how a device is listed
 * @policy: the policy
 * @dev: the device
 * @access: where what it may do is stored; what all agree on if it is listed by two names
 *
 * The bus's lock is held. Return: whether it is listed at all.
 */
bool policy_find(const struct policy *policy, const struct device *dev, unsigned int *access);

/**
 * policy_reads_no_more() - is who may read by one policy's lists who may by another's?
 * @policy: the one
 * @than: the other
 *
 * By names: not every device that is listed is there, and one may have two names. So it may
 * say no where no device there is makes a difference; never yes where one does.
 *
 * The bus's lock is held. Return: whether.
 */
bool policy_reads_no_more(const struct policy *policy, const struct policy *than);

#endif
