/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_KEYS_H
#define HEAP_KEYS_H

#include <linux/types.h>

struct aes_enckey;
struct secure_heap;

/**
 * keys_init() - make the slots
 *
 * Return: 0 or -ENOMEM.
 */
int keys_init(void);

/**
 * keys_exit() - wipe them all
 */
void keys_exit(void);

/**
 * keys_set() - put a key into a slot
 * @owner: who; only compared
 * @heap: for which heap's buffers
 * @slot: which slot, or SECURE_HEAP_KEY_ANY; set to the one it is
 * @key: 16 bytes
 *
 * Return: 0 or the errors of SECURE_HEAP_IOCTL_KEY.
 */
int keys_set(const void *owner, struct secure_heap *heap, u32 *slot, const u8 *key);

/**
 * keys_clear() - wipe a slot
 * @owner: whose it must be
 * @slot: which
 *
 * Return: 0, -EINVAL, -ENOKEY or -EBUSY as SECURE_HEAP_IOCTL_KEY.
 */
int keys_clear(const void *owner, u32 slot);

/**
 * keys_get() - a copy of a key, to be used and wiped
 * @owner: whose it must be
 * @heap: for a buffer of this heap
 * @slot: which
 * @key: where the copy is made
 *
 * Return: 0, -EINVAL, -ENOKEY or -EACCES as SECURE_HEAP_IOCTL_INJECT.
 */
int keys_get(const void *owner, const struct secure_heap *heap, u32 slot, struct aes_enckey *key);

/**
 * keys_release() - wipe all slots of an owner that goes
 * @owner: who
 */
void keys_release(const void *owner);

/**
 * keys_forget() - wipe a heap's slots of sessions that are over, or all if it is disabled
 * @heap: the heap; revoked, or marked as disabled, before
 */
void keys_forget(const struct secure_heap *heap);

#endif
