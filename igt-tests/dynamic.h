/* SPDX-License-Identifier: MIT */
/*
 * Dynamic memory, for tests: the CMA counters, and a small heap of our own for what is
 * done often: the less memory, the sooner it is had.
 */
#ifndef VSKMS_DYNAMIC_H
#define VSKMS_DYNAMIC_H

#include <glob.h>

#include "heap.h"
#include "igt.h"

#define SMALL_NAME "test,dynamic"
#define SMALL_HEAP "/dev/dma_heap/" SMALL_NAME
#define SMALL_DIR CONFIGFS_HEAPS SMALL_NAME

static inline int buffer_new(int from, uint64_t len)
{
	int buffer = heap_alloc(from, len);

	igt_assert(buffer >= 0);
	return buffer;
}

/* The sum of a counter over all CMA areas, in pages. */
static inline long long cma_count(const char *counter)
{
	long long sum = 0;
	char path[64], text[32];
	glob_t found;

	snprintf(path, sizeof(path), "/sys/kernel/mm/cma/*/%s", counter);
	igt_assert_eq(glob(path, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		igt_assert(file_read(found.gl_pathv[i], text, sizeof(text)) > 0);
		sum += atoll(text);
	}
	globfree(&found);
	return sum;
}

static inline void small_gone(void)
{
	file_write(SMALL_DIR "/enabled", "0");
	rmdir(SMALL_DIR);
}

/* The small heap, with @size as configfs reads it; its node, which the caller closes. */
static inline int small_new(const char *size)
{
	int small;

	small_gone();	/* left by a subtest that failed */
	igt_assert_eq(mkdir(SMALL_DIR, 0755), 0);
	igt_assert_eq(file_write(SMALL_DIR "/size", size), 0);
	igt_assert_eq(file_write(SMALL_DIR "/enabled", "1"), 0);
	for (int i = 0; (small = heap_open(SMALL_HEAP)) == -ENOENT && i < 100; i++)
		usleep(20000);	/* devtmpfs makes the node a moment later */
	igt_assert(small >= 0);
	return small;
}

#endif
