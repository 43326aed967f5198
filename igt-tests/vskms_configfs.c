// SPDX-License-Identifier: MIT
/*
 * Display controllers by configfs: the tree is vkms's, what cannot be is refused with its
 * reason, and what is enabled does not change. What such a device does: vskms_outputs.c.
 */

#include <pthread.h>
#include <sys/klog.h>
#include <sys/syscall.h>

#include "igt.h"
#include "kms.h"
#include "tree.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT

#define A "test-a"
#define B "test-b"

#define CHAIN 39	/* a path has 40 links at most */
#define LINKS 40

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

/* Removing directories does not touch the device; removing its own ends it. */
static void test_removed(void)
{
	static uint32_t pixels[W * H];
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
	kms_fill(pixels, W * H, 1);
	igt_assert_eq(kms_fb_ordinary(&kms, &fb, DRM_FORMAT_XRGB8888, W, H, pixels), 0);
	igt_assert_eq(kms_modeset(&kms, &fb), 0);
	igt_assert(kms_crc(&kms));
	igt_assert_eq(tree_remove(A), 0);
	igt_assert(access("/sys/devices/faux/" A, F_OK));
	igt_assert(!drmModeGetResources(kms.fd));
	igt_assert_eq(errno, ENODEV);
	kms_close(&kms);
}

/*
 * A link whose target takes long to look up, which is done without any lock: a chain of links,
 * each behind a path as long as can be. The path of the last is returned in @slow.
 */
static void slow_path(const char *directory, const char *target, char *slow)
{
	for (int i = 0; i < CHAIN; i++) {
		char body[4000], link[128];

		if (i) {
			memset(body, '/', sizeof(body));
			for (size_t k = 1; k < sizeof(body) - 200; k += 2)
				body[k] = '.';
			snprintf(body + sizeof(body) - 200, 200, "%s/%d", directory, i - 1);
		} else {
			snprintf(body, sizeof(body), "%s", target);
		}
		snprintf(link, sizeof(link), "%s/%d", directory, i);
		igt_assert_eq(symlink(body, link), 0);
		strcpy(slow, link);
	}
}

static void *link_slowly(void *slow)
{
	return (void *)(intptr_t)(symlink(slow, CONFIGFS_DEVICES A "/planes/p/possible_crtcs/c") ?
				  -errno : 0);
}

/*
 * An object goes while a link of its is being made: there is either the object or no link. And if
 * it goes, then so does all there is, and the module, if nobody is in it.
 */
static void test_link_of_removed(bool all)
{
	char directory[] = "/tmp/vskms-links-XXXXXX", slow[128], command[64];

	igt_assert(mkdtemp(directory));
	slow_path(directory, CONFIGFS_DEVICES A "/crtcs/c", slow);
	for (int i = 0; i < LINKS; i++) {
		pthread_t linker;
		void *linked;
		bool unloaded = false;
		int removed;

		igt_assert_eq(tree_make(A), 0);
		igt_assert_eq(tree_make(A "/crtcs/c"), 0);
		igt_assert_eq(tree_make(A "/planes/p"), 0);
		igt_assert_eq(pthread_create(&linker, NULL, link_slowly, slow), 0);
		usleep(i * 500);
		removed = tree_remove(A "/planes/p");
		if (all && !removed) {
			igt_assert_eq(tree_remove(A "/crtcs/c"), 0);
			igt_assert_eq(tree_remove(A), 0);
			unloaded = !syscall(SYS_delete_module, "vskms", O_NONBLOCK);
		}
		igt_assert_eq(pthread_join(linker, &linked), 0);
		igt_assert_eq((intptr_t)linked, removed ? 0 : -ENOENT);
		if (removed)
			igt_assert_eq(removed, -ENOTEMPTY);
		if (unloaded)
			igt_assert_eq(system("modprobe vskms"), 0);
		igt_assert_eq(tree_destroy(A), 0);
	}
	snprintf(command, sizeof(command), "rm -r %s", directory);
	igt_assert_eq(system(command), 0);
}

igt_main()
{
	igt_fixture() {
		igt_assert_eq(mounts(), 0);
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

	igt_describe("An object that goes while it is being linked gets no link, and nothing uses it.");
	igt_subtest("link-of-removed-refused") {
		clean();
		test_link_of_removed(false);
	}

	igt_describe("Nor if its device goes, and the module; that is once the link is not.");
	igt_subtest("link-keeps-the-module") {
		clean();
		test_link_of_removed(true);
	}

	igt_fixture()
		clean();
}
