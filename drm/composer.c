// SPDX-License-Identifier: GPL-2.0
/*
 * The composer: from a snapshot to a CRC and to images.
 *
 * What software can capture differs from what a panel shows: a layer with a protected
 * framebuffer is opaque black in a writeback, but for one that may have it (writeback.c), and
 * itself in a CRC, as hardware has it, and where root looks at the panel. So a frame with both
 * is composed twice.
 */

#include <linux/crc32.h>
#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <drm/drm_crtc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_writeback.h>

#include <secure_heap.h>

#include "compositor/compositor.h"
#include "composer.h"
#include "crtc.h"
#include "mapping.h"
#include "panel.h"
#include "snapshot.h"
#include "writeback.h"

static bool exclude;

static int set_crc_policy(const char *value, const struct kernel_param *param)
{
	exclude = sysfs_streq(value, "exclude");

	return exclude || sysfs_streq(value, "include") ? 0 : -EINVAL;
}

static const struct kernel_param_ops crc_policy_ops = {
	.set = set_crc_policy,
};
module_param_cb(crc_policy, &crc_policy_ops, NULL, 0);
MODULE_PARM_DESC(crc_policy, "include: CRCs are of protected pixels too; exclude: of black");

static void add_line(void *context, const void *line, unsigned int bytes)
{
	struct vskms_frame *frame = context;

	if (frame->checksum)
		frame->crc = crc32_le(frame->crc, line, bytes);
	vskms_captures_line(&frame->captures, frame->lines++, line, bytes);
}

/*
 * Where lines with protected pixels may be: in the memory of any heap that there is a layer of.
 * NULL if there is no such place (any more), and then there may be no such lines.
 */
static void *open_lines(struct vskms_snapshot *snapshot, struct secure_window *lines)
{
	for (unsigned int i = 0; i < snapshot->layers; i++) {
		u64 grant = vskms_scratch_grant(&snapshot->layer[i].scratch);

		if (grant && !secure_bus_open(grant, 0, snapshot->scratch_size,
					      SECURE_BUS_READ | SECURE_BUS_WRITE, lines))
			return lines->addr;
	}

	return NULL;
}

/*
 * Opens what may be shown. A protected layer that would be, but that there is no place for
 * its lines, is tried all the same, so that the ledger has what the bus refuses; then it is
 * black.
 */
static void open_layers(struct vskms_snapshot *snapshot, struct vskms_frame *frame, bool full,
			bool lines)
{
	for (unsigned int i = 0; i < snapshot->layers; i++) {
		const struct vskms_mapping *mapping = snapshot->layer[i].mapping;

		if (mapping->protected && !full) {
			memset(&frame->memory[i], 0, sizeof(frame->memory[i]));
			memset(frame->view[i].open, 0, sizeof(frame->view[i].open));
		} else {
			vskms_view_open(&frame->view[i], mapping, &frame->memory[i]);
			if (!mapping->protected || lines)
				continue;
			vskms_view_close(&frame->view[i]);
			memset(&frame->memory[i], 0, sizeof(frame->memory[i]));
		}
	}
}

/* Opens where the frame is written; -EIO if that may not be reached any more. */
static int open_target(struct vskms_frame *frame, struct compositor_target *target)
{
	const struct drm_framebuffer *fb = frame->job->fb;
	struct compositor_memory memory;

	vskms_view_open(&frame->target, frame->job, &memory);
	if (!memory.data[0])
		return -EIO;
	*target = (struct compositor_target){
		.data = (void *)memory.data[0],
		.pitch = fb->pitches[0],
		.format = fb->format->format,
	};

	return 0;
}

static void end_job(struct vskms_crtc *crtc, struct vskms_mapping *job, int error)
{
	drm_writeback_signal_completion(&crtc->writeback, error);
	vskms_mapping_put(job);
}

static void run(struct vskms_snapshot *snapshot, struct vskms_frame *frame, bool full,
		const struct compositor_target *target, compositor_line line)
{
	struct secure_window window;
	void *lines = NULL;

	if (full && snapshot->protected)
		lines = open_lines(snapshot, &window);
	open_layers(snapshot, frame, full, lines);
	compositor_run(snapshot->compositor, frame->memory, lines ?: snapshot->scratch, target,
		       line, frame);
	for (unsigned int i = snapshot->layers; i--;)
		vskms_view_close(&frame->view[i]);
	if (lines) {
		memzero_explicit(lines, snapshot->scratch_size);
		secure_bus_close(&window);
	}
}

/* Composes once, for all that is in the frame; protected layers are black if not @full. */
static void compose(struct vskms_crtc *crtc, struct vskms_snapshot *snapshot, bool full)
{
	struct vskms_frame *frame = crtc->frame;
	bool lines = frame->checksum || !list_empty(&frame->captures);
	struct compositor_target target;
	int error = frame->job ? open_target(frame, &target) : 0;
	bool writes = frame->job && !error;

	frame->lines = 0;
	if (lines || writes)
		run(snapshot, frame, full, writes ? &target : NULL, lines ? add_line : NULL);
	if (frame->job) {
		vskms_view_close(&frame->target);
		end_job(crtc, frame->job, error);
		frame->job = NULL;
	}
	vskms_captures_end(&frame->captures, 0);
}

void vskms_compose(struct work_struct *work)
{
	struct vskms_crtc *crtc = container_of(work, struct vskms_crtc, work);
	bool cookie = dma_fence_begin_signalling();
	struct vskms_snapshot *snapshot = crtc->composing;
	struct vskms_frame *frame = crtc->frame;
	struct vskms_mapping *job = NULL;
	LIST_HEAD(captures);
	bool full = false;
	u64 wants_crc;
	int error;

	scoped_guard(spinlock_irqsave, &crtc->lock) {
		swap(job, crtc->composing_job);
		list_splice_init(&crtc->composing_captures, &captures);
		wants_crc = crtc->composing_crc;
	}

	if (job) {
		error = vskms_writeback_decide(job, snapshot, &full);
		if (error)
			end_job(crtc, job, error);
		job = error ? NULL : job;
	}

	/* With black first, for who may not have more; if nothing is protected it is for all. */
	INIT_LIST_HEAD(&frame->captures);
	/* Not 0, which would be that of a black frame, whatever its size. */
	frame->crc = ~0u;
	frame->checksum = wants_crc && (!snapshot->protected || exclude);
	if (!snapshot->protected)
		list_splice_init(&captures, &frame->captures);
	if (!snapshot->protected || !full)
		swap(frame->job, job);
	compose(crtc, snapshot, false);

	list_splice_init(&captures, &frame->captures);
	frame->checksum = wants_crc && !frame->checksum;
	swap(frame->job, job);
	compose(crtc, snapshot, true);

	if (wants_crc)
		vskms_crtc_add_crc(crtc, frame->crc);
	vskms_crtc_composed(crtc);
	dma_fence_end_signalling(cookie);
}
