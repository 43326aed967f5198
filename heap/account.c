// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts: how much protected memory somebody may have.
 *
 * A driver that allocates for user space bypasses the permissions of the heap's node, so it must
 * have a limit. Handles are the wrong thing to count: who exports a buffer and closes its
 * handle has its memory still. So the buffer is charged, from its allocation to its end,
 * whoever has it by then; and the account lives as long as any of its buffers.
 */

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <secure_heap.h>

#include "account.h"

/**
 * struct secure_account - what somebody has and may have
 * @refs: whoever made it, and each buffer that is charged to it
 * @limit: bytes, constant
 * @lock: guards @used
 * @used: bytes, at most @limit
 */
struct secure_account {
	struct kref refs;
	u64 limit;
	spinlock_t lock;	/* guards @used */
	u64 used;
};

struct secure_account *secure_account_create(u64 limit)
{
	struct secure_account *account = kzalloc_obj(*account);

	if (!account)
		return ERR_PTR(-ENOMEM);
	kref_init(&account->refs);
	spin_lock_init(&account->lock);
	account->limit = limit;

	return account;
}
EXPORT_SYMBOL_NS_GPL(secure_account_create, "SECURE_HEAP");

static void account_free(struct kref *refs)
{
	kfree(container_of(refs, struct secure_account, refs));
}

void secure_account_put(struct secure_account *account)
{
	if (account)
		kref_put(&account->refs, account_free);
}
EXPORT_SYMBOL_NS_GPL(secure_account_put, "SECURE_HEAP");

int account_charge(struct secure_account *account, u64 size)
{
	scoped_guard(spinlock, &account->lock) {
		if (size > account->limit - account->used)
			return -EDQUOT;
		account->used += size;
	}
	kref_get(&account->refs);

	return 0;
}

void account_discharge(struct secure_account *account, u64 size)
{
	scoped_guard(spinlock, &account->lock)
		account->used -= size;
	secure_account_put(account);
}
