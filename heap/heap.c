// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps: how one comes, is found by its name, and goes.
 *
 * The kernel has no way to remove a dma-heap: the core keeps our ops and calls them
 * whenever somebody opens the node. So nodes stay, and their names; a heap that is
 * removed only leaves its node, which answers -ENODEV until the next one comes. And a
 * module that has made a node pins itself, so that "rmmod" says it is in use.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/device.h>
#include <linux/dma-heap.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "buffer.h"
#include "bus.h"
#include "core/core.h"
#include "heap.h"
#include "keys.h"
#include "ledger.h"
#include "memory.h"
#include "policy.h"
#include "profile.h"

#define NODES "/dev/dma_heap/"

/**
 * struct node - a dma-heap of the kernel's
 * @link: in nodes; guarded by heaps_lock
 * @name: constant; a dma-buf's exp_name points here
 * @registered: the dma-heap core has it; guarded by enable_lock
 * @heap: what it leads to, a reference, or NULL; guarded by heaps_lock
 *
 * Freed only when the module goes, and so has none that is registered.
 */
struct node {
	struct list_head link;
	char name[SECURE_HEAP_NAME_MAX];
	bool registered;
	struct secure_heap *heap;
};

DEFINE_MUTEX(heaps_lock);	/* guards heaps, nodes, and what heap.h says */
LIST_HEAD(heaps);
static LIST_HEAD(nodes);

/*
 * Held while a heap is made, outside of heaps_lock: making memory reads files, and whoever
 * reads a file of ours takes that.
 */
static DEFINE_MUTEX(enable_lock);

struct secure_heap *secure_heap_get(struct secure_heap *heap)
{
	kref_get(&heap->refs);
	return heap;
}
EXPORT_SYMBOL_NS_GPL(secure_heap_get, "SECURE_HEAP");

static struct node *find_node(const char *name)
{
	struct node *node;

	lockdep_assert_held(&heaps_lock);
	list_for_each_entry(node, &nodes, link)
		if (!strcmp(node->name, name))
			return node;

	return NULL;
}

struct secure_heap *secure_heap_find(const char *name)
{
	struct node *node;

	guard(mutex)(&heaps_lock);
	node = find_node(name);

	return node && node->heap ? secure_heap_get(node->heap) : NULL;
}
EXPORT_SYMBOL_NS_GPL(secure_heap_find, "SECURE_HEAP");

struct dma_buf *secure_heap_buffer_alloc_charged(struct secure_heap *heap, size_t len,
						 u32 fd_flags, u64 heap_flags,
						 struct secure_account *account)
{
	if (!len || len > SIZE_MAX - PAGE_SIZE || heap_flags ||
	    fd_flags & ~(O_CLOEXEC | O_ACCMODE))
		return ERR_PTR(-EINVAL);
	if (!READ_ONCE(heap->enabled))
		return ERR_PTR(-ENODEV);

	return buffer_export(heap, PAGE_ALIGN(len), fd_flags, account);
}
EXPORT_SYMBOL_NS_GPL(secure_heap_buffer_alloc_charged, "SECURE_HEAP");

struct dma_buf *secure_heap_buffer_alloc(struct secure_heap *heap, size_t len, u32 fd_flags,
					 u64 heap_flags)
{
	return secure_heap_buffer_alloc_charged(heap, len, fd_flags, heap_flags, NULL);
}
EXPORT_SYMBOL_NS_GPL(secure_heap_buffer_alloc, "SECURE_HEAP");

bool secure_heap_is_same(const struct dma_buf *one, const struct dma_buf *other)
{
	const struct bus_buffer *a = buffer_on_bus(one), *b = buffer_on_bus(other);

	return a && b && a->heap == b->heap;
}
EXPORT_SYMBOL_NS_GPL(secure_heap_is_same, "SECURE_HEAP");

struct dma_buf *secure_heap_alloc_beside(const struct dma_buf *dmabuf, size_t len)
{
	const struct bus_buffer *buffer = buffer_on_bus(dmabuf);

	if (!buffer || !len || len > SIZE_MAX - PAGE_SIZE)
		return ERR_PTR(-EINVAL);

	return buffer_export(buffer->heap, PAGE_ALIGN(len), O_CLOEXEC | O_RDWR, NULL);
}
EXPORT_SYMBOL_NS_GPL(secure_heap_alloc_beside, "SECURE_HEAP");

bool secure_heap_admits_no_more(const struct dma_buf *to, const struct dma_buf *from)
{
	const struct bus_buffer *target = buffer_on_bus(to), *source = buffer_on_bus(from);

	if (!target || !source || (target->admits_all && !source->admits_all))
		return false;

	guard(spinlock)(&bus_lock);
	return policy_reads_no_more(target->heap->policy, source->heap->policy);
}
EXPORT_SYMBOL_NS_GPL(secure_heap_admits_no_more, "SECURE_HEAP");

/* The core has checked @fd_flags and @heap_flags and rounded @len up to pages. */
static struct dma_buf *node_allocate(struct dma_heap *dma_heap, unsigned long len,
				     u32 fd_flags, u64 heap_flags)
{
	struct node *node = dma_heap_get_drvdata(dma_heap);
	struct secure_heap *heap = NULL;
	struct dma_buf *dmabuf;

	scoped_guard(mutex, &heaps_lock) {
		if (node->heap)
			heap = secure_heap_get(node->heap);
	}
	if (!heap)
		return ERR_PTR(-ENODEV);
	dmabuf = buffer_export(heap, len, fd_flags, NULL);
	secure_heap_put(heap);

	return dmabuf;
}

static const struct dma_heap_ops node_ops = {
	.allocate = node_allocate,
};

/* Another driver's heap of that name: dma_heap_add() would find out by a WARN in sysfs. */
static bool node_is_taken(const char *name)
{
	char file[sizeof(NODES) + SECURE_HEAP_NAME_MAX];
	struct path path;

	snprintf(file, sizeof(file), NODES "%s", name);
	if (kern_path(file, 0, &path))
		return false;
	path_put(&path);

	return true;
}

static int node_register(struct node *node)
{
	const struct dma_heap_export_info info = {
		.name = node->name,
		.ops = &node_ops,
		.priv = node,
	};
	struct dma_heap *dma_heap;

	if (node_is_taken(node->name)) {
		pr_notice("heap %s: another driver has " NODES "%s\n", node->name, node->name);
		return -EEXIST;
	}
	dma_heap = dma_heap_add(&info);
	if (IS_ERR(dma_heap)) {
		pr_notice("heap %s: cannot be registered: %pe\n", node->name, dma_heap);
		return PTR_ERR(dma_heap);
	}
	/* From now on the core calls us. */
	__module_get(THIS_MODULE);
	node->registered = true;

	return 0;
}

bool heap_pinned(void)
{
	struct node *node;

	guard(mutex)(&enable_lock);
	list_for_each_entry(node, &nodes, link)
		if (node->registered)
			return true;

	return false;
}

bool heap_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= SECURE_HEAP_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr(".,_-", name[i])))
			return false;

	return true;
}

/* What user space sees of a heap */

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct secure_heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", heap->memory->size);
}
static DEVICE_ATTR_RO(size);

static ssize_t used_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", ledger_now(dev_get_drvdata(dev), HEAP_BYTES));
}
static DEVICE_ATTR_RO(used);

static ssize_t profile_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct secure_heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", profile_get(READ_ONCE(heap->profile))->name);
}
static DEVICE_ATTR_RO(profile);

static ssize_t generation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", bus_generation(dev_get_drvdata(dev), NULL));
}
static DEVICE_ATTR_RO(generation);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	bool revoked;

	bus_generation(dev_get_drvdata(dev), &revoked);
	return sysfs_emit(buf, "%s\n", revoked ? "revoked" : "live");
}
static DEVICE_ATTR_RO(state);

static ssize_t type_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct secure_heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", heap->memory->ops->type);
}
static DEVICE_ATTR_RO(type);

static ssize_t node_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct secure_heap *heap = dev_get_drvdata(dev);

	return sysfs_emit(buf, NODES "%s\n", heap->name);
}
static DEVICE_ATTR_RO(node);

static struct attribute *heap_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_used.attr,
	&dev_attr_profile.attr,
	&dev_attr_generation.attr,
	&dev_attr_state.attr,
	&dev_attr_type.attr,
	&dev_attr_node.attr,
	NULL,
};
ATTRIBUTE_GROUPS(heap);

static struct class heap_class = {
	.name = "secure_heap",
	.dev_groups = heap_groups,
};

int heap_class_init(void)
{
	return class_register(&heap_class);
}

void heap_class_exit(void)
{
	struct node *node, *next;

	list_for_each_entry_safe(node, next, &nodes, link)
		kfree(node);
	class_unregister(&heap_class);
}

/* Coming and going */

static void heap_destroy(struct secure_heap *heap)
{
	memory_destroy(heap->memory);
	heap_session_destroy(heap->session);
	policy_put(heap->policy);
	kfree(heap);
}

/* Called with heaps_lock held, by kref_put_mutex(), and drops it. */
static void heap_free(struct kref *refs)
{
	struct secure_heap *heap = container_of(refs, struct secure_heap, refs);

	list_del(&heap->link);
	mutex_unlock(&heaps_lock);
	heap_destroy(heap);
}

void secure_heap_put(struct secure_heap *heap)
{
	if (heap)
		kref_put_mutex(&heap->refs, heap_free, &heaps_lock);
}
EXPORT_SYMBOL_NS_GPL(secure_heap_put, "SECURE_HEAP");

static struct secure_heap *heap_create(const struct heap_config *config, struct node *node)
{
	struct secure_heap *heap;
	int ret;

	heap = kzalloc_obj(*heap);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	kref_init(&heap->refs);
	INIT_LIST_HEAD(&heap->ports);
	heap->node = node;
	heap->name = node->name;
	heap->profile = config->profile;
	heap->policy = policy_get(config->policy);
	heap->enabled = true;

	heap->session = heap_session_create(heap);
	if (!heap->session) {
		ret = -ENOMEM;
		goto err_heap;
	}
	heap->memory = config->carveout ? carveout_create(node->name, config->base, config->size) :
					  dynamic_create(node->name, config->size);
	if (IS_ERR(heap->memory)) {
		ret = PTR_ERR(heap->memory);
		goto err_session;
	}

	return heap;

err_session:
	heap_session_destroy(heap->session);
err_heap:
	policy_put(heap->policy);
	kfree(heap);
	return ERR_PTR(ret);
}

/* The node of that name, which is there from now on; NULL if there is no memory. */
static struct node *get_node(const char *name)
{
	struct node *node;

	guard(mutex)(&heaps_lock);
	node = find_node(name);
	if (node)
		return node;
	node = kzalloc_obj(*node);
	if (!node)
		return NULL;
	strscpy(node->name, name);
	list_add_tail(&node->link, &nodes);

	return node;
}

struct secure_heap *heap_enable(const struct heap_config *config)
{
	struct secure_heap *heap;
	struct device *device;
	struct node *node;
	int ret;

	guard(mutex)(&enable_lock);
	node = get_node(config->name);
	if (!node)
		return ERR_PTR(-ENOMEM);
	if (node->heap)
		return ERR_PTR(-EEXIST);

	heap = heap_create(config, node);
	if (IS_ERR(heap))
		return heap;
	scoped_guard(mutex, &heaps_lock) {
		list_add_tail(&heap->link, &heaps);
		node->heap = heap;
	}

	/* With the heap behind it: who is told of the node may allocate at once. */
	if (!node->registered) {
		ret = node_register(node);
		if (ret) {
			heap_disable(heap);
			return ERR_PTR(ret);
		}
	}

	device = device_create(&heap_class, NULL, 0, heap, "%s", heap->name);
	if (IS_ERR(device)) {
		/* The heap is as good without. */
		pr_warn("heap %s: not in /sys/class/secure_heap: %pe\n", heap->name, device);
		return heap;
	}
	scoped_guard(mutex, &heaps_lock) {
		heap->device = device;
		bus_link_heap(heap, true);
	}

	return heap;
}

void heap_disable(struct secure_heap *heap)
{
	struct device *device;

	mutex_lock(&heaps_lock);
	heap->node->heap = NULL;
	WRITE_ONCE(heap->enabled, false);
	bus_link_heap(heap, false);
	device = heap->device;
	heap->device = NULL;
	mutex_unlock(&heaps_lock);

	/* Waits for readers of its attributes, so without the lock. */
	if (device)
		device_unregister(device);
	keys_forget(heap);
	secure_heap_put(heap);
}
