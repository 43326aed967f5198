// SPDX-License-Identifier: MIT
/*
 * Who gets what of a screen with protected content: CRCs as the module was loaded, and
 * nothing by any other client's ways, whether it is master, has a lease, or neither.
 *
 * The module is loaded anew, and left as it comes.
 */

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT
#define X 100
#define Y 60
#define SIZE 64

static struct kms kms;
static int heap;
static struct kms_fb screen;
static uint32_t background[W * H];

static void begin(const char *parameters)
{
	igt_assert_eq(kms_reload(parameters), 0);
	kms_begin(&kms, &screen, background);
}

static uint32_t crc_with(uint32_t plane, const struct kms_fb *fb, int alpha)
{
	struct kms_place at = KMS_AT(X, Y);
	uint32_t crc;

	at.alpha = alpha;
	igt_assert_eq(kms_show(&kms, plane, fb, at, 0), 0);
	crc = kms_crc(&kms);
	igt_assert_eq(kms_show(&kms, plane, NULL, at, 0), 0);
	return crc;
}

/* On each plane, opaque and faint: the CRC is of the pixels, or of opaque black. */
static void test_crc(bool include)
{
	static uint32_t pixels[SIZE * SIZE], none[SIZE * SIZE];
	struct kms_fb protected, ordinary, black;

	kms_fill_opaque(pixels, SIZE * SIZE, 1);
	for (int i = 0; i < SIZE * SIZE; i++)
		none[i] = 0xff000000;
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_ARGB8888, SIZE, SIZE,
				       pixels), 0);
	igt_assert_eq(kms_fb_ordinary(&kms, &ordinary, DRM_FORMAT_ARGB8888, SIZE, SIZE, pixels),
		      0);
	igt_assert_eq(kms_fb_ordinary(&kms, &black, DRM_FORMAT_ARGB8888, SIZE, SIZE, none), 0);
	for (int i = 0; i < 2; i++) {
		uint32_t plane = i ? kms.cursor : kms.overlay[0];

		for (int faint = 0; faint < 2; faint++) {
			int alpha = faint ? 0x4000 : 0xffff;
			uint32_t expected = include ? crc_with(plane, &ordinary, alpha) :
						      crc_with(plane, &black, 0xffff);

			igt_assert(crc_with(plane, &ordinary, alpha) !=
				   crc_with(plane, &black, 0xffff));
			igt_assert_eq(crc_with(plane, &protected, alpha), expected);
		}
	}
	kms_fb_free(&kms, &protected);
	kms_fb_free(&kms, &ordinary);
	kms_fb_free(&kms, &black);
}

/* In one frame a CRC without and the panel with: the camera is no software. */
static void test_panel_beside_crc(void)
{
	static uint32_t pixels[SIZE * SIZE], none[SIZE * SIZE];
	static unsigned char image[32 + 3 * W * H];
	igt_pipe_crc_t *pipe_crc = igt_pipe_crc_new(kms.fd, 0, "auto");
	struct kms_fb protected, black;
	int panel = kms_panel(&kms);
	struct kms_place at = KMS_AT(X, Y);
	const unsigned char *rgb;
	uint64_t captured, when;
	uint32_t expected;
	igt_crc_t crc;
	size_t len = 0;
	ssize_t got;

	igt_assert(panel >= 0);
	kms_fill_opaque(pixels, SIZE * SIZE, 1);
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE,
				       pixels), 0);
	igt_assert_eq(kms_fb_ordinary(&kms, &black, DRM_FORMAT_XRGB8888, SIZE, SIZE, none), 0);
	expected = crc_with(kms.overlay[0], &black, 0xffff);
	at.alpha = 0xffff;
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &protected, at, 0), 0);
	igt_pipe_crc_start(pipe_crc);
	while ((got = read(panel, image + len, sizeof(image) - len)) > 0)
		len += got;
	igt_assert_eq(got, 0);
	rgb = image + len - 3 * W * H + 3 * (Y * W + X);
	igt_assert_eq(rgb[0] << 16 | rgb[1] << 8 | rgb[2], pixels[0] & 0xffffff);
	/* Each frame up to the one that was captured, and that. */
	igt_assert_eq(drmCrtcGetSequence(kms.fd, kms.crtc, &captured, &when), 0);
	do {
		igt_pipe_crc_get_single(pipe_crc, &crc);
		igt_assert_eq(crc.crc[0], expected);
		igt_assert(crc.has_valid_frame);
	} while ((int32_t)(crc.frame - (uint32_t)captured) < 0);
	igt_pipe_crc_stop(pipe_crc);
	igt_pipe_crc_free(pipe_crc);
	close(panel);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(X, Y), 0), 0);
	kms_fb_free(&kms, &protected);
	kms_fb_free(&kms, &black);
}

/* Of a CRC, by somebody who is not root. */
static int crc_opened_by_another(void)
{
	struct stat card;
	char path[64];
	int fd, ret;

	igt_assert_eq(fstat(kms.fd, &card), 0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/crtc-%d/crc/data", minor(card.st_rdev),
		 kms.index);
	igt_assert_eq(seteuid(65534), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ret = fd < 0 ? -errno : 0;
	igt_assert_eq(seteuid(0), 0);
	if (fd >= 0)
		close(fd);
	return ret;
}

/* Also where debugfs lets everybody in, as its file mode would. */
static void test_crc_is_roots(void)
{
	static const char root[] = "/sys/kernel/debug";
	struct stat before;
	int ret;

	igt_assert_eq(stat(root, &before), 0);
	igt_assert_eq(chmod(root, 0755), 0);
	ret = crc_opened_by_another();
	igt_assert_eq(chmod(root, before.st_mode & 07777), 0);
	igt_assert_eq(ret, -EACCES);
	/* The refusal leaves the file to be opened by root. */
	igt_assert(kms_crc(&kms) != 0);
}

/* The handle, or 0 if there is none to be had. */
static uint32_t handle_of(int fd, uint32_t fb)
{
	drmModeFB2 *fb2 = drmModeGetFB2(fd, fb);
	uint32_t handle = fb2 ? fb2->handles[0] : 0;

	drmModeFreeFB2(fb2);
	return handle;
}

/* By @fd: what it can make of a framebuffer that another has made, on the screen or not. */
static void assert_nothing_mapped(int fd, uint32_t fb)
{
	struct drm_mode_map_dumb map = { .handle = handle_of(fd, fb) };
	struct secure_heap_query query;
	int dmabuf;

	igt_assert(map.handle);
	igt_assert_eq(ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map), -1);
	igt_assert_eq(errno, EINVAL);
	igt_assert_eq(drmPrimeHandleToFD(fd, map.handle, O_RDWR | O_CLOEXEC, &dmabuf), 0);
	/* It is the heap's own, whoever exports it. */
	igt_assert_eq(secure_query(kms.secure, dmabuf, &query), 0);
	igt_assert_eq(query.state, SECURE_HEAP_STATE_LIVE);
	igt_assert(mmap(NULL, 4096, PROT_READ, MAP_SHARED, dmabuf, 0) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	close(dmabuf);
	drmCloseBufferHandle(fd, map.handle);
}

/* Over the background, on the first overlay. */
static void show_protected(struct kms_fb *fb)
{
	static uint32_t pixels[SIZE * SIZE];

	kms_fill_opaque(pixels, SIZE * SIZE, 5);
	igt_assert_eq(kms_fb_protected(&kms, fb, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE, pixels),
		      0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], fb, KMS_AT(X, Y), 0), 0);
}

static void hide(struct kms_fb *fb)
{
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(X, Y), 0), 0);
	kms_fb_free(&kms, fb);
}

static void test_other_client(void)
{
	int other = kms_card(), child;
	struct kms_fb protected;

	igt_assert(other >= 0);
	show_protected(&protected);
	/* Root may ask for the handle; it is worth nothing. */
	assert_nothing_mapped(other, protected.id);
	/* Others may not, though the card is open to them. */
	child = fork();
	if (!child)
		_exit(setgid(65534) || setuid(65534) ? 1 : handle_of(other, protected.id) ? 2 : 0);
	igt_assert(child > 0);
	igt_assert_eq(waitpid(child, &child, 0) > 0 ? child : -1, 0);
	hide(&protected);
	close(other);
}

static void assert_black(const uint32_t *captured)
{
	for (int y = 0; y < H; y++) {
		for (int x = 0; x < W; x++) {
			bool inside = x >= X && x < X + SIZE && y >= Y && y < Y + SIZE;

			igt_assert_eq(captured[y * W + x] & 0xffffff,
				      inside ? 0 : background[y * W + x] & 0xffffff);
		}
	}
}

/* With the CRTC, its writeback and a plane: it captures as the lessor does. */
static void test_lease(void)
{
	const uint32_t objects[] = { kms.crtc, kms.connector, kms.writeback, kms.primary };
	static uint32_t captured[W * H];
	struct kms lessee = kms;
	struct kms_fb protected;
	uint32_t id;

	show_protected(&protected);
	igt_assert_eq(kms_capture(&kms, captured), 0);
	assert_black(captured);

	lessee.fd = drmModeCreateLease(kms.fd, objects, sizeof(objects) / sizeof(objects[0]),
				       O_CLOEXEC, &id);
	igt_assert(lessee.fd >= 0);
	igt_assert_eq(drmSetClientCap(lessee.fd, DRM_CLIENT_CAP_ATOMIC, 1), 0);
	igt_assert_eq(drmSetClientCap(lessee.fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1), 0);
	assert_nothing_mapped(lessee.fd, protected.id);
	memset(captured, 0x5a, sizeof(captured));
	igt_assert_eq(kms_capture(&lessee, captured), 0);
	assert_black(captured);
	close(lessee.fd);
	hide(&protected);
}

igt_main()
{
	igt_fixture() {
		igt_require(!mounts());
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		kms_fill_opaque(background, W * H, 0);
		begin("");
	}

	igt_describe("As it comes a CRC is of protected pixels, too.");
	igt_subtest("crc-includes")
		test_crc(true);

	igt_describe("A handle that another client gets of a framebuffer maps nothing.");
	igt_subtest("other-client")
		test_other_client();

	igt_describe("Nor does a lessee's, and what it captures is black as for all.");
	igt_subtest("lessee")
		test_lease();

	igt_describe("A CRC tells of protected pixels, and is root's.");
	igt_subtest("crc-is-roots")
		test_crc_is_roots();

	igt_fixture() {
		kms_end(&kms, &screen);
		begin("crc_policy=exclude panel_capture=1");
	}

	igt_describe("With crc_policy=exclude it is of opaque black in their place.");
	igt_subtest("crc-excludes")
		test_crc(false);

	igt_describe("The panel has them all the same, beside a CRC without.");
	igt_subtest("panel-beside-crc")
		test_panel_beside_crc();

	igt_describe("When all is closed nothing is left.");
	igt_subtest("nothing-left") {
		kms_end(&kms, &screen);
		igt_assert_eq(ledger_left(), 0);
	}

	igt_fixture() {
		kms_end(&kms, &screen);
		close(heap);
		igt_assert_eq(kms_reload(""), 0);
	}
}
