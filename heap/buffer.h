/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_BUFFER_H
#define HEAP_BUFFER_H

#include <linux/types.h>

struct carveout;
struct dma_buf;

/**
 * buffer_export() - a new protected dma-buf
 * @carveout: where its memory comes from; outlives the dma-buf
 * @exp_name: the heap's name, which fdinfo shows; outlives the dma-buf
 * @len: bytes, a non-zero multiple of the page size
 * @fd_flags: O_CLOEXEC and the access mode
 *
 * Return: the dma-buf, owned by the caller until dma_buf_put() or an fd has it;
 * ERR_PTR(-ENOMEM) if there is no room, or dma_buf_export()'s error.
 */
struct dma_buf *buffer_export(struct carveout *carveout, const char *exp_name,
			      size_t len, u32 fd_flags);

#endif
