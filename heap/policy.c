// SPDX-License-Identifier: GPL-2.0
/*
 * The administrator's word on devices: who is listed for a heap, and for what.
 */

#include <linux/device.h>
#include <linux/lockdep.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <secure_heap.h>

#include "bus.h"
#include "policy.h"

struct policy *policy_create(void)
{
	struct policy *policy = kzalloc_obj(*policy);

	if (!policy)
		return NULL;
	kref_init(&policy->refs);
	INIT_LIST_HEAD(&policy->listings);

	return policy;
}

struct policy *policy_get(struct policy *policy)
{
	kref_get(&policy->refs);
	return policy;
}

static void policy_free(struct kref *refs)
{
	kfree(container_of(refs, struct policy, refs));
}

void policy_put(struct policy *policy)
{
	kref_put(&policy->refs, policy_free);
}

bool listing_matches(const struct listing *listing, const struct device *dev)
{
	const char *colon;
	size_t len;

	if (!strcmp(listing->name, dev_name(dev)))
		return true;

	/* A name may have colons too, as a PCI device's; a bus's name has none. */
	colon = strchr(listing->name, ':');
	if (!colon || !dev->bus)
		return false;
	len = colon - listing->name;

	return strlen(dev->bus->name) == len && !strncmp(dev->bus->name, listing->name, len) &&
	       !strcmp(colon + 1, dev_name(dev));
}

bool policy_find(const struct policy *policy, const struct device *dev, unsigned int *access)
{
	const struct listing *listing;
	bool found = false;

	lockdep_assert_held(&bus_lock);
	*access = ~0u;
	list_for_each_entry(listing, &policy->listings, link) {
		if (listing_matches(listing, dev)) {
			*access &= listing->access;
			found = true;
		}
	}

	return found;
}

static bool reads(const struct listing *listing)
{
	return listing->access & SECURE_BUS_READ;
}

/* Is @name listed for reading, or, if not @read, for less? */
static bool listed(const struct policy *policy, const char *name, bool read)
{
	const struct listing *listing;

	list_for_each_entry(listing, &policy->listings, link)
		if (!strcmp(listing->name, name))
			return reads(listing) == read;

	return false;
}

bool policy_reads_no_more(const struct policy *policy, const struct policy *than)
{
	const struct listing *listing;

	lockdep_assert_held(&bus_lock);
	if (policy == than)
		return true;
	/* A listing for less outranks any other of the same device. */
	list_for_each_entry(listing, &than->listings, link)
		if (!reads(listing) && !listed(policy, listing->name, false))
			return false;
	list_for_each_entry(listing, &policy->listings, link)
		if (reads(listing) && !listed(than, listing->name, true))
			return false;

	return true;
}

struct listing *policy_list(struct policy *policy, const char *name, unsigned int access)
{
	size_t size = strlen(name) + 1;
	struct listing *listing;

	listing = kzalloc_flex(*listing, name, size);
	if (!listing)
		return NULL;
	memcpy(listing->name, name, size);
	listing->access = access;

	spin_lock(&bus_lock);
	list_add_tail(&listing->link, &policy->listings);
	spin_unlock(&bus_lock);
	bus_end_grants(policy, listing);

	return listing;
}

void policy_change(struct policy *policy, struct listing *listing, unsigned int access)
{
	spin_lock(&bus_lock);
	listing->access = access;
	spin_unlock(&bus_lock);
	bus_end_grants(policy, listing);
}

void policy_delist(struct policy *policy, struct listing *listing)
{
	spin_lock(&bus_lock);
	list_del(&listing->link);
	spin_unlock(&bus_lock);
	bus_end_grants(policy, listing);
	kfree(listing);
}
