// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/config/secure_heap: heaps to have, and who may use them.
 *
 *	NAME/			mkdir and rmdir: a heap, disabled at first
 *	  type			"carveout" or "dynamic"
 *	  base			a carve-out's first address
 *	  size			bytes, K, M and G are understood; 0: all of the CMA area, almost
 *	  profile		whose errnos; for buffers allocated from now on
 *	  enabled		0 or 1
 *	  devices/
 *	    DEVICE/		mkdir and rmdir: lists a device by its name, or BUS:NAME
 *	      access		"read", "write", "read-write" or "none"
 *
 * type, base and size are constant while the heap is enabled: -EBUSY.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "config.h"
#include "heap.h"
#include "policy.h"
#include "profile.h"

/* Bytes of a device's name here, its terminating 0 included. */
#define DEVICE_NAME_MAX 128

/**
 * struct heap_dir - a heap's directory
 * @group: the directory; its references keep all this
 * @devices: its subdirectory
 * @own: in own_dirs, if it is one of the module's own
 * @lock: guards what follows
 * @config: what the heap is made from; constant but for type, base, size and profile
 * @heap: the heap while it is enabled
 */
struct heap_dir {
	struct config_group group;
	struct config_group devices;
	struct list_head own;
	struct mutex lock;	/* guards config, heap */
	struct heap_config config;
	struct secure_heap *heap;
};

/**
 * struct device_dir - a listed device's directory
 * @item: the directory; its references keep all this
 * @policy: where it is listed; a reference
 * @listing: how; NULL once the directory was removed
 */
struct device_dir {
	struct config_item item;
	struct policy *policy;
	struct listing *listing;
};

static LIST_HEAD(own_dirs);	/* changed by module init and exit alone */

static struct heap_dir *to_heap_dir(struct config_item *item)
{
	return container_of(to_config_group(item), struct heap_dir, group);
}

static struct device_dir *to_device_dir(struct config_item *item)
{
	return container_of(item, struct device_dir, item);
}

/* devices/DEVICE */

static const char * const access_names[] = {
	[0] = "none",
	[SECURE_BUS_READ] = "read",
	[SECURE_BUS_WRITE] = "write",
	[SECURE_BUS_READ | SECURE_BUS_WRITE] = "read-write",
};

static ssize_t device_access_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", access_names[to_device_dir(item)->listing->access]);
}

static ssize_t device_access_store(struct config_item *item, const char *page, size_t len)
{
	struct device_dir *dir = to_device_dir(item);
	int access = sysfs_match_string(access_names, page);

	if (access < 0)
		return access;
	policy_change(dir->policy, dir->listing, access);

	return len;
}
CONFIGFS_ATTR(device_, access);

static struct configfs_attribute *device_attrs[] = {
	&device_attr_access,
	NULL,
};

static void device_release(struct config_item *item)
{
	struct device_dir *dir = to_device_dir(item);

	policy_put(dir->policy);
	kfree(dir);
}

static const struct configfs_item_operations device_item_ops = {
	.release = device_release,
};

static const struct config_item_type device_type = {
	.ct_item_ops = &device_item_ops,
	.ct_attrs = device_attrs,
	.ct_owner = THIS_MODULE,
};

/* devices */

static struct config_item *devices_make(struct config_group *group, const char *name)
{
	struct heap_dir *heap = container_of(group, struct heap_dir, devices);
	struct device_dir *dir;

	if (strlen(name) >= DEVICE_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);

	dir = kzalloc_obj(*dir);
	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->listing = policy_list(heap->config.policy, name, SECURE_BUS_READ | SECURE_BUS_WRITE);
	if (!dir->listing) {
		kfree(dir);
		return ERR_PTR(-ENOMEM);
	}
	dir->policy = policy_get(heap->config.policy);
	config_item_init_type_name(&dir->item, name, &device_type);

	return &dir->item;
}

static void devices_drop(struct config_group *group, struct config_item *item)
{
	struct device_dir *dir = to_device_dir(item);

	policy_delist(dir->policy, dir->listing);
	dir->listing = NULL;
	config_item_put(item);
}

static const struct configfs_group_operations devices_group_ops = {
	.make_item = devices_make,
	.drop_item = devices_drop,
};

static const struct config_item_type devices_type = {
	.ct_group_ops = &devices_group_ops,
	.ct_owner = THIS_MODULE,
};

/* A heap */

static ssize_t heap_type_show(struct config_item *item, char *page)
{
	struct heap_dir *dir = to_heap_dir(item);

	guard(mutex)(&dir->lock);
	return sysfs_emit(page, "%s\n", dir->config.carveout ? "carveout" : "dynamic");
}

static ssize_t heap_type_store(struct config_item *item, const char *page, size_t len)
{
	struct heap_dir *dir = to_heap_dir(item);
	bool carveout = sysfs_streq(page, "carveout");

	if (!carveout && !sysfs_streq(page, "dynamic"))
		return -EINVAL;

	guard(mutex)(&dir->lock);
	if (dir->heap)
		return -EBUSY;
	dir->config.carveout = carveout;

	return len;
}
CONFIGFS_ATTR(heap_, type);

/* Reads a number with K, M, G, T or nothing after it, as memparse() but that it must fit. */
static int parse_bytes(const char *page, u64 *bytes)
{
	static const char units[] = "KMGT";
	size_t digits = strcspn(page, "KMGTkmgt\n");
	const char *end = page + digits;
	unsigned int shift = 0;
	char number[24];

	if (!isdigit(*page) || digits >= sizeof(number))
		return -EINVAL;
	strscpy(number, page, digits + 1);
	if (*end && *end != '\n') {
		shift = 10 * (strchr(units, toupper(*end)) - units + 1);
		end++;
	}
	if (!sysfs_streq(end, "") || kstrtoull(number, 0, bytes) || *bytes > U64_MAX >> shift)
		return -EINVAL;
	*bytes <<= shift;

	return 0;
}

static ssize_t heap_base_show(struct config_item *item, char *page)
{
	struct heap_dir *dir = to_heap_dir(item);

	guard(mutex)(&dir->lock);
	return sysfs_emit(page, "%pa\n", &dir->config.base);
}

static ssize_t heap_base_store(struct config_item *item, const char *page, size_t len)
{
	struct heap_dir *dir = to_heap_dir(item);
	u64 base;
	int ret;

	ret = parse_bytes(page, &base);
	if (ret)
		return ret;

	guard(mutex)(&dir->lock);
	if (dir->heap)
		return -EBUSY;
	dir->config.base = base;

	return len;
}
CONFIGFS_ATTR(heap_, base);

static ssize_t heap_size_show(struct config_item *item, char *page)
{
	struct heap_dir *dir = to_heap_dir(item);

	guard(mutex)(&dir->lock);
	return sysfs_emit(page, "%llu\n", dir->config.size);
}

static ssize_t heap_size_store(struct config_item *item, const char *page, size_t len)
{
	struct heap_dir *dir = to_heap_dir(item);
	u64 size;
	int ret;

	ret = parse_bytes(page, &size);
	if (ret)
		return ret;

	guard(mutex)(&dir->lock);
	if (dir->heap)
		return -EBUSY;
	dir->config.size = size;

	return len;
}
CONFIGFS_ATTR(heap_, size);

static ssize_t heap_profile_show(struct config_item *item, char *page)
{
	struct heap_dir *dir = to_heap_dir(item);

	guard(mutex)(&dir->lock);
	return sysfs_emit(page, "%s\n", profile_get(dir->config.profile)->name);
}

static ssize_t heap_profile_store(struct config_item *item, const char *page, size_t len)
{
	struct heap_dir *dir = to_heap_dir(item);
	int profile = profile_find(page);

	if (profile < 0)
		return profile;

	guard(mutex)(&dir->lock);
	dir->config.profile = profile;
	if (dir->heap)
		WRITE_ONCE(dir->heap->profile, profile);

	return len;
}
CONFIGFS_ATTR(heap_, profile);

static ssize_t heap_enabled_show(struct config_item *item, char *page)
{
	struct heap_dir *dir = to_heap_dir(item);

	guard(mutex)(&dir->lock);
	return sysfs_emit(page, "%d\n", !!dir->heap);
}

static int dir_enable(struct heap_dir *dir)
{
	struct secure_heap *heap;

	guard(mutex)(&dir->lock);
	if (dir->heap)
		return 0;
	heap = heap_enable(&dir->config);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	dir->heap = heap;

	return 0;
}

static void dir_disable(struct heap_dir *dir)
{
	guard(mutex)(&dir->lock);
	if (dir->heap)
		heap_disable(dir->heap);
	dir->heap = NULL;
}

static ssize_t heap_enabled_store(struct config_item *item, const char *page, size_t len)
{
	struct heap_dir *dir = to_heap_dir(item);
	bool enable;
	int ret;

	ret = kstrtobool(page, &enable);
	if (ret)
		return ret;
	if (enable)
		ret = dir_enable(dir);
	else
		dir_disable(dir);

	return ret ?: len;
}
CONFIGFS_ATTR(heap_, enabled);

static struct configfs_attribute *heap_attrs[] = {
	&heap_attr_type,
	&heap_attr_base,
	&heap_attr_size,
	&heap_attr_profile,
	&heap_attr_enabled,
	NULL,
};

static void dir_free(struct heap_dir *dir)
{
	policy_put(dir->config.policy);
	kfree(dir->config.name);
	mutex_destroy(&dir->lock);
	kfree(dir);
}

static void heap_release(struct config_item *item)
{
	dir_free(to_heap_dir(item));
}

static const struct configfs_item_operations heap_item_ops = {
	.release = heap_release,
};

static const struct config_item_type heap_type = {
	.ct_item_ops = &heap_item_ops,
	.ct_attrs = heap_attrs,
	.ct_owner = THIS_MODULE,
};

/* All heaps */

static struct heap_dir *dir_create(const char *name)
{
	struct heap_dir *dir;

	if (!heap_name_valid(name))
		return ERR_PTR(-EINVAL);

	dir = kzalloc_obj(*dir);
	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->config.name = kstrdup(name, GFP_KERNEL);
	dir->config.policy = policy_create();
	if (!dir->config.name || !dir->config.policy) {
		if (dir->config.policy)
			policy_put(dir->config.policy);
		kfree(dir->config.name);
		kfree(dir);
		return ERR_PTR(-ENOMEM);
	}
	mutex_init(&dir->lock);
	INIT_LIST_HEAD(&dir->own);
	config_group_init_type_name(&dir->group, name, &heap_type);
	config_group_init_type_name(&dir->devices, "devices", &devices_type);
	configfs_add_default_group(&dir->devices, &dir->group);

	return dir;
}

static struct config_group *heaps_make(struct config_group *group, const char *name)
{
	struct heap_dir *dir = dir_create(name);

	return IS_ERR(dir) ? ERR_CAST(dir) : &dir->group;
}

static void heaps_drop(struct config_group *group, struct config_item *item)
{
	dir_disable(to_heap_dir(item));
	config_item_put(item);
}

static const struct configfs_group_operations heaps_group_ops = {
	.make_group = heaps_make,
	.drop_item = heaps_drop,
};

static const struct config_item_type heaps_type = {
	.ct_group_ops = &heaps_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "secure_heap",
			.ci_type = &heaps_type,
		},
	},
};

int config_add_heap(const char *name, bool carveout, phys_addr_t base, u64 size)
{
	struct heap_dir *dir = dir_create(name);
	int ret;

	if (IS_ERR(dir))
		return PTR_ERR(dir);
	dir->config.carveout = carveout;
	dir->config.base = base;
	dir->config.size = size;

	ret = configfs_register_group(&subsystem.su_group, &dir->group);
	if (ret) {
		config_group_put(&dir->group);
		return ret;
	}
	ret = dir_enable(dir);
	if (ret) {
		configfs_unregister_group(&dir->group);
		config_group_put(&dir->group);
		return ret;
	}
	list_add_tail(&dir->own, &own_dirs);

	return 0;
}

int config_init(void)
{
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);

	return configfs_register_subsystem(&subsystem);
}

void config_exit(void)
{
	struct heap_dir *dir, *next;

	list_for_each_entry_safe(dir, next, &own_dirs, own) {
		configfs_unregister_group(&dir->group);
		dir_disable(dir);
		config_group_put(&dir->group);
	}
	configfs_unregister_subsystem(&subsystem);
	mutex_destroy(&subsystem.su_mutex);
}
