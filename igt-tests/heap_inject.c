// SPDX-License-Identifier: MIT
/*
 * SECURE_HEAP_IOCTL_INJECT: what an application writes into a protected buffer, clear or
 * enciphered, is there, byte for byte, and nothing else changed. A trusted device of
 * modules/bus_probe.c reads it back.
 */

#include <linux/if_alg.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "probe.h"

#define SIZE 65536
#define MIB (1u << 20)
#define ANY SECURE_HEAP_KEY_ANY

/* NIST SP 800-38A, F.5.1 and F.5.2: AES-128 in counter mode, enciphered, deciphered. */
static const char nist_key[] = "2b7e151628aed2a6abf7158809cf4f3c";
static const char nist_counter[] = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
static const char nist_plain[] =
	"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
	"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
static const char nist_cipher[] =
	"874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
	"5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee";

static int dev, heap;

/* @text: hexadecimal, two digits a byte. Returns how many bytes. */
static size_t from_hex(const char *text, unsigned char *bytes)
{
	size_t n = 0;

	while (sscanf(text + 2 * n, "%2hhx", &bytes[n]) == 1)
		n++;
	return n;
}

static int nist_slot(int file, const char *name)
{
	unsigned char key[16];
	int slot;

	igt_assert_eq(from_hex(nist_key, key), 16);
	slot = secure_key(file, name, ANY, key);
	igt_assert(slot >= 0 && slot < SECURE_HEAP_KEY_SLOTS);
	return slot;
}

static int buffer_new(uint64_t len)
{
	int buffer = heap_alloc(heap, len);

	igt_assert(buffer >= 0);
	return buffer;
}

/* The buffer has @data there. */
static void assert_there(int master, uint64_t offset, size_t len, const void *data)
{
	static unsigned char there[MIB];

	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < MIB ? len - at : MIB;
		igt_assert_eq(master_load(master, offset + at, n, there), 0);
		igt_assert_eq(memcmp(there, (const char *)data + at, n), 0);
	}
}

static void test_round_trip(const char *node)
{
	static unsigned char data[SIZE];
	int other = heap_open(node), buffer, master;

	igt_require(other >= 0);
	buffer = heap_alloc(other, SIZE);
	igt_assert(buffer >= 0);
	master = master_of(buffer);
	igt_assert_eq(getrandom(data, SIZE, 0), SIZE);
	igt_assert_eq(secure_inject(dev, buffer, 0, SIZE, data), 0);
	assert_there(master, 0, SIZE, data);
	close(master);
	close(buffer);
	close(other);
}

/* Around a page's end, each with every place of source and target to the next 8 bytes. */
static void test_alignments(int slot)
{
	static const size_t lengths[] = { 1, 2, 7, 8, 15, 16, 17, 33 };
	static const unsigned char iv[16] = { 1 };
	unsigned char data[64], stream[64], expected[128], background[128];
	int buffer = buffer_new(SIZE), master = master_of(buffer);

	memset(background, 0x5a, sizeof(background));
	igt_assert_eq(getrandom(data, sizeof(data), 0), sizeof(data));
	memset(stream, 0, sizeof(stream));
	if (slot >= 0) {	/* what the key makes of nothing */
		igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 64, stream, slot, iv, 0), 0);
		igt_assert_eq(master_load(master, 0, 64, stream), 0);
	}
	for (int from = 0; from < 8; from++)
		for (int to = 4096 - 20; to < 4096 + 8; to++)
			for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
				size_t len = lengths[i];

				memcpy(expected, background, sizeof(expected));
				for (size_t j = 0; j < len; j++)
					expected[to - 4032 + j] = data[from + j] ^ stream[j];
				igt_assert_eq(master_store(master, 4032, 128, background), 0);
				if (slot >= 0)
					igt_assert_eq(secure_inject_ctr(dev, buffer, to, len, data + from,
								 slot, iv, 0), 0);
				else
					igt_assert_eq(secure_inject(dev, buffer, to, len,
								    data + from), 0);
				assert_there(master, 4032, 128, expected);
			}
	close(master);
	close(buffer);
}

/* The buffers before and after in memory, and the rest of this one. */
static void test_neighbours(void)
{
	static unsigned char image[SIZE];
	int buffers[3], masters[3];

	memset(image, 0xc3, SIZE);
	for (int i = 0; i < 3; i++) {
		buffers[i] = buffer_new(SIZE);
		masters[i] = master_of(buffers[i]);
		igt_assert_eq(secure_inject(dev, buffers[i], 0, SIZE, image), 0);
	}
	memset(image, 0x3c, SIZE);
	igt_assert_eq(secure_inject(dev, buffers[1], 0, SIZE, image), 0);
	igt_assert_eq(secure_inject(dev, buffers[1], SIZE - 1, 1, "z"), 0);
	igt_assert_eq(secure_inject(dev, buffers[1], 0, 1, "a"), 0);
	igt_assert_eq(secure_inject(dev, buffers[1], 5001, 3000, image + 1), 0);
	image[0] = 'a';
	image[SIZE - 1] = 'z';
	assert_there(masters[1], 0, SIZE, image);
	memset(image, 0xc3, SIZE);
	assert_there(masters[0], 0, SIZE, image);
	assert_there(masters[2], 0, SIZE, image);
	for (int i = 0; i < 3; i++) {
		close(masters[i]);
		close(buffers[i]);
	}
}

static void test_outside(void)
{
	static const struct { uint64_t offset, len; } outside[] = {
		{ 0, SIZE + 1 }, { SIZE, 1 }, { SIZE - 1, 2 }, { SIZE + 4096, 1 },
		{ ~0ull, 1 }, { ~0ull, 2 }, { 1, ~0ull }, { 2, ~0ull - 1 },
		{ 4096, ~0ull - 4095 }, { 1ull << 63, 1ull << 63 }, { 1ull << 32, 1 },
		{ 0, (1ull << 32) + 1 },
	};
	static const unsigned char zeros[SIZE], ones[SIZE + 1] = { [0 ... SIZE] = 1 }, iv[16];
	int buffer = buffer_new(SIZE), master = master_of(buffer);
	int slot = nist_slot(dev, CARVEOUT_NAME);

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		igt_assert_eq(secure_inject(dev, buffer, outside[i].offset, outside[i].len, ones),
			      -ERANGE);
		igt_assert_eq(secure_inject_ctr(dev, buffer, outside[i].offset, outside[i].len, ones, slot,
					 iv, 0), -ERANGE);
	}
	igt_assert_eq(secure_inject(dev, buffer, 0, 0, ones), -EINVAL);
	igt_assert_eq(secure_inject(dev, buffer, SIZE, 0, ones), -EINVAL);
	assert_there(master, 0, SIZE, zeros);
	igt_assert_eq(secure_inject(dev, buffer, SIZE - 1, 1, ones), 0);
	assert_there(master, SIZE - 1, 1, ones);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	close(master);
	close(buffer);
}

static void test_nist(const char *in_text, const char *out_text)
{
	unsigned char in[64], out[64], iv[16];
	int buffer = buffer_new(SIZE), master = master_of(buffer);
	int slot = nist_slot(dev, CARVEOUT_NAME);

	from_hex(nist_counter, iv);
	igt_assert_eq(from_hex(in_text, in), 64);
	igt_assert_eq(from_hex(out_text, out), 64);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 64, in, slot, iv, 0), 0);
	assert_there(master, 0, 64, out);

	/* In two pieces, the later first; in single bytes. */
	for (int at = 1; at < 64; at++) {
		int to = 128 * at + at % 3;

		igt_assert_eq(secure_inject_ctr(dev, buffer, to + at, 64 - at, in + at, slot, iv, at), 0);
		igt_assert_eq(secure_inject_ctr(dev, buffer, to, at, in, slot, iv, 0), 0);
		assert_there(master, to, 64, out);
	}
	for (int at = 0; at < 64; at++)
		igt_assert_eq(secure_inject_ctr(dev, buffer, 16001 + at, 1, in + at, slot, iv, at), 0);
	assert_there(master, 16001, 64, out);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	close(master);
	close(buffer);
}

/* Of the NIST key; from another implementation, OpenSSL. */
static void test_carry(void)
{
	static const struct {
		const char *iv;
		uint64_t position;
		const char *stream;
	} carries[] = {
		{ "ffffffffffffffffffffffffffffffff", 0,
		  "8af2860142f786f409307c1a3f7eaaac7df76b0c1ab899b33e42f047b91b546f"
		  "57127d4034b1bebfaef466b9c7726fc6" },
		{ "ffffffffffffffffffffffffffffffff", 16,
		  "7df76b0c1ab899b33e42f047b91b546f57127d4034b1bebfaef466b9c7726fc6" },
		{ "000000000000002affffffffffffffff", 0,
		  "57491f595858db837921ab27177858e5c95851d21d8e25ef08e86a41220be92d"
		  "cdf1acba6fd86996664701f26217da82" },
		{ "000000000000002affffffffffffffff", 21,
		  "8e25ef08e86a41220be92dcdf1acba6fd86996664701f26217da82" },
		{ "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", ~0ull, "35" },
	};
	static const unsigned char zeros[48];
	int buffer = buffer_new(SIZE), master = master_of(buffer);
	int slot = nist_slot(dev, CARVEOUT_NAME);

	for (size_t i = 0; i < sizeof(carries) / sizeof(carries[0]); i++) {
		unsigned char iv[16], stream[48];
		size_t len = from_hex(carries[i].stream, stream);

		from_hex(carries[i].iv, iv);
		igt_assert_eq(secure_inject_ctr(dev, buffer, 99, len, zeros, slot, iv, carries[i].position), 0);
		assert_there(master, 99, len, stream);
	}
	/* A stream has 2^64 bytes, and does not begin again. */
	igt_assert_eq(secure_inject_ctr(dev, buffer, 99, 2, zeros, slot, zeros, ~0ull), -ERANGE);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 99, 17, zeros, slot, zeros, -16ull), -ERANGE);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	close(master);
	close(buffer);
}

/* Big endian, as the counter counts. */
static void counter_add(unsigned char counter[16], uint64_t n)
{
	unsigned int carry = 0;

	for (int i = 15; i >= 0; i--, n >>= 8) {
		carry += counter[i] + (n & 0xff);
		counter[i] = carry;
		carry >>= 8;
	}
}

/* The kernel's own counter mode, which programs reach by a socket; -1 if it has none. */
static int reference_open(const unsigned char key[16])
{
	struct sockaddr_alg name = {
		.salg_family = AF_ALG,
		.salg_type = "skcipher",
		.salg_name = "ctr(aes)",
	};
	int op = -1, sock = socket(AF_ALG, SOCK_SEQPACKET, 0);

	if (sock >= 0 && !bind(sock, (struct sockaddr *)&name, sizeof(name)) &&
	    !setsockopt(sock, SOL_ALG, ALG_SET_KEY, key, 16))
		op = accept(sock, NULL, 0);
	close(sock);
	return op;
}

/* @len: at most 64 KiB */
static void reference(int op, const unsigned char counter[16], void *data, size_t len)
{
	struct {
		struct cmsghdr head;
		uint32_t decrypt, pad;
		struct cmsghdr iv_head;
		uint32_t iv_len;
		unsigned char iv[16];
		uint32_t end;
	} control = {
		.head = { CMSG_LEN(4), SOL_ALG, ALG_SET_OP },
		.decrypt = ALG_OP_DECRYPT,
		.iv_head = { CMSG_LEN(20), SOL_ALG, ALG_SET_IV },
		.iv_len = 16,
	};
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(4) + CMSG_SPACE(20),
	};

	static_assert(sizeof(control) == CMSG_SPACE(4) + CMSG_SPACE(20));
	memcpy(control.iv, counter, 16);
	igt_assert_eq(sendmsg(op, &msg, 0), len);
	igt_assert_eq(read(op, data, len), len);
}

/* From a byte far into the stream, with counters that carry on the way there. */
static void test_long_stream(uint64_t position)
{
	static unsigned char cipher[MIB], clear[MIB + 16];
	int buffer = buffer_new(2 * MIB), master = master_of(buffer), slot, op;
	unsigned char key[16], iv[16], counter[16];
	size_t skip = position % 16;

	igt_assert_eq(getrandom(key, sizeof(key), 0), sizeof(key));
	igt_assert_eq(getrandom(cipher, MIB, 0), MIB);
	memset(iv, 0xff, sizeof(iv));
	iv[15] = 0x0f;
	op = reference_open(key);
	igt_require(op >= 0);
	memcpy(clear + skip, cipher, MIB);
	memcpy(counter, iv, sizeof(counter));
	counter_add(counter, position / 16);
	for (size_t at = 0; at < MIB + 16; at += SIZE) {
		size_t left = MIB + 16 - at;

		reference(op, counter, clear + at, left < SIZE ? left : SIZE);
		counter_add(counter, SIZE / 16);
	}
	close(op);

	slot = secure_key(dev, CARVEOUT_NAME, ANY, key);
	igt_assert(slot >= 0);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 12345, MIB, cipher, slot, iv, position), 0);
	assert_there(master, 12345, MIB, clear + skip);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	close(master);
	close(buffer);
}

static void test_frame(void)
{
	int memfd = memfd_create("heap_inject", 0), buffer = buffer_new(8 * MIB);
	int master = master_of(buffer);
	static unsigned char piece[MIB];
	unsigned char *data;

	/* Not one page of it is mapped when it is read. */
	igt_assert_eq(getrandom(piece, MIB, 0), MIB);
	for (int i = 0; i < 8; i++) {
		piece[i] ^= 0xff;
		igt_assert_eq(pwrite(memfd, piece, MIB, i * MIB), MIB);
	}
	data = mmap(NULL, 8 * MIB, PROT_READ, MAP_SHARED, memfd, 0);
	igt_assert(data != MAP_FAILED);
	igt_assert_eq(secure_inject(dev, buffer, 0, 8 * MIB, data), 0);
	assert_there(master, 0, 8 * MIB, data);
	munmap(data, 8 * MIB);
	close(memfd);
	close(master);
	close(buffer);
}

static void test_unreadable(int slot)
{
	static const unsigned char iv[16], zeros[SIZE];
	unsigned char *pages = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int buffer = buffer_new(2 * MIB), master = master_of(buffer);
	const struct { const void *data; size_t len; } unreadable[] = {
		{ NULL, 1 }, { (void *)0xffff888000000000, 1 }, { (void *)~0ull, 1 },
		{ (void *)~0ull, 2 }, { pages + 4090, 7 }, { pages + 4096, 4096 },
		{ pages + 1, 8192 }, { pages, MIB },
	};

	igt_assert(pages != MAP_FAILED);
	memset(pages, 1, MIB);
	igt_assert_eq(munmap(pages + 4096, 4096), 0);
	igt_assert_eq(mprotect(pages + MIB - 4096, 4096, PROT_NONE), 0);
	for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
		const void *data = unreadable[i].data;
		size_t len = unreadable[i].len;

		if (slot >= 0)
			igt_assert_eq(secure_inject_ctr(dev, buffer, SIZE, len, data, slot, iv, 0), -EFAULT);
		else
			igt_assert_eq(secure_inject(dev, buffer, SIZE, len, data), -EFAULT);
		assert_there(master, 0, SIZE, zeros);
		assert_there(master, SIZE + len, SIZE, zeros);
	}
	igt_assert_eq(secure_inject(dev, buffer, SIZE, 4096, pages), 0);
	assert_there(master, SIZE, 4096, pages);
	munmap(pages, MIB);
	close(master);
	close(buffer);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/*
 * A child in the middle of 96 MiB ends long before it were done, and holds nothing. That is a
 * matter of seconds on a slow machine, where something else may come between: it is tried again.
 */
static void test_killed(void)
{
	const uint64_t size = 96 * MIB;
	void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long long held = ledger_now(CARVEOUT_NAME, "bytes"), keys = ledger_now("total", "keys");
	int buffer = buffer_new(size), slot = nist_slot(dev, CARVEOUT_NAME), status;
	static const unsigned char iv[16];
	double start = now(), whole, took;

	igt_assert(data != MAP_FAILED);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, size, data, slot, iv, 0), 0);
	whole = now() - start;
	close(buffer);

	for (int try = 0; try < 5; try++) {
		pid_t child;

		buffer = buffer_new(size);
		child = fork();
		if (!child) {
			while (!secure_inject_ctr(dev, buffer, 0, size, data, slot, iv, 0))
				;
			_exit(1);
		}
		close(buffer);	/* now the child's alone */
		usleep(whole / 4 * 1e6);
		igt_assert_eq(kill(child, SIGKILL), 0);
		start = now();
		igt_assert_eq(waitpid(child, &status, 0), child);
		took = now() - start;
		igt_assert(WIFSIGNALED(status));
		igt_assert_eq(ledger_now(CARVEOUT_NAME, "bytes"), held);
		if (took < whole / 4 + 0.1)
			break;
	}
	igt_assert(took < whole / 4 + 0.1);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	igt_assert_eq(ledger_now("total", "keys"), keys);
	munmap(data, size);
}

static void test_flags(void)
{
	static const char data[16];
	int buffer = buffer_new(SIZE), slot = nist_slot(dev, CARVEOUT_NAME);
	struct secure_heap_inject good = {
		.fd = buffer,
		.len = sizeof(data),
		.data = (uintptr_t)data,
	}, bad[8];

	for (int i = 0; i < 8; i++)
		bad[i] = good;
	bad[0].flags = 2;
	bad[1].flags = 1u << 31;
	bad[2].reserved = 1;
	bad[3].key = 1;
	bad[4].iv[15] = 1;
	bad[5].position = 1;
	bad[6].flags = SECURE_HEAP_INJECT_AES_CTR | 2;
	bad[7].flags = SECURE_HEAP_INJECT_AES_CTR;
	bad[6].key = bad[7].key = slot;
	bad[7].reserved = 1;
	igt_assert_eq(ioctl(dev, SECURE_HEAP_IOCTL_INJECT, &good), 0);
	for (int i = 0; i < 8; i++) {
		igt_assert_eq(ioctl(dev, SECURE_HEAP_IOCTL_INJECT, &bad[i]), -1);
		igt_assert_eq(errno, EINVAL);
	}
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	close(buffer);
}

static int buffer_for(unsigned int access)
{
	struct dma_heap_allocation_data data = { .len = 4096, .fd_flags = access };

	igt_assert_eq(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), 0);
	return data.fd;
}

static void test_read_only(void)
{
	static const unsigned char iv[16], zeros[4096];
	int buffer = buffer_for(O_RDONLY), writable = buffer_for(O_WRONLY);
	int slot = nist_slot(dev, CARVEOUT_NAME), master = master_of(buffer);

	igt_assert_eq(secure_inject(dev, buffer, 0, 1, "x"), -EBADF);
	igt_assert_eq(secure_inject_ctr(dev, buffer, 0, 1, "x", slot, iv, 0), -EBADF);
	igt_assert_eq(secure_inject(dev, writable, 0, 1, "x"), 0);
	/* The file's access mode, not what the fd may be made to say. */
	fcntl(buffer, F_SETFL, O_RDWR);
	igt_assert_eq(secure_inject(dev, buffer, 0, 1, "x"), -EBADF);
	assert_there(master, 0, 4096, zeros);
	igt_assert_eq(secure_key_clear(dev, slot), 0);
	close(master);
	close(writable);
	close(buffer);
}

static void test_foreign(void)
{
	int null = open("/dev/null", O_RDWR), system = heap_open(SYSTEM_HEAP), buffer;

	igt_assert_eq(secure_inject(dev, -1, 0, 1, "x"), -EBADF);
	igt_assert_eq(secure_inject(dev, null, 0, 1, "x"), -EINVAL);
	igt_assert_eq(secure_inject(dev, dev, 0, 1, "x"), -EINVAL);
	close(null);
	igt_assert_eq(secure_inject(dev, null, 0, 1, "x"), -EBADF);
	igt_require(system >= 0);
	buffer = heap_alloc(system, 4096);
	igt_assert(buffer >= 0);
	igt_assert_eq(secure_inject(dev, buffer, 0, 1, "x"), -EINVAL);
	close(buffer);
	close(system);
}

igt_main()
{
	igt_fixture() {
		igt_require(mounts() == 0);
		dev = secure_open();
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(dev >= 0 && heap >= 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
	}

	igt_describe("A trusted device reads what was written into a carve-out buffer.");
	igt_subtest("carveout-round-trip")
		test_round_trip(CARVEOUT_HEAP);

	igt_describe("A trusted device reads what was written into a dynamic heap's buffer.");
	igt_subtest("dynamic-round-trip")
		test_round_trip(DYNAMIC_HEAP);

	igt_describe("Clear data, of any alignment and length, changes its bytes and no other.");
	igt_subtest("clear-at-every-alignment")
		test_alignments(-1);

	igt_describe("Enciphered data, of any alignment and length, changes its bytes and no other.");
	igt_subtest("enciphered-at-every-alignment") {
		int slot = nist_slot(dev, CARVEOUT_NAME);

		test_alignments(slot);
		igt_assert_eq(secure_key_clear(dev, slot), 0);
	}

	igt_describe("Buffers that lie around it, and the rest of it, keep what they had.");
	igt_subtest("neighbours-untouched")
		test_neighbours();

	igt_describe("Nothing is written outside, however the numbers wrap; no bytes are an error.");
	igt_subtest("outside-refused")
		test_outside();

	igt_describe("What NIST SP 800-38A F.5.2 deciphers, whole and in any pieces.");
	igt_subtest("nist-vector-deciphers")
		test_nist(nist_cipher, nist_plain);

	igt_describe("What NIST SP 800-38A F.5.1 enciphers: counter mode is its own inverse.");
	igt_subtest("nist-vector-enciphers")
		test_nist(nist_plain, nist_cipher);

	igt_describe("The counter carries over 64 bits and wraps at 128.");
	igt_subtest("counter-carries")
		test_carry();

	igt_describe("A long stream, from any byte on, is as the kernel's own cipher has it.");
	igt_subtest("long-stream-as-reference") {
		test_long_stream(0);
		test_long_stream((1ull << 36) + 7);
		test_long_stream(0 - (uint64_t)2 * MIB - 1);
	}

	igt_describe("8 MiB are written by one call, from memory that is not mapped yet.");
	igt_subtest("whole-frame")
		test_frame();

	igt_describe("Clear data that cannot all be read is -EFAULT, and goes nowhere else.");
	igt_subtest("unreadable-clear-refused")
		test_unreadable(-1);

	igt_describe("Enciphered data that cannot all be read is -EFAULT, and goes nowhere else.");
	igt_subtest("unreadable-enciphered-refused") {
		int slot = nist_slot(dev, CARVEOUT_NAME);

		test_unreadable(slot);
		igt_assert_eq(secure_key_clear(dev, slot), 0);
	}

	igt_describe("Who is killed while writing ends at once and leaves nothing behind.");
	igt_subtest("killed-while-writing")
		test_killed();

	igt_describe("Unknown flags, and fields that are to be 0 and are not, are -EINVAL.");
	igt_subtest("unknown-flags-refused")
		test_flags();

	igt_describe("A buffer's fd that is not open for writing is -EBADF.");
	igt_subtest("read-only-fd-refused")
		test_read_only();

	igt_describe("A file that is no protected buffer is refused.");
	igt_subtest("foreign-fd-refused")
		test_foreign();

	igt_fixture() {
		close(heap);
		close(dev);
	}
}
