/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_ACCOUNT_H
#define HEAP_ACCOUNT_H

#include <linux/types.h>

struct secure_account;

/**
 * account_charge() - a buffer begins that somebody answers for
 * @account: who; the charge is a reference of its own
 * @size: bytes
 *
 * Return: 0, for account_discharge(); -EDQUOT, and nothing has changed, if that is more than
 * remains of the account's limit.
 */
int account_charge(struct secure_account *account, u64 size);

/**
 * account_discharge() - its memory is free again
 * @account: what account_charge() was given
 * @size: the same
 */
void account_discharge(struct secure_account *account, u64 size);

#endif
