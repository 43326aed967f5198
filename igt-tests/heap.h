/* SPDX-License-Identifier: MIT */
/*
 * Protected buffers, for tests: allocating them, /dev/secure_heap, a heap's files, and
 * the trusted device of modules/bus_probe.c. What fails returns a negative errno.
 */
#ifndef VSKMS_HEAP_H
#define VSKMS_HEAP_H

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <secure_heap.h>	/* include/uapi */

#include "modules/bus_probe.h"

#define CARVEOUT_NAME "protected,secure-video"
#define CARVEOUT_HEAP "/dev/dma_heap/" CARVEOUT_NAME
#define CARVEOUT_SIZE (128ull << 20)	/* what tools/vm reserves */
#define DYNAMIC_NAME "protected,secure-video-dynamic"
#define DYNAMIC_HEAP "/dev/dma_heap/" DYNAMIC_NAME
#define DYNAMIC_SIZE (127ull << 20)	/* the guest's CMA area less 1 MiB */
#define SYSTEM_HEAP "/dev/dma_heap/system"

/* A heap's name follows the first two, the name of a file the other two. */
#define SYSFS_HEAPS "/sys/class/secure_heap/"
#define CONFIGFS_HEAPS "/sys/kernel/config/secure_heap/"
#define DEBUGFS_HEAPS "/sys/kernel/debug/secure_heap/"
#define TRACE_EVENTS "/sys/kernel/tracing/events/secure_heap/"

static inline int heap_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A dma-buf of @len bytes: its file descriptor, which the caller closes. */
static inline int heap_alloc(int heap, uint64_t len)
{
	struct dma_heap_allocation_data data = {
		.len = len,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	return ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -errno : (int)data.fd;
}

static inline int secure_open(void)
{
	int fd = open("/dev/secure_heap", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int secure_query(int dev, int fd, struct secure_heap_query *query)
{
	*query = (struct secure_heap_query){ .fd = fd };
	return ioctl(dev, SECURE_HEAP_IOCTL_QUERY, query) ? -errno : 0;
}

/* Writes clear data. */
static inline int secure_inject(int dev, int fd, uint64_t offset, uint64_t len, const void *data)
{
	struct secure_heap_inject inject = {
		.fd = fd,
		.offset = offset,
		.len = len,
		.data = (uintptr_t)data,
	};

	return ioctl(dev, SECURE_HEAP_IOCTL_INJECT, &inject) ? -errno : 0;
}

/* Writes what AES-CTR makes of @data, with the key in @slot. */
static inline int secure_inject_ctr(int dev, int fd, uint64_t offset, uint64_t len,
				    const void *data, uint32_t slot, const unsigned char iv[16],
				    uint64_t position)
{
	struct secure_heap_inject inject = {
		.fd = fd,
		.flags = SECURE_HEAP_INJECT_AES_CTR,
		.offset = offset,
		.len = len,
		.data = (uintptr_t)data,
		.key = slot,
		.position = position,
	};

	memcpy(inject.iv, iv, sizeof(inject.iv));
	return ioctl(dev, SECURE_HEAP_IOCTL_INJECT, &inject) ? -errno : 0;
}

/* The slot that the key is in now. */
static inline int secure_key(int dev, const char *heap, uint32_t slot, const void *key)
{
	struct secure_heap_key data = { .slot = slot };

	strncpy(data.heap, heap, sizeof(data.heap) - 1);
	memcpy(data.key, key, sizeof(data.key));
	return ioctl(dev, SECURE_HEAP_IOCTL_KEY, &data) ? -errno : (int)data.slot;
}

static inline int secure_key_clear(int dev, uint32_t slot)
{
	struct secure_heap_key data = { .slot = slot, .flags = SECURE_HEAP_KEY_CLEAR };

	return ioctl(dev, SECURE_HEAP_IOCTL_KEY, &data) ? -errno : 0;
}

/* @request: SECURE_HEAP_IOCTL_REVOKE or RESTORE; @generation may be NULL. */
static inline int secure_session(int dev, unsigned long request, const char *heap,
				 uint64_t *generation)
{
	struct secure_heap_session session = {};

	strncpy(session.heap, heap, sizeof(session.heap) - 1);
	if (ioctl(dev, request, &session))
		return -errno;
	if (generation)
		*generation = session.generation;
	return 0;
}

static inline int secure_revoke(int dev, const char *heap)
{
	return secure_session(dev, SECURE_HEAP_IOCTL_REVOKE, heap, NULL);
}

static inline int secure_restore(int dev, const char *heap)
{
	return secure_session(dev, SECURE_HEAP_IOCTL_RESTORE, heap, NULL);
}

/*
 * The file's text, with a 0 after it and without its last newline. Returns its
 * length; what does not fit is cut off.
 */
static inline int file_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1 && (got = read(fd, buf + len, size - 1 - len)) > 0)
		len += got;
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0)
		return got;
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = 0;
	return len;
}

/* In one write, as these files want it. */
static inline int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The number at the head of @line if "@a @b " comes before it, else -1. */
static inline long long ledger_number(const char *line, const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);

	if (strncmp(line, a, la) || line[la] != ' ' || strncmp(line + la + 1, b, lb) ||
	    line[la + 1 + lb] != ' ')
		return -1;
	return strtoll(line + la + lb + 2, NULL, 10);
}

static inline long long ledger_find(const char *a, const char *b)
{
	FILE *file = fopen(DEBUGFS_HEAPS "ledger", "re");
	long long found = -1;
	char line[256];

	while (file && found < 0 && fgets(line, sizeof(line), file))
		found = ledger_number(line, a, b);
	if (file)
		fclose(file);
	return found;
}

/* How much of @gauge is held: @account is a heap's name or "total". -1 if unknown. */
static inline long long ledger_now(const char *account, const char *gauge)
{
	return ledger_find(account, gauge);
}

/* How often it was refused; -1 if unknown. */
static inline long long ledger_refused(const char *account, const char *kind)
{
	char refused[64];

	snprintf(refused, sizeof(refused), "refused %s", kind);
	return ledger_find(account, refused);
}

/* Gauges that went wrong; to be 0. -1 if unknown. */
static inline long long ledger_imbalances(void)
{
	char text[16384], *last;

	if (file_read(DEBUGFS_HEAPS "ledger", text, sizeof(text)) <= 0)
		return -1;
	last = strrchr(text, '\n');
	last = last ? last + 1 : text;
	return strncmp(last, "imbalances ", 11) ? -1 : strtoll(last + 11, NULL, 10);
}

/*
 * How much of @gauge is held of all heaps, once it is @wanted or 5 s have passed. A display
 * lets go of its last buffers a little after it was told to, and the kernel frees what a
 * worker lets go of a tick later still. -1 if unknown.
 */
static inline long long ledger_settled(const char *gauge, long long wanted)
{
	long long now = ledger_now("total", gauge);

	for (int i = 0; i < 100 && now != wanted; i++) {
		usleep(50000);
		now = ledger_now("total", gauge);
	}
	return now;
}

/*
 * What is still held of all heaps, and what went wrong, when nobody should hold anything.
 * -EIO if it is unknown.
 */
static inline long long ledger_left(void)
{
	static const char *const gauges[] = { "buffers", "attachments", "mappings", "windows" };
	long long left = 0, imbalances;

	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
		long long now = ledger_settled(gauges[i], 0);

		if (now < 0)
			return -EIO;
		left += now;
	}
	imbalances = ledger_imbalances();
	return imbalances < 0 ? -EIO : left + imbalances;
}

/* Lists a device in a heap's policy, for reading and writing. */
static inline int device_list(const char *heap, const char *device)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS "%s/devices/%s", heap, device);
	return mkdir(path, 0755) ? -errno : 0;
}

static inline int device_delist(const char *heap, const char *device)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS "%s/devices/%s", heap, device);
	return rmdir(path) ? -errno : 0;
}

/* One of strict, tee, mtk, tegra, chromeos, for the buffers allocated from then on. */
static inline int profile_set(const char *heap, const char *profile)
{
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS "%s/profile", heap);
	return file_write(path, profile);
}

/* Mounts what of configfs, debugfs and tracefs is not. */
static inline int mounts(void)
{
	static const char *const types[][2] = {
		{ "configfs", "/sys/kernel/config" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (mount("none", types[i][1], types[i][0], 0, NULL) && errno != EBUSY)
			return -errno;
	return 0;
}

/*
 * A trusted device that has @buffer mapped for both ways, as PRIME maps, and may do
 * @access, of BUS_PROBE_*: its file descriptor, which the caller closes.
 */
static inline int master_new(int buffer, uint32_t access)
{
	uint32_t both = BUS_PROBE_READ | BUS_PROBE_WRITE;
	int master = open("/dev/bus_probe", O_RDWR | O_CLOEXEC);
	int ret;

	if (master < 0)
		return -errno;
	if (!ioctl(master, BUS_PROBE_TRUST, &access) &&
	    !ioctl(master, BUS_PROBE_ATTACH, &buffer) && !ioctl(master, BUS_PROBE_MAP, &both))
		return master;
	ret = -errno;
	close(master);
	return ret;
}

/* At most 1 MiB. */
static inline int master_load(int master, uint64_t offset, uint64_t len, void *data)
{
	struct bus_probe_io io = { .offset = offset, .len = len, .data = (uintptr_t)data };

	return ioctl(master, BUS_PROBE_LOAD, &io) ? -errno : 0;
}

static inline int master_store(int master, uint64_t offset, uint64_t len, const void *data)
{
	struct bus_probe_io io = { .offset = offset, .len = len, .data = (uintptr_t)data };

	return ioctl(master, BUS_PROBE_STORE, &io) ? -errno : 0;
}

#endif
