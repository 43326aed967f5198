// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger: what there is, what there was, and every access that was refused.
 *
 * The counting is core/ledger.hpp. Here is who and when, and how it is shown in debugfs:
 * one fact a line, with spaces between, so that a script reads it as well as a person.
 */

#include <linux/debugfs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "bus.h"
#include "heap.h"
#include "ledger.h"
#include "trace.h"

/* Guarded by bus_lock. */
static struct heap_ledger *ledger;

int ledger_init(void)
{
	ledger = heap_ledger_create();
	return ledger ? 0 : -ENOMEM;
}

void ledger_exit(void)
{
	heap_ledger_destroy(ledger);
}

void ledger_add_locked(struct secure_heap *heap, enum heap_gauge gauge, u64 amount)
{
	lockdep_assert_held(&bus_lock);
	heap_ledger_add(ledger, heap->session, gauge, amount);
}

void ledger_sub_locked(struct secure_heap *heap, enum heap_gauge gauge, u64 amount)
{
	lockdep_assert_held(&bus_lock);
	heap_ledger_sub(ledger, heap->session, gauge, amount);
}

void ledger_add(struct secure_heap *heap, enum heap_gauge gauge, u64 amount)
{
	guard(spinlock)(&bus_lock);
	ledger_add_locked(heap, gauge, amount);
}

void ledger_sub(struct secure_heap *heap, enum heap_gauge gauge, u64 amount)
{
	guard(spinlock)(&bus_lock);
	ledger_sub_locked(heap, gauge, amount);
}

int ledger_refuse_locked(struct secure_heap *heap, const struct refusal *refusal)
{
	struct heap_violation violation = {
		.time = ktime_get_boottime_ns(),
		.pid = task_pid_nr(current),
		.buffer = refusal->buffer,
		.error = refusal->error,
		.kind = refusal->kind,
	};

	lockdep_assert_held(&bus_lock);
	strscpy(violation.comm, current->comm);
	if (refusal->master)
		strscpy(violation.master, refusal->master);
	if (heap)
		strscpy(violation.heap, heap->name);
	strscpy(violation.reason, refusal->reason);
	heap_ledger_refuse(ledger, heap ? heap->session : NULL, &violation);
	trace_refuse(heap ? heap->name : "-", heap_kind_name(refusal->kind), refusal->buffer,
		     refusal->master ?: "-", refusal->error, refusal->reason);

	return refusal->error;
}

int ledger_refuse(struct secure_heap *heap, const struct refusal *refusal)
{
	guard(spinlock)(&bus_lock);
	return ledger_refuse_locked(heap, refusal);
}

u64 ledger_now(struct secure_heap *heap, enum heap_gauge gauge)
{
	guard(spinlock)(&bus_lock);
	return heap_ledger_level(ledger, heap ? heap->session : NULL, gauge).now;
}

u64 ledger_now_locked(enum heap_gauge gauge)
{
	lockdep_assert_held(&bus_lock);
	return heap_ledger_level(ledger, NULL, gauge).now;
}

/* A heap's account, or that of all; the lock is taken line by line, for printing is slow. */
static void show_account(struct seq_file *file, const char *name, struct secure_heap *heap)
{
	struct heap_session *session = heap ? heap->session : NULL;

	for (unsigned int i = 0; i < HEAP_GAUGES; i++) {
		struct heap_level level;

		scoped_guard(spinlock, &bus_lock)
			level = heap_ledger_level(ledger, session, i);
		seq_printf(file, "%s %s %llu %llu %llu\n", name, heap_gauge_name(i), level.now,
			   level.most, level.ever);
	}
	for (unsigned int i = 0; i < HEAP_KINDS; i++) {
		u64 count;

		scoped_guard(spinlock, &bus_lock)
			count = heap_ledger_refused(ledger, session, i);
		seq_printf(file, "%s refused %s %llu\n", name, heap_kind_name(i), count);
	}
}

static int ledger_show(struct seq_file *file, void *unused)
{
	struct secure_heap *heap;
	u64 imbalances;

	scoped_guard(mutex, &heaps_lock) {
		list_for_each_entry(heap, &heaps, link)
			show_account(file, heap->name, heap);
	}
	show_account(file, "total", NULL);
	scoped_guard(spinlock, &bus_lock)
		imbalances = heap_ledger_imbalances(ledger);
	seq_printf(file, "imbalances %llu\n", imbalances);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ledger);

/* Where a reader of violations is: a copy, as printing is done without the lock. */
static void *violation_after(struct heap_violation *at, u64 serial)
{
	guard(spinlock)(&bus_lock);
	return heap_ledger_next(ledger, serial, at) ? at : NULL;
}

static void *violations_start(struct seq_file *file, loff_t *pos)
{
	/* The position is the last serial that was shown. */
	return violation_after(file->private, *pos);
}

static void *violations_next(struct seq_file *file, void *v, loff_t *pos)
{
	struct heap_violation *at = v;

	*pos = at->serial;
	return violation_after(at, at->serial);
}

static void violations_stop(struct seq_file *file, void *v)
{
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static int violations_show(struct seq_file *file, void *v)
{
	const struct heap_violation *at = v;

	seq_printf(file, "%llu %llu %u %s %s %d %s ", at->serial, at->time, at->pid,
		   or_dash(at->comm), heap_kind_name(at->kind), at->error, or_dash(at->heap));
	if (at->buffer)
		seq_printf(file, "%u", at->buffer);
	else
		seq_puts(file, "-");
	seq_printf(file, " %s %s\n", or_dash(at->master), or_dash(at->reason));

	return 0;
}

static const struct seq_operations violations_seq = {
	.start = violations_start,
	.next = violations_next,
	.stop = violations_stop,
	.show = violations_show,
};

static int violations_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &violations_seq, sizeof(struct heap_violation));
}

static const struct file_operations violations_fops = {
	.owner = THIS_MODULE,
	.open = violations_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/* A buffer as it is printed. */
struct shown_buffer {
	struct heap_entry_info info;
	char heap[SECURE_HEAP_NAME_MAX];
};

static void *buffer_after(struct shown_buffer *at, u32 handle)
{
	return bus_next_buffer(handle, &at->info, at->heap, sizeof(at->heap)) ? at : NULL;
}

static void *buffers_start(struct seq_file *file, loff_t *pos)
{
	/* The position is the last handle that was shown. */
	return buffer_after(file->private, *pos);
}

static void *buffers_next(struct seq_file *file, void *v, loff_t *pos)
{
	struct shown_buffer *at = v;

	*pos = at->info.handle;
	return buffer_after(at, at->info.handle);
}

static int buffers_show(struct seq_file *file, void *v)
{
	static const char * const states[] = {
		[HEAP_ENTRY_ALLOCATED] = "allocated",
		[HEAP_ENTRY_REVOKED] = "revoked",
		[HEAP_ENTRY_SCRUBBING] = "scrubbing",
	};
	const struct shown_buffer *at = v;

	seq_printf(file, "%u %s %llu %llu %s %llu\n", at->info.handle, at->heap, at->info.size,
		   at->info.generation, states[at->info.state], at->info.grants);
	return 0;
}

static const struct seq_operations buffers_seq = {
	.start = buffers_start,
	.next = buffers_next,
	.stop = violations_stop,
	.show = buffers_show,
};

static int buffers_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &buffers_seq, sizeof(struct shown_buffer));
}

static const struct file_operations buffers_fops = {
	.owner = THIS_MODULE,
	.open = buffers_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

static int ports_show(struct seq_file *file, void *unused)
{
	bus_show_ports(file);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ports);

void ledger_debugfs(struct dentry *parent)
{
	debugfs_create_file("ledger", 0400, parent, NULL, &ledger_fops);
	debugfs_create_file("violations", 0400, parent, NULL, &violations_fops);
	debugfs_create_file("buffers", 0400, parent, NULL, &buffers_fops);
	debugfs_create_file("attachments", 0400, parent, NULL, &ports_fops);
}
