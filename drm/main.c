// SPDX-License-Identifier: GPL-2.0
/*
 * vskms: a virtual display controller that scans out protected buffers.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "config.h"
#include "configfs.h"
#include "device.h"
#include "vskms_version.h"

static bool create_default_dev = true;
module_param(create_default_dev, bool, 0444);
MODULE_PARM_DESC(create_default_dev, "A device as these parameters say, beside configfs's (Y)");

static unsigned int crtcs = 1;
module_param(crtcs, uint, 0444);
MODULE_PARM_DESC(crtcs, "CRTCs, each with the planes and a connector of its own, 1 to 16 (1)");

static unsigned int overlays = 2;
module_param(overlays, uint, 0444);
MODULE_PARM_DESC(overlays, "Overlay planes of each CRTC, 0 to 8 (2)");

static bool cursor = true;
module_param(cursor, bool, 0444);
MODULE_PARM_DESC(cursor, "A cursor plane of each CRTC (Y)");

static bool writeback = true;
module_param(writeback, bool, 0444);
MODULE_PARM_DESC(writeback, "A writeback connector of each CRTC (Y)");

static char *mode = "1024x768";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "WIDTHxHEIGHT of the preferred mode (1024x768)");

static struct vskms_device *device;	/* the default one, or NULL */
static bool configfs;			/* is registered */

static int __init read_parameters(struct vskms_config *config)
{
	char end;
	int ret;

	config->name = VSKMS_NAME;
	if (!crtcs || crtcs > VSKMS_MAX_CRTCS) {
		pr_notice("crtcs=%u: not 1 to %u\n", crtcs, VSKMS_MAX_CRTCS);
		return -EINVAL;
	}
	if (overlays > VSKMS_MAX_OVERLAYS) {
		pr_notice("overlays=%u: at most %u\n", overlays, VSKMS_MAX_OVERLAYS);
		return -EINVAL;
	}
	if (sscanf(mode, "%ux%u%c", &config->width, &config->height, &end) != 2 ||
	    !config->width || !config->height || config->width > VSKMS_MAX_SIZE ||
	    config->height > VSKMS_MAX_SIZE) {
		pr_notice("mode=%s: not WIDTHxHEIGHT, or more than %u\n", mode, VSKMS_MAX_SIZE);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < crtcs; i++) {
		ret = vskms_config_add_output(config, overlays, cursor, writeback);
		if (ret)
			return ret;
	}

	return 0;
}

static int __init vskms_init(void)
{
	struct vskms_config *config __free(kfree) = kzalloc_obj(*config);
	int ret;

	if (!config)
		return -ENOMEM;
	ret = read_parameters(config);
	if (ret)
		return ret;
	if (create_default_dev) {
		device = vskms_device_create(config);
		if (IS_ERR(device))
			return PTR_ERR(device);
	}
	/* Too late to fail: somebody may have the card open. */
	ret = vskms_configfs_init(config->width, config->height);
	configfs = !ret;
	if (ret)
		pr_err("no /sys/kernel/config/" VSKMS_NAME ": %d\n", ret);
	pr_info("version " VSKMS_VERSION "\n");

	return 0;
}

static void __exit vskms_exit(void)
{
	if (configfs)
		vskms_configfs_exit();
	if (device)
		vskms_device_destroy(device);
}

module_init(vskms_init);
module_exit(vskms_exit);

MODULE_AUTHOR("The vskms authors");
MODULE_DESCRIPTION("Virtual secure kernel mode setting");
MODULE_VERSION(VSKMS_VERSION);
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("SECURE_HEAP");
