// SPDX-License-Identifier: MIT
/*
 * Windows open while others unmap, revoke, delist, remove, free and die. A spy tries
 * every grant that it hears of, while the grant lives and long after. What it may read is
 * the bytes of the one client whose grant that is, or zeros before that client has
 * written: another client's byte would be a window that outlived its grant.
 */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "probe.h"

#define SIZE 16384
#define BOTH (BUS_PROBE_READ | BUS_PROBE_WRITE)
#define SECONDS 1.5

/* A heap that comes and goes. */
#define OURS "test,race"
#define OURS_DIR CONFIGFS_HEAPS OURS

#define SLOTS 64

/* What all threads and processes share. */
struct arena {
	const char *heap;
	bool listed;			/* clients are listed and not registered */
	bool may_vanish;		/* the heap may be removed */
	atomic_bool stop;
	atomic_ullong grants[SLOTS];	/* the newest: a grant's id * 256 + its owner */
	atomic_uint next;
	atomic_ulong lives, loads, refused, wrong, errors;
	atomic_long error;		/* the last that may not be */
};

static struct arena *arena;
static int dev, node;	/* node: of the heap */

static void wrong_error(int error)
{
	atomic_fetch_add(&arena->errors, 1);
	atomic_store(&arena->error, error);
}

/* An end that a client may meet at any step. */
static bool refused(int ret)
{
	if (ret >= 0)
		return false;
	atomic_fetch_add(&arena->refused, 1);
	if (ret != -EACCES && ret != -EIO && !(ret == -ENODEV && arena->may_vanish))
		wrong_error(ret);
	return true;
}

static void check(const unsigned char *data, unsigned char owner)
{
	for (int i = 0; i < SIZE; i++)
		if (data[i] && data[i] != owner) {
			atomic_fetch_add(&arena->wrong, 1);
			return;
		}
	atomic_fetch_add(&arena->loads, 1);
}

/* One life of a client on its device @probe, which is admitted already. */
static void client_life(int probe, unsigned char owner)
{
	unsigned char data[SIZE];
	unsigned long long grant;
	int buffer = heap_alloc(node, SIZE);

	if (refused(buffer))
		return;
	if (!refused(probe_word(probe, BUS_PROBE_ATTACH, buffer))) {
		/* Its file is closed under the mapping's feet. */
		close(buffer);
		buffer = -1;
		if (!refused(probe_word(probe, BUS_PROBE_MAP, BOTH))) {
			ioctl(probe, BUS_PROBE_GRANT, &grant);
			atomic_store(&arena->grants[atomic_fetch_add(&arena->next, 1) % SLOTS],
				     grant * 256 + owner);
			memset(data, owner, sizeof(data));
			for (int i = 0; i < 4; i++)
				if (refused(master_store(probe, 0, SIZE, data)))
					break;
			for (int i = 0; i < 4; i++) {
				if (refused(master_load(probe, 0, SIZE, data)))
					break;
				check(data, owner);
			}
			ioctl(probe, BUS_PROBE_UNMAP);
		}
		ioctl(probe, BUS_PROBE_DETACH);
	}
	if (buffer >= 0)
		close(buffer);
	atomic_fetch_add(&arena->lives, 1);
}

/* A device that is admitted: registered, or listed by who disturbs. */
static int client_device(struct bus_probe_name *name)
{
	int probe = open("/dev/bus_probe", O_RDWR | O_CLOEXEC);

	if (probe < 0 || ioctl(probe, BUS_PROBE_NAME, name))
		wrong_error(-errno);
	if (!arena->listed && probe_word(probe, BUS_PROBE_TRUST, BOTH))
		wrong_error(-errno);
	return probe;
}

struct client {
	pthread_t thread;
	unsigned char owner;
	int probe;
	struct bus_probe_name name;
};

static void *client_thread(void *arg)
{
	struct client *client = arg;

	while (!arena->stop)
		client_life(client->probe, client->owner);
	return NULL;
}

static void *spy_thread(void *arg)
{
	int probe = *(int *)arg;
	unsigned int seed = probe;
	unsigned char data[SIZE];

	while (!arena->stop) {
		/* Mostly the newest, which may be ending just now. */
		unsigned int back = rand_r(&seed) % 2 ? 1 : rand_r(&seed) % SLOTS;
		unsigned long long entry = arena->grants[(arena->next - back) % SLOTS];
		unsigned long long grant = entry / 256;
		int ret;

		if (!grant)
			continue;
		ioctl(probe, BUS_PROBE_AIM, &grant);
		ret = master_load(probe, 0, SIZE, data);
		if (!refused(ret))
			check(data, entry % 256);
		ret = master_load(probe, SIZE - 1, 2, data);
		if (ret != -ERANGE)
			refused(ret ?: -EINVAL);
	}
	return NULL;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Was it a race? Each of them did get on, and each got in another's way. */
static bool raced(unsigned long disturbed)
{
	return disturbed >= 3 && arena->lives >= 10 && arena->loads >= 10 && arena->refused >= 3;
}

/* Runs clients and a spy, and @disturb in a loop, for a while; then all must be zero. */
static void race(const char *heap, void (*disturb)(struct client *client))
{
	struct client clients[2] = {};
	pthread_t spy;
	int spy_probe = open("/dev/bus_probe", O_RDWR | O_CLOEXEC);
	double end = now() + SECONDS;
	unsigned long disturbed = 0;
	char path[128];

	snprintf(path, sizeof(path), "/dev/dma_heap/%s", heap);
	arena->heap = heap;
	node = heap_open(path);
	arena->stop = false;
	arena->lives = 0;
	arena->loads = 0;
	arena->refused = 0;
	arena->wrong = 0;
	arena->errors = 0;
	for (int i = 0; i < SLOTS; i++)
		arena->grants[i] = 0;
	igt_assert(node >= 0 && spy_probe >= 0);

	for (int i = 0; i < 2; i++) {
		clients[i].owner = 0x11 * (i + 1);
		clients[i].probe = client_device(&clients[i].name);
		if (arena->listed)
			igt_assert_eq(device_list(heap, clients[i].name.name), 0);
	}
	for (int i = 0; i < 2; i++)
		igt_assert_eq(pthread_create(&clients[i].thread, NULL, client_thread, &clients[i]), 0);
	igt_assert_eq(pthread_create(&spy, NULL, spy_thread, &spy_probe), 0);
	/* For a while, and where all is slow until there was something to see. */
	while (now() < end || (!raced(disturbed) && now() < end + 30)) {
		disturb(&clients[disturbed % 2]);
		disturbed++;
	}
	arena->stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(clients[i].thread, NULL);
	pthread_join(spy, NULL);

	for (int i = 0; i < 2; i++) {
		if (arena->listed)
			device_delist(heap, clients[i].name.name);
		close(clients[i].probe);
	}
	close(spy_probe);
	close(node);

	igt_assert_eq(arena->wrong, 0);
	if (arena->errors)
		igt_assert_eq(arena->error, 0);
	igt_assert(raced(disturbed));
	igt_assert_eq(ledger_now("total", "buffers"), 0);
	igt_assert_eq(ledger_now("total", "bytes"), 0);
	igt_assert_eq(ledger_now("total", "attachments"), 0);
	igt_assert_eq(ledger_now("total", "mappings"), 0);
	igt_assert_eq(ledger_now("total", "windows"), 0);
	igt_assert_eq(ledger_imbalances(), 0);
}

/* Another device maps, holds a window and unmaps, of memory of its own. */
static void disturb_unmap(struct client *client)
{
	struct bus_probe_window window = { .len = SIZE, .access = BOTH };
	int buffer = heap_alloc(node, SIZE), master = master_new(buffer, BOTH);
	unsigned char data[SIZE];

	(void)client;
	close(buffer);
	memset(data, 0x77, sizeof(data));
	if (master < 0 || master_store(master, 0, SIZE, data) ||
	    ioctl(master, BUS_PROBE_HOLD, &window))
		wrong_error(-errno);
	usleep(1000);
	close(master);
}

static void disturb_trust(struct client *client)
{
	usleep(2000);
	if (ioctl(client->probe, BUS_PROBE_DISTRUST))
		wrong_error(-errno);
	usleep(1000);
	if (probe_word(client->probe, BUS_PROBE_TRUST, BOTH))
		wrong_error(-errno);
}

static void disturb_session(struct client *client)
{
	int ret;

	(void)client;
	usleep(3000);
	ret = secure_revoke(dev, arena->heap);
	if (ret)
		wrong_error(ret);
	usleep(1000);
	ret = secure_restore(dev, arena->heap);
	if (ret)
		wrong_error(ret);
}

static void disturb_listing(struct client *client)
{
	int ret;

	usleep(3000);
	ret = device_delist(arena->heap, client->name.name);
	if (ret)
		wrong_error(ret);
	usleep(1000);
	ret = device_list(arena->heap, client->name.name);
	if (ret)
		wrong_error(ret);
}

static void disturb_access(struct client *client)
{
	static const char *const words[] = { "none", "write", "read", "read-write" };
	char path[256];

	snprintf(path, sizeof(path), CONFIGFS_HEAPS "%s/devices/%s/access", arena->heap,
		 client->name.name);
	for (int i = 0; i < 4; i++) {
		int ret = file_write(path, words[i]);

		if (ret)
			wrong_error(ret);
		usleep(1000);
	}
}

static void disturb_heap(struct client *client)
{
	int ret;

	(void)client;
	usleep(5000);
	ret = file_write(OURS_DIR "/enabled", "0");
	if (!ret)
		ret = file_write(OURS_DIR "/enabled", "1");
	if (ret)
		wrong_error(ret);
}

/* A process that was started before all threads, so it holds nothing of theirs. */
static int nursery;

static void disturb_kill(struct client *client)
{
	char byte;

	(void)client;
	if (write(nursery, "", 1) != 1 || read(nursery, &byte, 1) != 1 || byte)
		wrong_error(-ECHILD);
}

/* For each byte that comes: a child that lives as clients do, until it is killed. */
static void nurse(int channel)
{
	unsigned char owner = 0x80, byte;
	unsigned int seed = 1;

	while (read(channel, &byte, 1) == 1) {
		pid_t child = fork();
		int status;

		if (!child) {
			struct bus_probe_name name;
			int probe = client_device(&name);

			close(channel);
			for (;;)
				client_life(probe, owner);
		}
		owner = 0x80 + (owner + 1) % 0x80;
		usleep(4000 + rand_r(&seed) % 8000);
		kill(child, SIGKILL);
		byte = waitpid(child, &status, 0) != child || !WIFSIGNALED(status);
		if (write(channel, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

static void test_kill(void)
{
	int channel[2];
	pid_t nurse_pid;

	/* Before there are threads, and with a node for the children. */
	igt_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), 0);
	node = heap_open(CARVEOUT_HEAP);
	igt_assert(node >= 0);
	nurse_pid = fork();
	if (!nurse_pid) {
		close(channel[0]);
		nurse(channel[1]);
	}
	close(channel[1]);
	close(node);
	nursery = channel[0];
	race(CARVEOUT_NAME, disturb_kill);
	close(nursery);
	igt_assert_eq(waitpid(nurse_pid, NULL, 0), nurse_pid);
}

static void test_heap(void)
{
	file_write(OURS_DIR "/enabled", "0");	/* left by a run that failed */
	rmdir(OURS_DIR);
	igt_assert_eq(mkdir(OURS_DIR, 0755), 0);
	igt_assert_eq(file_write(OURS_DIR "/size", "4M"), 0);
	igt_assert_eq(file_write(OURS_DIR "/enabled", "1"), 0);
	for (int i = 0; access("/dev/dma_heap/" OURS, F_OK) && i < 100; i++)
		usleep(20000);	/* devtmpfs makes the node a moment later */
	arena->may_vanish = true;
	race(OURS, disturb_heap);
	arena->may_vanish = false;
	igt_assert_eq(rmdir(OURS_DIR), 0);
}

static void test_listed(void (*disturb)(struct client *client))
{
	arena->listed = true;
	race(CARVEOUT_NAME, disturb);
	arena->listed = false;
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		dev = secure_open();
		igt_require(dev >= 0);
		igt_require(access("/dev/bus_probe", R_OK) == 0);
		arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		igt_assert(arena != MAP_FAILED);
	}

	igt_describe("While others map, hold windows and unmap.");
	igt_subtest("unmap")
		race(CARVEOUT_NAME, disturb_unmap);

	igt_describe("While masters are unregistered and registered again.");
	igt_subtest("unregister")
		race(CARVEOUT_NAME, disturb_trust);

	igt_describe("While the heap is revoked and restored.");
	igt_subtest("revoke")
		race(CARVEOUT_NAME, disturb_session);

	igt_describe("While devices are delisted and listed again.");
	igt_subtest("delist")
		test_listed(disturb_listing);

	igt_describe("While what devices may do changes.");
	igt_subtest("change-access")
		test_listed(disturb_access);

	igt_describe("While the heap is disabled and enabled again, its memory taken and returned.");
	igt_subtest("disable")
		test_heap();

	igt_describe("While processes that hold buffers are killed.");
	igt_subtest("kill")
		test_kill();

	igt_fixture() {
		close(dev);
		munmap(arena, sizeof(*arena));
	}
}
