// SPDX-License-Identifier: MIT
/*
 * What is behind a file descriptor: SECURE_HEAP_IOCTL_QUERY, and what sysfs and debugfs
 * say about the same buffer.
 */

#include <linux/udmabuf.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "heap.h"
#include "igt.h"

#define SIZE 65536

static int dev, heap;

static struct secure_heap_query query_of(int fd)
{
	struct secure_heap_query query;

	igt_assert_eq(secure_query(dev, fd, &query), 0);
	return query;
}

static int buffer_new(int from, uint64_t len)
{
	int buffer = heap_alloc(from, len);

	igt_assert(buffer >= 0);
	return buffer;
}

static void test_protected(const char *name, int from)
{
	static const char zeros[SECURE_HEAP_NAME_MAX];
	int buffer = buffer_new(from, 3 * 4096 - 1);
	struct secure_heap_query query = query_of(buffer);
	size_t len = strlen(name);

	igt_assert_eq(query.state, SECURE_HEAP_STATE_LIVE);
	igt_assert_eq(query.profile, SECURE_HEAP_PROFILE_STRICT);
	igt_assert_eq(query.size, 3 * 4096);
	igt_assert_eq(query.generation, query.session);
	igt_assert(query.handle);
	igt_assert_eq(strcmp(query.heap, name), 0);
	igt_assert_eq(memcmp(query.heap + len, zeros, sizeof(query.heap) - len), 0);
	/* What was given is as it was given. */
	igt_assert_eq(query.fd, buffer);
	igt_assert_eq(query.flags, 0);
	igt_assert_eq(query.reserved, 0);

	/* An answer is a good question. */
	igt_assert_eq(ioctl(dev, SECURE_HEAP_IOCTL_QUERY, &query), 0);
	close(buffer);
}

static void assert_ordinary(int fd)
{
	const struct secure_heap_query nothing = { .fd = fd };
	struct secure_heap_query query;

	memset(&query, 0xff, sizeof(query));
	query.fd = fd;
	query.flags = query.reserved = 0;
	igt_assert_eq(ioctl(dev, SECURE_HEAP_IOCTL_QUERY, &query), 0);
	igt_assert_eq(query.state, SECURE_HEAP_STATE_ORDINARY);
	igt_assert_eq(memcmp(&query, &nothing, sizeof(query)), 0);
}

static void test_system_heap(void)
{
	int system = heap_open(SYSTEM_HEAP), buffer;

	igt_require(system >= 0);
	buffer = buffer_new(system, SIZE);
	assert_ordinary(buffer);
	close(buffer);
	close(system);
}

static void test_udmabuf(void)
{
	struct udmabuf_create create = { .size = SIZE };
	int udmabuf = open("/dev/udmabuf", O_RDWR), buffer;

	igt_require(udmabuf >= 0);
	create.memfd = memfd_create("heap_query", MFD_ALLOW_SEALING);
	igt_assert((int)create.memfd >= 0);
	igt_assert_eq(ftruncate(create.memfd, SIZE), 0);
	igt_assert_eq(fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	buffer = ioctl(udmabuf, UDMABUF_CREATE, &create);
	igt_assert(buffer >= 0);
	assert_ordinary(buffer);
	close(buffer);
	close(create.memfd);
	close(udmabuf);
}

static void test_no_fd(void)
{
	int buffer = buffer_new(heap, SIZE), path;
	struct secure_heap_query query;
	char name[32];

	igt_assert_eq(secure_query(dev, -1, &query), -EBADF);
	igt_assert_eq(secure_query(dev, 0x7fffffff, &query), -EBADF);
	igt_assert_eq(secure_query(dev, INT32_MIN, &query), -EBADF);

	/* A name for the file, but not the file. */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", buffer);
	path = open(name, O_PATH);
	igt_assert(path >= 0);
	igt_assert_eq(secure_query(dev, path, &query), -EBADF);
	close(path);

	close(buffer);
	igt_assert_eq(secure_query(dev, buffer, &query), -EBADF);
}

static void test_other_file(void)
{
	struct secure_heap_query query;
	int null = open("/dev/null", O_RDWR), pipes[2];

	igt_assert(null >= 0 && !pipe(pipes));
	igt_assert_eq(secure_query(dev, null, &query), -EINVAL);
	igt_assert_eq(secure_query(dev, pipes[0], &query), -EINVAL);
	igt_assert_eq(secure_query(dev, heap, &query), -EINVAL);
	igt_assert_eq(secure_query(dev, dev, &query), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	close(null);
}

static void test_handles_unique(void)
{
	uint32_t handles[64];
	int fds[64];

	for (int i = 0; i < 64 + 32; i++) {
		int at = i % 64;

		if (i >= 64)	/* once more: a freed one's place, among live ones */
			close(fds[at]);
		fds[at] = buffer_new(heap, 4096);
		handles[at] = query_of(fds[at]).handle;
		igt_assert(handles[at]);
		for (int j = 0; j < 64 && j <= i; j++)
			igt_assert(j == at || handles[j] != handles[at]);
	}
	for (int i = 0; i < 64; i++)
		close(fds[i]);
}

/* The fd that got the handle is closed; something else keeps the buffer. */
static void assert_handle_kept(uint32_t handle)
{
	for (int i = 0; i < 500; i++) {
		int other = buffer_new(heap, 4096);

		igt_assert(query_of(other).handle != handle);
		close(other);
	}
}

static void test_handle_of_dup(void)
{
	int buffer = buffer_new(heap, 4096);
	uint32_t handle = query_of(buffer).handle;
	int copy = dup(buffer);

	igt_assert(copy >= 0);
	igt_assert_eq(query_of(copy).handle, handle);
	close(buffer);
	assert_handle_kept(handle);
	igt_assert_eq(query_of(copy).handle, handle);
	close(copy);
}

static void test_handle_of_mapping(void)
{
	int buffer = buffer_new(heap, 4096), master;
	uint32_t handle = query_of(buffer).handle;

	igt_require(access("/dev/bus_probe", R_OK) == 0);
	master = master_new(buffer, BUS_PROBE_READ);
	igt_assert(master >= 0);
	close(buffer);
	assert_handle_kept(handle);
	close(master);
}

static void test_fork(void)
{
	int buffer = buffer_new(heap, SIZE), status;
	struct secure_heap_query mine = query_of(buffer), *theirs;

	theirs = mmap(NULL, sizeof(*theirs), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	igt_assert(theirs != MAP_FAILED);
	if (!fork())
		_exit(secure_query(secure_open(), buffer, theirs) != 0);
	igt_assert(wait(&status) > 0);
	igt_assert_eq(status, 0);
	igt_assert_eq(memcmp(theirs, &mine, sizeof(mine)), 0);
	munmap(theirs, sizeof(*theirs));
	close(buffer);
}

static void test_scm_rights(void)
{
	int buffer = buffer_new(heap, SIZE), pair[2], received;
	uint32_t handle = query_of(buffer).handle;
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} control = {
		.head = {
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		},
	};
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.head), &buffer, sizeof(buffer));
	igt_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	igt_assert_eq(sendmsg(pair[0], &msg, 0), 1);
	close(buffer);
	/* The socket has the only reference. */
	assert_handle_kept(handle);

	igt_assert_eq(recvmsg(pair[1], &msg, 0), 1);
	igt_assert_eq(msg.msg_controllen, sizeof(control));
	memcpy(&received, CMSG_DATA(&control.head), sizeof(received));
	igt_assert_eq(query_of(received).handle, handle);
	close(received);
	close(pair[0]);
	close(pair[1]);
}

static void test_fdinfo(void)
{
	int buffer = buffer_new(heap, SIZE);
	char path[64], text[1024];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", buffer);
	igt_assert(file_read(path, text, sizeof(text) - 1) > 0);
	strcat(text, "\n");
	igt_assert(strstr(text, "exp_name:\t" CARVEOUT_NAME "\n"));
	igt_assert(strstr(text, "size:\t65536\n"));
	close(buffer);
}

static long long sysfs_number(const char *name, const char *file)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), SYSFS_HEAPS "%s/%s", name, file);
	igt_assert(file_read(path, text, sizeof(text)) > 0);
	return strtoll(text, NULL, 10);
}

static void assert_sysfs_text(const char *name, const char *file, const char *expected)
{
	char path[256], text[128];

	snprintf(path, sizeof(path), SYSFS_HEAPS "%s/%s", name, file);
	igt_assert(file_read(path, text, sizeof(text)) > 0);
	igt_assert_eq(strcmp(text, expected), 0);
}

static void test_sysfs(void)
{
	long long used = sysfs_number(CARVEOUT_NAME, "used");
	int buffer = buffer_new(heap, SIZE);
	struct secure_heap_query query = query_of(buffer);

	igt_assert_eq(sysfs_number(CARVEOUT_NAME, "size"), CARVEOUT_SIZE);
	igt_assert_eq(sysfs_number(CARVEOUT_NAME, "used"), used + query.size);
	igt_assert_eq(sysfs_number(CARVEOUT_NAME, "generation"), query.session);
	assert_sysfs_text(CARVEOUT_NAME, "profile", "strict");
	assert_sysfs_text(CARVEOUT_NAME, "state", "live");
	assert_sysfs_text(CARVEOUT_NAME, "type", "carveout");
	assert_sysfs_text(CARVEOUT_NAME, "node", CARVEOUT_HEAP);
	assert_sysfs_text(DYNAMIC_NAME, "type", "dynamic");
	assert_sysfs_text(DYNAMIC_NAME, "node", DYNAMIC_HEAP);
	igt_assert_eq(sysfs_number(DYNAMIC_NAME, "size"), DYNAMIC_SIZE);
	close(buffer);
	igt_assert_eq(sysfs_number(CARVEOUT_NAME, "used"), used);
}

/* How many lines of debugfs' buffers are of @query, and @grants on it. */
static int listed(const struct secure_heap_query *query, long *grants)
{
	FILE *file = fopen(DEBUGFS_HEAPS "buffers", "re");
	char line[256];
	int found = 0;

	igt_assert(file);
	while (fgets(line, sizeof(line), file)) {
		unsigned long long size, generation;
		char name[64], state[16];
		unsigned int handle;

		igt_assert_eq(sscanf(line, "%u %63s %llu %llu %15s %ld", &handle, name, &size,
				     &generation, state, grants), 6);
		if (handle != query->handle)
			continue;
		found++;
		igt_assert_eq(strcmp(name, query->heap), 0);
		igt_assert_eq(size, query->size);
		igt_assert_eq(generation, query->generation);
		igt_assert_eq(strcmp(state, "allocated"), 0);
	}
	fclose(file);
	return found;
}

static void test_debugfs(void)
{
	int buffer = buffer_new(heap, SIZE), master;
	struct secure_heap_query query = query_of(buffer);
	long grants;

	igt_require(access("/dev/bus_probe", R_OK) == 0);
	igt_assert_eq(listed(&query, &grants), 1);
	igt_assert_eq(grants, 0);
	master = master_new(buffer, BUS_PROBE_READ);
	igt_assert(master >= 0);
	igt_assert_eq(listed(&query, &grants), 1);
	igt_assert_eq(grants, 1);
	close(buffer);
	igt_assert_eq(listed(&query, &grants), 1);
	close(master);
	igt_assert_eq(listed(&query, &grants), 0);
}

/* Fills in all of an account's gauges but windows, which are over in a moment. */
static void gauges(const char *account, long long now[5])
{
	static const char *const names[5] = {
		"buffers", "bytes", "attachments", "mappings", "keys",
	};

	for (int i = 0; i < 5; i++) {
		now[i] = ledger_now(account, names[i]);
		igt_assert(now[i] >= 0);
	}
}

static void test_ledger(const char *account)
{
	static const unsigned char key[16];
	long long before[5], during[5], after[5];
	int own, buffers[2], master;

	igt_require(access("/dev/bus_probe", R_OK) == 0);
	gauges(account, before);
	buffers[0] = buffer_new(heap, SIZE);
	buffers[1] = buffer_new(heap, 3 * SIZE);
	master = master_new(buffers[1], BUS_PROBE_READ);
	own = secure_open();
	igt_assert(master >= 0 && own >= 0);
	igt_assert(secure_key(own, CARVEOUT_NAME, SECURE_HEAP_KEY_ANY, key) >= 0);

	gauges(account, during);
	igt_assert_eq(during[0], before[0] + 2);
	igt_assert_eq(during[1], before[1] + 4 * SIZE);
	igt_assert_eq(during[2], before[2] + 1);
	igt_assert_eq(during[3], before[3] + 1);
	igt_assert_eq(during[4], before[4] + 1);
	close(own);
	close(master);
	close(buffers[0]);
	close(buffers[1]);
	gauges(account, after);
	igt_assert_eq(memcmp(before, after, sizeof(after)), 0);
	igt_assert_eq(ledger_now(account, "windows"), 0);
	igt_assert_eq(ledger_imbalances(), 0);
}

igt_main()
{
	static int buffer;	/* static: subtests jump */

	igt_fixture() {
		igt_require(mounts() == 0);
		dev = secure_open();
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(dev >= 0 && heap >= 0);
		buffer = buffer_new(heap, 4096);
	}

	igt_describe("A carve-out buffer's size, heap, handle, profile and session are told.");
	igt_subtest("carveout-buffer")
		test_protected(CARVEOUT_NAME, heap);

	igt_describe("A dynamic heap's buffer's size, heap, handle, profile and session are told.");
	igt_subtest("dynamic-buffer") {
		int dynamic = heap_open(DYNAMIC_HEAP);

		igt_require(dynamic >= 0);
		test_protected(DYNAMIC_NAME, dynamic);
		close(dynamic);
	}

	igt_describe("A buffer of the system heap is ordinary, and no more is said of it.");
	igt_subtest("system-buffer-is-ordinary")
		test_system_heap();

	igt_describe("A udmabuf is ordinary, and no more is said of it.");
	igt_subtest("udmabuf-is-ordinary")
		test_udmabuf();

	igt_describe("A number that is no open file is -EBADF.");
	igt_subtest("no-fd-refused")
		test_no_fd();

	igt_describe("A file that is no dma-buf is -EINVAL.");
	igt_subtest("other-file-refused")
		test_other_file();

	igt_describe("No two live buffers have the same handle, and none has 0.");
	igt_subtest("handles-are-unique")
		test_handles_unique();

	igt_describe("A handle stays taken while a duplicated fd keeps the buffer.");
	igt_subtest("handle-lives-with-dup")
		test_handle_of_dup();

	igt_describe("A handle stays taken while only a device's mapping keeps the buffer.");
	igt_subtest("handle-lives-with-mapping")
		test_handle_of_mapping();

	igt_describe("A child that inherits the fd is told the same.");
	igt_subtest("same-after-fork")
		test_fork();

	igt_describe("An fd that came through a socket names the same buffer.");
	igt_subtest("same-through-scm-rights")
		test_scm_rights();

	igt_describe("The fd's entry in /proc names the heap and the size.");
	igt_subtest("fdinfo-names-heap")
		test_fdinfo();

	igt_describe("Unknown flags and a reserved field that is not 0 are -EINVAL.");
	igt_subtest("unknown-flags-refused") {
		struct secure_heap_query query = { .fd = buffer, .flags = 1 };

		igt_assert_eq(ioctl(dev, SECURE_HEAP_IOCTL_QUERY, &query), -1);
		igt_assert_eq(errno, EINVAL);
		query = (struct secure_heap_query){ .fd = buffer, .flags = 1u << 31 };
		igt_assert_eq(ioctl(dev, SECURE_HEAP_IOCTL_QUERY, &query), -1);
		igt_assert_eq(errno, EINVAL);
		query = (struct secure_heap_query){ .fd = buffer, .reserved = 1 };
		igt_assert_eq(ioctl(dev, SECURE_HEAP_IOCTL_QUERY, &query), -1);
		igt_assert_eq(errno, EINVAL);
	}

	igt_describe("The heap's directory in sysfs agrees with what the ioctl says.");
	igt_subtest("sysfs-agrees")
		test_sysfs();

	igt_describe("debugfs lists a buffer while something keeps it, with its grants.");
	igt_subtest("debugfs-agrees")
		test_debugfs();

	igt_describe("The ledger counts what the heap, and all heaps, hold, and goes back.");
	igt_subtest("ledger-agrees") {
		test_ledger(CARVEOUT_NAME);
		test_ledger("total");
	}

	igt_fixture() {
		close(buffer);
		close(heap);
		close(dev);
	}
}
