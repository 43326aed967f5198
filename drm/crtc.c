// SPDX-License-Identifier: GPL-2.0
/*
 * CRTCs: when vblanks are, and what each shows.
 *
 * A commit leaves a snapshot, and the event that completes its flip. The next vblank
 * shows it: the snapshot becomes the front, the event goes out, and if anybody looks,
 * by CRC, writeback or at the panel, the composer begins to compose the front.
 *
 * Elastic time. A vblank is not due while the composer still reads what the last one
 * showed: it waits, and happens when the composer has ended. So no frame is skipped that
 * somebody looks at, no CRC is reported for two frames, and a flip never completes before
 * the last read of the buffers it replaces; however slow the machine is, frames only take
 * longer. Half a second is the limit: then the vblank happens without the flip, which is
 * left for the next one. With vblank_mode=realtime the limit is none at all.
 *
 * An async flip does not wait for a vblank. It is shown as soon as the composer does not
 * read what it replaces; the next vblank's frame, and CRC, are of the last one shown.
 *
 * The counter is ours, as the core would infer skipped vblanks from a clock that stretches.
 * While nobody wants vblanks there is no timer: it is caught up by the clock then.
 *
 * Locks. DRM's event_lock and vblank locks are outside of crtc->lock, as DRM calls us
 * with them held; so with crtc->lock held we call none of its vblank functions that takes
 * one. The lock of a CRTC's CRC file is inside of it.
 */

#include <linux/capability.h>
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_atomic_state_helper.h>
#include <drm/drm_blend.h>
#include <drm/drm_color_mgmt.h>
#include <drm/drm_debugfs_crc.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_print.h>
#include <drm/drm_vblank.h>

#include "color.h"
#include "composer.h"
#include "crtc.h"
#include "device.h"
#include "hold.h"
#include "mapping.h"
#include "panel.h"
#include "snapshot.h"
#include "writeback.h"

/* How long a vblank waits for the composer. */
#define STRETCH_MS 500

static bool realtime;

static int set_vblank_mode(const char *value, const struct kernel_param *param)
{
	realtime = sysfs_streq(value, "realtime");

	return realtime || sysfs_streq(value, "elastic") ? 0 : -EINVAL;
}

static const struct kernel_param_ops vblank_mode_ops = {
	.set = set_vblank_mode,
};
module_param_cb(vblank_mode, &vblank_mode_ops, NULL, 0);
MODULE_PARM_DESC(vblank_mode, "elastic: vblanks wait for composition; realtime: they do not");

/* Vblanks */

/* Brings counter and time to the last vblank that would have been, if nobody counted. */
static void catch_up(struct vskms_crtc *crtc)
{
	s64 behind = ktime_to_ns(ktime_sub(ktime_get(), crtc->vblank_time));
	u64 frames;

	lockdep_assert_held(&crtc->lock);
	if (crtc->running || !crtc->period || behind < ktime_to_ns(crtc->period))
		return;
	frames = div64_u64(behind, ktime_to_ns(crtc->period));
	crtc->vblanks += frames;
	crtc->vblank_time = ktime_add_ns(crtc->vblank_time, frames * ktime_to_ns(crtc->period));
}

static int crtc_enable_vblank(struct drm_crtc *base)
{
	struct vskms_crtc *crtc = to_vskms_crtc(base);

	guard(spinlock_irqsave)(&crtc->lock);
	catch_up(crtc);
	crtc->running = true;
	hrtimer_start(&crtc->timer, ktime_add(crtc->vblank_time, crtc->period),
		      HRTIMER_MODE_ABS);

	return 0;
}

static void crtc_disable_vblank(struct drm_crtc *base)
{
	struct vskms_crtc *crtc = to_vskms_crtc(base);

	guard(spinlock_irqsave)(&crtc->lock);
	crtc->running = false;
	/* If it is firing it may wait for locks that are held here; it sees @running. */
	hrtimer_try_to_cancel(&crtc->timer);
}

static u32 crtc_get_vblank_counter(struct drm_crtc *base)
{
	struct vskms_crtc *crtc = to_vskms_crtc(base);

	guard(spinlock_irqsave)(&crtc->lock);
	catch_up(crtc);

	return crtc->vblanks;
}

static bool crtc_get_vblank_timestamp(struct drm_crtc *base, int *max_error, ktime_t *time,
				      bool in_vblank_irq)
{
	struct vskms_crtc *crtc = to_vskms_crtc(base);

	guard(spinlock_irqsave)(&crtc->lock);
	catch_up(crtc);
	*time = crtc->vblank_time;
	*max_error = 0;

	return true;
}

/* Shows what is pending, unless the composer still reads the front; its event, or NULL. */
static struct drm_pending_vblank_event *show_pending(struct vskms_crtc *crtc)
{
	struct drm_pending_vblank_event *event = NULL;

	lockdep_assert_held(&crtc->lock);
	/* Without a period it was disabled, while a late vblank was on its way. */
	if (crtc->composing || !crtc->period || !crtc->pending)
		return NULL;
	swap(crtc->front, crtc->pending);
	vskms_snapshot_put(crtc->pending);
	crtc->pending = NULL;
	crtc->async = false;
	swap(event, crtc->event);
	wake_up(&crtc->flipped);

	return event;
}

/*
 * Whether the flip that is pending came after the vblank that is now: the timer may be
 * late, and the time of a vblank is when it was due. Nobody must be told that a flip was
 * completed before it was asked for.
 */
static bool flip_is_for_next(const struct vskms_crtc *crtc)
{
	lockdep_assert_held(&crtc->lock);
	return crtc->event && ktime_after(crtc->event_since, crtc->vblank_time);
}

/* Composes the frame that begins, if anybody looks and the last one is done. */
static void compose_front(struct vskms_crtc *crtc)
{
	/* What is to be written of a commit waits with it. */
	bool write = crtc->job && !crtc->pending;

	lockdep_assert_held(&crtc->lock);
	/* Switched off meanwhile: whoever does that waits for no frame that begins after. */
	if (!crtc->running)
		return;
	if (crtc->composing || !crtc->front ||
	    !(crtc->crc || write || !list_empty(&crtc->captures)))
		return;
	crtc->composing = vskms_snapshot_get(crtc->front);
	crtc->composing_crc = crtc->crc;
	crtc->composing_frame = drm_crtc_vblank_count(&crtc->base);
	if (write)
		swap(crtc->composing_job, crtc->job);
	list_splice_tail_init(&crtc->captures, &crtc->composing_captures);
	queue_work(crtc->composer, &crtc->work);
}

static void send_event(struct vskms_crtc *crtc, struct drm_pending_vblank_event *event)
{
	unsigned long flags;

	if (!event)
		return;
	spin_lock_irqsave(&crtc->base.dev->event_lock, flags);
	drm_crtc_send_vblank_event(&crtc->base, event);
	spin_unlock_irqrestore(&crtc->base.dev->event_lock, flags);
	drm_crtc_vblank_put(&crtc->base);
}

/*
 * The event of a flip and the CRC of its frame have one number, so the next vblank is not counted
 * between them: that needs DRM's count, which event_lock and a reference to the vblank, as a
 * pending event and a CRC file have one, keep as it is.
 */
static void vblank(struct vskms_crtc *crtc)
{
	spinlock_t *events = &crtc->base.dev->event_lock;
	bool cookie = dma_fence_begin_signalling();
	struct drm_pending_vblank_event *event = NULL;
	unsigned long flags;

	drm_crtc_handle_vblank(&crtc->base);
	spin_lock_irqsave(events, flags);
	scoped_guard(spinlock, &crtc->lock) {
		if (!flip_is_for_next(crtc))
			event = show_pending(crtc);
		compose_front(crtc);
		crtc->beginning = false;
	}
	if (event)
		drm_crtc_send_vblank_event(&crtc->base, event);
	spin_unlock_irqrestore(events, flags);
	if (event)
		drm_crtc_vblank_put(&crtc->base);
	dma_fence_end_signalling(cookie);
}

static enum hrtimer_restart crtc_timer(struct hrtimer *timer)
{
	struct vskms_crtc *crtc = container_of(timer, struct vskms_crtc, timer);
	unsigned long flags;
	ktime_t due;
	u64 passed;

	spin_lock_irqsave(&crtc->lock, flags);
	/* Disabled while we came here; and perhaps enabled again, and started for the next. */
	if (!crtc->running || hrtimer_is_queued(timer)) {
		spin_unlock_irqrestore(&crtc->lock, flags);
		return HRTIMER_NORESTART;
	}
	due = hrtimer_get_expires(timer);
	passed = hrtimer_forward_now(timer, crtc->period);
	if ((crtc->composing || crtc->beginning) && !realtime) {
		if (!crtc->late) {
			crtc->late = true;
			crtc->late_since = due;
		}
		if (ktime_ms_delta(due, crtc->late_since) < STRETCH_MS) {
			spin_unlock_irqrestore(&crtc->lock, flags);
			return HRTIMER_RESTART;
		}
	}
	/*
	 * What the machine slept through were vblanks, too: time and counter go together. But of
	 * frames that somebody looks at none is skipped for that.
	 */
	if (!crtc->late)
		due = ktime_add_ns(due, (passed - 1) * ktime_to_ns(crtc->period));
	crtc->vblanks += crtc->late || (crtc->crc && !realtime) ? 1 : passed;
	crtc->late = false;
	if (ktime_after(due, crtc->vblank_time))
		crtc->vblank_time = due;
	spin_unlock_irqrestore(&crtc->lock, flags);

	vblank(crtc);

	return HRTIMER_RESTART;
}

void vskms_crtc_composed(struct vskms_crtc *crtc)
{
	struct drm_pending_vblank_event *event = NULL;
	struct vskms_snapshot *composed = NULL;
	bool late;

	scoped_guard(spinlock_irqsave, &crtc->lock) {
		swap(composed, crtc->composing);
		late = crtc->late && crtc->running;
		crtc->late = false;
		if (late) {
			/* The timer's next one is not to come before this one's frame begins. */
			crtc->beginning = true;
			crtc->vblanks++;
			crtc->vblank_time = ktime_get();
		} else if (crtc->async) {
			event = show_pending(crtc);
		}
	}
	vskms_snapshot_put(composed);
	send_event(crtc, event);
	if (late)
		vblank(crtc);
}

static bool flip_is_pending(struct vskms_crtc *crtc)
{
	guard(spinlock_irqsave)(&crtc->lock);

	return crtc->event;
}

void vskms_crtc_wait_for_flip(struct vskms_crtc *crtc)
{
	wait_event(crtc->flipped, !flip_is_pending(crtc));
}

/* CRC */

static const char * const crc_sources[] = { "auto" };

static const char *const *crtc_get_crc_sources(struct drm_crtc *crtc, size_t *count)
{
	*count = ARRAY_SIZE(crc_sources);
	return crc_sources;
}

static int crtc_verify_crc_source(struct drm_crtc *crtc, const char *source, size_t *values)
{
	if (source && strcmp(source, "auto"))
		return -EINVAL;
	*values = 1;

	return 0;
}

static int crtc_set_crc_source(struct drm_crtc *base, const char *source)
{
	struct vskms_crtc *crtc = to_vskms_crtc(base);
	struct file *hold = NULL;
	bool enable = source;
	u64 was;
	int ret;

	if (source && strcmp(source, "auto"))
		return -EINVAL;
	if (enable) {
		/* By it what is protected can be told, and debugfs may be mounted for all to read. */
		if (!capable(CAP_SYS_ADMIN))
			return -EACCES;
		hold = vskms_hold(base->dev);
		if (IS_ERR(hold))
			return PTR_ERR(hold);
		ret = drm_crtc_vblank_get(base);
		if (ret) {
			vskms_hold_release(hold);
			return ret;
		}
	}
	scoped_guard(spinlock_irqsave, &crtc->lock) {
		was = crtc->crc;
		crtc->crc = enable ? ++crtc->crc_files : 0;
		swap(crtc->hold, hold);
	}
	if (was)
		drm_crtc_vblank_put(base);
	vskms_hold_release(hold);

	return 0;
}

void vskms_crtc_add_crc(struct vskms_crtc *crtc, u32 value)
{
	/* Held until it is added, or it could yet be another file's. */
	guard(spinlock_irqsave)(&crtc->lock);
	if (crtc->crc == crtc->composing_crc)
		drm_crtc_add_crc_entry(&crtc->base, true, crtc->composing_frame, &value);
}

void vskms_crtc_end_crcs(struct vskms_crtc *crtc)
{
	struct drm_crtc_crc *crc = &crtc->base.crc;
	u32 none = 0;

	scoped_guard(spinlock_irq, &crtc->lock)
		if (!crtc->crc || crtc->period)
			return;
	/* Who has something to read does not wait. */
	scoped_guard(spinlock_irq, &crc->lock)
		if (crc->head != crc->tail)
			return;
	drm_crtc_add_crc_entry(&crtc->base, false, 0, &none);
}

/* States and commits */

static void crtc_destroy_state(struct drm_crtc *crtc, struct drm_crtc_state *base)
{
	struct vskms_crtc_state *state = to_vskms_crtc_state(base);

	vskms_snapshot_put(state->snapshot);
	__drm_atomic_helper_crtc_destroy_state(base);
	kfree(state);
}

static struct drm_crtc_state *crtc_duplicate_state(struct drm_crtc *crtc)
{
	struct vskms_crtc_state *state;

	state = kzalloc_obj(*state);
	if (!state)
		return NULL;
	__drm_atomic_helper_crtc_duplicate_state(crtc, &state->base);

	return &state->base;
}

static void crtc_reset(struct drm_crtc *crtc)
{
	struct vskms_crtc_state *state;

	if (crtc->state)
		crtc_destroy_state(crtc, crtc->state);
	state = kzalloc_obj(*state);
	__drm_atomic_helper_crtc_reset(crtc, state ? &state->base : NULL);
}

static const struct drm_crtc_funcs crtc_funcs = {
	.set_config = drm_atomic_helper_set_config,
	.page_flip = drm_atomic_helper_page_flip,
	.reset = crtc_reset,
	.atomic_duplicate_state = crtc_duplicate_state,
	.atomic_destroy_state = crtc_destroy_state,
	.enable_vblank = crtc_enable_vblank,
	.disable_vblank = crtc_disable_vblank,
	.get_vblank_counter = crtc_get_vblank_counter,
	.get_vblank_timestamp = crtc_get_vblank_timestamp,
	.get_crc_sources = crtc_get_crc_sources,
	.verify_crc_source = crtc_verify_crc_source,
	.set_crc_source = crtc_set_crc_source,
	.late_register = vskms_panel_register,
};

/*
 * Clocks that no display ever had: a period of no time would be a vblank storm, and one below
 * it an end of all vblanks. The period is what the core makes of the mode in
 * drm_calc_timestamping_constants(): htotal * vtotal / clock, in an int, and with a vtotal that
 * interlacing, doublescan and vscan change, in 16 bits. There are no such displays here, so it is
 * from 1 ms, but for what is rounded off, to 1 s.
 */
static enum drm_mode_status crtc_mode_valid(struct drm_crtc *crtc,
					    const struct drm_display_mode *mode)
{
	u64 pixels = (u64)mode->htotal * mode->vtotal;
	u64 hz;

	if (mode->clock <= 0 || !pixels || pixels > INT_MAX)
		return MODE_CLOCK_RANGE;
	if (mode->flags & DRM_MODE_FLAG_INTERLACE)
		return MODE_NO_INTERLACE;
	if (mode->flags & DRM_MODE_FLAG_DBLSCAN)
		return MODE_NO_DBLESCAN;
	if (mode->vscan > 1)
		return MODE_NO_VSCAN;
	/* Frame packing has a picture of twice the lines, and there is one eye here. */
	if (mode->flags & DRM_MODE_FLAG_3D_MASK)
		return MODE_NO_STEREO;
	if (mode->hdisplay > VSKMS_MAX_SIZE || mode->vdisplay > VSKMS_MAX_SIZE)
		return MODE_VIRTUAL_X;
	hz = div64_u64((u64)mode->clock * 1000, pixels);
	if (!hz)
		return MODE_CLOCK_LOW;
	if (hz > 1000)
		return MODE_CLOCK_HIGH;

	return MODE_OK;
}

static int crtc_atomic_check(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	struct drm_crtc_state *state = drm_atomic_get_new_crtc_state(commit, crtc);
	struct vskms_crtc_state *ours = to_vskms_crtc_state(state);
	struct vskms_snapshot *snapshot;
	int ret;

	/* Checked again, perhaps. */
	vskms_snapshot_put(ours->snapshot);
	ours->snapshot = NULL;
	/* Also of what is off: who switches it on may know nothing of these, and is not to fail. */
	ret = color_check_crtc(state, VSKMS_GAMMA_SIZE);
	if (ret || !state->active)
		return ret;

	/* A snapshot has all planes, also those that this commit leaves alone. */
	ret = drm_atomic_add_affected_planes(commit, crtc);
	if (ret)
		return ret;
	ret = vskms_writeback_check(commit, crtc);
	if (ret)
		return ret;
	snapshot = vskms_snapshot_create(commit, state);
	if (IS_ERR(snapshot))
		return PTR_ERR(snapshot);
	ours->snapshot = snapshot;

	return 0;
}

static void crtc_atomic_enable(struct drm_crtc *base, struct drm_atomic_commit *commit)
{
	struct vskms_crtc *crtc = to_vskms_crtc(base);
	int frame_ns = drm_crtc_vblank_crtc(base)->framedur_ns;

	scoped_guard(spinlock_irq, &crtc->lock) {
		crtc->period = ns_to_ktime(frame_ns);
		crtc->vblank_time = ktime_get();
	}
	drm_crtc_vblank_on(base);
}

static void cancel_job(struct vskms_crtc *crtc, struct vskms_mapping *job)
{
	if (!job)
		return;
	vskms_mapping_put(job);
	drm_writeback_signal_completion(&crtc->writeback, -ECANCELED);
}

/* Drops all that is shown and was to be; an event that was to complete a flip does. */
static void forget(struct vskms_crtc *crtc)
{
	struct drm_pending_vblank_event *event = NULL;
	struct vskms_snapshot *front = NULL, *pending = NULL;
	struct vskms_mapping *job = NULL, *next_job = NULL;
	LIST_HEAD(captures);

	scoped_guard(spinlock_irq, &crtc->lock) {
		list_splice_init(&crtc->captures, &captures);
		swap(event, crtc->event);
		swap(front, crtc->front);
		swap(pending, crtc->pending);
		swap(job, crtc->job);
		swap(next_job, crtc->next_job);
		crtc->async = false;
		crtc->period = 0;
	}
	wake_up(&crtc->flipped);
	vskms_snapshot_put(front);
	vskms_snapshot_put(pending);
	cancel_job(crtc, job);
	cancel_job(crtc, next_job);
	vskms_captures_end(&captures, -ENODEV);
	send_event(crtc, event);
}

/* A panel that goes off has shown its last frame to the end. */
static void end_frame(struct vskms_crtc *crtc)
{
	s64 left;

	scoped_guard(spinlock_irq, &crtc->lock) {
		catch_up(crtc);
		left = ktime_us_delta(ktime_add(crtc->vblank_time, crtc->period), ktime_get());
	}
	if (left > 0)
		fsleep(left);
}

static void crtc_atomic_disable(struct drm_crtc *base, struct drm_atomic_commit *commit)
{
	struct vskms_crtc *crtc = to_vskms_crtc(base);
	struct drm_crtc_state *state = drm_atomic_get_new_crtc_state(commit, base);
	struct drm_pending_vblank_event *event = state->event;

	end_frame(crtc);
	drm_crtc_vblank_off(base);
	hrtimer_cancel(&crtc->timer);
	flush_work(&crtc->work);
	forget(crtc);

	if (event && !state->active) {
		state->event = NULL;
		spin_lock_irq(&base->dev->event_lock);
		drm_crtc_send_vblank_event(base, event);
		spin_unlock_irq(&base->dev->event_lock);
	}
}

static void crtc_atomic_flush(struct drm_crtc *base, struct drm_atomic_commit *commit)
{
	struct drm_crtc_state *state = drm_atomic_get_new_crtc_state(commit, base);
	struct vskms_crtc_state *ours = to_vskms_crtc_state(state);
	struct drm_pending_vblank_event *event = state->event;
	struct vskms_snapshot *snapshot = ours->snapshot;
	struct drm_pending_vblank_event *shown = NULL;
	struct vskms_crtc *crtc = to_vskms_crtc(base);
	struct vskms_mapping *job = NULL;
	bool at_once;

	if (!snapshot)
		return;
	ours->snapshot = NULL;
	vskms_snapshot_fill(snapshot, commit);
	state->event = NULL;
	/* The reference is the event's, and dropped when it is sent. */
	at_once = event && drm_crtc_vblank_get(base);

	scoped_guard(spinlock_irq, &crtc->lock) {
		/* What was not shown yet never will be: a cursor was moved meanwhile. */
		swap(crtc->pending, snapshot);
		if (crtc->next_job)
			swap(crtc->next_job, crtc->job);
		swap(job, crtc->next_job);
		if (event && !at_once) {
			swap(crtc->event, event);
			crtc->event_since = ktime_get();
		}
		crtc->async |= state->async_flip;
		if (crtc->async)
			shown = show_pending(crtc);
	}
	cancel_job(crtc, job);
	send_event(crtc, shown);
	vskms_snapshot_put(snapshot);
	if (at_once) {
		spin_lock_irq(&base->dev->event_lock);
		drm_crtc_send_vblank_event(base, event);
		spin_unlock_irq(&base->dev->event_lock);
	} else {
		/* One that was in the way; but it was waited for. */
		send_event(crtc, event);
	}
}

static const struct drm_crtc_helper_funcs crtc_helper_funcs = {
	.mode_valid = crtc_mode_valid,
	.atomic_check = crtc_atomic_check,
	.atomic_flush = crtc_atomic_flush,
	.atomic_enable = crtc_atomic_enable,
	.atomic_disable = crtc_atomic_disable,
};

struct vskms_crtc *vskms_crtc_create(struct vskms_device *device, struct drm_plane *primary,
				     struct drm_plane *cursor)
{
	struct vskms_crtc *crtc;
	int ret;

	crtc = drmm_crtc_alloc_with_planes(&device->drm, struct vskms_crtc, base, primary, cursor,
					   &crtc_funcs, NULL);
	if (IS_ERR(crtc))
		return crtc;
	drm_crtc_helper_add(&crtc->base, &crtc_helper_funcs);
	spin_lock_init(&crtc->lock);
	init_waitqueue_head(&crtc->flipped);
	INIT_LIST_HEAD(&crtc->captures);
	INIT_LIST_HEAD(&crtc->composing_captures);
	hrtimer_setup(&crtc->timer, crtc_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	INIT_WORK(&crtc->work, vskms_compose);
	crtc->frame = drmm_kzalloc(&device->drm, sizeof(*crtc->frame), GFP_KERNEL);
	if (!crtc->frame)
		return ERR_PTR(-ENOMEM);
	crtc->composer = drmm_alloc_ordered_workqueue(&device->drm, "vskms_composer",
						      WQ_HIGHPRI | WQ_MEM_RECLAIM);
	if (IS_ERR(crtc->composer))
		return ERR_CAST(crtc->composer);

	ret = drm_mode_crtc_set_gamma_size(&crtc->base, VSKMS_GAMMA_SIZE);
	if (ret)
		return ERR_PTR(ret);
	drm_crtc_enable_color_mgmt(&crtc->base, 0, true, VSKMS_GAMMA_SIZE);
	drm_crtc_attach_background_color_property(&crtc->base);

	return crtc;
}
