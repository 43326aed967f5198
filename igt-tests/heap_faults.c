// SPDX-License-Identifier: MIT
/*
 * What if the kernel has no memory? Each operation is done again and again, and the
 * first, second, ... of its allocations made to fail, until none is left to fail. It must
 * say -ENOMEM, leave nothing behind, and work the next time.
 */

#include <libdrm/drm.h>
#include <unistd.h>

#include "heap.h"
#include "igt.h"

#define SIZE 65536
#define HEAP "lab,faults"
#define DIR CONFIGFS_HEAPS HEAP

static const char *const gauges[] = {
	"buffers", "bytes", "attachments", "mappings", "windows", "keys",
};

static int secure;

/* Every allocation of this thread counts, quietly. */
static bool injection_set_up(void)
{
	static const char *const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
	};
	char path[128];

	if (access("/proc/thread-self/fail-nth", W_OK))
		return false;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i][0]);
		if (file_write(path, settings[i][1]))
			return false;
	}
	return true;
}

/* Does @operation with its n-th allocation failing. Whether there were so many. */
static bool fail_nth(int n, int (*operation)(int), int arg, int *ret)
{
	int nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	char text[16];
	ssize_t got;

	igt_assert(nth >= 0);
	snprintf(text, sizeof(text), "%d", n);
	igt_assert(write(nth, text, strlen(text)) > 0);
	*ret = operation(arg);
	got = pread(nth, text, sizeof(text) - 1, 0);
	igt_assert(write(nth, "0", 1) == 1);
	igt_assert(got > 0);
	text[got] = 0;
	close(nth);
	return atoi(text) == 0;
}

static void sweep(int (*operation)(int), int arg)
{
	long long before[sizeof(gauges) / sizeof(gauges[0])];
	int failed = 0, ret;

	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		before[i] = ledger_now("total", gauges[i]);
	/* What is made once and kept, is not the operation's. */
	igt_assert_eq(operation(arg), 0);

	for (int n = 1; fail_nth(n, operation, arg, &ret); n++) {
		igt_assert(n < 2000);
		/* Some are tried again in another way, or can be done without. */
		if (ret)
			igt_assert_eq(ret, -ENOMEM);
		failed += ret != 0;
		for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
			igt_assert_eq(ledger_now("total", gauges[i]), before[i]);
	}
	igt_assert_eq(ret, 0);
	igt_assert(failed > 0);
	igt_assert_eq(operation(arg), 0);
	igt_assert_eq(ledger_imbalances(), 0);
}

static int do_alloc(int heap)
{
	int buffer = heap_alloc(heap, SIZE);

	if (buffer < 0)
		return buffer;
	close(buffer);
	return 0;
}

/* The device is there and trusted already: making one is not ours. */
static int do_map(int buffer)
{
	static int master = -1;
	uint32_t access = BUS_PROBE_READ;
	int ret = 0;

	if (master < 0) {
		master = open("/dev/bus_probe", O_RDWR | O_CLOEXEC);
		igt_assert(master >= 0 && !ioctl(master, BUS_PROBE_TRUST, &access));
	}
	if (ioctl(master, BUS_PROBE_ATTACH, &buffer))
		return -errno;
	if (ioctl(master, BUS_PROBE_MAP, &access))
		ret = -errno;
	else
		ioctl(master, BUS_PROBE_UNMAP);
	igt_assert_eq(ioctl(master, BUS_PROBE_DETACH), 0);
	return ret;
}

static int do_import(int buffer)
{
	static int card = -1;
	struct drm_prime_handle prime = { .fd = buffer };
	struct drm_gem_close gone = {};

	for (int i = 0; card < 0 && i < 16; i++) {
		struct drm_version version = {};
		char path[32], name[8] = "";

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		card = open(path, O_RDWR | O_CLOEXEC);
		version.name = name;
		version.name_len = sizeof(name) - 1;
		if (card >= 0 && (ioctl(card, DRM_IOCTL_VERSION, &version) ||
				  strncmp(name, "vgem", 4))) {
			close(card);
			card = -1;
		}
	}
	igt_assert(card >= 0);
	if (ioctl(card, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		return -errno;
	gone.handle = prime.handle;
	ioctl(card, DRM_IOCTL_GEM_CLOSE, &gone);
	return 0;
}

static int do_inject(int buffer)
{
	return secure_inject(secure, buffer, 10, 3, "abc");
}

static int do_open(int)
{
	int fd = secure_open();
	int ret;

	if (fd < 0)
		return fd;
	ret = secure_key(fd, CARVEOUT_NAME, SECURE_HEAP_KEY_ANY, "0123456789abcdef");
	close(fd);
	return ret < 0 ? ret : 0;
}

static int do_list(int)
{
	int ret = device_list(CARVEOUT_NAME, "nobody");
	int gone;

	if (ret)
		return ret;
	/* Removing may want memory, too; what would be left is in the next one's way. */
	while ((gone = device_delist(CARVEOUT_NAME, "nobody")))
		igt_assert_eq(ret = gone, -ENOMEM);
	return ret;
}

/* A heap that comes, gives a buffer, and goes. */
static int do_heap(int)
{
	int ret, heap;

	if (mkdir(DIR, 0755))
		return -errno;
	ret = file_write(DIR "/size", "16M");
	if (!ret)
		ret = file_write(DIR "/enabled", "1");
	if (!ret) {
		heap = heap_open("/dev/dma_heap/" HEAP);
		ret = heap < 0 ? heap : do_alloc(heap);
		if (heap >= 0)
			close(heap);
	}
	/* Unlike the others this must not fail: what would be left? */
	while (rmdir(DIR))
		igt_assert_eq(errno, ENOMEM);
	return ret;
}

igt_main()
{
	static int heap, dynamic, buffer;

	igt_fixture() {
		igt_require(!mounts());
		if (!injection_set_up())
			igt_skip("a kernel without fault injection; make test-full has one\n");
		heap = heap_open(CARVEOUT_HEAP);
		dynamic = heap_open(DYNAMIC_HEAP);
		secure = secure_open();
		igt_require(heap >= 0 && dynamic >= 0 && secure >= 0);
		buffer = heap_alloc(heap, SIZE);
		igt_require(buffer >= 0);
	}

	igt_describe("Allocating from the carve-out, without memory for it.");
	igt_subtest("alloc-carveout")
		sweep(do_alloc, heap);

	igt_describe("Allocating the first buffer of the dynamic heap, without memory for it.");
	igt_subtest("alloc-dynamic")
		sweep(do_alloc, dynamic);

	igt_describe("A trusted device attaches and maps, without memory for it.");
	igt_subtest("attach-and-map") {
		igt_require(access("/dev/bus_probe", R_OK) == 0);
		sweep(do_map, buffer);
	}

	igt_describe("A listed device imports, without memory for it.");
	igt_subtest("import") {
		igt_assert_eq(device_list(CARVEOUT_NAME, "vgem"), 0);
		sweep(do_import, buffer);
		igt_assert_eq(device_delist(CARVEOUT_NAME, "vgem"), 0);
	}

	igt_describe("Data is injected, without memory for it.");
	igt_subtest("inject")
		sweep(do_inject, buffer);

	igt_describe("/dev/secure_heap is opened and given a key, without memory for it.");
	igt_subtest("open-and-key")
		sweep(do_open, 0);

	igt_describe("A device is listed and delisted, without memory for it.");
	igt_subtest("list")
		sweep(do_list, 0);

	igt_describe("A heap comes and goes, without memory for it.");
	igt_subtest("new-heap")
		sweep(do_heap, 0);

	igt_fixture() {
		close(buffer);
		close(secure);
		close(dynamic);
		close(heap);
	}
}
