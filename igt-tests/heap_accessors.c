// SPDX-License-Identifier: MIT
/*
 * The in-kernel interface, driven through a test module: drivers find heaps, allocate
 * from them, and know whose a buffer is.
 */

#include <sys/mman.h>
#include <sys/stat.h>
#include <xf86drm.h>

#include "probe.h"

#define SIZE 65536
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)

/* A heap that may come and go. */
#define OURS "test,accessors"
#define OURS_DIR CONFIGFS_HEAPS OURS

static int heap, dev;

static int probe_find(int probe, const char *name)
{
	struct bus_probe_name wanted = {};

	strncpy(wanted.name, name, sizeof(wanted.name) - 1);
	return ioctl(probe, BUS_PROBE_FIND, &wanted) ? -errno : 0;
}

/* A new fd, or a negative errno. */
static int probe_alloc(int probe, uint64_t len, uint32_t fd_flags, uint64_t heap_flags)
{
	struct bus_probe_alloc wanted = {
		.len = len,
		.fd_flags = fd_flags,
		.heap_flags = heap_flags,
	};
	int fd = ioctl(probe, BUS_PROBE_ALLOC, &wanted);

	return fd < 0 ? -errno : fd;
}

static int ours_enable(const char *on)
{
	return file_write(OURS_DIR "/enabled", on);
}

static void ours_gone(void)
{
	ours_enable("0");
	rmdir(OURS_DIR);
}

static void ours_new(void)
{
	ours_gone();	/* left by a subtest that failed */
	igt_assert_eq(mkdir(OURS_DIR, 0755), 0);
	igt_assert_eq(file_write(OURS_DIR "/size", "8M"), 0);
	igt_assert_eq(ours_enable("1"), 0);
}

static void test_find(void)
{
	static const char *const unknown[] = {
		"", "protected", "protected,secure-vide", "protected,secure-video-", "system",
		"Protected,secure-video", "protected,secure-video\n", "../protected,secure-video",
	};
	int probe = probe_open();

	igt_assert_eq(probe_find(probe, CARVEOUT_NAME), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_PUT), 0);
	igt_assert_eq(probe_find(probe, DYNAMIC_NAME), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_PUT), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_PUT), 0);	/* no heap is none to put */
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		igt_assert_eq(probe_find(probe, unknown[i]), -ENOENT);
	close(probe);
}

static void test_find_comes_and_goes(void)
{
	int probe = probe_open(), other = probe_open(), buffer;

	ours_gone();
	igt_assert_eq(probe_find(probe, OURS), -ENOENT);
	ours_new();
	igt_assert_eq(probe_find(probe, OURS), 0);
	igt_assert_eq(probe_find(other, OURS), 0);
	igt_assert_eq(ioctl(other, BUS_PROBE_PUT), 0);

	/* Somebody has it still, and yet it is not found. */
	igt_assert_eq(ours_enable("0"), 0);
	igt_assert_eq(probe_find(other, OURS), -ENOENT);
	igt_assert_eq(rmdir(OURS_DIR), 0);
	igt_assert_eq(probe_find(other, OURS), -ENOENT);

	/* The same name again is another heap. */
	ours_new();
	igt_assert_eq(probe_find(other, OURS), 0);
	igt_assert_eq(probe_alloc(probe, SIZE, O_RDWR, 0), -ENODEV);
	buffer = probe_alloc(other, SIZE, O_RDWR | O_CLOEXEC, 0);
	igt_assert(buffer >= 0);
	close(buffer);
	close(probe);
	close(other);
	ours_gone();
}

static void test_alloc(void)
{
	struct dma_heap_allocation_data data = { .len = 1, .fd_flags = O_RDWR };
	int probe = probe_open(), vgem = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);
	struct secure_heap_query query, by_node;
	uint32_t handle;
	int buffer, master;
	char text[5];

	igt_assert_eq(probe_find(probe, CARVEOUT_NAME), 0);
	buffer = probe_alloc(probe, SIZE - 1, O_RDWR | O_CLOEXEC, 0);
	igt_assert(buffer >= 0);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "buffers"), 1);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "bytes"), SIZE);
	igt_assert_eq(lseek(buffer, 0, SEEK_END), SIZE);
	igt_assert_eq(ioctl(probe, BUS_PROBE_PROTECTED, &buffer), 1);

	igt_assert_eq(secure_query(dev, buffer, &query), 0);
	igt_assert_eq(query.state, SECURE_HEAP_STATE_LIVE);
	igt_assert_eq(query.size, SIZE);
	igt_assert(!strcmp(query.heap, CARVEOUT_NAME));
	igt_assert_eq(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), 0);
	igt_assert_eq(secure_query(dev, data.fd, &by_node), 0);
	igt_assert_eq(query.profile, by_node.profile);
	igt_assert_eq(query.generation, by_node.generation);
	igt_assert(query.handle && query.handle != by_node.handle);
	close(data.fd);

	igt_assert(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, buffer, 0) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	igt_require(vgem >= 0);
	igt_assert_eq(drmPrimeFDToHandle(vgem, buffer, &handle), -1);
	igt_assert_eq(errno, EACCES);
	master = master_new(buffer, BOTH);
	igt_assert(master >= 0);
	igt_assert_eq(secure_inject(dev, buffer, 7, 5, "inner"), 0);
	igt_assert_eq(master_load(master, 7, 5, text), 0);
	igt_assert_eq(memcmp(text, "inner", 5), 0);
	close(master);

	/* The buffer has a reference of its own. */
	igt_assert_eq(ioctl(probe, BUS_PROBE_PUT), 0);
	igt_assert_eq(secure_inject(dev, buffer, 0, 5, "outer"), 0);
	close(buffer);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "buffers"), 0);
	close(probe);
	drmClose(vgem);
}

static void test_alloc_access_mode(void)
{
	int probe = probe_open(), buffer;

	igt_assert_eq(probe_find(probe, CARVEOUT_NAME), 0);
	buffer = probe_alloc(probe, SIZE, O_RDONLY, 0);
	igt_assert(buffer >= 0);
	igt_assert_eq(fcntl(buffer, F_GETFL) & O_ACCMODE, O_RDONLY);
	igt_assert_eq(secure_inject(dev, buffer, 0, 1, "x"), -EBADF);
	close(buffer);
	buffer = probe_alloc(probe, SIZE, O_WRONLY, 0);
	igt_assert(buffer >= 0);
	igt_assert_eq(fcntl(buffer, F_GETFL) & O_ACCMODE, O_WRONLY);
	igt_assert_eq(secure_inject(dev, buffer, 0, 1, "x"), 0);
	close(buffer);
	close(probe);
}

static void test_alloc_refused(void)
{
	int probe = probe_open();

	igt_assert_eq(probe_find(probe, CARVEOUT_NAME), 0);
	igt_assert_eq(probe_alloc(probe, 0, O_RDWR, 0), -EINVAL);
	igt_assert_eq(probe_alloc(probe, SIZE, O_RDWR, 1), -EINVAL);
	igt_assert_eq(probe_alloc(probe, SIZE, O_RDWR, 1ull << 63), -EINVAL);
	igt_assert_eq(probe_alloc(probe, SIZE, O_RDWR | O_APPEND, 0), -EINVAL);
	igt_assert_eq(probe_alloc(probe, SIZE, O_RDWR | O_NONBLOCK, 0), -EINVAL);
	igt_assert_eq(probe_alloc(probe, CARVEOUT_SIZE + 1, O_RDWR, 0), -ENOMEM);
	igt_assert_eq(probe_alloc(probe, 1ull << 62, O_RDWR, 0), -ENOMEM);
	igt_assert(probe_alloc(probe, ~0ull, O_RDWR, 0) < 0);
	igt_assert_eq(ledger_now("total", "buffers"), 0);
	igt_assert_eq(ledger_now("total", "bytes"), 0);
	close(probe);
}

static void test_alloc_removed(void)
{
	int probe = probe_open(), buffer;

	ours_new();
	igt_assert_eq(probe_find(probe, OURS), 0);
	buffer = probe_alloc(probe, SIZE, O_RDWR | O_CLOEXEC, 0);
	igt_assert(buffer >= 0);
	igt_assert_eq(ours_enable("0"), 0);
	igt_assert_eq(probe_alloc(probe, SIZE, O_RDWR, 0), -ENODEV);
	igt_assert_eq(rmdir(OURS_DIR), 0);
	igt_assert_eq(probe_alloc(probe, SIZE, O_RDWR, 0), -ENODEV);

	/* What it had before lives on. */
	igt_assert_eq(secure_inject(dev, buffer, 0, 1, "x"), 0);
	close(buffer);
	igt_assert_eq(probe_alloc(probe, SIZE, O_RDWR, 0), -ENODEV);
	igt_assert_eq(ioctl(probe, BUS_PROBE_PUT), 0);
	close(probe);
}

static void test_alloc_revoked(void)
{
	int probe = probe_open(), fd;

	ours_new();
	igt_assert_eq(probe_find(probe, OURS), 0);
	igt_assert_eq(secure_revoke(dev, OURS), 0);
	igt_assert_eq(probe_alloc(probe, SIZE, O_RDWR, 0), -EIO);
	/* Revoked is not gone. */
	igt_assert_eq(ioctl(probe, BUS_PROBE_PUT), 0);
	igt_assert_eq(probe_find(probe, OURS), 0);
	igt_assert_eq(secure_restore(dev, OURS), 0);
	fd = probe_alloc(probe, SIZE, O_RDWR | O_CLOEXEC, 0);
	igt_assert(fd >= 0);
	close(fd);
	close(probe);
	ours_gone();
}

static void test_identity(void)
{
	int probe = probe_open(), ordinary = heap_open(SYSTEM_HEAP);
	int system, buffer = heap_alloc(heap, SIZE), file = open("/dev/null", O_RDWR | O_CLOEXEC);
	uint64_t grant;
	char byte;

	igt_assert(ordinary >= 0 && buffer >= 0);
	system = heap_alloc(ordinary, SIZE);
	igt_assert(system >= 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_PROTECTED, &buffer), 1);
	igt_assert_eq(ioctl(probe, BUS_PROBE_PROTECTED, &system), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_PROTECTED, &file), -1);
	igt_assert_eq(errno, EINVAL);

	/* An ordinary buffer's mapping gives no grant, whoever it is. */
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BOTH), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_ATTACH, system), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_MAP, BOTH), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_GRANT, &grant), 0);
	igt_assert_eq(grant, 0);
	igt_assert_eq(master_load(probe, 0, 1, &byte), -EACCES);
	close(probe);
	close(file);
	close(system);
	close(buffer);
	close(ordinary);
}

static int probe_copy(int probe, int to, int from)
{
	struct bus_probe_copy copy = { .to = to, .from = from };
	int ret = ioctl(probe, BUS_PROBE_COPY, &copy);

	return ret < 0 ? -errno : ret;
}

static void list(const char *of, const char *device, const char *access)
{
	char path[256];

	igt_assert_eq(device_list(of, device), 0);
	snprintf(path, sizeof(path), CONFIGFS_HEAPS "%s/devices/%s/access", of, device);
	igt_assert_eq(file_write(path, access), 0);
}

/* Two heaps whose policies differ in what is listed: who may read decides. */
static void test_copy_listed(void)
{
	static const struct {
		const char *to, *from;	/* what a device may do by each's list; NULL: not listed */
		int forth, back;	/* may be copied from @from to @to, and back */
	} cases[] = {
		{ NULL, NULL, 1, 1 },
		{ "read", NULL, 0, 1 },
		{ "read-write", NULL, 0, 1 },
		{ "write", NULL, 1, 0 },
		{ "none", NULL, 1, 0 },
		{ "read", "read-write", 1, 1 },
		{ "read", "write", 0, 1 },
		{ "read", "none", 0, 1 },
		{ "write", "none", 1, 1 },
	};
	int probe = probe_open(), ours, theirs = heap_alloc(heap, SIZE);

	ours_new();
	igt_assert_eq(probe_find(probe, OURS), 0);
	ours = probe_alloc(probe, SIZE, O_RDWR | O_CLOEXEC, 0);
	igt_assert(ours >= 0 && theirs >= 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].to)
			list(OURS, "vgem", cases[i].to);
		if (cases[i].from)
			list(CARVEOUT_NAME, "vgem", cases[i].from);
		igt_assert_eq(probe_copy(probe, ours, theirs), cases[i].forth);
		igt_assert_eq(probe_copy(probe, theirs, ours), cases[i].back);
		if (cases[i].to)
			igt_assert_eq(device_delist(OURS, "vgem"), 0);
		if (cases[i].from)
			igt_assert_eq(device_delist(CARVEOUT_NAME, "vgem"), 0);
	}

	/* By two names it may do what both allow, and so less than by one of them. */
	list(OURS, "faux:vskms", "read");
	list(CARVEOUT_NAME, "faux:vskms", "read");
	igt_assert_eq(probe_copy(probe, ours, theirs), 1);
	list(CARVEOUT_NAME, "vskms", "none");
	igt_assert_eq(probe_copy(probe, ours, theirs), 0);
	igt_assert_eq(probe_copy(probe, theirs, ours), 1);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "vskms"), 0);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "faux:vskms"), 0);
	igt_assert_eq(device_delist(OURS, "faux:vskms"), 0);
	close(ours);
	close(theirs);
	close(probe);
	ours_gone();
}

static void test_copy_profiles(void)
{
	int probe = probe_open(), system = heap_open(SYSTEM_HEAP), ordinary;
	int strict = heap_alloc(heap, SIZE), same = heap_alloc(heap, SIZE), tee;

	igt_assert(strict >= 0 && same >= 0 && system >= 0);
	ordinary = heap_alloc(system, SIZE);
	igt_assert(ordinary >= 0);
	igt_assert_eq(profile_set(CARVEOUT_NAME, "tee"), 0);
	tee = heap_alloc(heap, SIZE);
	igt_assert_eq(profile_set(CARVEOUT_NAME, "strict"), 0);
	igt_assert(tee >= 0);

	igt_assert_eq(probe_copy(probe, same, strict), 1);
	igt_assert_eq(probe_copy(probe, strict, strict), 1);
	/* The profile is the buffer's, also in one heap. */
	igt_assert_eq(probe_copy(probe, tee, strict), 0);
	igt_assert_eq(probe_copy(probe, strict, tee), 1);
	igt_assert_eq(probe_copy(probe, ordinary, strict), 0);
	igt_assert_eq(probe_copy(probe, strict, ordinary), 0);
	close(tee);
	close(ordinary);
	close(same);
	close(strict);
	close(system);
	close(probe);
}

static void test_register(void)
{
	int probe = probe_open();

	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, 0), -EINVAL);
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, 4), -EINVAL);
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BOTH | 4), -EINVAL);
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BUS_PROBE_READ), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BOTH), -EEXIST);
	igt_assert_eq(ioctl(probe, BUS_PROBE_DISTRUST), 0);
	igt_assert_eq(probe_word(probe, BUS_PROBE_TRUST, BOTH), 0);
	close(probe);
}

static void test_no_pages(void)
{
	int dynamic = heap_open(DYNAMIC_HEAP), heaps[2] = { heap, dynamic };

	igt_assert(dynamic >= 0);
	for (int i = 0; i < 2; i++) {
		int buffer = heap_alloc(heaps[i], 4 << 20), master = master_new(buffer, BOTH);
		struct bus_probe_mapping mapping;

		igt_assert(master >= 0);
		igt_assert_eq(ioctl(master, BUS_PROBE_MAPPING, &mapping), 0);
		igt_assert_eq(mapping.ranges, 1);
		igt_assert_eq(mapping.pages, 0);
		igt_assert(mapping.address);
		close(master);
		close(buffer);
	}
	close(dynamic);
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

	igt_describe("A heap is found by its whole name, and nothing else is.");
	igt_subtest("find-by-name")
		test_find();

	igt_describe("A heap that is disabled or removed is not found, though one may still hold it.");
	igt_subtest("find-disabled-or-removed-fails")
		test_find_comes_and_goes();

	igt_describe("A driver's buffer is what the node's are, and outlives its reference.");
	igt_subtest("alloc-is-a-heaps-buffer")
		test_alloc();

	igt_describe("The file has the access mode that the driver asks for.");
	igt_subtest("alloc-access-mode")
		test_alloc_access_mode();

	igt_describe("Unknown flags, no length and too much of it are refused.");
	igt_subtest("alloc-bad-input-refused")
		test_alloc_refused();

	igt_describe("An old reference to a heap that was removed allocates nothing.");
	igt_subtest("alloc-removed-refused")
		test_alloc_removed();

	igt_describe("A revoked heap is found and allocates nothing until it is restored.");
	igt_subtest("alloc-revoked-refused")
		test_alloc_revoked();

	igt_describe("A buffer is known to be protected, and an ordinary one has no grant.");
	igt_subtest("protected-by-identity")
		test_identity();

	igt_describe("What is in a heap's buffer may be copied where no more devices may read it.");
	igt_subtest("copy-by-lists")
		test_copy_listed();

	igt_describe("It may not where a profile admits all, nor to an ordinary buffer.");
	igt_subtest("copy-by-profiles")
		test_copy_profiles();

	igt_describe("A master is registered once, for something.");
	igt_subtest("register-bad-input-refused")
		test_register();

	igt_describe("A mapping has one DMA range and no page.");
	igt_subtest("mapping-has-no-page")
		test_no_pages();

	igt_fixture() {
		close(heap);
		close(dev);
	}
}
