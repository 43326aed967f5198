/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_LEDGER_H
#define HEAP_LEDGER_H

#include <linux/types.h>

#include "core/core.h"

struct dentry;
struct secure_heap;

/**
 * ledger_init() - begin to count
 *
 * Return: 0 or -ENOMEM.
 */
int ledger_init(void);

/**
 * ledger_exit() - forget all
 */
void ledger_exit(void);

/**
 * ledger_debugfs() - show it in debugfs
 * @parent: the directory to make the files in
 */
void ledger_debugfs(struct dentry *parent);

/**
 * ledger_add() - something begins
 * @heap: of this heap
 * @gauge: what
 * @amount: how much
 *
 * Takes the bus's lock; does not sleep.
 */
void ledger_add(struct secure_heap *heap, enum heap_gauge gauge, u64 amount);

/**
 * ledger_sub() - something ends
 * @heap: of this heap
 * @gauge: what
 * @amount: how much
 *
 * Takes the bus's lock; does not sleep.
 */
void ledger_sub(struct secure_heap *heap, enum heap_gauge gauge, u64 amount);

/* The same for who holds the bus's lock. */
void ledger_add_locked(struct secure_heap *heap, enum heap_gauge gauge, u64 amount);
void ledger_sub_locked(struct secure_heap *heap, enum heap_gauge gauge, u64 amount);

/**
 * struct refusal - an access that is refused
 * @kind: what was tried
 * @error: the negative errno that answers it
 * @buffer: the buffer's handle, or 0
 * @master: the device's name, or NULL for a CPU
 * @reason: a few words
 */
struct refusal {
	enum heap_kind kind;
	int error;
	u32 buffer;
	const char *master;
	const char *reason;
};

/**
 * ledger_refuse() - note a violation
 * @heap: of this heap, or NULL if none is concerned
 * @refusal: what is refused
 *
 * The current thread is who tried. Takes the bus's lock; does not sleep.
 *
 * Return: the refusal's error, to be returned.
 */
int ledger_refuse(struct secure_heap *heap, const struct refusal *refusal);

/* The same for who holds the bus's lock. */
int ledger_refuse_locked(struct secure_heap *heap, const struct refusal *refusal);

/**
 * ledger_now() - read a gauge
 * @heap: of this heap, or NULL for all
 * @gauge: which
 *
 * Return: how much there is at present.
 */
u64 ledger_now(struct secure_heap *heap, enum heap_gauge gauge);

/* Of all heaps, for who holds the bus's lock. */
u64 ledger_now_locked(enum heap_gauge gauge);

#endif
