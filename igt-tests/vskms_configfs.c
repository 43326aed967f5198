// SPDX-License-Identifier: MIT
/*
 * Display controllers by configfs: the tree is vkms's, what cannot be is refused with its
 * reason, what is enabled does not change, and what is made shows what it is told to, on
 * each of its CRTCs and beside other devices.
 */

#include <linux/netlink.h>
#include <poll.h>
#include <sys/klog.h>
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

/* The tree */

static void assert_entries(const char *path, const char *const *names)
{
	char full[512];
	struct dirent *entry;
	int expected = 0, found = 0;
	DIR *dir;

	snprintf(full, sizeof(full), CONFIGFS_DEVICES "%s", path);
	dir = opendir(full);
	igt_assert(dir);
	for (; names[expected]; expected++)
		;
	while ((entry = readdir(dir))) {
		bool known = entry->d_name[0] == '.';

		found += !known;
		for (int i = 0; names[i] && !known; i++)
			known = !strcmp(entry->d_name, names[i]);
		igt_assert(known);
	}
	closedir(dir);
	igt_assert_eq(found, expected);
}

static void test_tree(void)
{
	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_make(A), -EEXIST);
	igt_assert_eq(tree_make(A "/planes/p"), 0);
	igt_assert_eq(tree_make(A "/crtcs/c"), 0);
	igt_assert_eq(tree_make(A "/encoders/e"), 0);
	igt_assert_eq(tree_make(A "/connectors/n"), 0);
	igt_assert_eq(tree_make(A "/others"), -EPERM);
	igt_assert_eq(tree_make(A "/crtcs/c/possible_crtcs"), -EPERM);

	assert_entries(A, (const char *[]){ "enabled", "planes", "crtcs", "encoders", "connectors",
					    NULL });
	assert_entries(A "/planes/p", (const char *[]){ "type", "possible_crtcs", NULL });
	assert_entries(A "/crtcs/c", (const char *[]){ "writeback", NULL });
	assert_entries(A "/encoders/e", (const char *[]){ "possible_crtcs", NULL });
	assert_entries(A "/connectors/n", (const char *[]){ "status", "possible_encoders", NULL });

	igt_assert_eq(tree_get(A "/enabled"), 0);
	igt_assert_eq(tree_get(A "/planes/p/type"), DRM_PLANE_TYPE_OVERLAY);
	igt_assert_eq(tree_get(A "/crtcs/c/writeback"), 0);
	igt_assert_eq(tree_get(A "/connectors/n/status"), DRM_MODE_CONNECTED);
	igt_assert_eq(tree_remove(A "/planes"), -EPERM);
	igt_assert_eq(tree_remove(A), -ENOTEMPTY);
}

static void test_names(void)
{
	igt_assert_eq(tree_make("vskms"), -EINVAL);
	igt_assert_eq(tree_make("vkms"), -EINVAL);
}

static void test_values(void)
{
	static const struct { const char *attribute; int good; const char *bad[10]; } values[] = {
		{ "planes/p/type", 2, { "\n", "-1", "3", "4294967296", "primary", "1 2", "0x1" } },
		{ "crtcs/c/writeback", 1, { "\n", "-1", "2", "maybe", "x" } },
		{ "connectors/n/status", 3, { "\n", "-1", "0", "4", "4294967297", "connected" } },
		{ "enabled", 0, { "\n", "-1", "2", "maybe", "x" } },
	};

	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_make(A "/planes/p"), 0);
	igt_assert_eq(tree_make(A "/crtcs/c"), 0);
	igt_assert_eq(tree_make(A "/connectors/n"), 0);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char good[8];

		snprintf(good, sizeof(good), "%d\n", values[i].good);
		igt_assert_eq(tree_set(good, A "/%s", values[i].attribute), 0);
		igt_assert_eq(tree_get(A "/%s", values[i].attribute), values[i].good);
		for (int k = 0; values[i].bad[k]; k++) {
			igt_assert_eq(tree_set(values[i].bad[k], A "/%s", values[i].attribute),
				      -EINVAL);
			igt_assert_eq(tree_get(A "/%s", values[i].attribute), values[i].good);
		}
	}
}

static void test_links(void)
{
	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_make(B), 0);
	igt_assert_eq(tree_output(A, 0, false), 0);
	igt_assert_eq(tree_make(B "/crtcs/c"), 0);
	igt_assert_eq(tree_link(A, "planes/0", "self", A "/planes/0"), -EINVAL);
	igt_assert_eq(tree_link(A, "planes/0", "encoder", A "/encoders/0"), -EINVAL);
	igt_assert_eq(tree_link(A, "encoders/0", "plane", A "/planes/0"), -EINVAL);
	igt_assert_eq(tree_link(A, "connectors/0", "crtc", A "/crtcs/0"), -EINVAL);
	igt_assert_eq(tree_link(A, "planes/0", "foreign", B "/crtcs/c"), -EINVAL);
	igt_assert_eq(tree_link(A, "planes/0", "again", A "/crtcs/0"), -EEXIST);
	igt_assert_eq(tree_link(A, "planes/0", "nothing", A "/crtcs/1"), -ENOENT);
	/* What is linked to stays, and so does what links. */
	igt_assert_eq(tree_remove(A "/crtcs/0"), -EBUSY);
	igt_assert_eq(tree_remove(A "/planes/0"), -ENOTEMPTY);
	igt_assert_eq(tree_unlink(A, "planes/0", "0"), 0);
	igt_assert_eq(tree_remove(A "/planes/0"), 0);
}

/* What cannot be */

/* Does the end of the kernel's log say this? */
static bool logged(const char *what)
{
	static char text[1 << 18];
	int len = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, text, sizeof(text) - 1);

	if (len < 0)
		return false;
	text[len] = 0;
	/* The last line of ours. */
	for (char *at = text, *last = NULL; ; at = last + 1) {
		char *next = strstr(at, "vskms: " A ": ");

		if (!next)
			return last && strstr(last, what);
		last = next;
	}
}

static void assert_impossible(const char *why)
{
	igt_assert_eq(tree_enable(A, true), -EINVAL);
	igt_assert_eq(tree_get(A "/enabled"), 0);
	igt_assert(access("/sys/devices/faux/" A, F_OK));
	igt_assert(logged(why));
	igt_assert_eq(tree_destroy(A), 0);
}

/* Most are a device that could be, but for one thing. */
static void begin_possible(void)
{
	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_output(A, 0, false), 0);
}

static void test_impossible_planes(void)
{
	begin_possible();
	igt_assert_eq(tree_object(A, "planes/lost", "0", NULL), 0);
	assert_impossible("lost: a plane without a possible CRTC");

	begin_possible();
	igt_assert_eq(tree_set("0", A "/planes/0/type"), 0);
	assert_impossible("0: a CRTC with 0 primary planes");

	begin_possible();
	igt_assert_eq(tree_object(A, "planes/second", "1", "crtcs/0", NULL), 0);
	assert_impossible("0: a CRTC with 2 primary planes");

	begin_possible();
	igt_assert_eq(tree_object(A, "planes/x", "2", "crtcs/0", NULL), 0);
	igt_assert_eq(tree_object(A, "planes/y", "2", "crtcs/0", NULL), 0);
	assert_impossible("0: a CRTC with 2 cursor planes");

	begin_possible();
	igt_assert_eq(tree_object(A, "crtcs/1", NULL, NULL), 0);
	igt_assert_eq(tree_link(A, "planes/0", "1", A "/crtcs/1"), 0);
	igt_assert_eq(tree_link(A, "encoders/0", "1", A "/crtcs/1"), 0);
	assert_impossible("0: a primary or cursor plane on 2 CRTCs");

	begin_possible();
	for (int i = 1; i <= KMS_OVERLAYS + 1; i++) {
		char name[32];

		snprintf(name, sizeof(name), "planes/%d", i);
		igt_assert_eq(tree_object(A, name, "0", "crtcs/0", NULL), 0);
	}
	assert_impossible("0: a CRTC with 9 overlays, at most 8");
}

static void test_impossible_objects(void)
{
	igt_assert_eq(tree_make(A), 0);
	assert_impossible("0 planes, 0 CRTCs, 0 encoders, 0 connectors");

	begin_possible();
	igt_assert_eq(tree_object(A, "encoders/lost", NULL, NULL), 0);
	assert_impossible("lost: an encoder without a possible CRTC");

	begin_possible();
	igt_assert_eq(tree_object(A, "connectors/lost", NULL, NULL), 0);
	assert_impossible("lost: a connector without a possible encoder");

	begin_possible();
	igt_assert_eq(tree_object(A, "crtcs/dark", NULL, NULL), 0);
	igt_assert_eq(tree_object(A, "planes/dark", "1", "crtcs/dark", NULL), 0);
	assert_impossible("dark: a CRTC without an encoder");
}

static void test_impossible_numbers(void)
{
	static const struct { const char *kind, *to, *why; int count; } kinds[] = {
		{ "planes", "crtcs/0", "more than 32 planes", 33 },
		{ "encoders", "crtcs/0", "more than 31 encoders", 32 },
		{ "connectors", "encoders/0", "more than 31 connectors", 32 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		begin_possible();
		for (int k = 1; k < kinds[i].count; k++) {
			char name[32];

			snprintf(name, sizeof(name), "%s/%d", kinds[i].kind, k);
			igt_assert_eq(tree_object(A, name, NULL, kinds[i].to, NULL), 0);
		}
		assert_impossible(kinds[i].why);
	}

	igt_assert_eq(tree_make(A), 0);
	for (int i = 0; i < 17; i++)
		igt_assert_eq(tree_output(A, i, false), 0);
	assert_impossible("more than 16 CRTCs");

	/* Writeback's are encoders, too. */
	igt_assert_eq(tree_make(A), 0);
	for (int i = 0; i < 16; i++)
		igt_assert_eq(tree_output(A, i, true), 0);
	igt_assert_eq(tree_object(A, "encoders/16", NULL, "crtcs/0", NULL), 0);
	assert_impossible("more than 32 encoders, writeback's included");
}

/* What is enabled */

static void test_frozen(void)
{
	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_output(A, 0, true), 0);
	igt_assert_eq(tree_make(A "/crtcs/spare"), 0);
	igt_assert_eq(tree_enable(A, true), -EINVAL);
	igt_assert_eq(tree_remove(A "/crtcs/spare"), 0);
	igt_assert_eq(tree_enable(A, true), 0);
	igt_assert_eq(tree_enable(A, true), 0);
	igt_assert_eq(tree_get(A "/enabled"), 1);

	igt_assert_eq(tree_set("0", A "/planes/0/type"), -EBUSY);
	igt_assert_eq(tree_get(A "/planes/0/type"), DRM_PLANE_TYPE_PRIMARY);
	igt_assert_eq(tree_set("0", A "/crtcs/0/writeback"), -EBUSY);
	igt_assert_eq(tree_get(A "/crtcs/0/writeback"), 1);
	igt_assert_eq(tree_make(A "/planes/1"), -EBUSY);
	igt_assert_eq(tree_make(A "/crtcs/1"), -EBUSY);
	igt_assert_eq(tree_make(A "/encoders/1"), -EBUSY);
	igt_assert_eq(tree_make(A "/connectors/1"), -EBUSY);
	igt_assert_eq(tree_unlink(A, "connectors/0", "0"), 0);
	igt_assert_eq(tree_link(A, "connectors/0", "0", A "/encoders/0"), -EBUSY);
	igt_assert_eq(tree_set("2", A "/connectors/0/status"), 0);

	igt_assert_eq(tree_enable(A, false), 0);
	igt_assert_eq(tree_set("0", A "/crtcs/0/writeback"), 0);
	igt_assert_eq(tree_enable(A, true), -EINVAL);
	igt_assert_eq(tree_link(A, "connectors/0", "0", A "/encoders/0"), 0);
	igt_assert_eq(tree_enable(A, true), 0);
}

static void fill(uint32_t *pixels, uint32_t count, uint32_t seed)
{
	for (uint32_t i = 0; i < count; i++)
		pixels[i] = (i + seed) * 2654435761u;
}

static void make_screen(struct kms *kms, struct kms_fb *fb, uint32_t seed)
{
	static uint32_t pixels[W * H];

	fill(pixels, W * H, seed);
	igt_assert_eq(kms_fb_ordinary(kms, fb, DRM_FORMAT_XRGB8888, W, H, pixels), 0);
}

/* Removing directories does not touch the device; removing its own ends it. */
static void test_removed(void)
{
	struct kms kms;
	struct kms_fb fb;

	igt_assert_eq(tree_make(A), 0);
	igt_assert_eq(tree_output(A, 0, false), 0);
	igt_assert_eq(tree_enable(A, true), 0);
	igt_assert_eq(tree_unlink(A, "connectors/0", "0"), 0);
	igt_assert_eq(tree_unlink(A, "encoders/0", "0"), 0);
	igt_assert_eq(tree_unlink(A, "planes/0", "0"), 0);
	igt_assert_eq(tree_remove(A "/connectors/0"), 0);
	igt_assert_eq(tree_remove(A "/encoders/0"), 0);
	igt_assert_eq(tree_remove(A "/crtcs/0"), 0);
	igt_assert_eq(tree_remove(A "/planes/0"), 0);

	igt_assert_eq(kms_find(&kms, kms_card_of(A), 0), 0);
	make_screen(&kms, &fb, 1);
	igt_assert_eq(kms_modeset(&kms, &fb), 0);
	igt_assert(kms_crc(&kms));
	igt_assert_eq(tree_remove(A), 0);
	igt_assert(access("/sys/devices/faux/" A, F_OK));
	igt_assert(!drmModeGetResources(kms.fd));
	igt_assert_eq(errno, ENODEV);
	kms_close(&kms);
}

/* What is shown */

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
	fill(pixels, SIZE * SIZE, 3);
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
	fill(pixels, SIZE * SIZE, 4);
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
	while (poll(&events, 1, 5000) == 1) {
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
	int socket = uevents();
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
	igt_assert(hotplugged(socket, "vskms", 0));
	igt_assert_eq(connection(&kms), DRM_MODE_DISCONNECTED);
	igt_assert_eq(file_write(path, "detect"), 0);
	igt_assert(hotplugged(socket, "vskms", 0));
	igt_assert_eq(connection(&kms), DRM_MODE_CONNECTED);
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

	igt_describe("Directories have vkms's files, with vkms's defaults.");
	igt_subtest("tree-as-vkms-has-it") {
		clean();
		test_tree();
	}

	igt_describe("The names of the default devices, ours and vkms's, are not to be had.");
	igt_subtest("default-name-refused")
		test_names();

	igt_describe("A value that is none is refused and changes nothing.");
	igt_subtest("bad-values-refused") {
		clean();
		test_values();
	}

	igt_describe("Links go to objects of the right kind and the same device, once.");
	igt_subtest("bad-links-refused") {
		clean();
		test_links();
	}

	igt_describe("Planes that there cannot be are refused, by name.");
	igt_subtest("impossible-planes-refused") {
		clean();
		test_impossible_planes();
	}

	igt_describe("Objects that lead nowhere are refused, by name.");
	igt_subtest("impossible-objects-refused") {
		clean();
		test_impossible_objects();
	}

	igt_describe("More of anything than there can be is refused.");
	igt_subtest("impossible-numbers-refused") {
		clean();
		test_impossible_numbers();
	}

	igt_describe("What is enabled does not change, but for a connector's status.");
	igt_subtest("frozen-while-enabled") {
		clean();
		test_frozen();
	}

	igt_describe("A device outlives the directories of its objects, and not its own.");
	igt_subtest("directories-removed") {
		clean();
		test_removed();
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
		igt_assert_eq(ledger_now("total", "buffers"), 0);
		igt_assert_eq(ledger_now("total", "attachments"), 0);
		igt_assert_eq(ledger_imbalances(), 0);
	}

	igt_fixture()
		close(heap);
}
