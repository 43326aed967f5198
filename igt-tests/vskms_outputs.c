// SPDX-License-Identifier: MIT
/*
 * What a device that was made by configfs does: each of its CRTCs shows what it is told to,
 * beside the others and beside other devices, and its connectors can be plugged in and out.
 */

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "igt.h"
#include "kms.h"
#include "tree.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT
#define SIZE 64

#define A "test-a"
#define B "test-b"

static int heap;

static void clean(void)
{
	igt_assert_eq(tree_destroy(A), 0);
	igt_assert_eq(tree_destroy(B), 0);
}

static void make_screen(struct kms *kms, struct kms_fb *fb, uint32_t seed)
{
	static uint32_t pixels[W * H];

	kms_fill(pixels, W * H, seed);
	igt_assert_eq(kms_fb_ordinary(kms, fb, DRM_FORMAT_XRGB8888, W, H, pixels), 0);
}

static uint32_t vblanks(const struct kms *kms)
{
	drmVBlank vblank = { .request = { .type = DRM_VBLANK_RELATIVE |
		(uint32_t)kms->index << DRM_VBLANK_HIGH_CRTC_SHIFT } };

	return drmWaitVBlank(kms->fd, &vblank) ? 0 : vblank.reply.sequence;
}

static void test_two_crtcs(void)
{
	static uint32_t pixels[SIZE * SIZE];
	uint64_t left_zpos = 0, right_zpos = 1;
	uint32_t left_crc, right_crc, before;
	struct kms left, right;
	struct kms_fb a, b, small;
	int fd;

	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_output(A, 0, false), 0);
	igt_assert_eq(tree_output(A, 1, true), 0);
	igt_assert_eq(tree_object(A, "planes/either", "0", "crtcs/0", "crtcs/1", NULL), 0);
	igt_assert_eq(tree_enable(A, true), 0);
	fd = kms_card_of(A);
	igt_assert_eq(kms_find(&left, fd, 0), 0);
	igt_assert_eq(kms_find(&right, fd, 1), 0);
	igt_assert(left.crtc != right.crtc && left.primary != right.primary);
	igt_assert(left.connector != right.connector);
	igt_assert(!left.writeback && right.writeback);
	igt_assert_eq(left.overlays, 1);
	igt_assert_eq(right.overlays, 1);
	igt_assert_eq(left.overlay[0], right.overlay[0]);
	kms_prop(fd, left.primary, "zpos", &left_zpos);
	kms_prop(fd, right.primary, "zpos", &right_zpos);
	igt_assert_eq(left_zpos, right_zpos);

	make_screen(&left, &a, 1);
	make_screen(&left, &b, 2);
	igt_assert_eq(kms_modeset(&left, &a), 0);
	/* Not on as long as nobody said so. */
	igt_assert_eq(vblanks(&right), 0);
	igt_assert_eq(kms_modeset(&right, &b), 0);
	left_crc = kms_crc(&left);
	right_crc = kms_crc(&right);
	igt_assert(left_crc != right_crc);
	igt_assert_eq(kms_show(&right, right.primary, &a, KMS_AT(0, 0), 0), 0);
	igt_assert_eq(kms_crc(&right), left_crc);
	igt_assert_eq(kms_crc(&left), left_crc);
	igt_assert_eq(kms_show(&right, right.primary, &b, KMS_AT(0, 0), 0), 0);

	/* The overlay goes from the one to the other, and is never on both. */
	kms_fill(pixels, SIZE * SIZE, 3);
	igt_assert_eq(kms_fb_protected(&left, &small, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE, pixels),
		      0);
	igt_assert_eq(kms_show(&left, left.overlay[0], &small, KMS_AT(9, 9), 0), 0);
	igt_assert(kms_crc(&left) != left_crc);
	igt_assert_eq(kms_crc(&right), right_crc);
	igt_assert_eq(kms_show(&left, left.overlay[0], NULL, KMS_AT(0, 0), 0), 0);
	igt_assert_eq(kms_show(&right, right.overlay[0], &small, KMS_AT(9, 9), 0), 0);
	igt_assert_eq(kms_crc(&left), left_crc);
	igt_assert(kms_crc(&right) != right_crc);

	/* One off, the other goes on. */
	igt_assert_eq(kms_off(&right), 0);
	before = vblanks(&left);
	igt_assert_eq(kms_crc(&left), left_crc);
	igt_assert(vblanks(&left) != before);
	igt_assert_eq(kms_modeset(&right, &b), 0);
	igt_assert_eq(kms_crc(&right), right_crc);
	kms_fb_free(&left, &small);
	close(right.secure);
	kms_close(&left);
}

/* As much as there can be, all of it on. */
static void test_most(void)
{
	static struct kms kms[16];
	struct kms_fb screen[2];
	uint32_t crc[2];
	int fd;

	igt_assert_eq(tree_make(A), 0);
	for (int i = 0; i < 16; i++) {
		char plane[32], crtc[32];

		igt_assert_eq(tree_output(A, i, true), 0);
		snprintf(plane, sizeof(plane), "planes/cursor%d", i);
		snprintf(crtc, sizeof(crtc), "crtcs/%d", i);
		igt_assert_eq(tree_object(A, plane, "2", crtc, NULL), 0);
	}
	igt_assert_eq(tree_enable(A, true), 0);
	fd = kms_card_of(A);
	for (int i = 0; i < 16; i++) {
		igt_assert_eq(kms_find(&kms[i], fd, i), 0);
		igt_assert(kms[i].cursor && kms[i].writeback);
		if (i < 2)
			make_screen(&kms[i], &screen[i], i);
		igt_assert_eq(kms_modeset(&kms[i], &screen[i & 1]), 0);
	}
	crc[0] = kms_crc(&kms[0]);
	crc[1] = kms_crc(&kms[1]);
	igt_assert(crc[0] != crc[1]);
	igt_assert_eq(kms_crc(&kms[14]), crc[0]);
	igt_assert_eq(kms_crc(&kms[15]), crc[1]);
	for (int i = 1; i < 16; i++)
		close(kms[i].secure);
	kms_close(&kms[0]);
}

/* Two devices are two masters: what the one loses the other keeps. */
static void test_two_devices(void)
{
	static uint32_t pixels[SIZE * SIZE];
	struct kms_fb screen[2], small[2];
	uint32_t black[2], shown[2];
	struct kms kms[2];

	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_make(B), 0);
	kms_fill(pixels, SIZE * SIZE, 4);
	for (int i = 0; i < 2; i++) {
		const char *device = i ? B : A;

		igt_assert_eq(tree_output(device, 0, false), 0);
		igt_assert_eq(tree_object(device, "planes/over", "0", "crtcs/0", NULL), 0);
		igt_assert_eq(tree_enable(device, true), 0);
		igt_assert_eq(kms_find(&kms[i], kms_card_of(device), 0), 0);
		make_screen(&kms[i], &screen[i], i);
		igt_assert_eq(kms_modeset(&kms[i], &screen[i]), 0);
		igt_assert_eq(kms_fb_protected(&kms[i], &small[i], heap, DRM_FORMAT_XRGB8888, SIZE,
					       SIZE, pixels), 0);
		igt_assert_eq(kms_show(&kms[i], kms[i].overlay[0], &small[i], KMS_AT(9, 9), 0), 0);
		shown[i] = kms_crc(&kms[i]);
	}
	igt_assert(shown[0] != shown[1]);

	igt_assert_eq(device_list(CARVEOUT_NAME, A), 0);
	igt_assert_eq(file_write(CONFIGFS_HEAPS CARVEOUT_NAME "/devices/" A "/access", "none"), 0);
	black[0] = kms_crc(&kms[0]);
	igt_assert(black[0] != shown[0]);
	igt_assert_eq(kms_crc(&kms[1]), shown[1]);
	igt_assert_eq(device_delist(CARVEOUT_NAME, A), 0);

	/* And when it goes the other stays. */
	igt_assert_eq(tree_enable(A, false), 0);
	igt_assert_eq(kms_crc(&kms[1]), shown[1]);
	for (int i = 0; i < 2; i++) {
		close(small[i].dmabuf[0]);
		kms_close(&kms[i]);
	}
}

/* Hotplug */

static int uevents(void)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	igt_assert(fd >= 0);
	igt_assert_eq(bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)), 0);
	return fd;
}

/* Is there @wanted in an event of the card of @device? Events are words with 0 after each. */
static bool has_word(const char *event, ssize_t len, const char *wanted)
{
	for (const char *at = event; at < event + len; at += strlen(at) + 1)
		if (!strcmp(at, wanted))
			return true;
	return false;
}

/* Waits for a hotplug event of a device's card; @connector's, if it is not 0. */
static bool hotplugged(int socket, const char *device, uint32_t connector)
{
	struct pollfd events = { .fd = socket, .events = POLLIN };
	char event[4096], path[128], word[32];

	snprintf(path, sizeof(path), "/devices/faux/%s/drm/card", device);
	snprintf(word, sizeof(word), "CONNECTOR=%u", connector);
	/*
	 * Since Linux 7.3 the core tells of a forced status 10 s late, if its worker comes while
	 * who forces it still has the lock.
	 */
	while (poll(&events, 1, 30000) == 1) {
		ssize_t len = recv(socket, event, sizeof(event) - 1, 0);

		if (len <= 0)
			continue;
		event[len] = 0;
		if (strstr(event, path) && has_word(event, len, "HOTPLUG=1") &&
		    (!connector || has_word(event, len, word)))
			return true;
	}
	return false;
}

/* What a connector says of itself, without being asked to look. */
static int connection(const struct kms *kms)
{
	drmModeConnector *connector = drmModeGetConnectorCurrent(kms->fd, kms->connector);
	int status = connector ? (int)connector->connection : -errno;

	drmModeFreeConnector(connector);
	return status;
}

static void test_hotplug(void)
{
	int socket = uevents();
	struct kms kms;

	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_output(A, 0, false), 0);
	igt_assert_eq(tree_output(A, 1, false), 0);
	igt_assert_eq(tree_set("2", A "/connectors/1/status"), 0);
	igt_assert_eq(tree_enable(A, true), 0);
	igt_assert_eq(kms_find(&kms, kms_card_of(A), 0), 0);
	igt_assert_eq(connection(&kms), DRM_MODE_CONNECTED);

	igt_assert_eq(tree_set("2", A "/connectors/0/status"), 0);
	igt_assert(hotplugged(socket, A, kms.connector));
	igt_assert_eq(connection(&kms), DRM_MODE_DISCONNECTED);
	igt_assert_eq(tree_get(A "/connectors/0/status"), 2);
	igt_assert_eq(tree_set("3", A "/connectors/0/status"), 0);
	igt_assert(hotplugged(socket, A, kms.connector));
	igt_assert_eq(connection(&kms), DRM_MODE_UNKNOWNCONNECTION);
	igt_assert_eq(tree_set("1", A "/connectors/0/status"), 0);
	igt_assert(hotplugged(socket, A, kms.connector));
	igt_assert_eq(connection(&kms), DRM_MODE_CONNECTED);
	/* Another panel, perhaps. */
	igt_assert_eq(tree_set("1", A "/connectors/0/status"), 0);
	igt_assert(hotplugged(socket, A, kms.connector));
	kms_close(&kms);

	/* The other one was plugged out from the start. */
	igt_assert_eq(kms_find(&kms, kms_card_of(A), 1), -ENODEV);
	igt_assert_eq(connection(&kms), DRM_MODE_DISCONNECTED);
	igt_assert_eq(tree_set("1", A "/connectors/1/status"), 0);
	igt_assert(hotplugged(socket, A, kms.connector));
	kms_close(&kms);
	igt_assert_eq(kms_find(&kms, kms_card_of(A), 1), 0);
	kms_close(&kms);
	close(socket);
}

/* By what DRM has for every driver. */
static void test_forced(void)
{
	int socket = uevents(), off, detected;
	bool off_told, detected_told;
	char path[64] = "";
	struct kms kms;

	igt_assert_eq(kms_open(&kms), 0);
	for (int i = 0; i < 16 && !path[0]; i++) {
		snprintf(path, sizeof(path), "/sys/devices/faux/vskms/drm/card%d", i);
		if (access(path, F_OK))
			path[0] = 0;
		else
			snprintf(path, sizeof(path), "/sys/class/drm/card%d-Virtual-1/status", i);
	}
	igt_assert_eq(file_write(path, "off"), 0);
	off_told = hotplugged(socket, "vskms", 0);
	off = connection(&kms);
	/* Whatever it was: it is not to stay off for the tests that follow. */
	igt_assert_eq(file_write(path, "detect"), 0);
	detected_told = hotplugged(socket, "vskms", 0);
	detected = connection(&kms);
	igt_assert(off_told);
	igt_assert_eq(off, DRM_MODE_DISCONNECTED);
	igt_assert(detected_told);
	igt_assert_eq(detected, DRM_MODE_CONNECTED);
	kms_close(&kms);
	close(socket);
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		igt_require(access(CONFIGFS_DEVICES, R_OK) == 0);
		clean();
	}

	igt_describe("Two CRTCs show what each is told to, in their own time; an overlay is for either.");
	igt_subtest("two-crtcs") {
		clean();
		test_two_crtcs();
	}

	igt_describe("Sixteen CRTCs with cursors and writeback light up.");
	igt_subtest("sixteen-crtcs") {
		clean();
		test_most();
	}

	igt_describe("Two devices show protected buffers, each by its own leave.");
	igt_subtest("two-devices") {
		clean();
		test_two_devices();
	}

	igt_describe("Writing a connector's status is a hotplug event, and is true at once.");
	igt_subtest("hotplug") {
		clean();
		test_hotplug();
	}

	igt_describe("A status forced in sysfs is a hotplug event of the default device, too.");
	igt_subtest("forced-status")
		test_forced();

	igt_describe("Of all that nothing is left.");
	igt_subtest("nothing-left") {
		clean();
		igt_assert_eq(ledger_left(), 0);
	}

	igt_fixture()
		close(heap);
}
