// SPDX-License-Identifier: MIT
/*
 * The rules that every ioctl of /dev/secure_heap keeps: what size its struct may have, and
 * that an error means that nothing was done.
 */

#include <signal.h>
#include <sys/mman.h>
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

/* The ioctls in an order in which each succeeds, and leaves all as it was. */
static const unsigned long ioctls[] = {
	SECURE_HEAP_IOCTL_QUERY, SECURE_HEAP_IOCTL_INJECT, SECURE_HEAP_IOCTL_KEY,
	SECURE_HEAP_IOCTL_REVOKE, SECURE_HEAP_IOCTL_RESTORE,
};
#define IOCTLS (sizeof(ioctls) / sizeof(ioctls[0]))

union request {
	struct secure_heap_query query;
	struct secure_heap_inject inject;
	struct secure_heap_key key;
	struct secure_heap_session session;
	unsigned char bytes[(1 << _IOC_SIZEBITS) - 1];
};

/* One that is right in everything, 0 to the end of what an ioctl number can say. */
static union request *request_good(unsigned long number, int buffer)
{
	static union request request;
	static const char data[] = "data";

	memset(&request, 0, sizeof(request));
	switch (number) {
	case SECURE_HEAP_IOCTL_QUERY:
		request.query.fd = buffer;
		break;
	case SECURE_HEAP_IOCTL_INJECT:
		request.inject.fd = buffer;
		request.inject.len = sizeof(data);
		request.inject.data = (uintptr_t)data;
		break;
	case SECURE_HEAP_IOCTL_KEY:
		strcpy(request.key.heap, CARVEOUT_NAME);
		request.key.slot = SECURE_HEAP_KEY_ANY;
		break;
	default:
		strcpy(request.session.heap, CARVEOUT_NAME);
	}
	return &request;
}

/* The ioctl of a program that believes the struct to be @size bytes. */
static int ioctl_sized(unsigned long number, size_t size, void *request)
{
	return ioctl(dev, _IOC(_IOC_DIR(number), SECURE_HEAP_IOC_MAGIC, _IOC_NR(number), size),
		     request) ? -errno : 0;
}

static void test_shorter(void)
{
	int buffer = buffer_new(heap, SIZE);
	struct secure_heap_query before = query_of(buffer), after;

	for (size_t i = 0; i < IOCTLS; i++) {
		for (size_t size = 4; size < _IOC_SIZE(ioctls[i]); size += 4)
			igt_assert_eq(ioctl_sized(ioctls[i], size,
						  request_good(ioctls[i], buffer)), -EINVAL);
		igt_assert_eq(ioctl_sized(ioctls[i], _IOC_SIZE(ioctls[i]) - 1,
					  request_good(ioctls[i], buffer)), -EINVAL);
	}
	after = query_of(buffer);
	igt_assert_eq(memcmp(&before, &after, sizeof(after)), 0);
	close(buffer);
}

static void test_longer(size_t by)
{
	int buffer = buffer_new(heap, SIZE), own = dev;
	long long keys = ledger_now("total", "keys");

	dev = secure_open();	/* of its own: the key goes when it is closed */
	igt_assert(dev >= 0);
	for (size_t i = 0; i < IOCTLS; i++) {
		union request *request = request_good(ioctls[i], buffer);

		igt_assert_eq(ioctl_sized(ioctls[i], _IOC_SIZE(ioctls[i]) + by, request), 0);
		for (size_t at = _IOC_SIZE(ioctls[i]); at < sizeof(*request); at++)
			igt_assert_eq(request->bytes[at], 0);
		if (ioctls[i] == SECURE_HEAP_IOCTL_QUERY)
			igt_assert_eq(request->query.size, SIZE);
	}
	close(dev);
	dev = own;
	igt_assert_eq(ledger_now("total", "keys"), keys);
	close(buffer);
}

static void test_longer_unknown(size_t by)
{
	int buffer = buffer_new(heap, SIZE);
	struct secure_heap_query before = query_of(buffer), after;
	long long keys = ledger_now("total", "keys");

	for (size_t i = 0; i < IOCTLS; i++) {
		size_t size = _IOC_SIZE(ioctls[i]) + by;
		union request *request = request_good(ioctls[i], buffer);

		request->bytes[size - 1] = 1;
		igt_assert_eq(ioctl_sized(ioctls[i], size, request), -E2BIG);
		request = request_good(ioctls[i], buffer);
		request->bytes[_IOC_SIZE(ioctls[i])] = 1;
		igt_assert_eq(ioctl_sized(ioctls[i], size, request), -E2BIG);
	}
	after = query_of(buffer);
	igt_assert_eq(memcmp(&before, &after, sizeof(after)), 0);
	igt_assert_eq(ledger_now("total", "keys"), keys);
	close(buffer);
}

static void test_bad_pointer(void)
{
	for (size_t i = 0; i < IOCTLS; i++) {
		igt_assert_eq(ioctl_sized(ioctls[i], _IOC_SIZE(ioctls[i]), NULL), -EFAULT);
		igt_assert_eq(ioctl_sized(ioctls[i], _IOC_SIZE(ioctls[i]),
					  (void *)0xffff888000000000), -EFAULT);
	}
}

/* The answer has nowhere to go: then nothing was done either. */
static void test_read_only_struct(void)
{
	int buffer = buffer_new(heap, SIZE);
	struct secure_heap_query before = query_of(buffer), after;
	long long keys = ledger_now("total", "keys");
	void *page = mmap(NULL, sizeof(union request), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	igt_assert(page != MAP_FAILED);
	for (size_t i = 0; i < IOCTLS; i++) {
		unsigned long number = ioctls[i];

		if (number == SECURE_HEAP_IOCTL_INJECT || number == SECURE_HEAP_IOCTL_RESTORE)
			continue;	/* has no answer; is not to be restored */
		igt_assert_eq(mprotect(page, sizeof(union request), PROT_READ | PROT_WRITE), 0);
		memcpy(page, request_good(number, buffer), sizeof(union request));
		igt_assert_eq(mprotect(page, sizeof(union request), PROT_READ), 0);
		igt_assert_eq(ioctl_sized(number, _IOC_SIZE(number), page), -EFAULT);
	}
	munmap(page, sizeof(union request));
	after = query_of(buffer);
	secure_restore(dev, CARVEOUT_NAME);	/* for the next test, if it was revoked */
	igt_assert_eq(memcmp(&before, &after, sizeof(after)), 0);
	igt_assert_eq(ledger_now("total", "keys"), keys);
	close(buffer);
}

static void test_unknown_ioctl(void)
{
	static union request request;
	const size_t size = sizeof(struct secure_heap_query);

	for (unsigned int nr = 0; nr < 256; nr++)
		if (nr < 0x40 || nr > 0x44)
			igt_assert_eq(ioctl_sized(_IOWR('S', nr, int), size, &request), -ENOTTY);
	igt_assert_eq(ioctl(dev, _IOC(_IOC_READ | _IOC_WRITE, 'B', 0x40, size), &request), -1);
	igt_assert_eq(errno, ENOTTY);
	igt_assert_eq(ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &request), -1);
	igt_assert_eq(errno, ENOTTY);
}

#ifdef __x86_64__
/* As a 32-bit program calls it; @request lies below 4 GiB. */
static void test_32bit(void)
{
	int buffer = buffer_new(heap, SIZE), status;
	struct secure_heap_query mine = query_of(buffer), *theirs;

	theirs = mmap(NULL, sizeof(*theirs), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	igt_assert(theirs != MAP_FAILED);
	theirs->fd = buffer;
	if (!fork()) {
		long ret = 54;	/* ioctl */

		signal(SIGSEGV, SIG_DFL);	/* igt's handler would exit */
		asm volatile("int $0x80" : "+a" (ret)
			     : "b" ((long)dev), "c" (SECURE_HEAP_IOCTL_QUERY), "d" (theirs)
			     : "memory", "r8", "r9", "r10", "r11");
		_exit(-(int)ret);
	}
	igt_assert(wait(&status) > 0);
	igt_require(!WIFSIGNALED(status));	/* a kernel without 32-bit calls */
	igt_assert_eq(WEXITSTATUS(status), 0);
	igt_assert_eq(memcmp(theirs, &mine, sizeof(mine)), 0);
	munmap(theirs, sizeof(*theirs));
	close(buffer);
}
#endif

igt_main()
{
	igt_fixture() {
		igt_require(mounts() == 0);
		dev = secure_open();
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(dev >= 0 && heap >= 0);
	}

	igt_describe("Every ioctl refuses a struct shorter than its first version.");
	igt_subtest("shorter-struct-refused")
		test_shorter();

	igt_describe("Every ioctl takes a longer struct that has nothing in its unknown part.");
	igt_subtest("longer-struct") {
		test_longer(8);
		test_longer(8192);
	}

	igt_describe("Every ioctl refuses a longer struct with something in its unknown part.");
	igt_subtest("longer-struct-unknown-refused") {
		test_longer_unknown(8);
		test_longer_unknown(8192);
	}

	igt_describe("Every ioctl says -EFAULT to a pointer that is none.");
	igt_subtest("bad-pointer-refused")
		test_bad_pointer();

	igt_describe("An answer that cannot be written means that nothing was done.");
	igt_subtest("read-only-struct-changes-nothing")
		test_read_only_struct();

	igt_describe("Every other ioctl is -ENOTTY.");
	igt_subtest("unknown-ioctl-refused")
		test_unknown_ioctl();

#ifdef __x86_64__
	igt_describe("A 32-bit program is told the same.");
	igt_subtest("same-for-32-bit-program")
		test_32bit();
#endif

	igt_fixture() {
		close(heap);
		close(dev);
	}
}
