// SPDX-License-Identifier: GPL-2.0
/*
 * Ends with its picture on the first CRTC of vskms, and a buffer of it exported before, as
 * compositors of wlroots do. The tests of svp check-compositor begin a check after it.
 */

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

int main(void)
{
	int card = drmOpen("vskms", NULL), export;
	drmModeRes *resources = card < 0 ? NULL : drmModeGetResources(card);
	drmModeConnector *connector;
	uint32_t handle, pitch, fb;
	drmModeModeInfo *mode;
	uint64_t size;

	if (!resources || !resources->count_crtcs || !resources->count_connectors)
		err(1, "no display");
	connector = drmModeGetConnector(card, resources->connectors[0]);
	if (!connector || !connector->count_modes)
		err(1, "no mode");
	mode = &connector->modes[0];
	if (drmModeCreateDumbBuffer(card, mode->hdisplay, mode->vdisplay, 32, 0, &handle, &pitch,
				    &size))
		err(1, "no buffer");
	if (drmModeAddFB(card, mode->hdisplay, mode->vdisplay, 24, 32, pitch, handle, &fb))
		err(1, "no framebuffer");
	if (drmModeSetCrtc(card, resources->crtcs[0], fb, 0, 0, &connector->connector_id, 1, mode))
		err(1, "not shown");
	if (drmPrimeHandleToFD(card, handle, DRM_CLOEXEC, &export))
		err(1, "not exported");
	if (drmModeCloseFB(card, fb))
		err(1, "not left");
	return 0;
}
