// SPDX-License-Identifier: GPL-2.0
/*
 * A display controller on a faux device.
 */

#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include <drm/clients/drm_client_setup.h>
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_crtc.h>
#include <drm/drm_drv.h>
#include <drm/drm_fbdev_shmem.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_vblank.h>

#include <secure_heap.h>
#include <uapi/vskms_drm.h>

#include "commit.h"
#include "config.h"
#include "connector.h"
#include "create.h"
#include "crtc.h"
#include "device.h"
#include "gem.h"
#include "output.h"

/* How often it is seen whether a reader holds up a device that is being unplugged. */
#define READER_MS 20

static bool fbdev;
module_param(fbdev, bool, 0444);
MODULE_PARM_DESC(fbdev, "A framebuffer device, and so perhaps the console, on each (N)");

DEFINE_DRM_GEM_FOPS(device_fops);

static const struct drm_ioctl_desc device_ioctls[] = {
	DRM_IOCTL_DEF_DRV(VSKMS_GEM_CREATE, vskms_gem_create_ioctl, DRM_MASTER),
};

static const struct drm_driver device_driver = {
	.driver_features = DRIVER_MODESET | DRIVER_ATOMIC | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.fops = &device_fops,
	.open = vskms_file_open,
	.postclose = vskms_file_close,
	.ioctls = device_ioctls,
	.num_ioctls = ARRAY_SIZE(device_ioctls),
	.gem_create_object = vskms_gem_create_object,
	.gem_prime_import = vskms_gem_prime_import,
	.gem_prime_import_sg_table = drm_gem_shmem_prime_import_sg_table,
	.dumb_create = vskms_gem_dumb_create,
	DRM_FBDEV_SHMEM_DRIVER_OPS,
	.name = VSKMS_NAME,
	.desc = "Virtual secure kernel mode setting",
	.major = 1,
	.minor = 0,
};

/*
 * What was unplugged can be switched off, not on. Unplugging sets the mark first and switches
 * off last, with the locks that this is called with: so nothing is left on.
 */
static int mode_config_check(struct drm_device *drm, struct drm_atomic_commit *commit)
{
	const struct drm_crtc_state *old, *new;
	struct drm_crtc *crtc;
	int i;

	for_each_oldnew_crtc_in_state(commit, crtc, old, new, i)
		if (new->active && !old->active && drm_dev_is_unplugged(drm))
			return -ENODEV;

	return drm_atomic_helper_check(drm, commit);
}

static const struct drm_mode_config_funcs mode_config_funcs = {
	.fb_create = vskms_fb_create,
	.atomic_check = mode_config_check,
	.atomic_commit = vskms_commit,
};

static const struct drm_mode_config_helper_funcs mode_config_helper_funcs = {
	.atomic_commit_tail = vskms_commit_tail,
};

/* What is released later still holds framebuffers, which the mode config must not outlive. */
static void flush_release(struct drm_device *drm, void *unused)
{
	flush_workqueue(to_vskms_device(drm)->release);
}

/*
 * A job may end as the last thing that a device does, and DRM cleans up after it in a worker that
 * nobody waits for but us.
 */
static void wait_for_jobs(struct drm_device *drm, void *unused)
{
	struct vskms_device *device = to_vskms_device(drm);

	wait_var_event(&device->jobs, !atomic_read(&device->jobs));
}

static int create_mode_config(struct vskms_device *device,
			      const struct vskms_config *description)
{
	struct drm_device *drm = &device->drm;
	struct drm_mode_config *config = &drm->mode_config;
	int ret;

	ret = drmm_mode_config_init(drm);
	if (ret)
		return ret;
	ret = drmm_add_action(drm, flush_release, NULL);
	if (ret)
		return ret;
	config->funcs = &mode_config_funcs;
	config->helper_private = &mode_config_helper_funcs;
	config->min_width = VSKMS_MIN_SIZE;
	config->min_height = VSKMS_MIN_SIZE;
	config->max_width = VSKMS_MAX_SIZE;
	config->max_height = VSKMS_MAX_SIZE;
	config->cursor_width = VSKMS_CURSOR_SIZE;
	config->cursor_height = VSKMS_CURSOR_SIZE;
	config->normalize_zpos = true;
	config->async_page_flip = true;

	/* The counter is the CRTC's own (crtc.c), so the core need not guess by the clock. */
	drm->max_vblank_count = U32_MAX;
	ret = drm_vblank_init(drm, description->crtcs);
	if (ret)
		return ret;
	ret = vskms_outputs_create(device, description);
	if (ret)
		return ret;
	/* Before the outputs go. */
	ret = drmm_add_action(drm, wait_for_jobs, NULL);
	if (ret)
		return ret;
	drm_mode_config_reset(drm);
	for (unsigned int i = 0; i < description->connectors; i++)
		vskms_connector_probe(device->connector[i]);
	/* Nothing is polled, but a user may force a status, and that is an event, too. */
	drmm_kms_helper_poll_init(drm);

	return 0;
}

/* For all devices, and constant: of one that has none it is thought that it takes 64 KiB. */
static struct device_dma_parameters dma_parms = {
	.max_segment_size = UINT_MAX,
};

static int device_init(struct vskms_device *device, const struct vskms_config *config)
{
	struct device *dev = device->drm.dev;
	int ret;

	/* Without a mask nothing can be mapped for it, and a faux device has none. */
	ret = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dev->dma_parms = &dma_parms;
	/* Destroyed after everything that puts work there. */
	device->release = drmm_alloc_ordered_workqueue(&device->drm, "vskms_release",
						       WQ_MEM_RECLAIM);
	if (IS_ERR(device->release))
		return PTR_ERR(device->release);

	return create_mode_config(device, config);
}

/* Whose it is, whatever it is called: for udev's rules. */
static ssize_t driver_name_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return sysfs_emit(page, VSKMS_NAME "\n");
}
static DEVICE_ATTR_RO(driver_name);

static struct attribute *device_attrs[] = {
	&dev_attr_driver_name.attr,
	NULL,
};
ATTRIBUTE_GROUPS(device);

struct vskms_device *vskms_device_create(const struct vskms_config *config)
{
	struct vskms_device *device;
	struct faux_device *faux;
	int ret;

	ret = vskms_config_check(config);
	if (ret)
		return ERR_PTR(ret);
	faux = faux_device_create_with_groups(config->name, NULL, NULL, device_groups);
	if (!faux)
		return ERR_PTR(-ENODEV);
	if (!devres_open_group(&faux->dev, NULL, GFP_KERNEL)) {
		ret = -ENOMEM;
		goto err_faux;
	}
	device = devm_drm_dev_alloc(&faux->dev, &device_driver, struct vskms_device, drm);
	if (IS_ERR(device)) {
		ret = PTR_ERR(device);
		goto err_devres;
	}
	device->faux = faux;
	device->width = config->width;
	device->height = config->height;
	device->overlays = vskms_config_overlays(config);

	ret = device_init(device, config);
	if (ret)
		goto err_devres;
	device->master = secure_master_register(&faux->dev,
						SECURE_BUS_READ | SECURE_BUS_WRITE);
	if (IS_ERR(device->master)) {
		ret = PTR_ERR(device->master);
		goto err_devres;
	}
	ret = drm_dev_register(&device->drm, 0);
	if (ret)
		goto err_master;
	if (fbdev)
		drm_client_setup(&device->drm, NULL);

	return device;

err_master:
	secure_master_unregister(device->master);
err_devres:
	devres_release_group(&faux->dev, NULL);
err_faux:
	faux_device_destroy(faux);
	return ERR_PTR(ret);
}

/**
 * struct unplugging - a device on its way out; on the stack of who waits for @done
 * @work: does it
 * @done: it is
 * @drm: the device
 */
struct unplugging {
	struct work_struct work;
	struct completion done;
	struct drm_device *drm;
};

/*
 * Whoever has the card open gets -ENODEV from now on. What is shown goes, what is to
 * complete does, and what a commit or a close that is on its way leaves behind goes with the
 * last file.
 */
static void unplug_work(struct work_struct *work)
{
	struct unplugging *unplugging = container_of(work, struct unplugging, work);
	struct drm_device *drm = unplugging->drm;

	drm_dev_unplug(drm);
	drm_kms_helper_poll_fini(drm);
	drm_atomic_helper_shutdown(drm);
	complete(&unplugging->done);
}

/*
 * Switching off waits for the commits before, and they for their fences: in a worker, as a
 * signal would end that wait and leave the device on. Meanwhile readers of CRCs are let go.
 */
static void unplug(struct drm_device *drm)
{
	struct unplugging unplugging = { .drm = drm };
	struct drm_crtc *crtc;

	init_completion(&unplugging.done);
	INIT_WORK_ONSTACK(&unplugging.work, unplug_work);
	queue_work(system_long_wq, &unplugging.work);
	while (!wait_for_completion_timeout(&unplugging.done, msecs_to_jiffies(READER_MS)))
		drm_for_each_crtc(crtc, drm)
			vskms_crtc_end_crcs(to_vskms_crtc(crtc));
	flush_work(&unplugging.work);
	destroy_work_on_stack(&unplugging.work);
}

void vskms_device_destroy(struct vskms_device *device)
{
	struct faux_device *faux = device->faux;

	unplug(&device->drm);
	flush_workqueue(device->release);
	secure_master_unregister(device->master);
	devres_release_group(&faux->dev, NULL);
	faux_device_destroy(faux);
}
