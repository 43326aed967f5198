/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In-kernel interface of secure_heap: how a driver becomes a master of the secure
 * bus, how it reads and writes protected buffers once it is one, and how it allocates
 * some of its own.
 *
 *	master = secure_master_register(dev, SECURE_BUS_READ);
 *	attachment = dma_buf_attach(dmabuf, dev);
 *	sgt = dma_buf_map_attachment_unlocked(attachment, DMA_BIDIRECTIONAL);
 *	grant = secure_bus_grant(attachment);
 *
 *	if (!secure_bus_open(grant, offset, len, SECURE_BUS_READ, &window)) {
 *		... read window.addr, wait for nothing ...
 *		secure_bus_close(&window);
 *	}
 */
#ifndef SECURE_HEAP_H
#define SECURE_HEAP_H

#include <linux/types.h>

struct device;
struct dma_buf;
struct dma_buf_attachment;
struct secure_account;
struct secure_heap;
struct secure_master;

/* What a master may do with protected memory, and what a window is opened for. */
#define SECURE_BUS_READ		1u
#define SECURE_BUS_WRITE	2u

/**
 * struct secure_window - a short-lived opening of a grant
 * @addr: the bytes, @len of them; valid until secure_bus_close()
 * @len: bytes
 * @grant: of which grant; @ticket: which of its windows
 *
 * Filled in by secure_bus_open() and owned by its caller. While it is open, unmap
 * and everything else that ends the grant waits, so its owner must not.
 */
struct secure_window {
	void *addr;
	size_t len;
	u64 grant;
	u64 ticket;
};

/**
 * secure_master_register() - let a device use protected buffers
 * @dev: the device that will be passed to dma_buf_attach(); outlives the master
 * @access: SECURE_BUS_READ, SECURE_BUS_WRITE or both; mappings get no more
 *
 * May sleep. Return: the master, for secure_master_unregister(); ERR_PTR(-EINVAL)
 * for bad @access, -EEXIST if @dev is one already, -ENOMEM.
 */
struct secure_master *secure_master_register(struct device *dev, unsigned int access);

/**
 * secure_master_unregister() - end a device's trust
 * @master: what secure_master_register() returned
 *
 * The device's grants end at once and for good; attachments and mappings stay,
 * worthless, until their owner drops them. Waits for open windows; may sleep.
 */
void secure_master_unregister(struct secure_master *master);

/**
 * secure_heap_is_protected() - is this a protected buffer?
 * @dmabuf: any dma-buf
 *
 * Return: whether it is one of ours, by identity and not by name.
 */
bool secure_heap_is_protected(const struct dma_buf *dmabuf);

/**
 * secure_bus_grant() - the grant that a mapping gave
 * @attachment: an attachment to a protected buffer, mapped
 *
 * Return: the grant, which is not used again after the mapping has ended; 0 if the
 * buffer is not protected or not mapped through @attachment.
 */
u64 secure_bus_grant(struct dma_buf_attachment *attachment);

/**
 * secure_bus_open() - reach a part of a granted buffer
 * @grant: what secure_bus_grant() returned
 * @offset: bytes into the buffer
 * @len: bytes, not 0
 * @access: SECURE_BUS_READ, SECURE_BUS_WRITE or both
 * @window: filled in on success
 *
 * Does not sleep and allocates nothing; not for interrupt handlers. Return: 0; -EACCES if
 * the grant has ended or does not allow @access, -ERANGE if the range is not all inside the
 * buffer, -EIO if the heap was revoked since the buffer was allocated.
 */
int secure_bus_open(u64 grant, u64 offset, size_t len, unsigned int access,
		    struct secure_window *window);

/**
 * secure_bus_close() - end an access
 * @window: an open window; its @addr is NULL afterwards
 */
void secure_bus_close(struct secure_window *window);

/**
 * secure_heap_find() - a heap by its name
 * @name: as in /dev/dma_heap
 *
 * May sleep. Return: the heap, for secure_heap_put(); NULL if there is none, or it is
 * disabled or going away.
 */
struct secure_heap *secure_heap_find(const char *name);

/**
 * secure_heap_get() - one more reference
 * @heap: a heap that the caller has a reference to
 *
 * Return: @heap, for secure_heap_put().
 */
struct secure_heap *secure_heap_get(struct secure_heap *heap);

/**
 * secure_heap_put() - drop a reference
 * @heap: the heap, or NULL
 *
 * May sleep. A heap that was removed goes with the last reference, and until then
 * its memory is not free for another.
 */
void secure_heap_put(struct secure_heap *heap);

/**
 * secure_heap_buffer_alloc() - a protected buffer for a driver's own use
 * @heap: the heap; the buffer keeps a reference of its own
 * @len: bytes, rounded up to pages
 * @fd_flags: O_CLOEXEC and the access mode, for who makes a file descriptor of it
 * @heap_flags: 0
 *
 * May sleep. Not charged to anybody: a driver that does this for user space has a limit,
 * secure_heap_buffer_alloc_charged(). Return: the buffer, for dma_buf_put(); ERR_PTR(-EINVAL)
 * for unknown flags or no @len, -ENODEV if the heap was removed, -EIO if it is revoked, -EBUSY
 * if the machine hibernates, -ENOMEM.
 */
struct dma_buf *secure_heap_buffer_alloc(struct secure_heap *heap, size_t len,
					 u32 fd_flags, u64 heap_flags);

/**
 * secure_account_create() - somebody who may have protected memory, but not all of it
 * @limit: bytes
 *
 * Return: the account, for secure_account_put(), or ERR_PTR(-ENOMEM).
 */
struct secure_account *secure_account_create(u64 limit);

/**
 * secure_account_put() - nothing more will be charged to it
 * @account: the account, or NULL
 *
 * It lives on as long as a buffer that was.
 */
void secure_account_put(struct secure_account *account);

/**
 * secure_heap_buffer_alloc_charged() - a protected buffer that somebody answers for
 * @heap: as in secure_heap_buffer_alloc()
 * @len: the same
 * @fd_flags: the same
 * @heap_flags: the same
 * @account: to whom it is charged, until its memory is free again, whoever has it by then;
 *	     or NULL
 *
 * Return: as secure_heap_buffer_alloc(), or ERR_PTR(-EDQUOT) if that is more than remains of
 * the account's limit.
 */
struct dma_buf *secure_heap_buffer_alloc_charged(struct secure_heap *heap, size_t len,
						 u32 fd_flags, u64 heap_flags,
						 struct secure_account *account);

/**
 * secure_heap_is_same() - are two protected buffers of one heap?
 * @one: any dma-buf
 * @other: any dma-buf
 *
 * Does not sleep.
 *
 * Return: whether both are protected, and of one heap; constant for as long as both live.
 */
bool secure_heap_is_same(const struct dma_buf *one, const struct dma_buf *other);

/**
 * secure_heap_alloc_beside() - a protected buffer from the heap of another one
 * @dmabuf: a protected buffer
 * @len: bytes, rounded up to pages
 *
 * For what a driver keeps of it between two steps: as protected as it is. Works also when
 * the heap was removed, as long as @dmabuf lives. May sleep, not charged to anybody.
 *
 * Return: the buffer, for dma_buf_put(); ERR_PTR(-EINVAL) if @dmabuf is not protected or
 * for no @len, -EIO if the heap is revoked, -ENOMEM.
 */
struct dma_buf *secure_heap_alloc_beside(const struct dma_buf *dmabuf, size_t len);

/**
 * secure_heap_admits_no_more() - may what is in one buffer be copied to another?
 * @to: where it would be
 * @from: a protected buffer
 *
 * It may if @to is protected, too, and no device may read @to that may not read @from. That
 * is so for two buffers of one heap with the profiles they have. For two heaps it is if @to
 * has no profile that admits all devices, or @from has one as well, and the two policies
 * agree: a device that is listed in @to's for reading is so in @from's by the same name, and one
 * that is listed in @from's for less is so in @to's. Whoever asks asks again later, as what is
 * listed may change. Does not sleep.
 *
 * Return: whether it may.
 */
bool secure_heap_admits_no_more(const struct dma_buf *to, const struct dma_buf *from);

#endif
