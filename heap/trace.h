/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM secure_heap

#if !defined(HEAP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HEAP_TRACE_H

#include <linux/tracepoint.h>

/* A buffer, by its handle. */
DECLARE_EVENT_CLASS(secure_heap_buffer,
	TP_PROTO(const char *heap, u32 buffer, u64 size, u64 generation),
	TP_ARGS(heap, buffer, size, generation),
	TP_STRUCT__entry(
		__string(heap, heap)
		__field(u32, buffer)
		__field(u64, size)
		__field(u64, generation)
	),
	TP_fast_assign(
		__assign_str(heap);
		__entry->buffer = buffer;
		__entry->size = size;
		__entry->generation = generation;
	),
	TP_printk("heap=%s buffer=%u size=%llu generation=%llu", __get_str(heap),
		  __entry->buffer, __entry->size, __entry->generation)
);

DEFINE_EVENT(secure_heap_buffer, alloc,
	TP_PROTO(const char *heap, u32 buffer, u64 size, u64 generation),
	TP_ARGS(heap, buffer, size, generation)
);

/* What it had is about to be wiped; free follows when that is done. */
DEFINE_EVENT(secure_heap_buffer, scrub,
	TP_PROTO(const char *heap, u32 buffer, u64 size, u64 generation),
	TP_ARGS(heap, buffer, size, generation)
);

DEFINE_EVENT(secure_heap_buffer, free,
	TP_PROTO(const char *heap, u32 buffer, u64 size, u64 generation),
	TP_ARGS(heap, buffer, size, generation)
);

/* A heap's whole range. */
DECLARE_EVENT_CLASS(secure_heap_range,
	TP_PROTO(const char *heap, u64 base, u64 size),
	TP_ARGS(heap, base, size),
	TP_STRUCT__entry(
		__string(heap, heap)
		__field(u64, base)
		__field(u64, size)
	),
	TP_fast_assign(
		__assign_str(heap);
		__entry->base = base;
		__entry->size = size;
	),
	TP_printk("heap=%s base=%#llx size=%llu", __get_str(heap), __entry->base,
		  __entry->size)
);

DEFINE_EVENT(secure_heap_range, reserve,
	TP_PROTO(const char *heap, u64 base, u64 size),
	TP_ARGS(heap, base, size)
);

DEFINE_EVENT(secure_heap_range, release,
	TP_PROTO(const char *heap, u64 base, u64 size),
	TP_ARGS(heap, base, size)
);

TRACE_EVENT(attach,
	TP_PROTO(const char *heap, u32 buffer, const char *master),
	TP_ARGS(heap, buffer, master),
	TP_STRUCT__entry(
		__string(heap, heap)
		__field(u32, buffer)
		__string(master, master)
	),
	TP_fast_assign(
		__assign_str(heap);
		__entry->buffer = buffer;
		__assign_str(master);
	),
	TP_printk("heap=%s buffer=%u master=%s", __get_str(heap), __entry->buffer,
		  __get_str(master))
);

TRACE_EVENT(map,
	TP_PROTO(const char *heap, u32 buffer, const char *master, u64 grant,
		 unsigned int access),
	TP_ARGS(heap, buffer, master, grant, access),
	TP_STRUCT__entry(
		__string(heap, heap)
		__field(u32, buffer)
		__string(master, master)
		__field(u64, grant)
		__field(unsigned int, access)
	),
	TP_fast_assign(
		__assign_str(heap);
		__entry->buffer = buffer;
		__assign_str(master);
		__entry->grant = grant;
		__entry->access = access;
	),
	TP_printk("heap=%s buffer=%u master=%s grant=%llu access=%s%s", __get_str(heap),
		  __entry->buffer, __get_str(master), __entry->grant,
		  __entry->access & 1 ? "r" : "", __entry->access & 2 ? "w" : "")
);

/* A refused access; the same is in the ledger. */
TRACE_EVENT(refuse,
	TP_PROTO(const char *heap, const char *kind, u32 buffer, const char *master, int error,
		 const char *reason),
	TP_ARGS(heap, kind, buffer, master, error, reason),
	TP_STRUCT__entry(
		__string(heap, heap)
		__string(kind, kind)
		__field(u32, buffer)
		__string(master, master)
		__field(int, error)
		__string(reason, reason)
	),
	TP_fast_assign(
		__assign_str(heap);
		__assign_str(kind);
		__entry->buffer = buffer;
		__assign_str(master);
		__entry->error = error;
		__assign_str(reason);
	),
	TP_printk("heap=%s kind=%s buffer=%u master=%s error=%d reason=%s", __get_str(heap),
		  __get_str(kind), __entry->buffer, __get_str(master), __entry->error,
		  __get_str(reason))
);

/* A heap's session was revoked, or restored. */
TRACE_EVENT(revoke,
	TP_PROTO(const char *heap, u64 generation, bool revoked),
	TP_ARGS(heap, generation, revoked),
	TP_STRUCT__entry(
		__string(heap, heap)
		__field(u64, generation)
		__field(bool, revoked)
	),
	TP_fast_assign(
		__assign_str(heap);
		__entry->generation = generation;
		__entry->revoked = revoked;
	),
	TP_printk("heap=%s generation=%llu state=%s", __get_str(heap), __entry->generation,
		  __entry->revoked ? "revoked" : "restored")
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
