/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VSKMS_CONFIGFS_H
#define VSKMS_CONFIGFS_H

/**
 * vskms_configfs_init() - let user space make display controllers
 * @width: of their preferred mode, in pixels
 * @height: of their preferred mode, in pixels
 *
 * Return: 0, for vskms_configfs_exit(), or a negative errno.
 */
int vskms_configfs_init(unsigned int width, unsigned int height);

/**
 * vskms_configfs_exit() - end that
 *
 * There are no directories left: each holds the module.
 */
void vskms_configfs_exit(void);

#endif
