// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/secure_heap: what user space asks of protected buffers, and of heaps.
 *
 * uapi/secure_heap.h is the contract.
 */

#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "buffer.h"
#include "bus.h"
#include "control.h"
#include "heap.h"
#include "inject.h"
#include "keys.h"
#include "ledger.h"

/**
 * struct client - an open file
 * @seen: how many changes of sessions it knows of; the readers of one file share it
 *
 * Its address is the owner of key slots.
 */
struct client {
	atomic64_t seen;
};

/* How often any heap was revoked or restored, and who waits for the next time. */
static atomic64_t changes;
static DECLARE_WAIT_QUEUE_HEAD(changed);

static long client_query(struct secure_heap_query *query)
{
	const struct bus_buffer *buffer;
	struct dma_buf *dmabuf;
	bool revoked;

	if (query->flags || query->reserved)
		return -EINVAL;

	dmabuf = dma_buf_get(query->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	*query = (struct secure_heap_query){ .fd = query->fd };

	buffer = buffer_on_bus(dmabuf);
	if (buffer) {
		query->session = bus_generation(buffer->heap, &revoked);
		query->generation = buffer->generation;
		query->state = query->generation == query->session ? SECURE_HEAP_STATE_LIVE :
								     SECURE_HEAP_STATE_REVOKED;
		query->profile = buffer_profile(dmabuf);
		query->size = buffer->size;
		query->handle = buffer->handle;
		strscpy_pad(query->heap, buffer->heap->name);
	}
	dma_buf_put(dmabuf);

	return 0;
}

static long client_inject(struct client *client, const struct secure_heap_inject *args)
{
	bool encrypted = args->flags & SECURE_HEAP_INJECT_AES_CTR;

	if (args->flags & ~SECURE_HEAP_INJECT_AES_CTR || args->reserved)
		return -EINVAL;
	if (!encrypted &&
	    (args->key || args->position || memchr_inv(args->iv, 0, sizeof(args->iv))))
		return -EINVAL;
	/* A stream of more than 2^64 bytes would begin again, and betray two plain texts. */
	if (args->len && args->position > U64_MAX - (args->len - 1))
		return -ERANGE;

	return inject(client, args);
}

static bool terminated(const char *name)
{
	return strnlen(name, SECURE_HEAP_NAME_MAX) < SECURE_HEAP_NAME_MAX;
}

static long client_key(struct client *client, struct secure_heap_key *args)
{
	struct secure_heap *heap;
	int ret;

	if (args->flags & ~SECURE_HEAP_KEY_CLEAR || !terminated(args->heap))
		return -EINVAL;

	if (args->flags & SECURE_HEAP_KEY_CLEAR) {
		if (memchr_inv(args->heap, 0, sizeof(args->heap)) ||
		    memchr_inv(args->key, 0, sizeof(args->key)))
			return -EINVAL;
		return keys_clear(client, args->slot);
	}

	heap = secure_heap_find(args->heap);
	if (!heap)
		return -ENOENT;
	ret = keys_set(client, heap, &args->slot, args->key);
	secure_heap_put(heap);
	/* It is not read back. */
	memzero_explicit(args->key, sizeof(args->key));

	return ret;
}

static long client_session(struct secure_heap_session *args, bool revoke)
{
	struct secure_heap *heap;
	u64 generation;
	int ret;

	if (args->flags || args->reserved || !terminated(args->heap))
		return -EINVAL;

	heap = secure_heap_find(args->heap);
	if (!capable(CAP_SYS_ADMIN)) {
		const struct refusal refusal = {
			.kind = HEAP_KIND_REVOKE,
			.error = -EPERM,
			.reason = "not-an-administrator",
		};

		ret = ledger_refuse(heap, &refusal);
	} else if (!heap) {
		ret = -ENOENT;
	} else {
		ret = revoke ? bus_revoke(heap, &generation) : bus_restore(heap, &generation);
	}
	if (!ret) {
		if (revoke)
			keys_forget(heap);
		args->generation = generation;
		atomic64_inc(&changes);
		wake_up_interruptible_all(&changed);
	}
	secure_heap_put(heap);

	return ret;
}

/* Everything that can be an argument, and the size of its first version. */
union args {
	struct secure_heap_query query;
	struct secure_heap_inject inject;
	struct secure_heap_key key;
	struct secure_heap_session session;
};

static size_t args_size(unsigned int nr)
{
	switch (nr) {
	case _IOC_NR(SECURE_HEAP_IOCTL_QUERY):
		return sizeof(struct secure_heap_query);
	case _IOC_NR(SECURE_HEAP_IOCTL_INJECT):
		return sizeof(struct secure_heap_inject);
	case _IOC_NR(SECURE_HEAP_IOCTL_KEY):
		return sizeof(struct secure_heap_key);
	case _IOC_NR(SECURE_HEAP_IOCTL_REVOKE):
	case _IOC_NR(SECURE_HEAP_IOCTL_RESTORE):
		return sizeof(struct secure_heap_session);
	default:
		return 0;
	}
}

static long client_call(struct client *client, unsigned int nr, union args *args)
{
	switch (nr) {
	case _IOC_NR(SECURE_HEAP_IOCTL_QUERY):
		return client_query(&args->query);
	case _IOC_NR(SECURE_HEAP_IOCTL_INJECT):
		return client_inject(client, &args->inject);
	case _IOC_NR(SECURE_HEAP_IOCTL_KEY):
		return client_key(client, &args->key);
	case _IOC_NR(SECURE_HEAP_IOCTL_REVOKE):
		return client_session(&args->session, true);
	default:
		return client_session(&args->session, false);
	}
}

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	size_t given = _IOC_SIZE(cmd);
	size_t size = args_size(_IOC_NR(cmd));
	bool answers = _IOC_NR(cmd) != _IOC_NR(SECURE_HEAP_IOCTL_INJECT);
	union args args = {};
	long ret;

	if (_IOC_TYPE(cmd) != SECURE_HEAP_IOC_MAGIC || !size ||
	    _IOC_DIR(cmd) != (answers ? _IOC_READ | _IOC_WRITE : _IOC_WRITE))
		return -ENOTTY;
	/* What is known now is the first version of all. */
	if (given < size)
		return -EINVAL;
	ret = copy_struct_from_user(&args, size, user, given);
	if (ret)
		goto out;

	/* Where no answer can be written nothing is done, either. */
	if (answers && copy_to_user(user, &args, size))
		ret = -EFAULT;
	else
		ret = client_call(file->private_data, _IOC_NR(cmd), &args);
	if (!ret && answers &&
	    copy_to_user(user, &args, size))
		ret = -EFAULT;
out:
	/* There may be a key in it. */
	memzero_explicit(&args, sizeof(args));

	return ret;
}

static __poll_t control_poll(struct file *file, struct poll_table_struct *table)
{
	struct client *client = file->private_data;

	poll_wait(file, &changed, table);

	return atomic64_read(&client->seen) != atomic64_read(&changes) ? EPOLLIN | EPOLLRDNORM : 0;
}

static ssize_t control_read(struct file *file, char __user *user, size_t size, loff_t *pos)
{
	struct client *client = file->private_data;
	s64 now, seen;
	u64 count;
	int ret;

	if (size < sizeof(count))
		return -EINVAL;

	do {
		seen = atomic64_read(&client->seen);
		if (!(file->f_flags & O_NONBLOCK)) {
			ret = wait_event_interruptible(changed,
						       atomic64_read(&changes) != seen);
			if (ret)
				return ret;
		}
		now = atomic64_read(&changes);
		if (now == seen)
			return -EAGAIN;
	} while (!atomic64_try_cmpxchg(&client->seen, &seen, now));

	count = now - seen;
	if (copy_to_user(user, &count, sizeof(count))) {
		/* Not seen after all, unless another reader has. */
		atomic64_cmpxchg(&client->seen, now, seen);
		return -EFAULT;
	}

	return sizeof(count);
}

static int control_open(struct inode *inode, struct file *file)
{
	struct client *client;

	client = kzalloc_obj(*client);
	if (!client)
		return -ENOMEM;
	atomic64_set(&client->seen, atomic64_read(&changes));
	file->private_data = client;

	return stream_open(inode, file);
}

static int control_release(struct inode *inode, struct file *file)
{
	keys_release(file->private_data);
	kfree(file->private_data);

	return 0;
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = control_open,
	.release = control_release,
	.read = control_read,
	.poll = control_poll,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice control = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "secure_heap",
	.fops = &control_fops,
	.mode = 0600,
};

int control_init(void)
{
	return misc_register(&control);
}

void control_exit(void)
{
	misc_deregister(&control);
}
