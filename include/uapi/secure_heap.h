/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/secure_heap: what an application asks of, and does to, protected buffers.
 *
 * Every struct may grow at its end. The size that the caller was built with is in
 * the ioctl number; what a shorter one lacks is 0, and a longer one is accepted if
 * what the kernel does not know of is 0. For every ioctl:
 *
 *	-EINVAL		an unknown flag, a reserved field that is not 0, a struct
 *			shorter than its first version
 *	-E2BIG		a longer struct with something in it that is unknown here
 *	-EFAULT		the struct's memory cannot be read or written
 *	-ENOTTY		no such ioctl
 *	-ENOMEM		the kernel has no memory for it
 *
 * After an error nothing has changed, but where it says otherwise.
 *
 * poll() reports EPOLLIN when a heap was revoked or restored, and read() of 8 bytes
 * then gives how many times that was since the last read(), or open(), as a native
 * 64-bit number, and 0 never: it blocks, or is -EAGAIN with O_NONBLOCK. Less room
 * than 8 bytes is -EINVAL. SECURE_HEAP_IOCTL_QUERY tells which buffers are concerned.
 */
#ifndef _UAPI_SECURE_HEAP_H
#define _UAPI_SECURE_HEAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Bytes of a heap's name, its terminating 0 included. */
#define SECURE_HEAP_NAME_MAX	64

/* Whose errnos and admissions a buffer has; a heap's buffers have what its profile
 * was when they were allocated.
 */
enum secure_heap_profile {
	SECURE_HEAP_PROFILE_STRICT = 0,
	SECURE_HEAP_PROFILE_TEE = 1,		/* the kernel's own tee_heap */
	SECURE_HEAP_PROFILE_MTK = 2,
	SECURE_HEAP_PROFILE_TEGRA = 3,
	SECURE_HEAP_PROFILE_CHROMEOS = 4,
};

enum secure_heap_state {
	SECURE_HEAP_STATE_ORDINARY = 0,		/* not a protected buffer */
	SECURE_HEAP_STATE_LIVE = 1,
	SECURE_HEAP_STATE_REVOKED = 2,		/* dead for good: its heap was revoked */
};

/**
 * struct secure_heap_query - what is behind a file descriptor?
 * @fd: in: a dma-buf
 * @flags: in: 0
 * @state: out: enum secure_heap_state; if SECURE_HEAP_STATE_ORDINARY all below is 0
 * @profile: out: enum secure_heap_profile
 * @size: out: bytes
 * @generation: out: the session that the buffer belongs to
 * @session: out: the heap's session now. A revocation begins the next one, so it
 *	     differs from @generation when the buffer is dead
 * @handle: out: the secure handle; no other buffer has it while this one lives
 * @reserved: in: 0
 * @heap: out: the heap's name
 *
 * Errors: -EBADF if @fd is not open, -EINVAL if it is no dma-buf.
 */
struct secure_heap_query {
	__s32 fd;
	__u32 flags;
	__u32 state;
	__u32 profile;
	__u64 size;
	__u64 generation;
	__u64 session;
	__u32 handle;
	__u32 reserved;
	char heap[SECURE_HEAP_NAME_MAX];
};

/* @data is a cipher text, of AES-128 in counter mode. */
#define SECURE_HEAP_INJECT_AES_CTR	(1u << 0)

/**
 * struct secure_heap_inject - write into a protected buffer, by a trusted engine
 * @fd: in: the buffer; open for writing
 * @flags: in: SECURE_HEAP_INJECT_AES_CTR, or 0 for clear data
 * @offset: in: first byte of the buffer to write
 * @len: in: bytes; not 0, and all inside the buffer
 * @data: in: pointer to as many
 * @key: in: with AES_CTR the key's slot, else 0
 * @reserved: in: 0
 * @iv: in: with AES_CTR the counter block of the stream's first 16 bytes, a big
 *	endian 128-bit number that is counted up for each next 16 (NIST SP 800-38A,
 *	6.5 and B.1), else 0
 * @position: in: with AES_CTR which byte of the stream @data begins with, else 0
 *
 * There is no way to read a protected buffer. The engine is trusted by every heap.
 *
 * Errors: -EBADF if @fd is not open, or not for writing, -EINVAL if it is not a
 * protected dma-buf or @len is 0, -ERANGE if @offset and @len are not all inside, or
 * @position and @len go beyond 2^64,
 * -EIO if the buffer's heap was revoked since it was allocated. With AES_CTR:
 * -EINVAL if there is no such slot, -ENOKEY if it is empty, -EACCES if it is another
 * heap's or another file's. -EFAULT if @data cannot be read, or -EINTR on a fatal
 * signal, or -EIO if the heap is revoked meanwhile: then any part of it may have
 * been written.
 */
struct secure_heap_inject {
	__s32 fd;
	__u32 flags;
	__u64 offset;
	__u64 len;
	__u64 data;
	__u32 key;
	__u32 reserved;
	__u8 iv[16];
	__u64 position;
};

/* Slots for keys; all heaps and all files share them. */
#define SECURE_HEAP_KEY_SLOTS	32

/* @slot: whichever is free. */
#define SECURE_HEAP_KEY_ANY	0xffffffffu

/* Wipe the slot; @heap and @key are 0. */
#define SECURE_HEAP_KEY_CLEAR	(1u << 0)

/**
 * struct secure_heap_key - put an AES-128 key into a slot
 * @heap: in: the heap whose buffers it may be used for
 * @slot: in: below SECURE_HEAP_KEY_SLOTS, or SECURE_HEAP_KEY_ANY; out: which
 * @flags: in: 0 or SECURE_HEAP_KEY_CLEAR
 * @key: in: the key, which cannot be read back; out: 0
 *
 * A slot belongs to the open file that filled it: no other may use, replace or clear
 * it. It is wiped when that file is closed, and when the heap is revoked or goes away.
 *
 * Errors: -EINVAL if there is no such slot, or @heap is not terminated or not empty
 * where it must be, -ENOENT if there is no such heap, -EIO if it is revoked, -EBUSY if
 * the slot is another file's or the machine hibernates, -ENOSPC if none is free, -ENOKEY if the one to clear is
 * empty.
 */
struct secure_heap_key {
	char heap[SECURE_HEAP_NAME_MAX];
	__u32 slot;
	__u32 flags;
	__u8 key[16];
};

/**
 * struct secure_heap_session - revoke or restore a heap
 * @heap: in: its name
 * @flags: in: 0
 * @reserved: in: 0
 * @generation: out: the heap's session from now on
 *
 * SECURE_HEAP_IOCTL_REVOKE ends the heap's session, as the loss of a key or the crash
 * of a TEE does. When it returns no device reaches any buffer of the old session,
 * nor ever will: attach, map and INJECT are -EIO, and a display shows black. Nothing
 * can be allocated until SECURE_HEAP_IOCTL_RESTORE.
 *
 * Errors: -EPERM without CAP_SYS_ADMIN, -EINVAL if @heap is not terminated, -ENOENT if
 * there is no such heap, -EALREADY if it is revoked, or not revoked, already.
 */
struct secure_heap_session {
	char heap[SECURE_HEAP_NAME_MAX];
	__u32 flags;
	__u32 reserved;
	__u64 generation;
};

#define SECURE_HEAP_IOC_MAGIC		'S'
#define SECURE_HEAP_IOCTL_QUERY		_IOWR(SECURE_HEAP_IOC_MAGIC, 0x40, struct secure_heap_query)
#define SECURE_HEAP_IOCTL_INJECT	_IOW(SECURE_HEAP_IOC_MAGIC, 0x41, struct secure_heap_inject)
#define SECURE_HEAP_IOCTL_KEY		_IOWR(SECURE_HEAP_IOC_MAGIC, 0x42, struct secure_heap_key)
#define SECURE_HEAP_IOCTL_REVOKE	_IOWR(SECURE_HEAP_IOC_MAGIC, 0x43, struct secure_heap_session)
#define SECURE_HEAP_IOCTL_RESTORE	_IOWR(SECURE_HEAP_IOC_MAGIC, 0x44, struct secure_heap_session)

#endif
