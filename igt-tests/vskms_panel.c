// SPDX-License-Identifier: MIT
/*
 * The panel: what a person in front of the display sees is a file, for root, if the module
 * was loaded so. It has what is shown, protected pixels included, and changes nothing else.
 *
 * The module is loaded anew, and left as it comes.
 */

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "igt.h"
#include "kms.h"

#define W KMS_WIDTH
#define H KMS_HEIGHT
#define X 100
#define Y 60
#define SIZE 64
#define READERS 4

#define HEADER "P6\n640 480\n255\n"
#define HEADER_SIZE (sizeof(HEADER) - 1)
#define IMAGE_SIZE (HEADER_SIZE + 3 * W * H)

static struct kms kms;
static int heap;
static struct kms_fb screen[2];
static uint32_t background[2][W * H];

/* All that the file has from where it is: bytes, or a negative errno. */
static int read_all(int panel, unsigned char *image)
{
	int len = 0;

	for (;;) {
		ssize_t got = read(panel, image + len, IMAGE_SIZE + 1 - len);

		if (got < 0)
			return -errno;
		if (!got)
			return len;
		len += got;
	}
}

static uint32_t pixel(const unsigned char *image, int x, int y)
{
	const unsigned char *rgb = image + HEADER_SIZE + 3 * (y * W + x);

	return rgb[0] << 16 | rgb[1] << 8 | rgb[2];
}

/* Is it the background, with @pixels in the square at X, Y if there are any? */
static bool image_is(const unsigned char *image, const uint32_t *expected, const uint32_t *pixels)
{
	if (memcmp(image, HEADER, HEADER_SIZE))
		return false;
	for (int y = 0; y < H; y++) {
		for (int x = 0; x < W; x++) {
			bool inside = pixels && x >= X && x < X + SIZE && y >= Y && y < Y + SIZE;
			uint32_t want = inside ? pixels[(y - Y) * SIZE + x - X] :
						 expected[y * W + x];

			if (pixel(image, x, y) != (want & 0xffffff))
				return false;
		}
	}
	return true;
}

static void assert_shown(int panel, const uint32_t *expected, const uint32_t *pixels)
{
	static unsigned char image[IMAGE_SIZE + 1];

	igt_assert_eq(lseek(panel, 0, SEEK_SET), 0);
	igt_assert_eq(read_all(panel, image), IMAGE_SIZE);
	igt_assert(image_is(image, expected, pixels));
}

/* Opens the card and shows the first background. */
static void begin(void)
{
	igt_assert_eq(kms_open(&kms), 0);
	for (int i = 0; i < 2; i++) {
		kms_fill_opaque(background[i], W * H, 1000 * i);
		igt_assert_eq(kms_fb_ordinary(&kms, &screen[i], DRM_FORMAT_XRGB8888, W, H,
					      background[i]), 0);
	}
	igt_assert_eq(kms_modeset(&kms, &screen[0]), 0);
}

/* What may have ended already. */
static void end(void)
{
	if (kms.fd < 0)
		return;
	kms_off(&kms);
	for (int i = 0; i < 2; i++)
		kms_fb_free(&kms, &screen[i]);
	kms_close(&kms);
	kms.fd = -1;
}

static void test_off(void)
{
	char text[8];

	begin();
	igt_assert_eq(kms_panel(&kms), -ENOENT);
	igt_assert_eq(file_read("/sys/module/vskms/parameters/panel_capture", text, sizeof(text)),
		      1);
	igt_assert_eq(text[0], 'N');
	/* Nor is it to be had afterwards. */
	igt_assert_eq(file_write("/sys/module/vskms/parameters/panel_capture", "Y"), -EACCES);
	igt_assert_eq(kms_panel(&kms), -ENOENT);
	end();
}

static void test_content(void)
{
	static uint32_t pixels[SIZE * SIZE];
	struct kms_fb protected;
	int panel = kms_panel(&kms);

	igt_assert(panel >= 0);
	assert_shown(panel, background[0], NULL);

	kms_fill_opaque(pixels, SIZE * SIZE, 77);
	igt_assert_eq(kms_fb_protected(&kms, &protected, heap, DRM_FORMAT_XRGB8888, SIZE, SIZE,
				       pixels), 0);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], &protected, KMS_AT(X, Y), 0), 0);
	assert_shown(panel, background[0], pixels);
	igt_assert_eq(kms_show(&kms, kms.overlay[0], NULL, KMS_AT(X, Y), 0), 0);
	assert_shown(panel, background[0], NULL);
	kms_fb_free(&kms, &protected);
	close(panel);
}

static void test_one_file_many_frames(void)
{
	static unsigned char image[IMAGE_SIZE + 1], again[HEADER_SIZE + 3];
	int panel = kms_panel(&kms);

	igt_assert(panel >= 0);
	/* A byte at a time is one frame still, whatever is shown meanwhile. */
	igt_assert_eq(read(panel, image, 1), 1);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen[1], KMS_AT(0, 0), 0), 0);
	igt_assert_eq(read(panel, image + 1, HEADER_SIZE), HEADER_SIZE);
	igt_assert_eq(read_all(panel, image + 1 + HEADER_SIZE), IMAGE_SIZE - HEADER_SIZE - 1);
	igt_assert(image_is(image, background[0], NULL));
	/* The end is the end, and the beginning is another frame. */
	igt_assert_eq(read(panel, image, 1), 0);
	igt_assert_eq(pread(panel, again, sizeof(again), 100000), sizeof(again));
	igt_assert_eq(memcmp(again, image + 100000, sizeof(again)), 0);
	assert_shown(panel, background[1], NULL);
	igt_assert_eq(kms_show(&kms, kms.primary, &screen[0], KMS_AT(0, 0), 0), 0);
	assert_shown(panel, background[0], NULL);
	/* Without a frame there is nothing to read on. */
	close(panel);
	panel = kms_panel(&kms);
	igt_assert_eq(pread(panel, image, 16, 8), 0);
	igt_assert_eq(read(panel, image, 0), 0);
	igt_assert_eq(pread(panel, image, 16, 8), 0);
	close(panel);
}

static void test_root_alone(void)
{
	struct stat status;
	int panel = kms_panel(&kms), child;

	igt_assert(panel >= 0);
	igt_assert_eq(fstat(panel, &status), 0);
	igt_assert_eq(status.st_mode & 07777, 0400);
	igt_assert_eq(status.st_uid, 0);
	close(panel);

	/* Also if debugfs lets everybody in. */
	igt_assert_eq(chmod("/sys/kernel/debug", 0755), 0);
	child = fork();
	if (!child)
		_exit(setgid(65534) || setuid(65534) ? 1 : kms_panel(&kms) == -EACCES ? 0 : 2);
	igt_assert(child > 0);
	igt_assert_eq(waitpid(child, &child, 0) > 0 ? child : -1, 0);
	igt_assert_eq(chmod("/sys/kernel/debug", 0700), 0);
}

static void test_nothing_shown(void)
{
	int panel = kms_panel(&kms);
	char byte;

	igt_assert(panel >= 0);
	igt_assert_eq(kms_off(&kms), 0);
	igt_assert_eq(read(panel, &byte, 1), -1);
	igt_assert_eq(errno, ENODEV);
	igt_assert_eq(kms_modeset(&kms, &screen[1]), 0);
	assert_shown(panel, background[1], NULL);
	igt_assert_eq(kms_modeset(&kms, &screen[0]), 0);
	assert_shown(panel, background[0], NULL);
	close(panel);
}

static atomic_bool stop;

/* How many frames that are whole, and were to be seen; or -1. */
static void *read_frames(void *data)
{
	unsigned char *image = malloc(IMAGE_SIZE + 1);
	int panel = kms_panel(&kms);
	intptr_t frames = 0;

	(void)data;
	while (!stop && frames >= 0) {
		int len = lseek(panel, 0, SEEK_SET) ? -errno : read_all(panel, image);

		if (len == -ENODEV)
			continue;
		if (len == IMAGE_SIZE && (image_is(image, background[0], NULL) ||
					  image_is(image, background[1], NULL)))
			frames++;
		else
			frames = -1;
	}
	close(panel);
	free(image);
	return (void *)frames;
}

/* Frames are whole, and all readers get them, while they come and go. */
static void test_readers(int rounds, void (*round)(int i))
{
	pthread_t readers[READERS];
	void *frames;

	stop = false;
	for (int i = 0; i < READERS; i++)
		igt_assert_eq(pthread_create(&readers[i], NULL, read_frames, NULL), 0);
	for (int i = 0; i < rounds; i++)
		round(i);
	stop = true;
	for (int i = 0; i < READERS; i++) {
		igt_assert_eq(pthread_join(readers[i], &frames), 0);
		igt_assert((intptr_t)frames > 0);
	}
	igt_assert_eq(kms_modeset(&kms, &screen[0]), 0);
}

static void flip(int i)
{
	igt_assert_eq(kms_show(&kms, kms.primary, &screen[i % 2], KMS_AT(0, 0), 0), 0);
}

static void off_and_on(int i)
{
	igt_assert_eq(kms_off(&kms), 0);
	igt_assert_eq(kms_modeset(&kms, &screen[i % 2]), 0);
	for (int j = 0; j < 5; j++)
		flip(i + j);
}

static void killed_reader(int i)
{
	int child = fork();

	if (!child) {
		int panel = kms_panel(&kms);
		char byte;

		for (;;)
			if (pread(panel, &byte, 1, 0) != 1)
				_exit(1);
	}
	igt_assert(child > 0);
	usleep(5000 + 1700 * i);
	igt_assert_eq(kill(child, SIGKILL), 0);
	igt_assert_eq(waitpid(child, &child, 0) > 0 ? child : -1, SIGKILL);
}

#define OURS "/sys/kernel/config/vskms/panel"

struct reader {
	pthread_t thread;
	int panel;
	atomic_int frames;	/* whole ones that it has read */
	int last;		/* what ended that: -errno */
};

/* Whole frames, until the file is no more. */
static void *read_until_gone(void *data)
{
	unsigned char *image = malloc(IMAGE_SIZE + 1);
	struct reader *reader = data;
	int len;

	do {
		lseek(reader->panel, 0, SEEK_SET);
		len = read_all(reader->panel, image);
		if (len == IMAGE_SIZE && image_is(image, background[0], NULL))
			reader->frames++;
	} while (len == IMAGE_SIZE || len == -ENODEV);
	free(image);
	reader->last = len;
	return NULL;
}

static void test_device_goes(void)
{
	/* Not on the stack: if an assertion fails they run on. */
	static struct reader readers[READERS];
	char byte;

	memset(readers, 0, sizeof(readers));
	end();
	igt_assert_eq(kms_reload("panel_capture=1 create_default_dev=N"), 0);
	igt_assert_eq(system("mkdir " OURS " && cd " OURS " && "
			     "mkdir planes/p crtcs/c encoders/e connectors/c && "
			     "echo 1 >planes/p/type && "
			     "ln -s $PWD/crtcs/c planes/p/possible_crtcs/ && "
			     "ln -s $PWD/crtcs/c encoders/e/possible_crtcs/ && "
			     "ln -s $PWD/encoders/e connectors/c/possible_encoders/ && "
			     "echo 1 >enabled"), 0);
	begin();
	for (int i = 0; i < READERS; i++) {
		readers[i].panel = kms_panel(&kms);
		igt_assert(readers[i].panel >= 0);
		igt_assert_eq(pthread_create(&readers[i].thread, NULL, read_until_gone,
					     &readers[i]), 0);
	}
	/* In the midst of reading, each of them. */
	for (int i = 0; i < READERS; i++) {
		for (int ms = 0; !readers[i].frames && ms < 30000; ms += 10)
			usleep(10000);
		igt_assert(readers[i].frames > 0);
	}
	igt_assert_eq(file_write(OURS "/enabled", "0"), 0);
	for (int i = 0; i < READERS; i++) {
		igt_assert_eq(pthread_join(readers[i].thread, NULL), 0);
		igt_assert_eq(readers[i].last, -EIO);
	}
	/* The files, and the card, are closed after what they are of. */
	kms_close(&kms);
	kms.fd = -1;
	for (int i = 0; i < READERS; i++) {
		igt_assert_eq(pread(readers[i].panel, &byte, 1, 0), -1);
		igt_assert_eq(errno, EIO);
		close(readers[i].panel);
	}
	igt_assert_eq(system("cd " OURS " && rm */*/possible_*/* && "
			     "rmdir planes/p crtcs/c encoders/e connectors/c && rmdir " OURS), 0);
}

igt_main()
{
	igt_fixture() {
		igt_require(!mounts());
		heap = heap_open(CARVEOUT_HEAP);
		igt_require(heap >= 0);
		igt_assert_eq(kms_reload(""), 0);
	}

	igt_describe("As it comes there is no such file, and no way to it while it is loaded.");
	igt_subtest("off-by-default")
		test_off();

	igt_fixture() {
		igt_assert_eq(kms_reload("panel_capture=1"), 0);
		begin();
	}

	igt_describe("It has what is shown, protected pixels included, to the pixel.");
	igt_subtest("shows-protected-pixels")
		test_content();

	igt_describe("Reading is of one frame to its end; from the beginning it is another.");
	igt_subtest("one-file-many-frames")
		test_one_file_many_frames();

	igt_describe("The file is root's.");
	igt_subtest("root-alone")
		test_root_alone();

	igt_describe("While nothing is shown it says so; then it goes on.");
	igt_subtest("nothing-shown-refused")
		test_nothing_shown();

	igt_describe("Many readers and flips: each sees whole frames.");
	igt_subtest("many-readers")
		test_readers(60, flip);

	igt_describe("The display goes off and on under the readers.");
	igt_subtest("readers-while-off-and-on")
		test_readers(10, off_and_on);

	igt_describe("Readers that are killed as they wait harm no other.");
	igt_subtest("killed-readers")
		test_readers(20, killed_reader);

	igt_describe("A file that is open keeps the module; then all is as it was.");
	igt_subtest("nothing-left") {
		int panel = kms_panel(&kms);

		end();
		igt_assert(panel >= 0);
		igt_assert(kms_reload("") < 0);
		close(panel);
		for (int i = 0; i < 100 && ledger_now("total", "buffers"); i++)
			usleep(20000);
		igt_assert_eq(ledger_now("total", "buffers"), 0);
		igt_assert_eq(ledger_now("total", "windows"), 0);
		igt_assert_eq(ledger_imbalances(), 0);
	}

	igt_describe("The device goes away under its readers, who are told.");
	igt_subtest("device-goes-away")
		test_device_goes();

	igt_fixture() {
		end();
		close(heap);
		igt_assert_eq(kms_reload(""), 0);
	}
}
