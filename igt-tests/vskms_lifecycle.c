// SPDX-License-Identifier: MIT
/*
 * Devices and the module that go away, and those that must not: under a file, a flip, a
 * CRC reader, a writeback, an exported buffer, a killed master. After each nothing of the
 * heap's is held.
 */

#include <drm/vgem_drm.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "igt.h"
#include "kms.h"
#include "tree.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT
#define SIZE 64

#define A "test-a"
#define RELOADS 20
#define TOGGLES 20

static int heap;

static int unload(void)
{
	return syscall(SYS_delete_module, "vskms", O_NONBLOCK) ? -errno : 0;
}

/* A device by configfs, with an overlay, enabled. */
static void make_device(void)
{
	igt_assert_eq(tree_destroy(A), 0);
	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_output(A, 0, true), 0);
	igt_assert_eq(tree_object(A, "planes/over", "0", "crtcs/0", NULL), 0);
	igt_assert_eq(tree_enable(A, true), 0);
}

/* A screen with something protected on it; 0 if it is on. */
static int light(struct kms *kms, struct kms_fb *screen, struct kms_fb *small)
{
	static uint32_t pixels[W * H];
	int ret;

	kms_fill(pixels, W * H, 0);
	ret = kms_fb_ordinary(kms, screen, DRM_FORMAT_XRGB8888, W, H, pixels);
	if (!ret)
		ret = kms_modeset(kms, screen);
	if (!ret)
		ret = kms_fb_protected(kms, small, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE, pixels);
	if (!ret)
		ret = kms_show(kms, kms->overlay[0], small, KMS_AT(9, 9), 0);
	return ret;
}

static int crc_open(const struct kms *kms)
{
	struct stat card;
	char path[64];

	if (fstat(kms->fd, &card))
		return -errno;
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/crtc-%d/crc/data",
		 minor(card.st_rdev), kms->index);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Runs @work in a process of its own, which dies with this one. */
static pid_t in_child(void (*work)(int ready), int *ready)
{
	int pipes[2];
	pid_t pid;

	igt_assert_eq(pipe(pipes), 0);
	pid = fork();
	igt_assert(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pipes[0]);
		work(pipes[1]);
		_exit(0);
	}
	close(pipes[1]);
	*ready = pipes[0];
	return pid;
}

/* Waits until the child says that it has begun. */
static void wait_ready(int ready)
{
	struct pollfd pipe = { .fd = ready, .events = POLLIN };
	char byte;

	igt_assert_eq(poll(&pipe, 1, 30000), 1);
	igt_assert_eq(read(ready, &byte, 1), 1);
	close(ready);
}

static int exit_status(pid_t pid)
{
	int status = -1;

	for (int i = 0; i < 600; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		usleep(50000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -ETIMEDOUT;
}

/* Flips as fast as it can for as long as it can, and exits with what ended that. */
static void flip_on(struct kms *kms, struct kms_fb *screen, int ready)
{
	struct pollfd events = { .fd = kms->fd, .events = POLLIN };
	char buffer[256];

	for (int i = 0; ; i++) {
		/* Busy is one that goes off just now. */
		while (drmModePageFlip(kms->fd, kms->crtc, screen->id, DRM_MODE_PAGE_FLIP_EVENT,
				       NULL)) {
			if (errno != EBUSY)
				_exit(errno);
			usleep(1000);
		}
		if (i == 3 && write(ready, "r", 1) != 1)
			_exit(EPIPE);
		/* The flip that is in flight completes, come what may. */
		if (poll(&events, 1, 10000) != 1 || read(kms->fd, buffer, sizeof(buffer)) <= 0)
			_exit(ETIMEDOUT);
	}
}

static void flip_device(int ready)
{
	struct kms_fb screen, small;
	struct kms kms;

	if (kms_find(&kms, kms_card_of(A), 0) || light(&kms, &screen, &small))
		_exit(EIO);
	flip_on(&kms, &screen, ready);
}

static void flip_default(int ready)
{
	struct kms_fb screen, small;
	struct kms kms;

	if (kms_open(&kms) || light(&kms, &screen, &small))
		_exit(EIO);
	flip_on(&kms, &screen, ready);
}

/* The module */

static void test_unload_refused(void)
{
	struct kms_fb screen, small;
	struct kms kms;
	int crc, export;

	igt_assert_eq(kms_open(&kms), 0);
	igt_assert_eq(unload(), -EAGAIN);
	igt_assert_eq(light(&kms, &screen, &small), 0);
	crc = crc_open(&kms);
	igt_assert(crc >= 0);
	igt_assert_eq(drmPrimeHandleToFD(kms.fd, screen.handle[0], DRM_CLOEXEC, &export), 0);
	kms_fb_free(&kms, &small);
	kms_close(&kms);
	/* A CRC reader keeps it, and who has a buffer of ours, also alone. */
	igt_assert_eq(unload(), -EAGAIN);
	close(crc);
	igt_assert_eq(unload(), -EAGAIN);
	close(export);

	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(unload(), -EAGAIN);
	igt_assert_eq(tree_destroy(A), 0);
	igt_assert_eq(kms_reload(""), 0);
	igt_assert_eq(ledger_left(), 0);
}

static void test_reload(void)
{
	static const char *const parameters[] = {
		"", "crtcs=16 overlays=0", "overlays=8 writeback=0", "fbdev=1", "create_default_dev=0",
	};
	struct kms_fb screen, small;
	struct kms kms;

	for (int i = 0; i < RELOADS; i++) {
		igt_assert_eq(kms_reload(parameters[i % 5]), 0);
		if (i % 5)
			continue;
		igt_assert_eq(kms_open(&kms), 0);
		igt_assert_eq(light(&kms, &screen, &small), 0);
		kms_fb_free(&kms, &small);
		kms_close(&kms);
	}
	igt_assert_eq(kms_card(), -ENODEV);
	igt_assert_eq(kms_reload(""), 0);
	igt_assert_eq(ledger_left(), 0);
}

/* Impossible parameters leave nothing behind. */
static void test_bad_parameters(void)
{
	static const char *const parameters[] = {
		"crtcs=0", "crtcs=17", "crtcs=9", "overlays=9", "mode=640", "mode=8193x1",
	};

	igt_assert_eq(unload(), 0);
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		char command[128];

		snprintf(command, sizeof(command), "modprobe vskms %s 2>/dev/null", parameters[i]);
		igt_assert(system(command));
		igt_assert(access("/sys/devices/faux/vskms", F_OK));
	}
	igt_assert_eq(system("modprobe vskms"), 0);
}

static bool has_framebuffer_device(void)
{
	return !system("ls -d /sys/devices/faux/vskms/graphics/fb* >/dev/null 2>&1");
}

/* And with it the module comes and goes as well as without. */
static void test_fbdev(void)
{
	igt_require(access("/sys/class/graphics", F_OK) == 0);	/* the kernel has them */
	igt_assert_eq(kms_reload(""), 0);
	igt_assert(!has_framebuffer_device());
	igt_assert_eq(kms_reload("fbdev=1"), 0);
	igt_assert(has_framebuffer_device());
	igt_assert_eq(kms_reload(""), 0);
	igt_assert(!has_framebuffer_device());
}

/* A device that goes */

static void test_disabled_while_shown(void)
{
	struct kms_fb screen, small;
	struct drm_mode_create_dumb create = { .width = 64, .height = 64, .bpp = 32 };
	struct kms kms;
	int export;

	make_device();
	igt_assert_eq(kms_find(&kms, kms_card_of(A), 0), 0);
	igt_assert_eq(light(&kms, &screen, &small), 0);
	igt_assert_eq(drmPrimeHandleToFD(kms.fd, small.handle[0], DRM_CLOEXEC, &export), 0);

	igt_assert_eq(tree_enable(A, false), 0);
	igt_assert_eq(kms_card_of(A), -ENODEV);
	igt_assert_eq(ledger_now("total", "windows"), 0);
	igt_assert(drmModeGetResources(kms.fd) == NULL);
	igt_assert_eq(ioctl(kms.fd, DRM_IOCTL_MODE_CREATE_DUMB, &create), -1);
	igt_assert_eq(errno, ENODEV);

	/* There may be another of its name by the time that its file is closed. */
	igt_assert_eq(tree_enable(A, true), 0);
	close(small.dmabuf[0]);
	kms_close(&kms);
	igt_assert_eq(ledger_settled("buffers", 1), 1);
	close(export);
	igt_assert_eq(kms_find(&kms, kms_card_of(A), 0), 0);
	igt_assert_eq(light(&kms, &screen, &small), 0);
	close(small.dmabuf[0]);
	kms_close(&kms);
	igt_assert_eq(ledger_left(), 0);
}

static void test_disabled_with_flips(void)
{
	pid_t pid;
	int ready;

	make_device();
	for (int i = 0; i < 5; i++) {
		pid = in_child(flip_device, &ready);
		wait_ready(ready);
		igt_assert_eq(tree_enable(A, false), 0);
		igt_assert_eq(exit_status(pid), ENODEV);
		igt_assert_eq(ledger_left(), 0);
		igt_assert_eq(tree_enable(A, true), 0);
	}
}

/* Reads CRCs until there are none. */
static void read_crcs(int ready)
{
	struct kms_fb screen, small;
	struct kms kms;
	char line[64];
	int crc;

	if (kms_find(&kms, kms_card_of(A), 0) || light(&kms, &screen, &small))
		_exit(ENXIO);
	crc = crc_open(&kms);
	if (crc < 0 || read(crc, line, sizeof(line)) <= 0 || write(ready, "r", 1) != 1)
		_exit(EPIPE);
	while (read(crc, line, sizeof(line)) > 0)
		;
	_exit(errno);
}

static void test_disabled_with_crcs(void)
{
	struct kms_fb screen, small;
	struct kms kms;
	pid_t pid;
	int ready, crc;

	make_device();
	pid = in_child(read_crcs, &ready);
	wait_ready(ready);
	igt_assert_eq(tree_enable(A, false), 0);
	igt_assert_eq(exit_status(pid), EIO);
	igt_assert_eq(ledger_left(), 0);

	/* The file is the last that there is of the device. */
	igt_assert_eq(tree_enable(A, true), 0);
	igt_assert_eq(kms_find(&kms, kms_card_of(A), 0), 0);
	igt_assert_eq(light(&kms, &screen, &small), 0);
	crc = crc_open(&kms);
	igt_assert(crc >= 0);
	kms_fb_free(&kms, &small);
	kms_close(&kms);
	igt_assert_eq(tree_destroy(A), 0);
	igt_assert_eq(unload(), -EAGAIN);
	close(crc);
	igt_assert_eq(kms_reload(""), 0);
	igt_assert_eq(ledger_left(), 0);
}

/* Waits for the CRC of what it has switched off. */
static void read_dark_crcs(int ready)
{
	struct kms_fb screen, small;
	struct kms kms;
	char line[64];
	int crc;

	if (kms_find(&kms, kms_card_of(A), 0) || light(&kms, &screen, &small))
		_exit(ENXIO);
	crc = crc_open(&kms);
	if (crc < 0 || read(crc, line, sizeof(line)) <= 0 || kms_off(&kms) ||
	    write(ready, "r", 1) != 1)
		_exit(EPIPE);
	while (read(crc, line, sizeof(line)) > 0)
		;
	_exit(errno);
}

static void disable(int ready)
{
	if (write(ready, "r", 1) != 1)
		_exit(EPIPE);
	_exit(-tree_enable(A, false));
}

static void test_disabled_with_dark_crcs(void)
{
	pid_t reader, disabler;
	int ready, status;

	make_device();
	reader = in_child(read_dark_crcs, &ready);
	wait_ready(ready);
	usleep(200000);
	disabler = in_child(disable, &ready);
	wait_ready(ready);
	status = exit_status(reader);
	igt_assert_eq(exit_status(disabler), 0);
	igt_assert_eq(status, EIO);
	igt_assert_eq(kms_card_of(A), -ENODEV);
	igt_assert_eq(ledger_left(), 0);
}

/* A flip that waits for a fence of vgem, which ends by itself after 10 s at most. */
static uint32_t flip_behind_fence(struct kms *kms, int vgem)
{
	struct dma_buf_export_sync_file sync = { .flags = DMA_BUF_SYNC_RW };
	struct drm_mode_create_dumb create = { .width = W, .height = H, .bpp = 32 };
	struct drm_vgem_fence_attach attach = { .flags = VGEM_FENCE_WRITE };
	static uint32_t pixels[W * H];
	drmModeAtomicReq *req;
	struct kms_fb next;
	int dmabuf;

	igt_assert_eq(ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create), 0);
	igt_assert_eq(drmPrimeHandleToFD(vgem, create.handle, O_RDWR | O_CLOEXEC, &dmabuf), 0);
	attach.handle = create.handle;
	igt_assert_eq(ioctl(vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach), 0);
	igt_assert_eq(ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &sync), 0);
	igt_assert_eq(kms_fb_ordinary(kms, &next, DRM_FORMAT_XRGB8888, W, H, pixels), 0);
	req = drmModeAtomicAlloc();
	kms_add_plane(kms, req, kms->primary, &next, KMS_AT(0, 0));
	kms_add(kms, req, kms->primary, "IN_FENCE_FD", sync.fd);
	igt_assert_eq(kms_commit(kms, req, DRM_MODE_ATOMIC_NONBLOCK), 0);
	close(sync.fd);
	close(dmabuf);
	return attach.out_fence;
}

static bool is_running(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

/* Whoever disables it is interrupted while a flip waits for its fence. */
static void test_disabled_interrupted(void)
{
	struct drm_vgem_fence_signal signal = {};
	struct kms_fb screen, small;
	int vgem, ready, status;
	struct kms kms;
	uint64_t cap;
	pid_t pid;

	vgem = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);
	igt_require(vgem >= 0);
	make_device();
	igt_assert_eq(kms_find(&kms, kms_card_of(A), 0), 0);
	igt_assert_eq(light(&kms, &screen, &small), 0);
	signal.fence = flip_behind_fence(&kms, vgem);
	pid = in_child(disable, &ready);
	wait_ready(ready);
	/* It has begun; vgem's fence waits for 10 s at most. */
	for (int ms = 0; ms < 5000 && !drmGetCap(kms.fd, DRM_CAP_DUMB_BUFFER, &cap); ms += 10)
		usleep(10000);
	igt_assert_eq(drmGetCap(kms.fd, DRM_CAP_DUMB_BUFFER, &cap), -1);
	igt_assert_eq(errno, ENODEV);
	igt_assert(is_running(pid));
	kill(pid, SIGKILL);
	usleep(300000);
	igt_assert(is_running(pid));
	igt_assert_eq(ioctl(vgem, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal), 0);
	status = exit_status(pid);
	igt_assert(status == -SIGKILL || !status);

	igt_assert_eq(tree_get(A "/enabled"), 0);
	igt_assert_eq(ledger_now("total", "windows"), 0);
	close(small.dmabuf[0]);
	kms_close(&kms);
	close(vgem);
	igt_assert_eq(ledger_left(), 0);
	/* Nothing of it is in the way of the next. */
	igt_assert_eq(tree_enable(A, true), 0);
	igt_assert_eq(kms_find(&kms, kms_card_of(A), 0), 0);
	igt_assert_eq(light(&kms, &screen, &small), 0);
	kms_fb_free(&kms, &small);
	kms_close(&kms);
}

static void test_disabled_with_writeback(void)
{
	static uint32_t pixels[W * H];
	struct kms_fb screen, small, target;
	struct kms kms;
	int fence, ret;

	make_device();
	for (int i = 0; i < 5; i++) {
		igt_assert_eq(kms_find(&kms, kms_card_of(A), 0), 0);
		igt_assert_eq(light(&kms, &screen, &small), 0);
		igt_assert_eq(kms_fb_ordinary(&kms, &target, DRM_FORMAT_XRGB8888, W, H, pixels), 0);
		igt_assert_eq(kms_write_back(&kms, &target, DRM_MODE_ATOMIC_ALLOW_MODESET |
					     DRM_MODE_ATOMIC_NONBLOCK, &fence), 0);
		igt_assert_eq(tree_enable(A, false), 0);
		/* Written or not, whoever waits for it is told. */
		ret = kms_fence_wait(fence);
		igt_assert(!ret || ret == -ECANCELED);
		close(small.dmabuf[0]);
		kms_close(&kms);
		igt_assert_eq(ledger_left(), 0);
		igt_assert_eq(tree_enable(A, true), 0);
	}
}

/* Who asked for it has gone already, and DRM cleans up after the last of all. */
static void test_disabled_after_writeback(void)
{
	static uint32_t pixels[W * H];
	struct kms_fb screen, small, target;
	struct kms kms;
	int fence;

	make_device();
	for (int i = 0; i < 20; i++) {
		igt_assert_eq(kms_find(&kms, kms_card_of(A), 0), 0);
		igt_assert_eq(light(&kms, &screen, &small), 0);
		igt_assert_eq(kms_fb_ordinary(&kms, &target, DRM_FORMAT_XRGB8888, W, H, pixels), 0);
		igt_assert_eq(kms_write_back(&kms, &target, DRM_MODE_ATOMIC_ALLOW_MODESET |
					     DRM_MODE_ATOMIC_NONBLOCK, &fence), 0);
		close(fence);
		close(small.dmabuf[0]);
		kms_close(&kms);
		igt_assert_eq(tree_enable(A, false), 0);
		igt_assert_eq(tree_enable(A, true), 0);
	}
	igt_assert_eq(ledger_left(), 0);
}

/* Opens the card and switches it on, whenever there is one. */
static void knock(int ready)
{
	struct kms_fb screen, small;
	struct kms kms;

	for (int i = 0; ; i++) {
		if (!i && write(ready, "r", 1) != 1)
			_exit(EPIPE);
		if (!kms_find(&kms, kms_card_of(A), 0) && !light(&kms, &screen, &small))
			kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), DRM_MODE_ATOMIC_NONBLOCK);
		if (kms.fd < 0) {
			usleep(1000);
			continue;
		}
		close(kms.fd);
		close(kms.secure);
		for (int fd = 3; fd < 64; fd++)
			if (fd != heap && fd != ready)
				close(fd);
	}
}

static void test_toggled(void)
{
	pid_t pid;
	int ready;

	make_device();
	pid = in_child(knock, &ready);
	wait_ready(ready);
	for (int i = 0; i < TOGGLES; i++) {
		igt_assert_eq(tree_enable(A, false), 0);
		igt_assert_eq(tree_enable(A, true), 0);
		usleep(i * 20000);
	}
	kill(pid, SIGKILL);
	igt_assert_eq(exit_status(pid), -SIGKILL);
	igt_assert_eq(tree_destroy(A), 0);
	igt_assert_eq(ledger_left(), 0);
}

/* A master that is killed leaves the display to the next. */
static void test_killed(void)
{
	struct kms_fb screen, small;
	struct kms kms;
	uint32_t crc;
	pid_t pid;
	int ready;

	igt_assert_eq(kms_open(&kms), 0);
	igt_assert_eq(light(&kms, &screen, &small), 0);
	crc = kms_crc(&kms);
	kms_fb_free(&kms, &small);
	kms_close(&kms);
	for (int i = 0; i < 5; i++) {
		pid = in_child(flip_default, &ready);
		wait_ready(ready);
		usleep(i * 5000);
		kill(pid, SIGKILL);
		igt_assert_eq(exit_status(pid), -SIGKILL);
		igt_assert_eq(ledger_left(), 0);
		igt_assert_eq(kms_open(&kms), 0);
		igt_assert_eq(light(&kms, &screen, &small), 0);
		igt_assert_eq(kms_crc(&kms), crc);
		kms_fb_free(&kms, &small);
		kms_close(&kms);
	}
	igt_assert_eq(ledger_left(), 0);
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		igt_require(access(CONFIGFS_DEVICES, R_OK) == 0);
		igt_assert_eq(tree_destroy(A), 0);
		igt_require(ledger_settled("buffers", 0) == 0);
	}

	igt_describe("The module stays while there is a file, a CRC reader, a buffer or a directory.");
	igt_subtest("unload-refused")
		test_unload_refused();

	igt_describe("The module comes and goes, used and unused, as whatever it is loaded.");
	igt_subtest("load-unload")
		test_reload();

	igt_describe("Parameters that cannot be are refused, and leave no device.");
	igt_subtest("bad-parameters-refused")
		test_bad_parameters();

	igt_describe("There is a framebuffer device if one is asked for, and none if not.");
	igt_subtest("fbdev-by-request")
		test_fbdev();

	igt_describe("Who has a device open that goes is told, and its name is free at once.");
	igt_subtest("disabled-while-shown")
		test_disabled_while_shown();

	igt_describe("Flips in flight complete when their device goes.");
	igt_subtest("disabled-with-flips")
		test_disabled_with_flips();

	igt_describe("A CRC file is closed after its device, and keeps the module until then.");
	igt_subtest("disabled-with-crcs")
		test_disabled_with_crcs();

	igt_describe("Who waits for a CRC of a CRTC that is off is let go when its device goes.");
	igt_subtest("disabled-with-dark-crcs")
		test_disabled_with_dark_crcs();

	igt_describe("Who disables a device is killed while a flip waits for a fence: it goes whole.");
	igt_subtest("disabled-interrupted")
		test_disabled_interrupted();

	igt_describe("A writeback that is queued ends when its device goes.");
	igt_subtest("disabled-with-writeback")
		test_disabled_with_writeback();

	igt_describe("So does one whose client is gone, before the device is.");
	igt_subtest("disabled-after-writeback")
		test_disabled_after_writeback();

	igt_describe("A device goes and comes while somebody tries to use it.");
	igt_subtest("disabled-and-enabled")
		test_toggled();

	igt_describe("A master killed with a flip in flight leaves nothing, and the display works.");
	igt_subtest("master-killed")
		test_killed();

	igt_fixture() {
		tree_destroy(A);
		close(heap);
	}
}
