// SPDX-License-Identifier: MIT
/*
 * No CPU access to a protected buffer: whatever a program may try with the file
 * descriptor, with /dev/mem, /proc/kcore or by way of another device is refused, with
 * the errno of the heap's profile.
 */

#include <elf.h>
#include <linux/dma-buf.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <xf86drm.h>

#include "heap.h"
#include "igt.h"

#define SIZE 65536
#define CARVEOUT_BASE 0x60000000

static int map(int fd, int prot, int flags, off_t offset, size_t len)
{
	void *p = mmap(NULL, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, len);
	return 0;
}

static void test_mmap(int buffer)
{
	igt_assert_eq(map(buffer, PROT_READ | PROT_WRITE, MAP_SHARED, 0, SIZE), -EACCES);
	igt_assert_eq(map(buffer, PROT_READ, MAP_SHARED, 0, SIZE), -EACCES);
	igt_assert_eq(map(buffer, PROT_WRITE, MAP_SHARED, 0, SIZE), -EACCES);
	igt_assert_eq(map(buffer, PROT_READ, MAP_PRIVATE, 0, SIZE), -EACCES);
	igt_assert_eq(map(buffer, PROT_READ, MAP_SHARED, 4096, 4096), -EACCES);
	igt_assert_eq(map(buffer, PROT_NONE, MAP_SHARED, 0, SIZE), -EACCES);
	igt_assert(map(buffer, PROT_READ | PROT_EXEC, MAP_SHARED, 0, SIZE) < 0);
	igt_assert(map(buffer, PROT_READ, MAP_SHARED, 0, 2 * SIZE) < 0);
}

static int sync_ioctl(int buffer, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	return ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
}

static void test_sync(int buffer, int expected)
{
	static const uint64_t access[] = {
		DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW,
	};

	for (size_t i = 0; i < sizeof(access) / sizeof(access[0]); i++) {
		igt_assert_eq(sync_ioctl(buffer, access[i] | DMA_BUF_SYNC_START), expected);
		igt_assert_eq(sync_ioctl(buffer, access[i] | DMA_BUF_SYNC_END), expected);
	}
}

static void test_file(int buffer)
{
	char byte = 0;
	int null;

	igt_assert(read(buffer, &byte, 1) < 0);
	igt_assert(write(buffer, &byte, 1) < 0);
	igt_assert(pread(buffer, &byte, 1, 0) < 0);
	igt_assert(pwrite(buffer, &byte, 1, 0) < 0);
	null = open("/dev/null", O_WRONLY);
	igt_assert(null >= 0);
	igt_assert(sendfile(null, buffer, NULL, 1) < 0);
	close(null);
	igt_assert_eq(lseek(buffer, 0, SEEK_END), SIZE);
}

static void test_dev_mem(void)
{
	char byte;
	int mem = open("/dev/mem", O_RDONLY);

	igt_require(mem >= 0);
	igt_assert_eq(pread(mem, &byte, 1, CARVEOUT_BASE), -1);
	igt_assert_eq(errno, EPERM);
	igt_assert(map(mem, PROT_READ, MAP_SHARED, CARVEOUT_BASE, 4096) < 0);
	close(mem);
}

/* The card of the kernel's vgem, which exists to share buffers: nobody's master. */
static int open_vgem(void)
{
	return drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);
}

static void test_untrusted(int buffer, int system)
{
	int vgem = open_vgem();
	uint32_t handle = 0;

	igt_require(vgem >= 0);
	igt_assert_eq(drmPrimeFDToHandle(vgem, system, &handle), 0);
	igt_assert_eq(drmPrimeFDToHandle(vgem, buffer, &handle), -1);
	igt_assert_eq(errno, EACCES);
	/* Refusing must not have harmed the buffer. */
	igt_assert_eq(drmPrimeFDToHandle(vgem, buffer, &handle), -1);
	igt_assert_eq(errno, EACCES);
	drmClose(vgem);
}

/* A card that has the protected buffer, for a heap's administrator listed it. */
static int import(int buffer, uint32_t *handle)
{
	int card = open_vgem();

	igt_require(card >= 0);
	igt_assert_eq(device_list(CARVEOUT_NAME, "vgem"), 0);
	igt_assert_eq(drmPrimeFDToHandle(card, buffer, handle), 0);
	return card;
}

/*
 * A card's buffers are mapped at offsets of its file. Where the protected one's is, is
 * not told, but that is near the offset of one that the card made itself.
 */
static void test_gem_map(int buffer)
{
	struct drm_mode_create_dumb dumb = { .width = 64, .height = 16, .bpp = 32 };
	struct drm_mode_map_dumb mine = {}, theirs = {};
	int card = import(buffer, &theirs.handle);
	int mapped = 0, refused = 0;

	igt_assert_eq(drmIoctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	mine.handle = dumb.handle;
	igt_assert_eq(drmIoctl(card, DRM_IOCTL_MODE_MAP_DUMB, &mine), 0);
	igt_assert_eq(drmIoctl(card, DRM_IOCTL_MODE_MAP_DUMB, &theirs), -1);
	igt_assert_eq(errno, EINVAL);

	for (int i = -1024; i < 1024; i++) {
		off_t offset = mine.offset + i * 4096;
		int ret = map(card, PROT_READ, MAP_SHARED, offset, 4096);

		mapped += !ret;
		refused += ret == -EACCES;
		igt_assert(ret ? ret == -EINVAL || ret == -EACCES : i == 0);
	}
	igt_assert_eq(mapped, 1);
	igt_assert_eq(refused, 1);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "vgem"), 0);
	drmClose(card);
}

static void test_reexport(int buffer)
{
	int dev = secure_open(), again, card;
	struct secure_heap_query first, second;
	uint32_t handle;

	card = import(buffer, &handle);
	igt_assert_eq(drmPrimeHandleToFD(card, handle, DRM_RDWR | DRM_CLOEXEC, &again), 0);
	test_mmap(again);
	test_sync(again, -EACCES);
	igt_assert_eq(secure_query(dev, buffer, &first), 0);
	igt_assert_eq(secure_query(dev, again, &second), 0);
	igt_assert(second.handle);
	igt_assert_eq(first.handle, second.handle);
	igt_assert_eq(device_delist(CARVEOUT_NAME, "vgem"), 0);
	close(again);
	close(dev);
	drmClose(card);
}

/* A row of the profiles' table. */
static void test_profile(int old, const char *name, unsigned int number, int on_mmap, int on_sync,
			 int on_attach)
{
	int heap = heap_open(CARVEOUT_HEAP), dev = secure_open(), card = open_vgem(), buffer;
	struct secure_heap_query query;
	uint32_t handle = 0;
	char text[32];

	igt_assert_eq(profile_set(CARVEOUT_NAME, name), 0);
	igt_assert(file_read(SYSFS_HEAPS CARVEOUT_NAME "/profile", text, sizeof(text)) > 0);
	igt_assert_eq(strcmp(text, name), 0);
	buffer = heap_alloc(heap, SIZE);
	igt_assert(buffer >= 0);
	igt_assert_eq(secure_query(dev, buffer, &query), 0);
	igt_assert_eq(query.profile, number);

	igt_assert_eq(map(buffer, PROT_READ | PROT_WRITE, MAP_SHARED, 0, SIZE), on_mmap);
	igt_assert_eq(map(buffer, PROT_READ, MAP_PRIVATE, 4096, 4096), on_mmap);
	test_sync(buffer, on_sync);
	igt_assert_eq(drmPrimeFDToHandle(card, buffer, &handle) ? -errno : 0, on_attach);

	/* A buffer keeps the profile that it was allocated with. */
	igt_assert_eq(secure_query(dev, old, &query), 0);
	igt_assert_eq(query.profile, SECURE_HEAP_PROFILE_STRICT);
	igt_assert_eq(map(old, PROT_READ, MAP_SHARED, 0, SIZE), -EACCES);
	test_sync(old, -EACCES);
	igt_assert_eq(drmPrimeFDToHandle(card, old, &handle), -1);
	igt_assert_eq(errno, EACCES);

	igt_assert_eq(profile_set(CARVEOUT_NAME, "strict"), 0);
	igt_assert_eq(map(buffer, PROT_READ, MAP_SHARED, 0, SIZE), on_mmap);
	close(buffer);
	drmClose(card);
	close(dev);
	close(heap);
}

/* Some random bytes that are looked for. They are kept inverted, not to be found here. */
struct needle {
	uint64_t inverted[8];
	int found;
};

static void needle_make(struct needle *needle)
{
	*needle = (struct needle){};
	igt_assert_eq(getrandom(needle->inverted, sizeof(needle->inverted), 0),
		      sizeof(needle->inverted));
}

/* Byte by byte: no two of them are together anywhere but in the buffer. */
static void needle_inject(const struct needle *needle, int dev, int buffer)
{
	const unsigned char *inverted = (const unsigned char *)needle->inverted;

	for (size_t i = 0; i < sizeof(needle->inverted); i++) {
		unsigned char byte = ~inverted[i];

		igt_assert_eq(secure_inject(dev, buffer, i, 1, &byte), 0);
	}
}

/* Are the needle's bytes here? */
static bool needle_at(const struct needle *needle, const uint64_t *words)
{
	int same = 0;

	while (same < 8 && ~words[same] == needle->inverted[same])
		same++;
	return same == 8;
}

/* Notes which needles there are in @n words. Returns whether there is anything. */
static bool needles_seek(struct needle needles[3], const uint64_t *words, size_t n)
{
	uint64_t a = needles[0].inverted[0], b = needles[1].inverted[0], c = needles[2].inverted[0];
	uint64_t any = 0;

	for (size_t i = 0; i + 8 <= n; i++) {
		uint64_t word = ~words[i];

		any |= words[i];
		if (word == a || word == b || word == c)
			for (int j = 0; j < 3; j++)
				needles[j].found += needle_at(&needles[j], words + i);
	}
	return any;
}

/* Looks for the needles in @len bytes of a file. Returns whether there was anything. */
static bool seek_in(int file, off_t offset, uint64_t len, struct needle needles[3])
{
	static uint64_t chunk[1 << 17];
	bool anything = false;

	for (uint64_t at = 0; at < len;) {
		size_t want = len - at < sizeof(chunk) ? len - at : sizeof(chunk);
		ssize_t got = pread(file, chunk, want, offset + at);

		if (got <= 0) {	/* a page that does not show itself */
			at += 4096;
			continue;
		}
		anything |= needles_seek(needles, chunk, got / 8);
		at += got;
	}
	return anything;
}

/*
 * Where the kernel may have the buffers: in its map of all memory, from their physical
 * addresses on, and wherever /proc/vmallocinfo says that it has mapped something.
 */
static void seek_in_kcore(const uint64_t physical[3], struct needle needles[3])
{
	int kcore = open("/proc/kcore", O_RDONLY);
	uint64_t direct = ~0ull, shift = 0;
	unsigned long long from, to;
	static Elf64_Phdr heads[64];
	bool anything = false;
	Elf64_Ehdr head;
	char line[256];
	FILE *areas;

	igt_require(kcore >= 0);
	igt_assert_eq(pread(kcore, &head, sizeof(head), 0), sizeof(head));
	igt_assert(head.e_phnum <= 64);
	igt_assert_eq(pread(kcore, heads, sizeof(heads[0]) * head.e_phnum, head.e_phoff),
		      sizeof(heads[0]) * head.e_phnum);
	for (int i = 0; i < head.e_phnum; i++) {
		if (heads[i].p_type != PT_LOAD)
			continue;
		shift = heads[i].p_offset - heads[i].p_vaddr;	/* everywhere the same */
		/* The kernel's text has a second address, above this map. */
		if (heads[i].p_paddr != (Elf64_Addr)-1 &&
		    heads[i].p_vaddr - heads[i].p_paddr < direct)
			direct = heads[i].p_vaddr - heads[i].p_paddr;
	}
	for (int i = 0; i < 3; i++)
		seek_in(kcore, physical[i] + direct + shift, SIZE, needles);

	areas = fopen("/proc/vmallocinfo", "re");
	igt_assert(areas);
	while (fgets(line, sizeof(line), areas))
		if (sscanf(line, "0x%llx-0x%llx", &from, &to) == 2)
			anything |= seek_in(kcore, from + shift, to - from, needles);
	igt_assert(anything);
	fclose(areas);
	close(kcore);
}

/* A buffer's physical address: the devices here have no IOMMU. Makes sure of @needle. */
static uint64_t physical_of(int buffer, const struct needle *needle)
{
	int master = master_new(buffer, BUS_PROBE_READ);
	struct bus_probe_mapping mapping;
	uint64_t words[8];

	igt_assert(master >= 0);
	igt_assert_eq(ioctl(master, BUS_PROBE_MAPPING, &mapping), 0);
	if (needle) {
		igt_assert_eq(master_load(master, 0, sizeof(words), words), 0);
		igt_assert(needle_at(needle, words));
		memset(words, 0, sizeof(words));
		asm volatile("" : : "r" (words) : "memory");
	}
	close(master);
	return mapping.address;
}

static void test_kcore(int buffer, int system)
{
	int dev = secure_open(), heap = heap_open(DYNAMIC_HEAP), dynamic;
	struct needle needles[3];
	uint64_t *mapped;

	igt_require(access("/dev/bus_probe", R_OK) == 0);
	igt_assert(dev >= 0 && heap >= 0);
	dynamic = heap_alloc(heap, SIZE);
	igt_assert(dynamic >= 0);
	for (int i = 0; i < 3; i++)
		needle_make(&needles[i]);
	needle_inject(&needles[0], dev, buffer);
	needle_inject(&needles[1], dev, dynamic);
	mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, system, 0);
	igt_assert(mapped != MAP_FAILED);
	for (int i = 0; i < 8; i++)
		mapped[i] = ~needles[2].inverted[i];
	munmap(mapped, SIZE);

	/* Else the addresses in /proc/vmallocinfo are not the true ones. */
	igt_assert_eq(file_write("/proc/sys/kernel/kptr_restrict", "1"), 0);
	seek_in_kcore((uint64_t[]){
		physical_of(buffer, &needles[0]),
		physical_of(dynamic, &needles[1]),
		physical_of(system, NULL),
	}, needles);
	igt_assert_eq(file_write("/proc/sys/kernel/kptr_restrict", "0"), 0);
	igt_assert(needles[2].found);
	igt_assert_eq(needles[0].found, 0);
	igt_assert_eq(needles[1].found, 0);
	close(dynamic);
	close(heap);
	close(dev);
}

igt_main()
{
	static int buffer, system;	/* static: subtests jump */

	igt_fixture() {
		int heap = heap_open(CARVEOUT_HEAP);
		int ordinary = heap_open(SYSTEM_HEAP);

		igt_require(heap >= 0 && ordinary >= 0);
		igt_require(mounts() == 0);
		buffer = heap_alloc(heap, SIZE);
		system = heap_alloc(ordinary, SIZE);
		igt_assert(buffer >= 0 && system >= 0);
		close(heap);
		close(ordinary);
	}

	igt_describe("The same calls succeed on a buffer of the system heap.");
	igt_subtest("ordinary-buffer-maps") {
		igt_assert_eq(map(system, PROT_READ | PROT_WRITE, MAP_SHARED, 0, SIZE), 0);
		test_sync(system, 0);
	}

	igt_describe("mmap of every kind is refused.");
	igt_subtest("mmap-refused")
		test_mmap(buffer);

	igt_describe("DMA_BUF_IOCTL_SYNC is refused, its end as well as its start.");
	igt_subtest("sync-refused")
		test_sync(buffer, -EACCES);

	igt_describe("The file has a size, and nothing to read or write.");
	igt_subtest("read-write-refused")
		test_file(buffer);

	igt_describe("/dev/mem does not show the carve-out.");
	igt_subtest("dev-mem-refused")
		test_dev_mem();

	igt_describe("A device that no driver vouches for cannot import the buffer.");
	igt_subtest("attach-untrusted-refused")
		test_untrusted(buffer, system);

	igt_describe("A card that may import the buffer gives no way to map it.");
	igt_subtest("map-through-gem-handle-refused")
		test_gem_map(buffer);

	igt_describe("What such a card exports again is the same buffer, and is not mapped either.");
	igt_subtest("reexported-mmap-refused")
		test_reexport(buffer);

	igt_describe("The strict profile: access is refused, to devices too.");
	igt_subtest("profile-strict")
		test_profile(buffer, "strict", SECURE_HEAP_PROFILE_STRICT, -EACCES, -EACCES, -EACCES);

	igt_describe("As the kernel's tee_heap: mmap is invalid, SYNC does nothing.");
	igt_subtest("profile-tee")
		test_profile(buffer, "tee", SECURE_HEAP_PROFILE_TEE, -EINVAL, 0, 0);

	igt_describe("As MediaTek's heap: access is not permitted.");
	igt_subtest("profile-mtk")
		test_profile(buffer, "mtk", SECURE_HEAP_PROFILE_MTK, -EPERM, -EPERM, 0);

	igt_describe("As Tegra's heap: access is not permitted.");
	igt_subtest("profile-tegra")
		test_profile(buffer, "tegra", SECURE_HEAP_PROFILE_TEGRA, -EPERM, -EPERM, 0);

	igt_describe("As ChromeOS's heap: access is refused.");
	igt_subtest("profile-chromeos")
		test_profile(buffer, "chromeos", SECURE_HEAP_PROFILE_CHROMEOS, -EACCES, -EACCES, 0);

	igt_describe("A profile that is none is refused and changes nothing.");
	igt_subtest("unknown-profile-refused") {
		igt_assert_eq(profile_set(CARVEOUT_NAME, "lenient"), -EINVAL);
		igt_assert_eq(profile_set(CARVEOUT_NAME, "te"), -EINVAL);
		test_profile(buffer, "strict", SECURE_HEAP_PROFILE_STRICT, -EACCES, -EACCES, -EACCES);
	}

	igt_describe("/proc/kcore has an ordinary buffer's bytes, and a protected one's nowhere.");
	igt_subtest("kcore-shows-nothing")
		test_kcore(buffer, system);

	igt_fixture() {
		/* If a subtest failed before it did. */
		profile_set(CARVEOUT_NAME, "strict");
		device_delist(CARVEOUT_NAME, "vgem");
		close(buffer);
		close(system);
	}
}
