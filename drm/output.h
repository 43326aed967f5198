/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_OUTPUT_H
#define VSKMS_OUTPUT_H

struct vskms_config;
struct vskms_device;

/**
 * vskms_outputs_create() - make the objects of a description
 * @device: their device, which owns them; its mode config and vblanks are initialized
 * @config: a description that vskms_config_check() passes
 *
 * Return: 0 or a negative errno.
 */
int vskms_outputs_create(struct vskms_device *device, const struct vskms_config *config);

#endif
