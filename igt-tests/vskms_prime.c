// SPDX-License-Identifier: MIT
/*
 * Foreign buffers: how they come to the display by PRIME, are shown, and go without a trace,
 * whatever is closed first; and what does not come. Framebuffers of them: vskms_framebuffer.c.
 */

#include "igt.h"
#include "foreign.h"
#include "kms.h"

#define W FOREIGN_WIDTH
#define H FOREIGN_HEIGHT
#define BYTES (W * H * 4)
#define SIZE ((BYTES + 4095) & ~4095)	/* whole pages */

static struct kms kms;
static struct kms_fb screen;

/* A framebuffer of XRGB8888 on @card; 0, or a negative errno and nothing made. */
static int fb_of(int card, uint32_t handle, uint32_t *id)
{
	uint32_t handles[4] = { handle }, pitches[4] = { W * 4 }, offsets[4] = {};

	*id = 0;
	return drmModeAddFB2(card, W, H, DRM_FORMAT_XRGB8888, handles, pitches, offsets, id, 0) ?
	       -errno : 0;
}

static void test_reimport(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();
	int buffer = buffer_new(exporter, SIZE, pixels);
	int again = dup(buffer);
	uint32_t handle = buffer_import(kms.fd, buffer), id;

	igt_assert_eq(buffer_import(kms.fd, buffer), handle);
	igt_assert_eq(buffer_import(kms.fd, again), handle);
	close(again);
	/* One handle, so one close. */
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	igt_assert_eq(fb_of(kms.fd, handle, &id), -ENOENT);
	igt_assert(drmCloseBufferHandle(kms.fd, handle) != 0);
	/* And it can come again, while its old object may still be going. */
	for (int i = 0; i < 50; i++) {
		handle = buffer_import(kms.fd, buffer);
		igt_assert_eq(fb_of(kms.fd, handle, &id), 0);
		igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
		igt_assert_eq(drmModeRmFB(kms.fd, id), 0);
	}
	close(buffer);
	assert_held(before);
}

/* Handles are a file's own: each has its mapping, and loses none to the other. */
static void test_two_clients(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();
	int other = kms_card();
	uint32_t handle, others, id, expected;
	int buffer;

	igt_assert(other >= 0);
	kms_fill(pixels, W * H, 3);
	expected = foreign_expected(&kms, DRM_FORMAT_XRGB8888, pixels);
	buffer = buffer_new(exporter, SIZE, pixels);
	handle = buffer_import(kms.fd, buffer);
	others = buffer_import(other, buffer);
	if (exporter == PROTECTED)
		igt_assert_eq(ledger_now("total", "mappings"), before.mappings + 2);
	igt_assert_eq(fb_of(kms.fd, handle, &id), 0);
	igt_assert_eq(foreign_show(&kms, id), expected);
	igt_assert_eq(drmCloseBufferHandle(other, others), 0);
	igt_assert_eq(kms_crc(&kms), expected);
	/* Nor does it matter to ours that the other file ends with its handle. */
	others = buffer_import(other, buffer);
	close(other);
	igt_assert_eq(kms_crc(&kms), expected);
	foreign_hide(&kms);
	igt_assert_eq(drmModeRmFB(kms.fd, id), 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	close(buffer);
	assert_held(before);
}

/* What a client holds of a buffer, to be let go one by one. */
struct client {
	int card, buffer;
	uint32_t handle, id;
};

enum { FD, HANDLE, FRAMEBUFFER, FILE_, HOLDS };

static void let_go(struct client *client, int what)
{
	switch (what) {
	case FD:
		close(client->buffer);
		break;
	case HANDLE:
		if (client->card >= 0)
			igt_assert_eq(drmCloseBufferHandle(client->card, client->handle), 0);
		break;
	case FRAMEBUFFER:
		if (client->card >= 0)
			igt_assert_eq(drmModeRmFB(client->card, client->id), 0);
		break;
	case FILE_:
		close(client->card);
		client->card = -1;
		break;
	}
}

/* All 24 orders: @order is a number of the factorial system. */
static void permutation(int order, int out[HOLDS])
{
	int left[HOLDS] = { FD, HANDLE, FRAMEBUFFER, FILE_ };

	for (int i = 0; i < HOLDS; i++) {
		int n = HOLDS - i, at = order % n;

		out[i] = left[at];
		order /= n;
		memmove(left + at, left + at + 1, (n - at - 1) * sizeof(left[0]));
	}
}

static void test_close_orders(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();

	for (int order = 0; order < 24; order++) {
		struct client client = { .card = kms_card() };
		int holds[HOLDS];

		client.buffer = buffer_new(exporter, SIZE, pixels);
		client.handle = buffer_import(client.card, client.buffer);
		igt_assert_eq(fb_of(client.card, client.handle, &client.id), 0);
		permutation(order, holds);
		for (int i = 0; i < HOLDS; i++)
			let_go(&client, holds[i]);
		assert_held(before);
	}
}

/* On the screen a framebuffer is enough, and when it is removed, it goes. */
static void test_close_while_shown(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();
	uint32_t empty = kms_crc(&kms), expected;

	kms_fill(pixels, W * H, 4);
	expected = foreign_expected(&kms, DRM_FORMAT_XRGB8888, pixels);
	for (int order = 0; order < 2; order++) {
		struct client client = { .card = kms.fd };

		client.buffer = buffer_new(exporter, SIZE, pixels);
		client.handle = buffer_import(client.card, client.buffer);
		igt_assert_eq(fb_of(client.card, client.handle, &client.id), 0);
		igt_assert_eq(foreign_show(&kms, client.id), expected);
		let_go(&client, order ? FD : HANDLE);
		igt_assert_eq(kms_crc(&kms), expected);
		let_go(&client, order ? HANDLE : FD);
		igt_assert_eq(kms_crc(&kms), expected);
		let_go(&client, FRAMEBUFFER);
		igt_assert_eq(kms_crc(&kms), empty);
		assert_held(before);
	}
}

/* Nothing but dma-bufs comes in, and nothing that is not open. */
static void test_bad_descriptors(void)
{
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);
	uint32_t handle = 0;

	igt_assert(drmPrimeFDToHandle(kms.fd, file, &handle) != 0);
	igt_assert_eq(errno, EINVAL);
	igt_assert(drmPrimeFDToHandle(kms.fd, kms.fd, &handle) != 0);
	igt_assert_eq(errno, EINVAL);
	close(file);
	igt_assert(drmPrimeFDToHandle(kms.fd, file, &handle) != 0);
	igt_assert_eq(errno, EBADF);
	igt_assert_eq(handle, 0);
}

/* Counts the calls of a kernel function; false if the kernel has no probes for that. */
static bool calls_begin(const char *function)
{
	char text[128];

	if (access("/sys/kernel/tracing/kprobe_events", F_OK))
		return false;
	snprintf(text, sizeof(text), "p:vskms_%s %s", function, function);
	igt_assert_eq(file_write("/sys/kernel/tracing/kprobe_events", text), 0);
	snprintf(text, sizeof(text), "/sys/kernel/tracing/events/kprobes/vskms_%s/enable", function);
	igt_assert_eq(file_write(text, "1"), 0);
	return true;
}

static long long calls(const char *function)
{
	char text[4096], name[64], *at;

	snprintf(name, sizeof(name), "vskms_%s", function);
	igt_assert(file_read("/sys/kernel/tracing/kprobe_profile", text, sizeof(text)) > 0);
	at = strstr(text, name);
	igt_assert(at);
	return strtoll(at + strlen(name), NULL, 10);
}

static void calls_end(const char *function)
{
	char text[128];

	snprintf(text, sizeof(text), "/sys/kernel/tracing/events/kprobes/vskms_%s/enable", function);
	file_write(text, "0");
	snprintf(text, sizeof(text), "-:vskms_%s", function);
	file_write("/sys/kernel/tracing/kprobe_events", text);
}

/* What an exporter does when the CPU's access begins and ends; vgem has no need of it. */
static const char *const begins[EXPORTERS] = {
	[PROTECTED] = "buffer_begin_cpu_access",
	[SYSTEM] = "system_heap_dma_buf_begin_cpu_access",
	[UDMABUF] = "begin_cpu_udmabuf",
};

static const char *const ends[EXPORTERS] = {
	[PROTECTED] = "buffer_end_cpu_access",
	[SYSTEM] = "system_heap_dma_buf_end_cpu_access",
	[UDMABUF] = "end_cpu_udmabuf",
};

/*
 * Shown as a dumb buffer with the same pixels is. The CPU's access is begun and ended, as
 * often: that is what makes it see what a device wrote.
 */
static void test_shown(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	const char *begin = begins[exporter], *end = ends[exporter];
	bool counted = begin && calls_begin(begin) && calls_begin(end);
	struct held before = held();
	uint32_t handle, id, expected;
	long long began = 0;
	int buffer;

	kms_fill(pixels, W * H, 5 + exporter);
	expected = foreign_expected(&kms, DRM_FORMAT_XRGB8888, pixels);
	buffer = buffer_new(exporter, SIZE, pixels);
	handle = buffer_import(kms.fd, buffer);
	igt_assert_eq(fb_of(kms.fd, handle, &id), 0);
	igt_assert_eq(foreign_show(&kms, id), expected);
	foreign_hide(&kms);
	igt_assert_eq(drmModeRmFB(kms.fd, id), 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	close(buffer);
	if (counted) {
		began = calls(begin);
		for (int i = 0; i < 100 && calls(end) < began; i++)
			usleep(20000);
		igt_assert_eq(calls(begin), began);
		igt_assert_eq(calls(end), began);
		/* No CPU looks at a protected one. */
		igt_assert_eq(!began, exporter == PROTECTED);
		calls_end(begin);
		calls_end(end);
	}
	assert_held(before);
}

/* What TEST_ONLY says of a buffer, on every plane, a commit says too. */
static void test_test_only(enum exporter exporter)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();
	uint32_t planes[] = { kms.primary, kms.overlay[0], kms.cursor };
	int buffer = buffer_new(exporter, SIZE, pixels);
	uint32_t handle = buffer_import(kms.fd, buffer);
	struct kms_fb fb = { .width = W, .height = H };

	igt_assert_eq(fb_of(kms.fd, handle, &fb.id), 0);
	for (size_t i = 0; i < sizeof(planes) / sizeof(planes[0]); i++) {
		struct kms_place larger = KMS_AT(0, 0);
		uint32_t plane = planes[i];

		larger.w = W + 1;
		larger.h = H;
		if (!plane)
			continue;
		for (int flags = DRM_MODE_ATOMIC_TEST_ONLY; flags >= 0; flags -= DRM_MODE_ATOMIC_TEST_ONLY) {
			igt_assert_eq(kms_show(&kms, plane, &fb, larger, flags), -ENOSPC);
			igt_assert_eq(kms_show(&kms, plane, &fb, KMS_AT(-20, 3), flags), 0);
		}
		if (plane == kms.primary)
			igt_assert_eq(kms_show(&kms, plane, &screen, KMS_AT(0, 0), 0), 0);
		else
			igt_assert_eq(kms_show(&kms, plane, NULL, KMS_AT(0, 0), 0), 0);
	}
	igt_assert_eq(drmModeRmFB(kms.fd, fb.id), 0);
	igt_assert_eq(drmCloseBufferHandle(kms.fd, handle), 0);
	close(buffer);
	assert_held(before);
}

/* Not by the back door: vgem is nobody's master, and so has nothing to pass on. */
static void test_not_through_vgem(void)
{
	static uint32_t pixels[W * H + 1024];
	struct held before = held();
	int vgem = vgem_open();
	int buffer = buffer_new(PROTECTED, SIZE, pixels);
	long long refused = ledger_refused(CARVEOUT_NAME, "attach");
	uint32_t handle = 0;

	igt_assert(drmPrimeFDToHandle(vgem, buffer, &handle) != 0);
	igt_assert_eq(errno, EACCES);
	igt_assert_eq(handle, 0);
	igt_assert(ledger_refused(CARVEOUT_NAME, "attach") > refused);
	close(vgem);
	close(buffer);
	assert_held(before);
}

igt_main()
{
	igt_fixture()
		foreign_begin(&kms, &screen);

	for (int e = 0; e < EXPORTERS; e++) {
		igt_describe("A buffer has one handle in a file, however often it comes.");
		igt_subtest(exporter_subtest("reimport", e))
			test_reimport(e);

		igt_describe("Two files have handles of their own.");
		igt_subtest(exporter_subtest("two-clients", e))
			test_two_clients(e);

		igt_describe("Descriptor, handle, framebuffer and file are closed in every order.");
		igt_subtest(exporter_subtest("close-orders", e))
			test_close_orders(e);

		igt_describe("What is shown stays as long as its framebuffer.");
		igt_subtest(exporter_subtest("close-while-shown", e))
			test_close_while_shown(e);

		igt_describe("It shows what a dumb buffer shows, and is read between begin and end.");
		igt_subtest(exporter_subtest("shown", e))
			test_shown(e);

		igt_describe("TEST_ONLY and commit agree on it.");
		igt_subtest(exporter_subtest("test-only", e))
			test_test_only(e);
	}

	igt_describe("A protected buffer does not come through vgem.");
	igt_subtest("not-through-vgem")
		test_not_through_vgem();

	igt_describe("What is no dma-buf is refused.");
	igt_subtest("bad-descriptors")
		test_bad_descriptors();

	igt_fixture()
		kms_end(&kms, &screen);
}
