// SPDX-License-Identifier: GPL-2.0
/*
 * The engine that writes for user space, as a decoder would: clear data, or a cipher
 * text that it decrypts on the way.
 *
 * Data from user space may have to be waited for, and a window is not held by who waits.
 * So a piece of it is fetched first; then a window is opened, written and closed. Of a
 * cipher text only the cipher text is ever outside: the key stream is added to it in the
 * window, a block at a time, and the block is wiped.
 */

#include <crypto/aes.h>
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include <secure_heap.h>

#include "buffer.h"
#include "bus.h"
#include "fault.h"
#include "heap.h"
#include "hidden.h"
#include "inject.h"
#include "keys.h"
#include "ledger.h"

#define PIECE SZ_16K

/**
 * struct stream - where an injection is
 * @port: the engine at the buffer
 * @key: the key; unused for clear data
 * @counter: the first counter block, as two numbers, high first
 * @position: of the piece's first byte in the stream
 * @encrypted: whether there is a key
 * @piece: what was fetched
 *
 * Owned by one call, and wiped at its end.
 */
struct stream {
	struct bus_port port;
	struct aes_enckey key;
	u64 counter[2];
	u64 position;
	bool encrypted;
	u8 piece[PIECE];
};

/* One block of the key stream: the counter, @index added to it, encrypted. */
static void key_block(const struct stream *stream, u64 index, u8 *block)
{
	u64 low = stream->counter[1] + index;
	u64 high = stream->counter[0] + (low < index);

	put_unaligned_be64(high, block);
	put_unaligned_be64(low, block + 8);
	aes_encrypt(&stream->key, block, block);
}

static void decrypt(const struct stream *stream, u8 *to, size_t len)
{
	u8 block[AES_BLOCK_SIZE];
	u64 position = stream->position;
	size_t done = 0;

	while (done < len) {
		size_t skip = position % AES_BLOCK_SIZE;
		size_t n = min(len - done, AES_BLOCK_SIZE - skip);

		key_block(stream, position / AES_BLOCK_SIZE, block);
		for (size_t i = 0; i < n; i++)
			to[done + i] = stream->piece[done + i] ^ block[skip + i];
		position += n;
		done += n;
	}
	memzero_explicit(block, sizeof(block));
}

static int write_piece(struct stream *stream, u64 offset, size_t len)
{
	struct secure_window window;
	int ret;

	if (fault_hit(FAULT_INJECT))
		return -EIO;

	ret = secure_bus_open(stream->port.grant, offset, len, SECURE_BUS_WRITE, &window);
	if (ret)
		return ret;
	if (stream->encrypted)
		decrypt(stream, window.addr, len);
	else
		memcpy(window.addr, stream->piece, len);
	secure_bus_close(&window);

	return 0;
}

static int write_all(struct stream *stream, const struct secure_heap_inject *args)
{
	u64 done = 0;
	int ret;

	while (done < args->len) {
		size_t len = min_t(u64, args->len - done, PIECE);

		if (copy_from_user(stream->piece, u64_to_user_ptr(args->data + done), len))
			return -EFAULT;
		ret = write_piece(stream, args->offset + done, len);
		if (ret)
			return ret;
		stream->position += len;
		done += len;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}

	return 0;
}

static int refuse(const struct bus_buffer *buffer, int error, const char *reason)
{
	const struct refusal refusal = {
		.kind = HEAP_KIND_INJECT,
		.error = error,
		.buffer = buffer->handle,
		.reason = reason,
	};

	return ledger_refuse(buffer->heap, &refusal);
}

static int inject_into(const void *owner, const struct bus_buffer *buffer,
		       const struct secure_heap_inject *args)
{
	struct hidden memory;
	struct stream *stream;
	int ret;

	if (!args->len)
		return -EINVAL;
	if (args->offset > buffer->size || args->len > buffer->size - args->offset)
		return refuse(buffer, -ERANGE, "outside");

	/* There may be a key in it, and what it makes of it. */
	ret = hidden_alloc(&memory, sizeof(*stream));
	if (ret)
		return ret;
	stream = memory.mem;

	/* First, for a dead buffer is dead whatever else is wrong. */
	ret = bus_port_open(&stream->port, buffer, NULL);
	if (ret)
		goto out_stream;
	if (args->flags & SECURE_HEAP_INJECT_AES_CTR) {
		ret = keys_get(owner, buffer->heap, args->key, &stream->key);
		if (ret)
			goto out_port;
		stream->encrypted = true;
		stream->counter[0] = get_unaligned_be64(args->iv);
		stream->counter[1] = get_unaligned_be64(args->iv + 8);
		stream->position = args->position;
	}

	ret = bus_grant(&stream->port, SECURE_BUS_WRITE);
	if (ret)
		goto out_port;
	ret = write_all(stream, args);
	bus_ungrant(&stream->port);
out_port:
	bus_port_close(&stream->port);
out_stream:
	hidden_free(&memory);
	return ret;
}

int inject(const void *owner, const struct secure_heap_inject *args)
{
	const struct bus_buffer *buffer;
	struct dma_buf *dmabuf;
	int ret;

	dmabuf = dma_buf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	buffer = buffer_on_bus(dmabuf);
	if (!buffer)
		ret = -EINVAL;
	else if (!(dmabuf->file->f_mode & FMODE_WRITE))
		ret = refuse(buffer, -EBADF, "not-open-for-writing");
	else
		ret = inject_into(owner, buffer, args);
	dma_buf_put(dmabuf);

	return ret;
}
