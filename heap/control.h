/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HEAP_CONTROL_H
#define HEAP_CONTROL_H

/**
 * control_init() - make /dev/secure_heap
 *
 * Return: 0 or a negative errno.
 */
int control_init(void);

/**
 * control_exit() - remove it, with no file open
 */
void control_exit(void);

#endif
