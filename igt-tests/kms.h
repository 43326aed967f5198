/* SPDX-License-Identifier: MIT */
/*
 * The display, for tests: vskms's card, a mode on it, framebuffers of ordinary and of
 * protected buffers, planes by atomic commits. By libdrm alone, for it is stable where
 * libigt's display is not. What fails returns a negative errno.
 */
#ifndef VSKMS_KMS_H
#define VSKMS_KMS_H

#include <drm_fourcc.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "heap.h"

#define KMS_WIDTH 640
#define KMS_HEIGHT 480
#define KMS_OVERLAYS 8

/* libigt's, in this form since 2017. */
typedef struct {
	uint32_t frame;
	bool has_valid_frame;
	int n_words;
	uint32_t crc[10];
} igt_crc_t;
typedef struct _igt_pipe_crc igt_pipe_crc_t;
igt_pipe_crc_t *igt_pipe_crc_new(int fd, int crtc, const char *source);
void igt_pipe_crc_free(igt_pipe_crc_t *pipe_crc);
void igt_pipe_crc_start(igt_pipe_crc_t *pipe_crc);
void igt_pipe_crc_stop(igt_pipe_crc_t *pipe_crc);
void igt_pipe_crc_get_single(igt_pipe_crc_t *pipe_crc, igt_crc_t *crc);
void igt_pipe_crc_collect_crc(igt_pipe_crc_t *pipe_crc, igt_crc_t *crc);

struct kms {
	int fd;
	int secure;		/* /dev/secure_heap */
	uint32_t crtc;
	uint32_t connector;
	uint32_t writeback;	/* connector, 0 if there is none */
	uint32_t primary;
	uint32_t cursor;
	uint32_t overlay[KMS_OVERLAYS];
	int overlays;
	uint32_t mode_blob;
	int index;		/* the CRTC's, on the card */
};

#define KMS_PLANES 3

/* How a format's memory planes lie: pixels in the first, and chroma samples in what follows. */
struct kms_format {
	uint32_t format;
	uint8_t bits;		/* of a pixel in the first */
	uint8_t planes;
	uint8_t hsub, vsub;	/* pixels to a chroma sample */
	uint8_t bytes;		/* of a chroma sample, or of a pair */
};

static const struct kms_format kms_formats[] = {
	{ DRM_FORMAT_XRGB8888, 32, 1, 1, 1, 0 }, { DRM_FORMAT_ARGB8888, 32, 1, 1, 1, 0 },
	{ DRM_FORMAT_XBGR8888, 32, 1, 1, 1, 0 }, { DRM_FORMAT_ABGR8888, 32, 1, 1, 1, 0 },
	{ DRM_FORMAT_RGBA8888, 32, 1, 1, 1, 0 }, { DRM_FORMAT_BGRA8888, 32, 1, 1, 1, 0 },
	{ DRM_FORMAT_RGB888, 24, 1, 1, 1, 0 }, { DRM_FORMAT_BGR888, 24, 1, 1, 1, 0 },
	{ DRM_FORMAT_XRGB16161616, 64, 1, 1, 1, 0 }, { DRM_FORMAT_ARGB16161616, 64, 1, 1, 1, 0 },
	{ DRM_FORMAT_XBGR16161616, 64, 1, 1, 1, 0 }, { DRM_FORMAT_ABGR16161616, 64, 1, 1, 1, 0 },
	{ DRM_FORMAT_RGB565, 16, 1, 1, 1, 0 }, { DRM_FORMAT_BGR565, 16, 1, 1, 1, 0 },
	{ DRM_FORMAT_NV12, 8, 2, 2, 2, 2 }, { DRM_FORMAT_NV21, 8, 2, 2, 2, 2 },
	{ DRM_FORMAT_NV16, 8, 2, 2, 1, 2 }, { DRM_FORMAT_NV61, 8, 2, 2, 1, 2 },
	{ DRM_FORMAT_NV24, 8, 2, 1, 1, 2 }, { DRM_FORMAT_NV42, 8, 2, 1, 1, 2 },
	{ DRM_FORMAT_YUV420, 8, 3, 2, 2, 1 }, { DRM_FORMAT_YVU420, 8, 3, 2, 2, 1 },
	{ DRM_FORMAT_YUV422, 8, 3, 2, 1, 1 }, { DRM_FORMAT_YVU422, 8, 3, 2, 1, 1 },
	{ DRM_FORMAT_YUV444, 8, 3, 1, 1, 1 }, { DRM_FORMAT_YVU444, 8, 3, 1, 1, 1 },
	{ DRM_FORMAT_P010, 16, 2, 2, 2, 4 }, { DRM_FORMAT_P012, 16, 2, 2, 2, 4 },
	{ DRM_FORMAT_P016, 16, 2, 2, 2, 4 },
	{ DRM_FORMAT_R1, 1, 1, 1, 1, 0 }, { DRM_FORMAT_R2, 2, 1, 1, 1, 0 },
	{ DRM_FORMAT_R4, 4, 1, 1, 1, 0 }, { DRM_FORMAT_R8, 8, 1, 1, 1, 0 },
};

/* A framebuffer, of one buffer, or of one for each memory plane. */
struct kms_fb {
	uint32_t id;
	uint32_t format, width, height;
	uint32_t handle[KMS_PLANES];
	uint32_t pitch[KMS_PLANES], offset[KMS_PLANES];
	int dmabuf[KMS_PLANES];	/* protected ones' file descriptors, else -1 */
	uint64_t size[KMS_PLANES];
};

/* Where a plane is to be; alpha and zpos are left alone if negative. */
struct kms_place {
	int x, y;
	uint32_t w, h;		/* 0: as large as the framebuffer */
	int alpha, zpos;
	uint32_t rotation;	/* 0: none */
};

#define KMS_AT(x_, y_) (struct kms_place){ .x = (x_), .y = (y_), .alpha = -1, .zpos = -1 }

static inline uint32_t kms_prop(int fd, uint32_t object, const char *name, uint64_t *value)
{
	drmModeObjectProperties *props = drmModeObjectGetProperties(fd, object, DRM_MODE_OBJECT_ANY);
	uint32_t found = 0;

	for (uint32_t i = 0; props && i < props->count_props && !found; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, props->props[i]);

		if (prop && !strcmp(prop->name, name)) {
			found = prop->prop_id;
			if (value)
				*value = props->prop_values[i];
		}
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(props);
	return found;
}

static inline int kms_add(struct kms *kms, drmModeAtomicReq *req, uint32_t object,
			  const char *name, uint64_t value)
{
	uint32_t prop = kms_prop(kms->fd, object, name, NULL);

	return prop ? drmModeAtomicAddProperty(req, object, prop, value) : -ENOENT;
}

static inline int kms_card(void)
{
	for (int i = 0; i < 16; i++) {
		char path[32];
		drmVersion *version;
		bool found;
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		version = drmGetVersion(fd);
		found = version && !strcmp(version->name, "vskms");
		drmFreeVersion(version);
		if (found)
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* The card of a device that was made by configfs. */
static inline int kms_card_of(const char *device)
{
	char path[320];
	int fd;

	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/sys/devices/faux/%s/drm/card%d", device, i);
		if (access(path, F_OK))
			continue;
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	return -ENODEV;
}

static inline void kms_find_planes(struct kms *kms)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(kms->fd);

	for (uint32_t i = 0; planes && i < planes->count_planes; i++) {
		drmModePlane *plane = drmModeGetPlane(kms->fd, planes->planes[i]);
		bool possible = plane && plane->possible_crtcs & 1u << kms->index;
		uint64_t type = ~0ull;

		drmModeFreePlane(plane);
		if (!possible)
			continue;
		kms_prop(kms->fd, planes->planes[i], "type", &type);
		if (type == DRM_PLANE_TYPE_PRIMARY)
			kms->primary = planes->planes[i];
		else if (type == DRM_PLANE_TYPE_CURSOR)
			kms->cursor = planes->planes[i];
		else if (kms->overlays < KMS_OVERLAYS)
			kms->overlay[kms->overlays++] = planes->planes[i];
	}
	drmModeFreePlaneResources(planes);
}

/* Can @connector show what the CRTC has? */
static inline bool kms_is_possible(const struct kms *kms, const drmModeConnector *connector)
{
	bool possible = false;

	for (int i = 0; i < connector->count_encoders && !possible; i++) {
		drmModeEncoder *encoder = drmModeGetEncoder(kms->fd, connector->encoders[i]);

		possible = encoder && encoder->possible_crtcs & 1u << kms->index;
		drmModeFreeEncoder(encoder);
	}
	return possible;
}

static inline void kms_find_mode(struct kms *kms, const drmModeConnector *connector)
{
	for (int i = 0; i < connector->count_modes && !kms->mode_blob; i++)
		if (connector->modes[i].hdisplay == KMS_WIDTH &&
		    connector->modes[i].vdisplay == KMS_HEIGHT)
			drmModeCreatePropertyBlob(kms->fd, &connector->modes[i],
						  sizeof(connector->modes[i]), &kms->mode_blob);
}

/* Finds what CRTC @index of an open card has. */
static inline int kms_find(struct kms *kms, int fd, int index)
{
	drmModeRes *res;

	*kms = (struct kms){ .fd = fd, .index = index };
	if (fd < 0)
		return fd;
	drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1);
	drmSetClientCap(fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1);
	kms->secure = secure_open();
	if (kms->secure < 0)
		return kms->secure;
	res = drmModeGetResources(fd);
	if (!res || index >= res->count_crtcs)
		return -ENODEV;
	kms->crtc = res->crtcs[index];
	for (int i = 0; i < res->count_connectors; i++) {
		drmModeConnector *connector = drmModeGetConnector(fd, res->connectors[i]);

		if (connector && kms_is_possible(kms, connector)) {
			if (connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK) {
				kms->writeback = connector->connector_id;
			} else {
				kms->connector = connector->connector_id;
				kms_find_mode(kms, connector);
			}
		}
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(res);
	kms_find_planes(kms);
	return kms->primary && kms->mode_blob ? 0 : -ENODEV;
}

/* Opens the card and finds what its first CRTC has. It is master: nobody else may be. */
static inline int kms_open(struct kms *kms)
{
	return kms_find(kms, kms_card(), 0);
}

static inline void kms_add_plane(struct kms *kms, drmModeAtomicReq *req, uint32_t plane,
				 const struct kms_fb *fb, struct kms_place at)
{
	uint32_t w, h;

	kms_add(kms, req, plane, "FB_ID", fb ? fb->id : 0);
	kms_add(kms, req, plane, "CRTC_ID", fb ? kms->crtc : 0);
	if (!fb)
		return;
	w = at.w ?: fb->width;
	h = at.h ?: fb->height;
	kms_add(kms, req, plane, "SRC_X", 0);
	kms_add(kms, req, plane, "SRC_Y", 0);
	kms_add(kms, req, plane, "SRC_W", (uint64_t)w << 16);
	kms_add(kms, req, plane, "SRC_H", (uint64_t)h << 16);
	kms_add(kms, req, plane, "CRTC_X", at.x);
	kms_add(kms, req, plane, "CRTC_Y", at.y);
	kms_add(kms, req, plane, "CRTC_W", w);
	kms_add(kms, req, plane, "CRTC_H", h);
	if (at.alpha >= 0)
		kms_add(kms, req, plane, "alpha", at.alpha);
	if (at.zpos >= 0)
		kms_add(kms, req, plane, "zpos", at.zpos);
	if (at.rotation)
		kms_add(kms, req, plane, "rotation", at.rotation);
}

static inline int kms_commit(struct kms *kms, drmModeAtomicReq *req, uint32_t flags)
{
	int ret = drmModeAtomicCommit(kms->fd, req, flags, NULL) ? -errno : 0;

	drmModeAtomicFree(req);
	return ret;
}

/* What another program left on the planes stays there, so what is not shown is put right. */
static inline void kms_add_defaults(struct kms *kms, drmModeAtomicReq *req)
{
	for (int i = 0; i < kms->overlays; i++) {
		kms_add_plane(kms, req, kms->overlay[i], NULL, KMS_AT(0, 0));
		kms_add(kms, req, kms->overlay[i], "alpha", 0xffff);
		kms_add(kms, req, kms->overlay[i], "zpos", kms->overlays + 1);
		kms_add(kms, req, kms->overlay[i], "rotation", DRM_MODE_ROTATE_0);
	}
	if (kms->cursor)
		kms_add_plane(kms, req, kms->cursor, NULL, KMS_AT(0, 0));
	if (kms->writeback)
		kms_add(kms, req, kms->writeback, "CRTC_ID", 0);
}

/* A mode with @fb, which is as large, on the primary plane, and nothing else. */
static inline int kms_modeset(struct kms *kms, const struct kms_fb *fb)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	kms_add_defaults(kms, req);

	kms_add(kms, req, kms->connector, "CRTC_ID", kms->crtc);
	kms_add(kms, req, kms->crtc, "MODE_ID", kms->mode_blob);
	kms_add(kms, req, kms->crtc, "ACTIVE", 1);
	kms_add_plane(kms, req, kms->primary, fb, KMS_AT(0, 0));
	return kms_commit(kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET);
}

/*
 * Writes what is shown into @target, which is as large. The fence, which the caller closes, is
 * signalled when that is done.
 */
static inline int kms_write_back(struct kms *kms, const struct kms_fb *target, uint32_t flags,
				 int *fence)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	*fence = -1;
	kms_add(kms, req, kms->writeback, "CRTC_ID", kms->crtc);
	kms_add(kms, req, kms->writeback, "WRITEBACK_FB_ID", target->id);
	if (!(flags & DRM_MODE_ATOMIC_TEST_ONLY))
		kms_add(kms, req, kms->writeback, "WRITEBACK_OUT_FENCE_PTR", (uintptr_t)fence);
	return kms_commit(kms, req, flags);
}

/* Waits for a fence, and closes it: 0, or the error it was signalled with. */
static inline int kms_fence_wait(int fence)
{
	struct pollfd done = { .fd = fence, .events = POLLIN };
	struct sync_file_info info = {};
	int ret = -ETIMEDOUT;

	if (poll(&done, 1, 10000) == 1)
		ret = ioctl(fence, SYNC_IOC_FILE_INFO, &info) ? -errno :
		      info.status < 0 ? info.status : 0;
	close(fence);
	return ret;
}

/* Puts @fb on a plane, or takes what is there off it. */
static inline int kms_show(struct kms *kms, uint32_t plane, const struct kms_fb *fb,
			   struct kms_place at, uint32_t flags)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	kms_add_plane(kms, req, plane, fb, at);
	return kms_commit(kms, req, flags);
}

/* From the next modeset on @hz frames a second, so that there is time between two. */
static inline int kms_slow(struct kms *kms, uint32_t hz)
{
	struct drm_mode_modeinfo mode = {
		.hdisplay = KMS_WIDTH, .hsync_start = 656, .hsync_end = 752, .htotal = 800,
		.vdisplay = KMS_HEIGHT, .vsync_start = 490, .vsync_end = 492, .vtotal = 525,
		.clock = 420 * hz,
		.vrefresh = hz,
	};

	return drmModeCreatePropertyBlob(kms->fd, &mode, sizeof(mode), &kms->mode_blob) ?
	       -errno : 0;
}

static inline int kms_add_fb(struct kms *kms, struct kms_fb *fb)
{
	uint32_t handles[4] = {}, pitches[4] = {}, offsets[4] = {};

	memcpy(handles, fb->handle, sizeof(fb->handle));
	memcpy(pitches, fb->pitch, sizeof(fb->pitch));
	memcpy(offsets, fb->offset, sizeof(fb->offset));
	return drmModeAddFB2(kms->fd, fb->width, fb->height, fb->format, handles, pitches, offsets,
			     &fb->id, 0) ? -errno : 0;
}

/* A framebuffer's layout, without padding, and no buffers yet. */
static inline void kms_fb_init(struct kms_fb *fb, uint32_t format, uint32_t width, uint32_t height)
{
	const struct kms_format *f = kms_formats;

	while (f->format != format)
		f++;
	*fb = (struct kms_fb){ .format = format, .width = width, .height = height,
			       .dmabuf = { -1, -1, -1 } };
	fb->pitch[0] = (width * f->bits + 7) / 8;
	fb->size[0] = (uint64_t)fb->pitch[0] * height;
	for (int i = 1; i < f->planes; i++) {
		fb->pitch[i] = (width + f->hsub - 1) / f->hsub * f->bytes;
		fb->size[i] = (uint64_t)fb->pitch[i] * ((height + f->vsub - 1) / f->vsub);
	}
}

static inline uint64_t kms_fb_size(const struct kms_fb *fb)
{
	return fb->size[0] + fb->size[1] + fb->size[2];
}

/* An ordinary framebuffer of @data, memory planes one after the other, in one buffer. */
static inline int kms_fb_ordinary(struct kms *kms, struct kms_fb *fb, uint32_t format,
				  uint32_t width, uint32_t height, const void *data)
{
	struct drm_mode_create_dumb create = { .bpp = 8, .height = 1 };
	struct drm_mode_map_dumb map = {};
	void *p;

	kms_fb_init(fb, format, width, height);
	create.width = kms_fb_size(fb);
	if (ioctl(kms->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return -errno;
	map.handle = create.handle;
	if (ioctl(kms->fd, DRM_IOCTL_MODE_MAP_DUMB, &map))
		return -errno;
	p = mmap(NULL, create.size, PROT_WRITE, MAP_SHARED, kms->fd, map.offset);
	if (p == MAP_FAILED)
		return -errno;
	memcpy(p, data, kms_fb_size(fb));
	munmap(p, create.size);
	for (int i = 0; i < KMS_PLANES && fb->size[i]; i++) {
		fb->handle[i] = create.handle;
		fb->offset[i] = i ? fb->offset[i - 1] + fb->size[i - 1] : 0;
	}
	return kms_add_fb(kms, fb);
}

/* Something that differs from pixel to pixel, and from seed to seed. */
static inline void kms_fill(uint32_t *pixels, uint32_t count, uint32_t seed)
{
	for (uint32_t i = 0; i < count; i++)
		pixels[i] = (i + 1) * 2654435761u ^ seed * 40503u;
}

/* The same, opaque, and nowhere black. */
static inline void kms_fill_opaque(uint32_t *pixels, uint32_t count, uint32_t seed)
{
	kms_fill(pixels, count, seed);
	for (uint32_t i = 0; i < count; i++)
		pixels[i] |= 0xff010101;
}

/* The same of protected buffers from @heap, an open node: one for each memory plane. */
static inline int kms_fb_protected(struct kms *kms, struct kms_fb *fb, int heap, uint32_t format,
				   uint32_t width, uint32_t height, const void *data)
{
	const char *from = data;

	kms_fb_init(fb, format, width, height);
	for (int i = 0; i < KMS_PLANES && fb->size[i]; i++) {
		int ret;

		fb->dmabuf[i] = heap_alloc(heap, fb->size[i]);
		if (fb->dmabuf[i] < 0)
			return fb->dmabuf[i];
		ret = secure_inject(kms->secure, fb->dmabuf[i], 0, fb->size[i], from);
		if (ret)
			return ret;
		from += fb->size[i];
		if (drmPrimeFDToHandle(kms->fd, fb->dmabuf[i], &fb->handle[i]))
			return -errno;
	}
	return kms_add_fb(kms, fb);
}

static inline void kms_fb_free(struct kms *kms, struct kms_fb *fb)
{
	if (fb->id)
		drmModeRmFB(kms->fd, fb->id);
	for (int i = 0; i < KMS_PLANES; i++) {
		if (fb->handle[i] && (!i || fb->handle[i] != fb->handle[i - 1]))
			drmCloseBufferHandle(kms->fd, fb->handle[i]);
		if (fb->dmabuf[i] >= 0)
			close(fb->dmabuf[i]);
	}
	*fb = (struct kms_fb){ .dmabuf = { -1, -1, -1 } };
}

/* Everything off. */
static inline int kms_off(struct kms *kms)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	kms_add_defaults(kms, req);
	kms_add_plane(kms, req, kms->primary, NULL, KMS_AT(0, 0));
	kms_add(kms, req, kms->connector, "CRTC_ID", 0);
	kms_add(kms, req, kms->crtc, "MODE_ID", 0);
	kms_add(kms, req, kms->crtc, "ACTIVE", 0);
	return kms_commit(kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET);
}

static inline void kms_close(struct kms *kms)
{
	close(kms->secure);
	close(kms->fd);
}

/* What most tests begin with: the card, if it is there, with @pixels on all of its screen. */
static inline void kms_begin(struct kms *kms, struct kms_fb *screen, const uint32_t *pixels)
{
	igt_require(kms_open(kms) == 0);
	igt_assert_eq(kms_fb_ordinary(kms, screen, DRM_FORMAT_XRGB8888, KMS_WIDTH, KMS_HEIGHT,
				      pixels), 0);
	igt_assert_eq(kms_modeset(kms, screen), 0);
}

/* And end with; once more does no harm. */
static inline void kms_end(struct kms *kms, struct kms_fb *screen)
{
	if (kms->fd < 0)
		return;
	kms_off(kms);
	kms_fb_free(kms, screen);
	kms_close(kms);
	kms->fd = -1;
}

/* Loads the module anew, with nobody at it, with these parameters. */
static inline int kms_reload(const char *parameters)
{
	char command[256];

	snprintf(command, sizeof(command), "rmmod vskms && modprobe vskms %s", parameters);
	return system(command) ? -EBUSY : 0;
}

/* The screen as software can capture it, XRGB8888, by a writeback. */
static inline int kms_capture(struct kms *kms, uint32_t *pixels)
{
	const uint64_t size = KMS_WIDTH * KMS_HEIGHT * 4;
	struct drm_mode_map_dumb map = {};
	struct kms_fb target;
	int fence, ret;
	void *p;

	/* What is there before is not what is expected. */
	memset(pixels, 0x5a, size);
	ret = kms_fb_ordinary(kms, &target, DRM_FORMAT_XRGB8888, KMS_WIDTH, KMS_HEIGHT, pixels);
	if (ret)
		return ret;
	ret = kms_write_back(kms, &target, DRM_MODE_ATOMIC_ALLOW_MODESET, &fence);
	ret = ret ?: kms_fence_wait(fence);
	map.handle = target.handle[0];
	if (!ret && ioctl(kms->fd, DRM_IOCTL_MODE_MAP_DUMB, &map))
		ret = -errno;
	if (!ret) {
		p = mmap(NULL, size, PROT_READ, MAP_SHARED, kms->fd, map.offset);
		if (p == MAP_FAILED) {
			ret = -errno;
		} else {
			memcpy(pixels, p, size);
			munmap(p, size);
		}
	}
	kms_fb_free(kms, &target);
	return ret;
}

/* With panel_capture=1 what a person sees, as a binary PPM: its file descriptor. */
static inline int kms_panel(const struct kms *kms)
{
	struct stat card;
	char path[64];
	int fd;

	if (fstat(kms->fd, &card))
		return -errno;
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/crtc-%d/panel",
		 minor(card.st_rdev), kms->index);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What is on the screen now, in a word. */
static inline uint32_t kms_crc(struct kms *kms)
{
	igt_pipe_crc_t *pipe_crc = igt_pipe_crc_new(kms->fd, kms->index, "auto");
	igt_crc_t crc = {};

	igt_pipe_crc_collect_crc(pipe_crc, &crc);
	igt_pipe_crc_free(pipe_crc);
	return crc.crc[0];
}

#endif
