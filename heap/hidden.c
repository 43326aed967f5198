// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that nobody reads by way of /proc/kcore or a crash dump: those of dynamic heaps
 * while they are protected, and those with keys.
 *
 * The linear map stays. So what is hidden from is files, not kernel code.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "hidden.h"
#include "memory.h"

static void mark_offline(struct page *pages, unsigned long count, bool offline)
{
	/* Waits for readers of /proc/kcore that have looked at the mark already. */
	page_offline_begin();
	for (unsigned long i = 0; i < count; i++) {
		if (offline)
			__SetPageOffline(pages + i);
		else
			__ClearPageOffline(pages + i);
	}
	page_offline_end();
}

void *hidden_map(struct page *pages, unsigned long count)
{
	struct page **each;
	void *mem;

	each = kvmalloc_array(count, sizeof(*each), GFP_KERNEL);
	if (!each)
		return NULL;
	for (unsigned long i = 0; i < count; i++)
		each[i] = pages + i;
	/* Else /proc/kcore would read it through the mapping. */
	mem = vmap(each, count, VM_MAP | VM_IOREMAP, PAGE_KERNEL);
	kvfree(each);
	if (!mem)
		return NULL;
	memory_wipe(mem, (u64)count << PAGE_SHIFT);
	mark_offline(pages, count, true);

	return mem;
}

void hidden_unmap(void *mem, struct page *pages, unsigned long count)
{
	mark_offline(pages, count, false);
	vunmap(mem);
}

int hidden_alloc(struct hidden *hidden, size_t size)
{
	hidden->order = get_order(size);
	hidden->pages = alloc_pages(GFP_KERNEL, hidden->order);
	if (!hidden->pages)
		return -ENOMEM;
	/* Each page with a reference of its own, as hidden_map() has them. */
	split_page(hidden->pages, hidden->order);
	hidden->mem = hidden_map(hidden->pages, 1UL << hidden->order);
	if (!hidden->mem) {
		for (unsigned long i = 0; i < 1UL << hidden->order; i++)
			__free_page(hidden->pages + i);
		return -ENOMEM;
	}

	return 0;
}

void hidden_free(struct hidden *hidden)
{
	unsigned long count = 1UL << hidden->order;

	memory_wipe(hidden->mem, (u64)count << PAGE_SHIFT);
	hidden_unmap(hidden->mem, hidden->pages, count);
	for (unsigned long i = 0; i < count; i++)
		__free_page(hidden->pages + i);
}
