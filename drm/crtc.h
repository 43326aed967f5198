/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_CRTC_H
#define VSKMS_CRTC_H

#include <linux/hrtimer_types.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <linux/wait.h>
#include <linux/workqueue_types.h>

#include <drm/drm_crtc.h>
#include <drm/drm_encoder.h>
#include <drm/drm_writeback.h>

struct drm_pending_vblank_event;
struct file;
struct vskms_device;
struct vskms_frame;
struct vskms_mapping;
struct vskms_snapshot;

/**
 * struct vskms_crtc_state - a CRTC's state
 * @base: DRM's
 * @snapshot: what it will show, a reference; from atomic_check until it is shown
 */
struct vskms_crtc_state {
	struct drm_crtc_state base;
	struct vskms_snapshot *snapshot;
};

/**
 * struct vskms_crtc - a CRTC, its vblanks and what it shows
 * @base: DRM's
 * @writeback: its writeback connector, if it has one
 * @writeback_encoder: to that, if it has one
 * @composer: where @work runs; one at a time
 * @work: composes @composing
 * @frame: what @work needs for that and is too large for a stack
 * @timer: fires at each vblank while @running
 * @flipped: woken when @event is not pending any more
 * @lock: guards all below; taken in interrupts, and inside DRM's event_lock and vblank locks
 * @period: of a frame
 * @vblank_time: when the last vblank was
 * @vblanks: how many there were; the hardware counter
 * @running: somebody wants vblanks
 * @pending: what the next vblank shows, a reference; or NULL
 * @event: completes the flip to @pending, and holds the vblank on; or NULL
 * @event_since: when it came
 * @async: @pending does not wait for a vblank
 * @next_job: what the commit under way wants to be written, a reference; or NULL
 * @job: what is to be written of @pending, a reference; or NULL
 * @front: what is shown, a reference; or NULL
 * @beginning: a vblank is counted, and its frame is about to begin
 * @composing: what @work is composing, a reference; or NULL
 * @composing_crc: @crc when that began; who has opened the file since gets no CRC of it
 * @composing_job: what it writes, a reference; or NULL
 * @composing_captures: struct vskms_capture, who sees it at the panel; only @work's while it
 *			runs
 * @composing_frame: which frame that is
 * @captures: struct vskms_capture, who wants to see the next frame at the panel
 * @crc: which CRC file, of @crc_files, wants the CRC of each frame; 0 if none does
 * @crc_files: how many were opened
 * @hold: while it is, keeps the device for the CRC file; or NULL
 * @late: a vblank is waiting for @work to end, or for the frame of the last one to begin
 * @late_since: when it should have been
 */
struct vskms_crtc {
	struct drm_crtc base;
	struct drm_writeback_connector writeback;
	struct drm_encoder writeback_encoder;
	struct workqueue_struct *composer;
	struct work_struct work;
	struct vskms_frame *frame;
	struct hrtimer timer;
	wait_queue_head_t flipped;
	spinlock_t lock;	/* guards all below */
	ktime_t period;
	ktime_t vblank_time;
	u32 vblanks;
	bool running;
	struct vskms_snapshot *pending;
	struct drm_pending_vblank_event *event;
	ktime_t event_since;
	bool async;
	struct vskms_mapping *next_job;
	struct vskms_mapping *job;
	struct vskms_snapshot *front;
	bool beginning;
	struct vskms_snapshot *composing;
	u64 composing_crc;
	struct vskms_mapping *composing_job;
	struct list_head composing_captures;
	u64 composing_frame;
	struct list_head captures;
	u64 crc;
	u64 crc_files;
	struct file *hold;
	bool late;
	ktime_t late_since;
};

static inline struct vskms_crtc *to_vskms_crtc(struct drm_crtc *crtc)
{
	return container_of(crtc, struct vskms_crtc, base);
}

static inline struct vskms_crtc_state *to_vskms_crtc_state(struct drm_crtc_state *state)
{
	return container_of(state, struct vskms_crtc_state, base);
}

/**
 * vskms_crtc_create() - a CRTC
 * @device: its device, which owns it
 * @primary: its primary plane
 * @cursor: its cursor plane, or NULL
 *
 * Return: the CRTC, or an ERR_PTR().
 */
struct vskms_crtc *vskms_crtc_create(struct vskms_device *device, struct drm_plane *primary,
				     struct drm_plane *cursor);

/**
 * vskms_crtc_wait_for_flip() - wait until nothing is to be flipped to any more
 * @crtc: the CRTC
 *
 * Sleeps, for a frame at most if the composer keeps up. The caller's commit holds back
 * all that could bring another flip.
 */
void vskms_crtc_wait_for_flip(struct vskms_crtc *crtc);

/**
 * vskms_crtc_end_crcs() - let go who waits for a CRC of what is off
 * @crtc: the CRTC, of a device that is being unplugged
 *
 * A reader that waits gets a last line, with no frame and a CRC of 0. Without one it would
 * wait for good, and debugfs, which is to remove the file, for it.
 */
void vskms_crtc_end_crcs(struct vskms_crtc *crtc);

/**
 * vskms_crtc_add_crc() - report the CRC of the frame that was composed
 * @crtc: the CRTC, whose @composing_crc is not 0
 * @value: the CRC
 *
 * Only to the file that wanted it when the frame began: to one opened since, the first frame
 * would be of before.
 */
void vskms_crtc_add_crc(struct vskms_crtc *crtc, u32 value);

/**
 * vskms_crtc_composed() - a composition has ended
 * @crtc: the CRTC
 *
 * A vblank that was waiting for it happens now.
 */
void vskms_crtc_composed(struct vskms_crtc *crtc);

#endif
