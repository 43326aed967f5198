// SPDX-License-Identifier: MIT
/*
 * What is left on the screen of a buffer that may not be read any more: black, from the next
 * frame on, without a commit, for good; and nobody's flips or commits fail for it.
 */

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT
#define SIZE 64

static struct kms kms;
static int heap;
static struct kms_fb screen;
static uint32_t background[W * H];

/* Where a buffer is shown, and as what. */
struct scene {
	uint32_t plane;
	uint32_t format, width, height;
	struct kms_place at;
};

static void show(const struct scene *scene, const struct kms_fb *fb)
{
	igt_assert_eq(kms_show(&kms, scene->plane, fb, scene->at, 0), 0);
}

/* The plane as it was before the test. */
static void hide(const struct scene *scene)
{
	if (scene->plane == kms.primary)
		igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	else
		igt_assert_eq(kms_show(&kms, scene->plane, NULL, scene->at, 0), 0);
}

static const void *picture(const struct scene *scene, uint32_t seed)
{
	static uint32_t pixels[W * H];
	unsigned char *samples = (unsigned char *)pixels;

	if (scene->format == DRM_FORMAT_NV12)
		for (uint32_t i = 0; i < scene->width * scene->height * 2; i++)
			samples[i] = 16 + (i * 7 + i / 61 + seed) % 220;
	else
		kms_fill_opaque(pixels, scene->width * scene->height, seed);
	/* With holes, so that what is black by its pixels' alpha would show. */
	for (uint32_t i = 0; scene->format == DRM_FORMAT_ARGB8888 &&
			     i < scene->width * scene->height; i += 3)
		pixels[i] = 0;
	return pixels;
}

static void protected_new(const struct scene *scene, int node, struct kms_fb *fb)
{
	igt_assert_eq(kms_fb_protected(&kms, fb, node, scene->format, scene->width, scene->height,
				       picture(scene, 5)), 0);
}

/* The CRC with opaque black where the scene's plane is, whatever its alpha. */
static uint32_t crc_of_black(const struct scene *scene)
{
	static uint32_t black[W * H];
	struct scene opaque = *scene;
	struct kms_fb fb;
	uint32_t crc;

	for (int i = 0; i < W * H; i++)
		black[i] = 0xff000000;
	igt_assert_eq(kms_fb_ordinary(&kms, &fb, DRM_FORMAT_ARGB8888, scene->width, scene->height,
				      black), 0);
	if (opaque.at.alpha >= 0)
		opaque.at.alpha = 0xffff;
	show(&opaque, &fb);
	crc = kms_crc(&kms);
	hide(scene);
	kms_fb_free(&kms, &fb);
	return crc;
}

static void end_session(void)
{
	igt_assert_eq(secure_revoke(kms.secure, CARVEOUT_NAME), 0);
}

static void next_session(void)
{
	igt_assert_eq(secure_restore(kms.secure, CARVEOUT_NAME), 0);
}

static void test_plane(const struct scene *scene)
{
	uint32_t black = crc_of_black(scene), shown;
	struct kms_fb old, new;
	long long refused;

	protected_new(scene, heap, &old);
	show(scene, &old);
	shown = kms_crc(&kms);
	igt_assert(shown != black);

	/* Black from the next frame on, without a commit; restoring does not bring it back. */
	end_session();
	igt_assert_eq(kms_crc(&kms), black);
	next_session();
	igt_assert_eq(kms_crc(&kms), black);
	/* The same commit stays valid, and each attempt to read it is the heap's to note. */
	hide(scene);
	igt_assert_eq(kms_show(&kms, scene->plane, &old, scene->at, DRM_MODE_ATOMIC_TEST_ONLY), 0);
	show(scene, &old);
	refused = ledger_refused(CARVEOUT_NAME, "window");
	igt_assert_eq(kms_crc(&kms), black);
	igt_assert(ledger_refused(CARVEOUT_NAME, "window") > refused);

	/* A new one shows, and is as dead when it is its turn. */
	protected_new(scene, heap, &new);
	show(scene, &new);
	igt_assert_eq(kms_crc(&kms), shown);
	show(scene, &old);
	igt_assert_eq(kms_crc(&kms), black);
	show(scene, &new);
	igt_assert_eq(kms_crc(&kms), shown);
	end_session();
	igt_assert_eq(kms_crc(&kms), black);
	next_session();

	hide(scene);
	kms_fb_free(&kms, &old);
	kms_fb_free(&kms, &new);
}

/* A hole in the primary plane, opaque elsewhere, so that what is below is seen. */
static void test_underlay(const struct scene *scene)
{
	static uint32_t holed[W * H];
	struct kms_fb primary;

	for (int i = 0; i < W * H; i++)
		holed[i] = background[i] | 0xff000000;
	for (int y = scene->at.y; y < scene->at.y + SIZE; y++)
		memset(&holed[y * W + scene->at.x], 0, SIZE * 4);
	igt_assert_eq(kms_fb_ordinary(&kms, &primary, DRM_FORMAT_ARGB8888, W, H, holed), 0);
	igt_assert_eq(kms_show(&kms, kms.primary, &primary, KMS_AT(0, 0), 0), 0);
	test_plane(scene);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen, KMS_AT(0, 0), 0), 0);
	kms_fb_free(&kms, &primary);
}

/* Pictures of luma and chroma apart, from heaps apart: without either there is none. */
static void test_half(int dead)
{
	const struct scene scene = { kms.overlay[0], DRM_FORMAT_NV12, 320, 240, KMS_AT(100, 60) };
	uint32_t black = crc_of_black(&scene);
	int dynamic = heap_open(DYNAMIC_HEAP);
	const char *data = picture(&scene, 5);
	struct kms_fb fb;

	igt_require(dynamic >= 0);
	kms_fb_init(&fb, scene.format, scene.width, scene.height);
	for (int i = 0; i < 2; i++) {
		fb.dmabuf[i] = heap_alloc(i == dead ? heap : dynamic, fb.size[i]);
		igt_assert(fb.dmabuf[i] >= 0);
		igt_assert_eq(secure_inject(kms.secure, fb.dmabuf[i], 0, fb.size[i],
					    data + (i ? fb.size[0] : 0)), 0);
		igt_assert_eq(drmPrimeFDToHandle(kms.fd, fb.dmabuf[i], &fb.handle[i]), 0);
	}
	igt_assert_eq(kms_add_fb(&kms, &fb), 0);
	show(&scene, &fb);
	igt_assert(kms_crc(&kms) != black);
	end_session();
	igt_assert_eq(kms_crc(&kms), black);
	next_session();
	igt_assert_eq(kms_crc(&kms), black);
	hide(&scene);
	kms_fb_free(&kms, &fb);
	close(dynamic);
}

/* Only what is dead is black, be it above or below. */
static void test_others_go_on(int over)
{
	const struct scene dead = { kms.overlay[over], DRM_FORMAT_XRGB8888, SIZE, SIZE, KMS_AT(30, 40) };
	const struct scene live = { kms.overlay[!over], DRM_FORMAT_XRGB8888, SIZE, SIZE, KMS_AT(300, 40) };
	int dynamic = heap_open(DYNAMIC_HEAP);
	struct kms_fb mortal, other;
	uint32_t expected;

	igt_require(dynamic >= 0 && kms.overlays >= 2);
	protected_new(&live, dynamic, &other);
	show(&live, &other);
	expected = crc_of_black(&dead);
	protected_new(&dead, heap, &mortal);
	show(&dead, &mortal);
	igt_assert(kms_crc(&kms) != expected);
	end_session();
	igt_assert_eq(kms_crc(&kms), expected);
	/* Also of a commit that is made meanwhile. */
	hide(&live);
	show(&live, &other);
	igt_assert_eq(kms_crc(&kms), expected);
	next_session();
	igt_assert_eq(kms_crc(&kms), expected);
	hide(&dead);
	hide(&live);
	kms_fb_free(&kms, &mortal);
	kms_fb_free(&kms, &other);
	close(dynamic);
}

/* Flips from one buffer of a pair to the other, each waited for. */
struct flipper {
	const struct scene *scene;
	_Atomic(const struct kms_fb *) pair;
	atomic_bool stop;
	atomic_int flips, error;
};

static void *flip(void *data)
{
	struct flipper *flipper = data;

	while (!flipper->stop && !flipper->error) {
		struct pollfd ready = { .fd = kms.fd, .events = POLLIN };
		char event[1024];
		int ret;

		ret = kms_show(&kms, flipper->scene->plane, flipper->pair + (flipper->flips & 1),
			       flipper->scene->at, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT);
		if (!ret && (poll(&ready, 1, 5000) != 1 || read(kms.fd, event, sizeof(event)) <= 0))
			ret = -ETIMEDOUT;
		if (ret)
			flipper->error = ret;
		else
			flipper->flips++;
	}
	return NULL;
}

static void pair_new(const struct scene *scene, struct kms_fb *pair)
{
	for (int i = 0; i < 2; i++)
		protected_new(scene, heap, &pair[i]);
}

static void pair_free(struct kms_fb *pair)
{
	for (int i = 0; i < 2; i++)
		kms_fb_free(&kms, &pair[i]);
}

/* From now on flips are to @pair; what was shown before is off the screen when this returns. */
static void flip_to(struct flipper *flipper, const struct kms_fb *pair)
{
	int until;

	flipper->pair = pair;
	/* The one that is on its way may be to another, the next is not. */
	until = flipper->flips + 2;
	for (int ms = 0; flipper->flips < until && !flipper->error && ms < 10000; ms++)
		usleep(1000);
	igt_assert_eq(flipper->error, 0);
	igt_assert(flipper->flips >= until);
}

/*
 * While frames are composed for their CRCs, and the heap's sessions come and go: each ends with
 * buffers of its own on the screen.
 */
static void test_in_flight(void)
{
	static struct scene scene;
	static struct flipper flipper;
	static struct kms_fb pairs[2][2];
	igt_pipe_crc_t *pipe_crc = igt_pipe_crc_new(kms.fd, 0, "auto");
	pthread_t thread;
	uint32_t black;

	scene = (struct scene){ kms.overlay[0], DRM_FORMAT_XRGB8888, SIZE, SIZE, KMS_AT(30, 40) };
	black = crc_of_black(&scene);
	pair_new(&scene, pairs[1]);
	flipper = (struct flipper){ .scene = &scene, .pair = pairs[1] };
	igt_assert_eq(pthread_create(&thread, NULL, flip, &flipper), 0);
	for (int i = 0; i < 20; i++) {
		pair_new(&scene, pairs[i % 2]);
		flip_to(&flipper, pairs[i % 2]);
		pair_free(pairs[(i + 1) % 2]);
		/* Nobody reads them, so not for longer than there is room for. */
		igt_pipe_crc_start(pipe_crc);
		usleep(30000);
		end_session();
		usleep(10000);
		next_session();
		igt_pipe_crc_stop(pipe_crc);
	}
	flipper.stop = true;
	pthread_join(thread, NULL);
	igt_pipe_crc_free(pipe_crc);
	igt_assert_eq(flipper.error, 0);
	igt_assert_eq(kms_crc(&kms), black);
	pair_new(&scene, pairs[0]);
	show(&scene, &pairs[0][0]);
	igt_assert(kms_crc(&kms) != black);
	hide(&scene);
	pair_free(pairs[0]);
	pair_free(pairs[1]);
}

/* The display is a master like any other: an administrator may shut it out. */
static void test_delisted(void)
{
	const struct scene scene = { kms.overlay[0], DRM_FORMAT_XRGB8888, SIZE, SIZE, KMS_AT(30, 40) };
	uint32_t black = crc_of_black(&scene), shown, handle = 0;
	struct kms_fb fb, new;

	protected_new(&scene, heap, &fb);
	show(&scene, &fb);
	shown = kms_crc(&kms);
	igt_assert(shown != black);
	igt_assert_eq(device_list(CARVEOUT_NAME, "vskms"), 0);
	igt_assert_eq(file_write(CONFIGFS_HEAPS CARVEOUT_NAME "/devices/vskms/access", "none"), 0);
	igt_assert_eq(kms_crc(&kms), black);
	/* What it had stays valid and black; what it wants anew it does not get. */
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, scene.at, DRM_MODE_ATOMIC_TEST_ONLY), 0);
	show(&scene, &fb);
	igt_assert_eq(kms_crc(&kms), black);
	new.dmabuf[0] = heap_alloc(heap, SIZE * SIZE * 4);
	igt_assert(new.dmabuf[0] >= 0);
	igt_assert(drmPrimeFDToHandle(kms.fd, new.dmabuf[0], &handle) != 0);
	igt_assert_eq(errno, EACCES);
	close(new.dmabuf[0]);

	igt_assert_eq(device_delist(CARVEOUT_NAME, "vskms"), 0);
	/* What it had does not come back, but it is trusted again. */
	igt_assert_eq(kms_crc(&kms), black);
	protected_new(&scene, heap, &new);
	show(&scene, &new);
	igt_assert_eq(kms_crc(&kms), shown);
	hide(&scene);
	kms_fb_free(&kms, &fb);
	kms_fb_free(&kms, &new);
}

/*
 * The driver goes, and with it the master: all its grants end, and the buffer outlives them. The
 * driver comes again, and shows it.
 */
static void test_unregistered(void)
{
	const struct scene scene = { kms.overlay[0], DRM_FORMAT_XRGB8888, SIZE, SIZE, KMS_AT(30, 40) };
	uint32_t shown;
	struct kms_fb fb;
	int buffer;

	protected_new(&scene, heap, &fb);
	show(&scene, &fb);
	shown = kms_crc(&kms);
	buffer = dup(fb.dmabuf[0]);
	hide(&scene);
	kms_fb_free(&kms, &fb);
	kms_end(&kms, &screen);
	igt_assert_eq(kms_reload(""), 0);
	/* What was for the display's lines goes a moment later. */
	igt_assert_eq(ledger_settled("buffers", 1), 1);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "mappings"), 0);
	igt_assert_eq(ledger_now(CARVEOUT_NAME, "buffers"), 1);

	kms_begin(&kms, &screen, background);
	kms_fb_init(&fb, scene.format, SIZE, SIZE);
	fb.dmabuf[0] = buffer;
	igt_assert_eq(drmPrimeFDToHandle(kms.fd, buffer, &fb.handle[0]), 0);
	igt_assert_eq(kms_add_fb(&kms, &fb), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &fb, scene.at, 0), 0);
	igt_assert_eq(kms_crc(&kms), shown);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, scene.at, 0), 0);
	kms_fb_free(&kms, &fb);
}

igt_main()
{
	static struct scene scene;

	igt_fixture() {
		igt_require(!mounts());
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		kms_fill_opaque(background, W * H, 0);
		kms_begin(&kms, &screen, background);
		igt_require(kms.overlays);
	}

	igt_describe("On the primary plane.");
	igt_subtest("primary") {
		scene = (struct scene){ kms.primary, DRM_FORMAT_XRGB8888, W, H, KMS_AT(0, 0) };
		test_plane(&scene);
	}

	igt_describe("On an overlay.");
	igt_subtest("overlay") {
		scene = (struct scene){ kms.overlay[0], DRM_FORMAT_XRGB8888, SIZE, SIZE,
					KMS_AT(100, 60) };
		test_plane(&scene);
	}

	igt_describe("On an overlay, half outside, turned, and faint: black there is opaque.");
	igt_subtest("overlay-blended") {
		scene = (struct scene){ kms.overlay[0], DRM_FORMAT_ARGB8888, SIZE, SIZE,
					KMS_AT(-20, 60) };
		scene.at.rotation = DRM_MODE_ROTATE_90;
		scene.at.alpha = 0x4000;
		test_plane(&scene);
		/* Which leaves the plane as it was. */
		scene.at.rotation = DRM_MODE_ROTATE_0;
		scene.at.alpha = 0xffff;
		test_plane(&scene);
	}

	igt_describe("On an underlay.");
	igt_subtest("underlay") {
		scene = (struct scene){ kms.overlay[0], DRM_FORMAT_XRGB8888, SIZE, SIZE,
					KMS_AT(100, 60) };
		scene.at.zpos = 0;
		test_underlay(&scene);
		scene.at.zpos = kms.overlays + 1;
		test_plane(&scene);
	}

	igt_describe("On the cursor plane.");
	igt_subtest("cursor") {
		igt_require(kms.cursor);
		scene = (struct scene){ kms.cursor, DRM_FORMAT_ARGB8888, SIZE, SIZE,
					KMS_AT(301, 207) };
		test_plane(&scene);
	}

	igt_describe("NV12 in two buffers, of which one is dead.");
	igt_subtest("half-a-picture") {
		test_half(0);
		test_half(1);
	}

	igt_describe("What is of another heap goes on.");
	igt_subtest("others-go-on") {
		test_others_go_on(0);
		test_others_go_on(1);
	}

	igt_describe("No flip is lost or fails while sessions come and go.");
	igt_subtest("flips-in-flight")
		test_in_flight();

	igt_describe("The same when the display loses its trust.");
	igt_subtest("delisted")
		test_delisted();

	igt_describe("A buffer outlives the display driver, and is shown by the next.");
	igt_subtest("unregistered")
		test_unregistered();

	igt_describe("When all is closed nothing is left.");
	igt_subtest("nothing-left") {
		kms_end(&kms, &screen);
		igt_assert_eq(ledger_left(), 0);
	}

	igt_fixture() {
		kms_end(&kms, &screen);
		close(heap);
	}
}
