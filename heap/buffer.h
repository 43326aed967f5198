/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_BUFFER_H
#define HEAP_BUFFER_H

#include <linux/types.h>

struct bus_buffer;
struct dma_buf;
struct profile;
struct secure_account;
struct secure_heap;

/**
 * buffer_export() - a new protected dma-buf
 * @heap: where it comes from; the buffer takes a reference
 * @len: bytes, a non-zero multiple of the page size
 * @fd_flags: O_CLOEXEC and the access mode
 * @account: to whom it is charged as long as it lives, or NULL
 *
 * Return: the dma-buf, owned by the caller until dma_buf_put() or an fd has it;
 * ERR_PTR(-ENOMEM) if there is no room, -EIO if the heap is revoked, -EDQUOT
 * if it is more than the account allows, or dma_buf_export()'s error.
 */
struct dma_buf *buffer_export(struct secure_heap *heap, size_t len, u32 fd_flags,
			      struct secure_account *account);

/**
 * buffer_on_bus() - a protected dma-buf as the bus knows it
 * @dmabuf: any dma-buf
 *
 * Return: constant for as long as the dma-buf lives, or NULL if it is not one of ours.
 */
const struct bus_buffer *buffer_on_bus(const struct dma_buf *dmabuf);

/**
 * buffer_profile() - the number of a protected dma-buf's profile
 * @dmabuf: one of ours
 *
 * Return: enum secure_heap_profile.
 */
unsigned int buffer_profile(const struct dma_buf *dmabuf);

#endif
