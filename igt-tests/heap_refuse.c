// SPDX-License-Identifier: MIT
/*
 * Whatever a heap refuses is on record: counted in the ledger, told in full in the
 * violations file, and traced.
 */

#include <linux/dma-buf.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "probe.h"

#define SIZE 65536
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)

static int heap, dev;

static int buffer_new(void)
{
	int buffer = heap_alloc(heap, SIZE);

	igt_assert(buffer >= 0);
	return buffer;
}

/* A line of the violations file. */
struct violation {
	unsigned long long serial, time;
	int pid, error;
	char comm[32], kind[32], heap[80], buffer[32], master[80], reason[80];
};

/* The newest, which is the last. */
static struct violation violation_last(void)
{
	static char text[65536];
	struct violation v = {};
	char *line;

	igt_assert(file_read(DEBUGFS_HEAPS "violations", text, sizeof(text)) > 0);
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	igt_assert_eq(sscanf(line, "%llu %llu %d %31s %31s %d %79s %31s %79s %79[^\n]",
			     &v.serial, &v.time, &v.pid, v.comm, v.kind, &v.error, v.heap,
			     v.buffer, v.master, v.reason), 10);
	return v;
}

static void refuse_mmap(int buffer, int probe)
{
	(void)probe;
	igt_assert(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, buffer, 0) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
}

static void refuse_sync(int buffer, int probe)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START };

	(void)probe;
	igt_assert_eq(ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync), -1);
	igt_assert_eq(errno, EACCES);
}

static void refuse_attach(int buffer, int probe)
{
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), -EACCES);
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BUS_PROBE_READ), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, buffer), 0);
}

static void refuse_map(int buffer, int probe)
{
	(void)buffer;
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BUS_PROBE_WRITE), -EACCES);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
}

static void refuse_direction(int buffer, int probe)
{
	char byte = 0;

	(void)buffer;
	igt_assert_eq(master_load(probe, 0, 1, &byte), 0);
	igt_assert_eq(master_store(probe, 0, 1, &byte), -EACCES);
}

static void refuse_range(int buffer, int probe)
{
	char byte;

	(void)buffer;
	igt_assert_eq(master_load(probe, SIZE, 1, &byte), -ERANGE);
}

/* In this order one buffer and one device come by all of them. */
static const struct refusal {
	void (*provoke)(int buffer, int probe);
	const char *kind;
	int error;
	bool by_device;
} refusals[] = {
	{ refuse_mmap, "mmap", -EACCES, false },
	{ refuse_sync, "cpu-access", -EACCES, false },
	{ refuse_attach, "attach", -EACCES, true },
	{ refuse_map, "map", -EACCES, true },
	{ refuse_direction, "window", -EACCES, true },
	{ refuse_range, "window", -ERANGE, true },
};

#define REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

static void test_violations(void)
{
	int probe = probe_open(), buffer = buffer_new();
	struct bus_probe_name name = probe_name(probe);
	struct secure_heap_query query;
	unsigned long long serial = 0;

	igt_assert_eq(secure_query(dev, buffer, &query), 0);
	for (size_t i = 0; i < REFUSALS; i++) {
		const struct refusal *refusal = &refusals[i];
		long long own = ledger_refused(CARVEOUT_NAME, refusal->kind);
		long long total = ledger_refused("total", refusal->kind);
		struct violation v;

		refusal->provoke(buffer, probe);
		igt_assert_eq(ledger_refused(CARVEOUT_NAME, refusal->kind), own + 1);
		igt_assert_eq(ledger_refused("total", refusal->kind), total + 1);

		v = violation_last();
		igt_assert(!serial || v.serial == serial + 1);
		serial = v.serial;
		igt_assert_eq(v.pid, getpid());
		igt_assert(!strcmp(v.comm, "heap_refuse"));
		igt_assert(!strcmp(v.kind, refusal->kind));
		igt_assert_eq(v.error, refusal->error);
		igt_assert(!strcmp(v.heap, CARVEOUT_NAME));
		igt_assert_eq(strtoul(v.buffer, NULL, 0), query.handle);
		igt_assert(!strcmp(v.master, refusal->by_device ? name.name : "-"));
		igt_assert(strcmp(v.reason, "-"));
	}
	close(probe);
	close(buffer);
}

/* The last 256 are kept, the newest of them last, and the count goes on. */
static void test_violations_wrap(void)
{
	static char text[65536];
	int buffer = buffer_new();
	long long before = ledger_refused(CARVEOUT_NAME, "mmap");
	unsigned long long serial;
	int lines = 1;

	refuse_mmap(buffer, -1);
	serial = violation_last().serial;
	for (int i = 0; i < 300; i++)
		refuse_mmap(buffer, -1);
	igt_assert_eq(violation_last().serial, serial + 300);
	igt_assert_eq(ledger_refused(CARVEOUT_NAME, "mmap"), before + 301);

	igt_assert(file_read(DEBUGFS_HEAPS "violations", text, sizeof(text)) > 0);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	igt_assert_eq(lines, 256);
	igt_assert_eq(strtoull(text, NULL, 10), serial + 300 - 255);
	close(buffer);
}

/* A program names itself as it likes: not so that it writes lines, or fields, of its own. */
static void test_hostile_comm(void)
{
	static const char *const names[] = { "a b c", "a\n1 2 3", "\n", " ", "", "\x1b[2J\t" };
	int buffer = buffer_new();
	char own[16] = "";

	igt_assert_eq(prctl(PR_GET_NAME, own), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unsigned long long serial;
		struct violation v;

		refuse_mmap(buffer, -1);
		serial = violation_last().serial;
		prctl(PR_SET_NAME, names[i]);
		refuse_mmap(buffer, -1);
		prctl(PR_SET_NAME, own);
		v = violation_last();
		igt_assert_eq(v.serial, serial + 1);
		igt_assert_eq(v.pid, getpid());
		igt_assert(!strcmp(v.kind, "mmap"));
		igt_assert(!strcmp(v.heap, CARVEOUT_NAME));
		for (const char *at = v.comm; *at; at++)
			igt_assert(*at > ' ' && *at < 0x7f);
	}
	close(buffer);
}

/* Is there a line with all of these? */
static bool trace_has(const char *event, const char *a, const char *b, const char *c)
{
	FILE *file = fopen("/sys/kernel/tracing/trace", "re");
	bool found = false;
	char line[512];

	igt_assert(file);
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, event) && strstr(line, a) && strstr(line, b) &&
			strstr(line, c);
	fclose(file);
	return found;
}

static void test_trace(void)
{
	int probe = probe_open(), buffer = buffer_new();
	struct bus_probe_name name = probe_name(probe);
	struct secure_heap_query query;
	char handle[32], kind[64], master[96], error[32];

	igt_assert_eq(secure_query(dev, buffer, &query), 0);
	snprintf(handle, sizeof(handle), " buffer=%u ", query.handle);
	snprintf(master, sizeof(master), " master=%s", name.name);

	igt_assert_eq(truncate("/sys/kernel/tracing/trace", 0), 0);
	igt_assert_eq(file_write(TRACE_EVENTS "refuse/enable", "1"), 0);
	igt_assert_eq(file_write(TRACE_EVENTS "attach/enable", "1"), 0);
	igt_assert(!trace_has("refuse: ", handle, "", ""));
	for (size_t i = 0; i < REFUSALS; i++)
		refusals[i].provoke(buffer, probe);
	igt_assert_eq(file_write(TRACE_EVENTS "refuse/enable", "0"), 0);
	igt_assert_eq(file_write(TRACE_EVENTS "attach/enable", "0"), 0);

	igt_assert(trace_has(" attach: heap=" CARVEOUT_NAME, handle, master, ""));
	for (size_t i = 0; i < REFUSALS; i++) {
		snprintf(kind, sizeof(kind), " kind=%s", refusals[i].kind);
		snprintf(error, sizeof(error), " error=%d ", refusals[i].error);
		igt_assert(trace_has(" refuse: heap=" CARVEOUT_NAME, handle, kind, error));
		igt_assert(!refusals[i].by_device || trace_has(" refuse: ", kind, error, master));
	}
	close(probe);
	close(buffer);
}

/* Nobody's grant is no heap's: only the total knows of it. */
static void test_unknown_grant(void)
{
	long long own = ledger_refused(CARVEOUT_NAME, "window");
	long long total = ledger_refused("total", "window");
	int buffer = buffer_new(), master = master_new(buffer, BOTH);
	uint64_t nobodys = ~0ull;
	struct violation v;
	char byte;

	igt_assert(master >= 0);
	igt_assert_eq(ioctl(master, BUS_PROBE_AIM, &nobodys), 0);
	igt_assert_eq(master_load(master, 0, 1, &byte), -EACCES);
	igt_assert_eq(ledger_refused(CARVEOUT_NAME, "window"), own);
	igt_assert_eq(ledger_refused("total", "window"), total + 1);
	v = violation_last();
	igt_assert(!strcmp(v.kind, "window"));
	igt_assert_eq(v.error, -EACCES);
	igt_assert(!strcmp(v.heap, "-"));
	igt_assert(!strcmp(v.buffer, "-"));
	close(master);
	close(buffer);
}

/* What is no refusal is not counted as one. */
static void test_admitted(void)
{
	static const char *const kinds[] = {
		"mmap", "cpu-access", "attach", "map", "window", "inject", "key", "alloc", "revoke",
	};
	long long before[sizeof(kinds) / sizeof(kinds[0])];
	int buffer, master;
	char byte = 1;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		before[i] = ledger_refused("total", kinds[i]);
		igt_assert(before[i] >= 0);
	}
	buffer = buffer_new();
	master = master_new(buffer, BOTH);
	igt_assert(master >= 0);
	igt_assert_eq(master_store(master, 0, 1, &byte), 0);
	igt_assert_eq(master_load(master, 0, 1, &byte), 0);
	igt_assert_eq(secure_inject(dev, buffer, 0, 1, &byte), 0);
	close(master);
	close(buffer);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		igt_assert_eq(ledger_refused("total", kinds[i]), before[i]);
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		heap = heap_open(CARVEOUT_HEAP);
		dev = secure_open();
		igt_require(heap >= 0 && dev >= 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
	}

	igt_describe("Use that is allowed counts as no refusal of any kind.");
	igt_subtest("allowed-use-not-counted")
		test_admitted();

	igt_describe("Each kind of refusal is counted, and told with who, what, which buffer and why.");
	igt_subtest("each-refusal-in-ledger")
		test_violations();

	igt_describe("A window on a grant that nobody has is refused and told, of no heap.");
	igt_subtest("unknown-grant-in-ledger")
		test_unknown_grant();

	igt_describe("Of many refusals the last 256 are told, and all are counted.");
	igt_subtest("last-256-are-kept")
		test_violations_wrap();

	igt_describe("The name of the program that was refused cannot forge a line of the record.");
	igt_subtest("program-name-forges-nothing")
		test_hostile_comm();

	igt_describe("Each refusal is a trace event, and so is an admission.");
	igt_subtest("each-refusal-is-traced")
		test_trace();

	igt_fixture() {
		close(heap);
		close(dev);
	}
}
