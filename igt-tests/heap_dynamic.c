// SPDX-License-Identifier: MIT
/*
 * The dynamic heap takes its memory from the kernel's CMA area with the first buffer and
 * returns it with the last, all of it at once, whoever races, dies or fails on the way.
 */

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <xf86drm.h>

#include "dynamic.h"

#define MIB (1ull << 20)
#define PAGE 4096
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)

#define SMALL_SIZE (8 * MIB)	/* as small_new() is asked for */

static int heap, dev;

struct cma {
	long long taken, released;
};

static struct cma cma_now(void)
{
	return (struct cma){ cma_count("alloc_pages_success"), cma_count("release_pages_success") };
}

/* Since @before that many pages were taken, and that many released. */
static void assert_cma(struct cma before, long long taken, long long released)
{
	struct cma now = cma_now();

	igt_assert_eq(now.taken - before.taken, taken);
	igt_assert_eq(now.released - before.released, released);
}

/* Whatever was taken is released, and it was at least that. */
static void assert_cma_balanced(struct cma before, long long least)
{
	struct cma now = cma_now();

	igt_assert_eq(now.taken - before.taken, now.released - before.released);
	igt_assert(now.taken - before.taken >= least);
}

static void assert_nothing_held(void)
{
	static const char *const gauges[] = {
		"buffers", "bytes", "attachments", "mappings", "windows",
	};

	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		igt_assert_eq(ledger_now("total", gauges[i]), 0);
	igt_assert_eq(ledger_imbalances(), 0);
}

static void test_edges(void)
{
	struct cma before = cma_now();
	int first, second;

	first = buffer_new(heap, PAGE);
	assert_cma(before, DYNAMIC_SIZE / PAGE, 0);
	second = buffer_new(heap, MIB);
	assert_cma(before, DYNAMIC_SIZE / PAGE, 0);
	close(first);
	assert_cma(before, DYNAMIC_SIZE / PAGE, 0);
	igt_assert_eq(ledger_now(DYNAMIC_NAME, "bytes"), MIB);
	close(second);
	assert_cma(before, DYNAMIC_SIZE / PAGE, DYNAMIC_SIZE / PAGE);
	assert_nothing_held();
}

/* An fd is not the last use: an attachment and a GEM handle are some, too. */
static void test_last_use(void)
{
	int buffer, master, vgem = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);
	struct cma before = cma_now();
	uint32_t handle;

	igt_require(vgem >= 0);
	igt_assert_eq(device_list(DYNAMIC_NAME, "vgem"), 0);
	buffer = buffer_new(heap, PAGE);
	master = master_new(buffer, BOTH);
	igt_assert(master >= 0);
	igt_assert_eq(drmPrimeFDToHandle(vgem, buffer, &handle), 0);
	close(buffer);
	assert_cma(before, DYNAMIC_SIZE / PAGE, 0);
	close(master);
	assert_cma(before, DYNAMIC_SIZE / PAGE, 0);
	igt_assert_eq(drmCloseBufferHandle(vgem, handle), 0);
	assert_cma(before, DYNAMIC_SIZE / PAGE, DYNAMIC_SIZE / PAGE);
	drmClose(vgem);
	igt_assert_eq(device_delist(DYNAMIC_NAME, "vgem"), 0);
	assert_nothing_held();
}

static void test_cycles(void)
{
	int small = small_new("8M");
	struct cma before = cma_now();

	for (int i = 1; i <= 100; i++) {
		close(buffer_new(small, MIB));
		assert_cma(before, i * (SMALL_SIZE / PAGE), i * (SMALL_SIZE / PAGE));
	}
	close(small);
	small_gone();
	assert_nothing_held();
}

static void *churn(void *arg)
{
	unsigned int seed = (uintptr_t)pthread_self();
	int small = *(int *)arg;
	uintptr_t failed = 0;

	for (int i = 0; i < 100; i++) {
		int buffer = heap_alloc(small, (uint64_t)PAGE << (rand_r(&seed) % 6));

		if (buffer < 0)
			failed++;
		else
			close(buffer);
	}
	return (void *)failed;
}

/* Each holds nothing most of the time, so all of them meet at both edges. */
static void test_parallel(void)
{
	int small = small_new("8M");
	struct cma before = cma_now();
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		igt_assert_eq(pthread_create(&threads[i], NULL, churn, &small), 0);
	for (int i = 0; i < 4; i++) {
		void *failed;

		igt_assert_eq(pthread_join(threads[i], &failed), 0);
		igt_assert_eq((uintptr_t)failed, 0);
	}
	assert_cma_balanced(before, SMALL_SIZE / PAGE);
	close(small);
	small_gone();
	assert_nothing_held();
}

static void test_exhaustion(void)
{
	struct cma before = cma_now();
	int buffers[DYNAMIC_SIZE / MIB + 1], n = 0, last;

	for (int round = 0; round < 2; round++) {
		int whole = buffer_new(heap, DYNAMIC_SIZE);

		igt_assert_eq(heap_alloc(heap, PAGE), -ENOMEM);
		close(whole);

		for (n = 0; (last = heap_alloc(heap, MIB)) >= 0; n++) {
			igt_assert(n < (int)(DYNAMIC_SIZE / MIB));
			buffers[n] = last;
		}
		igt_assert_eq(last, -ENOMEM);
		igt_assert_eq(n, DYNAMIC_SIZE / MIB);
		while (n--)
			close(buffers[n]);
	}
	assert_cma(before, 4 * (DYNAMIC_SIZE / PAGE), 4 * (DYNAMIC_SIZE / PAGE));
	assert_nothing_held();
}

static void test_too_large(void)
{
	struct cma before = cma_now();

	igt_assert_eq(heap_alloc(heap, DYNAMIC_SIZE + 1), -ENOMEM);
	igt_assert_eq(heap_alloc(heap, 1ull << 40), -ENOMEM);
	assert_cma_balanced(before, 0);
	assert_nothing_held();
}

/* A client that has all there is to have, and says so. */
static void client(int from, int ready)
{
	struct bus_probe_window window = { .len = PAGE, .access = BUS_PROBE_READ };
	int vgem = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);
	uint32_t handle;
	int buffer, master;

	heap_alloc(from, MIB);
	buffer = heap_alloc(from, PAGE);
	master = master_new(buffer, BOTH);
	if (master < 0 || ioctl(master, BUS_PROBE_HOLD, &window) ||
	    drmPrimeFDToHandle(vgem, buffer, &handle) || write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void test_killed(void)
{
	struct cma before = cma_now();
	int ready[2], status;
	pid_t child;
	char byte;

	igt_assert_eq(device_list(DYNAMIC_NAME, "vgem"), 0);
	igt_assert_eq(pipe(ready), 0);
	child = fork();
	if (!child)
		client(heap, ready[1]);
	close(ready[1]);
	igt_assert_eq(read(ready[0], &byte, 1), 1);
	igt_assert_eq(ledger_now(DYNAMIC_NAME, "buffers"), 2);
	igt_assert_eq(ledger_now(DYNAMIC_NAME, "windows"), 1);
	igt_assert_eq(ledger_now(DYNAMIC_NAME, "attachments"), 2);

	kill(child, SIGKILL);
	igt_assert_eq(waitpid(child, &status, 0), child);
	igt_assert(WIFSIGNALED(status));
	assert_nothing_held();
	assert_cma(before, DYNAMIC_SIZE / PAGE, DYNAMIC_SIZE / PAGE);
	igt_assert_eq(device_delist(DYNAMIC_NAME, "vgem"), 0);
	close(ready[0]);
}

/* At whatever point of reserving, allocating, freeing and releasing it is hit. */
static void test_killed_anywhere(void)
{
	int small = small_new("8M");
	struct cma before = cma_now();

	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (!child)
			for (;;) {
				int buffer = heap_alloc(small, MIB);

				close(master_new(buffer, BOTH));
				close(buffer);
			}
		usleep(5000 + 3000 * i);
		kill(child, SIGKILL);
		igt_assert_eq(waitpid(child, NULL, 0), child);
		assert_nothing_held();
		assert_cma_balanced(before, 0);
	}
	assert_cma_balanced(before, SMALL_SIZE / PAGE);
	close(small);
	small_gone();
}

static int fault_set(const char *fault, const char *steps)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS_HEAPS "faults/%s", fault);
	return file_write(path, steps);
}

static void assert_fault(const char *fault, const char *steps)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), DEBUGFS_HEAPS "faults/%s", fault);
	igt_assert(file_read(path, text, sizeof(text)) > 0);
	igt_assert(!strcmp(text, steps));
}

/* A whole life of a buffer: the error of the first step that fails. */
static int life(int from)
{
	int buffer = heap_alloc(from, MIB), ret;

	if (buffer < 0)
		return buffer;
	ret = secure_inject(dev, buffer, 0, 4, "life");
	if (!ret) {
		int master = master_new(buffer, BOTH);
		char text[4];

		ret = master;
		if (master >= 0) {
			ret = master_load(master, 0, 4, text);
			igt_assert(ret || !memcmp(text, "life", 4));
			close(master);
		}
	}
	close(buffer);
	return ret;
}

static void test_fault(const char *fault, int error)
{
	int carveout = heap_open(CARVEOUT_HEAP), small = small_new("8M");
	int heaps[2] = { small, carveout };

	igt_assert(carveout >= 0);
	for (int i = 0; i < 2; i++) {
		struct cma before = cma_now();

		/* A carve-out has nothing to reserve. */
		if (heaps[i] == carveout && !strcmp(fault, "reserve"))
			break;
		igt_assert_eq(fault_set(fault, "1"), 0);
		assert_fault(fault, "1");
		igt_assert_eq(life(heaps[i]), error);
		assert_fault(fault, "0");
		assert_nothing_held();
		assert_cma_balanced(before, 0);

		/* Once, and it leaves nothing that the next one trips over. */
		igt_assert_eq(life(heaps[i]), 0);

		/* The third. */
		igt_assert_eq(fault_set(fault, "3"), 0);
		igt_assert_eq(life(heaps[i]), 0);
		assert_fault(fault, "2");
		igt_assert_eq(life(heaps[i]), 0);
		igt_assert_eq(life(heaps[i]), error);
		igt_assert_eq(life(heaps[i]), 0);
		assert_nothing_held();
		assert_cma_balanced(before, 0);
	}
	close(carveout);
	close(small);
	small_gone();
}

igt_main()
{
	static const struct { const char *fault; int error; } faults[] = {
		{ "reserve", -ENOMEM }, { "alloc", -ENOMEM }, { "export", -ENOMEM },
		{ "attach", -ENOMEM }, { "map", -ENOMEM }, { "inject", -EIO },
	};

	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		heap = heap_open(DYNAMIC_HEAP);
		dev = secure_open();
		igt_require(heap >= 0 && dev >= 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
		device_delist(DYNAMIC_NAME, "vgem");	/* left by a subtest that failed */
	}

	igt_describe("The first buffer takes the heap's whole size, the last one returns it.");
	igt_subtest("first-and-last-edge")
		test_edges();

	igt_describe("As long as a device or a GEM handle has the buffer, the memory is kept.");
	igt_subtest("last-use-and-not-last-fd")
		test_last_use();

	igt_describe("A hundred times taken is a hundred times returned.");
	igt_subtest("hundred-cycles")
		test_cycles();

	igt_describe("Clients that race over the first and the last buffer all get theirs.");
	igt_subtest("parallel-clients")
		test_parallel();

	igt_describe("A full heap refuses, and when all is freed all of it is had again.");
	igt_subtest("exhaustion-then-recovery")
		test_exhaustion();

	igt_describe("More than the heap has is not had, and costs nothing.");
	igt_subtest("larger-than-heap-refused")
		test_too_large();

	igt_describe("A killed client leaves no buffer, attachment or window, and no memory taken.");
	igt_subtest("killed-client-returns-all")
		test_killed();

	igt_describe("The same at any point of a buffer's life.");
	igt_subtest("killed-anywhere-returns-all")
		test_killed_anywhere();

	for (static size_t i; i < sizeof(faults) / sizeof(faults[0]); i++) {
		static char name[64];

		snprintf(name, sizeof(name), "fault-in-%s-leaves-nothing", faults[i].fault);
		igt_describe_f("When step \"%s\" fails the caller is told, and all is as it was.",
			       faults[i].fault);
		igt_subtest(name)
			test_fault(faults[i].fault, faults[i].error);
	}

	igt_fixture() {
		close(heap);
		close(dev);
	}
}
