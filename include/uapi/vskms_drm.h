/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What vskms has beyond DRM's own ioctls.
 *
 * Structs may grow at their end, as DRM's do: what a shorter one lacks is 0.
 */
#ifndef _UAPI_VSKMS_DRM_H
#define _UAPI_VSKMS_DRM_H

#include <drm/drm.h>

#if defined(__cplusplus)
extern "C" {
#endif

#define DRM_VSKMS_GEM_CREATE	0x00

#define DRM_IOCTL_VSKMS_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VSKMS_GEM_CREATE, struct drm_vskms_gem_create)

/* Memory of a protected heap. */
#define VSKMS_GEM_PROTECTED	(1u << 0)

/* Bytes of a heap's name, its terminating 0 included; as SECURE_HEAP_NAME_MAX. */
#define VSKMS_HEAP_NAME_MAX	64

/**
 * struct drm_vskms_gem_create - make a buffer, ordinary or protected
 * @width: in: pixels of a row; 0 if it is made by @size
 * @height: in: rows; 0 if it is made by @size
 * @bpp: in: bits of a pixel, 1 to 128, of all planes of the format together; 0 if it is made
 *	 by @size
 * @flags: in: VSKMS_GEM_PROTECTED or 0
 * @size: in: bytes, if there is no @width, @height and @bpp, else 0; out: bytes, whole pages;
 *	  at most 4 GiB less one page
 * @pitch: out: bytes from row to row; 0 if it is made by @size
 * @handle: out: its GEM handle
 * @heap: in: with VSKMS_GEM_PROTECTED the name of a heap, and nothing but 0 after it; else all 0
 * @reserved: in: 0
 *
 * For the DRM master, or a lessee. Without VSKMS_GEM_PROTECTED it is what
 * DRM_IOCTL_MODE_CREATE_DUMB makes.
 *
 * With it, it is a buffer of the heap, zeroed, as if it had been allocated from the heap's node
 * and imported: exported it is the heap's dma-buf, and no CPU maps it. But the node's permissions
 * were not asked for, so there is a quota, of 64 MiB for each open file of the card: a buffer is
 * charged to the file that it was made with until its memory is free again, which is when
 * handles, framebuffers, file descriptors and mappings of it are gone, whoever has them by
 * then. What outlives the file is charged to nobody else.
 *
 * Errors, after which nothing has changed:
 *
 *	-EACCES		not master; or the heap does not trust the display
 *	-EINVAL		an unknown flag, @reserved not 0, neither all of @width, @height and @bpp
 *			nor @size or some of both, @bpp or a size out of range, @heap not as
 *			above
 *	-ENOENT		there is no such heap, or it is disabled
 *	-EDQUOT		more than remains of the quota
 *	-EIO		the heap is revoked
 *	-EBUSY		the machine is about to hibernate
 *	-ENOMEM		the heap has no room, or the kernel no memory
 */
struct drm_vskms_gem_create {
	__u32 width;
	__u32 height;
	__u32 bpp;
	__u32 flags;
	__u64 size;
	__u32 pitch;
	__u32 handle;
	char heap[VSKMS_HEAP_NAME_MAX];
	__u64 reserved;
};

#if defined(__cplusplus)
}
#endif

#endif
