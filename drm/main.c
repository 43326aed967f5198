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

#include "device.h"
#include "vskms_version.h"

#define MAX_OVERLAYS 8

static unsigned int overlays = 2;
module_param(overlays, uint, 0444);
MODULE_PARM_DESC(overlays, "Overlay planes, 0 to 8 (2)");

static bool cursor = true;
module_param(cursor, bool, 0444);
MODULE_PARM_DESC(cursor, "A cursor plane (Y)");

static bool writeback = true;
module_param(writeback, bool, 0444);
MODULE_PARM_DESC(writeback, "A writeback connector (Y)");

static char *mode = "1024x768";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "WIDTHxHEIGHT of the preferred mode (1024x768)");

static struct vskms_device *device;

static int __init read_options(struct vskms_options *options)
{
	char end;

	options->cursor = cursor;
	options->writeback = writeback;
	options->overlays = overlays;
	if (overlays > MAX_OVERLAYS) {
		pr_err("overlays=%u: at most %u\n", overlays, MAX_OVERLAYS);
		return -EINVAL;
	}
	if (sscanf(mode, "%ux%u%c", &options->width, &options->height, &end) != 2 ||
	    !options->width || !options->height || options->width > VSKMS_MAX_SIZE ||
	    options->height > VSKMS_MAX_SIZE) {
		pr_err("mode=%s: not WIDTHxHEIGHT, or more than %u\n", mode, VSKMS_MAX_SIZE);
		return -EINVAL;
	}

	return 0;
}

static int __init vskms_init(void)
{
	struct vskms_options options;
	int ret;

	ret = read_options(&options);
	if (ret)
		return ret;
	device = vskms_device_create(VSKMS_NAME, &options);
	if (IS_ERR(device))
		return PTR_ERR(device);
	pr_info("version " VSKMS_VERSION "\n");

	return 0;
}

static void __exit vskms_exit(void)
{
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
