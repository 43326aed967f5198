/* SPDX-License-Identifier: MIT */
/*
 * What /proc/kcore shows of memory, for tests: where a buffer is, a pattern to look for,
 * and whether it is to be seen.
 */
#ifndef VSKMS_KCORE_H
#define VSKMS_KCORE_H

#include <elf.h>

#include "heap.h"
#include "igt.h"

#define MIB (1ull << 20)
#define PAGE 4096ull
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)

/* Without it the heap leaves the kernel's linear map as it is. */
#define LINEAR_MAP "/sys/module/secure_heap/parameters/linear_map"

/* Where a buffer begins. There is no IOMMU: a DMA address is a physical one. */
static inline uint64_t address_of(int buffer)
{
	int probe = open("/dev/bus_probe", O_RDWR | O_CLOEXEC);
	struct bus_probe_mapping mapping;
	uint32_t access = BOTH;

	igt_assert(probe >= 0);
	ioctl(probe, BUS_PROBE_TRUST, &access);
	igt_assert_eq(ioctl(probe, BUS_PROBE_ATTACH, &buffer), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_MAP, &access), 0);
	igt_assert_eq(ioctl(probe, BUS_PROBE_MAPPING, &mapping), 0);
	close(probe);
	return mapping.address;
}

/*
 * Bytes to look for. Only their complement is in the program's file and data, and clear
 * they are in one buffer, which is wiped after use.
 */
static unsigned char clear[64 * PAGE];

static inline unsigned char clear_byte(size_t i)
{
	static const unsigned char inverted[16] = {
		0x91, 0x2c, 0xd3, 0x4e, 0x05, 0xba, 0x77, 0xe8,
		0x3f, 0xc0, 0x6d, 0x12, 0xa9, 0x56, 0xfb, 0x84,
	};

	return ~inverted[i % 16];
}

static inline void clear_set(void)
{
	for (size_t i = 0; i < sizeof(clear); i++)
		clear[i] = clear_byte(i);
}

static inline void clear_wipe(void)
{
	explicit_bzero(clear, sizeof(clear));
}

static inline bool is_clear(const unsigned char *at)
{
	for (size_t i = 0; i < 16; i++)
		if (at[i] != clear_byte(i))
			return false;
	return true;
}

/* Where /proc/kcore has an address, virtual or (in the linear map) physical; -1 if not. */
static inline off_t kcore_find(int kcore, uint64_t address, bool physical)
{
	Elf64_Phdr headers[64];
	Elf64_Ehdr elf;

	igt_assert_eq(pread(kcore, &elf, sizeof(elf), 0), sizeof(elf));
	igt_assert(elf.e_phnum <= 64 && elf.e_phentsize == sizeof(headers[0]));
	igt_assert(pread(kcore, headers, elf.e_phnum * sizeof(headers[0]), elf.e_phoff) ==
		   (ssize_t)(elf.e_phnum * sizeof(headers[0])));
	for (int i = 0; i < elf.e_phnum; i++) {
		uint64_t start = physical ? headers[i].p_paddr : headers[i].p_vaddr;

		if (headers[i].p_type == PT_LOAD && address >= start &&
		    address - start < headers[i].p_memsz)
			return headers[i].p_offset + (address - start);
	}
	return -1;
}

struct sight {
	size_t read, nonzero;	/* bytes */
	bool clear;
};

/* What /proc/kcore shows of a range; bytes that it does not want to read are not read. */
static inline struct sight kcore_sight(int kcore, uint64_t address, uint64_t len, bool physical)
{
	static unsigned char data[MIB];
	off_t offset = kcore_find(kcore, address, physical);
	struct sight sight = {};

	for (uint64_t at = 0; offset >= 0 && at < len; at += MIB) {
		ssize_t got = pread(kcore, data, len - at < MIB ? len - at : MIB, offset + at);

		for (ssize_t i = 0; i < got; i++)
			sight.nonzero += !!data[i];
		for (ssize_t i = 0; i + 16 <= got; i += 16)
			sight.clear |= is_clear(data + i);
		sight.read += got > 0 ? got : 0;
	}
	return sight;
}

#endif
