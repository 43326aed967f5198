// SPDX-License-Identifier: MIT
/*
 * poll() and read() on /dev/secure_heap: how an application learns that a heap was
 * revoked or restored.
 */

#include <poll.h>
#include <pthread.h>
#include <time.h>

#include "heap.h"
#include "igt.h"

static int dev;

static void cycle(void)
{
	igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
}

static bool readable(int file)
{
	struct pollfd poller = { .fd = file, .events = POLLIN };

	return poll(&poller, 1, 0) == 1 && poller.revents == POLLIN;
}

/* A file of its own, which no event has come to. */
static int watch_new(void)
{
	int watch = secure_open();

	igt_assert(watch >= 0);
	igt_assert_eq(fcntl(watch, F_SETFL, O_NONBLOCK), 0);
	igt_assert(!readable(watch));
	return watch;
}

static long long events(int watch)
{
	uint64_t count[2] = { 0, 42 };
	int ret = read(watch, count, sizeof(count));

	if (ret < 0)
		return -errno;
	igt_assert_eq(ret, 8);
	igt_assert_eq(count[1], 42);
	return count[0];
}

static void test_counted(void)
{
	int watch = watch_new(), other = watch_new(), late;

	igt_assert_eq(events(watch), -EAGAIN);
	cycle();
	late = watch_new();	/* what was before it was opened does not count */
	igt_assert(readable(watch));
	igt_assert_eq(events(watch), 2);
	igt_assert(!readable(watch));
	igt_assert_eq(events(watch), -EAGAIN);
	igt_assert_eq(events(late), -EAGAIN);

	/* What failed does not; the other heap does. */
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), -EALREADY);
	igt_assert_eq(secure_revoke(dev, "nothing"), -ENOENT);
	igt_assert(!readable(watch));
	igt_assert_eq(secure_revoke(dev, DYNAMIC_NAME), 0);
	igt_assert(readable(watch));
	igt_assert_eq(events(watch), 1);
	igt_assert_eq(secure_restore(dev, DYNAMIC_NAME), 0);
	igt_assert_eq(events(watch), 1);
	igt_assert_eq(events(late), 2);
	igt_assert_eq(events(other), 4);
	close(watch);
	close(other);
	close(late);
}

static void test_short_read(void)
{
	int watch = watch_new();
	uint64_t count;

	igt_assert_eq(read(watch, &count, 7), -1);
	igt_assert_eq(errno, EINVAL);
	cycle();
	for (int i = 1; i < 8; i++) {
		igt_assert_eq(read(watch, &count, i), -1);
		igt_assert_eq(errno, EINVAL);
	}
	/* Nothing is lost by it. */
	igt_assert_eq(events(watch), 2);
	close(watch);
}

static void *wait_polling(void *arg)
{
	struct pollfd poller = { .fd = *(int *)arg, .events = POLLIN };

	return (void *)(intptr_t)(poll(&poller, 1, 10000) == 1 && poller.revents == POLLIN);
}

static void *wait_reading(void *arg)
{
	uint64_t count = 0;

	return (void *)(intptr_t)(read(*(int *)arg, &count, 8) == 8 && count == 1);
}

static void test_wakes(void *(*waiter)(void *))
{
	static int watch;	/* if it is not woken it outlives this */
	struct timespec until;
	pthread_t thread;
	void *woken;

	watch = secure_open();
	igt_assert(watch >= 0);
	igt_assert_eq(pthread_create(&thread, NULL, waiter, &watch), 0);
	usleep(200000);
	igt_assert_eq(pthread_tryjoin_np(thread, &woken), EBUSY);
	igt_assert_eq(secure_revoke(dev, CARVEOUT_NAME), 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;	/* before poll's own time is over */
	igt_assert_eq(pthread_timedjoin_np(thread, &woken, &until), 0);
	igt_assert_eq((intptr_t)woken, 1);
	igt_assert_eq(secure_restore(dev, CARVEOUT_NAME), 0);
	close(watch);
}

igt_main()
{
	igt_fixture() {
		dev = secure_open();
		igt_require(dev >= 0);
	}

	igt_describe("Each open file reads how often a heap was revoked or restored.");
	igt_subtest("events-counted")
		test_counted();

	igt_describe("A read of less than 8 bytes is refused and takes no event.");
	igt_subtest("short-read-refused")
		test_short_read();

	igt_describe("poll() waits for the event and is woken by it.");
	igt_subtest("poll-wakes")
		test_wakes(wait_polling);

	igt_describe("read() waits for the event and is woken by it.");
	igt_subtest("read-wakes")
		test_wakes(wait_reading);

	igt_fixture() {
		secure_restore(dev, CARVEOUT_NAME);	/* if a subtest failed in between */
		secure_restore(dev, DYNAMIC_NAME);
		close(dev);
	}
}
