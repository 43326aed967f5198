/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_HIDDEN_H
#define HEAP_HIDDEN_H

#include <linux/types.h>

struct page;

/**
 * hidden_map() - map pages, and hide them from whoever reads the kernel's memory
 * @pages: the first; none of them is in use elsewhere
 * @count: how many, contiguous
 *
 * They are mapped as I/O memory is and marked offline: /proc/kcore and crash dumps read
 * neither the mapping nor the pages. They are zeroed before they are hidden.
 *
 * May sleep. Return: the mapping, for hidden_unmap(), or NULL.
 */
void *hidden_map(struct page *pages, unsigned long count);

/**
 * hidden_unmap() - undo hidden_map()
 * @mem: what it returned
 * @pages: the first page
 * @count: how many
 *
 * What is in them is not wiped. May sleep.
 */
void hidden_unmap(void *mem, struct page *pages, unsigned long count);

/**
 * struct hidden - memory that is hidden
 * @mem: where it is mapped
 * @pages: what it is
 * @order: 2^@order pages
 */
struct hidden {
	void *mem;
	struct page *pages;
	unsigned int order;
};

/**
 * hidden_alloc() - memory for secrets
 * @hidden: filled in
 * @size: bytes
 *
 * Zeroed. May sleep. Return: 0, for hidden_free(), or -ENOMEM.
 */
int hidden_alloc(struct hidden *hidden, size_t size);

/**
 * hidden_free() - wipe and free it
 * @hidden: what hidden_alloc() filled in
 *
 * May sleep.
 */
void hidden_free(struct hidden *hidden);

#endif
