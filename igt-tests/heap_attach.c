// SPDX-License-Identifier: MIT
/*
 * Which devices a heap admits: the kernel's vgem by the heap's policy or not at all. And
 * whoever came in goes without a trace, in any order.
 */

#include <linux/udmabuf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <xf86drm.h>

#include "heap.h"
#include "igt.h"

#define SIZE 65536
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)

static int carveout, dynamic;

static int buffer_new(int heap)
{
	int buffer = heap_alloc(heap, SIZE);

	igt_assert(buffer >= 0);
	return buffer;
}

/* The card of the kernel's vgem, which exists to share buffers: nobody's master. */
static int vgem_open(void)
{
	int vgem = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);

	igt_require(vgem >= 0);
	return vgem;
}

/* Imports as a program does: its GEM handle, or a negative errno. */
static int vgem_import(int vgem, int buffer)
{
	uint32_t handle = 0;

	return drmPrimeFDToHandle(vgem, buffer, &handle) ? -errno : (int)handle;
}

static void assert_nothing_held(void)
{
	static const char *const gauges[] = {
		"buffers", "bytes", "attachments", "mappings", "windows",
	};

	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
		igt_assert_eq(ledger_now("total", gauges[i]), 0);
		igt_assert_eq(ledger_now(CARVEOUT_NAME, gauges[i]), 0);
	}
	igt_assert_eq(ledger_imbalances(), 0);
}

static void test_untrusted(int heap)
{
	int vgem = vgem_open();
	int buffer = buffer_new(heap);
	int master;

	igt_assert_eq(vgem_import(vgem, buffer), -EACCES);
	igt_assert_eq(vgem_import(vgem, buffer), -EACCES);
	igt_assert_eq(ledger_now("total", "attachments"), 0);

	/* Refusing has not harmed the buffer. */
	master = master_new(buffer, BOTH);
	igt_assert(master >= 0);
	igt_assert_eq(master_store(master, 0, 2, "x"), 0);
	close(master);
	close(buffer);
	drmClose(vgem);
}

static void test_listed(const char *device)
{
	int vgem = vgem_open();
	int buffer = buffer_new(carveout);
	int handle;

	igt_assert_eq(device_list(CARVEOUT_NAME, device), 0);
	handle = vgem_import(vgem, buffer);
	igt_assert(handle > 0);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "attachments"), 1);
	igt_assert_eq(drmCloseBufferHandle(vgem, handle), 0);

	igt_assert_eq(device_delist(CARVEOUT_NAME, device), 0);
	igt_assert_eq(vgem_import(vgem, buffer), -EACCES);
	close(buffer);
	drmClose(vgem);
}

/* Another bus's device of that name, a part of the name and more of it: none is vgem. */
static void test_other_names(void)
{
	static const char *const others[] = {
		"pci:vgem", "vge", "vgem0", "VGEM", "faux:", ":vgem", "faux:vge", "faux:vgem:",
		"fau:vgem", "fauxx:vgem", "*", "faux:*", " vgem", "vgem\n",
	};
	int vgem = vgem_open();
	int buffer = buffer_new(carveout);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		int ret = device_list(CARVEOUT_NAME, others[i]);

		/* Whether such a name can be listed at all is the heap's business. */
		igt_assert(ret == 0 || ret == -EINVAL);
		igt_assert_eq(vgem_import(vgem, buffer), -EACCES);
		if (ret == 0)
			igt_assert_eq(device_delist(CARVEOUT_NAME, others[i]), 0);
	}
	close(buffer);
	drmClose(vgem);
}

static void test_per_heap(void)
{
	int vgem = vgem_open();
	int here = buffer_new(carveout), there = buffer_new(dynamic);

	igt_assert_eq(device_list(DYNAMIC_NAME, "vgem"), 0);
	igt_assert(vgem_import(vgem, there) > 0);
	igt_assert_eq(vgem_import(vgem, here), -EACCES);
	igt_assert_eq(device_delist(DYNAMIC_NAME, "vgem"), 0);

	igt_assert_eq(device_list(CARVEOUT_NAME, "vgem"), 0);
	igt_assert(vgem_import(vgem, here) > 0);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "vgem"), 0);
	drmClose(vgem);
	close(here);
	close(there);
}

static void test_ordinary(void)
{
	int vgem = vgem_open();
	int system = heap_open(SYSTEM_HEAP);
	int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memory = memfd_create("heap_attach", MFD_ALLOW_SEALING);
	struct udmabuf_create create = { .memfd = memory, .size = SIZE };
	int buffer;

	igt_assert(system >= 0 && memory >= 0);
	buffer = heap_alloc(system, SIZE);
	igt_assert(buffer >= 0);
	igt_assert(vgem_import(vgem, buffer) > 0);
	close(buffer);
	close(system);

	igt_require(udmabuf >= 0);
	igt_assert_eq(ftruncate(memory, SIZE), 0);
	igt_assert_eq(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	buffer = ioctl(udmabuf, UDMABUF_CREATE, &create);
	igt_assert(buffer >= 0);
	igt_assert(vgem_import(vgem, buffer) > 0);
	close(buffer);
	close(memory);
	close(udmabuf);
	drmClose(vgem);
}

/* Everything that can hold one buffer, and is closed in some order. */
struct holders {
	int buffer, vgem, handle, probe;
};

static void close_one(struct holders *holders, int which)
{
	switch (which) {
	case 0:
		igt_assert_eq(close(holders->buffer), 0);
		break;
	case 1:
		igt_assert_eq(drmCloseBufferHandle(holders->vgem, holders->handle), 0);
		break;
	case 2:
		igt_assert_eq(ioctl(holders->probe, BUS_PROBE_UNMAP), 0);
		break;
	case 3:
		igt_assert_eq(ioctl(holders->probe, BUS_PROBE_DETACH), 0);
		break;
	}
}

static struct holders hold_all(int heap)
{
	struct holders holders = { .vgem = vgem_open(), .buffer = buffer_new(heap) };

	holders.probe = master_new(holders.buffer, BOTH);
	igt_assert(holders.probe >= 0);
	holders.handle = vgem_import(holders.vgem, holders.buffer);
	igt_assert(holders.handle > 0);
	return holders;
}

static void test_close_orders(int heap, const char *name)
{
	/* All of them in which the mapping ends before its attachment. */
	static const int orders[12][4] = {
		{ 0, 1, 2, 3 }, { 0, 2, 1, 3 }, { 0, 2, 3, 1 }, { 1, 0, 2, 3 },
		{ 1, 2, 0, 3 }, { 1, 2, 3, 0 }, { 2, 0, 1, 3 }, { 2, 0, 3, 1 },
		{ 2, 1, 0, 3 }, { 2, 1, 3, 0 }, { 2, 3, 0, 1 }, { 2, 3, 1, 0 },
	};

	int keeper;

	assert_nothing_held();
	igt_assert_eq(device_list(name, "vgem"), 0);
	keeper = buffer_new(heap);	/* spares the dynamic heap its two edges each time */
	for (int i = 0; i < 12; i++) {
		struct holders holders = hold_all(heap);

		igt_assert_eq(ledger_now(name, "bytes"), 2 * SIZE);
		igt_assert_eq(ledger_now(name, "attachments"), 2);
		for (int k = 0; k < 4; k++) {
			igt_assert_eq(ledger_now(name, "buffers"), 2);
			close_one(&holders, orders[i][k]);
		}
		igt_assert_eq(ledger_now(name, "buffers"), 1);
		igt_assert_eq(ledger_now(name, "bytes"), SIZE);
		igt_assert_eq(ledger_now(name, "attachments"), 0);
		igt_assert_eq(ledger_now(name, "mappings"), 0);
		close(holders.probe);
		drmClose(holders.vgem);
	}
	close(keeper);
	assert_nothing_held();
	igt_assert_eq(device_delist(name, "vgem"), 0);
}

/* The kernel closes what a process leaves open, in an order of its own. */
static void test_exit_closes(void)
{
	int status;
	pid_t child;

	assert_nothing_held();
	igt_assert_eq(device_list(CARVEOUT_NAME, "vgem"), 0);
	child = fork();
	if (!child) {
		int buffer = heap_alloc(carveout, SIZE);
		int vgem = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);

		_exit(buffer < 0 || vgem_import(vgem, buffer) <= 0 || master_new(buffer, BOTH) < 0 ||
		      ledger_now(CARVEOUT_NAME, "attachments") != 2);
	}
	igt_assert_eq(waitpid(child, &status, 0), child);
	igt_assert_eq(status, 0);
	assert_nothing_held();
	igt_assert_eq(device_delist(CARVEOUT_NAME, "vgem"), 0);
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		carveout = heap_open(CARVEOUT_HEAP);
		dynamic = heap_open(DYNAMIC_HEAP);
		igt_require(carveout >= 0 && dynamic >= 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
		/* Left by a run that failed. */
		device_delist(CARVEOUT_NAME, "vgem");
		device_delist(CARVEOUT_NAME, "faux:vgem");
		device_delist(DYNAMIC_NAME, "vgem");
	}

	igt_describe("A device that nobody vouches for cannot import, from either heap.");
	igt_subtest("untrusted-refused") {
		test_untrusted(carveout);
		test_untrusted(dynamic);
	}

	igt_describe("A device listed in the heap's policy imports, until it is delisted.");
	igt_subtest("listed-admitted-until-delisted")
		test_listed("vgem");

	igt_describe("A device can be listed with its bus.");
	igt_subtest("listed-by-bus-and-name")
		test_listed("faux:vgem");

	igt_describe("A listing admits the device that it names and no other.");
	igt_subtest("other-names-do-not-admit")
		test_other_names();

	igt_describe("What one heap's policy lists is not listed for another heap.");
	igt_subtest("listing-is-for-one-heap")
		test_per_heap();

	igt_describe("Buffers of the system heap and of udmabuf are imported as ever.");
	igt_subtest("ordinary-buffers-unaffected")
		test_ordinary();

	igt_describe("File, GEM handle, mapping and attachment may end in any order.");
	igt_subtest("any-close-order") {
		test_close_orders(carveout, CARVEOUT_NAME);
		test_close_orders(dynamic, DYNAMIC_NAME);
	}

	igt_describe("A program that exits with all of it open leaves nothing.");
	igt_subtest("exit-closes-all")
		test_exit_closes();

	igt_fixture() {
		close(carveout);
		close(dynamic);
	}
}
